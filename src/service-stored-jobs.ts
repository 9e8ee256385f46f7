// What is asked of a job over stored mail, read from words: which job, whose mail, into which mailbox, and that nobody means a mailbox that is none.

import { readJobArgs, refuseCriteria, refuseUnknown } from './admin/args.ts';
import { ownMail } from './admin/restore-origin.ts';
import { loginOf } from './config.ts';
import { parseCriteria } from './criteria.ts';
import { MaildrainError, printableStart } from './errors.ts';
import { READER_VERSION } from './mail/read.ts';
import type { MailboxConfig } from './model.ts';
import { ADMIN_JOBS, type Criteria } from './model-admin.ts';
import { type JobWords, PLANNED_JOBS, type StoredJob } from './service-admin-api.ts';
import { findConfigured } from './service-mailboxes.ts';
import { allMailboxes } from './store/mailboxes.ts';
import type { Sql } from './store/pool.ts';
import { countByOrigin, lastStoredId, type Selection, type Stretch } from './store/stored-mail.ts';

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
    const read = parseCriteria(criteria, 'stored');
    const args = readJobArgs(kind, given);
    const mailbox = name === undefined ? await theOnlyOne(mailboxes, read, connected) : findConfigured(mailboxes, name);
    return { kind, mailbox, args, selection: ownMail(mailbox, read) };
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

/** Mailboxes that are named to somebody who has named none. */
const MAX_NAMED = 10;

/**
 * The mailbox that is meant where none is named. Of several none is guessed, also where all the mail came from one of them: what is put back by the
 * thousand goes where somebody has said.
 *
 * @throws MaildrainError REQUEST_INVALID that names them, with how much of the mail came from each
 */
async function theOnlyOne(
  mailboxes: readonly MailboxConfig[],
  criteria: Criteria,
  connected: () => Promise<Sql>,
): Promise<MailboxConfig> {
  const [first, second] = mailboxes;
  if (first === undefined) throw new MaildrainError('REQUEST_INVALID', 'restore: no mailbox is configured');
  if (second === undefined) return first;
  const sql = await connected();
  const origins = await countByOrigin(sql, { mailbox: null, criteria }, await everything(sql));
  const named = mailboxes
    .map((mailbox) => {
      // What the name has of another account would not be put back.
      const own = origins.find((origin) => origin.mailbox === mailbox.name && origin.login === loginOf(mailbox));
      return { name: mailbox.name, messages: own?.messages ?? 0 };
    })
    .sort((a, b) => b.messages - a.messages || (a.name < b.name ? -1 : 1));
  const list = named.slice(0, MAX_NAMED).map(({ name, messages }) => `${name} (${messages.toLocaleString('en-US')})`);
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : '';
  throw new MaildrainError(
    'REQUEST_INVALID',
    `restore: say into which mailbox: --mailbox NAME (in a program mailbox: NAME). So many matching stored messages came from each: ${list.join(', ')}${more}`,
  );
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
    `"${printableStart(String(kind), MAX_SHOWN)}" is none of ${known.join(', ')}`,
  );
}
