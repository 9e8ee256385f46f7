// The fuse: what was being fetched when a drain ended without a word (a crash, a kill, a line that broke in the middle) is fetched one
// message at a time by the next drain; one that ends a drain twice while it is alone in flight is held, and the others go on. Pure; the
// row it is kept in is `mailbox.in_flight`.

import { type ErrorCode, MaildrainError } from '../errors.ts';
import type { Uid } from '../model.ts';
import type { InFlight } from '../store/mailboxes.ts';

/** Once may be chance: a deploy, an operator's kill. Twice alone in flight is no chance. A wrong hold costs nothing. */
const FATAL = 2;
/** Ends of a fetch that a server explains, or that are looked after one message at a time elsewhere. */
const NOT_THE_MESSAGE: ReadonlySet<ErrorCode> = new Set([
  'OVER_QUOTA',
  'SERVER_THROTTLED',
  'SERVER_UNAVAILABLE',
  'CONNECTION_LIMIT',
  'FETCH_REFUSED',
  'MESSAGE_TOO_LARGE',
]);

export class Fuse {
  readonly #uidValidity: string;
  readonly #active = new Set<Uid>();
  readonly #found = new Map<Uid, number>();
  readonly #refused = new Set<Uid>();
  #blown = false;

  /** @param saved what the last drain left; void under another UIDVALIDITY */
  constructor(saved: InFlight | null, uidValidity: string) {
    this.#uidValidity = uidValidity;
    if (saved === null || saved.uidValidity !== uidValidity) return;
    for (const [uid, times] of Object.entries(saved.found)) this.#found.set(uid, times);
    for (const uid of saved.active) {
      const times = this.#found.get(uid);
      const wasAlone = saved.active.length === 1 && times !== undefined;
      this.#found.set(uid, (times ?? 0) + (wasAlone ? 1 : 0));
    }
  }

  /** To be fetched alone, or not at all. */
  suspects(uid: Uid): boolean {
    return this.#found.has(uid);
  }

  /** Not to be fetched again. */
  isFatal(uid: Uid): boolean {
    return (this.#found.get(uid) ?? 0) >= FATAL;
  }

  /** Refused in an earlier drain, in which others were sent. */
  wasRefusedBefore(uid: Uid): boolean {
    return (this.#found.get(uid) ?? 0) > 0;
  }

  /** Refused in this drain. */
  wasRefused(uid: Uid): boolean {
    return this.#refused.has(uid);
  }

  light(uids: readonly Uid[]): void {
    for (const uid of uids) this.#active.add(uid);
  }

  /** These arrived, or were looked after otherwise. */
  clear(uids: readonly Uid[]): void {
    for (const uid of uids) {
      this.#active.delete(uid);
      this.#found.delete(uid);
    }
  }

  /** The server answered without these. They are in flight no longer, whatever else is known of them: what ends a drain now is another's fault. */
  setAside(uids: readonly Uid[]): void {
    for (const uid of uids) this.#active.delete(uid);
  }

  /** The server refused this one while it was asked for alone. It is not asked for again before the next drain. */
  refuse(uid: Uid): void {
    this.#active.delete(uid);
    this.#refused.add(uid);
    this.#found.set(uid, (this.#found.get(uid) ?? 0) + 1);
  }

  /** A fetch broke off: what is in flight stays under suspicion, unless the server said that something else was the matter. */
  blow(error: unknown): void {
    if (error instanceof MaildrainError && NOT_THE_MESSAGE.has(error.code)) return;
    this.#blown = true;
  }

  /** The drain ends by an error that came from elsewhere: what was in flight had arrived, or had not been asked for. */
  calm(): void {
    if (!this.#blown) this.#active.clear();
  }

  /** UIDs that are no longer on the server need no suspicion. */
  forgetAllBut(listed: ReadonlySet<Uid>): void {
    for (const uid of this.#found.keys()) if (!listed.has(uid)) this.#found.delete(uid);
  }

  /**
   * What to write down; null when there is nothing to remember.
   *
   * @param cleared UIDs that will have been looked after by the time it is written
   */
  state(cleared: readonly Uid[] = []): InFlight | null {
    const active = [...this.#active].filter((uid) => !cleared.includes(uid));
    const found = [...this.#found].filter(([uid]) => !cleared.includes(uid));
    if (active.length === 0 && found.length === 0) return null;
    return { uidValidity: this.#uidValidity, active, found: Object.fromEntries(found) };
  }
}
