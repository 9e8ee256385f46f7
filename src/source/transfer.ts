// Moving and copying messages to another mailbox of the account for admin jobs: UID MOVE (RFC 6851), or with UIDPLUS (RFC 4315) UID COPY, and
// UID EXPUNGE of what was seen to have arrived. There is no path to a plain EXPUNGE. What is reported was looked for in the target: by
// COPYUID, by X-GM-MSGID or EMAILID, or else by octets. How a drain takes away what it has stored is in imap-dispose.ts.

import { MaildrainError } from '../errors.ts';
import type { Target, Uid } from '../model.ts';
import { type ImapState, present, refused } from './imap-ask.ts';
import { deleteSet } from './imap-dispose.ts';
import { sessionError } from './imap-errors.ts';
import {
  cameBefore,
  cameSince,
  copiesOf,
  type Landed,
  leftBehind,
  type Mark,
  seenThere,
  withoutDoubles,
} from './repeat.ts';
import { uidSets } from './uid-set.ts';

/** What came of one slice. */
export interface Transfer {
  /** Seen in the target and, after a move, gone from here. */
  readonly done: readonly Uid[];
  /** Gone from here, and not by us: somebody took them before the server could. */
  readonly vanished: readonly Uid[];
  /** Gone from here, and not seen in the target. */
  readonly unseen: readonly Uid[];
  /** So many more came to the target than should have: the slice was repeated while the server still carried it out. */
  readonly twice: number;
  /** Why the others are not; null when all are. */
  readonly why: string | null;
  /** Gmail's write quarantine began. */
  readonly throttled: boolean;
}

/** UIDNEXT of a mailbox that is not open; null when the server does not say. */
export async function uidNextOf(state: ImapState, path: string): Promise<number | null> {
  const status = await state.connection.client.status(path, { uidNext: true }).catch((error: unknown) => {
    throw state.connection.broken() ?? sessionError(error);
  });
  // Also what a line that broke looks like.
  if (status === false) throw refused(state, 'STATUS');
  return status.uidNext ?? null;
}

/** Moves. `targets` are those that were here when the slice was begun; some may have gone since. */
export async function moveTo(state: ImapState, targets: readonly Target[], to: string, mark: Mark): Promise<Transfer> {
  const { connection } = state;
  const can = connection.client.capabilities;
  if (!can.has('MOVE')) return can.has('UIDPLUS') ? copyThenExpunge(state, targets, to, mark) : refuseMove();
  const uids = targets.map(({ uid }) => uid);
  const came = await cameBefore(state, to, mark);
  const had = came === null ? new Map<Uid, Uid>() : await leftBehind(state, targets, to, mark, came);
  for (const set of uidSets([...had.keys()])) await deleteSet(state, set, 'UID EXPUNGE');
  const here = came === null ? new Set(uids) : await present(state, uids);
  const landed = new Map<Uid, Uid>();
  connection.takeOkCodes();
  for (const set of uidSets(uids.filter((uid) => here.has(uid) && !had.has(uid)))) {
    const moved = await connection.client.messageMove(set.text, to, { uid: true }).catch((error: unknown) => {
      throw connection.broken() ?? sessionError(error);
    });
    if (connection.takeOkCodes().includes('THROTTLED')) return { ...NOTHING, throttled: true };
    if (moved === false || moved === undefined) throw refused(state, 'UID MOVE');
    collect(landed, moved.uidMap);
  }
  const there = await present(state, uids);
  const gone = targets.filter(({ uid }) => !there.has(uid));
  const arrived = await arrivals(state, gone, to, new Map([...had, ...landed]), mark);
  const absent = gone.flatMap(({ uid }) => (arrived.has(uid) ? [] : [uid]));
  // A server that says where messages went has moved those it names and no others; of a repeated slice, the session before may have moved them.
  const taken = landed.size > 0 && came === null;
  return {
    done: gone.flatMap(({ uid }) => (arrived.has(uid) ? [uid] : [])),
    ...(taken ? { vanished: absent, unseen: [] } : { vanished: [], unseen: absent }),
    twice: await withoutDoubles(state, to, mark, landed, came),
    why: there.size > 0 ? 'the server said OK to MOVE and the messages are still there' : null,
    throttled: false,
  };
}

const NOTHING: Transfer = { done: [], vanished: [], unseen: [], twice: 0, why: null, throttled: false };

/** @throws MaildrainError UNSAFE_EXPUNGE */
export function refuseMove(): never {
  throw new MaildrainError(
    'UNSAFE_EXPUNGE',
    'the server has neither MOVE nor UIDPLUS: messages cannot be moved without the danger of removing others. "copy" can be used',
  );
}

/** Copies. Messages whose copy was made when this slice was begun before are not copied again. */
export async function copyTo(state: ImapState, targets: readonly Target[], to: string, mark: Mark): Promise<Transfer> {
  const { transfer, landed, came } = await copy(state, targets, to, mark, false);
  return { ...transfer, twice: await withoutDoubles(state, to, mark, landed, came) };
}

/** What withoutDoubles() is to know of a copy. */
interface Copied {
  readonly transfer: Transfer;
  readonly landed: Landed;
  readonly came: ReadonlySet<Uid> | null;
}

/** @param strict only what the server names, and is seen there, and what octets prove: the originals are expunged afterwards */
async function copy(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  mark: Mark,
  strict: boolean,
): Promise<Copied> {
  const { connection } = state;
  const uids = targets.map(({ uid }) => uid);
  const came = await cameBefore(state, to, mark);
  const before = mark.repeated ? await copiesOf(state, targets, to, mark) : new Map<Uid, Uid>();
  const here = came === null ? new Set(uids) : await present(state, uids);
  const wanted = targets.filter(({ uid }) => here.has(uid) && !before.has(uid));
  const landed = new Map<Uid, Uid>();
  connection.takeOkCodes();
  for (const set of uidSets(wanted.map(({ uid }) => uid))) {
    const copied = await connection.client.messageCopy(set.text, to, { uid: true }).catch((error: unknown) => {
      throw connection.broken() ?? sessionError(error);
    });
    if (connection.takeOkCodes().includes('THROTTLED'))
      return { transfer: { ...NOTHING, throttled: true }, landed, came };
    if (copied === false || copied === undefined) throw refused(state, 'UID COPY');
    collect(landed, copied.uidMap);
  }
  const seen = strict
    ? await proved(state, targets, to, landed, mark, before)
    : new Set([...before.keys(), ...(await arrivals(state, wanted, to, landed, mark, before.size))]);
  const done = uids.filter((uid) => seen.has(uid));
  const rest = uids.filter((uid) => !seen.has(uid));
  const there = await present(state, rest);
  const transfer: Transfer = {
    ...NOTHING,
    done,
    vanished: rest.filter((uid) => !there.has(uid)),
    why: there.size === 0 ? null : 'the server said OK to COPY and does not show the copies',
  };
  return { transfer, landed, came };
}

/** Those that COPYUID names and that are there, and of the others those whose octets are: mail that comes from elsewhere meanwhile proves nothing. */
async function proved(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  landed: Landed,
  mark: Mark,
  before: Landed,
): Promise<ReadonlySet<Uid>> {
  const named = targets.filter(({ uid }) => landed.has(uid));
  const found = named.length === 0 ? new Map<Uid, Uid>() : await seenThere(state, to, named, landed, mark);
  const open = targets.filter(({ uid }) => !found.has(uid));
  if (open.every(({ uid }) => before.has(uid))) return new Set([...found.keys(), ...before.keys()]);
  // Together with those that were found before this time: of two alike, one copy is not two.
  return new Set([...found.keys(), ...(await copiesOf(state, open, to, mark, new Set(found.values()))).keys()]);
}

/** For servers with UIDPLUS and without MOVE. Only what was seen in the target is taken away here. */
async function copyThenExpunge(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  mark: Mark,
): Promise<Transfer> {
  const uids = targets.map(({ uid }) => uid);
  const here = await present(state, uids);
  const there = targets.filter(({ uid }) => here.has(uid));
  const { transfer: copied, landed, came } = await copy(state, there, to, mark, true);
  if (copied.throttled) return copied;
  for (const set of uidSets(copied.done)) await deleteSet(state, set, 'UID EXPUNGE');
  const left = await present(state, copied.done);
  const gone = targets.filter(({ uid }) => !here.has(uid));
  // What was gone before the copying had been taken away when this slice was begun before; then its copies came as well.
  const before = mark.repeated ? await arrivals(state, gone, to, new Map(), mark, copied.done.length) : new Set<Uid>();
  const absent = gone.flatMap(({ uid }) => (before.has(uid) ? [] : [uid]));
  return {
    done: [...before, ...copied.done.filter((uid) => !left.has(uid))],
    vanished: [...copied.vanished, ...(mark.repeated ? [] : absent)],
    unseen: mark.repeated ? absent : [],
    twice: await withoutDoubles(state, to, mark, landed, came),
    why: left.size > 0 ? 'the server said OK to UID EXPUNGE and the messages are still there' : copied.why,
    throttled: false,
  };
}

/** How many messages came to another folder since the mark; null: the server did not say its UIDNEXT. */
export async function arrivedSince(state: ImapState, to: string, mark: Mark): Promise<number | null> {
  const { targetNext } = mark;
  if (targetNext === null) return null;
  return (await cameSince(state, to, targetNext)).length;
}

function collect(landed: Map<Uid, Uid>, map: ReadonlyMap<number, number> | undefined): void {
  for (const [from, there] of map ?? []) landed.set(String(from), String(there));
}

/**
 * Those of the messages that are seen in the target.
 *
 * @param others so many more have come there of which this is known
 */
async function arrivals(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  landed: Landed,
  mark: Mark,
  others = 0,
): Promise<Set<Uid>> {
  if (targets.length === 0) return new Set();
  const found = new Set((await seenThere(state, to, targets, landed, mark)).keys());
  const unknown = targets.filter(({ uid, emailId }) => !found.has(uid) && emailId === null && !landed.has(uid));
  if (unknown.length === 0 || mark.targetNext === null) return found;
  // No COPYUID of these: their answer was lost, or the server gives none. So many more have to have come than those that are known.
  const came = await cameSince(state, to, mark.targetNext);
  const known = new Set([...found].map((uid) => landed.get(uid)));
  if (came.filter((uid) => !known.has(uid)).length >= unknown.length + others)
    for (const { uid } of unknown) found.add(uid);
  return found;
}
