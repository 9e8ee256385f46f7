// The work at one consumer while its lock is ours: what waits is read, sent key by key in order, and struck off. Ends when it is told to, or
// when the connection that holds the lock is gone, for then another process may already be sending. When it begins and who tells it, is in
// pump.ts; how long a failure makes wait, in patience.ts.

import { asMaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Delivery, hasten, markDelivered, nextDeliveries, postpone, probeDelivery } from '../store/deliveries.ts';
import type { Pen } from '../store/pool.ts';
import { MAX_MS, type Patience, pauseMs } from './patience.ts';
import { NotDelivered, type Sender } from './sender.ts';

/** Keys that are sent at once: enough to fill the line to a consumer that answers in 50 ms with 160 events a second, and no flood. */
const KEYS_AT_ONCE = 8;
/** Keys in hand, with those that are told and wait to be struck off: one transaction then strikes off many. */
const KEYS_IN_HAND = 100;
/** Events that are read ahead. Bodies have some KB (at most about 35, with 60 quoted fields), and so many may be told twice after a crash. */
const WINDOW = 100;
/** Keys whose pause is over, read beside the window and sent alternately with it: neither keeps the other waiting. */
const RETRIES = 20;
/** Refusals are said so often at most: what is wrong with one kind of event is wrong with thousands. */
const SAID_AGAIN_MS = 60_000;
/** Events written by another process are noticed within this many milliseconds; those of this process ring. */
export const POLL_MS = 1_000;

export interface ShiftOptions {
  readonly sink: string;
  readonly sender: Sender;
  readonly log: Log;
  readonly pollMs: number;
}

export class Shift {
  readonly #pen: Pen;
  readonly #options: ShiftOptions;
  readonly #patience: Patience;
  /** Keys in hand, each with its chain, until its events are struck off. */
  readonly #active = new Map<string, Promise<void>>();
  /** How many of them are being sent. */
  #sending = 0;
  /** Read and not yet begun, in the order of the first event. */
  #queue: [key: string, deliveries: Delivery[]][] = [];
  #delivered: string[] = [];
  /** Statements on the pen, one after the other. */
  #writing: Promise<void> = Promise.resolve();
  /** Something may wait that the last look did not show. */
  #stale = true;
  #bell: (() => void) | null = null;
  /** No further event is begun. */
  readonly #ending = new AbortController();
  /** Sends in hand are cut. */
  readonly #cut = new AbortController();
  /** When a refusal was last said, epoch milliseconds. */
  #saidAt = 0;
  #closed = false;
  #broken: Error | null = null;

  /** @param patience outlives the shift: a lost connection to Postgres says nothing of the consumer */
  constructor(pen: Pen, patience: Patience, options: ShiftOptions) {
    this.#pen = pen;
    this.#patience = patience;
    this.#options = options;
  }

  /** Look now. */
  wake(): void {
    this.#stale = true;
    this.#bell?.();
  }

  /** Begins nothing more; run() resolves when what is in hand has ended. */
  end(): void {
    this.#ending.abort();
    this.#bell?.();
  }

  /** What is in hand ends now, as not delivered. */
  cut(): void {
    this.end();
    this.#cut.abort(new NotDelivered('maildrain is stopping'));
  }

  /** Works until end() or the loss of the connection. Throws the error of Postgres that ended it. */
  async run(): Promise<void> {
    const { lost } = this.#pen;
    const onLost = () => this.cut();
    if (lost.aborted) this.cut();
    lost.addEventListener('abort', onLost, { once: true });
    try {
      while (!this.#ending.signal.aborted) {
        await this.#fill();
        await this.#nap();
      }
      // A function of the program that never answers holds its key, but not the end.
      await Promise.race([Promise.all(this.#active.values()), aborted(this.#cut.signal)]);
      await this.#strikeOff();
    } finally {
      this.#closed = true;
      lost.removeEventListener('abort', onLost);
    }
    if (this.#broken !== null) throw this.#broken;
  }

  /** True when a statement may still be running on the pen. */
  get unsettled(): boolean {
    return this.#broken !== null;
  }

  /** Begins as many keys as may be sent now. */
  async #fill(): Promise<void> {
    if (this.#hasRoom() && this.#queue.length === 0 && this.#stale) await this.#read();
    while (this.#hasRoom() && !this.#ending.signal.aborted) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const [key, deliveries] = next;
      this.#sending++;
      this.#active.set(key, this.#chain(key, deliveries));
    }
  }

  #hasRoom(): boolean {
    return this.#sending < this.#patience.width(Date.now(), KEYS_AT_ONCE) && this.#active.size < KEYS_IN_HAND;
  }

  async #read(): Promise<void> {
    this.#stale = false;
    const { sink } = this.#options;
    await this.#write(async () => {
      const busy = [...this.#active.keys()];
      const { client } = this.#pen;
      if (this.#patience.down) {
        const probe = await probeDelivery(client, sink, busy);
        this.#queue = probe === null ? [] : [[probe.event.key, [probe]]];
        return;
      }
      const { fresh, retries } = await nextDeliveries(client, sink, { fresh: WINDOW, retries: RETRIES }, busy);
      this.#queue = alternately(byKey(fresh), byKey(retries));
      // A window full of few keys hides the others: they are looked for when these are in hand.
      if (fresh.length === WINDOW || retries.length === RETRIES) this.#stale = true;
    });
  }

  /** Sleeps until there may be something to do. */
  async #nap(): Promise<void> {
    const idle = this.#hasRoom() && (this.#queue.length > 0 || this.#stale);
    if (idle || this.#ending.signal.aborted) return;
    const restMs = this.#patience.restMs(Date.now());
    await new Promise<void>((resolve) => {
      const timer = setTimeout(
        () => {
          this.#stale = true;
          resolve();
        },
        restMs > 0 ? Math.max(1, restMs) : this.#options.pollMs,
      );
      this.#bell = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#bell = null;
  }

  /** One key: its events one after the other, until one fails. */
  async #chain(key: string, deliveries: readonly Delivery[]): Promise<void> {
    await this.#sendAll(key, deliveries);
    this.#sending--;
    this.#bell?.();
    // Only then may the key be read again, or its last events would be sent twice.
    await this.#strikeOff();
    this.#active.delete(key);
    this.wake();
  }

  async #sendAll(key: string, deliveries: readonly Delivery[]): Promise<void> {
    const { sender } = this.#options;
    for (const delivery of deliveries) {
      if (this.#ending.signal.aborted) return;
      try {
        await sender.send(delivery.event, this.#cut.signal);
      } catch (error) {
        // Cut by us: no failure of the consumer. It is told again, by us or by whoever comes next.
        if (!this.#cut.signal.aborted) await this.#failed(key, delivery, error);
        return;
      }
      // Late: the shift is over, and the event will be told once more.
      if (this.#closed) return;
      this.#delivered.push(delivery.eventId);
      this.#succeeded();
      void this.#strikeOff();
    }
  }

  #succeeded(): void {
    const recovery = this.#patience.succeeded();
    if (recovery === null) return;
    const { sink, log } = this.#options;
    log.info({ sink, ms: Date.now() - recovery.downSince }, 'event consumer is back');
    void this.#write(() => hasten(this.#pen.client, sink, recovery.keys));
  }

  async #failed(key: string, delivery: Delivery, thrown: unknown): Promise<void> {
    const { sink } = this.#options;
    const error = asNotDelivered(thrown);
    const { eventId, attempts } = delivery;
    const now = Date.now();
    if (error.whole) this.#blame(key, delivery, error, now);
    else this.#sayRefused(delivery, error, now);
    if (error.retryAfterMs !== null) this.#patience.asked(error.retryAfterMs, now);
    const asked = Math.min(MAX_MS, error.retryAfterMs ?? 0);
    const pause = Math.max(asked, pauseMs(attempts + 1, error.slow, Math.random()));
    await this.#write(() => postpone(this.#pen.client, sink, eventId, pause, error.message));
  }

  /** It may be the consumer's own trouble: said once for an event that fails while others are taken, once for a consumer that is away. */
  #blame(key: string, delivery: Delivery, error: NotDelivered, now: number): void {
    const { log } = this.#options;
    const wasWell = this.#patience.well;
    const news = this.#patience.failed(key, now, Math.random());
    const facts = this.#facts(delivery, error);
    if (news === 'down') {
      // What comes next is chosen by who has been tried least.
      this.#queue = [];
      log.error(facts, 'event consumer takes nothing, its events wait');
    } else if (wasWell && delivery.attempts === 0) log.warn(facts, 'event not delivered, it is tried again');
    else log.debug(facts, 'event not delivered again');
  }

  #sayRefused(delivery: Delivery, error: NotDelivered, now: number): void {
    const { log } = this.#options;
    const said = delivery.attempts > 0 || now - this.#saidAt < SAID_AGAIN_MS;
    if (!said) this.#saidAt = now;
    const write = said ? log.debug : log.warn;
    write.call(log, this.#facts(delivery, error), 'event refused, it and those of its key wait');
  }

  #facts({ event }: Delivery, error: NotDelivered): Record<string, unknown> {
    return { sink: this.#options.sink, event: event.id, type: event.type, why: error.loggable };
  }

  /** Writes down what was delivered; many at once when they come faster than Postgres writes. */
  #strikeOff(): Promise<void> {
    return this.#write(async () => {
      if (this.#delivered.length === 0) return;
      const ids = this.#delivered;
      this.#delivered = [];
      await markDelivered(this.#pen.client, this.#options.sink, ids);
    });
  }

  /** One statement or transaction on the pen. Never throws: an error of Postgres ends the shift, and run() throws it. */
  #write(work: () => Promise<unknown>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#closed || this.#broken !== null) return;
      try {
        await work();
      } catch (error) {
        this.#broken = asMaildrainError(error);
        this.cut();
      }
    });
    return this.#writing;
  }
}

function byKey(deliveries: readonly Delivery[]): [key: string, deliveries: Delivery[]][] {
  const found = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const same = found.get(delivery.event.key);
    if (same === undefined) found.set(delivery.event.key, [delivery]);
    else same.push(delivery);
  }
  return [...found];
}

function alternately<T>(some: readonly T[], others: readonly T[]): T[] {
  const length = Math.max(some.length, others.length);
  return Array.from({ length }, (_, n) => [...some.slice(n, n + 1), ...others.slice(n, n + 1)]).flat();
}

function asNotDelivered(thrown: unknown): NotDelivered {
  if (thrown instanceof NotDelivered) return thrown;
  const error = asMaildrainError(thrown);
  const text = `${error.code}: ${error.message}`;
  // What we know by name states facts only; what we do not know may quote anything.
  return new NotDelivered(text, error.code === 'BUG' ? { loggable: 'unexpected error' } : {});
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
