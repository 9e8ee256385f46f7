// One IMAP connection as a Session: open, list, close. How messages are fetched is in imap-fetch.ts, how they are taken off the server in
// imap-dispose.ts. imapflow answers most failures with `false`; here a `false` is an error until we have looked.

import { MaildrainError } from '../errors.ts';
import type { DisposeOutcome, Listing, MailboxConfig, Session, SessionFacts, Target } from '../model.ts';
import { bySpecialUse, type Folder, listFolders, pathOn, resolveFolder } from './folders.ts';
import { type ImapState, present, search } from './imap-ask.ts';
import { type Connection, connect } from './imap-connect.ts';
import { disposalMeans, disposeOf } from './imap-dispose.ts';
import { sessionError } from './imap-errors.ts';
import { describe, fetchWhole, stream } from './imap-fetch.ts';

/**
 * Longest time for what takes a server seconds: a batch, a piece, a search. The line's own timeout counts silence only, and a server that says one
 * octet a minute would hold its place among the drains for ever. At most two are waited for at a time, 9 MiB together: less than 3 KB a second.
 */
export const PATIENCE_MS = 60 * 60_000;

export interface OpenOptions {
  readonly password: string;
  /** EXAMINE instead of SELECT: for looking only. */
  readonly readOnly: boolean;
  /** Cuts the connection at once when it aborts. */
  readonly signal: AbortSignal;
  /** For tests: in place of PATIENCE_MS. */
  readonly patienceMs?: number;
}

/**
 * Connects, logs in and opens the mailbox.
 *
 * @throws MaildrainError of the login and mailbox groups
 */
export async function openImap(mailbox: MailboxConfig, options: OpenOptions): Promise<Session> {
  if (options.signal.aborted) throw new MaildrainError('ABORTED', 'stopped before connecting');
  const connection = await connect(mailbox.imap, options.password, mailbox.sizeLimit);
  const cut = (): void => connection.cut();
  options.signal.addEventListener('abort', cut, { once: true });
  try {
    const folders = needsFolders(mailbox, connection) ? await listFolders(connection) : [];
    const path = resolveFolder(folders, mailbox.folder);
    const facts = await selectMailbox(connection, mailbox, folders, path, options.readOnly).catch(
      async (error: unknown) => {
        // One look at the list tells a mailbox that only holds others from one that is not there.
        if (error instanceof MaildrainError && error.code === 'MAILBOX_MISSING' && connection.broken() === null)
          resolveFolder(await listFolders(connection), mailbox.folder);
        throw error;
      },
    );
    const session = sessionOf(
      { connection, mailbox, folders, facts, ours: new Set() },
      options.patienceMs ?? PATIENCE_MS,
    );
    return {
      ...session,
      async close() {
        options.signal.removeEventListener('abort', cut);
        await connection.end();
      },
    };
  } catch (error) {
    options.signal.removeEventListener('abort', cut);
    const translated = connection.broken() ?? sessionError(error);
    await connection.end();
    // The words of the server beat the news that it hung up afterwards.
    throw error instanceof MaildrainError ? error : translated;
  }
}

/** LIST is a look at every mailbox of the account, each minute: only asked for where a mailbox must be found by its attributes. */
function needsFolders({ dispose, folder }: MailboxConfig, { client }: Connection): boolean {
  const { capabilities } = client;
  return (
    folder.startsWith('\\') ||
    capabilities.has('X-GM-EXT-1') ||
    !capabilities.has('UIDPLUS') ||
    dispose.kind === 'trash' ||
    dispose.kind === 'move'
  );
}

/**
 * Opens the mailbox on a connection that is logged in, and finds out how it would be disposed.
 *
 * @throws MaildrainError of the mailbox group
 */
export async function selectMailbox(
  connection: Connection,
  mailbox: MailboxConfig,
  folders: readonly Folder[],
  path: string,
  readOnly: boolean,
): Promise<SessionFacts> {
  const opened = await connection.client.mailboxOpen(path, { readOnly }).catch((error: unknown) => {
    const translated = connection.broken() ?? sessionError(error);
    if (translated.code !== 'COMMAND_REFUSED') throw translated;
    throw new MaildrainError(
      'MAILBOX_MISSING',
      `the mailbox "${path}" cannot be opened; "maildrain folders NAME" lists what there is. ${translated.message}`,
      { response: translated.response },
    );
  });
  const { client } = connection;
  const { dispose } = mailbox;
  const gmail = client.capabilities.has('X-GM-EXT-1');
  const trash = bySpecialUse(folders, '\\Trash');
  const writes = dispose.kind !== 'keep';
  if (writes && !readOnly && opened.readOnly === true) {
    throw new MaildrainError(
      'MAILBOX_READ_ONLY',
      `the server opened "${path}" read-only: grant this login write access, or set dispose: keep`,
    );
  }
  return {
    path: opened.path,
    capabilities: [...client.capabilities.keys()],
    gmail,
    uidValidity: String(opened.uidValidity),
    uidNext: typeof opened.uidNext === 'number' ? opened.uidNext : null,
    exists: opened.exists,
    trash,
    disposal: disposalMeans(
      { ...mailbox, dispose: dispose.kind === 'move' ? { ...dispose, to: pathOn(connection, dispose.to) } : dispose },
      {
        path: opened.path,
        gmail,
        uidplus: client.capabilities.has('UIDPLUS'),
        move: client.capabilities.has('MOVE'),
        trash,
        permanentFlags: opened.permanentFlags ?? null,
      },
    ),
  };
}

export function sessionOf(state: ImapState, patienceMs: number): Omit<Session, 'close'> {
  const soon = <T>(work: Promise<T>): Promise<T> => within(patienceMs, state.connection, work);
  return {
    facts: state.facts,
    list: () => soon(list(state)),
    describe: (uids) => soon(describe(state, uids)),
    fetch: (listed) => soon(fetchWhole(state, listed)),
    stream: (listed) => stream(state, listed, soon),
    dispose: (targets: readonly Target[]): Promise<DisposeOutcome> => soon(disposeOf(state, targets)),
    isOpen: () => state.connection.broken() === null,
    present: (uids) => soon(present(state, uids)),
  };
}

/** Cuts the line when `work` does not end; then it fails, as everything does that waits on the line. */
export async function within<T>(ms: number, connection: Connection, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    connection.cut(new MaildrainError('CONNECTION_LOST', `the mail server did not finish an answer in ${ms / 1000} s`));
  }, ms);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

async function list(state: ImapState): Promise<Listing> {
  const { client } = state.connection;
  // NOOP first: the server tells what came and went since the last command (RFC 9051 5.2).
  await client.noop().catch((error: unknown) => {
    throw state.connection.broken() ?? sessionError(error);
  });
  const exists = client.mailbox === false ? state.facts.exists : client.mailbox.exists;
  if (exists === 0) return { uids: [], deleted: [], complete: true };
  const uids = await search(state, { deleted: false });
  const deleted = await search(state, { deleted: true });
  return { uids, deleted, complete: uids.length + deleted.length >= exists };
}
