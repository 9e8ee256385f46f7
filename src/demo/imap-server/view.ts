// A mailbox as one session sees it: the sequence numbers. They change only when the client has been told (RFC 3501 7.4.1).

import { type Ranges, resolveSet } from './parser.ts';
import type { Entry, Mailbox } from './store.ts';

/** An entry with its sequence number, from 1. */
export interface Located {
  readonly seq: number;
  readonly entry: Entry;
}

export class View {
  readonly mailbox: Mailbox;
  readonly readOnly: boolean;
  #entries: Entry[];
  #additions: number;
  #removals: number;
  #renumberings: number;
  #lastUid: number;
  readonly #life: number;

  /**
   * `limit`: only that many messages, the newest, are shown (Gmail's maxFolderSize). `until`: none that came later.
   */
  constructor(mailbox: Mailbox, readOnly: boolean, limit: number | null, until = Number.POSITIVE_INFINITY) {
    this.mailbox = mailbox;
    this.readOnly = readOnly;
    const entries = mailbox.entries().filter(({ cameAt }) => cameAt <= until);
    this.#entries = limit === null ? [...entries] : entries.slice(Math.max(0, entries.length - limit));
    this.#additions = mailbox.additions;
    this.#removals = mailbox.removals;
    this.#renumberings = mailbox.renumberings;
    this.#lastUid = entries.at(-1)?.uid ?? 0;
    this.#life = mailbox.life;
  }

  /** The mailbox was deleted or got another UIDVALIDITY: there is nothing left that could be said of it. */
  get over(): boolean {
    return this.mailbox.life !== this.#life;
  }

  get exists(): number {
    return this.#entries.length;
  }

  entries(): readonly Entry[] {
    return this.#entries;
  }

  /**
   * Takes over what happened and returns the untagged lines that tell it, without `* `. With `expunges` false, what is gone
   * keeps its number: EXPUNGE must not be sent during FETCH, STORE and SEARCH.
   */
  refresh(expunges: boolean): string[] {
    const { mailbox } = this;
    const lines: string[] = [];
    if (mailbox.renumberings !== this.#renumberings) {
      this.#renumberings = mailbox.renumberings;
      this.#entries.sort((a, b) => a.uid - b.uid);
      this.#lastUid = this.#entries.at(-1)?.uid ?? this.#lastUid;
    }
    if (expunges && mailbox.removals !== this.#removals) {
      this.#removals = mailbox.removals;
      // From the last to the first, so that no number shifts another.
      for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
        if (this.#entries[index]?.gone === true) lines.push(`${index + 1} EXPUNGE`);
      }
      this.#entries = this.#entries.filter((entry) => !entry.gone);
    }
    if (mailbox.additions !== this.#additions) {
      this.#additions = mailbox.additions;
      const before = this.#entries.length;
      const all = mailbox.entries();
      let from = all.length;
      while (from > 0 && (all[from - 1]?.uid ?? 0) > this.#lastUid) from -= 1;
      for (const entry of all.slice(from)) this.#entries.push(entry);
      this.#lastUid = all.at(-1)?.uid ?? this.#lastUid;
      if (this.#entries.length !== before) lines.push(`${this.#entries.length} EXISTS`, '0 RECENT');
    }
    return lines;
  }

  /** Ascending; UIDs that are not there are left out. */
  byUid(ranges: Ranges): Located[] {
    const found: Located[] = [];
    for (const [low, high] of resolveSet(ranges, this.#entries.at(-1)?.uid ?? 0)) {
      for (let index = this.#firstFrom(low); index < this.#entries.length; index += 1) {
        const entry = this.#entries[index];
        if (entry === undefined || entry.uid > high) break;
        found.push({ seq: index + 1, entry });
      }
    }
    return found;
  }

  /** Null when a number is higher than EXISTS. */
  bySequence(ranges: Ranges): Located[] | null {
    const found: Located[] = [];
    const exists = this.#entries.length;
    if (exists > 0 && ranges.some(([low, high]) => beyond(low, exists) || beyond(high, exists))) return null;
    for (const [low, high] of resolveSet(ranges, exists)) {
      for (let seq = Math.max(1, low); seq <= Math.min(high, exists); seq += 1) {
        const entry = this.#entries[seq - 1];
        if (entry !== undefined) found.push({ seq, entry });
      }
    }
    return found;
  }

  #firstFrom(uid: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.uid ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function beyond(value: number, exists: number): boolean {
  return value !== Number.POSITIVE_INFINITY && value > exists;
}
