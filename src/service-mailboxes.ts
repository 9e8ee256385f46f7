// What can be said of the configured mailboxes: which one a name means, how its account looks, and the state that `status` shows.

import { loginOf } from './config.ts';
import { didYouMean } from './config-problems.ts';
import { asMaildrainError, MaildrainError, printable } from './errors.ts';
import type { MailboxConfig } from './model.ts';
import { resolveSecret } from './secrets.ts';
import type { MailboxStatus } from './service-api.ts';
import { type CheckReport, checkMailbox, foldersOf } from './source/check.ts';
import type { Folder } from './source/folders.ts';
import type { MailboxCounts } from './store/status.ts';

/** The configured mailbox of this name. @throws MaildrainError MAILBOX_UNKNOWN that names those there are */
export function findConfigured(mailboxes: readonly MailboxConfig[], name: string): MailboxConfig {
  const mailbox = mailboxes.find((candidate) => candidate.name === name);
  if (mailbox !== undefined) return mailbox;
  const known = mailboxes.map((candidate) => candidate.name);
  // A program without types can leave it out.
  const given = String(name);
  const near = didYouMean(given, known);
  const list =
    near !== null
      ? `did you mean "${near}"?`
      : known.length === 0
        ? 'none is configured'
        : `configured: ${known.slice(0, 20).join(', ')}`;
  throw new MaildrainError('MAILBOX_UNKNOWN', `there is no mailbox "${printable(given)}" (${list})`);
}

/** Looks at the account of a mailbox without any database. Never throws: what is wrong is in the report. */
export async function checkAccount(mailbox: MailboxConfig): Promise<CheckReport> {
  try {
    return await checkMailbox(mailbox, await resolveSecret(mailbox.imap.password));
  } catch (error) {
    const { code, message } = asMaildrainError(error);
    const problems = [{ code, message }];
    return { mailbox: mailbox.name, ok: false, problems, facts: null, disposal: null, deleted: null, folders: [] };
  }
}

/** The folders of a mailbox's account, without any database. @throws MaildrainError of the login group */
export async function accountFolders(mailbox: MailboxConfig): Promise<Folder[]> {
  return foldersOf(mailbox, await resolveSecret(mailbox.imap.password));
}

/** The configured mailboxes, and those that were. */
export function statusOf(
  mailboxes: readonly MailboxConfig[],
  counts: readonly MailboxCounts[],
  nextRuns: ReadonlyMap<string, Date>,
  now: number,
): MailboxStatus[] {
  const configured = mailboxes.map((mailbox): MailboxStatus => {
    const found = counts.find(
      (row) => row.name === mailbox.name && row.login === loginOf(mailbox) && row.folder === mailbox.folder,
    );
    const row = found ?? emptyCounts(mailbox);
    const lagMs = row.lastOkAt === null ? null : now - row.lastOkAt.getTime();
    return { ...row, state: stateOf(row, now), lagMs, nextRunAt: nextRuns.get(mailbox.name) ?? null };
  });
  const gone = counts
    .filter(wasDrained)
    .filter((row) => !configured.some((c) => c.name === row.name && c.login === row.login && c.folder === row.folder))
    .map((row): MailboxStatus => ({ ...row, state: 'gone', lagMs: null, nextRunAt: null }));
  return [...configured, ...gone];
}

/** A folder that only jobs have worked in has a row as well, and was never configured; it is shown while something of it is open. */
function wasDrained({ lastRunAt, owed, held }: MailboxCounts): boolean {
  return lastRunAt !== null || owed > 0 || held > 0;
}

function stateOf(row: MailboxCounts, now: number): MailboxStatus['state'] {
  if (row.stoppedAt !== null) return 'stopped';
  if (row.failures > 0) return row.notBefore !== null && row.notBefore.getTime() > now ? 'waiting' : 'failing';
  return row.lastOkAt === null ? 'new' : 'ok';
}

function emptyCounts(mailbox: MailboxConfig): MailboxCounts {
  return {
    name: mailbox.name,
    login: loginOf(mailbox),
    folder: mailbox.folder,
    owed: 0,
    held: 0,
    stored: 0,
    failures: 0,
    failingSince: null,
    notBefore: null,
    writesNotBefore: null,
    stoppedAt: null,
    stoppedCode: null,
    lastErrorCode: null,
    lastError: null,
    lastRunAt: null,
    lastOkAt: null,
  };
}
