// A server that will not take messages away. One message that it refuses, or a Trash that is full, keeps neither the others from being taken nor new
// mail from being stored: what is refused is asked for again in halves, what is refused alone stays owed, and the drain goes on.

import { type ErrorCode, MaildrainError } from '../errors.ts';
import type { DisposalMeans, DisposeOutcome, Session, Target, Uid } from '../model.ts';

/** The server answered, and would not. Anything else ends the drain. LIMIT (RFC 5530) is said of too many messages as well as of connections. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'COMMAND_REFUSED',
  'SERVER_UNAVAILABLE',
  'OVER_QUOTA',
  'CONNECTION_LIMIT',
]);
/** Saying them again in halves does no harm. A COPY would be made twice where the expunge after it is what was refused. */
const HALVED: ReadonlySet<DisposalMeans['means']> = new Set(['uid-expunge', 'move', 'mark']);
/** One among 250 is found with nine refused commands. Dovecot hangs up after twenty bad ones ("Too many invalid IMAP commands"). */
const PATIENCE = 16;
const NOTHING: DisposeOutcome = { done: [], why: null, throttled: false };

/** What was refused in one drain. */
export class Refusals {
  readonly #uids = new Set<Uid>();
  #commands = 0;
  #first: MaildrainError | null = null;

  /** Refused in this drain: it is not asked for again before the next one. */
  has(uid: Uid): boolean {
    return this.#uids.has(uid);
  }

  /** The server has refused so much that nothing more is asked of it. */
  get enough(): boolean {
    return this.#commands >= PATIENCE;
  }

  /** @param last nothing more is to be asked, however little was refused so far */
  add(error: MaildrainError, last: boolean): void {
    this.#first ??= error;
    this.#commands = last ? PATIENCE : this.#commands + 1;
  }

  setAside(targets: readonly Target[]): void {
    for (const { uid } of targets) this.#uids.add(uid);
  }

  /**
   * What is to be said at the end; null when nothing was refused.
   *
   * @param disposed messages that were taken away meanwhile
   * @throws MaildrainError what the server said first, where it refused several and took none: that is the server's trouble, not the messages'
   */
  note(disposed: number): string | null {
    const error = this.#first;
    if (error === null) return null;
    const { size } = this.#uids;
    if (disposed === 0 && size > 1) throw error;
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
    return await session.dispose(targets);
  } catch (error) {
    if (!(error instanceof MaildrainError) || !REFUSALS.has(error.code)) throw error;
    refusals.add(error, !HALVED.has(session.facts.disposal.means));
    if (targets.length === 1 || refusals.enough) {
      refusals.setAside(targets);
      return NOTHING;
    }
  }
  const half = targets.length >> 1;
  const first = await disposeRest(session, targets.slice(0, half), refusals);
  if (first.throttled) return first;
  const second = await disposeRest(session, targets.slice(half), refusals);
  return { done: [...first.done, ...second.done], why: first.why ?? second.why, throttled: second.throttled };
}
