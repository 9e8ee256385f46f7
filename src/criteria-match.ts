// Whether a message meets criteria, in memory. The same meaning as SEARCH on the server and SQL over stored mail: text is compared decoded and
// as i;unicode-casemap does it (RFC 5051, which RFC 9051 6.4.4 leads to): without regard to case, letters taken apart from their accents,
// so that "Mull" also finds "Müller" where the accent would come next. What is read from a message's header is made by mail/searchable.ts.

import { uidRanges } from './criteria-values.ts';
import type { Uid } from './model.ts';
import type { Criteria } from './model-admin.ts';
import type { Kind } from './model-reading.ts';

/** What must be known of a message. What is null is not known, and meets no criterion. */
export interface MessageFacts {
  readonly uid: Uid | null;
  readonly internalDate: Date | null;
  /** RFC822.SIZE, octets. */
  readonly size: number;
  readonly flags: readonly string[];
  readonly kind: Kind | null;
  /** Decoded values; names as written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Whether one message meets the criteria. `gmail` is known to Gmail only: nothing meets it here. */
export function matches(criteria: Criteria, facts: MessageFacts): boolean {
  return matcherOf(criteria)(facts);
}

/** The same for many messages: what can be made ready once is. */
export function matcherOf(criteria: Criteria): (facts: MessageFacts) => boolean {
  const tests: ((facts: MessageFacts) => boolean)[] = [];
  const { before, since, larger, smaller, kind } = criteria;
  if (before !== undefined) tests.push(({ internalDate }) => internalDate !== null && internalDate < before);
  if (since !== undefined) tests.push(({ internalDate }) => internalDate !== null && internalDate >= since);
  for (const [name, contains] of headerTests(criteria)) tests.push(fieldTest(name, contains));
  if (larger !== undefined) tests.push(({ size }) => size > larger);
  if (smaller !== undefined) tests.push(({ size }) => size < smaller);
  for (const key of ['seen', 'flagged', 'deleted'] as const) {
    const wanted = criteria[key];
    // RFC 9051 2.3.2: flags are compared without regard to case.
    if (wanted !== undefined)
      tests.push(({ flags }) => flags.some((flag) => flag.toLowerCase() === `\\${key}`) === wanted);
  }
  if (kind !== undefined) tests.push((facts) => facts.kind === kind);
  if (criteria.uid !== undefined) tests.push(uidTest(criteria.uid));
  if (criteria.gmail !== undefined) tests.push(() => false);
  return (facts) => tests.every((test) => test(facts));
}

/** Every criterion that is about a header field, as field and text; '' asks that the field is there. */
export function headerTests(criteria: Criteria): (readonly [name: string, contains: string])[] {
  const tests: (readonly [string, string])[] = [];
  for (const key of ['from', 'to', 'subject'] as const) {
    const text = criteria[key];
    if (text !== undefined) tests.push([key, text]);
  }
  if (criteria.messageId !== undefined) tests.push(messageIdTest(criteria.messageId));
  tests.push(...(criteria.header ?? []));
  return tests;
}

/** With its brackets: `1@a.org` is a piece of `<11@a.org.uk>`. */
export function messageIdTest(id: string): readonly [name: string, contains: string] {
  return ['message-id', `<${id}>`];
}

function fieldTest(name: string, contains: string): (facts: MessageFacts) => boolean {
  const key = name.toLowerCase();
  const wanted = caseless(contains);
  return ({ headers }) =>
    headers.some(([found, value]) => found.toLowerCase() === key && caseless(value).includes(wanted));
}

function uidTest(set: string): (facts: MessageFacts) => boolean {
  const ranges = uidRanges(set);
  return ({ uid }) => {
    if (uid === null || !/^\d+$/.test(uid)) return false;
    const number = Number(uid);
    let [low, high] = [0, ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = ranges[middle] ?? [0, 0];
      if (number < first) high = middle - 1;
      else if (number > last) low = middle + 1;
      else return true;
    }
    return false;
  };
}

/** Text as it is compared: taken apart (NFKD), then each letter by its upper case where that is one letter. */
export function caseless(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toUpperCase();
  return Array.from(text.normalize('NFKD'), upper).join('');
}

/** Simple case mapping: `ß` stays, for "SS" is another text to every server. */
function upper(character: string): string {
  const raised = character.toUpperCase();
  return Array.from(raised).length === 1 ? raised : character;
}

/** Characters beyond U+1FFFF have no case (Unicode 16). */
const LAST_WITH_CASE = 0x1ffff;

let lettersByUpper: ReadonlyMap<string, readonly string[]> | null = null;

/** Every character that caseless() takes for the same as one that it has answered, that one too. */
export function caseVariants(character: string): readonly string[] {
  lettersByUpper ??= groupLetters();
  return lettersByUpper.get(character) ?? [character];
}

function groupLetters(): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (let code = 0; code <= LAST_WITH_CASE; code += 1) {
    const character = String.fromCodePoint(code);
    if (!/\p{L}|\p{M}|\p{N}|\p{S}/u.test(character)) continue;
    const raised = upper(character);
    if (raised === character) continue;
    groups.set(raised, [...(groups.get(raised) ?? [raised]), character]);
  }
  return groups;
}
