// Counting one drain, and turning the counts into its report.

import type { DrainReport, Outcome, Uid } from '../model.ts';

/** Notes repeat themselves batch by batch; a person needs each once. */
const MAX_NOTES = 20;

export class Tally {
  listed = 0;
  fetched = 0;
  stored = 0;
  adopted = 0;
  disposed = 0;
  gone = 0;
  skipped = 0;
  held = 0;
  missing = 0;
  pending = 0;
  /** Stored, and left where they are because they report nothing. */
  unmatched = 0;
  bytes = 0;
  readonly #started = performance.now();
  readonly #notes = new Set<string>();
  readonly #silent = new Set<Uid>();
  readonly #restored = new Set<Uid>();

  note(text: string | null): void {
    if (text !== null && this.#notes.size < MAX_NOTES) this.#notes.add(text);
  }

  /** What has been noted so far, each once. */
  notes(): string[] {
    return [...this.#notes];
  }

  /** Listed, and the server says nothing of them, however often it is asked: each counts once. */
  silent(uids: Iterable<Uid>): void {
    const before = this.#silent.size;
    for (const uid of uids) this.#silent.add(uid);
    this.missing += this.#silent.size - before;
  }

  /** Put back by `restore`, and left alone. A message is seen in every round, and counts once. */
  restored(uid: Uid): void {
    this.#restored.add(uid);
  }

  report(mailbox: string, outcome: Outcome, retryAt: Date | null, error: DrainReport['error']): DrainReport {
    return {
      mailbox,
      outcome,
      listed: this.listed,
      fetched: this.fetched,
      stored: this.stored,
      adopted: this.adopted,
      disposed: this.disposed,
      gone: this.gone,
      skipped: this.skipped,
      held: this.held,
      missing: this.missing,
      pending: this.pending,
      bytes: this.bytes,
      ms: Math.round(performance.now() - this.#started),
      notes: [
        ...(this.unmatched === 0
          ? []
          : [`${this.unmatched} stay on the server, for they report nothing (unmatched: keep)`]),
        ...(this.#restored.size === 0 ? [] : [`${this.#restored.size} restored, left alone: "restore" put them back`]),
        ...this.#notes,
      ],
      retryAt,
      error: error === null ? null : { code: error.code, message: error.message },
    };
  }
}
