// How long a consumer is left alone after a failure. Pure: time and chance are given. A key waits for itself; when several keys fail and none
// succeeds, it is the consumer that is away, and then all of it rests, or a queue of a thousand keys would knock a thousand times.

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The first pause of a key: a restarting consumer is back within seconds. */
const FIRST_MS = SECOND;
/** Of an event that was refused (4xx): a person has to change something first. */
const FIRST_SLOW_MS = MINUTE;
/** An hour is soon enough for what has failed for hours, and 24 calls a day are no burden. */
const MAX_MS = 60 * MINUTE;

/** Keys that fail without any success between them before the consumer is thought to be away. One key alone may be the fault of its event. */
const DOWN_AFTER_KEYS = 3;
/** Longest rest of a consumer: one knock a minute finds out soon that it is back. */
const MAX_REST_MS = MINUTE;

/** The pause of a key after `failures` (1 and more) in a row: it doubles; between half of it and the whole, so that keys do not all come back at once. */
export function pauseMs(failures: number, slow: boolean, random: number): number {
  const first = slow ? FIRST_SLOW_MS : FIRST_MS;
  const whole = Math.min(MAX_MS, first * 2 ** Math.min(failures, 30));
  return Math.round((whole / 2) * (1 + random));
}

/** What is known of one consumer: well, doubtful, or down. */
export class Patience {
  readonly #failing = new Set<string>();
  #downSince: number | null = null;
  #rests = 0;
  #restUntil = 0;

  /** How many keys may be sent at once now. While it is down one, after each rest, to see whether it is back. */
  width(now: number, most: number): number {
    if (this.#downSince === null) return most;
    return now < this.#restUntil ? 0 : 1;
  }

  /** Milliseconds to the end of the rest; 0 when there is none. */
  restMs(now: number): number {
    return this.#downSince === null ? 0 : Math.max(0, this.#restUntil - now);
  }

  /** True when nothing had failed since the last success. */
  get well(): boolean {
    return this.#failing.size === 0;
  }

  /** Says `down` once, when this failure shows that the consumer is away. */
  failed(key: string, now: number, random: number): 'down' | null {
    this.#failing.add(key);
    if (this.#downSince === null && this.#failing.size < DOWN_AFTER_KEYS) return null;
    const news = this.#downSince === null;
    this.#downSince ??= now;
    // Keys that were in flight together fail together: that is one failure.
    if (now >= this.#restUntil) {
      this.#restUntil = now + Math.min(MAX_REST_MS, pauseMs(++this.#rests, false, random));
    }
    return news ? 'down' : null;
  }

  /** Since when it was down, epoch milliseconds, when this success ends that; null otherwise. */
  succeeded(): number | null {
    const since = this.#downSince;
    this.#failing.clear();
    this.#downSince = null;
    this.#rests = 0;
    this.#restUntil = 0;
    return since;
  }
}
