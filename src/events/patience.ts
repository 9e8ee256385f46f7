// How long a consumer is left alone after a failure. Pure: time and chance are given. A key waits for itself; when several keys fail and none
// succeeds, it is the consumer that is away, and then all of it rests, or a queue of a thousand keys would knock a thousand times. An event that
// was refused for its own sake says nothing of the kind, and is not told here.

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The first pause of a key: a restarting consumer is back within seconds. */
const FIRST_MS = SECOND;
/** Of an event that was refused (4xx): a person has to change something first. */
const FIRST_SLOW_MS = MINUTE;
/** An hour is soon enough for what has failed for hours, and 24 calls a day are no burden. Nobody is left alone for longer, also who asks for it. */
export const MAX_MS = 60 * MINUTE;

/** Keys that fail without any success between them before the consumer is thought to be away. One key alone may be the fault of its event. */
const DOWN_AFTER_KEYS = 3;
/**
 * After a false alarm it takes twice as many, and so on up to this: a consumer that fails at one kind of event is not away, and the other kinds
 * get past any number of those within some rests. A hundred knocks are no flood either.
 */
const DOWN_AFTER_KEYS_AT_MOST = 100;
/** Rests (2, 4 and 8 s at most) within which a success shows that it never was away. A restart may take as long, and costs no more than some knocks. */
const FALSE_ALARM_RESTS = 3;
/** Longest rest of a consumer: one knock a minute finds out soon that it is back. */
const MAX_REST_MS = MINUTE;

/** The pause of a key after `failures` (1 and more) in a row: it doubles; between half of it and the whole, so that keys do not all come back at once. */
export function pauseMs(failures: number, slow: boolean, random: number): number {
  const first = slow ? FIRST_SLOW_MS : FIRST_MS;
  const whole = Math.min(MAX_MS, first * 2 ** Math.min(failures, 30));
  return Math.round((whole / 2) * (1 + random));
}

/** What a success ends. */
export interface Recovery {
  /** When it was thought to be away first, epoch milliseconds. */
  readonly downSince: number;
  /** What need not wait any longer: the keys that have failed in the meantime. None after a false alarm, for then it was their own doing. */
  readonly keys: readonly string[];
}

/** What is known of one consumer: well, doubtful, or down. */
export class Patience {
  /** Keys that have failed since the last success. */
  readonly #failing = new Set<string>();
  #downSince: number | null = null;
  #downAfterKeys = DOWN_AFTER_KEYS;
  #rests = 0;
  #restUntil = 0;
  /** The consumer itself has asked not to be called before. */
  #askedUntil = 0;

  /** How many keys may be sent at once now. While it is down one, after each rest, to see whether it is back. */
  width(now: number, most: number): number {
    if (this.restMs(now) > 0) return 0;
    return this.down ? 1 : most;
  }

  /** Milliseconds to the end of the rest; 0 when there is none. */
  restMs(now: number): number {
    return Math.max(0, this.#askedUntil - now, this.down ? this.#restUntil - now : 0);
  }

  get down(): boolean {
    return this.#downSince !== null;
  }

  /** True when nothing had failed since the last success. */
  get well(): boolean {
    return this.#failing.size === 0;
  }

  /** The consumer asks for a pause (Retry-After), whatever else it takes in the meantime. */
  asked(ms: number, now: number): void {
    this.#askedUntil = Math.max(this.#askedUntil, now + Math.min(MAX_MS, ms));
  }

  /** Says `down` once, when this failure shows that the consumer is away. */
  failed(key: string, now: number, random: number): 'down' | null {
    this.#failing.add(key);
    if (this.#downSince === null && this.#failing.size < this.#downAfterKeys) return null;
    const news = this.#downSince === null;
    this.#downSince ??= now;
    // Keys that were in flight together fail together: that is one failure.
    if (now >= this.#restUntil) {
      this.#restUntil = now + Math.min(MAX_REST_MS, pauseMs(++this.#rests, false, random));
    }
    return news ? 'down' : null;
  }

  /** What this success ends; null when it was not down. */
  succeeded(): Recovery | null {
    const falseAlarm = this.#rests <= FALSE_ALARM_RESTS;
    let recovery: Recovery | null = null;
    if (this.#downSince !== null) {
      recovery = { downSince: this.#downSince, keys: falseAlarm ? [] : [...this.#failing] };
      this.#downAfterKeys = falseAlarm ? Math.min(DOWN_AFTER_KEYS_AT_MOST, this.#downAfterKeys * 2) : DOWN_AFTER_KEYS;
    }
    this.#failing.clear();
    this.#downSince = null;
    this.#rests = 0;
    this.#restUntil = 0;
    return recovery;
  }
}
