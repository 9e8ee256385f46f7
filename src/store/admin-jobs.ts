// Admin jobs as rows: asked for, worked off in slices, cancelled from anywhere. The queue only says "look at job 7"; what it is and how far it
// has come stands here. Every change is told to whoever listens (NOTIFY maildrain_jobs, the job's id). Lists of them are
// in admin-job-list.ts; what has ended is opened again in admin-job-retry.ts.

import { MaildrainError } from '../errors.ts';
import type { AdminJobKind, Criteria, Step } from '../model-admin.ts';
import { keepOwedByPurge, keepRestored } from './ledger.ts';
import { lockJob } from './lock.ts';
import { readCriteria } from './plans.ts';
import { type Database, inTransaction, type Pen, type Sql } from './pool.ts';
import { forgetUnsaid } from './restore.ts';
import { recordAsked } from './runs.ts';
import { type PlanCursor, sliceInHand } from './slice-in-hand.ts';

export const JOB_STATES = ['queued', 'running', 'done', 'partial', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];
export type EndState = Exclude<JobState, 'queued' | 'running'>;

export interface NewJob {
  readonly kind: AdminJobKind;
  readonly mailbox: string | null;
  readonly login: string | null;
  readonly planId: string | null;
  readonly criteria: Criteria | null;
  readonly args: Readonly<Record<string, unknown>>;
  readonly total: number | null;
  /** Over stored mail: id of the newest message that it is about. Absent: the newest that is stored now. */
  readonly lastMessage?: string | undefined;
  readonly requestedBy: string;
}

export interface Job extends NewJob {
  readonly id: string;
  readonly state: JobState;
  /** Where the next slice begins. */
  readonly cursor: unknown;
  readonly done: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** In a row, without a slice done between them. */
  readonly failures: number;
  readonly failingSince: Date | null;
  /** Not taken up before. */
  readonly notBefore: Date | null;
  readonly errorCode: string | null;
  readonly error: string | null;
  readonly cancelRequestedBy: string | null;
  readonly cancelRequestedAt: Date | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  /** When whoever works on it last said so. */
  readonly heartbeatAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface SqlRow {
  id: string;
  job: AdminJobKind;
  mailbox: string | null;
  login: string | null;
  plan_id: string | null;
  criteria: Record<string, unknown> | null;
  args: Record<string, unknown>;
  state: JobState;
  cursor: unknown;
  done: string;
  total: string | null;
  counts: Record<string, number>;
  notes: string[];
  failures: number;
  failing_since: Date | null;
  not_before: Date | null;
  error_code: string | null;
  error: string | null;
  requested_by: string;
  cancel_requested_by: string | null;
  cancel_requested_at: Date | null;
  created_at: Date;
  started_at: Date | null;
  heartbeat_at: Date | null;
  finished_at: Date | null;
}

export function toJob(row: SqlRow): Job {
  return {
    id: row.id,
    kind: row.job,
    mailbox: row.mailbox,
    login: row.login,
    planId: row.plan_id,
    criteria: row.criteria === null ? null : readCriteria(row.criteria),
    args: row.args,
    state: row.state,
    cursor: row.cursor,
    done: Number(row.done),
    total: row.total === null ? null : Number(row.total),
    counts: row.counts,
    notes: row.notes,
    failures: row.failures,
    failingSince: row.failing_since,
    notBefore: row.not_before,
    errorCode: row.error_code,
    error: row.error,
    requestedBy: row.requested_by,
    cancelRequestedBy: row.cancel_requested_by,
    cancelRequestedAt: row.cancel_requested_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
    finishedAt: row.finished_at,
  };
}

export const COLUMNS = `id, job, mailbox, login, plan_id, criteria, args, state, cursor, done, total, counts, notes, failures, failing_since, not_before,
  error_code, error, requested_by, cancel_requested_by, cancel_requested_at, created_at, started_at, heartbeat_at, finished_at`;

/** What has ended stays as it ended, whoever comes late; only `retryJob` opens it again. */
const IS_OPEN = `state in ('queued', 'running')`;

/** Notes of one job: sentences for people, not a log. */
const MAX_NOTES = 50;

/** Told to whoever listens. */
export async function tell(sql: Sql, id: string): Promise<void> {
  await sql.query(`select pg_notify('maildrain_jobs', $1)`, [id]);
}

/** Hears of every change of a job that somebody else makes: who works on it learns at once that it is cancelled. */
export function listenToJob(pen: Pen, id: string, onChange: () => void): Promise<void> {
  return pen.listen('maildrain_jobs', (changed) => {
    if (changed === id) onChange();
  });
}

/**
 * Writes a job down; the queue is told afterwards, and would find it by itself. One transaction.
 *
 * @throws MaildrainError PLAN_APPLIED: its plan has a job already
 */
export async function enqueueJob(sql: Sql, job: NewJob): Promise<string> {
  const { rows } = await sql.query<{ id: string }>(
    `with made as (
       insert into maildrain.admin_job (job, mailbox, login, plan_id, criteria, args, total, requested_by, last_message)
       values ($1, $2, $3, $4, $5, $6, $7, $8,
         case when $1 in ('restore', 'reclassify') then coalesce($9, (select max(id) from maildrain.message), 0) end)
       on conflict (plan_id) do nothing returning id)
     select id, pg_notify('maildrain_jobs', id::text) from made`,
    [
      job.kind,
      job.mailbox,
      job.login,
      job.planId,
      job.criteria === null ? null : JSON.stringify(job.criteria),
      JSON.stringify(job.args),
      job.total,
      job.requestedBy,
      job.lastMessage ?? null,
    ],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new MaildrainError('PLAN_APPLIED', `plan ${job.planId} has been applied meanwhile`);
  return id;
}

/** The job, to be worked on with this connection until it is given back. `busy`: somebody else works on it. Null: there is none. */
export async function claimJob(sql: Sql, id: string): Promise<Job | 'busy' | null> {
  if (!(await lockJob(sql, id))) return 'busy';
  // Read under the lock: the turn before ours may have ended it.
  return findJob(sql, id);
}

export async function findJob(sql: Sql, id: string): Promise<Job | null> {
  const { rows } = await sql.query<SqlRow>(`select ${COLUMNS} from maildrain.admin_job where id = $1`, [id]);
  return rows[0] === undefined ? null : toJob(rows[0]);
}

/** A turn begins. */
export async function beginTurn(sql: Sql, id: string): Promise<void> {
  await sql.query(
    `update maildrain.admin_job
        set state = 'running', started_at = coalesce(started_at, now()), heartbeat_at = now(), not_before = null
      where id = $1 and ${IS_OPEN}`,
    [id],
  );
  await tell(sql, id);
}

/** Says that the job is being worked on. @returns whether somebody asks to cancel it */
export async function beat(sql: Sql, id: string): Promise<boolean> {
  const { rows } = await sql.query<{ cancel: boolean }>(
    `update maildrain.admin_job set heartbeat_at = now() where id = $1 returning cancel_requested_at is not null as cancel`,
    [id],
  );
  return rows[0]?.cancel === true;
}

/** What a job has come to. */
export interface Standing {
  readonly done: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** Adds a step to what there is. */
export function withStep({ done, counts, notes }: Standing, step: Step): Standing {
  const sums = { ...counts };
  for (const [name, n] of Object.entries(step.counts)) sums[name] = (sums[name] ?? 0) + n;
  return { done: done + step.done, counts: sums, notes: withNotes(notes, step.notes ?? []) };
}

/** Each note once. */
export function withNotes(notes: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...notes, ...more])].slice(0, MAX_NOTES);
}

/** A slice is done: progress, and nothing is wrong any more. Only on the connection that holds the job's lock. */
export async function saveStep(
  sql: Sql,
  id: string,
  cursor: unknown,
  { done, counts, notes }: Standing,
): Promise<void> {
  await sql.query(
    `update maildrain.admin_job
        set cursor = $2, done = $3, counts = $4, notes = $5, heartbeat_at = now(),
            failures = 0, failing_since = null, error_code = null, error = null
      where id = $1 and ${IS_OPEN}`,
    [id, JSON.stringify(cursor ?? null), done, JSON.stringify(counts), notes],
  );
  await tell(sql, id);
}

/** What ended a turn. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** The provider named a time. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The turn is over and the job is not. `notBefore` null: at once. A rest that is named is no time of failing, for Gmail's lasts as long as the patience
 * with a job that comes nowhere; what follows the rest is, also where each failure names one (a move that is not repeated before 15 seconds).
 */
export async function endTurn(sql: Sql, id: string, notBefore: Date | null, failure: Failure | null): Promise<void> {
  await sql.query(
    `update maildrain.admin_job
        set state = 'queued', not_before = $2,
            failures = failures + case when $3::text is null then 0 else 1 end,
            failing_since = case when $3::text is null then failing_since
                                 when $5::float8 is null then coalesce(failing_since, now())
                                 else coalesce(failing_since, now()) + make_interval(secs => $5 / 1000) end,
            error_code = coalesce($3, error_code), error = coalesce($4, error)
      where id = $1 and ${IS_OPEN}`,
    [id, notBefore, failure?.code ?? null, failure?.message ?? null, failure?.retryAfterMs ?? null],
  );
  await tell(sql, id);
}

/**
 * The host lacks what the job needs, and another may have it. No failure of the job, and none is counted; since when it is so is told by `failing_since`
 * as long as nothing else goes wrong.
 */
export async function leaveToOthers(sql: Sql, id: string, notBefore: Date, { code, message }: Failure): Promise<void> {
  await sql.query(
    `update maildrain.admin_job
        set state = 'queued', not_before = $2, error_code = $3, error = $4,
            failing_since = case when error_code = $3 then coalesce(failing_since, now()) else now() end
      where id = $1 and ${IS_OPEN}`,
    [id, notBefore, code, message],
  );
  await tell(sql, id);
}

export interface End {
  readonly state: EndState;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** The job has ended, and the record says who asked for what and what came of it. One transaction. */
export async function finishJob(sql: Sql, id: string, end: End): Promise<void> {
  await inTransaction(sql, () => finish(sql, id, end));
}

async function finish(sql: Sql, id: string, { state, error }: End): Promise<void> {
  const { rows } = await sql.query<SqlRow>(
    `update maildrain.admin_job
        set state = $2, error_code = $3, error = $4, not_before = null, finished_at = now()
      where id = $1 and ${IS_OPEN} returning ${COLUMNS}`,
    [id, state, error?.code ?? null, error?.message ?? null],
  );
  const row = rows[0];
  if (row === undefined) return;
  const job = toJob(row);
  // A turn that was killed could not take back what it had not sent, and there is no other one that would send it.
  if (job.kind === 'restore') await forgetUnsaid(sql, id);
  const ledger = job.kind === 'purge' && state !== 'done' ? (job.cursor as PlanCursor | null)?.ledger : undefined;
  if (ledger !== undefined) await keepRestored(sql, ledger.mailboxId);
  if (ledger?.drained === false) await keepOwedByPurge(sql, ledger.mailboxId);
  const inHand = state === 'done' ? null : await sliceInHand(sql, job);
  // Before the others, which may be as many as are kept: nothing else says so.
  const notes = inHand === null ? job.notes : withNotes([inHand.note], job.notes);
  if (inHand !== null) await sql.query(`update maildrain.admin_job set notes = $2 where id = $1`, [id, notes]);
  const report = {
    jobId: job.id,
    outcome: state,
    mailbox: job.mailbox,
    requestedBy: job.requestedBy,
    cancelRequestedBy: job.cancelRequestedBy,
    planId: job.planId,
    criteria: job.criteria,
    args: job.args,
    done: job.done,
    total: job.total,
    counts: job.counts,
    inHand: inHand?.counts ?? null,
    notes,
    // An Error's own message is not among what JSON takes of it, and jsonb refuses half of a surrogate pair.
    error: error === null ? null : { code: error.code, message: error.message.toWellFormed() },
  };
  const { kind, mailbox, login, createdAt } = job;
  const startedAt = job.startedAt ?? createdAt;
  await recordAsked(sql, { job: kind, mailbox, login, startedAt, report, errorCode: error?.code ?? null });
  await tell(sql, id);
}

/**
 * Asks for an end between two slices. A job that nobody works on ends at once.
 *
 * @returns the job as it is then; null: there is none
 */
export async function cancelJob(database: Database, id: string, by: string): Promise<Job | null> {
  const pen = await database.take();
  try {
    const sql = pen.client;
    await sql.query(
      `update maildrain.admin_job set cancel_requested_at = now(), cancel_requested_by = $2
        where id = $1 and ${IS_OPEN} and cancel_requested_at is null`,
      [id, by],
    );
    await tell(sql, id);
    const claimed = await claimJob(sql, id);
    if (claimed !== 'busy' && claimed !== null) await finishJob(sql, id, { state: 'cancelled', error: null });
    return await findJob(sql, id);
  } finally {
    await pen.release();
  }
}
