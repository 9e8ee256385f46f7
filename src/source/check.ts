// Looking without touching: what `check` and `folders` show of an account.

import { asMaildrainError, MaildrainError } from '../errors.ts';
import type { DisposalMeans, MailboxConfig, SessionFacts } from '../model.ts';
import { type Folder, listFolders, resolveFolder } from './folders.ts';
import { type Connection, connect } from './imap-connect.ts';
import { selectMailbox } from './imap-session.ts';

export interface CheckReport {
  readonly mailbox: string;
  /** No problem was found: a drain would begin. */
  readonly ok: boolean;
  /** What went wrong, in the codes of docs/errors.md. */
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  /** Null when the mailbox could not be opened. */
  readonly facts: SessionFacts | null;
  /** How mail would be taken off, in words. */
  readonly disposal: string | null;
  /** Flagged \Deleted by other clients: a drain leaves them alone. Null when it was not asked. */
  readonly deleted: number | null;
  readonly folders: readonly Folder[];
}

/** Connects, looks at the folders, opens the mailbox, says how its mail would be disposed. Changes nothing. Never throws. */
export async function checkMailbox(mailbox: MailboxConfig, password: string): Promise<CheckReport> {
  const problems: { code: string; message: string }[] = [];
  const problem = (error: unknown): null => {
    const { code, message } = asMaildrainError(error);
    // A mailbox that cannot be opened is tried twice, see open(); its problem is one.
    if (!problems.some((known) => known.code === code && known.message === message)) problems.push({ code, message });
    return null;
  };
  let folders: Folder[] = [];
  let facts: SessionFacts | null = null;
  let deleted: number | null = null;
  const connection = await connect(mailbox.imap, password, mailbox.sizeLimit).catch(problem);
  if (connection !== null) {
    try {
      folders = await listFolders(connection, true);
      const path = resolveFolder(folders, mailbox.folder);
      facts = await open(connection, mailbox, folders, path, problem);
      targetProblem(mailbox, folders, problem);
      const flagged = await connection.client.search({ deleted: true }, { uid: true });
      deleted = Array.isArray(flagged) ? flagged.length : null;
    } catch (error) {
      problem(error);
    } finally {
      await connection.end();
    }
  }
  return {
    mailbox: mailbox.name,
    ok: problems.length === 0,
    problems,
    facts,
    disposal: facts === null || problems.length > 0 ? null : describeDisposal(mailbox, folders, facts.disposal),
    deleted,
    folders,
  };
}

/** Opens it as a drain would; where that fails for the way of disposal, opens it for looking only, so that the rest can be shown. */
async function open(
  connection: Connection,
  mailbox: MailboxConfig,
  folders: readonly Folder[],
  path: string,
  problem: (error: unknown) => null,
): Promise<SessionFacts> {
  const facts = await selectMailbox(connection, mailbox, folders, path, mailbox.dispose.kind === 'keep').catch(problem);
  return facts ?? selectMailbox(connection, { ...mailbox, dispose: { kind: 'keep' } }, folders, path, true);
}

/** A drain would find out at its first MOVE; here it is known from the list. */
function targetProblem(
  { dispose }: MailboxConfig,
  folders: readonly Folder[],
  problem: (error: unknown) => null,
): void {
  if (dispose.kind !== 'move' || dispose.create || folders.some((folder) => folder.path === dispose.to)) return;
  const advice = 'create it, or set create: true';
  problem(new MaildrainError('TARGET_MISSING', `the mailbox "${dispose.to}" to move to does not exist: ${advice}`));
}

function describeDisposal(mailbox: MailboxConfig, folders: readonly Folder[], disposal: DisposalMeans): string {
  const { dispose, afterMs } = mailbox;
  const created = dispose.kind === 'move' && !folders.some((folder) => folder.path === dispose.to);
  const words = created ? `${describeMeans(disposal)}, which would be created` : describeMeans(disposal);
  return afterMs === 0 ? words : `once ${Math.round(afterMs / 360_000) / 10} hours old: ${words}`;
}

/** The account's mailboxes with counts. @throws MaildrainError of the login group */
export async function foldersOf(mailbox: MailboxConfig, password: string): Promise<Folder[]> {
  const connection = await connect(mailbox.imap, password, mailbox.sizeLimit);
  try {
    return await listFolders(connection, true);
  } finally {
    await connection.end();
  }
}

/** The means of disposal as a sentence for people. */
export function describeMeans(disposal: DisposalMeans): string {
  switch (disposal.means) {
    case 'uid-expunge':
      return 'flagged \\Deleted and removed by UID EXPUNGE, our own UIDs only';
    case 'move':
      return disposal.thenExpunge ? `moved to ${disposal.to}, then expunged there for ever` : `moved to ${disposal.to}`;
    case 'copy-expunge':
      return `copied to ${disposal.to}, then removed by UID EXPUNGE`;
    case 'plain-expunge':
      return 'flagged \\Deleted and removed by EXPUNGE (expunge: exclusive)';
    case 'flag-only':
    case 'none':
      return disposal.why;
    case 'mark':
      return `stays, marked ${disposal.flag}`;
    case 'keep':
      return 'stays as it is';
  }
}
