// Moves or copies what a plan lists to another folder of the account, on the server. A message counts when it was seen there. On Gmail a folder is a
// label: a message that is moved out of All Mail gets the label and stays in All Mail, unless it goes to Trash or Spam.

import { MaildrainError, printable } from '../errors.ts';
import type { Step } from '../model-admin.ts';
import type { AdminSession } from '../source/admin-session.ts';
import { bySpecialUse } from '../source/folders.ts';
import { refuseMove } from '../source/transfer.ts';
import { keptMailbox } from './empty-trash.ts';
import type { AdminJob, Turn } from './job.ts';
import { mailboxOf, overPlan, type Slice, type SliceOutcome } from './plan-slices.ts';
import { moveArgs, readArgs } from './server-args.ts';

export const move: AdminJob = { kind: 'move', needsMailbox: true, work: (turn) => transfer(turn, true) };

export const copy: AdminJob = { kind: 'copy', needsMailbox: true, work: (turn) => transfer(turn, false) };

function transfer(turn: Turn, moves: boolean): AsyncGenerator<Step, void> {
  const { to, create } = readArgs(moveArgs, turn.request.args);
  let path: string | null = null;
  return overPlan(turn, {
    mailbox: keptMailbox(mailboxOf(turn)),
    counted: moves ? 'moved' : 'copied',
    doubles: true,
    async prepare(admin) {
      if (moves) requireMove(admin);
      path = await admin.target(to, create ? 'now' : 'never');
      if (!moves) requireCopy(admin, path);
    },
    needsIds: ({ session: { facts } }) => facts.gmail || facts.capabilities.includes('OBJECTID'),
    target: () => path,
    async act(admin, slice) {
      if (path === null) throw new MaildrainError('BUG', 'a move was not prepared');
      return moves && !onlyLabels(admin, path) ? moveSlice(admin, slice, path) : copySlice(admin, slice, path, moves);
    },
  });
}

/** @throws MaildrainError UNSAFE_EXPUNGE */
export function requireMove(admin: AdminSession): void {
  if (!admin.move && !admin.uidplus) refuseMove();
}

/**
 * Gmail moves what is copied to Trash or Spam: it takes every other label off, and deletes it after 30 days.
 *
 * @throws MaildrainError REQUEST_INVALID
 */
export function requireCopy({ session, folders }: AdminSession, to: string): void {
  if (!session.facts.gmail || !isThrownAway(folders, to)) return;
  throw new MaildrainError(
    'REQUEST_INVALID',
    `Gmail takes what is copied to "${printable(to)}" out of all its other folders, and deletes it after 30 days. Copy to another folder; "move" is for throwing away`,
  );
}

/** Trash and Spam. */
function isThrownAway(folders: AdminSession['folders'], path: string): boolean {
  return ['\\Trash', '\\Junk'].some((use) => bySpecialUse(folders, use)?.toLowerCase() === path.toLowerCase());
}

async function moveSlice(admin: AdminSession, slice: Slice, to: string): Promise<SliceOutcome> {
  const { targets, were, mark } = slice;
  const { done, vanished, unseen, twice, why, throttled } = await admin.moveTo(targets, to, mark);
  const left = targets.length - done.length - vanished.length - unseen.length;
  // Moved when the slice was begun before, by UIDs that nothing is known of now: as many must have come there.
  const before = were - targets.length;
  const came = before > 0 ? await admin.arrivedSince(to, mark) : null;
  const short = before === 0 ? 0 : Math.max(0, before + done.length - (came ?? 0));
  const missing = unseen.length + Math.min(before, short);
  const lost = missing > 0 ? `gone from the folder, and not seen in "${to}": look there` : null;
  return {
    left,
    vanished: vanished.length,
    missing,
    counts: { twice },
    notes: [why, lost, doubled(twice, to)],
    throttled,
  };
}

async function copySlice(admin: AdminSession, slice: Slice, to: string, moves: boolean): Promise<SliceOutcome> {
  const { targets, were, mark } = slice;
  const { done, vanished, twice, why, throttled } = await admin.copyTo(targets, to, mark);
  const left = targets.length - done.length - vanished.length;
  const stay = moves ? 'on Gmail a message stays in All Mail, whatever label it is moved to' : null;
  return {
    left,
    vanished: vanished.length + were - targets.length,
    counts: { twice },
    notes: [why, stay, doubled(twice, to)],
    throttled,
  };
}

function doubled(twice: number, to: string): string | null {
  return twice === 0
    ? null
    : `the line was lost, and the server seems to have done some of it twice: look for messages that are alike in "${to}"`;
}

/** Gmail's All Mail holds every message that is not in Trash or Spam. */
function onlyLabels({ session, folders }: AdminSession, to: string): boolean {
  const { gmail, path } = session.facts;
  if (!gmail || path !== bySpecialUse(folders, '\\All')) return false;
  return !isThrownAway(folders, to);
}
