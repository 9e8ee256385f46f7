// A slice of a move or a copy that was cut and is begun again: what of it came to the target before, by EMAILID or octets, and what came twice all
// the same. Nothing in IMAP says that the session of a lost line has ended: Dovecot carries its MOVE out to the end and shows nothing of it
// meanwhile, so that a second one moves the same messages once more. The pause before a slice is repeated is in admin/plan-slices.ts.

import { MaildrainError } from '../errors.ts';
import type { Listed, Target, Uid } from '../model.ts';
import { digests } from './digests.ts';
import { emailIdsOf, foundIn, inMailbox } from './gmail.ts';
import { type ImapState, present, search } from './imap-ask.ts';
import { deleteSet } from './imap-dispose.ts';
import { describe } from './imap-fetch.ts';
import { uidSets } from './uid-set.ts';

/** What was written down before the slice was begun the first time, so that one that was cut is finished and not done twice. */
export interface Mark {
  /** UIDNEXT of the target: what came of us has a UID from here on. Null: the server did not say. */
  readonly targetNext: number | null;
  /** The slice was begun before: some of it may have happened. */
  readonly repeated: boolean;
  /** So many messages it had then. */
  readonly were: number;
}

/** Source UID to target UID. */
export type Landed = ReadonlyMap<Uid, Uid>;

/**
 * The UIDs that came to the target before this time, where the slice is repeated; null: it is not, or nothing can be doubled. STATUS answers with old
 * numbers while another session writes there; to open the target mostly waits for that session, and the folder opened again after it is up to date.
 */
export async function cameBefore(state: ImapState, to: string, mark: Mark): Promise<ReadonlySet<Uid> | null> {
  // On Gmail a message is stored once, whatever is moved and copied.
  if (!mark.repeated || mark.targetNext === null || state.facts.gmail) return null;
  return new Set(await cameSince(state, to, mark.targetNext));
}

/** What came to another folder, ascending. */
export function cameSince(state: ImapState, to: string, since: number): Promise<Uid[]> {
  return inMailbox(state, to, true, () => searchFrom(state, since));
}

/** `n:*` answers the last message even when its UID is smaller (RFC 9051 9, `seq-range`). */
async function searchFrom(state: ImapState, first: number): Promise<Uid[]> {
  return (await search(state, { uid: `${first}:*` })).filter((uid) => Number(uid) >= first);
}

/** Those that are where COPYUID says, or whose EMAILID came there since the mark; each message of the target stands for one. */
export async function seenThere(
  state: ImapState,
  to: string,
  targets: readonly Target[],
  landed: Landed,
  { targetNext }: Mark,
  taken: ReadonlySet<Uid> = new Set(),
): Promise<Map<Uid, Uid>> {
  // There it is the same message, under a label that it may have had before.
  if (state.facts.gmail) return foundIn(state, to, targets, landed);
  return inMailbox(state, to, true, async () => {
    const named = targets.flatMap(({ uid }) => landed.get(uid) ?? []);
    const asked = targetNext !== null && targets.some(({ emailId }) => emailId !== null);
    const came = asked ? await searchFrom(state, targetNext) : [];
    const emailIds = await emailIdsOf(state, [...new Set([...named, ...came])]);
    const found = new Map<Uid, Uid>();
    for (const { uid, emailId } of targets) {
      const there = landed.get(uid);
      if (there !== undefined && emailIds.has(there) && (emailId === null || emailIds.get(there) === emailId))
        found.set(uid, there);
    }
    const free = new Map<string, Uid[]>();
    const used = new Set([...found.values(), ...taken]);
    for (const there of came) {
      const emailId = emailIds.get(there) ?? null;
      if (emailId !== null && !used.has(there)) free.set(emailId, [...(free.get(emailId) ?? []), there]);
    }
    for (const { uid, emailId } of targets) {
      const there = emailId === null || found.has(uid) ? undefined : free.get(emailId)?.shift();
      if (there !== undefined) found.set(uid, there);
    }
    return found;
  });
}

/**
 * Those of the messages that a copy of came to the target since the mark, one copy for each: the same EMAILID, or else the same octets.
 *
 * @param taken messages of the target that are copies of others
 */
export async function copiesOf(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  mark: Mark,
  taken: ReadonlySet<Uid> = new Set(),
): Promise<Map<Uid, Uid>> {
  if (targets.length === 0) return new Map();
  const ids = targets.every(({ emailId }) => emailId !== null);
  if (ids && (state.facts.gmail || mark.targetNext !== null))
    return seenThere(state, to, targets, new Map(), mark, taken);
  const since = mark.targetNext;
  if (since === null) {
    throw new MaildrainError(
      'PROTOCOL_ERROR',
      `the server does not tell UIDNEXT of "${to}", so it cannot be told what was copied there`,
    );
  }
  const came = await inMailbox(state, to, true, async () => describe(state, await searchFrom(state, since)));
  const free = came.filter(({ uid }) => !taken.has(uid));
  if (free.length === 0) return new Map();
  const here = await describe(
    state,
    targets.map(({ uid }) => uid),
  );
  const [mine, theirs] = [sizesOf(here), sizesOf(free)];
  const copies = new Map<string, Uid[]>();
  const wanted = free.filter(({ size }) => mine.has(size));
  if (wanted.length === 0) return new Map();
  for (const [uid, digest] of await inMailbox(state, to, true, () => digests(state, wanted)))
    copies.set(digest, [...(copies.get(digest) ?? []), uid]);
  const found = new Map<Uid, Uid>();
  const alike = here.filter(({ size }) => theirs.has(size));
  for (const [uid, digest] of await digests(state, alike)) {
    const there = copies.get(digest)?.shift();
    if (there !== undefined) found.set(uid, there);
  }
  return found;
}

function sizesOf(listed: readonly Listed[]): Set<number> {
  return new Set(listed.map(({ size }) => size));
}

/**
 * Of a MOVE that was cut: messages whose copy is there and that are still here. At most as many as have come beyond those that are gone from here: a
 * copy of one that is gone is no copy of its twin.
 *
 * @param came what cameBefore() answered
 */
export async function leftBehind(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  mark: Mark,
  came: ReadonlySet<Uid>,
): Promise<Map<Uid, Uid>> {
  const here = await present(
    state,
    targets.map(({ uid }) => uid),
  );
  const spare = came.size - (mark.were - here.size);
  if (spare <= 0 || !state.connection.client.capabilities.has('UIDPLUS')) return new Map();
  const still = targets.filter(({ uid }) => here.has(uid));
  const gone = targets.filter(({ uid }) => !here.has(uid));
  const copies = await copiesOf(state, [...gone, ...still], to, mark);
  return new Map([...copies].filter(([uid]) => here.has(uid)).slice(0, spare));
}

/**
 * Takes off the target what came twice: of ours, as COPYUID names them, those that came beside the same octets of somebody else while the slice was
 * repeated. Only as many as are too many there: mail that is alike may have been sent twice.
 *
 * @param came what cameBefore() answered
 * @returns how many are still there twice, as far as can be told
 */
export async function withoutDoubles(
  state: ImapState,
  to: string,
  { targetNext, were }: Mark,
  ours: Landed,
  came: ReadonlySet<Uid> | null,
): Promise<number> {
  if (targetNext === null || came === null) return 0;
  const now = await cameSince(state, to, targetNext);
  const surplus = now.length - were;
  if (surplus <= 0) return 0;
  const groups = await inMailbox(state, to, true, () => alike(state, now));
  const named = new Set(ours.values());
  const doomed: Uid[] = [];
  let more = 0;
  for (const group of groups) {
    const mine = group.filter((uid) => named.has(uid));
    const others = group.filter((uid) => !named.has(uid) && !came.has(uid));
    doomed.push(...mine.slice(0, others.length));
    // Those that we took there together are twins of the folder they come from.
    more += group.length - Math.max(1, mine.length);
  }
  const removed = await expungeThere(state, to, doomed.slice(0, surplus));
  return Math.max(0, Math.min(surplus, more) - removed);
}

/** Messages with the same octets, two or more together. */
async function alike(state: ImapState, uids: readonly Uid[]): Promise<Uid[][]> {
  const listed = await describe(state, uids);
  const times = new Map<number, number>();
  for (const { size } of listed) times.set(size, (times.get(size) ?? 0) + 1);
  const groups = new Map<string, Uid[]>();
  for (const [uid, digest] of await digests(
    state,
    listed.filter(({ size }) => (times.get(size) ?? 0) > 1),
  ))
    groups.set(digest, [...(groups.get(digest) ?? []), uid]);
  return [...groups.values()].filter(({ length }) => length > 1);
}

async function expungeThere(state: ImapState, to: string, uids: readonly Uid[]): Promise<number> {
  if (uids.length === 0 || !state.connection.client.capabilities.has('UIDPLUS')) return 0;
  return inMailbox(state, to, false, async () => {
    for (const set of uidSets(uids)) await deleteSet(state, set, 'UID EXPUNGE');
    return uids.length - (await present(state, uids)).size;
  });
}
