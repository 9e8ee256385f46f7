// A server that will not take messages away. One message that it refuses, or a Trash that is full, keeps neither the others from being taken nor new
// mail from being stored: what is refused is asked for again in halves, what is refused alone stays owed, and the drain goes on.

import { type ErrorCode, MaildrainError } from '../errors.ts';
import type { DisposeOutcome, Session, Target, Uid } from '../model.ts';

/** The server answered, and would not. Anything else ends the drain. LIMIT (RFC 5530) is said of too many messages as well as of connections. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'COMMAND_REFUSED',
  'SERVER_UNAVAILABLE',
  'OVER_QUOTA',
  'CONNECTION_LIMIT',
]);
/** Refusals in a row. One message among 250 is found with nine; Dovecot hangs up after twenty bad commands. */
const PATIENCE = 12;
/** A mailbox has a few messages that its server will not let go; many at once are the server's trouble. */
const FEW = 5;
const NOTHING: DisposeOutcome = { done: [], why: null, throttled: false };

/** What was refused in one drain. */
export class Refusals {
  readonly #uids = new Set<Uid>();
  #inARow = 0;
  #gaveUp = false;
  #ended = false;
  #first: MaildrainError | null = null;

  /** Refused in this drain: it is not asked for again before the next one. */
  has(uid: Uid): boolean {
    return this.#uids.has(uid);
  }

  /** Nothing more is asked of the server in this queue. */
  get enough(): boolean {
    return this.#ended || this.#inARow >= PATIENCE;
  }

  /** Of some messages it was not found out whether they can be taken away. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Other messages have their chance: what is owed since long must not use up that of new mail. */
  beginQueue(): void {
    this.#inARow = 0;
  }

  /** @param last nothing more is to be asked in this drain */
  add(error: MaildrainError, last: boolean): void {
    this.#first ??= error;
    this.#inARow++;
    this.#ended ||= last;
    this.#gaveUp ||= this.enough;
  }

  taken(): void {
    this.#inARow = 0;
  }

  setAside(targets: readonly Target[]): void {
    for (const { uid } of targets) this.#uids.add(uid);
  }

  /**
   * What is to be said at the end; null: nothing.
   *
   * @param disposed messages that were taken away meanwhile
   * @throws MaildrainError what the server said first, where that is the server's trouble and not a message's: the next drain is to wait
   */
  note(disposed: number): string | null {
    const error = this.#first;
    const { size } = this.#uids;
    if (error === null || size === 0) return null;
    if (this.#ended || (disposed === 0 && (this.#gaveUp || size > FEW))) throw error;
    return `the server refused to take ${size === 1 ? 'a message' : `${size} messages`} away, and what it refused stays owed: ${error.message}`;
  }
}

/** Disposes messages, and sets aside those that the server refuses. */
export async function disposeRest(
  session: Session,
  targets: readonly Target[],
  refusals: Refusals,
): Promise<DisposeOutcome> {
  if (refusals.enough) return NOTHING;
  try {
    const outcome = await session.dispose(targets);
    refusals.taken();
    return outcome;
  } catch (error) {
    if (!isRefusal(error) || !session.isOpen()) throw error;
    // A COPY would be made once more, where what was refused is the expunge after it.
    refusals.add(error, session.facts.disposal.means === 'copy-expunge');
    if (targets.length === 1 || refusals.enough) {
      refusals.setAside(targets);
      return NOTHING;
    }
  }
  // In no order: those that were refused before are the oldest, and would always be asked for first.
  const mixed = shuffled(targets);
  const half = mixed.length >> 1;
  const first = await disposeRest(session, mixed.slice(0, half), refusals);
  if (first.throttled) return first;
  const second = await disposeRest(session, mixed.slice(half), refusals);
  return {
    done: [...first.done, ...second.done],
    why: first.why ?? second.why,
    throttled: second.throttled,
    inTrash: [...(first.inTrash ?? []), ...(second.inTrash ?? [])],
  };
}

function isRefusal(error: unknown): error is MaildrainError {
  return error instanceof MaildrainError && REFUSALS.has(error.code);
}

function shuffled<T>(items: readonly T[]): T[] {
  const drawn = items.map((item) => ({ item, lot: Math.random() }));
  return drawn.sort((one, other) => one.lot - other.lot).map(({ item }) => item);
}
