// After a pass that saw the whole mailbox: open rows whose message did not turn up. Somebody took it away, or an answer of an earlier drain
// was lost. An absence is only believed when the server was asked about the very message once more.

import type { Listing, Uid } from '../model.ts';
import { countStaying, markUnlistedGone, type OpenRow, settleRows } from '../store/ledger.ts';
import { disposeOnServer, writeDisposed } from './dispose.ts';
import type { PassResult } from './pass.ts';
import { actsOnOpenRows } from './policy.ts';
import type { Work } from './work.ts';

export async function noticeAbsence(work: Work, listing: Listing, result: PassResult): Promise<void> {
  const { sql, session, mailboxId, open, tally } = work;
  const { uidValidity } = session.facts;
  const all = listing.uids.concat(listing.deleted);
  const listed = new Set(all);
  const remaining = open.remaining();
  const unlisted = remaining.filter((row) => row.uidValidity === uidValidity && !listed.has(row.uid));
  // A message whose flag changed between the two searches was in neither.
  const there = unlisted.length === 0 ? new Set<Uid>() : await session.present(unlisted.map((row) => row.uid));
  const absent = unlisted.filter((row) => !there.has(row.uid));
  const settled = finishesInTrash(work) ? await finishInTrash(work, absent) : absent;
  // Under another UIDVALIDITY a row is known to be gone only when every listed message was looked into.
  const looked = actsOnOpenRows(session.facts) && !work.resting && !work.refusals.gaveUp && result.unseen === 0;
  const unrecognised = looked ? remaining.filter((row) => row.uidValidity !== uidValidity) : [];
  tally.gone += await settleRows(sql, [...settled, ...unrecognised], 'disposed', 'gone');
  if ((await countStaying(sql, mailboxId, uidValidity)) > result.staying) {
    await markUnlistedGone(sql, mailboxId, uidValidity, all);
  }
}

/**
 * Gmail with `forever`: a drain that was cut after the MOVE has left its messages in Trash, and they are still to be expunged there.
 *
 * @returns those that need nothing more. While writes rest nothing is expunged, and what was moved there stays owed; so does what the server would not expunge.
 */
async function finishInTrash(work: Work, absent: readonly OpenRow[]): Promise<OpenRow[]> {
  const moved = absent.filter((row) => row.emailId !== null && !work.refusals.has(row.uid));
  const disposed = await disposeOnServer(
    work,
    moved.map((row) => ({ key: row, emailId: row.emailId, owed: true })),
  );
  await writeDisposed(work, disposed);
  if (work.resting || work.refusals.gaveUp) return [];
  return absent.filter(({ uid }) => !disposed.inTrash.has(uid) && !work.refusals.has(uid));
}

function finishesInTrash(work: Work): boolean {
  const { disposal, gmail } = work.session.facts;
  return gmail && disposal.means === 'move' && disposal.thenExpunge;
}
