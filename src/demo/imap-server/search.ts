// SEARCH: search keys compiled into one test per message (RFC 3501 6.4.4), and the answer as SEARCH or ESEARCH (RFC 4731).
// Gmail matches whole words, and knows X-GM-MSGID and a small part of X-GM-RAW (provider-quirks 1.5).

import { claimedSize } from './fetch.ts';
import { quote } from './names.ts';
import {
  bad,
  formatSet,
  inRanges,
  keyword,
  listOf,
  parseDay,
  parseSet,
  type Ranges,
  resolveSet,
  type Token,
  textOf,
} from './parser.ts';
import { headerEnd } from './section.ts';
import type { Session } from './session.ts';
import type { Entry, Message } from './store.ts';
import type { Located } from './view.ts';

type Test = (entry: Entry, seq: number) => boolean;

export function search(session: Session, args: readonly Token[], uid: boolean): string {
  let keys = args;
  let returns: string[] | null = null;
  if (keyword(keys[0]) === 'RETURN') {
    if (!session.capable('ESEARCH')) throw bad('Unknown search key RETURN');
    returns = listOf(keys[1]).map((option) => keyword(option));
    if (returns.some((option) => !['ALL', 'MIN', 'MAX', 'COUNT'].includes(option))) throw bad('Unknown RETURN option');
    if (returns.length === 0) returns = ['ALL'];
    keys = keys.slice(2);
  }
  if (keyword(keys[0]) === 'CHARSET') {
    if (!['UTF-8', 'US-ASCII'].includes(textOf(keys[1]).toUpperCase()))
      return 'NO [BADCHARSET (UTF-8 US-ASCII)] Unknown charset';
    keys = keys.slice(2);
  }
  const compiler = new Compiler(session, keys);
  const test = compiler.all();
  const found: number[] = [];
  for (const { entry, seq } of candidates(session, compiler.uids)) {
    if (!entry.gone && test(entry, seq)) found.push(uid ? entry.uid : seq);
  }
  if (returns === null) session.untagged(`SEARCH${found.length === 0 ? '' : ` ${found.join(' ')}`}`);
  else session.untagged(esearch(session, returns, found, uid));
  return 'OK Searched';
}

/** Only the named UIDs are looked at, when the search names some; so looking up a few in a large mailbox stays cheap. */
function candidates(session: Session, uids: Ranges | null): Iterable<Located> {
  const view = session.theView();
  return uids === null ? view.entries().map((entry, index) => ({ entry, seq: index + 1 })) : view.byUid(uids);
}

function esearch(session: Session, returns: readonly string[], found: readonly number[], uid: boolean): string {
  const parts = [`ESEARCH (TAG ${quote(session.tag)})`];
  if (uid) parts.push('UID');
  if (returns.includes('COUNT')) parts.push(`COUNT ${found.length}`);
  if (found.length > 0) {
    if (returns.includes('MIN')) parts.push(`MIN ${found[0]}`);
    if (returns.includes('MAX')) parts.push(`MAX ${found.at(-1)}`);
    if (returns.includes('ALL')) parts.push(`ALL ${formatSet(found)}`);
  }
  return parts.join(' ');
}

const FLAG_KEYS: Readonly<Record<string, string>> = {
  ANSWERED: '\\Answered',
  DRAFT: '\\Draft',
  FLAGGED: '\\Flagged',
  SEEN: '\\Seen',
};

const DAY_MS = 24 * 60 * 60 * 1000;

class Compiler {
  readonly #session: Session;
  readonly #keys: readonly Token[];
  #at = 0;
  /** The first UID set that every match must be in; null without one. */
  uids: Ranges | null = null;

  constructor(session: Session, keys: readonly Token[]) {
    this.#session = session;
    this.#keys = keys;
  }

  all(): Test {
    if (this.#keys.length === 0) throw bad('SEARCH needs a key');
    const tests: Test[] = [];
    while (this.#at < this.#keys.length) tests.push(this.#one(true));
    return (entry, seq) => tests.every((test) => test(entry, seq));
  }

  #next(): Token | undefined {
    this.#at += 1;
    return this.#keys[this.#at - 1];
  }

  #text(): string {
    return textOf(this.#next());
  }

  /** `top`: the key stands in the outermost AND. */
  #one(top: boolean): Test {
    const token = this.#next();
    if (token?.kind === 'list') return new Compiler(this.#session, token.items).all();
    const key = keyword(token);
    const set = parseSet(key);
    if (set !== null) {
      const ranges = resolveSet(set, this.#session.theView().exists);
      return (_entry, seq) => inRanges(ranges, seq);
    }
    const flag = FLAG_KEYS[key.replace(/^UN/, '')];
    if (flag !== undefined) {
      const wanted = !key.startsWith('UN');
      return ({ message }) => message.flags.has(flag) === wanted;
    }
    return this.#named(key, top);
  }

  #named(key: string, top: boolean): Test {
    switch (key) {
      case 'ALL':
        return () => true;
      case 'DELETED':
        return (entry) => entry.deleted;
      case 'UNDELETED':
        return (entry) => !entry.deleted;
      case 'NEW':
      case 'RECENT':
        return () => false;
      case 'OLD':
        return () => true;
      case 'UID': {
        const set = parseSet(this.#text());
        if (set === null) throw bad('Invalid UID set');
        if (top) this.uids ??= set;
        const ranges = resolveSet(set, this.#session.theView().entries().at(-1)?.uid ?? 0);
        return (entry) => inRanges(ranges, entry.uid);
      }
      case 'NOT': {
        const test = this.#one(false);
        return (entry, seq) => !test(entry, seq);
      }
      case 'OR': {
        const one = this.#one(false);
        const other = this.#one(false);
        return (entry, seq) => one(entry, seq) || other(entry, seq);
      }
      case 'KEYWORD':
      case 'UNKEYWORD': {
        const flag = this.#text();
        return ({ message }) => message.flags.has(flag) === (key === 'KEYWORD');
      }
      case 'LARGER':
      case 'SMALLER': {
        const limit = Number(this.#text());
        if (!Number.isSafeInteger(limit)) throw bad('Invalid size');
        const sign = key === 'LARGER' ? 1 : -1;
        return (entry) => (claimedSize(this.#session, entry) - limit) * sign > 0;
      }
      case 'BEFORE':
      case 'ON':
      case 'SINCE':
        return this.#date(key);
      default:
        return this.#textual(key);
    }
  }

  /** INTERNALDATE by its day in UTC, as FETCH shows it. */
  #date(key: 'BEFORE' | 'ON' | 'SINCE'): Test {
    const day = parseDay(this.#text());
    return ({ message }) => {
      const at = message.internalDate.getTime();
      if (key === 'BEFORE') return at < day;
      return at >= day && (key === 'SINCE' || at < day + DAY_MS);
    };
  }

  #textual(key: string): Test {
    const gmail = this.#session.gmail;
    const matches = gmail === null ? contains : containsWords;
    switch (key) {
      case 'HEADER': {
        const name = this.#text().toLowerCase();
        const value = this.#text();
        return ({ message }) => headerValues(message, name).some((found) => value === '' || matches(found, value));
      }
      case 'FROM':
      case 'TO':
      case 'CC':
      case 'BCC':
      case 'SUBJECT': {
        const value = this.#text();
        return ({ message }) => headerValues(message, key.toLowerCase()).some((found) => matches(found, value));
      }
      case 'BODY':
      case 'TEXT': {
        const value = this.#text();
        return ({ message: { raw } }) => matches(raw.toString('utf8', key === 'BODY' ? headerEnd(raw) : 0), value);
      }
      case 'EMAILID':
        if (!this.#session.capable('OBJECTID')) break;
        return this.#same('emailId');
      case 'X-GM-MSGID':
        if (gmail === null) break;
        return this.#same('emailId');
      case 'X-GM-THRID':
        if (gmail === null) break;
        return this.#same('threadId');
      case 'X-GM-RAW':
        if (gmail === null) break;
        return rawQuery(this.#text());
    }
    throw bad(`Unknown search key ${key}`);
  }

  #same(field: 'emailId' | 'threadId'): Test {
    const wanted = this.#text();
    return ({ message }) => message[field] === wanted;
  }
}

function headerValues(message: Message, name: string): string[] {
  const lines = message.raw.toString('utf8', 0, headerEnd(message.raw)).match(/[^\n]*\n(?:[ \t][^\n]*\n)*/g) ?? [];
  return lines
    .filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    .map((line) => line.slice(name.length + 1));
}

function contains(text: string, value: string): boolean {
  return text.toLowerCase().includes(value.toLowerCase());
}

function containsWords(text: string, value: string): boolean {
  const words = (of: string): string => ` ${(of.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ')} `;
  return words(text).includes(words(value));
}

/** Of Gmail's search language: `rfc822msgid: subject: from: to: is:read is:unread is:starred` and bare words, all of which must match. */
function rawQuery(query: string): Test {
  const tests = (query.match(/\S+/g) ?? []).map((term): Test => {
    const [, operator = '', value = ''] = /^(?:([a-z0-9]+):)?(.*)$/i.exec(term) ?? [];
    switch (operator.toLowerCase()) {
      case 'rfc822msgid':
        return ({ message }) => headerValues(message, 'message-id').some((found) => contains(found, value));
      case 'subject':
      case 'from':
      case 'to':
        return ({ message }) =>
          headerValues(message, operator.toLowerCase()).some((found) => containsWords(found, value));
      case 'is':
        if (value === 'starred') return ({ message }) => message.flags.has('\\Flagged');
        return ({ message }) => message.flags.has('\\Seen') === (value === 'read');
      default:
        return ({ message }) => containsWords(message.raw.toString('utf8'), term);
    }
  });
  return (entry, seq) => tests.every((test) => test(entry, seq));
}
