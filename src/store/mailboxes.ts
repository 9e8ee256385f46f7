// Mailbox rows: what is remembered of a mailbox between drains. Failures and stops, the fuse, the last success.

import type { Uid } from '../model.ts';
import { writeEvents } from './events.ts';
import { type Database, inTransaction, type Sql } from './pool.ts';

export interface MailboxRow {
  readonly id: number;
  readonly name: string;
  readonly login: string;
  readonly folder: string;
  readonly uidValidity: string | null;
  readonly uidNext: number | null;
  /** Failures in a row. */
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly notBefore: Date | null;
  readonly writesNotBefore: Date | null;
  readonly stoppedAt: Date | null;
  readonly stoppedCode: string | null;
  readonly lastErrorCode: string | null;
  readonly lastError: string | null;
  readonly lastRunAt: Date | null;
  readonly lastOkAt: Date | null;
  readonly inFlight: InFlight | null;
}

/**
 * The fuse: which UIDs were being fetched when a drain ended without a word, and how often that happened to each while it was fetched alone.
 */
export interface InFlight {
  readonly uidValidity: string;
  readonly active: readonly Uid[];
  /** UIDs under suspicion; the number counts the times one was found in flight alone. */
  readonly found: Readonly<Record<Uid, number>>;
}

interface SqlRow {
  id: number;
  name: string;
  login: string;
  folder: string;
  uidvalidity: string | null;
  uidnext: string | null;
  failures: number;
  failing_since: Date | null;
  not_before: Date | null;
  writes_not_before: Date | null;
  stopped_at: Date | null;
  stopped_code: string | null;
  last_error_code: string | null;
  last_error: string | null;
  last_run_at: Date | null;
  last_ok_at: Date | null;
  in_flight: InFlight | null;
}

const COLUMNS = `id, name, login, folder, uidvalidity, uidnext, failures, failing_since, not_before, writes_not_before, stopped_at,
  stopped_code, last_error_code, last_error, last_run_at, last_ok_at, in_flight`;

function toRow(row: SqlRow): MailboxRow {
  return {
    id: row.id,
    name: row.name,
    login: row.login,
    folder: row.folder,
    uidValidity: row.uidvalidity,
    uidNext: row.uidnext === null ? null : Number(row.uidnext),
    failures: row.failures,
    failingSince: row.failing_since,
    notBefore: row.not_before,
    writesNotBefore: row.writes_not_before,
    stoppedAt: row.stopped_at,
    stoppedCode: row.stopped_code,
    lastErrorCode: row.last_error_code,
    lastError: row.last_error,
    lastRunAt: row.last_run_at,
    lastOkAt: row.last_ok_at,
    inFlight: row.in_flight,
  };
}

/** What names a mailbox here: a name pointed at another account or folder is another mailbox. */
export interface MailboxKey {
  readonly name: string;
  readonly login: string;
  readonly folder: string;
}

export async function findMailbox(sql: Sql, key: MailboxKey): Promise<MailboxRow | null> {
  const found = await sql.query<SqlRow>(
    `select ${COLUMNS} from maildrain.mailbox where name = $1 and login = $2 and folder = $3`,
    [key.name, key.login, key.folder],
  );
  const row = found.rows[0];
  return row === undefined ? null : toRow(row);
}

/** The mailbox's row, made when it is seen for the first time. */
export async function ensureMailbox(sql: Sql, key: MailboxKey): Promise<MailboxRow> {
  const found = await findMailbox(sql, key);
  if (found !== null) return found;
  await sql.query(
    `insert into maildrain.mailbox (name, login, folder) values ($1, $2, $3) on conflict (name, login, folder) do nothing`,
    [key.name, key.login, key.folder],
  );
  const made = await findMailbox(sql, key);
  if (made === null) throw new Error('a mailbox row vanished while it was made');
  return made;
}

export async function allMailboxes(sql: Sql): Promise<MailboxRow[]> {
  const found = await sql.query<SqlRow>(`select ${COLUMNS} from maildrain.mailbox order by name, id`);
  return found.rows.map(toRow);
}

/** Remembers which UIDs are being fetched. */
export async function setInFlight(sql: Sql, mailboxId: number, inFlight: InFlight | null): Promise<void> {
  await sql.query('update maildrain.mailbox set in_flight = $2 where id = $1', [
    mailboxId,
    inFlight === null ? null : JSON.stringify(inFlight),
  ]);
}

/** The same before a fetch, outside a transaction. Not worth a disk flush: it must survive our crash, not that of Postgres. */
export async function announceInFlight(sql: Sql, mailboxId: number, inFlight: InFlight): Promise<void> {
  await sql.query(
    `with relaxed as (select set_config('synchronous_commit', 'off', true))
     update maildrain.mailbox set in_flight = $2 from relaxed where id = $1`,
    [mailboxId, JSON.stringify(inFlight)],
  );
}

export async function setUidValidity(
  sql: Sql,
  mailboxId: number,
  uidValidity: string,
  uidNext: number | null,
): Promise<void> {
  await sql.query(`update maildrain.mailbox set uidvalidity = $2, uidnext = $3 where id = $1`, [
    mailboxId,
    uidValidity,
    uidNext,
  ]);
}

/** After a drain that reached its end, or was asked to stop. Clears every trace of earlier failures. */
export async function recordSuccess(sql: Sql, mailboxId: number): Promise<void> {
  await sql.query(
    `update maildrain.mailbox
        set failures = 0, failing_since = null, not_before = null, last_error_code = null, last_error = null,
            last_run_at = now(), last_ok_at = now()
      where id = $1`,
    [mailboxId],
  );
}

/** The login that was refused is let in again, as somebody who only looked has found out; when the last drain was stays as it is. */
export async function recordLogin(sql: Sql, mailboxId: number): Promise<void> {
  await sql.query(
    `update maildrain.mailbox
        set failures = 0, failing_since = null, not_before = null, last_error_code = null, last_error = null
      where id = $1`,
    [mailboxId],
  );
}

export interface Failure {
  /** The mailbox's, for the event. */
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly stop: boolean;
  readonly notBefore: Date | null;
  /** False: of one who only looked; when the last drain was stays as it is. */
  readonly isDrain?: boolean;
}

export async function recordFailure(database: Database, mailboxId: number, failure: Failure): Promise<void> {
  const { name, code, message, notBefore, stop, isDrain = true } = failure;
  const pen = await database.take();
  try {
    await inTransaction(pen.client, async () => {
      const { rows } = await pen.client.query<{ now: Date }>(
        `update maildrain.mailbox
            set failures = failures + 1, failing_since = coalesce(failing_since, now()), not_before = $2,
                last_error_code = $3, last_error = $4, last_run_at = case when $6 then now() else last_run_at end,
                stopped_at = case when $5 then now() else stopped_at end,
                stopped_code = case when $5 then $3 else stopped_code end
          where id = $1 returning now()`,
        [mailboxId, notBefore, code, message, stop, isDrain],
      );
      const at = rows[0]?.now;
      if (stop && at !== undefined)
        await writeEvents(pen.client, at, [
          { type: 'mailbox.stopped', key: name, body: { mailbox: name, code, message } },
        ]);
    });
  } finally {
    await pen.release();
  }
}

/** Gmail's write quarantine counts for the account: no mailbox of the login disposes before `until`. */
export async function restWrites(sql: Sql, login: string, until: Date): Promise<void> {
  await sql.query(
    `update maildrain.mailbox set writes_not_before = greatest(coalesce(writes_not_before, $2), $2) where login = $1`,
    [login, until],
  );
}

/** The instant before which nothing is disposed on this login; null: now is fine. */
export async function writesRestUntil(sql: Sql, login: string, now: Date): Promise<Date | null> {
  const found = await sql.query<{ until: Date | null }>(
    `select max(writes_not_before) as until from maildrain.mailbox where login = $1`,
    [login],
  );
  const until = found.rows[0]?.until ?? null;
  return until !== null && until > now ? until : null;
}

/**
 * Starts stopped or waiting mailboxes of this name again. Gmail's write quarantine counts for the account: it is over for every mailbox of the login, and
 * for the jobs that wait for its end.
 *
 * @returns false: there is none
 */
export async function resume(sql: Sql, name: string): Promise<boolean> {
  const done = await sql.query<{ n: number }>(
    `with named as (
       update maildrain.mailbox
          set stopped_at = null, stopped_code = null, failures = 0, failing_since = null, not_before = null, writes_not_before = null
        where name = $1 returning login),
     others as (
       update maildrain.mailbox set writes_not_before = null
        where name <> $1 and writes_not_before is not null and login in (select login from named)),
     jobs as (
       update maildrain.admin_job set not_before = null
        where login in (select login from named) and state in ('queued', 'running') and not_before is not null)
     select count(*)::int as n from named`,
    [name],
  );
  return done.rows[0]?.n !== 0;
}

/** Mailboxes that failed, are not stopped, and whose pause is over. */
export async function dueForRetry(sql: Sql): Promise<MailboxKey[]> {
  const found = await sql.query<{ name: string; login: string; folder: string }>(
    `select name, login, folder from maildrain.mailbox
      where failures > 0 and stopped_at is null and not_before <= now()`,
  );
  return found.rows;
}
