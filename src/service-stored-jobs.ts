// What is asked of a job over stored mail, read from words: which job, whose mail, into which mailbox, and that nobody means a mailbox that is none.

import { readJobArgs, refuseCriteria, refuseUnknown } from './admin/args.ts';
import { parseCriteria } from './criteria.ts';
import { MaildrainError, printable } from './errors.ts';
import { READER_VERSION } from './mail/read.ts';
import { ADMIN_JOBS, type MailboxConfig } from './model.ts';
import { type JobWords, PLANNED_JOBS, type StoredJob } from './service-admin-api.ts';
import { findConfigured } from './service-mailboxes.ts';
import { allMailboxes } from './store/mailboxes.ts';
import type { Sql } from './store/pool.ts';
import { lastStoredId, type Selection, type Stretch } from './store/stored-mail.ts';

export interface StoredJobOf {
  readonly kind: StoredJob;
  /** Null: it needs none. */
  readonly mailbox: MailboxConfig | null;
  readonly args: Readonly<Record<string, unknown>>;
  readonly selection: Selection;
}

/** A job over stored mail from words. @throws MaildrainError MAILBOX_UNKNOWN, REQUEST_INVALID, CRITERIA_INVALID */
export async function storedJob(
  words: JobWords,
  mailboxes: readonly MailboxConfig[],
  connected: () => Promise<Sql>,
): Promise<StoredJobOf> {
  const { kind, mailbox: name, criteria = {}, args: given = {}, by: _, ...more } = words;
  refuseUnknown(kind, more);
  requireOneOf(
    kind,
    ADMIN_JOBS.filter((known) => !PLANNED_JOBS.some((planned) => planned === known)),
  );
  if (kind === 'restore') {
    if (name === undefined) throw new MaildrainError('REQUEST_INVALID', 'restore: say into which mailbox');
    const mailbox = findConfigured(mailboxes, name);
    const selection = { mailbox: name, criteria: parseCriteria(criteria, 'stored') };
    return { kind, mailbox, args: readJobArgs(kind, given), selection };
  }
  // Mail of a mailbox that is no longer configured is still there.
  const args = readJobArgs(kind, name === undefined ? given : { ...given, mailbox: name });
  const said = Object.values(criteria).some((value) => value !== undefined);
  if (said) refuseCriteria(kind);
  const readerBefore = kind === 'reclassify' ? Number(args.readerBefore) || READER_VERSION : undefined;
  const selection = { mailbox: name ?? null, criteria: said ? parseCriteria(criteria, 'stored') : null, readerBefore };
  await requireKnown(await connected(), mailboxes, selection.mailbox);
  return { kind, mailbox: null, args, selection };
}

/** Mail of a mailbox that is no longer configured is still there; a name that nobody knows was misspelt. */
export async function requireKnown(sql: Sql, mailboxes: readonly MailboxConfig[], name: string | null): Promise<void> {
  if (name === null || (await allMailboxes(sql)).some((known) => known.name === name)) return;
  findConfigured(mailboxes, name);
}

/** All mail that is stored now. */
export async function everything(sql: Sql): Promise<Stretch> {
  return { after: '0', until: await lastStoredId(sql) };
}

/** Longest piece of what was given that is shown again. */
const MAX_SHOWN = 60;

/** @throws MaildrainError REQUEST_INVALID */
export function requireOneOf(kind: string, known: readonly string[]): void {
  if (known.includes(kind)) return;
  throw new MaildrainError(
    'REQUEST_INVALID',
    `"${printable(String(kind)).slice(0, MAX_SHOWN)}" is none of ${known.join(', ')}`,
  );
}
