// What a message that has arrived is: one that the ledger knows, wherever it was seen last, or a new one; and what its row is to say. Nothing is
// written here, that is commit.ts; how two sightings are compared is in settle.ts.

import type { Listed } from '../model.ts';
import type { Adopted, Fresh, Streamed } from '../store/entries.ts';
import { isRestored, type LedgerKey, type OpenRow, RESTORED, rowsByEmailId } from '../store/ledger.ts';
import { type Destiny, destinyOf, markOf } from './policy.ts';
import { isSame, isSameInstant, mayBeRewritten, type Sighting } from './settle.ts';
import type { Item, Mode, Work } from './work.ts';

/** Gmail only: messages that the login has stored under another label, by X-GM-MSGID. */
export async function knownElsewhere(work: Work, messages: readonly Listed[]): Promise<Map<string, LedgerRowLike>> {
  if (!work.session.facts.gmail) return new Map();
  const ids = messages.flatMap((message) => message.emailId ?? []);
  const rows = ids.length === 0 ? [] : await rowsByEmailId(work.sql, work.login, ids);
  return new Map(rows.map((row) => [row.emailId ?? '', row]));
}

type LedgerRowLike = Pick<OpenRow, keyof LedgerKey | 'messageId' | 'storedAt' | 'state' | 'reason'>;

/** The row this message has, and whether the new row takes its place. */
interface Recognised {
  readonly row: LedgerRowLike;
  readonly replaces: boolean;
}

/** The row this message has; null for none. `look-again`: it is fetched once more before anything is said of it. */
export function recognise(
  work: Work,
  item: Item,
  streamed: Streamed,
  mode: Mode,
  elsewhere: ReadonlyMap<string, LedgerRowLike>,
): Recognised | 'look-again' | null {
  const { open } = work;
  const sighting: Sighting = {
    uid: item.listed.uid,
    digest: streamed.digest,
    emailId: item.listed.emailId,
    gmail: work.session.facts.gmail,
    messageIdHeader: streamed.reading.messageId,
    internalDate: item.listed.internalDate,
    flagged: item.flagged,
  };
  // A kept row of this very UID goes first: a row that is owed elsewhere has a message of its own.
  const kept = mode === 'exact' ? undefined : item.known.find((row) => isKeptHere(row, sighting));
  if (kept !== undefined) return { row: kept, replaces: true };
  const taken = mode === 'exact' ? open.takeExact(sighting) : open.takeAny(sighting);
  if (taken !== null) return { row: taken, replaces: true };
  if (mode === 'exact') {
    open.noticeStranger(sighting);
    return 'look-again';
  }
  const known = item.known.filter((row) => row.messageId !== null);
  // What was disposed comes back only when a server undoes it; at another INTERNALDATE it is another message of the same octets.
  const same = known.find((row) => isSame(row, sighting) && (row.state !== 'disposed' || isSameInstant(row, sighting)));
  if (same !== undefined) return { row: same, replaces: true };
  const other = elsewhere.get(item.listed.emailId ?? '');
  if (other !== undefined) return { row: other, replaces: false };
  const rewritten = known.find((row) => mayBeRewritten(row, sighting));
  const standsHere = rewritten !== undefined || open.mayHoldRewritten(sighting);
  if (!standsHere && !open.mayBeRestoring(sighting)) return null;
  // Its Message-ID is no identity. Only a server that sends other octets each time has written it anew; else it is another message.
  if (item.before === null) return 'look-again';
  if (item.before.equals(sighting.digest)) {
    if (standsHere) open.distrustUids();
    return null;
  }
  const row = open.takeRewritten(sighting) ?? open.takeRestoring(sighting) ?? rewritten;
  return row === undefined ? null : { row, replaces: true };
}

function isKeptHere(row: OpenRow, sighting: Sighting): boolean {
  if (row.messageId === null || row.state !== 'kept' || !row.digest.equals(sighting.digest)) return false;
  return isSame(row, sighting) && (!sighting.flagged || isSameInstant(row, sighting));
}

/**
 * The row of another message that has the key which this one needs, in whatever state: its UID was given out again.
 *
 * @param row the one that is replaced
 * @returns its message's id
 */
export function displacesOf({ open }: Work, item: Item, digest: Buffer, row: LedgerRowLike | null): string | null {
  const standing = [...item.known, ...open.of(item.listed.uid)].find((other) => other.digest.equals(digest));
  return standing === undefined || (row !== null && isSameKey(standing, row)) ? null : standing.messageId;
}

function isSameKey(one: LedgerKey, other: LedgerKey): boolean {
  const { mailboxId, uidValidity, uid, digest } = other;
  return one.mailboxId === mailboxId && one.uidValidity === uidValidity && one.uid === uid && one.digest.equals(digest);
}

export function adoptedOf(
  work: Work,
  item: Item,
  streamed: Streamed,
  raw: Buffer | null,
  { row, replaces }: Recognised,
  now: Date,
): Adopted {
  if (row.messageId === null) throw new Error('a row without a message was recognised');
  const destiny = adoptedDestiny(work, item, streamed, row, now);
  // Its octets may have expired while it stayed: nothing leaves the server without being here.
  const leaves = destiny.state === 'pending' && markOf(work.mailbox.dispose) === null;
  return {
    listed: item.listed,
    digest: streamed.digest,
    size: streamed.size,
    ...destiny,
    arrived: leaves ? { raw, reading: streamed.reading } : null,
    replaces: replaces ? row : null,
    displaces: displacesOf(work, item, streamed.digest, replaces ? row : null),
    messageId: row.messageId,
    storedAt: row.storedAt,
  };
}

function adoptedDestiny(work: Work, item: Item, streamed: Streamed, row: LedgerRowLike, now: Date): Destiny {
  // Somebody wanted it back, wherever it turns up now.
  if (isRestored(row) && work.takesRestored !== true) {
    work.tally.restored(item.listed.uid);
    return { state: 'kept', reason: RESTORED };
  }
  // A flagged message that is ours is on its way out already.
  if (item.flagged && work.mailbox.dispose.kind !== 'keep') return { state: 'pending', reason: null };
  return destinyOf(work.mailbox, streamed.reading.kind, item.listed.internalDate, now);
}

export function freshOf(work: Work, item: Item, raw: Buffer, streamed: Streamed, now: Date): Fresh {
  return {
    listed: item.listed,
    raw,
    ...streamed,
    ...destinyOf(work.mailbox, streamed.reading.kind, item.listed.internalDate, now),
    displaces: displacesOf(work, item, streamed.digest, null),
  };
}
