// Commands as tokens, and the small grammars inside them: sequence sets, dates, flags (RFC 3501 9). Pure; what they do is elsewhere.

import type { Pieces } from './reader.ts';

export type Token =
  | { readonly kind: 'atom'; readonly text: string }
  | { readonly kind: 'string'; readonly octets: Buffer }
  | { readonly kind: 'list'; readonly items: readonly Token[] };

/** The command is answered with this; `BAD` for what the grammar or the server does not know, `NO` for what cannot be done. */
export class Refusal extends Error {
  readonly reply: string;
  constructor(reply: string) {
    super(reply);
    // Words of the client may stand in it; they must not end the line.
    this.reply = reply.replace(/\p{Cc}/gu, '?');
  }
}

export function bad(text: string): Refusal {
  return new Refusal(`BAD ${text}`);
}

export function no(text: string): Refusal {
  return new Refusal(`NO ${text}`);
}

/** Lists within lists: imapflow nests one OR within another, so more than a person would write. */
const MAX_DEPTH = 1000;

/** Splits a command into tokens. `BODY[HEADER.FIELDS (A B)]<0.5>` is one atom. Throws Refusal. */
export function tokenize(pieces: Pieces): Token[] {
  const top: Token[] = [];
  const open: Token[][] = [];
  let items = top;
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) {
      items.push({ kind: 'string', octets: piece });
      continue;
    }
    let at = 0;
    while (at < piece.length) {
      const char = piece[at];
      if (char === ' ') {
        at += 1;
      } else if (char === '(') {
        if (open.length >= MAX_DEPTH) throw bad('Nested too deeply');
        open.push(items);
        items = [];
        at += 1;
      } else if (char === ')') {
        const outer = open.pop();
        if (outer === undefined) throw bad('Unexpected )');
        outer.push({ kind: 'list', items });
        items = outer;
        at += 1;
      } else if (char === '"') {
        const end = quotedEnd(piece, at);
        items.push({ kind: 'string', octets: Buffer.from(piece.slice(at + 1, end).replace(/\\(.)/g, '$1')) });
        at = end + 1;
      } else {
        const end = atomEnd(piece, at);
        items.push({ kind: 'atom', text: piece.slice(at, end) });
        at = end;
      }
    }
  }
  if (open.length > 0) throw bad('Missing )');
  return top;
}

function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  throw bad('Missing closing quote');
}

function atomEnd(text: string, start: number): number {
  let brackets = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '[') brackets += 1;
    else if (char === ']') brackets = Math.max(0, brackets - 1);
    else if (brackets === 0 && (char === ' ' || char === '(' || char === ')' || char === '"')) return at;
  }
  if (brackets > 0) throw bad('Missing ]');
  return text.length;
}

/** An atom or a string as text. Throws Refusal for anything else. */
export function textOf(token: Token | undefined): string {
  if (token?.kind === 'atom') return token.text;
  if (token?.kind === 'string') return token.octets.toString('utf8');
  throw bad('Text expected');
}

/** An atom in upper case, or '' when the token is something else. */
export function keyword(token: Token | undefined): string {
  return token?.kind === 'atom' ? token.text.toUpperCase() : '';
}

export function listOf(token: Token | undefined): readonly Token[] {
  if (token?.kind === 'list') return token.items;
  throw bad('List expected');
}

/** Ascending, not overlapping, both ends included. */
export type Ranges = readonly (readonly [low: number, high: number])[];

/** A number set; `*` is Infinity until the mailbox is known. Null when the text is not one. */
export function parseSet(text: string): Ranges | null {
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,10}|\*)(?::(\d{1,10}|\*))?$/.exec(part);
    if (match === null) return null;
    const first = number(match[1]);
    const second = match[2] === undefined ? first : number(match[2]);
    if (first === 0 || second === 0) return null;
    ranges.push([Math.min(first, second), Math.max(first, second)]);
  }
  return ranges;
}

function number(text: string | undefined): number {
  return text === '*' ? Number.POSITIVE_INFINITY : Number(text);
}

/** Puts `last`, the highest number in use, in place of `*`; `9:*` with 5 in use means 5:9 (RFC 3501 9, seq-range). Sorts and merges. */
export function resolveSet(ranges: Ranges, last: number): Ranges {
  const ends = ranges
    .map(([low, high]): [number, number] => {
      const a = low === Number.POSITIVE_INFINITY ? last : low;
      const b = high === Number.POSITIVE_INFINITY ? last : high;
      return [Math.min(a, b), Math.max(a, b)];
    })
    .sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const range of ends) {
    const previous = merged.at(-1);
    if (previous !== undefined && range[0] <= previous[1] + 1) previous[1] = Math.max(previous[1], range[1]);
    else merged.push(range);
  }
  return merged;
}

export function inRanges(ranges: Ranges, value: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (value < range[0]) high = middle - 1;
    else if (value > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}

/** Numbers in their order as a set, ascending runs shortened: `1:3,7`. Order is kept, as COPYUID needs (RFC 4315 3). */
export function formatSet(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at] ?? 0;
    let length = 1;
    while (numbers[at + length] === first + length) length += 1;
    parts.push(length === 1 ? String(first) : `${first}:${first + length - 1}`);
    at += length;
  }
  return parts.join(',');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `date` (RFC 3501 9) as the UTC midnight it names. */
export function parseDay(text: string): number {
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text);
  const month = MONTHS.findIndex((name) => name.toLowerCase() === match?.[2]?.toLowerCase());
  if (match === null || month < 0) throw bad('Invalid date');
  return Date.UTC(Number(match[3]), month, Number(match[1]));
}

/** `date-time` (RFC 3501 9). */
export function parseDateTime(text: string): Date {
  const match = /^ ?(\d{1,2}-[A-Za-z]{3}-\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/.exec(text);
  if (match === null) throw bad('Invalid date-time');
  const zone = (Number(match[6]) * 60 + Number(match[7])) * (match[5] === '-' ? -1 : 1);
  const minutes = Number(match[2]) * 60 + Number(match[3]) - zone;
  return new Date(parseDay(match[1] ?? '') + minutes * 60_000 + Number(match[4]) * 1000);
}

/** In UTC. */
export function formatDateTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ${time} +0000`;
}

const SYSTEM_FLAGS = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'];

/** `flag-keyword` (RFC 3501 9): an atom, since it is sent back in a list. */
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/;

/** A flag in its usual spelling. `\Recent` and unknown system flags are refused. */
export function parseFlag(text: string): string {
  if (KEYWORD.test(text)) return text;
  const known = SYSTEM_FLAGS.find((flag) => flag.toLowerCase() === text.toLowerCase());
  if (known === undefined) throw bad(`Invalid flag ${text}`);
  return known;
}
