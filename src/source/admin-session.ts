// One connection for an admin job: opens any folder of the account, by name or by SPECIAL-USE attribute, and offers what the jobs do there. How
// is in transfer.ts, marks.ts and search.ts. A folder that is not there, or cannot be opened, is answered with the names that are nearest.

import { didYouMean } from '../config-problems.ts';
import { MaildrainError, printable } from '../errors.ts';
import { read } from '../mail/read.ts';
import type { MailboxConfig, Session, Target, Uid } from '../model.ts';
import { bySpecialUse, createFolder, type Folder, listFolders, resolveFolder } from './folders.ts';
import type { ImapState } from './imap-ask.ts';
import { type Connection, connect } from './imap-connect.ts';
import { sessionError } from './imap-errors.ts';
import { PATIENCE_MS, selectMailbox, sessionOf, within } from './imap-session.ts';
import { changeFlags, type ExpungedHere, expungeHere, type FlagChange, type Marked } from './marks.ts';
import type { Mark } from './repeat.ts';
import { arrivedSince, copyTo, moveTo, type Transfer, uidNextOf } from './transfer.ts';
import { uidSets } from './uid-set.ts';

export interface OpenAdminOptions {
  readonly password: string;
  /** A path in UTF-8, or an attribute such as `\Trash`; or what is to be opened once it is known whether this is Gmail. */
  readonly folder: string | ((gmail: boolean) => string);
  /** EXAMINE: for looking only. */
  readonly readOnly: boolean;
  /** Cuts the connection at once when it aborts. */
  readonly signal: AbortSignal;
  /** Told once the server has let the login in. */
  readonly onLogin?: () => void;
}

/** What people recognise a message by. */
export interface MessageSample {
  readonly uid: Uid;
  /** The Date field. */
  readonly date: Date | null;
  readonly from: string | null;
  readonly subject: string | null;
}

/** Whether a folder that is not there is made. `later`: its name is taken as it is. */
export type Create = 'never' | 'later' | 'now';

/** Every method throws MaildrainError. */
export interface AdminSession {
  /** The folder as a drain sees it, with the `dispose` of the mailbox it was opened for. */
  readonly session: Session;
  readonly folders: readonly Folder[];
  readonly uidplus: boolean;
  readonly move: boolean;
  /** For what only this room can say. */
  ask<T>(question: (state: ImapState) => Promise<T>): Promise<T>;
  samples(uids: readonly Uid[]): Promise<MessageSample[]>;
  /** The path of another folder. @throws MaildrainError TARGET_MISSING with the nearest names */
  target(wanted: string, create: Create): Promise<string>;
  /** UIDNEXT of another folder; null: the server does not say. */
  uidNext(path: string): Promise<number | null>;
  moveTo(targets: readonly Target[], to: string, mark: Mark): Promise<Transfer>;
  copyTo(targets: readonly Target[], to: string, mark: Mark): Promise<Transfer>;
  /** How many messages came to another folder since the mark; null: it cannot be told. */
  arrivedSince(to: string, mark: Mark): Promise<number | null>;
  changeFlags(uids: readonly Uid[], change: FlagChange): Promise<Marked>;
  /** For good, and only with UIDPLUS. */
  expunge(uids: readonly Uid[]): Promise<ExpungedHere>;
  close(): Promise<void>;
}

/**
 * Connects, logs in and opens the folder.
 *
 * @param mailbox its account and `dispose` count, its `folder` does not
 * @throws MaildrainError of the login and mailbox groups
 */
export async function openAdmin(mailbox: MailboxConfig, options: OpenAdminOptions): Promise<AdminSession> {
  if (options.signal.aborted) throw new MaildrainError('ABORTED', 'stopped before connecting');
  const connection = await connect(mailbox.imap, options.password, mailbox.sizeLimit, options.signal);
  options.onLogin?.();
  const cut = (): void => connection.cut(new MaildrainError('ABORTED', 'stopped while the server was being asked'));
  if (options.signal.aborted) cut();
  options.signal.addEventListener('abort', cut, { once: true });
  const end = async (): Promise<void> => {
    options.signal.removeEventListener('abort', cut);
    await connection.end();
  };
  try {
    const state = await openFolder(connection, mailbox, options);
    return { ...adminSessionOf(state), close: end };
  } catch (error) {
    const translated = connection.broken() ?? sessionError(error);
    await end();
    throw error instanceof MaildrainError ? error : translated;
  }
}

async function openFolder(
  connection: Connection,
  mailbox: MailboxConfig,
  { folder, readOnly }: OpenAdminOptions,
): Promise<ImapState> {
  const folders = await listFolders(connection);
  const wanted = typeof folder === 'string' ? folder : folder(connection.client.capabilities.has('X-GM-EXT-1'));
  const path = known(folders, wanted, 'MAILBOX_MISSING');
  const facts = await selectMailbox(connection, { ...mailbox, folder: path }, folders, path, readOnly).catch(
    (error: unknown) => {
      if (!(error instanceof MaildrainError) || error.code !== 'MAILBOX_MISSING' || connection.broken() !== null)
        throw error;
      throw missing('MAILBOX_MISSING', wanted, folders, error);
    },
  );
  const { mailbox: opened } = connection.client;
  if (!readOnly && opened !== false && opened.readOnly === true)
    throw new MaildrainError(
      'MAILBOX_READ_ONLY',
      `the server opened "${path}" read-only: grant this login write access`,
    );
  return { connection, mailbox: { ...mailbox, folder: path }, folders, facts, ours: new Set() };
}

/** The path that is meant. A name that is not listed is no error yet: INBOX, and shared mailboxes outside LIST, can be opened all the same. */
function known(folders: readonly Folder[], wanted: string, code: 'MAILBOX_MISSING' | 'TARGET_MISSING'): string {
  try {
    // INBOX is INBOX in any case (RFC 9051 5.1).
    return resolveFolder(
      folders,
      isInbox(wanted) ? (folders.find(({ path }) => isInbox(path))?.path ?? 'INBOX') : wanted,
    );
  } catch (error) {
    if (!(error instanceof MaildrainError)) throw error;
    throw missing(code, wanted, folders, error);
  }
}

function isInbox(path: string): boolean {
  return path.toUpperCase() === 'INBOX';
}

/** So many names can be read at a glance. */
const MAX_NAMES = 5;

function missing(
  code: 'MAILBOX_MISSING' | 'TARGET_MISSING',
  wanted: string,
  folders: readonly Folder[],
  cause: MaildrainError,
): MaildrainError {
  const near = nearestNames(wanted, folders);
  const names = near.map((name) => `"${printable(name)}"`).join(', ');
  // Whoever asks for \Junk does not mean \Trash.
  const offer = wanted.startsWith('\\') ? `there is ${names}` : `did you mean ${names}?`;
  const list = near.length === 0 ? '"maildrain folders NAME" lists what there is' : offer;
  // What only holds other mailboxes is there, and an attribute is no name.
  const isNew = code === 'TARGET_MISSING' && cause.code === code;
  const advice = isNew
    ? `${list}${near.length === 0 ? ';' : ''} "--create" ("create" of the job's args) makes it`
    : list;
  const what = /only holds other mailboxes|shows no mailbox/.test(cause.message)
    ? cause.message
    : `the account has no folder "${printable(wanted)}"`;
  const unlisted = !isListed(wanted, folders);
  return new MaildrainError(code, `${what}: ${advice}`, { cause, response: cause.response, unlisted });
}

/** Whether the account shows a folder that could be meant. An account that shows none at all has not been read. */
function isListed(wanted: string, folders: readonly Folder[]): boolean {
  const open = folders.filter(({ selectable }) => selectable);
  if (open.length === 0 || isInbox(wanted)) return true;
  return wanted.startsWith('\\') ? bySpecialUse(open, wanted) !== null : open.some(({ path }) => path === wanted);
}

/** Folders that can be opened and whose path, or last part, is much like what was asked for; below it first, where that only holds others. */
function nearestNames(wanted: string, folders: readonly Folder[]): string[] {
  const open = folders.filter(({ selectable }) => selectable);
  if (wanted.startsWith('\\')) {
    return open
      .flatMap(({ specialUse, path }) => (specialUse === null ? [] : [`${specialUse} (${path})`]))
      .slice(0, MAX_NAMES);
  }
  const lower = wanted.toLowerCase();
  const last = ({ path, delimiter }: Folder): string =>
    delimiter === '' ? path : (path.split(delimiter).at(-1) ?? path);
  const alike = open.filter(
    (folder) =>
      folder.path.toLowerCase() === lower ||
      last(folder).toLowerCase() === lower ||
      folder.path.toLowerCase().startsWith(`${lower}${folder.delimiter}`) ||
      didYouMean(wanted, [folder.path, last(folder)]) !== null,
  );
  return alike.map(({ path }) => path).slice(0, MAX_NAMES);
}

function adminSessionOf(state: ImapState): Omit<AdminSession, 'close'> {
  const { connection, folders } = state;
  const soon = <T>(work: Promise<T>): Promise<T> => within(PATIENCE_MS, connection, work);
  return {
    session: { ...sessionOf(state, PATIENCE_MS), close: () => connection.end() },
    folders,
    uidplus: connection.client.capabilities.has('UIDPLUS'),
    move: connection.client.capabilities.has('MOVE'),
    ask: (question) => soon(question(state)),
    samples: (uids) => soon(samples(state, uids)),
    target: (wanted, create) => soon(target(state, wanted, create)),
    uidNext: (path) => soon(uidNextOf(state, path)),
    moveTo: (targets, to, mark) => soon(moveTo(state, targets, to, mark)),
    copyTo: (targets, to, mark) => soon(copyTo(state, targets, to, mark)),
    arrivedSince: (to, mark) => soon(arrivedSince(state, to, mark)),
    changeFlags: (uids, change) => soon(changeFlags(state, uids, change)),
    expunge: (uids) => soon(expungeHere(state, uids)),
  };
}

async function target({ connection, folders, facts }: ImapState, wanted: string, create: Create): Promise<string> {
  const path = known(folders, wanted, 'TARGET_MISSING');
  const elsewhere = (spelled: string): string => {
    if (spelled !== facts.path && !(isInbox(spelled) && isInbox(facts.path))) return path;
    throw new MaildrainError('TARGET_MISSING', `the messages are in "${printable(facts.path)}" already`);
  };
  elsewhere(path);
  if (folders.some((folder) => folder.path === path)) return path;
  if (create === 'later') return path;
  if (create === 'now') {
    const made = await createFolder(connection, path);
    elsewhere(made);
    return made;
  }
  const there = await connection.client.status(path, { uidNext: true }).catch(() => false as const);
  if (there !== false) return elsewhere(there.path);
  const lost = connection.broken();
  if (lost !== null) throw lost;
  throw missing('TARGET_MISSING', wanted, folders, new MaildrainError('TARGET_MISSING', 'not listed'));
}

/** The fields themselves, read as a drain reads them: not every server parses them well enough for an ENVELOPE. */
async function samples({ connection }: ImapState, uids: readonly Uid[]): Promise<MessageSample[]> {
  const wanted = new Set(uids);
  const found: MessageSample[] = [];
  const query = { uid: true, headers: ['date', 'from', 'subject'] };
  try {
    for (const set of uidSets(uids)) {
      for await (const row of connection.client.fetch(set.text, query, { uid: true })) {
        if (!wanted.delete(String(row.uid))) continue;
        const { sentAt, from, subject } = read(row.headers ?? Buffer.alloc(0));
        found.push({ uid: String(row.uid), date: sentAt, from, subject });
      }
    }
  } catch (error) {
    throw connection.broken() ?? sessionError(error);
  }
  return found.sort((a, b) => Number(a.uid) - Number(b.uid));
}
