// What a restore would do, before anybody is asked and anything is queued: that the folder is there and can be opened, how many stored messages
// there are, and how many of them it has already. A worker would find out as well, minutes later and with nobody there to be told.

import type { Login, MailboxConfig } from '../model.ts';
import type { AdminSession } from '../source/admin-session.ts';
import {
  type Selection,
  type StoredSample,
  type StoredSum,
  type Stretch,
  sampleStored,
  sumStored,
} from '../store/stored-mail.ts';
import { keptMailbox } from './empty-trash.ts';
import { type LookContext, openLook } from './look.ts';
import { shown } from './plan.ts';
import { type OtherAccount, otherAccounts, ownMail } from './restore-origin.ts';
import { countThere } from './restore-there.ts';
import { readArgs } from './server-args.ts';
import { restoreArgs } from './store-args.ts';

export interface RestoreRequest {
  readonly mailbox: MailboxConfig;
  readonly args: Readonly<Record<string, unknown>>;
  /** Which of the mailbox's own mail. */
  readonly selection: Pick<Selection, 'criteria'>;
  readonly stretch: Stretch;
}

/** Ten together, as a plan has. */
const SAMPLE_ENDS = 5;

/** What would be put back, and where to. */
export interface RestorePlan extends StoredSum {
  readonly mailbox: string;
  /** The account that its mail came from, and goes to. */
  readonly login: Login;
  /** As the server spells it. */
  readonly folder: string;
  readonly uidValidity: string;
  /** Those among `messages` that the folder has already: they stay as they are. Not those of which the server never said where they are. */
  readonly present: number;
  /** At most ten of them, the first and the last included. */
  readonly sample: readonly StoredSample[];
  /** Matching mail that this name has of other accounts. It is not among `messages`, and is not put back. */
  readonly otherAccounts: readonly OtherAccount[];
}

/**
 * Looks at the folder and at what is stored; changes nothing.
 *
 * @throws MaildrainError MAILBOX_MISSING with the nearest names, and those of openLook()
 */
export async function planRestore(
  look: LookContext,
  { mailbox, args, selection, stretch }: RestoreRequest,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const admin = await openTarget(look, mailbox, args, signal);
  const { sql } = look.database;
  try {
    const { path, uidValidity } = admin.session.facts;
    const own = ownMail(mailbox, selection.criteria);
    const sum = await sumStored(sql, own, stretch);
    const present = sum.messages === 0 ? 0 : await countThere(sql, admin, mailbox, own, stretch);
    const others = await otherAccounts(sql, own, stretch);
    const sampled = await sampleStored(sql, own, stretch, SAMPLE_ENDS);
    return {
      mailbox: mailbox.name,
      login: own.login,
      folder: path,
      uidValidity,
      ...sum,
      present,
      sample: sampled.map((each) => ({ ...each, from: shown(each.from), subject: shown(each.subject) })),
      otherAccounts: others,
    };
  } finally {
    await admin.close();
  }
}

/** Looks whether the folder of a restore is there, over one short connection. @throws as planRestore() */
export async function requireTarget(
  look: LookContext,
  { mailbox, args }: Pick<RestoreRequest, 'mailbox' | 'args'>,
  signal: AbortSignal,
): Promise<void> {
  const admin = await openTarget(look, mailbox, args, signal);
  await admin.close();
}

async function openTarget(
  look: LookContext,
  mailbox: MailboxConfig,
  args: RestoreRequest['args'],
  signal: AbortSignal,
): Promise<AdminSession> {
  const folder = readArgs(restoreArgs, args).folder ?? mailbox.folder;
  return openLook(look, keptMailbox(mailbox), { folder, signal });
}
