// One pass over one open mailbox: what was listed is asked about, held, or sent through the pipeline of pump.ts, open rows first. What a drain is
// around its passes is in drain.ts.

import { MaildrainError } from '../errors.ts';
import type { Listed, Listing, Uid } from '../model.ts';
import { forgetReleased, type Hold } from '../store/holds.ts';
import { isRestored, type LedgerRow, type OpenRow, rowsFor, withHeaders } from '../store/ledger.ts';
import { setInFlight } from '../store/mailboxes.ts';
import { actsOnOpenRows, isSatisfied } from './policy.ts';
import { batchesOf, oneByOne, pump } from './pump.ts';
import { holdAll, type Item, type Leftovers, type Mode, type Work } from './work.ts';

/** Sizes and flags are asked for so many messages at a time, so that a mailbox of a million needs no more memory than one of ten thousand. */
const WINDOW = 2000;

/** What is left undone matters to the question whether an open row's message is gone. */
export interface PassResult {
  /** Messages that were listed and not looked into: held, missing, or left by an abort. */
  readonly unseen: number;
  /** Kept and held rows that were seen listed. */
  readonly staying: number;
}

export async function runPass(work: Work, listing: Listing): Promise<PassResult> {
  const result = { unseen: 0, staying: 0 };
  const acts = actsOnOpenRows(work.session.facts) && !work.resting && !work.refusals.gaveUp;
  const flagged = new Set(listing.deleted);
  const openHere = work.open.uids();
  // Rows first whose message may sit where it was last seen: then a byte-identical stranger cannot take their place.
  const owed = (uid: Uid): boolean => openHere.has(uid) && !work.refusals.has(uid);
  const exact = acts ? [...listing.deleted, ...listing.uids].filter(owed) : [];
  const first = await runQueue(work, { uids: exact, mode: 'exact', flagged, before: new Map() }, result);
  // Then the strangers found there: they tell whether the server has renumbered, which the others are judged by.
  await runQueue(work, { uids: [...first.keys()], mode: 'any', flagged, before: first }, result);
  // Where rows are open, one of the flagged messages may be ours: a crash between STORE and EXPUNGE leaves it so.
  const looking = acts && work.open.size > 0;
  const left = (uid: Uid): boolean => !openHere.has(uid);
  // What cannot be disposed now need not be recognised again now.
  const rest = [...(looking ? listing.deleted.filter(left) : []), ...listing.uids.filter(left)];
  if (!looking) work.tally.skipped += listing.deleted.filter(left).length;
  const doubtful = await runQueue(work, { uids: rest, mode: 'any', flagged, before: new Map() }, result);
  await runQueue(work, { uids: [...doubtful.keys()], mode: 'any', flagged, before: doubtful }, result);
  if (!work.signal.aborted)
    await forgetReleased(work.sql, work.mailboxId, work.session.facts.uidValidity, listing.deleted);
  return result;
}

/** UIDs that are looked at in the same way. */
interface Queue {
  readonly uids: readonly Uid[];
  readonly mode: Mode;
  readonly flagged: ReadonlySet<Uid>;
  /** Digests of what was fetched before in this pass. */
  readonly before: ReadonlyMap<Uid, Buffer>;
}

/** Works through a queue. Returns the UIDs that need one more look, with the digests of what they held. */
async function runQueue(
  work: Work,
  queue: Queue,
  result: { unseen: number; staying: number },
): Promise<Map<Uid, Buffer>> {
  const { uids, mode } = queue;
  const left: Leftovers = { unmatched: new Map(), unanswered: [], unstorable: [] };
  if (uids.length === 0) return left.unmatched;
  const { fetched } = work.tally;
  const stored = work.tally.stored + work.tally.adopted;
  work.onProgress(0, uids.length);
  work.refusals.beginQueue();
  for (let from = 0; from < uids.length && !work.signal.aborted; from += WINDOW) {
    if (mode === 'exact' && work.refusals.enough) break;
    const window = uids.slice(from, from + WINDOW);
    const items = await look(work, window, queue, result);
    // The others need no octets.
    work.onProgress(window.length - items.length, 0);
    await pump(work, batchesOf(work, items), mode, left);
  }
  const alone = left.unanswered.splice(0);
  if (alone.length > 0) await retryAlone(work, alone, mode, left, result, fetched);
  if (left.unstorable.length > 0) await holdUnstorable(work, left, result, stored);
  return left.unmatched;
}

/** Asks the ledger and the server about a window of UIDs; holds what is too large; returns what is to be fetched. */
async function look(
  work: Work,
  uids: readonly Uid[],
  { flagged, before }: Queue,
  result: { unseen: number; staying: number },
): Promise<Item[]> {
  const { settled, released, known } = await askLedger(work, uids, before, result);
  const asked = uids.filter((uid) => !settled.has(uid) && !work.fuse.wasRefused(uid));
  result.unseen += uids.filter((uid) => work.fuse.wasRefused(uid)).length;
  const holds: Hold[] = [];
  const items: Item[] = [];
  for (const listed of await askServer(work, asked, result)) {
    const { uid, size, internalDate } = listed;
    // A lower limit came later than what is stored: it stays recognisable.
    const free = released.has(uid) || (size > work.mailbox.sizeLimit && isStored(work, listed, known.get(uid)));
    const reason = holdReason(work, listed, free);
    if (reason !== null) holds.push({ uid, size, internalDate, reason });
    else
      items.push({
        listed,
        known: known.get(uid) ?? [],
        flagged: flagged.has(uid),
        released: free,
        before: before.get(uid) ?? null,
      });
  }
  await holdAll(work, holds);
  result.unseen += holds.length;
  return items;
}

/** What the ledger says of these UIDs: nothing to do, freed by a person, or rows to be compared with. */
interface Known {
  readonly settled: ReadonlySet<Uid>;
  readonly released: ReadonlySet<Uid>;
  readonly known: ReadonlyMap<Uid, readonly OpenRow[]>;
}

async function askLedger(
  work: Work,
  uids: readonly Uid[],
  before: ReadonlyMap<Uid, Buffer>,
  result: { unseen: number; staying: number },
): Promise<Known> {
  const now = new Date();
  const released = new Set<Uid>();
  const settled = new Set<Uid>();
  const rows: LedgerRow[] = [];
  for (const row of await rowsFor(work.sql, work.mailboxId, work.session.facts.uidValidity, uids)) {
    if ((row.state === 'held' || row.state === 'kept') && !before.has(row.uid)) result.staying++;
    if (row.state === 'held' && row.released) released.add(row.uid);
    else if (row.state === 'held') {
      settled.add(row.uid);
      result.unseen++;
    } else if (isRestored(row) && work.takesRestored === true) rows.push(row);
    else if (row.state === 'kept' && (work.resting || isSatisfied(work.mailbox, row, now))) {
      settled.add(row.uid);
      if (isRestored(row)) work.tally.restored(row.uid);
    } else if (row.state !== 'pending') rows.push(row);
  }
  const known = new Map<Uid, OpenRow[]>();
  for (const row of await withHeaders(work.sql, rows)) known.set(row.uid, [...(known.get(row.uid) ?? []), row]);
  return { settled, released, known };
}

async function askServer(work: Work, uids: readonly Uid[], result: { unseen: number }): Promise<Listed[]> {
  const described = uids.length === 0 ? [] : await work.session.describe(uids);
  if (described.length === uids.length) return described;
  const told = new Set(described.map((listed) => listed.uid));
  // Mostly they have gone since they were listed. Those that are there have not been looked into.
  const silent = await work.session.present(uids.filter((uid) => !told.has(uid)));
  if (silent.size > 0) work.tally.note('the server lists messages of which it says nothing');
  work.tally.silent(silent);
  result.unseen += silent.size;
  return described;
}

function isStored({ open }: Work, listed: Listed, known: readonly OpenRow[] = []): boolean {
  return open.expects(listed) || known.some((row) => row.state === 'kept' && row.size === listed.size);
}

/** @param free a person freed it, or it is stored already: no limit on its size */
function holdReason(work: Work, listed: Listed, free: boolean): Hold['reason'] | null {
  if (work.fuse.isFatal(listed.uid)) return 'fetch-fatal';
  if (free) return null;
  return listed.size > work.mailbox.sizeLimit ? 'too-large' : null;
}

/** A mailbox has a few messages that its server cannot send; many at once are the server's trouble. */
const FEW = 5;

/**
 * One by one, so that a message the server cannot send does not keep the others from being stored.
 *
 * @param fetchedBefore how many had been sent when the queue began
 */
async function retryAlone(
  work: Work,
  items: readonly Item[],
  mode: Mode,
  left: Leftovers,
  result: { unseen: number },
  fetchedBefore: number,
): Promise<void> {
  const { fetched } = work.tally;
  work.onProgress(0, items.length);
  await pump(work, oneByOne(items), mode, left);
  const refused = left.unanswered.splice(0);
  if (refused.length === 0) return;
  // That a few others were sent before is enough to blame a few; more are only blamed beside others that were sent after them.
  const since = refused.length > FEW ? fetched : fetchedBefore;
  if (work.tally.fetched === since && !areBlamedAlready(work, refused)) {
    work.fuse.clear(refused.map((item) => item.listed.uid));
    throw new MaildrainError('SERVER_UNAVAILABLE', `the server sent none of ${refused.length} messages it lists`);
  }
  for (const { listed } of refused) work.fuse.refuse(listed.uid);
  const fatal = refused.filter(({ listed }) => work.fuse.isFatal(listed.uid));
  await holdAll(work, fatal.map(heldAs('fetch-refused')));
  work.tally.missing += refused.length - fatal.length;
  result.unseen += refused.length;
  await setInFlight(work.sql, work.mailboxId, work.fuse.state());
}

/** Few, and refused in an earlier drain that was sent others. The only message of a mailbox is given the same two chances. */
function areBlamedAlready({ fuse }: Work, refused: readonly Item[]): boolean {
  if (refused.length === 1) return true;
  return refused.length <= FEW && refused.every(({ listed }) => fuse.wasRefusedBefore(listed.uid));
}

/** What Postgres refuses while it takes others is held. Where it took nothing in this queue, that is Postgres's trouble, or ours. */
async function holdUnstorable(
  work: Work,
  { unstorable }: Leftovers,
  result: { unseen: number },
  storedBefore: number,
): Promise<void> {
  const [first] = unstorable;
  if (first === undefined) return;
  if (work.tally.stored + work.tally.adopted === storedBefore) throw first.error;
  await holdAll(work, unstorable.map(heldAs('store-refused')));
  work.tally.note(`Postgres refused ${unstorable.length} of the messages; they are held: ${first.error.message}`);
  result.unseen += unstorable.length;
}

function heldAs(reason: Hold['reason']): (item: { readonly listed: Listed }) => Hold {
  return ({ listed: { uid, size, internalDate } }) => ({ uid, size, internalDate, reason });
}
