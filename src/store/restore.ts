// What a restore has put back: one row for each message, written before APPEND is said, and rows of the ledger that keep drains from taking the
// message away again. As long as it is not known which UID it got, the ledger's row stands under a UIDVALIDITY that no server uses
// (RESTORING), and a drain that meets the message recognises it by its octets.

import type { Uid } from '../model.ts';
import { RESTORED, RESTORING } from './ledger.ts';
import { inTransaction, type Sql } from './pool.ts';
import type { StoredFacts } from './stored-mail.ts';

export type RestoreState = 'sending' | 'restored' | 'present' | 'missing' | 'refused' | 'expired';

/** A folder that mail is put back into, and by whom it is drained. */
export interface FolderPlace {
  readonly login: string;
  /** Path on the server. */
  readonly folder: string;
  readonly uidValidity: string;
  /** Mailboxes of this very folder. */
  readonly here: readonly number[];
}

/** Where a job restores to. Of `here` there is at least one: what the folder holds is known to the ledger, also where nobody drains it. */
export interface RestorePlace extends FolderPlace {
  readonly jobId: string;
  /** Mailboxes in which a message of the folder may turn up as well: Gmail's other labels. */
  readonly elsewhere: readonly number[];
}

/** One message of a job. */
export interface RestoreRow {
  readonly messageId: string;
  readonly state: RestoreState;
  readonly uidValidity: string;
  readonly uidFrom: number | null;
  readonly uid: Uid | null;
  /** Something was said of it to the server. False: it is not there because of this job. */
  readonly said: boolean;
  /** Milliseconds since it was last said, or what came of it was written down. */
  readonly ageMs: number;
  readonly attempts: number;
  /** Why it was refused; of one that is not ended, why the last attempt failed. */
  readonly errorCode: string | null;
}

interface SqlRow {
  message_id: string;
  state: RestoreState;
  uidvalidity: string;
  uid_from: string | null;
  uid: string | null;
  said: boolean;
  age_ms: string;
  attempts: number;
  error_code: string | null;
}

// By the one clock that all hosts share.
const COLUMNS = `message_id, state, uidvalidity, uid_from, uid, said, attempts, error_code,
  round(extract(epoch from clock_timestamp() - changed_at) * 1000)::text as age_ms`;

export async function restoreRows(sql: Sql, jobId: string, messageIds: readonly string[]): Promise<RestoreRow[]> {
  const { rows } = await sql.query<SqlRow>(
    `select ${COLUMNS} from maildrain.restore
      where job_id = $1 and message_id = any($2::bigint[])`,
    [jobId, messageIds],
  );
  return rows.map(toRow);
}

function toRow(row: SqlRow): RestoreRow {
  return {
    messageId: row.message_id,
    state: row.state,
    uidValidity: row.uidvalidity,
    uidFrom: row.uid_from === null ? null : Number(row.uid_from),
    uid: row.uid,
    said: row.said,
    ageMs: Number(row.age_ms),
    attempts: row.attempts,
    errorCode: row.error_code,
  };
}

/** Messages that other jobs have put into this folder, or were about to when they were cut, and that may be there: under which UID nobody was told. */
export async function doubtfulElsewhere(
  sql: Sql,
  place: RestorePlace,
  messageIds: readonly string[],
): Promise<RestoreRow[]> {
  const { rows } = await sql.query<SqlRow>(
    `select ${COLUMNS} from maildrain.restore
      where message_id = any($1::bigint[]) and job_id <> $2 and login = $3 and folder = $4 and said
        and (uid is null and state in ('sending', 'restored') or uidvalidity <> $5 and state = 'sending')`,
    [messageIds, place.jobId, place.login, place.folder, place.uidValidity],
  );
  return rows.map(toRow);
}

/**
 * The job begins, or begins anew because somebody retries what was partly done: what was refused is offered again, and what was missing is looked for
 * and, where it is not found, sent again. One transaction.
 */
export function reopenRestore(sql: Sql, jobId: string): Promise<void> {
  return inTransaction(sql, async () => {
    await sql.query(`delete from maildrain.restore where job_id = $1 and state in ('refused', 'expired')`, [jobId]);
    await sql.query(
      `update maildrain.restore set state = 'sending', uid = null, attempts = 0, error_code = null, changed_at = now()
        where job_id = $1 and state = 'missing'`,
      [jobId],
    );
  });
}

/** A message that is believed to be in the folder, and where. */
export interface BelievedThere {
  readonly messageId: string;
  readonly uid: Uid;
  readonly internalDate: Date | null;
}

/** Messages that the ledger, or an earlier restore, has seen in this folder and not leave it. */
export async function believedThere(
  sql: Sql,
  place: FolderPlace,
  messageIds: readonly string[],
): Promise<BelievedThere[]> {
  const { rows } = await sql.query<{ message_id: string; uid: string; internal_date: Date | null }>(
    `select l.message_id, l.uid, l.internal_date from maildrain.ledger l
      where l.message_id = any($1::bigint[]) and l.mailbox_id = any($2::int[]) and l.uidvalidity = $3 and l.state in ('kept', 'pending')
     union
     select r.message_id, r.uid, date_trunc('second', coalesce(m.internal_date, m.stored_at))
       from maildrain.restore r join maildrain.message m on m.id = r.message_id
      where r.message_id = any($1::bigint[]) and r.login = $4 and r.folder = $5 and r.uidvalidity = $3 and r.uid is not null
        and r.state in ('sending', 'restored')`,
    [messageIds, place.here, place.uidValidity, place.login, place.folder],
  );
  return rows.map((row) => ({ messageId: row.message_id, uid: row.uid, internalDate: row.internal_date }));
}

/** UIDs of this folder that something is known of: those of the ledger, and those of restores. */
export async function takenUids(sql: Sql, place: FolderPlace, uids: readonly Uid[]): Promise<Set<Uid>> {
  const { rows } = await sql.query<{ uid: string }>(
    `select uid from maildrain.ledger where mailbox_id = any($1::int[]) and uidvalidity = $2 and uid = any($3::text[])
     union
     select uid from maildrain.restore where login = $4 and folder = $5 and uidvalidity = $2 and uid = any($3::text[])`,
    [place.here, place.uidValidity, uids, place.login, place.folder],
  );
  return new Set(rows.map(({ uid }) => uid));
}

/** Octets of each message as they stand in the database; those that have expired are missing. */
export async function octetCounts(sql: Sql, messages: readonly StoredFacts[]): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ message_id: string; octets: string }>(
    `select r.message_id, sum(octet_length(r.bytes))::text as octets
       from unnest($1::bigint[], $2::timestamptz[]) as m (id, stored_at)
       join maildrain.raw r on r.message_id = m.id and r.stored_at = m.stored_at
      group by r.message_id`,
    [messages.map(({ id }) => id), messages.map(({ storedAt }) => storedAt)],
  );
  return new Map(rows.map((row) => [row.message_id, Number(row.octets)]));
}

/**
 * Writes down that these messages are about to be appended. One transaction, and it must be committed before a word is said to the server: what is
 * lost afterwards is found by it.
 *
 * @param uidFrom UIDNEXT of the folder; kept as it is for messages that may have been appended before
 */
export function beginSending(
  sql: Sql,
  place: RestorePlace,
  messages: readonly StoredFacts[],
  uidFrom: number | null,
): Promise<void> {
  return inTransaction(sql, async () => {
    await sql.query(
      `insert into maildrain.restore as r (job_id, message_id, login, folder, state, uidvalidity, uid_from)
       select $1, m, $2, $3, 'sending', $4, $5 from unnest($6::bigint[]) as m
       on conflict (job_id, message_id) do update
          set uid_from = case when r.uidvalidity = excluded.uidvalidity then least(r.uid_from, excluded.uid_from) end,
              uidvalidity = excluded.uidvalidity, state = excluded.state, uid = null, changed_at = now()`,
      [place.jobId, place.login, place.folder, place.uidValidity, uidFrom, messages.map(({ id }) => id)],
    );
    await sql.query(
      `insert into maildrain.ledger as l (mailbox_id, uidvalidity, uid, digest, message_id, internal_date, size, state, reason, stored_at)
       select b, $2, m.id::text, m.digest, m.id, m.internal_date, m.size, 'kept', $3, m.stored_at
         from unnest($1::int[]) as b,
              unnest($4::bigint[], $5::bytea[], $6::timestamptz[], $7::bigint[], $8::timestamptz[]) as m (id, digest, internal_date, size, stored_at)
       on conflict (mailbox_id, uidvalidity, uid, digest) do update set state = excluded.state, reason = excluded.reason, changed_at = now()`,
      [
        [...place.here, ...place.elsewhere],
        RESTORING + place.jobId,
        RESTORED,
        messages.map(({ id }) => id),
        messages.map(({ digest }) => digest),
        messages.map(({ internalDate, storedAt }) => appendedDate({ internalDate, storedAt })),
        messages.map(({ size }) => size),
        messages.map(({ storedAt }) => storedAt),
      ],
    );
  });
}

/**
 * Something is about to be said of this message to the server. Committed, and on the disk, before it is: from now on it is in doubt until it is known
 * what came of it.
 */
export async function markSaid(sql: Sql, jobId: string, messageId: string): Promise<void> {
  await sql.query(
    'update maildrain.restore set said = true, changed_at = now() where job_id = $1 and message_id = $2',
    [jobId, messageId],
  );
}

/**
 * Takes back what beginSending() wrote of messages of which nothing was said to the server after all: they would wait for ever. What is in doubt
 * stays. One statement.
 */
export async function forgetUnsaid(sql: Sql, jobId: string): Promise<void> {
  await sql.query(
    `with unsaid as (delete from maildrain.restore where job_id = $1 and state = 'sending' and not said returning message_id)
     delete from maildrain.ledger l using unsaid u
      where l.message_id = u.message_id and l.uidvalidity = $2 and l.uid = u.message_id::text`,
    [jobId, RESTORING + jobId],
  );
}

/** The INTERNALDATE that a message is given when it is put back: its own, in whole seconds as IMAP has it (RFC 9051 `date-time`). */
export function appendedDate({ internalDate, storedAt }: Pick<StoredFacts, 'internalDate' | 'storedAt'>): Date {
  return new Date(Math.floor((internalDate ?? storedAt).getTime() / 1000) * 1000);
}

/**
 * The server has told a message's UID, or it was found at it: it gets rows of its own where the folder is drained. One statement, which need not wait
 * for the disk: what is lost of it is found again by the row of beginSending().
 */
export async function recordUid(sql: Sql, place: RestorePlace, message: StoredFacts, uid: Uid): Promise<void> {
  await sql.query(
    `with relaxed as (select set_config('synchronous_commit', 'off', true)),
     noted as (
       update maildrain.restore set uid = $5, changed_at = now() from relaxed where job_id = $1 and message_id = $2),
     displaced as (
       delete from maildrain.ledger
        where mailbox_id = any($6::int[]) and uidvalidity like $7 || '%' and uid = $2::text)
     insert into maildrain.ledger as l (mailbox_id, uidvalidity, uid, digest, message_id, internal_date, size, state, reason, stored_at)
     select b, $4, $5, $8, $2, $9, $10, 'kept', $3, $11 from unnest($6::int[]) as b
     on conflict (mailbox_id, uidvalidity, uid, digest) do update
        set message_id = excluded.message_id, email_id = null, internal_date = excluded.internal_date, size = excluded.size,
            state = excluded.state, reason = excluded.reason, stored_at = excluded.stored_at, changed_at = now()`,
    [
      place.jobId,
      message.id,
      RESTORED,
      place.uidValidity,
      uid,
      place.here,
      // Of whichever job: one that was cut may have sent it.
      RESTORING,
      message.digest,
      appendedDate(message),
      message.size,
      message.storedAt,
    ],
  );
}

/** What came of one message in the end. */
export interface RestoreEnd {
  readonly messageId: string;
  readonly state: Exclude<RestoreState, 'sending'>;
  readonly uid: Uid | null;
  readonly emailId: string | null;
  readonly errorCode: string | null;
}

/**
 * Ends a slice. The waiting rows of the ledger go, except of messages that are there under a UID that nobody has told us: a drain recognises those.
 * One transaction.
 */
export function endSending(sql: Sql, place: RestorePlace, ends: readonly RestoreEnd[]): Promise<void> {
  return inTransaction(sql, async () => {
    await sql.query(
      `insert into maildrain.restore as r (job_id, message_id, login, folder, state, uidvalidity, uid, error_code)
       select $1, e.id, $2, $3, e.state, $4, e.uid, e.error_code
         from unnest($5::bigint[], $6::text[], $7::text[], $8::text[]) as e (id, state, uid, error_code)
       on conflict (job_id, message_id) do update
          set state = excluded.state, uid = excluded.uid, error_code = excluded.error_code, changed_at = now()`,
      [
        place.jobId,
        place.login,
        place.folder,
        place.uidValidity,
        ends.map(({ messageId }) => messageId),
        ends.map(({ state }) => state),
        ends.map(({ uid }) => uid),
        ends.map(({ errorCode }) => errorCode),
      ],
    );
    const found = ends.filter(({ emailId, uid }) => emailId !== null && uid !== null);
    await sql.query(
      `update maildrain.ledger l set email_id = e.email_id
         from unnest($3::text[], $4::text[]) as e (uid, email_id)
        where l.mailbox_id = any($1::int[]) and l.uidvalidity = $2 and l.uid = e.uid and l.reason = $5`,
      [place.here, place.uidValidity, found.map(({ uid }) => uid), found.map(({ emailId }) => emailId), RESTORED],
    );
    const settled = ends.filter(({ state, uid }) => state !== 'restored' || uid !== null);
    await sql.query(
      `delete from maildrain.ledger where mailbox_id = any($1::int[]) and uidvalidity = $2 and uid = any($3::text[])`,
      [[...place.here, ...place.elsewhere], RESTORING + place.jobId, settled.map(({ messageId }) => messageId)],
    );
  });
}

/** This message was said to the server, and the server broke down over it or hung up. */
export async function countAttempt(sql: Sql, jobId: string, messageId: string, errorCode: string): Promise<void> {
  await sql.query(
    'update maildrain.restore set attempts = attempts + 1, error_code = $3 where job_id = $1 and message_id = $2',
    [jobId, messageId, errorCode],
  );
}

/** All mailboxes that were ever drained with a login, and the folder each names. */
export async function mailboxesOf(
  sql: Sql,
  login: string,
): Promise<{ readonly id: number; readonly folder: string }[]> {
  const { rows } = await sql.query<{ id: number; folder: string }>(
    'select id, folder from maildrain.mailbox where login = $1',
    [login],
  );
  return rows;
}

/** Messages that somebody wants where they are. */
export interface Wanted {
  /** Mailboxes that drain the folder in which they are. */
  readonly here: readonly number[];
  readonly uidValidity: string;
  readonly uids: readonly Uid[];
  /** Gmail: of messages that have been moved, and may turn up under any label of the login. */
  readonly emailIds: readonly string[];
}

/**
 * The drains to come leave them alone, as they do what was restored.
 *
 * @param waiting reason of kept rows that wait for their age; other kept rows stay anyway
 */
export async function leaveAlone(
  sql: Sql,
  login: string,
  { here, uidValidity, uids, emailIds }: Wanted,
  waiting: string,
): Promise<void> {
  await sql.query(
    `update maildrain.ledger l set state = 'kept', reason = $1, changed_at = now()
       from maildrain.mailbox b
      where b.id = l.mailbox_id and b.login = $2 and l.message_id is not null
        and (l.email_id = any($3::text[])
             or l.mailbox_id = any($4::int[]) and l.uidvalidity = $5 and l.uid = any($6::text[])
                 and (l.state = 'pending' or l.state = 'kept' and l.reason = $7))`,
    [RESTORED, login, emailIds, here, uidValidity, uids, waiting],
  );
}
