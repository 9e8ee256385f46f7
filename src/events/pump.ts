// One consumer's pump in this process: it waits for the consumer's lock, works a shift with it, and begins again when the shift was cut. Of all
// processes one has the lock; the others stand by and take over within seconds when it goes away.

import { setTimeout as sleep } from 'node:timers/promises';
import { asMaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import { lockSink } from '../store/lock.ts';
import type { Database } from '../store/pool.ts';
import { Patience } from './patience.ts';
import type { Sender } from './sender.ts';
import { POLL_MS, Shift } from './shift.ts';

/** How often a process that stands by tries the lock: each try takes a connection for a moment. */
const STANDBY_MS = 5_000;
/** What is cut ends at once, unless it is a function that knows no signal. */
const CUT_MS = 1_000;
/** A queue's connection says goodbye in this time, or is left to the end of the process. */
const CLOSE_MS = 4_000;

export interface PumpOptions {
  readonly database: Database;
  readonly sink: string;
  readonly sender: Sender;
  readonly log: Log;
  /** For tests only: milliseconds in place of the constants of this room. */
  readonly timing?: { readonly pollMs?: number; readonly standbyMs?: number };
}

export class Pump {
  readonly #options: PumpOptions;
  readonly #patience = new Patience();
  readonly #stopping = new AbortController();
  #shift: Shift | null = null;
  #life: Promise<void> | null = null;
  #stopped: Promise<boolean> | null = null;
  /** Postgres cannot be used; said once. */
  #trouble = false;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  start(): void {
    this.#life ??= this.#live();
  }

  /** There may be new events. */
  wake(): void {
    this.#shift?.wake();
  }

  /**
   * Ends after the events in hand, at most `graceMs` later, and says whether the connection was given back. Twice is once. Never throws, never hangs.
   */
  stop(graceMs: number): Promise<boolean> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<boolean> {
    this.#stopping.abort();
    this.#shift?.end();
    const life = this.#life ?? Promise.resolve();
    let ended = await endsWithin(graceMs, life);
    if (!ended) {
      this.#shift?.cut();
      ended = await endsWithin(CUT_MS, life);
    }
    await endsWithin(CLOSE_MS, this.#options.sender.close());
    return ended;
  }

  async #live(): Promise<void> {
    const { log, sink, timing } = this.#options;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#work();
        this.#trouble = false;
      } catch (thrown) {
        const error = asMaildrainError(thrown);
        if (!this.#trouble) log.error({ sink, code: error.code, error }, 'events cannot be read or struck off');
        this.#trouble = true;
      }
      await sleep(timing?.standbyMs ?? STANDBY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  /** Tries the lock and, with it, works until the shift ends. */
  async #work(): Promise<void> {
    const { database, sink, sender, log, timing } = this.#options;
    const pen = await database.take();
    let shift: Shift | null = null;
    try {
      if (this.#stopping.signal.aborted || !(await lockSink(pen.client, sink))) return;
      this.#trouble = false;
      shift = new Shift(pen, this.#patience, { sink, sender, log, pollMs: timing?.pollMs ?? POLL_MS });
      this.#shift = shift;
      if (this.#stopping.signal.aborted) shift.end();
      await shift.run();
    } finally {
      this.#shift = null;
      await (shift?.unsettled === true ? pen.discard() : pen.release());
    }
  }
}

async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const clock = new AbortController();
  const late = sleep(ms, false, { signal: clock.signal }).catch(() => false);
  const ended = await Promise.race([
    work.then(
      () => true,
      () => true,
    ),
    late,
  ]);
  clock.abort();
  return ended;
}
