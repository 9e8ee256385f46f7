// When a stored message is due to be disposed, and whether a row is already what the configuration asks for. Pure.

import type { Dispose, MailboxConfig, SessionFacts } from '../model.ts';
import type { Kind } from '../model-reading.ts';
import { RESTORED } from '../store/ledger.ts';

/** Reason of a row that stays only until it is old enough. */
export const WAITS = 'after';
/** Reason of a row that stays because it reports nothing (`unmatched: keep`). */
export const UNMATCHED = 'unmatched';

/** What a message on the server becomes once it is stored. */
export interface Destiny {
  readonly state: 'pending' | 'kept';
  readonly reason: string | null;
}

/** The reason that a kept row has when its mailbox's `dispose` has been carried out on it; null when disposing takes the message away. */
export function markOf(dispose: Dispose): string | null {
  switch (dispose.kind) {
    case 'keep':
    case 'seen':
      return dispose.kind;
    case 'flag':
      return `flag:${dispose.keyword}`;
    case 'delete':
    case 'trash':
    case 'move':
      return null;
  }
}

/** A message without INTERNALDATE counts as old: the age only ever postpones. */
export function isDue(mailbox: MailboxConfig, internalDate: Date | null, now: Date): boolean {
  return mailbox.afterMs === 0 || internalDate === null || internalDate.getTime() + mailbox.afterMs <= now.getTime();
}

/** What is owed for a message that is being stored now. */
export function destinyOf(mailbox: MailboxConfig, kind: Kind, internalDate: Date | null, now: Date): Destiny {
  if (mailbox.dispose.kind === 'keep') return { state: 'kept', reason: 'keep' };
  if (mailbox.unmatched === 'keep' && (kind === 'other' || kind === 'unreadable'))
    return { state: 'kept', reason: UNMATCHED };
  if (!isDue(mailbox, internalDate, now)) return { state: 'kept', reason: WAITS };
  return { state: 'pending', reason: null };
}

/** A kept row asks for nothing more under the present configuration. */
export function isSatisfied(
  mailbox: MailboxConfig,
  row: { readonly reason: string | null; readonly internalDate: Date | null },
  now: Date,
): boolean {
  if (row.reason === RESTORED) return true;
  if (row.reason === UNMATCHED && mailbox.unmatched === 'keep') return true;
  if (mailbox.dispose.kind === 'keep' || !isDue(mailbox, row.internalDate, now)) return true;
  const mark = markOf(mailbox.dispose);
  return mark !== null && row.reason === mark;
}

/** Whether this session can carry the disposal out at all. */
export function canDispose(facts: SessionFacts): boolean {
  return facts.disposal.means !== 'none' && facts.disposal.means !== 'keep';
}

/**
 * Whether recognising what is already stored leads anywhere in this session. Where messages only get flagged, or nothing at all can be done,
 * fetching the same mail again in every drain would not.
 */
export function actsOnOpenRows(facts: SessionFacts): boolean {
  return facts.disposal.means !== 'none' && facts.disposal.means !== 'flag-only';
}
