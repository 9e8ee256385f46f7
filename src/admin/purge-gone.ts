// A purge finds that messages are gone from their folder: by us, or did somebody else take them away? Where nothing is stored no ledger says so, and
// Gmail may show for some seconds neither in their folder nor in Trash what was moved there. A message of Gmail is in All Mail, in Spam or
// in Trash, and nowhere else: what the first two do not show is in Trash, or was deleted from there.

import { setTimeout as pause } from 'node:timers/promises';
import type { Target, Uid } from '../model.ts';
import type { AdminSession } from '../source/admin-session.ts';
import { bySpecialUse } from '../source/folders.ts';
import { foundIn } from '../source/gmail.ts';
import type { Turn } from './job.ts';
import type { Slice, SliceOutcome } from './plan-slices.ts';

/** Pauses before Gmail's Trash is looked into once more: seconds, in which a drain of the login may wait (lock.ts waits longer). */
const LOOK_AGAIN_MS = [500, 1500, 3000];
/**
 * Further ones, where what Trash does not show is taken for expunged: together 15 seconds since the turn before ended, as long as any server is given to
 * come to an end (plan-slices.ts). Reported lags are a few seconds.
 */
const LOOK_LONGER_MS = [5000, 5000];

/** What became of messages that are gone from their folder. */
export interface Gone {
  /** Seen in Trash; with `forever` gone from there. */
  readonly done: readonly Uid[];
  /** Somebody else has moved them elsewhere. */
  readonly vanished: readonly Uid[];
  /** In Trash, or deleted from there: nowhere else. */
  readonly nowhere: readonly Uid[];
  /** Nobody can say: All Mail is not shown, or no id is known. */
  readonly unknown: readonly Uid[];
  /** Gmail's write quarantine began. */
  readonly throttled: boolean;
}

const NOWHERE: ReadonlyMap<Uid, Uid> = new Map();

/** Gmail's move to Trash is the only means whose effect shows late. */
export function maySettleLate({ session }: AdminSession): boolean {
  return session.facts.gmail && session.facts.disposal.means === 'move';
}

/** What takenByUs() will say of what is nowhere. */
function countsNowhere({ session }: AdminSession, { mark }: Slice): boolean {
  const { disposal } = session.facts;
  return disposal.means === 'move' && disposal.thenExpunge && mark.repeated;
}

/**
 * Gmail only: looks for messages that are gone from their folder and were not seen in Trash, for as long as Trash may lag. What turns up there is
 * disposed as the others were.
 *
 * Only the loss of the connection to Postgres may end the look: the next turn could not tell what this one moved from what was gone before.
 *
 * @returns null: it was lost
 */
export async function findGone(
  admin: AdminSession,
  slice: Slice,
  targets: readonly Target[],
  { pen: { lost }, hurry = 1 }: Turn,
): Promise<Gone | null> {
  const done: Uid[] = [];
  const vanished: Uid[] = [];
  const places = placesBeside(admin);
  const unknown = targets.filter(({ emailId }) => emailId === null).map(({ uid }) => uid);
  let open = targets.filter(({ emailId }) => emailId !== null);
  for (const wait of countsNowhere(admin, slice) ? [...LOOK_AGAIN_MS, ...LOOK_LONGER_MS] : LOOK_AGAIN_MS) {
    if (open.length === 0) break;
    await pause(wait / hurry, undefined, { signal: lost }).catch(() => {});
    if (lost.aborted) return null;
    // A MOVE of what is not there does nothing; what Trash shows now is dealt with there.
    const outcome = await admin.session.dispose(open);
    done.push(...outcome.done);
    const settled = new Set(outcome.done);
    open = open.filter(({ uid }) => !settled.has(uid));
    if (outcome.throttled) return { done, vanished, nowhere: [], unknown: [], throttled: true };
  }
  // Last: All Mail may go on showing what has left it, as Trash does not show yet what came there.
  for (const place of places.paths) {
    const still = open;
    const seen = still.length === 0 ? NOWHERE : await admin.ask((state) => foundIn(state, place, still, new Map()));
    vanished.push(...seen.keys());
    open = still.filter(({ uid }) => !seen.has(uid));
  }
  const rest = open.map(({ uid }) => uid);
  return places.certain
    ? { done, vanished, nowhere: rest, unknown, throttled: false }
    : { done, vanished, nowhere: [], unknown: [...unknown, ...rest], throttled: false };
}

/** Where a message may be that is neither in the open folder nor in Trash. Not certain: All Mail is hidden. */
function placesBeside({ session, folders }: AdminSession): { readonly paths: string[]; readonly certain: boolean } {
  const { path } = session.facts;
  const all = bySpecialUse(folders, '\\All');
  const paths = [all, bySpecialUse(folders, '\\Junk')].flatMap((place) =>
    place === null || place === path ? [] : [place],
  );
  return { paths, certain: all !== null };
}

/**
 * Of what is nowhere: what we have taken away. With `forever` it should be gone from Trash, and Trash may not show it yet. Only what had left the
 * folder before this turn touched it may have been expunged there, by the turn that was cut.
 *
 * @param touched what was still in the folder when this turn began to take it away
 */
export function takenByUs(
  admin: AdminSession,
  slice: Slice,
  nowhere: readonly Uid[],
  touched: ReadonlySet<Uid>,
): Uid[] {
  const { disposal } = admin.session.facts;
  if (disposal.means !== 'move' || !disposal.thenExpunge) return [...nowhere];
  return countsNowhere(admin, slice) ? nowhere.filter((uid) => !touched.has(uid)) : [];
}

export const NOT_SEEN = 'moved out of the folder, and not seen in Trash: look there';

/** Disposes a slice without storing it. */
export async function discardSlice(admin: AdminSession, slice: Slice, turn: Turn): Promise<SliceOutcome> {
  const { session } = admin;
  if (session.facts.disposal.means === 'uid-expunge') {
    const { done, vanished, why, throttled } = await admin.expunge(slice.there);
    const left = slice.there.length - done.length - vanished.length;
    return { left, vanished: vanished.length, notes: [why], throttled };
  }
  // Looked at as late as can be: what goes from here on goes by us, or while we take it.
  const here = await session.present(slice.there);
  const before = slice.there.filter((uid) => !here.has(uid));
  if (!maySettleLate(admin)) {
    const { done, why, throttled } = await session.dispose(slice.targets.filter(({ uid }) => here.has(uid)));
    return { left: here.size - done.length, vanished: before.length, notes: [why], throttled };
  }
  const { targets } = slice;
  const { done, why, throttled } = await session.dispose(targets);
  const settled = new Set(done);
  const open = targets.filter(({ uid }) => !settled.has(uid));
  if (throttled || open.length === 0) return { left: open.length, notes: [why], throttled };
  const still = await session.present(open.map(({ uid }) => uid));
  const gone = open.filter(({ uid }) => !still.has(uid));
  const found = gone.length === 0 ? null : await findGone(admin, slice, gone, turn);
  if (found === null) return gone.length === 0 ? { left: still.size, notes: [why] } : { left: 0, unfinished: true };
  const others = new Set(before);
  const taken = found.nowhere.filter((uid) => others.has(uid));
  const ours = takenByUs(
    admin,
    slice,
    found.nowhere.filter((uid) => !others.has(uid)),
    here,
  );
  const missing = found.nowhere.length - taken.length - ours.length + found.unknown.length;
  return {
    left: still.size,
    vanished: found.vanished.length + taken.length,
    missing,
    notes: [still.size > 0 ? why : null, missing > 0 ? NOT_SEEN : null],
    throttled: found.throttled,
  };
}
