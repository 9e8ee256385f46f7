// Runs one turn of an admin job: takes the locks, lets the job work slice by slice, writes each slice down, and ends the turn when it has lasted
// long enough, when a drain of the same login waits, or when somebody cancels. What a job does is in the job's own file.

import { loginOf } from '../config.ts';
import { decideJob, decideUnknownMailbox } from '../decide.ts';
import type { DrainContext } from '../drain/drain.ts';
import { MaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { MailboxConfig } from '../model.ts';
import type { AdminJobKind, Step } from '../model-admin.ts';
import {
  beat,
  beginTurn,
  claimJob,
  type EndState,
  endTurn,
  finishJob,
  type Job,
  leaveToOthers,
  listenToJob,
  type Standing,
  saveStep,
  withStep,
} from '../store/admin-jobs.ts';
import { isLoginWanted, lockLoginForTurn, takeHostSlot } from '../store/lock.ts';
import { findMailbox, writesRestUntil } from '../store/mailboxes.ts';
import { ensurePartitions } from '../store/migrate.ts';
import { type Pen, type Sql, toDatabaseError } from '../store/pool.ts';
import type { AdminJob } from './job.ts';

/** Long enough that logging in again does not count, short enough that a mailbox drained every minute hardly notices. */
const TURN_MS = 15_000;
/** A drain that waits gets the login after so much of a turn; sooner, and a job among many drains would come nowhere. */
const LEAST_TURN_MS = 3_000;
/** How often the row is asked whether somebody cancels. That is told, too (NOTIFY), and so this is only for what was not heard, and for the sign of life. */
const BEAT_MS = 1_000;

/** Counts whose messages are not where they should be: the job is only partly done. */
const OWED = ['held', 'missing', 'unseen', 'pending', 'left', 'refused', 'failed', 'twice'];
/** What cannot be put back any more. Of other jobs such a count is what they are there for. */
const OWED_BY_RESTORE = [...OWED, 'expired'];

export interface EngineOptions {
  readonly context: DrainContext;
  readonly jobOf: (kind: AdminJobKind) => AdminJob;
  /** The current configuration. */
  readonly mailboxes: () => readonly MailboxConfig[];
  /** For tests only: milliseconds in place of the constants of this file. */
  readonly timing?: { readonly turnMs?: number; readonly leastTurnMs?: number; readonly beatMs?: number };
}

export type TurnOutcome =
  | { readonly outcome: 'ended'; readonly state: EndState }
  /** Another turn is wanted; `at` null: at once. */
  | { readonly outcome: 'again'; readonly at: Date | null }
  /** The job, its login or its server's connections are in other hands: try again in a moment. */
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'unknown' };

const BUSY: TurnOutcome = { outcome: 'busy' };

/**
 * Works on a job for one turn.
 *
 * @param signal asks to end after the slice in hand: the process stops
 * @throws MaildrainError DATABASE_* where nothing could be written down
 */
export async function runTurn(options: EngineOptions, id: string, signal: AbortSignal): Promise<TurnOutcome> {
  const pen = await options.context.database.take();
  try {
    const job = await claimJob(pen.client, id);
    if (job === 'busy') return BUSY;
    if (job === null) return { outcome: 'unknown' };
    if (job.state !== 'queued' && job.state !== 'running') return { outcome: 'ended', state: job.state };
    if (job.cancelRequestedAt !== null) return await end(pen.client, job.id, 'cancelled');
    if (job.notBefore !== null && job.notBefore > new Date()) return { outcome: 'again', at: job.notBefore };
    return await new EngineTurn(options, pen, job, signal).run();
  } finally {
    await pen.release();
  }
}

async function end(sql: Sql, id: string, state: EndState, error: MaildrainError | null = null): Promise<TurnOutcome> {
  await finishJob(sql, id, { state, error });
  return { outcome: 'ended', state };
}

class EngineTurn {
  readonly #options: EngineOptions;
  readonly #pen: Pen;
  readonly #job: Job;
  readonly #log: Log;
  readonly #outer: AbortSignal;
  readonly #over = new AbortController();
  readonly #cancel = new AbortController();
  readonly #startedAt = Date.now();
  #clock: NodeJS.Timeout | null = null;
  #standing: Standing;
  #steps = 0;
  /** The job has said that nothing is left. */
  #complete = false;
  #cancelled = false;

  constructor(options: EngineOptions, pen: Pen, job: Job, signal: AbortSignal) {
    this.#options = options;
    this.#pen = pen;
    this.#job = job;
    this.#outer = signal;
    this.#standing = job;
    const { kind, mailbox } = job;
    this.#log = options.context.log.child({ adminJob: job.id, kind, ...(mailbox === null ? {} : { mailbox }) });
  }

  async run(): Promise<TurnOutcome> {
    try {
      const definition = this.#options.jobOf(this.#job.kind);
      const mailbox = definition.needsMailbox ? this.#mailbox() : null;
      if (mailbox !== null) {
        const wait = await this.#prepare(mailbox);
        if (wait !== null) return wait;
      }
      return await this.#work(definition, mailbox);
    } catch (error) {
      return await this.#failed(this.#pen.lost.aborted ? this.#pen.lost.reason : error);
    }
  }

  #mailbox(): MailboxConfig {
    const { mailbox: name, login } = this.#job;
    const mailbox = this.#options.mailboxes().find((candidate) => candidate.name === name);
    if (mailbox === undefined) throw new MaildrainError('MAILBOX_UNKNOWN', `there is no mailbox "${name}" any more`);
    if (loginOf(mailbox) !== login)
      throw new MaildrainError('PLAN_OUTDATED', `"${name}" is another account now than when the job was asked for`);
    return mailbox;
  }

  /** Locks, and everything that keeps drains off the server keeps jobs off it too. Null: go ahead. */
  async #prepare(mailbox: MailboxConfig): Promise<TurnOutcome | null> {
    const sql = this.#pen.client;
    const login = loginOf(mailbox);
    const { connectionsPerHost } = this.#options.context;
    const row = await findMailbox(sql, { name: mailbox.name, login, folder: mailbox.folder });
    if (row !== null && row.stoppedAt !== null)
      throw new MaildrainError(
        'MAILBOX_STOPPED',
        `the mailbox is stopped (${row.stoppedCode}): "maildrain resume ${mailbox.name}", then retry the job`,
      );
    const rest = await writesRestUntil(sql, login, new Date());
    const pause = [row?.notBefore ?? null, rest].flatMap((at) => (at !== null && at > new Date() ? [at] : []));
    if (pause.length > 0) {
      const at = new Date(Math.max(...pause.map(Number)));
      await endTurn(sql, this.#job.id, at, null);
      return { outcome: 'again', at };
    }
    if (!(await lockLoginForTurn(sql, login))) return BUSY;
    const slot = Math.floor(Math.random() * connectionsPerHost);
    return (await takeHostSlot(sql, mailbox.imap.host, connectionsPerHost, slot)) ? null : BUSY;
  }

  async #work(definition: AdminJob, mailbox: MailboxConfig | null): Promise<TurnOutcome> {
    const sql = this.#pen.client;
    const { context } = this.#options;
    await ensurePartitions(sql, new Date());
    await beginTurn(sql, this.#job.id);
    const signal = AbortSignal.any([this.#outer, this.#pen.lost, this.#cancel.signal, this.#over.signal]);
    const worked = (): void => this.#worked();
    // What the step adds to stands still till it is yielded: its transaction may come to nothing.
    const save = (step: Step): Promise<void> => saveStep(sql, id, step.cursor, withStep(this.#standing, step));
    const { id, kind, criteria, args, planId, cursor } = this.#job;
    const request = { id, kind, criteria, args, planId, cursor };
    const watch = setInterval(() => void this.#watch(), this.#options.timing?.beatMs ?? BEAT_MS);
    try {
      await listenToJob(this.#pen, id, () => void this.#watch());
      const mailboxes = this.#options.mailboxes();
      for await (const step of definition.work({
        request,
        mailbox,
        mailboxes,
        pen: this.#pen,
        context,
        signal,
        worked,
        save,
      })) {
        this.#standing = withStep(this.#standing, step);
        await saveStep(sql, id, step.cursor, this.#standing);
        this.#steps++;
        this.#complete = step.last === true;
        // A walk that finds nothing to do has come somewhere too; with a mailbox it may have been the opening only.
        if (step.done > 0 || mailbox === null) worked();
        if (mailbox !== null && !signal.aborted) await this.#yieldToDrain(loginOf(mailbox));
        if (signal.aborted) break;
      }
    } finally {
      clearTimeout(this.#clock ?? undefined);
      clearInterval(watch);
    }
    return this.#ended(signal.aborted);
  }

  /**
   * The clock of a turn runs from its beginning, and is looked at when something has been done: on a server where logging in lasts as long as a turn the
   * job would never come to work.
   */
  #worked(): void {
    if (this.#clock !== null) return;
    const { turnMs = TURN_MS, leastTurnMs = LEAST_TURN_MS } = this.#options.timing ?? {};
    const left = turnMs - (Date.now() - this.#startedAt);
    this.#clock = setTimeout(() => this.#over.abort(), Math.max(left, Math.min(leastTurnMs, turnMs)));
  }

  /** Is it cancelled? Never throws: when Postgres is gone the pen says so. */
  async #watch(): Promise<void> {
    try {
      if (!(await beat(this.#options.context.database.sql, this.#job.id))) return;
      this.#cancelled = true;
      this.#cancel.abort();
    } catch (error) {
      this.#log.debug({ error }, 'the row of an admin job could not be looked at');
    }
  }

  async #yieldToDrain(login: string): Promise<void> {
    const least = this.#options.timing?.leastTurnMs ?? LEAST_TURN_MS;
    if (this.#clock === null || Date.now() - this.#startedAt < least) return;
    if (await isLoginWanted(this.#pen.client, login)) this.#over.abort();
  }

  async #ended(early: boolean): Promise<TurnOutcome> {
    const sql = this.#pen.client;
    const { id } = this.#job;
    const { done, counts } = this.#standing;
    this.#log.info(
      { ...counts, done, ms: Date.now() - this.#startedAt },
      early ? 'turn of an admin job over' : 'admin job done',
    );
    // What was cancelled during its last slice is done all the same. How many there were to be says nothing: they were counted before the job began.
    const complete = !early || this.#complete;
    if (this.#cancelled && !complete) return end(sql, id, 'cancelled');
    if (!complete) {
      await endTurn(sql, id, null, null);
      return { outcome: 'again', at: null };
    }
    const owed = this.#job.kind === 'restore' ? OWED_BY_RESTORE : OWED;
    return end(sql, id, owed.some((name) => (counts[name] ?? 0) > 0) ? 'partial' : 'done');
  }

  async #failed(thrown: unknown): Promise<TurnOutcome> {
    // A statement outside a transaction throws what Postgres said, sooner than the pen knows that its connection is gone.
    const error = toDatabaseError(thrown);
    const { lost, client } = this.#pen;
    if (!lost.aborted) return this.#record(client, this.#job, error);
    // The lock went with the connection: another host may work on the job by now, or have ended it, and the row is that host's.
    const pen = await this.#options.context.database.take();
    try {
      const job = await claimJob(pen.client, this.#job.id);
      if (job === 'busy') return BUSY;
      if (job === null) return { outcome: 'unknown' };
      if (job.state !== 'queued' && job.state !== 'running') return { outcome: 'ended', state: job.state };
      return await this.#record(pen.client, job, error);
    } finally {
      await pen.release();
    }
  }

  /** What follows from an error, for the job as it is now. On a connection that holds its lock. */
  async #record(sql: Sql, job: Job, error: MaildrainError): Promise<TurnOutcome> {
    const { id, failures, failingSince } = job;
    if (this.#cancelled) return end(sql, id, 'cancelled');
    if (error.code === 'MAILBOX_UNKNOWN') return this.#leaveToOthers(sql, job, error);
    // What breaks because we asked to end is no failure, as long as the turn came somewhere.
    const asked = this.#over.signal.aborted || this.#outer.aborted;
    if (asked && (error.code === 'ABORTED' || this.#steps > 0)) {
      await endTurn(sql, id, null, null);
      return { outcome: 'again', at: null };
    }
    const history = this.#steps > 0 ? { failures: 0, failingSince: null } : { failures, failingSince };
    const verdict = decideJob(error, history, new Date(), Math.random());
    this.#log.warn(
      { code: error.code, error, retryAt: verdict.notBefore },
      verdict.stop ? 'admin job failed' : 'admin job waits',
    );
    if (verdict.stop) return end(sql, id, 'failed', error);
    await endTurn(sql, id, verdict.notBefore, error);
    return { outcome: 'again', at: verdict.notBefore };
  }

  async #leaveToOthers(sql: Sql, { id, errorCode, failingSince }: Job, error: MaildrainError): Promise<TurnOutcome> {
    const { stop, notBefore } = decideUnknownMailbox(errorCode === error.code ? failingSince : null, new Date());
    this.#log.warn({ code: error.code, error }, stop ? 'admin job failed' : 'admin job left to other hosts');
    if (stop || notBefore === null) return end(sql, id, 'failed', error);
    await leaveToOthers(sql, id, notBefore, error);
    return { outcome: 'again', at: notBefore };
  }
}
