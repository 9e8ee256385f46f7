// Works the queue: one job is one call of the injected drain, whose every outcome is mapped to what the queue should remember. Runs may
// overlap, be started twice after a stall, or lose their lock: the drain itself locks, so here it is enough to abort and to free the slot.
import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { asMaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { DrainReport, MailboxConfig } from '../model.ts';
import type { DrainJob, DrainWorker, Link } from './link.ts';
import { settledWithin } from './outage.ts';
import { type JobResult, jobResult, readJobData } from './payload.ts';
import { schedulerId } from './schedules.ts';

/** BullMQ's own default: longer than any pause of the event loop we know, short enough that a dead worker's jobs move on. */
export const LOCK_MS = 30_000;
/**
 * How long to wait for a free connection slot of a mail host, milliseconds, drawn at random so that a fleet does not come back together. A drain of a few
 * messages takes one to three seconds.
 */
export const WAIT_MS: readonly [least: number, most: number] = [2_000, 10_000];
/**
 * A drain that has not ended this long after its signal has lost its mind (its sockets and statements time out within five and a half minutes); its slot is given to others.
 */
export const ABANDON_MS = 6 * 60_000;
/** After the drains have ended, how long their outcomes may take to reach the queue, milliseconds. */
const RECORD_MS = 2_000;
const POLL_MS = 20;

export interface WorkOptions {
  readonly concurrency: number;
  readonly lockMs: number;
  readonly waitMs: readonly [least: number, most: number];
  readonly abandonMs: number;
  readonly log: Log;
  readonly mailboxes: () => readonly MailboxConfig[];
  readonly drain: (name: string, signal: AbortSignal) => Promise<DrainReport>;
}

/** One drain in this process. */
interface Run {
  readonly job: DrainJob;
  readonly abort: AbortController;
  ended: Promise<unknown>;
}

export class DrainWork {
  readonly #link: Link;
  readonly #options: WorkOptions;
  readonly #worker: DrainWorker;
  readonly #runs = new Set<Run>();
  /** Jobs whose drain ended during stop() and whose outcome is not yet in the queue. */
  readonly #unrecorded = new Set<DrainJob>();
  #stopping = false;

  constructor(link: Link, options: WorkOptions) {
    this.#link = link;
    this.#options = options;
    const { concurrency, lockMs, log } = options;
    // Three parameters, or BullMQ makes no signal.
    const processor = (job: DrainJob, token?: string, signal?: AbortSignal) => this.#process(job, token, signal);
    this.#worker = link.openWorker(processor, { concurrency, lockMs, stalledMs: lockMs });
    this.#worker.on('error', (error) => link.outage.fault(error));
    this.#worker.on('completed', (job) => this.#unrecorded.delete(job));
    this.#worker.on('failed', (job, error) => {
      if (job !== undefined) this.#unrecorded.delete(job);
      // Ours are logged where they happen; this is BullMQ's own verdict, such as "stalled more than allowable limit".
      if (!(error instanceof UnrecoverableError)) log.warn({ job: job?.id, error }, 'job failed in the queue');
    });
    this.#worker.on('stalled', (id) => log.warn({ job: id }, 'job stalled, it will run again'));
    this.#worker.on('lockRenewalFailed', (ids) => this.#lockLost(ids));
  }

  /** Throws when the worker cannot reach the queue; waits as long as that takes. */
  async ready(): Promise<void> {
    await this.#worker.waitUntilReady();
  }

  /** Takes no new job, aborts what runs, waits for it at most `graceMs`, cuts the connections. Never throws. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    // `true`: the other form waits for ever for a server that is gone. A job that is fetched all the same is put back by #process.
    await settledWithin(RECORD_MS, this.#worker.pause(true));
    for (const run of this.#runs) run.abort.abort(new Error('maildrain is stopping'));
    if (!(await settledWithin(graceMs, Promise.allSettled([...this.#runs].map((run) => run.ended))))) {
      const mailboxes = [...this.#runs].map((run) => run.job.data.mailbox);
      this.#options.log.warn({ n: mailboxes.length, mailboxes }, 'drains did not stop in time, they will be resumed');
    }
    for (let waited = 0; this.#unrecorded.size > 0 && waited < RECORD_MS; waited += POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await this.#link.closeWorker(this.#worker);
  }

  #lockLost(ids: readonly string[]): void {
    this.#options.log.warn({ jobs: ids }, 'job lock lost, its drain is aborted');
    // Not worker.cancelJob: it knows only the latest run of an id, and after a stall the same job may run here twice.
    for (const run of this.#runs) {
      if (run.job.id !== undefined && ids.includes(run.job.id)) run.abort.abort(new Error('job lock lost'));
    }
  }

  async #process(job: DrainJob, token: string | undefined, signal: AbortSignal | undefined): Promise<JobResult> {
    if (this.#stopping) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const log = this.#options.log.child({ job: job.id });
    const data = readJobData(job.data);
    if (data === null) {
      log.error({}, 'job refused, its data is not ours');
      throw new UnrecoverableError('BUG');
    }
    const { mailbox } = data;
    if (!this.#options.mailboxes().some(({ name }) => name === mailbox)) {
      log.warn({ mailbox }, 'job for a mailbox that is not configured here');
      return { outcome: 'unknown' };
    }
    let report: DrainReport;
    try {
      report = await this.#run(job, mailbox, signal, log);
    } catch (thrown) {
      const error = asMaildrainError(thrown);
      log.error({ mailbox, code: error.code, error }, 'drain failed unexpectedly');
      // Only the code: a message may hold what the queue must not.
      throw new UnrecoverableError(error.code);
    } finally {
      if (this.#stopping) this.#unrecorded.add(job);
    }
    return this.#settle(job, token, report);
  }

  async #run(job: DrainJob, mailbox: string, signal: AbortSignal | undefined, log: Log): Promise<DrainReport> {
    const abort = new AbortController();
    for (const run of this.#runs) {
      // The same job again in this process: the queue gave the earlier run up, whether or not its renewal noticed.
      if (run.job.id === job.id) run.abort.abort(new Error('job lock lost'));
    }
    const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
    const work = this.#options.drain(mailbox, either);
    const run: Run = { job, abort, ended: work };
    this.#runs.add(run);
    work.then(
      () => this.#runs.delete(run),
      () => this.#runs.delete(run),
    );
    return await unlessAbandoned(work, either, this.#options.abandonMs, () =>
      log.error({ mailbox }, 'drain does not end after its signal, its slot is given up'),
    );
  }

  async #settle(job: DrainJob, token: string | undefined, report: DrainReport): Promise<JobResult> {
    switch (report.outcome) {
      case 'done':
      case 'partial':
      case 'stopped':
      case 'dry-run':
        return jobResult(report);
      case 'busy':
        // Somebody drains it right now. A scheduled run is served by that; who asked for a drain is promised one that starts later.
        return job.repeatJobKey === undefined ? this.#postpone(job, token, report) : jobResult(report);
      case 'waiting':
        return this.#postpone(job, token, report);
      case 'failed':
        throw new UnrecoverableError(report.error?.code ?? 'BUG');
    }
  }

  /**
   * Puts this one job back for a while; the queue goes on. When the next scheduled run comes first, that run is the retry: otherwise a crowded
   * host would gather a new waiting job at every interval.
   */
  async #postpone(job: DrainJob, token: string | undefined, report: DrainReport): Promise<JobResult> {
    const [least, most] = this.#options.waitMs;
    const at = Math.max(Date.now(), report.retryAt?.getTime() ?? 0) + least + Math.random() * (most - least);
    const scheduler = await this.#link.queue.getJobScheduler(schedulerId(job.data.mailbox));
    if (typeof scheduler?.next === 'number' && scheduler.next <= at) return jobResult(report);
    await job.moveToDelayed(Math.round(at), token);
    this.#unrecorded.delete(job);
    throw new DelayedError();
  }
}

/** The drain's report, or an error when it does not end within `ms` milliseconds of its signal. */
async function unlessAbandoned(
  work: Promise<DrainReport>,
  signal: AbortSignal,
  ms: number,
  onAbandon: () => void,
): Promise<DrainReport> {
  let timer: NodeJS.Timeout | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    const arm = () => {
      timer = setTimeout(() => {
        onAbandon();
        reject(new Error('drain abandoned after its signal'));
      }, ms);
    };
    if (signal.aborted) arm();
    else signal.addEventListener('abort', arm, { once: true });
    work.then(
      () => signal.removeEventListener('abort', arm),
      () => signal.removeEventListener('abort', arm),
    );
  });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(timer);
  }
}
