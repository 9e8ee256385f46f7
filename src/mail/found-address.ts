// Addresses in running text: what a server writes between its own words. Found from the `@` outward, one pass and linear, because a
// pattern that looks for a local part first is quadratic on a line without an `@`. Address lists of header fields are in address.ts.
import { Buffer } from 'node:buffer';

/** RFC 5321 4.5.3.1: 64 octets of local part, 255 of domain; VERP and signed senders make local parts of twice that. */
const MAX_LOCAL = 200;
const MAX_DOMAIN = 255;

/** Addresses taken of one line; a line is at most 2,000 characters. */
const MAX_IN_LINE = 50;

export interface FoundAddress {
  readonly address: string;
  /** Where it begins and ends in the line, its quotes and angle brackets included. */
  readonly start: number;
  readonly end: number;
  /** It stands in `<` and `>`. */
  readonly isBracketed: boolean;
}

/** Characters of an unquoted local part (RFC 5322 3.2.3 atext, and dots). */
const LOCAL = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]/;
const DOMAIN = /[A-Za-z0-9._-]/;
/** RFC 6531 letters of scripts that put blanks between words; in others an address would grow by the words around it. */
const LETTER = /[\u00c0-\u1fff]/;
/** What may stand in angle brackets beside those: RFC 6531 letters. */
const ANY_LOCAL = /[^\s<>"(),:;@[\]\\]/;
const ANY_DOMAIN = /[^\s<>"(),:;@[\]\\'`]/;

/** What programs write directly before an address, with characters that a local part may have. */
const PREFIX = /^(?:.{0,100}smtp=|rfc822=|rcpt=|to=|\/|=|'|`)/i;

/** Exim writes octets beyond ASCII as `\\303\\245` in its words and in X-Failed-Recipients. */
export function decodeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/(?:\\[23][0-7]{2}){2,}/g, (escaped) => {
    const octets = escaped
      .slice(1)
      .split('\\')
      .map((octal) => Number.parseInt(octal, 8));
    const decoded = Buffer.from(octets).toString('utf8');
    return decoded.includes('\uFFFD') ? escaped : decoded;
  });
}

/** The addresses of a line, in order. */
export function findAddresses(line: string): FoundAddress[] {
  const found: FoundAddress[] = [];
  let from = 0;
  for (let at = line.indexOf('@'); at >= 0 && found.length < MAX_IN_LINE; at = line.indexOf('@', at + 1)) {
    if (at < from) continue;
    const one = around(line, at, from);
    if (one === null) continue;
    found.push(one);
    from = one.end;
  }
  return found;
}

function around(line: string, at: number, from: number): FoundAddress | null {
  const bracket = lastBefore(line, '<', at, from);
  const isBracketed = bracket >= 0 && !/[\s>]/.test(unquoted(line.slice(bracket + 1, at)));
  const start = isBracketed ? bracket + 1 : localStart(line, at, from);
  let end = at + 1;
  if (line[end] === '[') {
    // A domain literal (RFC 5321 4.1.3).
    const close = line.indexOf(']', end);
    if (close < 0 || close - end > 50) return null;
    end = close + 1;
  } else {
    const domain = isBracketed ? ANY_DOMAIN : DOMAIN;
    while (
      end < line.length &&
      end - at <= MAX_DOMAIN &&
      (domain.test(line.charAt(end)) || LETTER.test(line.charAt(end)))
    )
      end += 1;
    while (end > at + 1 && /[._-]/.test(line.charAt(end - 1))) end -= 1;
  }
  const local = cleanLocal(line.slice(start, at), isBracketed);
  const domain = line.slice(at + 1, end);
  if (local === '' || domain === '' || at - start > MAX_LOCAL) return null;
  // `user@host` without a dot is an address only where brackets say so; elsewhere it is as often a file name or a nickname.
  if (!isBracketed && !domain.includes('.') && !domain.startsWith('[')) return null;
  if (domain.startsWith('.') || domain.includes('..')) return null;
  const closed = isBracketed && line[end] === '>' ? end + 1 : end;
  return { address: `${local}@${domain}`, start: isBracketed ? bracket : start, end: closed, isBracketed };
}

function localStart(line: string, at: number, from: number): number {
  let start = at;
  if (line[at - 1] === '"') {
    const open = lastBefore(line, '"', at - 1, from);
    if (open >= 0) return open;
  }
  while (
    start > from &&
    at - start <= MAX_LOCAL &&
    (LOCAL.test(line.charAt(start - 1)) || LETTER.test(line.charAt(start - 1)))
  )
    start -= 1;
  return start;
}

/** The nearest `char` before `at`, no further away than a local part is long; -1 without one. */
function lastBefore(line: string, char: string, at: number, from: number): number {
  const first = Math.max(from, at - MAX_LOCAL);
  const found = line.slice(first, at).lastIndexOf(char);
  return found < 0 ? -1 : first + found;
}

/** A quoted local part may hold white space. */
function unquoted(local: string): string {
  return local.startsWith('"') && local.endsWith('"') ? '' : local;
}

function cleanLocal(local: string, isBracketed: boolean): string {
  if (local.startsWith('"')) return local.endsWith('"') && local.length > 2 ? local : '';
  // `mailto:`, `smtp:`, a source route (RFC 5321 appendix C) or a type (`rfc822;`) before it.
  const colon = Math.max(local.lastIndexOf(':'), local.lastIndexOf(';'));
  const after = colon >= 0 ? local.slice(colon + 1) : local;
  const stripped = (isBracketed ? after : after.replace(PREFIX, '')).replace(/^\.+/, '');
  for (const char of stripped) if (!ANY_LOCAL.test(char)) return '';
  return stripped;
}
