// Admin jobs on the queue: one queue job is one admin job, named by its id, and is put back after each turn, so that jobs take turns with each other. The
// turn is injected; what a job is and how far it has come is in Postgres, and what the queue forgot is put back from there.
import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { TurnOutcome } from '../admin/engine.ts';
import { asMaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { AdminQueueJob, Link, LinkQueue, LinkWorker } from './link.ts';
import { settledWithin } from './outage.ts';
import { ADMIN_JOB, type AdminJobData, readAdminJobData } from './payload.ts';
import { inBatches } from './schedules.ts';

/** Jobs worked at once in this process: they last minutes to hours, and each takes part of what drains could use. */
const CONCURRENCY = 2;
/** Between two turns of a job, milliseconds: others that wait for a place come first. */
const NEXT_TURN_MS = 100;
/** After the turns have ended, how long their outcomes may take to reach the queue, milliseconds. */
const RECORD_MS = 2_000;

/** Rows remember what came of a job; the queue forgets it at once, so that its id is free for a retry. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;

export type AdminLink = Link<AdminJobData, null>;

export interface AdminWorkOptions {
  readonly turn: (id: string, signal: AbortSignal) => Promise<TurnOutcome>;
  readonly lockMs: number;
  readonly waitMs: readonly [least: number, most: number];
  readonly log: Log;
}

/** Puts a job on the queue, or brings one that waits there forward. */
export async function enqueueAdmin(queue: LinkQueue<AdminJobData, null>, id: string): Promise<void> {
  const jobId = `admin-${id}`;
  // An id that is there already is left as it is.
  await queue.add(ADMIN_JOB, { id }, { ...JOB_OPTIONS, jobId });
  const job = await queue.getJob(jobId);
  // It may have begun between the two questions; then it needs no push.
  if (job !== undefined && (await job.isDelayed())) await job.promote().catch(() => undefined);
}

/** Puts open jobs on the queue; those that are there already are not touched. */
export async function enqueueForgotten(queue: LinkQueue<AdminJobData, null>, ids: readonly string[]): Promise<void> {
  await inBatches(ids, async (id) => {
    await queue.add(ADMIN_JOB, { id }, { ...JOB_OPTIONS, jobId: `admin-${id}` });
  });
}

interface Run {
  readonly job: AdminQueueJob;
  readonly abort: AbortController;
  readonly ended: Promise<unknown>;
}

export class AdminWork {
  readonly #link: AdminLink;
  readonly #options: AdminWorkOptions;
  readonly #worker: LinkWorker<AdminJobData, null>;
  readonly #runs = new Set<Run>();
  #stopping = false;

  constructor(link: AdminLink, options: AdminWorkOptions) {
    this.#link = link;
    this.#options = options;
    const { lockMs, log } = options;
    // Three parameters, or BullMQ makes no signal.
    const processor = (job: AdminQueueJob, token?: string, signal?: AbortSignal) => this.#process(job, token, signal);
    this.#worker = link.openWorker(processor, { concurrency: CONCURRENCY, lockMs, stalledMs: lockMs });
    this.#worker.on('error', (error) => link.outage.fault(error));
    this.#worker.on('failed', (job, error) => {
      if (!(error instanceof UnrecoverableError)) log.warn({ job: job?.id, error }, 'job failed in the queue');
    });
    this.#worker.on('stalled', (id) => log.warn({ job: id }, 'job stalled, it will run again'));
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const run of this.#runs) if (ids.includes(run.job.id ?? '')) run.abort.abort(new Error('job lock lost'));
    });
  }

  async ready(): Promise<void> {
    await this.#worker.waitUntilReady();
  }

  /** Takes no new job, ends the turns in hand after their slice, at most `graceMs` later. Never throws. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await settledWithin(RECORD_MS, this.#worker.pause(true));
    const runs = [...this.#runs];
    for (const run of runs) run.abort.abort(new Error('maildrain is stopping'));
    if (!(await settledWithin(graceMs, Promise.allSettled(runs.map((run) => run.ended)))))
      this.#options.log.warn({ n: runs.length }, 'admin jobs did not stop in time, they go on from their last slice');
    await this.#link.closeWorker(this.#worker);
  }

  async #process(job: AdminQueueJob, token: string | undefined, signal: AbortSignal | undefined): Promise<null> {
    if (this.#stopping) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const data = readAdminJobData(job.data);
    if (data === null) {
      this.#options.log.error({ job: job.id }, 'job refused, its data is not ours');
      throw new UnrecoverableError('BUG');
    }
    const abort = new AbortController();
    const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
    const turn = this.#turn(data.id, either);
    // Until its outcome is in the queue, so that a stop waits for that too.
    const ended = turn.then((outcome) => this.#settle(job, token, outcome));
    const run: Run = { job, abort, ended };
    this.#runs.add(run);
    try {
      return await ended;
    } finally {
      this.#runs.delete(run);
    }
  }

  async #turn(id: string, signal: AbortSignal): Promise<TurnOutcome> {
    try {
      return await this.#options.turn(id, signal);
    } catch (thrown) {
      const error = asMaildrainError(thrown);
      this.#options.log.warn({ adminJob: id, code: error.code, error }, 'turn of an admin job failed');
      // Nothing could be written down: the row still says that the job is open, and the next tick finds it.
      throw new UnrecoverableError(error.code);
    }
  }

  async #settle(job: AdminQueueJob, token: string | undefined, turn: TurnOutcome): Promise<null> {
    if (turn.outcome === 'ended' || turn.outcome === 'unknown') return null;
    const [least, most] = this.#options.waitMs;
    const soon = turn.outcome === 'busy' ? least + Math.random() * (most - least) : NEXT_TURN_MS;
    const at = turn.outcome === 'again' && turn.at !== null ? turn.at.getTime() : Date.now();
    await job.moveToDelayed(Math.round(at + soon), token);
    throw new DelayedError();
  }
}
