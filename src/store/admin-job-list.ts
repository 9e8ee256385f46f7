// Looking at admin jobs: all of them, and those that wait for a worker. What changes them is in admin-jobs.ts.

import { COLUMNS, type Job, type JobState, type SqlRow, toJob } from './admin-jobs.ts';
import { limitOf } from './limit.ts';
import type { Sql } from './pool.ts';

export interface JobFilter {
  readonly mailbox?: string | undefined;
  readonly states?: readonly JobState[] | undefined;
  /** 1 to 10,000. Default 50. */
  readonly limit?: number | undefined;
}

/** Newest first. */
export async function listJobs(sql: Sql, { mailbox, states, limit }: JobFilter): Promise<Job[]> {
  const { rows } = await sql.query<SqlRow>(
    `select ${COLUMNS} from maildrain.admin_job
      where ($1::text is null or mailbox = $1) and ($2::text[] is null or state = any($2)) order by id desc limit $3`,
    [mailbox ?? null, states ?? null, limitOf(limit)],
  );
  return rows.map(toJob);
}

/** Open jobs whose time has come, oldest first: what the queue should know. Those that are being worked on are among them. */
export async function openJobs(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ id: string }>(
    `select id from maildrain.admin_job
      where state in ('queued', 'running') and (not_before is null or not_before <= now()) order by id`,
  );
  return rows.map(({ id }) => id);
}
