// FETCH items and the octets they name: the whole message, its header, chosen header fields, its text, or a slice of one of these
// (RFC 3501 6.4.5). Also the two lies about octets that an option may ask for: an empty body and a rewritten boundary.

import { randomBytes } from 'node:crypto';
import { bad, keyword, listOf, type Token, tokenize } from './parser.ts';
import type { Session } from './session.ts';
import type { Entry } from './store.ts';

export interface FetchItem {
  /** As it appears in the answer: `BODY[HEADER.FIELDS (SUBJECT)]<0>`. */
  readonly name: string;
  /** Absent: not an item of octets. */
  readonly section?: Section;
  /** Octets from `start`, at most `length`. */
  readonly partial?: { readonly start: number; readonly length: number };
  readonly marksSeen?: boolean;
}

type Section =
  | { readonly part: 'all' | 'header' | 'text' }
  | { readonly part: 'fields'; readonly fields: ReadonlySet<string>; readonly not: boolean };

const WITHOUT_OCTETS = ['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE'];
const ON_GMAIL = ['X-GM-MSGID', 'X-GM-THRID', 'X-GM-LABELS'];
const WITH_OBJECT_ID = ['EMAILID', 'THREADID'];
/** The oldest names for octets (RFC 3501 6.4.5). */
const OLD_NAMES: Readonly<Record<string, 'all' | 'header' | 'text'>> = {
  RFC822: 'all',
  'RFC822.HEADER': 'header',
  'RFC822.TEXT': 'text',
};

/** Throws Refusal for an item that this server does not know. */
export function parseItems(token: Token | undefined, session: Session): FetchItem[] {
  const tokens = token?.kind === 'list' ? listOf(token) : [token];
  if (tokens.length === 1 && keyword(tokens[0]) === 'FAST') return WITHOUT_OCTETS.slice(1).map((name) => ({ name }));
  const known = [...WITHOUT_OCTETS];
  if (session.gmail !== null) known.push(...ON_GMAIL);
  if (session.capable('OBJECTID')) known.push(...WITH_OBJECT_ID);
  const items = tokens.map((item): FetchItem => {
    const name = keyword(item);
    if (known.includes(name)) return { name };
    const old = OLD_NAMES[name];
    if (old !== undefined) return { name, section: { part: old }, marksSeen: old !== 'header' };
    return parseBody(name);
  });
  if (items.length === 0) throw bad('FETCH needs items');
  return items;
}

function parseBody(text: string): FetchItem {
  const match = /^BODY(\.PEEK)?\[(.*)\](?:<(\d{1,10})\.(\d{1,10})>)?$/s.exec(text);
  if (match === null) throw bad(`Unknown FETCH item ${text}`);
  const section = match[2] ?? '';
  const start = Number(match[3] ?? 0);
  return {
    name: `BODY[${section}]${match[3] === undefined ? '' : `<${start}>`}`,
    section: parseSection(section),
    marksSeen: match[1] === undefined,
    ...(match[3] === undefined ? {} : { partial: { start, length: Number(match[4]) } }),
  };
}

function parseSection(text: string): Section {
  if (text === '') return { part: 'all' };
  if (text === 'HEADER') return { part: 'header' };
  if (text === 'TEXT') return { part: 'text' };
  const [word, names] = tokenize([text]);
  const name = keyword(word);
  if (name !== 'HEADER.FIELDS' && name !== 'HEADER.FIELDS.NOT') throw bad('Body parts are not supported');
  const fields = new Set(
    listOf(names).map((field) =>
      field.kind === 'string' ? field.octets.toString('utf8').toLowerCase() : keyword(field).toLowerCase(),
    ),
  );
  return { part: 'fields', fields, not: name.endsWith('.NOT') };
}

export function octetsOf(session: Session, entry: Entry, item: FetchItem): Buffer {
  const { section, partial } = item;
  if (section === undefined) return Buffer.alloc(0);
  const folder = session.theView().mailbox.name;
  if (session.options.emptyBodyOf?.(entry.uid, folder) === true) return Buffer.alloc(0);
  const raw =
    session.options.rewritesMime === true ? rewritten(session, entry, partial?.start ?? 0) : entry.message.raw;
  const octets = choose(raw, section);
  return partial === undefined ? octets : octets.subarray(partial.start, partial.start + partial.length);
}

function choose(raw: Buffer, section: Section): Buffer {
  const end = headerEnd(raw);
  if (section.part !== 'fields') {
    if (section.part === 'all') return raw;
    return section.part === 'header' ? raw.subarray(0, end) : raw.subarray(end);
  }
  // Latin-1 keeps every octet as it is.
  const lines = raw.toString('latin1', 0, end).match(/[^\n]*\n(?:[ \t][^\n]*\n)*/g) ?? [];
  const chosen = lines.filter((line) => {
    const name = /^([^:\s]+)[ \t]*:/.exec(line)?.[1]?.toLowerCase();
    return name !== undefined && section.fields.has(name) !== section.not;
  });
  return Buffer.from(`${chosen.join('')}\r\n`, 'latin1');
}

/** Where the body begins; the empty line belongs to the header. A message without one is all header. */
export function headerEnd(raw: Buffer): number {
  const ends = [
    [raw.indexOf('\r\n\r\n'), 4],
    [raw.indexOf('\n\n'), 2],
  ] as const;
  const found = ends.filter(([at]) => at >= 0).map(([at, length]) => at + length);
  return found.length === 0 ? raw.length : Math.min(...found);
}

/** The message with another boundary of the same length; a fetch that goes on from an offset goes on in the same octets. */
function rewritten(session: Session, entry: Entry, start: number): Buffer {
  const { raw } = entry.message;
  const before = session.rewritten.get(entry.message);
  if (start > 0 && before !== undefined) return before;
  const boundary = /^content-type:[^\n]*(?:\n[ \t][^\n]*)*?boundary="?([A-Za-z0-9'()+_,./:=?-]{1,70})/im.exec(
    raw.toString('latin1', 0, headerEnd(raw)),
  )?.[1];
  if (boundary === undefined) return raw;
  const other = `_${randomBytes(boundary.length).toString('hex')}`.slice(0, boundary.length);
  const octets = Buffer.from(raw.toString('latin1').replaceAll(boundary, other), 'latin1');
  session.rewritten.set(entry.message, octets);
  return octets;
}
