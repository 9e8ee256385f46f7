// Expunges what a plan lists in the account's Trash (or Junk), and nothing else there: what another client has flagged, or has thrown away
// since, stays. In Gmail's Trash and Spam that is for ever; so it is on any server.

import { MaildrainError } from '../errors.ts';
import type { MailboxConfig } from '../model.ts';
import type { AdminSession } from '../source/admin-session.ts';
import { bySpecialUse } from '../source/folders.ts';
import type { AdminJob } from './job.ts';
import { mailboxOf, overPlan } from './plan-slices.ts';
import { emptyTrashArgs, readArgs } from './server-args.ts';

export const emptyTrash: AdminJob = {
  kind: 'empty-trash',
  needsMailbox: true,
  work(turn) {
    const { junk } = readArgs(emptyTrashArgs, turn.request.args);
    return overPlan(turn, {
      mailbox: keptMailbox(mailboxOf(turn)),
      counted: 'disposed',
      prepare: async (admin) => requireTrash(admin, junk),
      needsIds: () => false,
      target: () => null,
      async act(admin, { there }) {
        const { done, vanished, why, throttled } = await admin.expunge(there);
        const left = there.length - done.length - vanished.length;
        return { left, vanished: vanished.length, notes: [why], throttled };
      },
    });
  },
};

/** For jobs that choose their own means: what the configuration says of disposal must neither act nor stand in the way. */
export function keptMailbox(mailbox: MailboxConfig): MailboxConfig {
  return { ...mailbox, dispose: { kind: 'keep' } };
}

/**
 * The folder that is open must still be what the job is named for: an expunge is final there, and elsewhere it would not be meant.
 *
 * @throws MaildrainError PLAN_OUTDATED, UNSAFE_EXPUNGE
 */
export function requireTrash({ session, folders, uidplus }: AdminSession, junk: boolean): void {
  const attribute = junk ? '\\Junk' : '\\Trash';
  if (bySpecialUse(folders, attribute) !== session.facts.path)
    throw new MaildrainError(
      'PLAN_OUTDATED',
      `"${session.facts.path}" is not the folder with the attribute ${attribute}`,
    );
  if (uidplus) return;
  throw new MaildrainError(
    'UNSAFE_EXPUNGE',
    'the server has no UIDPLUS: a plain EXPUNGE would also remove what other clients have flagged, so nothing was expunged',
  );
}
