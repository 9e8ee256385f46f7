// Address lists (RFC 5322 3.4) as people and programs really write them: one pass, linear, never a throw. It takes out what is there
// and invents nothing: addresses are not checked, and only `fromAddress` in read.ts lower-cases one.
import { decodeWords } from './decode.ts';
import { cleanText, cut, oneLine } from './text.ts';

/** Addresses kept of one field. A To field longer than that is a list that should have been Bcc. */
export const MAX_ADDRESSES = 100;

/** Longest name or address kept, characters: a line of RFC 5322 2.1.1. Addresses end at 254 (RFC 5321 4.5.3.1.3). */
const MAX_LENGTH = 998;

export interface Address {
  /** Display name, decoded; '' when there is none. */
  readonly name: string;
  /** As written, without white space; '' for `<>`. */
  readonly address: string;
}

/** `Name <address>`, or the one that is there. */
export function formatAddress({ name, address }: Address): string {
  if (address === '') return name;
  return name === '' ? address : `${name} <${address}>`;
}

/** The addresses of a field's text, groups opened, at most MAX_ADDRESSES. Encoded words in `text` are still encoded. */
export function parseAddresses(text: string): Address[] {
  const addresses: Address[] = [];
  const entry = new Entry();
  // Set when no closing character follows: looking for one again and again would be quadratic.
  const unclosed = { '"': false, '(': false, '<': false };
  let pos = 0;
  const emit = (): void => {
    const address = entry.take();
    if (address !== null) addresses.push(address);
  };
  while (pos < text.length && addresses.length < MAX_ADDRESSES) {
    const char = text.charAt(pos);
    if (char === ',' || char === ';') {
      emit();
      pos += 1;
    } else if (char === ':' && entry.canNameGroup()) {
      entry.clear();
      pos += 1;
    } else if (char === '"' || char === '(' || char === '<') {
      const end = unclosed[char] ? -1 : closing(text, pos, char);
      if (end >= 0 && char === '"' && text[end + 1] === '@') {
        // `"john doe"@example.org` without angle brackets.
        const after = domainEnd(text, end + 1);
        entry.add('<', text.slice(pos, after));
        pos = after;
      } else if (end >= 0) {
        entry.add(char, text.slice(pos + 1, end));
        pos = end + 1;
      } else {
        unclosed[char] = true;
        pos += 1;
      }
    } else if (char === '>') {
      pos += 1;
    } else {
      const end = wordEnd(text, pos);
      entry.add('', text.slice(pos, end));
      pos = end;
    }
  }
  if (addresses.length < MAX_ADDRESSES) emit();
  return addresses;
}

/** Where the construct that opens at `start` closes; -1 when it does not. */
function closing(text: string, start: number, opener: '"' | '(' | '<'): number {
  if (opener === '<') return text.indexOf('>', start);
  let depth = 0;
  for (let pos = start; pos < text.length; pos += 1) {
    const char = text.charAt(pos);
    if (char === '\\') pos += 1;
    else if (opener === '"') {
      if (char === '"' && pos > start) return pos;
    } else if (char === '(') depth += 1;
    else if (char === ')') {
      depth -= 1;
      if (depth === 0) return pos;
    }
  }
  return -1;
}

/** An encoded word, which may hold the separators that RFC 2047 5 (3) forbids there, or a run of other characters. */
const WORD = /=\?[^?\s]{1,64}\?[bq]\?[^?]{0,1000}\?=|[^",;:(<>]/iy;
const PLAIN = /[^",;:(<>=]+/y;
const DOMAIN = /[^\s",;()<>]+/y;

function wordEnd(text: string, start: number): number {
  PLAIN.lastIndex = start;
  if (PLAIN.test(text)) return PLAIN.lastIndex;
  WORD.lastIndex = start;
  return WORD.test(text) ? WORD.lastIndex : start + 1;
}

function domainEnd(text: string, start: number): number {
  DOMAIN.lastIndex = start;
  return DOMAIN.test(text) ? DOMAIN.lastIndex : start;
}

/** One mailbox being read: what came before, inside and beside the angle brackets. */
class Entry {
  #phrase = '';
  #comment = '';
  #angle: string | null = null;
  #isQuoted = false;
  /** Kept, because searching the phrase at every colon would be quadratic. */
  #hasAt = false;

  add(opener: string, text: string): void {
    if (opener === '<') this.#angle = text;
    else if (opener === '(') this.#comment = this.#comment === '' ? text : `${this.#comment} ${text}`;
    else if (opener === '"') {
      this.#phrase += unquotePairs(text);
      this.#isQuoted = true;
    } else {
      this.#phrase += text;
      this.#hasAt ||= text.includes('@');
    }
  }

  /** A colon after a plain phrase opens a group (`undisclosed-recipients:;`); elsewhere it is dirt. */
  canNameGroup(): boolean {
    return this.#angle === null && !this.#hasAt;
  }

  clear(): void {
    this.#phrase = '';
    this.#comment = '';
    this.#angle = null;
    this.#isQuoted = false;
    this.#hasAt = false;
  }

  /** What was read, or null when it holds no address and no name. Leaves the entry empty. */
  take(): Address | null {
    const phrase = this.#phrase.trim();
    const comment = unquotePairs(this.#comment);
    const angle = this.#angle;
    const isQuoted = this.#isQuoted;
    this.clear();
    if (angle !== null) return finished(phrase === '' ? comment : phrase, withoutRoute(angle));
    if (phrase === '') return null;
    // No brackets: `john@example.org (John)`, `John john@example.org`, or a bare `MAILER-DAEMON`.
    const words = phrase.split(/\s+/);
    const at = words.findLastIndex((word) => word.includes('@'));
    if (at < 0) return words.length === 1 && !isQuoted ? finished(comment, phrase) : finished(phrase, '');
    const name = [...words.slice(0, at), ...words.slice(at + 1)].join(' ');
    return finished(name === '' ? comment : name, words[at] ?? '');
  }
}

function finished(name: string, address: string): Address | null {
  const shown = cut(oneLine(cleanText(decodeWords(name))), MAX_LENGTH);
  // White space inside is dirt, but part of a quoted local part (RFC 5322 3.4.1).
  const bare = cut(cleanText(address.includes('"') ? oneLine(address) : address.replace(/\s+/g, '')), MAX_LENGTH);
  return shown === '' && bare === '' ? null : { name: shown, address: bare };
}

/** `<@relay,@relay:user@host>` (RFC 5322 4.4) names user@host. */
function withoutRoute(angle: string): string {
  const text = angle.trim().replace(/^<+/, '');
  return text.startsWith('@') ? text.slice(text.indexOf(':') + 1) : text.replace(/^mailto:/i, '');
}

function unquotePairs(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, '$1') : text;
}
