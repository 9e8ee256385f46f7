// Asking an open IMAP mailbox for what it has: sizes, flags and dates, whole messages, and large ones piece by piece. What a server says is checked
// here, where it enters: octets that are none, rows that nobody asked for, dates and ids that no column holds.

import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import { MaildrainError } from '../errors.ts';
import type { Fetched, FetchOutcome, Listed, Uid } from '../model.ts';
import type { ImapState } from './imap-ask.ts';
import { sessionError } from './imap-errors.ts';
import { uidSets } from './uid-set.ts';

/** Octets asked for at a time while streaming: large enough that round trips do not count, small enough not to be felt. */
const STREAM_PIECE = 1024 * 1024;

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

export async function fetchWhole(state: ImapState, asked: readonly Listed[]): Promise<FetchOutcome> {
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
