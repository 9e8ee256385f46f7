// The record of runs: every drain with its counts. Admin jobs write theirs when they end (admin-jobs.ts).

import type { Sql } from './pool.ts';

/** Drains older than this are dropped when a new one is written: long enough to answer "since when?", short enough not to grow for ever. */
const KEEP_DAYS = 90;

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
    `with old as (
       delete from maildrain.run where id in (
         select id from maildrain.run where job = 'drain' and finished_at < now() - make_interval(days => $7) order by finished_at limit 100))
     insert into maildrain.run (job, mailbox_id, started_at, finished_at, report, error_code) values ($1, $2, $3, $4, $5, $6)`,
    [run.job, run.mailboxId, run.startedAt, run.finishedAt, JSON.stringify(run.report), run.errorCode, KEEP_DAYS],
  );
}

/** How often a mailbox's drains have failed with one of these codes since an instant, and when the first of them ended. */
export async function failedRuns(
  sql: Sql,
  mailboxId: number,
  codes: readonly string[],
  since: Date,
): Promise<{ readonly failures: number; readonly since: Date | null }> {
  const found = await sql.query<{ n: number; since: Date | null }>(
    `select count(*)::int as n, min(finished_at) as since from maildrain.run
      where mailbox_id = $1 and job = 'drain' and error_code = any($2::text[]) and finished_at >= $3`,
    [mailboxId, codes, since],
  );
  return { failures: found.rows[0]?.n ?? 0, since: found.rows[0]?.since ?? null };
}
