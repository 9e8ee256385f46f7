// Addresses that are written to no more: asking, and what people change by hand. What reports change is in suppression-rules.ts; what a policy
// would change is in suppression-plan.ts. Addresses come here as identities (mail/identity.ts).

import { type NewEvent, writeEvents } from './events.ts';
import { type Database, inTransaction, type Sql } from './pool.ts';
import { lockAddresses } from './suppression-rules.ts';

/** One address that is written to no more. */
export interface Suppression {
  readonly address: string;
  /** A category, `complaint`, or `manual`. */
  readonly reason: string;
  readonly source: 'report' | 'manual' | 'import';
  readonly since: Date;
  /** Null: until somebody lifts it. */
  readonly until: Date | null;
  /** The report that tipped it, decimal text; null where a person made it. */
  readonly messageId: string | null;
  readonly note: string | null;
}

export interface SuppressionFilter {
  readonly reason?: string | undefined;
  /** Of exactly this domain, in lower case and A-labels. */
  readonly domain?: string | undefined;
  readonly source?: Suppression['source'] | undefined;
  /** Suppressed since then. */
  readonly since?: Date | undefined;
  /** Only addresses after this one: the next page. */
  readonly after?: string | undefined;
  /** True: those whose time is over and that are not lifted yet, instead of those that stand. */
  readonly expired?: boolean | undefined;
  readonly limit: number;
}

interface Row {
  address: string;
  reason: string;
  source: Suppression['source'];
  since: Date;
  until: Date | null;
  message_id: string | null;
  note: string | null;
}

const COLUMNS = 'address, reason, source, since, until, message_id, note';

function suppressionOf({ message_id: messageId, ...row }: Row): Suppression {
  return { ...row, messageId };
}

/** The suppression of an address that stands at this moment. */
export async function findSuppression(sql: Sql, address: string): Promise<Suppression | null> {
  return (await findSuppressions(sql, [address]))[0] ?? null;
}

/** Those of the addresses that are suppressed at this moment, each once. */
export async function findSuppressions(sql: Sql, addresses: readonly string[]): Promise<Suppression[]> {
  const { rows } = await sql.query<Row>(
    `select ${COLUMNS} from maildrain.suppression where address = any($1) and (until is null or until > now()) order by address`,
    [addresses],
  );
  return rows.map(suppressionOf);
}

/** In the order of addresses. */
export async function listSuppressions(sql: Sql, filter: SuppressionFilter): Promise<Suppression[]> {
  const { reason, domain, source, since, after, expired, limit } = filter;
  const { rows } = await sql.query<Row>(
    `select ${COLUMNS} from maildrain.suppression
      where case when $1 then until <= now() else until is null or until > now() end
        and ($2::text is null or reason = $2)
        and ($3::text is null or right(address, length($3) + 1) = '@' || $3)
        and ($4::text is null or source = $4)
        and ($5::timestamptz is null or since >= $5)
        and ($6::text is null or address > $6)
      order by address limit $7`,
    [expired === true, reason ?? null, domain ?? null, source ?? null, since ?? null, after ?? null, limit],
  );
  return rows.map(suppressionOf);
}

/** Rows of a page that is read while the one before it is written out: some 200 KB. */
const PAGE = 1000;

/** All that stand, in the order of addresses, in constant memory. Each page is of its own moment. */
export async function* allSuppressions(sql: Sql): AsyncGenerator<Suppression> {
  let after: string | undefined;
  for (;;) {
    const page = await listSuppressions(sql, { after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.address;
    if (after === undefined || page.length < PAGE) return;
  }
}

export interface NewSuppressions {
  /** Null: until somebody lifts them. */
  readonly until: Date | null;
  readonly note: string | null;
  readonly source: 'manual' | 'import';
}

/**
 * Suppresses addresses, whatever is known of them: the last word of a person counts. One transaction.
 *
 * @returns those that this changed
 */
export function addSuppressions(
  database: Database,
  addresses: readonly string[],
  { until, note, source }: NewSuppressions,
  now: Date,
): Promise<string[]> {
  return locked(database, addresses, async (sql) => {
    const { rows } = await sql.query<{ address: string }>(
      `insert into maildrain.suppression as s (address, reason, source, since, until, note)
       select a, 'manual', $2::text, $3::timestamptz, $4::timestamptz, $5::text from (select distinct unnest($1::text[]) as a) as given order by a
       on conflict (address) do update
          set reason = excluded.reason, source = excluded.source, until = excluded.until, note = excluded.note, message_id = null,
              since = case when s.until <= $3::timestamptz then excluded.since else s.since end
        where s.until <= $3::timestamptz
           or (s.reason, s.source, s.until, s.note) is distinct from (excluded.reason, excluded.source, excluded.until, excluded.note)
       returning address`,
      [addresses, source, now, until, note],
    );
    const changed = rows.map(({ address }) => address);
    await writeEvents(
      sql,
      now,
      changed.map((address) => ({
        type: 'suppression.added',
        key: address,
        body: { address, reason: 'manual', until, messageId: null },
      })),
    );
    return changed;
  });
}

export interface Removed {
  /** Were suppressed, and are not now. */
  readonly removed: readonly string[];
  /** Were not suppressed. */
  readonly absent: readonly string[];
}

/**
 * Lifts suppressions. What was reported of any of the addresses before counts no more, also of one that was not suppressed. One transaction.
 */
export function removeSuppressions(database: Database, addresses: readonly string[], now: Date): Promise<Removed> {
  return locked(database, addresses, async (sql) => {
    const { rows } = await sql.query<{ address: string; stood: boolean }>(
      `delete from maildrain.suppression where address = any($1) returning address, (until is null or until > $2::timestamptz) as stood`,
      [addresses, now],
    );
    await sql.query(
      `insert into maildrain.address_reset as r (address, at)
       select a, $2::timestamptz from (select distinct unnest($1::text[]) as a) as given order by a
       on conflict (address) do update set at = greatest(r.at, excluded.at)`,
      [addresses, now],
    );
    await writeEvents(
      sql,
      now,
      rows.map(({ address, stood }) => removedEvent(address, stood ? 'removed' : 'expired')),
    );
    const removed = rows.filter(({ stood }) => stood).map(({ address }) => address);
    const were = new Set(removed);
    return { removed: removed.sort(), absent: [...new Set(addresses)].filter((address) => !were.has(address)).sort() };
  });
}

/**
 * Deletes suppressions whose time is over. Safe on several hosts at once: each is deleted, and told of, once. One transaction.
 *
 * @param limit at most so many at once
 * @returns how many; fewer than `limit`: no more for now
 */
export async function liftExpired(database: Database, now: Date, limit: number): Promise<number> {
  const due = await database.sql.query<{ address: string }>(
    'select address from maildrain.suppression where until <= $1 order by until limit $2',
    [now, limit],
  );
  const addresses = due.rows.map(({ address }) => address);
  if (addresses.length === 0) return 0;
  await locked(database, addresses, async (sql) => {
    // Asked again under the lock: a report, a person or another host may have been here meanwhile.
    const { rows } = await sql.query<{ address: string }>(
      'delete from maildrain.suppression where address = any($1) and until <= $2 returning address',
      [addresses, now],
    );
    await writeEvents(
      sql,
      now,
      rows.map(({ address }) => removedEvent(address, 'expired')),
    );
  });
  return addresses.length;
}

function removedEvent(address: string, why: 'removed' | 'expired'): NewEvent {
  return { type: 'suppression.removed', key: address, body: { address, why } };
}

/** One transaction that all others who speak of these addresses wait for. */
async function locked<T>(database: Database, addresses: readonly string[], work: (sql: Sql) => Promise<T>): Promise<T> {
  const pen = await database.take();
  try {
    return await inTransaction(pen.client, async () => {
      await lockAddresses(pen.client, addresses);
      return work(pen.client);
    });
  } finally {
    await pen.release();
  }
}
