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
const WORD = /[\p{L}\p{N}]+/gu;

const BY_WORD = new Map<string, Phrase[]>();
const ANYWHERE: Phrase[] = [];

const BY_WORDS = new Map<string, Phrase>();

for (const family of FAMILIES) for (const gives of KINDS) enter(family, gives);

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
    else BY_WORD.set(first, [...(BY_WORD.get(first) ?? []), phrase]);
  }
}

/** Those found, by position; of those at one position the longest first. */
export function findPhrases(flat: string): Hit[] {
  const hits: Hit[] = [];
  WORD.lastIndex = 0;
  for (let word = WORD.exec(flat); word !== null && hits.length < MAX_HITS; word = WORD.exec(flat)) {
    const phrases = BY_WORD.get(word[0]);
    if (phrases === undefined) continue;
    for (const phrase of phrases) {
      if (flat.startsWith(phrase.words, word.index)) hits.push(hitOf(phrase, word.index));
    }
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

function hitOf({ family, gives, words }: Phrase, start: number): Hit {
  return { family, gives, start, end: start + words.length };
}
