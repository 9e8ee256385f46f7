// Stored messages that were read again: what is known of them is replaced by what today's reader says, and what follows from reports is done as if
// they had been read so when they were stored. One transaction for each slice; what has not changed is not told of.

import type { Reading } from '../model-reading.ts';
import { copyReports, type Report, reportsOf } from './delivery-reports.ts';
import { type NewEvent, writeEvents } from './events.ts';
import { inTransaction, type Sql } from './pool.ts';
import { bounceEvents, type Pipeline, trusted } from './reports.ts';
import type { StoredFacts } from './stored-mail.ts';
import { type GoneReport, groundless, type StandingSuppression, standing } from './suppression-grounds.ts';
import { applyPolicy, lockAddresses } from './suppression-rules.ts';

/** A stored message and its new reading. */
export interface Reread {
  readonly message: StoredFacts;
  readonly reading: Reading;
}

/** A report in the words in which it is compared, and shown: who, what, why. */
export interface ReportLine {
  readonly address: string | null;
  readonly recipient: string | null;
  readonly action: string | null;
  readonly status: string | null;
  readonly category: string | null;
  readonly scope: string | null;
  readonly kind: string;
}

/** What has changed of one message, or would. */
export interface MessageChange {
  readonly messageId: string;
  readonly mailbox: string;
  readonly kind: { readonly was: string; readonly is: string };
  readonly reports: { readonly gone: readonly ReportLine[]; readonly added: readonly ReportLine[] };
}

/** What has changed for one address, or would. */
export interface SuppressionChange {
  readonly address: string;
  readonly was: { readonly reason: string; readonly until: Date | null } | null;
  readonly is: { readonly reason: string; readonly until: Date | null } | null;
}

export interface RereadOutcome {
  /** Messages whose kind or reports are others now. */
  readonly messages: readonly MessageChange[];
  readonly suppressions: readonly SuppressionChange[];
  /** Events written. */
  readonly events: number;
  /** Messages whose month of reports has expired: only what is known of the message itself is replaced. */
  readonly reportsExpired: number;
}

interface OldRow extends ReportLine {
  message_id: string;
}

/**
 * Replaces what is known of some messages. Safe when it is done twice, and beside drains.
 *
 * @param save writes down what came of it, in the same transaction; null: nothing is kept, and the outcome says what would have changed
 */
export async function storeReread(
  sql: Sql,
  rereads: readonly Reread[],
  pipeline: Pick<Pipeline, 'policy' | 'correlate'>,
  now: Date,
  save: ((outcome: RereadOutcome) => Promise<void>) | null,
): Promise<RereadOutcome> {
  return inTransaction(
    sql,
    async () => {
      const ids = rereads.map(({ message }) => message.id);
      // Locked in the order of ids: another reclassify of the same messages waits here, and then finds nothing to change.
      const current = await sql.query<{ id: string; kind: string }>(
        'select id, kind from maildrain.message where id = any($1::bigint[]) order by id for update',
        [ids],
      );
      const kinds = new Map(current.rows.map(({ id, kind }) => [id, kind]));
      // Expired meanwhile: there is nothing left to replace.
      const there = rereads.filter(({ message }) => kinds.has(message.id));
      const reporting = await withTheirMonth(sql, there);
      const old = await oldReports(
        sql,
        reporting.map(({ message }) => message.id),
      );
      const fresh = await freshReports(sql, reporting, pipeline);
      const addresses = [...old, ...fresh].flatMap(({ address }) => address ?? []);
      await lockAddresses(sql, addresses);
      const before = await standing(sql, addresses);
      await replaceFacts(sql, there);
      await replaceReports(sql, reporting, fresh);
      const changed = changedReports(old, fresh);
      const events = [
        ...there.flatMap(({ message }) =>
          bounceEvents(
            changed.added.filter(({ messageId }) => messageId === message.id),
            message.mailbox,
          ),
        ),
        ...(await applyPolicy(sql, now, pipeline.policy, changed.added)),
        ...(await groundless(sql, changed.groundsGone, pipeline.policy)),
      ];
      await writeEvents(sql, now, events);
      const changes = outcomeOf(there, kinds, changed, before, await standing(sql, addresses), events);
      const outcome = { ...changes, reportsExpired: there.length - reporting.length };
      await save?.(outcome);
      return outcome;
    },
    () => save !== null,
  );
}

/**
 * Those whose month of reports is still there: reports may have a shorter period than octets. The month is not made again, for everything that was
 * told of it then would be told once more. A message whose octets were renewed has its reports where it was stored first. Their months stay until the
 * end of the transaction.
 */
async function withTheirMonth(sql: Sql, rereads: readonly Reread[]): Promise<Reread[]> {
  // What an INSERT takes, and DROP TABLE of a month waits for (PostgreSQL 13.3.1).
  await sql.query('lock table maildrain.delivery_report in row exclusive mode');
  const { rows } = await sql.query<{ id: string }>(
    `select id from unnest($1::bigint[], $2::timestamptz[]) as m (id, filed_at)
      where to_regclass('maildrain.delivery_report_' || to_char(filed_at at time zone 'UTC', 'YYYY_MM')) is not null`,
    [rereads.map(({ message }) => message.id), rereads.map(({ message }) => message.filedAt)],
  );
  const ids = new Set(rows.map(({ id }) => id));
  return rereads.filter(({ message }) => ids.has(message.id));
}

async function oldReports(sql: Sql, ids: readonly string[]): Promise<OldRow[]> {
  const { rows } = await sql.query<OldRow>(
    `select message_id, kind, address, recipient, action, status, category, scope
       from maildrain.delivery_report where message_id = any($1::bigint[]) order by message_id, n`,
    [ids],
  );
  return rows;
}

async function freshReports(
  sql: Sql,
  rereads: readonly Reread[],
  { correlate }: Pick<Pipeline, 'correlate'>,
): Promise<Report[]> {
  const reports = rereads.flatMap(({ message, reading }) => {
    const { id, size, internalDate, filedAt } = message;
    // As of when it was stored first: what counts within a window counts by when it was reported.
    return reportsOf({ id, size, internalDate, reading }, filedAt, correlate(reading));
  });
  return trusted(sql, reports);
}

async function replaceFacts(sql: Sql, rereads: readonly Reread[]): Promise<void> {
  const ids = rereads.map(({ message }) => message.id);
  const readings = rereads.map(({ reading }) => reading);
  await sql.query(
    `update maildrain.message m
        set kind = r.kind, reader = r.reader, envelope_recipient = r.envelope_recipient, message_id = r.message_id, from_header = r.from_header,
            from_address = r.from_address, to_addresses = array(select jsonb_array_elements_text(r.to_addresses)), subject = r.subject,
            sent_at = r.sent_at, text_preview = r.text_preview, headers = r.headers
       from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[],
              $11::timestamptz[], $12::text[], $13::jsonb[])
         as r (id, stored_at, kind, reader, envelope_recipient, message_id, from_header, from_address, to_addresses, subject, sent_at, text_preview,
               headers)
      where m.id = r.id and m.stored_at = r.stored_at`,
    [
      ids,
      rereads.map(({ message }) => message.storedAt),
      readings.map(({ kind }) => kind),
      readings.map(({ reader }) => reader),
      readings.map(({ envelopeRecipient }) => envelopeRecipient),
      readings.map(({ messageId }) => messageId),
      readings.map(({ from }) => from),
      readings.map(({ fromAddress }) => fromAddress),
      readings.map(({ to }) => JSON.stringify(to)),
      readings.map(({ subject }) => subject),
      readings.map(({ sentAt }) => sentAt),
      readings.map(({ text }) => text),
      readings.map(({ headers }) => JSON.stringify(headers)),
    ],
  );
}

async function replaceReports(sql: Sql, rereads: readonly Reread[], reports: readonly Report[]): Promise<void> {
  const ids = rereads.map(({ message }) => message.id);
  await sql.query('delete from maildrain.delivery_report where message_id = any($1::bigint[])', [ids]);
  // COPY writes rows of one mailbox and one instant at a time.
  for (const { message } of rereads) {
    const own = reports.filter(({ messageId }) => messageId === message.id);
    if (own.length > 0) await copyReports(sql, message.mailboxId, message.filedAt, own);
  }
}

interface Changes {
  readonly gone: readonly OldRow[];
  readonly added: readonly Report[];
  /** Causes that a message no longer names. */
  readonly groundsGone: readonly GoneReport[];
}

/** Reports are compared by what they say: one that is said as before is neither gone nor added, whatever its place. */
function changedReports(old: readonly OldRow[], fresh: readonly Report[]): Changes {
  const left = new Map<string, OldRow[]>();
  for (const row of old) {
    const key = keyOf(row.message_id, row);
    left.set(key, [...(left.get(key) ?? []), row]);
  }
  const added = fresh.filter((report) => left.get(keyOf(report.messageId, lineOf(report)))?.shift() === undefined);
  const gone = [...left.values()].flat();
  const grounds = new Set(fresh.map((report) => groundOf(report.messageId, lineOf(report))));
  const groundsGone = gone.flatMap((row): GoneReport[] =>
    row.address === null || grounds.has(groundOf(row.message_id, row))
      ? []
      : [{ address: row.address, messageId: row.message_id }],
  );
  return { gone, added, groundsGone };
}

/** What of a report bears on suppressions: where another status is read, the same is still said of the address. */
function groundOf(messageId: string, { kind, address, action, category, scope }: ReportLine): string {
  return JSON.stringify([messageId, kind, address, action, category, scope]);
}

function keyOf(messageId: string, line: ReportLine): string {
  const { kind, address, recipient, action, status, category, scope } = line;
  return JSON.stringify([messageId, kind, address, recipient, action, status, category, scope]);
}

function lineOf({ verdict, recipient, address }: Report): ReportLine {
  return {
    kind: verdict.kind,
    address,
    recipient: recipient?.address ?? null,
    action: recipient?.action ?? null,
    status: recipient?.status ?? null,
    category: recipient?.category ?? null,
    scope: recipient?.scope ?? null,
  };
}

function outcomeOf(
  rereads: readonly Reread[],
  kinds: ReadonlyMap<string, string>,
  { gone, added }: Changes,
  before: ReadonlyMap<string, StandingSuppression>,
  after: ReadonlyMap<string, StandingSuppression>,
  events: readonly NewEvent[],
): Omit<RereadOutcome, 'reportsExpired'> {
  const messages = rereads.flatMap(({ message, reading }): MessageChange[] => {
    const was = kinds.get(message.id) ?? message.kind;
    const reports = {
      gone: gone.flatMap((row) => (row.message_id === message.id ? [shown(row)] : [])),
      added: added.flatMap((report) => (report.messageId === message.id ? [lineOf(report)] : [])),
    };
    if (was === reading.kind && reports.gone.length + reports.added.length === 0) return [];
    return [{ messageId: message.id, mailbox: message.mailbox, kind: { was, is: reading.kind }, reports }];
  });
  const suppressions = [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .flatMap((address): SuppressionChange[] => {
      const was = before.get(address) ?? null;
      const is = after.get(address) ?? null;
      const same = was?.reason === is?.reason && was?.until?.getTime() === is?.until?.getTime();
      return same ? [] : [{ address, was, is }];
    });
  return { messages, suppressions, events: events.length };
}

function shown({ kind, address, recipient, action, status, category, scope }: OldRow): ReportLine {
  return { kind, address, recipient, action, status, category, scope };
}
