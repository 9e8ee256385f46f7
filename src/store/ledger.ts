// The ledger: one row per message seen on a server. Reading what is known and owed, and moving rows between their states.
// New rows are written by batch.ts, in the transaction that stores the message.
//
// States: `pending` stored here, still to be taken off there; `disposed` seen to be gone; `kept` stored, stays on the server for now;
// `held` set aside on the server, its octets not stored.

import type { Uid } from '../model.ts';
import { inTransaction, type Sql } from './pool.ts';
import { withOctets } from './renew.ts';

export type LedgerState = 'pending' | 'disposed' | 'kept' | 'held';

/** Reason of a kept row whose message `restore` has put back: no drain takes it off the server again. */
export const RESTORED = 'restored';
/** Reason of a kept row that a purge has left: it ended before it took the message away, and no drain is about its folder. */
export const PURGE_ENDED = 'purge';
/**
 * UIDVALIDITY of the row of a message that is being put back, followed by the job's id, until it is known which UID it got. A drain that meets the
 * message before that recognises it by its octets.
 */
export const RESTORING = 'restore:';

/** Whether the row's message was put back by `restore`, or is being. */
export function isRestored(row: { readonly state: LedgerState; readonly reason: string | null }): boolean {
  return row.state === 'kept' && row.reason === RESTORED;
}

/** What names one row. `digest` is empty for a held message. */
export interface LedgerKey {
  readonly mailboxId: number;
  readonly uidValidity: string;
  readonly uid: Uid;
  readonly digest: Buffer;
}

export interface LedgerRow extends LedgerKey {
  /** message.id as decimal text; null while held. */
  readonly messageId: string | null;
  readonly storedAt: Date;
  readonly emailId: string | null;
  readonly internalDate: Date | null;
  readonly size: number | null;
  readonly state: LedgerState;
  readonly reason: string | null;
  readonly released: boolean;
}

/** A row whose message may still be on the server, with what is needed to recognise it. */
export interface OpenRow extends LedgerRow {
  /** The stored message's Message-ID header; null when it has none or is expired. */
  readonly messageIdHeader: string | null;
  /** Of the folder that is open: its mailbox's, one's of an earlier name, or a purge's. */
  readonly ofFolder: boolean;
}

interface SqlRow {
  mailbox_id: number;
  uidvalidity: string;
  uid: string;
  digest: Buffer;
  message_id: string | null;
  stored_at: Date;
  email_id: string | null;
  internal_date: Date | null;
  size: string | null;
  state: LedgerState;
  reason: string | null;
  released: boolean;
  header?: string | null;
  of_folder?: boolean;
}

const COLUMNS = `l.mailbox_id, l.uidvalidity, l.uid, l.digest, l.message_id, l.stored_at, l.email_id, l.internal_date, l.size, l.state,
  l.reason, l.released`;

function toRow(row: SqlRow): LedgerRow {
  return {
    mailboxId: row.mailbox_id,
    uidValidity: row.uidvalidity,
    uid: row.uid,
    digest: row.digest,
    messageId: row.message_id,
    storedAt: row.stored_at,
    emailId: row.email_id,
    internalDate: row.internal_date,
    size: row.size === null ? null : Number(row.size),
    state: row.state,
    reason: row.reason,
    released: row.released,
  };
}

/**
 * Rows that a message on the server may turn out to be, whatever its UID is now: all that the login still owes, and what this mailbox
 * keeps under another UIDVALIDITY than the present one.
 */
export async function openRows(sql: Sql, login: string, mailboxId: number, uidValidity: string): Promise<OpenRow[]> {
  const found = await sql.query<SqlRow>(
    // `< or >` and not `<>`: only so the index leads past the many rows that a mailbox keeps under its present UIDVALIDITY.
    `select ${COLUMNS}, m.message_id as header, l.of_folder
       from (
         select o.*, b.folder = (select folder from maildrain.mailbox where id = $2) as of_folder
           from maildrain.ledger o join maildrain.mailbox b on b.id = o.mailbox_id
          where b.login = $1 and o.state = 'pending'
         union all
         select o.*, true from maildrain.ledger o
          where o.mailbox_id = $2 and o.state = 'kept' and (o.uidvalidity < $3 or o.uidvalidity > $3)) l
       left join maildrain.message m on m.id = l.message_id and m.stored_at = l.stored_at
      order by l.stored_at, l.message_id`,
    [login, mailboxId, uidValidity],
  );
  return found.rows.map((row) => ({
    ...toRow(row),
    messageIdHeader: row.header ?? null,
    ofFolder: row.of_folder === true,
  }));
}

/**
 * A purge has ended, and will not take away what it still owes: what was put back is again mail that no drain takes. That it was stands in the rows of the
 * restore.
 *
 * @param mailboxId whose rows the purge works with
 */
export async function keepRestored(sql: Sql, mailboxId: number): Promise<void> {
  await sql.query(
    `update maildrain.ledger l set state = 'kept', reason = $2, changed_at = now()
       from maildrain.mailbox b, maildrain.restore r
      where b.id = $1 and l.mailbox_id = b.id and l.state = 'pending'
        and r.message_id = l.message_id and r.login = b.login and r.uidvalidity = l.uidvalidity and r.uid = l.uid
        and r.state in ('sending', 'restored')`,
    [mailboxId, RESTORED],
  );
}

/**
 * A purge of a folder that no configured mailbox drains has ended, and will not take away what it still owes: nobody would, and its octets would be kept for
 * ever. A purge that follows takes it up.
 *
 * @param mailboxId whose rows the purge works with
 */
export async function keepOwedByPurge(sql: Sql, mailboxId: number): Promise<void> {
  await sql.query(
    `update maildrain.ledger set state = 'kept', reason = $2, changed_at = now() where mailbox_id = $1 and state = 'pending'`,
    [mailboxId, PURGE_ENDED],
  );
}

/**
 * What an earlier purge has left is owed again before its message is taken away: from here on its octets do not expire. One transaction.
 *
 * @returns those whose octets had not expired by then
 */
export function oweAgain(sql: Sql, rows: readonly LedgerRow[]): Promise<LedgerRow[]> {
  const stored = rows.flatMap((row) => (row.messageId === null ? [] : [{ ...row, messageId: row.messageId }]));
  return inTransaction(sql, async () => {
    const there = await withOctets(sql, stored);
    const owed = stored.filter(({ messageId }) => there.has(messageId));
    if (owed.length > 0)
      await sql.query(
        `update maildrain.ledger l set state = 'pending', reason = null, changed_at = now()
           from unnest($1::int[], $2::text[], $3::text[], $4::bytea[]) as k (mailbox_id, uidvalidity, uid, digest)
          where l.mailbox_id = k.mailbox_id and l.uidvalidity = k.uidvalidity and l.uid = k.uid and l.digest = k.digest
            and l.state = 'kept'`,
        columnsOf(owed),
      );
    return owed;
  });
}

/** All rows, in whatever state, that this mailbox has for these UIDs under this UIDVALIDITY. */
export async function rowsFor(
  sql: Sql,
  mailboxId: number,
  uidValidity: string,
  uids: readonly Uid[],
): Promise<LedgerRow[]> {
  const found = await sql.query<SqlRow>(
    `select ${COLUMNS} from maildrain.ledger l
      where l.mailbox_id = $1 and l.uidvalidity = $2 and l.uid = any($3::text[])`,
    [mailboxId, uidValidity, uids],
  );
  return found.rows.map(toRow);
}

/** The same rows, all of the folder that is open, with the Message-ID headers of their messages. */
export async function withHeaders(sql: Sql, rows: readonly LedgerRow[]): Promise<OpenRow[]> {
  if (rows.length === 0) return [];
  const found = await sql.query<{ id: string; header: string | null }>(
    `select m.id, m.message_id as header
       from unnest($1::bigint[], $2::timestamptz[]) as r (id, stored_at)
       join maildrain.message m on m.id = r.id and m.stored_at = r.stored_at`,
    [rows.map((row) => row.messageId), rows.map((row) => row.storedAt)],
  );
  const headers = new Map(found.rows.map((row) => [row.id, row.header]));
  return rows.map((row) => ({ ...row, messageIdHeader: headers.get(row.messageId ?? '') ?? null, ofFolder: true }));
}

/** Rows of a Gmail login by X-GM-MSGID, of each one that was restored, else the newest: one message under two labels is one message. */
export async function rowsByEmailId(sql: Sql, login: string, emailIds: readonly string[]): Promise<LedgerRow[]> {
  const found = await sql.query<SqlRow>(
    `select distinct on (l.email_id) ${COLUMNS}
       from maildrain.ledger l join maildrain.mailbox b on b.id = l.mailbox_id
      where b.login = $1 and l.email_id = any($2::text[]) and l.message_id is not null
      order by l.email_id, (l.state = 'kept' and l.reason = $3) desc, l.stored_at desc`,
    [login, emailIds, RESTORED],
  );
  return found.rows.map(toRow);
}

/** A few kept rows under this UIDVALIDITY, and a few held ones, to test whether its UIDs still mean the same messages. */
export async function probeRows(sql: Sql, mailboxId: number, uidValidity: string, count: number): Promise<LedgerRow[]> {
  const found = await sql.query<SqlRow>(
    `select ${COLUMNS} from unnest(array['kept', 'held']) as s (state)
      cross join lateral (
        select * from maildrain.ledger k
         where k.mailbox_id = $1 and k.uidvalidity = $2 and k.state = s.state
         order by k.stored_at desc, k.message_id desc limit $3) l`,
    [mailboxId, uidValidity, count],
  );
  return found.rows.map(toRow);
}

/**
 * The server gave its UIDs to other messages without changing UIDVALIDITY: what is known under it no longer says anything about a UID.
 * The rows stay, under a name that no server uses, and are recognised by their octets.
 */
export async function retireUidValidity(sql: Sql, mailboxId: number, uidValidity: string, now: Date): Promise<number> {
  const done = await sql.query(
    `update maildrain.ledger set uidvalidity = uidvalidity || '~' || $3, changed_at = now()
      where mailbox_id = $1 and uidvalidity = $2 and state <> 'disposed'`,
    [mailboxId, uidValidity, String(now.getTime())],
  );
  return done.rowCount ?? 0;
}

/** Moves pending rows on. Returns how many there were. */
export async function settleRows(
  sql: Sql,
  keys: readonly LedgerKey[],
  state: 'disposed' | 'kept',
  reason: string | null,
): Promise<number> {
  if (keys.length === 0) return 0;
  // This is bookkeeping after an effect that can be seen again: losing it in a crash of Postgres costs one look, so it need not wait for the disk.
  const done = await sql.query(
    `with relaxed as (select set_config('synchronous_commit', 'off', true))
     update maildrain.ledger l set state = $5, reason = $6, changed_at = now()
       from relaxed, unnest($1::int[], $2::text[], $3::text[], $4::bytea[]) as k (mailbox_id, uidvalidity, uid, digest)
      where l.mailbox_id = k.mailbox_id and l.uidvalidity = k.uidvalidity and l.uid = k.uid and l.digest = k.digest
        and l.state <> 'disposed'`,
    [...columnsOf(keys), state, reason],
  );
  return done.rowCount ?? 0;
}

/** The four columns of the primary key as arrays, for unnest. */
export function columnsOf(keys: readonly LedgerKey[]): [number[], string[], string[], Buffer[]] {
  return [
    keys.map((key) => key.mailboxId),
    keys.map((key) => key.uidValidity),
    keys.map((key) => key.uid),
    keys.map((key) => key.digest),
  ];
}

/** Kept and held rows under this UIDVALIDITY that are not among the listed UIDs: the messages are no longer there. */
export async function markUnlistedGone(
  sql: Sql,
  mailboxId: number,
  uidValidity: string,
  listed: readonly Uid[],
): Promise<number> {
  const done = await sql.query(
    `update maildrain.ledger set state = 'disposed', reason = 'gone', changed_at = now()
      where mailbox_id = $1 and uidvalidity = $2 and state in ('kept', 'held') and not (uid = any($3::text[]))`,
    [mailboxId, uidValidity, listed],
  );
  return done.rowCount ?? 0;
}

/** Held rows of earlier UIDVALIDITYs: their messages, if they are still there, have other UIDs now and are judged anew. */
export async function forgetOldHolds(sql: Sql, mailboxId: number, uidValidity: string): Promise<number> {
  const done = await sql.query(
    `update maildrain.ledger set state = 'disposed', reason = 'renumbered', changed_at = now()
      where mailbox_id = $1 and uidvalidity <> $2 and state = 'held'`,
    [mailboxId, uidValidity],
  );
  return done.rowCount ?? 0;
}

/** How many kept and held rows there are under this UIDVALIDITY. */
export async function countStaying(sql: Sql, mailboxId: number, uidValidity: string): Promise<number> {
  const found = await sql.query<{ n: number }>(
    `select count(*)::int as n from maildrain.ledger where mailbox_id = $1 and uidvalidity = $2 and state in ('kept', 'held')`,
    [mailboxId, uidValidity],
  );
  return found.rows[0]?.n ?? 0;
}

export async function countPending(sql: Sql, mailboxId: number): Promise<number> {
  const found = await sql.query<{ n: number }>(
    `select count(*)::int as n from maildrain.ledger where mailbox_id = $1 and state = 'pending'`,
    [mailboxId],
  );
  return found.rows[0]?.n ?? 0;
}
