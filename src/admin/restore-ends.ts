// What came of the messages of a restore, as it is written down and counted. Pure.

import type { Uid } from '../model.ts';
import type { RestoreEnd, RestoreRow } from '../store/restore.ts';
import type { StoredFacts } from '../store/stored-mail.ts';

/** A message that the server has taken, and where it is, as far as that is known. */
export interface Sent {
  readonly message: StoredFacts;
  readonly uid: Uid | null;
}

export const UNSEEN =
  'the server took messages and then did not show which they are: they may be in the folder, and count as "unseen"';

export function endOf({ id }: StoredFacts, state: RestoreEnd['state'], uid: Uid | null): RestoreEnd {
  return { messageId: id, state, uid, emailId: null, errorCode: null };
}

export function endedAs({ messageId, state, uid }: RestoreRow): RestoreEnd {
  if (state === 'sending') throw new Error('a message that is being sent has not ended');
  return { messageId, state, uid, emailId: null, errorCode: null };
}

/** The server has taken it, and it was not found in the folder. */
export function isUnseen({ state, uid }: Pick<RestoreRow, 'state' | 'uid'>): boolean {
  return state === 'restored' && uid === null;
}

/** What the server has taken, with what was found of it. */
export function withUnseen(found: readonly Sent[], taken: readonly StoredFacts[]): Sent[] {
  const seen = new Set(found.map(({ message }) => message.id));
  return [...found, ...taken.filter(({ id }) => !seen.has(id)).map((message) => ({ message, uid: null }))];
}

export function countsOf(ends: readonly RestoreEnd[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const end of ends) {
    const name = isUnseen(end) ? 'unseen' : end.state;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
