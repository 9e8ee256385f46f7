// One IMAP connection as a Session: list, describe, fetch, stream, and close. How messages are taken off the server is in
// imap-dispose.ts. imapflow answers most failures with `false`; here a `false` is an error until we have looked.

import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import { MaildrainError } from '../errors.ts';
import type {
  DisposeOutcome,
  Fetched,
  FetchOutcome,
  Listed,
  Listing,
  MailboxConfig,
  Session,
  SessionFacts,
  Target,
  Uid,
} from '../model.ts';
import { bySpecialUse, type Folder, listFolders, resolveFolder } from './folders.ts';
import { type ImapState, present, search } from './imap-ask.ts';
import { type Connection, connect } from './imap-connect.ts';
import { disposalMeans, disposeOf } from './imap-dispose.ts';
import { sessionError } from './imap-errors.ts';
import { uidSets } from './uid-set.ts';

/** Octets asked for at a time while streaming: large enough that round trips do not count, small enough not to be felt. */
const STREAM_PIECE = 1024 * 1024;

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
    throw new MaildrainError('MAILBOX_MISSING', `the mailbox "${path}" cannot be opened: ${translated.message}`, {
      response: translated.response,
    });
  });
  const { client } = connection;
  const gmail = client.capabilities.has('X-GM-EXT-1');
  const trash = bySpecialUse(folders, '\\Trash');
  const writes = mailbox.dispose.kind !== 'keep';
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
    disposal: disposalMeans(mailbox, {
      path: opened.path,
      gmail,
      uidplus: client.capabilities.has('UIDPLUS'),
      move: client.capabilities.has('MOVE'),
      trash,
      permanentFlags: opened.permanentFlags ?? null,
    }),
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

export async function describe(state: ImapState, uids: readonly Uid[]): Promise<Listed[]> {
  const { client } = state.connection;
  const wanted = new Set(uids);
  const listed: Listed[] = [];
  const labels = state.facts.gmail;
  const query: FetchQueryObject = { uid: true, flags: true, size: true, internalDate: true, threadId: true, labels };
  try {
    for (const set of uidSets(uids)) {
      for await (const row of client.fetch(set.text, query, { uid: true })) {
        // Servers add rows of their own accord, and `n:*` habits return strangers: only what was asked counts.
        if (wanted.delete(String(row.uid))) listed.push(toListed(row));
      }
    }
  } catch (error) {
    throw state.connection.broken() ?? sessionError(error);
  }
  return listed.sort((a, b) => Number(a.uid) - Number(b.uid));
}

/** What the server says goes into columns: what they cannot hold would end every drain of the mailbox at this message. */
function toListed(row: FetchMessageObject): Listed {
  return {
    uid: String(row.uid),
    size: row.size ?? 0,
    flags: [...(row.flags ?? [])].map(column),
    internalDate: row.internalDate === undefined ? null : plausible(new Date(row.internalDate)),
    emailId: id(row.emailId),
    threadId: id(row.threadId),
    labels: [...(row.labels ?? [])].map(column),
  };
}

/** Without U+0000, which Postgres refuses in text. */
function column(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

/** RFC 8474 4: at most 255 octets. A longer one is no id, and no index takes one of some thousand octets. */
const MAX_ID = 255;

function id(text: string | undefined): string | null {
  return text === undefined || text === '' || text.length > MAX_ID || text.includes('\0') ? null : text;
}

/** INTERNALDATE has four digits for the year (RFC 9051 `date-year`); JavaScript reads more than Postgres can hold. */
function plausible(date: Date): Date | null {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date : null;
}

/** The octets of BODY[]; null for NIL, for something that is none, and when nothing was said of them. */
function octetsOf(row: FetchMessageObject): Buffer | null {
  return Buffer.isBuffer(row.source) ? row.source : null;
}

async function fetchWhole(state: ImapState, asked: readonly Listed[]): Promise<FetchOutcome> {
  const wanted = new Map(asked.map((listed) => [listed.uid, listed]));
  const messages: Fetched[] = [];
  let words: string | null = null;
  for (const set of uidSets(asked.map((listed) => listed.uid))) {
    try {
      for await (const row of state.connection.client.fetch(set.text, { uid: true, source: true }, { uid: true })) {
        const listed = wanted.get(String(row.uid));
        // No octets for a message that is said to have some is no message (servers that cannot render one answer so).
        const raw = octetsOf(row);
        if (listed === undefined || raw === null || (raw.length === 0 && listed.size > 0)) continue;
        wanted.delete(listed.uid);
        messages.push({ ...listed, raw });
      }
    } catch (error) {
      const broken = state.connection.broken();
      if (broken !== null) throw broken;
      const translated = sessionError(error);
      if (!isRefusal(translated)) throw translated;
      words = translated.response ?? translated.message;
    }
  }
  return { messages, missing: [...wanted.keys()], refused: words };
}

/** The server answered, and would not: NO or BAD, also `NO [UNAVAILABLE]`, which Yahoo says of single messages for ever. */
function isRefusal(error: MaildrainError): boolean {
  return error.code === 'COMMAND_REFUSED' || error.code === 'SERVER_UNAVAILABLE';
}

/**
 * Asks for one message piece by piece (RFC 9051 6.4.5 `BODY.PEEK[]<start.length>`), the next piece while the last is being stored. A short
 * piece is believed to be the last only when the server has nothing after it: a truncated message must never pass for a whole one.
 */
export async function* stream(
  state: ImapState,
  listed: Listed,
  soon: (work: Promise<Buffer>) => Promise<Buffer>,
): AsyncGenerator<Buffer> {
  let start = 0;
  let next = soon(piece(state, listed, 0));
  for (;;) {
    const bytes = await next;
    start += bytes.length;
    if (bytes.length === 0) break;
    // Some servers ignore the partial range and send everything at once.
    const everything = bytes.length > STREAM_PIECE;
    if (everything && start !== bytes.length) {
      throw new MaildrainError('PROTOCOL_ERROR', 'the server answered a partial FETCH with another range', {
        uid: listed.uid,
      });
    }
    if (everything) {
      yield bytes;
      break;
    }
    next = soon(piece(state, listed, start));
    // It is awaited after the consumer has had its turn; a failure meanwhile must not count as unhandled.
    next.catch(() => {});
    yield bytes;
  }
  if (start === 0 && listed.size > 0) {
    throw new MaildrainError('FETCH_REFUSED', 'the server sent no octets of a message that has some', {
      uid: listed.uid,
    });
  }
}

async function piece(state: ImapState, listed: Listed, start: number): Promise<Buffer> {
  const query = { uid: true, source: { start, maxLength: STREAM_PIECE } };
  const row = await state.connection.client.fetchOne(listed.uid, query, { uid: true }).catch((error: unknown) => {
    const translated = state.connection.broken() ?? sessionError(error);
    if (!isRefusal(translated)) throw translated;
    throw new MaildrainError('FETCH_REFUSED', translated.message, { uid: listed.uid, response: translated.response });
  });
  if (row === false || row === undefined || String(row.uid) !== listed.uid) {
    throw (
      state.connection.broken() ??
      new MaildrainError('FETCH_REFUSED', 'the server did not send a message it had listed', { uid: listed.uid })
    );
  }
  const octets = octetsOf(row);
  if (octets !== null) return octets;
  // Behind the end some servers say NIL. Before it, it is no end: what came so far must not pass for the message.
  if (start > 0 && start >= listed.size) return Buffer.alloc(0);
  throw new MaildrainError('FETCH_REFUSED', 'the server sent no octets in the middle of a message', {
    uid: listed.uid,
  });
}
