// The service's side of the queue: schedules kept equal to the configuration, a timer that repairs them and wakes mailboxes whose retry
// time has come, and a worker. The drain is injected; what it does and remembers is in Postgres, the queue is only the clock.
import type { TurnOutcome } from '../admin/engine.ts';
import { asMaildrainError, MaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { DrainReport, MailboxConfig } from '../model.ts';
import { type AdminLink, AdminWork, enqueueAdmin, enqueueForgotten } from './admin-queue.ts';
import { type Link, type LinkOptions, openAdminLink, openLink } from './link.ts';
import { settledWithin } from './outage.ts';
import { ANSWER_MS, answered } from './producer.ts';
import { type Changes, enqueueDrain, inBatches, nextRuns, reconcileSchedules } from './schedules.ts';
import { ABANDON_MS, DrainWork, LOCK_MS, WAIT_MS } from './worker.ts';

/** A flushed Redis is whole again, and a retry time is noticed, within this many milliseconds. */
const TICK_MS = 30_000;

export interface JobsOptions extends LinkOptions {
  /** Drains at once in this process. */
  readonly concurrency: number;
  readonly log: Log;
  /** The current configuration; asked again at every use. */
  readonly mailboxes: () => readonly MailboxConfig[];
  readonly drain: (name: string, signal: AbortSignal) => Promise<DrainReport>;
  /** Mailboxes whose retry time has come, from Postgres. Names that are not configured are passed over. */
  readonly due: () => Promise<readonly string[]>;
  /** Admin jobs; absent: none are worked here. */
  readonly admin?: {
    readonly turn: (id: string, signal: AbortSignal) => Promise<TurnOutcome>;
    /** Ids of open jobs whose time has come, from Postgres. */
    readonly open: () => Promise<readonly string[]>;
  };
  /** Called after every look at the queue that went well. */
  readonly onHeartbeat?: () => void;
  /** For tests only: milliseconds in place of the constants of this room. */
  readonly timing?: {
    readonly tickMs?: number;
    readonly lockMs?: number;
    readonly waitMs?: readonly [least: number, most: number];
    readonly abandonMs?: number;
  };
}

export interface Jobs {
  /** Connects, reconciles, then works. Throws what `openLink` throws; nothing is left open then. */
  start(): Promise<void>;
  /** Makes the schedules match the configuration now. Throws QUEUE_UNAVAILABLE. */
  reconcile(): Promise<Changes>;
  /** "Drain now", once per mailbox; one more run follows an active one. Returns the job's id. Throws QUEUE_UNAVAILABLE. */
  enqueue(name: string): Promise<string>;
  /** Tells the queue of an admin job. Throws QUEUE_UNAVAILABLE; the next tick tells it then. */
  enqueueAdmin(id: string): Promise<void>;
  nextRuns(): Promise<Map<string, Date>>;
  /** Takes no new jobs, aborts the running drains and waits for them at most `graceMs` milliseconds. Twice is once. Never throws, never hangs. */
  stop(graceMs: number): Promise<void>;
  readonly backend: 'redis' | 'postgres';
}

export function createJobs(options: JobsOptions): Jobs {
  return new QueuedJobs(options);
}

class QueuedJobs implements Jobs {
  readonly backend: 'redis' | 'postgres';
  readonly #options: JobsOptions;
  readonly #log: Log;
  #link: Link | null = null;
  #work: DrainWork | null = null;
  #adminLink: AdminLink | null = null;
  #adminWork: AdminWork | null = null;
  #timer: NodeJS.Timeout | undefined;
  #started: Promise<void> | null = null;
  #stopped: Promise<void> | null = null;
  /** Reconciling is serial: two at once would undo each other's reading. */
  #reconciling: Promise<unknown> = Promise.resolve();
  /** When a mailbox was last given a run because its schedule was new, epoch milliseconds. */
  readonly #firstRuns = new Map<string, number>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#log = options.log;
    this.backend = options.redisUrl === null ? 'postgres' : 'redis';
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    const { concurrency, mailboxes, drain, timing } = this.#options;
    try {
      this.#link = await openLink(this.#options);
      await this.reconcile();
      // stop() may come while we wait; it closes what we opened once we have returned.
      if (this.#stopped !== null) return;
      this.#work = new DrainWork(this.#link, {
        concurrency,
        mailboxes,
        drain,
        log: this.#log,
        lockMs: timing?.lockMs ?? LOCK_MS,
        waitMs: timing?.waitMs ?? WAIT_MS,
        abandonMs: timing?.abandonMs ?? ABANDON_MS,
      });
      await answered('the worker is not ready', this.#work.ready());
      await this.#startAdmin();
    } catch (error) {
      await this.#shut(0);
      throw error;
    }
    this.#log.info({ backend: this.backend, concurrency, mailboxes: mailboxes().length }, 'queue is being worked');
    await this.#wakeDue();
    await this.#wakeAdmin();
    this.#options.onHeartbeat?.();
    this.#arm();
  }

  async #startAdmin(): Promise<void> {
    const { admin, timing } = this.#options;
    if (admin === undefined || this.#stopped !== null) return;
    this.#adminLink = await openAdminLink(this.#options);
    this.#adminWork = new AdminWork(this.#adminLink, {
      turn: admin.turn,
      log: this.#log,
      lockMs: timing?.lockMs ?? LOCK_MS,
      waitMs: timing?.waitMs ?? WAIT_MS,
    });
    await answered('the worker of admin jobs is not ready', this.#adminWork.ready());
  }

  reconcile(): Promise<Changes> {
    const next = this.#reconciling.catch(() => undefined).then(() => this.#reconcile());
    this.#reconciling = next;
    // Its own caller hears of a failure; the chain must not count as unhandled.
    next.catch(() => undefined);
    return next;
  }

  async #reconcile(): Promise<Changes> {
    const { queue } = this.#open();
    const mailboxes = this.#options.mailboxes();
    const changes = await answered('schedules are not reconciled', reconcileSchedules(queue, mailboxes, this.#log));
    const { added, changed, removed } = changes;
    if (added.length + changed.length + removed.length > 0) {
      this.#log.info({ added: added.length, changed: changed.length, removed: removed.length }, 'schedules reconciled');
    }
    await answered('new mailboxes are not enqueued', this.#runFirst(added, mailboxes));
    return changes;
  }

  /**
   * A staggered scheduler first fires at its slot, up to one interval away; a new mailbox is drained at once. Not more often than its interval: two hosts with
   * different configurations take each other's schedules away at every tick, and that must not become a drain at every tick. A `cron` names its times
   * itself and is left to them.
   */
  async #runFirst(added: readonly string[], mailboxes: readonly MailboxConfig[]): Promise<void> {
    const intervals = new Map(mailboxes.map(({ name, everyMs }) => [name, everyMs]));
    await inBatches(added, async (name) => {
      const everyMs = intervals.get(name) ?? null;
      const last = this.#firstRuns.get(name);
      if (everyMs === null || (last !== undefined && Date.now() - last < everyMs)) return;
      this.#firstRuns.set(name, Date.now());
      await enqueueDrain(this.#open().queue, name);
    });
  }

  /** Never throws: a mailbox that is not woken now is asked for again at the next tick. */
  async #wakeDue(): Promise<boolean> {
    let due: readonly string[];
    try {
      due = await this.#options.due();
    } catch (thrown) {
      const error = asMaildrainError(thrown);
      this.#log.warn({ code: error.code, error }, 'retry times could not be read');
      return false;
    }
    const configured = new Set(this.#options.mailboxes().map(({ name }) => name));
    try {
      const { queue } = this.#open();
      const enqueue = inBatches(
        [...new Set(due)].filter((name) => configured.has(name)),
        async (name) => {
          await enqueueDrain(queue, name);
        },
      );
      await answered('mailboxes whose retry time has come are not enqueued', enqueue);
      return true;
    } catch (error) {
      this.#link?.outage.fault(error);
      return false;
    }
  }

  /** Never throws: an open job that is not told now is told at the next tick. */
  async #wakeAdmin(): Promise<void> {
    const link = this.#adminLink;
    if (link === null || this.#options.admin === undefined) return;
    try {
      const open = await this.#options.admin.open();
      await answered('open admin jobs are not enqueued', enqueueForgotten(link.queue, open));
    } catch (error) {
      link.outage.fault(error);
    }
  }

  async #tick(): Promise<void> {
    try {
      await this.reconcile();
    } catch (error) {
      this.#link?.outage.fault(error);
      return;
    }
    this.#link?.outage.restored();
    await this.#wakeAdmin();
    if (await this.#wakeDue()) this.#options.onHeartbeat?.();
  }

  #arm(): void {
    if (this.#stopped !== null) return;
    this.#timer = setTimeout(() => {
      void this.#tick().then(() => this.#arm());
    }, this.#options.timing?.tickMs ?? TICK_MS);
  }

  enqueue(name: string): Promise<string> {
    return this.#ask('the drain is not enqueued', ({ queue }) => enqueueDrain(queue, name));
  }

  async enqueueAdmin(id: string): Promise<void> {
    if (this.#adminLink === null) throw new MaildrainError('QUEUE_UNAVAILABLE', 'the queue is not started');
    await answered('the job is not enqueued', enqueueAdmin(this.#adminLink.queue, id));
  }

  nextRuns(): Promise<Map<string, Date>> {
    return this.#ask('the next runs are not known', ({ queue }) => nextRuns(queue));
  }

  async #ask<T>(what: string, call: (link: Link) => Promise<T>): Promise<T> {
    return await answered(what, call(this.#open()));
  }

  #open(): Link {
    if (this.#link === null) throw new MaildrainError('QUEUE_UNAVAILABLE', 'the queue is not started');
    return this.#link;
  }

  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    clearTimeout(this.#timer);
    // A start in progress ends by its own bounds and opens nothing more once we are stopping.
    if (this.#started !== null) await settledWithin(ANSWER_MS, this.#started);
    clearTimeout(this.#timer);
    await this.#shut(graceMs);
  }

  async #shut(graceMs: number): Promise<void> {
    const [work, adminWork] = [this.#work, this.#adminWork];
    this.#work = null;
    this.#adminWork = null;
    await Promise.all([work?.stop(graceMs), adminWork?.stop(graceMs)]);
    // Closing under a reconcile only makes it fail; it is done again at the next start.
    await settledWithin(Math.min(graceMs, ANSWER_MS), this.#reconciling);
    const link = this.#link;
    this.#link = null;
    const adminLink = this.#adminLink;
    this.#adminLink = null;
    await Promise.all([link?.close(), adminLink?.close()]);
  }
}
