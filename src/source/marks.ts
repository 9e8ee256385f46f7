// Flags for admin jobs, and taking messages away for good where they lie (in Trash or Junk). Only UIDs that the job names; every effect is
// looked at again. What a drain does with messages it has stored is in imap-dispose.ts.

import { MaildrainError } from '../errors.ts';
import type { Uid } from '../model.ts';
import { type ImapState, present, refused } from './imap-ask.ts';
import { deleteSet } from './imap-dispose.ts';
import { sessionError } from './imap-errors.ts';
import { describe } from './imap-fetch.ts';
import { uidSets } from './uid-set.ts';

/** What came of one slice. */
export interface Marked {
  /** Seen to be so. */
  readonly done: readonly Uid[];
  /** Why others, which are still there, are not; null when all are. */
  readonly why: string | null;
  /** Gmail's write quarantine began. */
  readonly throttled: boolean;
}

/** What flags are to be set and lifted. */
export interface FlagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** UID STORE, then a look at the flags. Messages that are gone by then are not done. */
export async function changeFlags(state: ImapState, uids: readonly Uid[], change: FlagChange): Promise<Marked> {
  const { client } = state.connection;
  mustBeKept(state, change.add);
  state.connection.takeOkCodes();
  for (const set of uidSets(uids)) {
    const options = { uid: true, silent: true };
    if (change.add.length > 0) await stored(state, client.messageFlagsAdd(set.text, [...change.add], options));
    if (change.remove.length > 0) await stored(state, client.messageFlagsRemove(set.text, [...change.remove], options));
    if (state.connection.takeOkCodes().includes('THROTTLED')) return { done: [], why: null, throttled: true };
  }
  const seen = await describe(state, uids);
  const done = seen.filter(({ flags }) => fits(flags, change)).map(({ uid }) => uid);
  const why = done.length === seen.length ? null : 'the server said OK to STORE and the flags are not so';
  return { done, why, throttled: false };
}

async function stored(state: ImapState, work: Promise<boolean | undefined>): Promise<void> {
  const ok = await work.catch((error: unknown) => {
    throw state.connection.broken() ?? sessionError(error);
  });
  if (ok !== true) throw refused(state, 'UID STORE');
}

/** Flags are compared without regard to case (RFC 9051 2.3.2). */
function fits(flags: readonly string[], { add, remove }: FlagChange): boolean {
  const has = new Set(flags.map((flag) => flag.toLowerCase()));
  return add.every((flag) => has.has(flag.toLowerCase())) && !remove.some((flag) => has.has(flag.toLowerCase()));
}

function mustBeKept({ connection, facts }: ImapState, flags: readonly string[]): void {
  const { mailbox } = connection.client;
  const kept = mailbox === false ? undefined : mailbox.permanentFlags;
  if (kept === undefined || kept.has('\\*')) return;
  const known = new Set([...kept].map((flag) => flag.toLowerCase()));
  const lost = flags.find((flag) => !known.has(flag.toLowerCase()));
  if (lost === undefined) return;
  throw new MaildrainError(
    'FLAG_NOT_KEPT',
    `the server does not keep the flag ${lost} in "${facts.path}": nothing was changed`,
  );
}

/** What came of an expunge of one slice. */
export interface ExpungedHere extends Marked {
  /** Somebody else took them away first. */
  readonly vanished: readonly Uid[];
}

/**
 * Flags these \Deleted and sends UID EXPUNGE of these, then looks whether they are gone. In Gmail's Trash and Spam that is for ever; elsewhere on
 * Gmail it only takes a label off, so callers know where they are.
 */
export async function expungeHere(state: ImapState, uids: readonly Uid[]): Promise<ExpungedHere> {
  const { connection, facts } = state;
  // Without it imapflow would send a plain EXPUNGE.
  if (!connection.client.capabilities.has('UIDPLUS'))
    throw new MaildrainError('BUG', 'UID EXPUNGE was chosen on a server without UIDPLUS');
  connection.takeOkCodes();
  // Gmail expunges with the flag, unless its user has switched that off: there, who was first can only be asked before it.
  if (!facts.gmail) for (const set of uidSets(uids)) await stored(state, flagDeleted(state, set.text));
  const here = await present(state, uids);
  const there = uids.filter((uid) => here.has(uid));
  let throttled = false;
  for (const set of uidSets(there)) {
    await deleteSet(state, set, 'UID EXPUNGE');
    throttled = connection.takeOkCodes().includes('THROTTLED');
    if (throttled) break;
  }
  const left = await present(state, there);
  const done = there.filter((uid) => !left.has(uid));
  const why =
    left.size === 0 || throttled ? null : 'the server said OK to UID EXPUNGE and the messages are still there';
  return { done, vanished: uids.filter((uid) => !here.has(uid)), why, throttled };
}

function flagDeleted({ connection }: ImapState, set: string): Promise<boolean> {
  return connection.client.messageFlagsAdd(set, ['\\Deleted'], { uid: true, silent: true });
}
