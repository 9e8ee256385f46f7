// What a plan for a job on a mail server looks at: the folder the job is about, opened read-only, and whether the job could be done there at all.
// How it is searched is in source/search.ts; the plan itself is made in plan.ts.

import { MaildrainError } from '../errors.ts';
import type { MailboxConfig, Uid } from '../model.ts';
import type { AdminJobKind, Criteria } from '../model-admin.ts';
import type { AdminSession } from '../source/admin-session.ts';
import { searchUids, serverPart } from '../source/search.ts';
import { keptMailbox, requireTrash } from './empty-trash.ts';
import { isGmailTrash, requireFlags } from './flag.ts';
import { uidsOfKind } from './kinds.ts';
import { type LookContext, openLook } from './look.ts';
import { requireCopy, requireMove } from './move.ts';
import type { PlanFolder, PlanSource } from './plan.ts';
import { purgedMailbox, requirePurge } from './purge.ts';
import { emptyTrashArgs, flagArgs, moveArgs, purgeArgs, readArgs } from './server-args.ts';

type Args = Readonly<Record<string, unknown>>;

/**
 * The looking part of a job.
 *
 * @param signal cuts the connection
 * @throws MaildrainError from open(): what would end the job ends its plan already
 */
export function planSourceOf(look: LookContext, kind: AdminJobKind, args: Args, signal: AbortSignal): PlanSource {
  return {
    async open(mailbox, folder) {
      const usual = (gmail: boolean): string => folder ?? usualFolder(kind, args, mailbox, gmail);
      const admin = await openLook(look, lookedAt(kind, args, mailbox), { folder: usual, signal });
      try {
        await requireFeasible(kind, args, admin);
      } catch (error) {
        await admin.close();
        throw error;
      }
      return folderOf(admin, kind);
    },
  };
}

function usualFolder(kind: AdminJobKind, args: Args, mailbox: MailboxConfig, gmail: boolean): string {
  if (kind === 'empty-trash') return readArgs(emptyTrashArgs, args).junk ? '\\Junk' : '\\Trash';
  // A deleted message is one in Trash there.
  return kind === 'undelete' && gmail ? '\\Trash' : mailbox.folder;
}

/** A purge is opened as it will be, so that what stands in its way is known at once. */
function lookedAt(kind: AdminJobKind, args: Args, mailbox: MailboxConfig): MailboxConfig {
  return kind === 'purge' ? purgedMailbox(mailbox, readArgs(purgeArgs, args).forever) : keptMailbox(mailbox);
}

async function requireFeasible(kind: AdminJobKind, args: Args, admin: AdminSession): Promise<void> {
  switch (kind) {
    case 'purge':
      return requirePurge(admin);
    case 'empty-trash':
      return requireTrash(admin, readArgs(emptyTrashArgs, args).junk);
    case 'move':
    case 'copy': {
      const { to, create } = readArgs(moveArgs, args);
      if (kind === 'move') requireMove(admin);
      // Not made before somebody has said yes.
      const path = await admin.target(to, create ? 'later' : 'never');
      if (kind === 'copy') requireCopy(admin, path);
      return;
    }
    case 'flag':
      return requireFlags(admin, readArgs(flagArgs, args));
    case 'undelete':
    case 'restore':
    case 'reclassify':
    case 'expire':
      return;
  }
}

function folderOf(admin: AdminSession, kind: AdminJobKind): PlanFolder {
  const { session } = admin;
  return {
    path: session.facts.path,
    uidValidity: session.facts.uidValidity,
    search: (criteria) => searched(admin, criteria, kind),
    describe: (uids) => session.describe(uids),
    sample: (uids) => admin.samples(uids),
    close: () => admin.close(),
  };
}

async function searched(admin: AdminSession, criteria: Criteria, kind: AdminJobKind): Promise<readonly Uid[]> {
  // Undeleting "all" is about what is deleted: in Gmail's Trash everything, elsewhere what is flagged.
  const lifted = kind === 'undelete' && !isGmailTrash(admin);
  if (lifted && criteria.deleted === false)
    throw new MaildrainError('CRITERIA_INVALID', 'undelete is about messages that are flagged \\Deleted');
  const { all, ...rest } = criteria;
  const asked: Criteria = lifted ? { ...rest, deleted: true } : criteria;
  const uids = await admin.ask((state) => searchUids(state, serverPart(asked)));
  return asked.kind === undefined ? uids : uidsOfKind(admin.session, uids, asked.kind);
}
