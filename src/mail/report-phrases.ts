// Finds the phrases of the families in a report, all at once: a phrase is tried only where its first word stands, so that the cost grows with
// the length of the text and not with the number of phrases times the length. Scripts that are written without blanks are searched phrase
// by phrase, and only where such letters occur.
import { FAMILIES } from './families.ts';
import type { Family } from './family.ts';

/** What a phrase says of the addresses around it; as in Family. */
export type Gives = 'failed' | 'delayed' | 'delivered' | 'names' | 'after' | 'proof' | 'marks';

export interface Hit {
  readonly family: string;
  readonly gives: Gives;
  /** In the flat text of the page. */
  readonly start: number;
  readonly end: number;
}

interface Phrase {
  /** GENERAL where several write it. */
  family: string;
  readonly gives: Gives;
  readonly words: string;
}

const KINDS = ['marks', 'failed', 'delayed', 'delivered', 'names', 'after', 'proof'] as const;

/** The rule of words that no one system has to itself. */
export const GENERAL = 'free-form';

/** Hits kept; a report with a hundred recipients has about four hundred. */
const MAX_HITS = 1000;

/** From the CJK radicals on, letters do not need blanks between words. */
const UNSPACED = /[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]/;
const OF_WORD = /^[\p{L}\p{N}]/u;

/** By their first word, and those that go on by their first word and MORE characters: eighty begin with `the`. */
const BY_BEGIN = new Map<string, Phrase[]>();
const MORE = 3;
const ANYWHERE: Phrase[] = [];

const BY_WORDS = new Map<string, Phrase>();

/** Hashes of the first words of phrases: nine words of ten begin none, and are passed over without being cut out. A power of two. */
const HASHES = 1 << 14;
const BEGINS = new Uint8Array(HASHES);

let isEntered = false;

/** When the first report is read: most commands read none. */
function enterOnce(): void {
  if (isEntered) return;
  isEntered = true;
  for (const family of FAMILIES) for (const gives of KINDS) enter(family, gives);
}

function enter(family: Family, gives: Gives): void {
  for (const words of family[gives] ?? []) {
    const known = BY_WORDS.get(`${gives} ${words}`);
    if (known !== undefined) {
      if (known.family !== family.name) known.family = GENERAL;
      continue;
    }
    const phrase: Phrase = { family: family.name, gives, words };
    BY_WORDS.set(`${gives} ${words}`, phrase);
    const first = /^[\p{L}\p{N}]+/u.exec(words)?.[0];
    if (first === undefined || UNSPACED.test(words)) ANYWHERE.push(phrase);
    else {
      const begin = words.length < first.length + MORE ? first : words.slice(0, first.length + MORE);
      BY_BEGIN.set(begin, [...(BY_BEGIN.get(begin) ?? []), phrase]);
      let hash = 0;
      for (let at = 0; at < first.length; at++) hash = hashed(hash, first.charCodeAt(at));
      BEGINS[hash & (HASHES - 1)] = 1;
    }
  }
}

/** Those found, by position; of those at one position the longest first. */
export function findPhrases(flat: string): Hit[] {
  enterOnce();
  const hits: Hit[] = [];
  for (let at = 0; at < flat.length && hits.length < MAX_HITS; at++) {
    const start = at;
    let hash = 0;
    for (let width = wordWidth(flat, at); width > 0; width = wordWidth(flat, at)) {
      for (const end = at + width; at < end; at++) hash = hashed(hash, flat.charCodeAt(at));
    }
    if (at === start || BEGINS[hash & (HASHES - 1)] === 0) continue;
    enterAll(hits, flat, start, BY_BEGIN.get(flat.slice(start, at)));
    enterAll(hits, flat, start, BY_BEGIN.get(flat.slice(start, at + MORE)));
  }
  if (UNSPACED.test(flat)) {
    for (const phrase of ANYWHERE) {
      for (
        let at = flat.indexOf(phrase.words);
        at >= 0 && hits.length < MAX_HITS;
        at = flat.indexOf(phrase.words, at + phrase.words.length)
      ) {
        hits.push(hitOf(phrase, at));
      }
    }
  }
  return hits.sort((one, other) => one.start - other.start || other.end - one.end);
}

function enterAll(hits: Hit[], flat: string, start: number, phrases: readonly Phrase[] | undefined): void {
  if (phrases === undefined) return;
  for (const phrase of phrases) if (flat.startsWith(phrase.words, start)) hits.push(hitOf(phrase, start));
}

function hitOf({ family, gives, words }: Phrase, start: number): Hit {
  return { family, gives, start, end: start + words.length };
}

function hashed(hash: number, unit: number): number {
  return (Math.imul(hash, 31) + unit) | 0;
}

/** UTF-16 units of the letter or digit at a place of a text in lower case; 0 where none is. */
function wordWidth(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0x80) return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) ? 1 : 0;
  const code = text.codePointAt(at);
  if (code === undefined) return 0;
  const letter = String.fromCodePoint(code);
  return OF_WORD.test(letter) ? letter.length : 0;
}
