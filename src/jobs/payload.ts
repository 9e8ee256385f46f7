// What stands in the queues: a mailbox's name or an admin job's id on the way in, counts on the way out. Never a secret, an address or mail, because
// job data is clear text in the store.
import { z } from 'zod';
import type { DrainReport, Outcome } from '../model.ts';

/** The kind of job in the queue of drains. */
export const DRAIN_JOB = 'drain';
/** The kind of job in the queue of admin jobs. */
export const ADMIN_JOB = 'admin';

/** Longer names cannot be configured; a longer one in a job is not ours. */
const MAX_NAME = 200;

const jobData = z.strictObject({
  mailbox: z
    .string()
    .max(MAX_NAME)
    .regex(/^[A-Za-z0-9._-]+$/),
});

export type JobData = z.infer<typeof jobData>;

/** Checks a job's data where it enters from the queue. Null: not a job that maildrain wrote. */
export function readJobData(data: unknown): JobData | null {
  return jobData.safeParse(data).data ?? null;
}

const adminJobData = z.strictObject({ id: z.string().regex(/^[1-9]\d{0,18}$/) });

export type AdminJobData = z.infer<typeof adminJobData>;

/** The same for admin jobs. */
export function readAdminJobData(data: unknown): AdminJobData | null {
  return adminJobData.safeParse(data).data ?? null;
}

/** A report's counts; `unknown`: this process has no mailbox of that name. */
export interface JobResult {
  readonly outcome: Outcome | 'unknown';
  readonly listed?: number;
  readonly fetched?: number;
  readonly stored?: number;
  readonly adopted?: number;
  readonly disposed?: number;
  readonly gone?: number;
  readonly skipped?: number;
  readonly held?: number;
  readonly missing?: number;
  readonly pending?: number;
  readonly bytes?: number;
  readonly ms?: number;
}

/** Field by field, so that notes and errors, which may quote a server, stay out of the queue. */
export function jobResult(report: DrainReport): JobResult {
  const { outcome, listed, fetched, stored, adopted, disposed, gone, skipped, held, missing, pending, bytes, ms } =
    report;
  return { outcome, listed, fetched, stored, adopted, disposed, gone, skipped, held, missing, pending, bytes, ms };
}
