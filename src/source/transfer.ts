// Moving and copying messages to another mailbox of the account for admin jobs: UID MOVE (RFC 6851), or with UIDPLUS (RFC 4315) UID COPY, and
// UID EXPUNGE of what was seen to have arrived. There is no path to a plain EXPUNGE. What is reported was looked for in the target: by
// COPYUID, by X-GM-MSGID or EMAILID, or else by octets. How a drain takes away what it has stored is in imap-dispose.ts.

import { createHash } from 'node:crypto';
import { MaildrainError } from '../errors.ts';
import type { Listed, Target, Uid } from '../model.ts';
import { foundIn, inMailbox } from './gmail.ts';
import { type ImapState, present, refused, search } from './imap-ask.ts';
import { deleteSet } from './imap-dispose.ts';
import { sessionError } from './imap-errors.ts';
import { describe, stream } from './imap-session.ts';
import { uidSets } from './uid-set.ts';

/** What came of one slice. */
export interface Transfer {
  /** Seen in the target and, after a move, gone from here. */
  readonly done: readonly Uid[];
  /** Gone from here, and not by us: somebody took them before the server could. */
  readonly vanished: readonly Uid[];
  /** Gone from here, and not seen in the target. */
  readonly unseen: readonly Uid[];
  /** Why the others are not; null when all are. */
  readonly why: string | null;
  /** Gmail's write quarantine began. */
  readonly throttled: boolean;
}

/** What was written down before the slice was begun the first time, so that one that was cut is finished and not done twice. */
export interface Mark {
  /** UIDNEXT of the target: what came of us has a UID from here on. Null: the server did not say. */
  readonly targetNext: number | null;
  /** The slice was begun before: some of it may have happened. */
  readonly repeated: boolean;
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
  const landed = new Map<Uid, Uid>();
  connection.takeOkCodes();
  for (const set of uidSets(uids)) {
    const moved = await connection.client.messageMove(set.text, to, { uid: true }).catch((error: unknown) => {
      throw connection.broken() ?? sessionError(error);
    });
    if (connection.takeOkCodes().includes('THROTTLED')) return { ...NOTHING, throttled: true };
    if (moved === false || moved === undefined) throw refused(state, 'UID MOVE');
    collect(landed, moved.uidMap);
  }
  const there = await present(state, uids);
  const gone = targets.filter(({ uid }) => !there.has(uid));
  const arrived = await arrivals(state, gone, to, landed, mark);
  const absent = gone.flatMap(({ uid }) => (arrived.has(uid) ? [] : [uid]));
  return {
    done: gone.flatMap(({ uid }) => (arrived.has(uid) ? [uid] : [])),
    // A server that says where messages went has moved those it names and no others.
    ...(landed.size > 0 ? { vanished: absent, unseen: [] } : { vanished: [], unseen: absent }),
    why: there.size > 0 ? 'the server said OK to MOVE and the messages are still there' : null,
    throttled: false,
  };
}

const NOTHING: Transfer = { done: [], vanished: [], unseen: [], why: null, throttled: false };

function refuseMove(): never {
  throw new MaildrainError(
    'UNSAFE_EXPUNGE',
    'the server has neither MOVE nor UIDPLUS: messages cannot be moved without the danger of removing others. "copy" can be used',
  );
}

/** Copies. Messages whose copy was made when this slice was begun before are not copied again. */
export function copyTo(state: ImapState, targets: readonly Target[], to: string, mark: Mark): Promise<Transfer> {
  return copy(state, targets, to, mark, false);
}

/** @param strict only what the server names, and is seen there, and what octets prove: the originals are expunged afterwards */
async function copy(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  mark: Mark,
  strict: boolean,
): Promise<Transfer> {
  const { connection } = state;
  const uids = targets.map(({ uid }) => uid);
  const before = mark.repeated ? await copiesOf(state, targets, to, mark) : new Set<Uid>();
  const wanted = targets.filter(({ uid }) => !before.has(uid));
  const landed = new Map<Uid, Uid>();
  connection.takeOkCodes();
  for (const set of uidSets(wanted.map(({ uid }) => uid))) {
    const copied = await connection.client.messageCopy(set.text, to, { uid: true }).catch((error: unknown) => {
      throw connection.broken() ?? sessionError(error);
    });
    if (connection.takeOkCodes().includes('THROTTLED')) return { ...NOTHING, throttled: true };
    if (copied === false || copied === undefined) throw refused(state, 'UID COPY');
    collect(landed, copied.uidMap);
  }
  const seen = strict
    ? await proved(state, targets, to, landed, mark, before)
    : new Set([...before, ...(await arrivals(state, wanted, to, landed, mark, before.size))]);
  const done = uids.filter((uid) => seen.has(uid));
  const rest = uids.filter((uid) => !seen.has(uid));
  const there = await present(state, rest);
  return {
    ...NOTHING,
    done,
    vanished: rest.filter((uid) => !there.has(uid)),
    why: there.size === 0 ? null : 'the server said OK to COPY and does not show the copies',
  };
}

/** Those that COPYUID names and that are there, and of the others those whose octets are: mail that comes from elsewhere meanwhile proves nothing. */
async function proved(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  landed: ReadonlyMap<Uid, Uid>,
  mark: Mark,
  before: ReadonlySet<Uid>,
): Promise<ReadonlySet<Uid>> {
  const named = targets.filter(({ uid }) => landed.has(uid));
  const found = named.length === 0 ? new Map<Uid, Uid>() : await foundIn(state, to, named, landed);
  const open = targets.filter(({ uid }) => !found.has(uid));
  if (open.every(({ uid }) => before.has(uid))) return new Set([...found.keys(), ...before]);
  // Together with those that were found before this time: of two alike, one copy is not two.
  return new Set([...found.keys(), ...(await copiesOf(state, open, to, mark, new Set(found.values())))]);
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
  const copied = await copy(state, there, to, mark, true);
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
    why: left.size > 0 ? 'the server said OK to UID EXPUNGE and the messages are still there' : copied.why,
    throttled: false,
  };
}

/** How many messages came to another folder since the mark; null: the server did not say its UIDNEXT. */
export async function arrivedSince(state: ImapState, to: string, mark: Mark): Promise<number | null> {
  const { targetNext } = mark;
  if (targetNext === null) return null;
  return (await inMailbox(state, to, true, () => searchFrom(state, targetNext))).length;
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
  landed: ReadonlyMap<Uid, Uid>,
  mark: Mark,
  others = 0,
): Promise<Set<Uid>> {
  if (targets.length === 0) return new Set();
  const found = new Set((await foundIn(state, to, targets, landed)).keys());
  const unknown = targets.filter(({ uid, emailId }) => !found.has(uid) && emailId === null && !landed.has(uid));
  if (unknown.length === 0 || mark.targetNext === null) return found;
  // No COPYUID of these: their answer was lost, or the server gives none. So many more have to have come than those that are known.
  const since = mark.targetNext;
  const came = await inMailbox(state, to, true, () => searchFrom(state, since));
  const known = new Set([...found].map((uid) => landed.get(uid)));
  if (came.filter((uid) => !known.has(uid)).length >= unknown.length + others)
    for (const { uid } of unknown) found.add(uid);
  return found;
}

/** `n:*` answers the last message even when its UID is smaller (RFC 9051 9, `seq-range`). */
async function searchFrom(state: ImapState, first: number): Promise<Uid[]> {
  return (await search(state, { uid: `${first}:*` })).filter((uid) => Number(uid) >= first);
}

/**
 * Those of the messages that a byte-identical copy of came to the target since the mark, one copy for each.
 *
 * @param taken messages of the target that are copies of others
 */
async function copiesOf(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  mark: Mark,
  taken: ReadonlySet<Uid> = new Set(),
): Promise<Set<Uid>> {
  if (targets.every(({ emailId }) => emailId !== null) && targets.length > 0) {
    return new Set((await foundIn(state, to, targets, new Map())).keys());
  }
  if (mark.targetNext === null) {
    throw new MaildrainError(
      'PROTOCOL_ERROR',
      `the server does not tell UIDNEXT of "${to}", so it cannot be told what was copied there`,
    );
  }
  const since = mark.targetNext;
  const next = await uidNextOf(state, to);
  if (next !== null && next <= since) return new Set();
  const here = await describe(
    state,
    targets.map(({ uid }) => uid),
  );
  const sizes = new Set(here.map(({ size }) => size));
  const copies = await inMailbox(state, to, true, async () => {
    const came = await describe(state, await searchFrom(state, since));
    return digests(
      state,
      came.filter(({ uid, size }) => sizes.has(size) && !taken.has(uid)),
    );
  });
  const left = new Map<string, number>();
  for (const digest of copies.values()) left.set(digest, (left.get(digest) ?? 0) + 1);
  const found = new Set<Uid>();
  if (left.size === 0) return found;
  for (const [uid, digest] of await digests(state, here)) {
    const count = left.get(digest) ?? 0;
    if (count === 0) continue;
    left.set(digest, count - 1);
    found.add(uid);
  }
  return found;
}

/** Larger ones are read in pieces. */
const WHOLE_OCTETS = 1024 * 1024;

/** SHA-256 of the octets, one message in memory at a time. Only after a cut, so that it need not be fast. */
async function digests(state: ImapState, listed: readonly Listed[]): Promise<Map<Uid, string>> {
  const found = new Map<Uid, string>();
  const small = listed.filter(({ size }) => size <= WHOLE_OCTETS);
  for (const set of uidSets(small.map(({ uid }) => uid))) {
    try {
      for await (const row of state.connection.client.fetch(set.text, { uid: true, source: true }, { uid: true })) {
        if (row.source !== undefined) found.set(String(row.uid), createHash('sha256').update(row.source).digest('hex'));
      }
    } catch (error) {
      throw state.connection.broken() ?? sessionError(error);
    }
  }
  for (const large of listed.filter(({ size }) => size > WHOLE_OCTETS)) {
    const hash = createHash('sha256');
    for await (const piece of stream(state, large, (work) => work)) hash.update(piece);
    found.set(large.uid, hash.digest('hex'));
  }
  return found;
}
