// The record of runs: every drain with its counts, every login that was refused to one who only looked, and what somebody asks for by a mailbox's name:
// admin jobs when they end (admin-jobs.ts), exports and comparisons (service-audit.ts). Old ones go by retention.ts.

import type { Sql } from './pool.ts';

export interface Run {
  readonly job: string;
  readonly mailboxId: number | null;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Counts and notes; no addresses, no subjects. */
  readonly report: object;
  readonly errorCode: string | null;
}

export async function recordRun(sql: Sql, run: Run): Promise<void> {
  await sql.query(
    `insert into maildrain.run (job, mailbox_id, started_at, finished_at, report, error_code) values ($1, $2, $3, $4, $5, $6)`,
    [run.job, run.mailboxId, run.startedAt, run.finishedAt, JSON.stringify(run.report), run.errorCode],
  );
}

/** What somebody asked for. */
export interface AskedRun extends Pick<Run, 'job' | 'startedAt' | 'report' | 'errorCode'> {
  readonly mailbox: string | null;
  /** Null: of no mailbox, or of one that is known by its name only. */
  readonly login: string | null;
}

/** Writes down what has just ended. One statement. */
export async function recordAsked(sql: Sql, run: AskedRun): Promise<void> {
  await sql.query(
    `insert into maildrain.run (job, mailbox_id, started_at, finished_at, report, error_code)
     values ($1, (select min(id) from maildrain.mailbox where name = $2 and login = $3), $4, now(), $5, $6)`,
    [run.job, run.mailbox, run.login, run.startedAt, JSON.stringify(run.report), run.errorCode],
  );
}

/** How often a mailbox's drains, and looks at it, have failed with one of these codes since an instant, and when the first of them ended. */
export async function failedRuns(
  sql: Sql,
  mailboxId: number,
  codes: readonly string[],
  since: Date,
): Promise<{ readonly failures: number; readonly since: Date | null }> {
  const found = await sql.query<{ n: number; since: Date | null }>(
    `select count(*)::int as n, min(finished_at) as since from maildrain.run
      where mailbox_id = $1 and job in ('drain', 'look') and error_code = any($2::text[]) and finished_at >= $3`,
    [mailboxId, codes, since],
  );
  return { failures: found.rows[0]?.n ?? 0, since: found.rows[0]?.since ?? null };
}
