// What `status` shows of every mailbox, in one query.

import type { Sql } from './pool.ts';

export interface MailboxCounts {
  readonly name: string;
  readonly login: string;
  readonly folder: string;
  /** Stored here, still to be taken off there. */
  readonly owed: number;
  readonly held: number;
  /** Messages that are in the database; on Gmail one that is in several mailboxes counts where it was met first. */
  readonly stored: number;
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
}

interface SqlRow {
  name: string;
  login: string;
  folder: string;
  owed: number;
  held: number;
  stored: number;
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
}

export async function mailboxCounts(sql: Sql): Promise<MailboxCounts[]> {
  const found = await sql.query<SqlRow>(
    `select b.name, b.login, b.folder, b.failures, b.failing_since, b.not_before, b.writes_not_before, b.stopped_at, b.stopped_code,
            b.last_error_code, b.last_error, b.last_run_at, b.last_ok_at,
            coalesce(l.owed, 0)::int as owed, coalesce(l.held, 0)::int as held, coalesce(m.stored, 0)::int as stored
       from maildrain.mailbox b
       left join (
         select mailbox_id, count(*) filter (where state = 'pending') as owed, count(*) filter (where state = 'held') as held
           from maildrain.ledger group by mailbox_id) l on l.mailbox_id = b.id
       left join (select mailbox_id, count(*) as stored from maildrain.message group by mailbox_id) m on m.mailbox_id = b.id
      order by b.name, b.id`,
  );
  return found.rows.map((row) => ({
    name: row.name,
    login: row.login,
    folder: row.folder,
    owed: row.owed,
    held: row.held,
    stored: row.stored,
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
  }));
}
