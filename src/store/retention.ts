// Deleting what has been kept long enough. What is partitioned goes month by month, by DROP TABLE, which costs nothing however much there is; the
// rest row by row, in slices. What is still owed to a server stays, and the octets of such messages with it: that is asked once more when no drain
// can come to owe any more (dropPartition), for a drain takes off the server what it believes to be here.

import type { Retention } from '../model-admin.ts';
import { inTransaction, type Sql } from './pool.ts';

/** Rows deleted by one statement: some tenths of a second. */
const ROWS = 5000;
/**
 * A drain that streams a large message holds its partition for long, a pg_dump all of them. DROP locks the parent too, and every drain waits behind
 * whoever waits for that. Long enough for a drain that writes a small batch to end, some tens of milliseconds, and no drain notices it.
 */
const LOCK_TIMEOUT = '150ms';

/** Ledger rows (l) whose message leaves its server because its octets are here; what waits until it is old enough ('after') as surely as what is pending. */
const IS_OWED = `(l.state = 'pending' or (l.state = 'kept' and l.reason = 'after'))`;

/** Which period each partitioned table goes by. */
const PARTITIONED = { raw: 'raw', message: 'messages', attachment: 'messages', delivery_report: 'reports' } as const;

/** A month of one table. */
export interface Partition {
  /** Such as `raw_2026_03`. */
  readonly table: string;
  readonly parent: keyof typeof PARTITIONED;
  readonly from: Date;
  readonly to: Date;
  /** Octets on disk. */
  readonly bytes: number;
  /** Messages of this month that are still owed to a server: the month stays. */
  readonly owed: number;
}

/** The age at which a month of a table goes; null: never. Octets never outlive what is known of their message. */
function periodOf(parent: Partition['parent'], retention: Retention): number | null {
  const own = retention[PARTITIONED[parent]];
  if (parent !== 'raw' || retention.messages === null) return own;
  return own === null ? retention.messages : Math.min(own, retention.messages);
}

/** Whole months that are older than the policy keeps, oldest first; octets before the facts about them. */
export async function expiredPartitions(sql: Sql, retention: Retention, now: Date): Promise<Partition[]> {
  // Only tables named as ensure_partitions() names them: a partition that somebody attached is that person's.
  const { rows } = await sql.query<{
    parent: Partition['parent'];
    name: string;
    from: Date;
    to: Date;
    bytes: string;
    owed: number;
  }>(
    `with part as (
       select p.relname as parent, c.relname as name, pg_total_relation_size(c.oid) as bytes,
              to_timestamp(right(c.relname, 7), 'YYYY_MM')::timestamp at time zone 'UTC' as "from",
              (to_timestamp(right(c.relname, 7), 'YYYY_MM')::timestamp + interval '1 month') at time zone 'UTC' as "to"
         from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        where p.relnamespace = 'maildrain'::regnamespace and p.relname = any($1::text[])
          and c.relname ~ ('^' || p.relname || '_[0-9]{4}_[0-9]{2}$')),
     owing as (
       select date_trunc('month', l.stored_at at time zone 'UTC') at time zone 'UTC' as "from", count(*)::int as owed
         from maildrain.ledger l where ${IS_OWED} group by 1)
     select part.*, coalesce(owing.owed, 0) as owed
       from part left join owing using ("from")
      order by part."from", array_position($1::text[], part.parent::text)`,
    [['raw', 'delivery_report', 'attachment', 'message']],
  );
  return rows
    .map(({ name, bytes, ...row }) => ({ ...row, table: name, bytes: Number(bytes) }))
    .filter(({ parent, to }) => {
      const period = periodOf(parent, retention);
      return period !== null && to.getTime() + period <= now.getTime();
    });
}

/** What came of dropping a month. `busy`: somebody works on it now; `owed`: a drain came to owe some of it meanwhile. It goes another time. */
export type Dropped = 'dropped' | 'busy' | 'owed';

/**
 * Drops one month, unless something of it is owed. A drain that is about to owe a message looks for its octets first, in the transaction that writes
 * its row (renew.ts), and so holds a lock on `raw` until its commit: either it is waited for here and its row is seen, or it waits and
 * finds the octets gone, and stores them again. One transaction; it takes its locks in the order in which DROP does.
 *
 * @param andThen written in the same transaction, once the month is dropped
 */
export async function dropPartition(
  sql: Sql,
  { table, parent, from, to }: Partition,
  andThen: () => Promise<void> = async () => {},
): Promise<Dropped> {
  if (!new RegExp(`^${parent}_\\d{4}_\\d{2}$`).test(table)) throw new Error('not a partition of ours');
  try {
    const owed = await inTransaction(
      sql,
      async () => {
        await sql.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
        await sql.query(`lock table only maildrain.${parent}`);
        await sql.query(`lock table maildrain.${table}`);
        // A statement of its own: it sees all that was committed before the locks were granted.
        const { rows } = await sql.query<{ owed: boolean }>(
          `select exists (
             select from maildrain.mailbox b cross join lateral (
               select from maildrain.ledger l
                where l.mailbox_id = b.id and ${IS_OWED} and l.stored_at >= $1 and l.stored_at < $2 limit 1) l) as owed`,
          [from, to],
        );
        if (rows[0]?.owed !== false) return true;
        await sql.query(`drop table maildrain.${table}`);
        await andThen();
        return false;
      },
      (owed) => !owed,
    );
    return owed ? 'owed' : 'dropped';
  } catch (error) {
    // PostgreSQL appendix A: lock_not_available, which pool.ts takes for a database that cannot be reached.
    if (/lock timeout/i.test(error instanceof Error ? error.message : '')) return 'busy';
    throw error;
  }
}

/** What is deleted row by row, without a cursor: the oldest first, by an index. */
const ROW_WISE = {
  events: `from maildrain.event where at < $1 and published_at is not null
     and not exists (select from maildrain.event_delivery d where d.event_id = event.id)`,
  runs: `from maildrain.run where finished_at < $1 and job in ('drain', 'look')`,
  audit: `from maildrain.run where finished_at < $1 and job not in ('drain', 'look')`,
  jobs: `from maildrain.admin_job where finished_at < $1 and state not in ('queued', 'running')`,
  plans: `from maildrain.plan where created_at < $1 and not exists (select from maildrain.admin_job j where j.plan_id = plan.id)`,
} as const;

export type RowWise = keyof typeof ROW_WISE;

/** Deletes some rows that are older. @returns how many; fewer than a slice: no more for now */
export async function deleteRows(sql: Sql, what: RowWise, before: Date): Promise<{ deleted: number; more: boolean }> {
  const from = ROW_WISE[what];
  const table = /^from (\S+)/.exec(from)?.[1] ?? '';
  const { rowCount } = await sql.query(
    `delete from ${table} where id in (select id ${from} order by id limit ${ROWS})`,
    [before],
  );
  const deleted = rowCount ?? 0;
  return { deleted, more: deleted === ROWS };
}

/** Where a walk through the ledger is: its primary key, the digest in hex. */
export type LedgerPlace = readonly [mailboxId: number, uidValidity: string, uid: string, digest: string];

/** Rows of the ledger about messages that left their server before then. In the order of the primary key, whatever else there is. */
export async function deleteLedger(
  sql: Sql,
  before: Date,
  after: LedgerPlace | null,
): Promise<{ readonly deleted: number; readonly place: LedgerPlace | null }> {
  const { rows } = await sql.query<{ deleted: number; place: [number, string, string, string] | null }>(
    `with page as (
       select mailbox_id, uidvalidity, uid, digest, state, changed_at from maildrain.ledger
        where (mailbox_id, uidvalidity, uid, digest) > ($2::int, $3::text, $4::text, decode($5::text, 'hex'))
        order by mailbox_id, uidvalidity, uid, digest limit ${ROWS}),
     gone as (
       delete from maildrain.ledger l using page p
        where l.mailbox_id = p.mailbox_id and l.uidvalidity = p.uidvalidity and l.uid = p.uid and l.digest = p.digest
          and l.state = 'disposed' and l.changed_at < $1
       returning 1),
     last as (select * from page order by mailbox_id desc, uidvalidity desc, uid desc, digest desc limit 1)
     select (select count(*)::int from gone) as deleted,
            case when (select count(*) from page) = ${ROWS}
                 then (select jsonb_build_array(mailbox_id, uidvalidity, uid, encode(digest, 'hex')) from last) end as place`,
    [before, after?.[0] ?? -1, after?.[1] ?? '', after?.[2] ?? '', after?.[3] ?? ''],
  );
  return { deleted: rows[0]?.deleted ?? 0, place: rows[0]?.place ?? null };
}

/** Whether nobody has asked for an expiry within a day, or a little less, so that it does not move through the hours. */
export async function isExpiryDue(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ due: boolean }>(
    `select not exists (select from maildrain.admin_job where job = 'expire' and created_at > now() - interval '23 hours') as due`,
  );
  return rows[0]?.due === true;
}

/** How many rows a deletion would take. */
export async function countRows(sql: Sql, what: RowWise | 'ledger', before: Date): Promise<number> {
  const from =
    what === 'ledger' ? `from maildrain.ledger where state = 'disposed' and changed_at < $1` : ROW_WISE[what];
  const { rows } = await sql.query<{ n: string }>(`select count(*)::text as n ${from}`, [before]);
  return Number(rows[0]?.n ?? 0);
}
