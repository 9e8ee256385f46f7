// Finds all phrases of a list in a text at once. The spelled text (spelling.ts) is walked over once; at each place where a word begins, four
// characters lead to the few phrases that begin so. The cost is linear in the text, whatever it is: a look-up for each word, and a bounded
// comparison where one hits. Nothing here can backtrack.
import { isOfWord, type Spelled, spelled } from './spelling.ts';

/** Characters that ` * ` stands for, at most: an address and a word or two. */
const MAX_GAP = 80;

/** Characters by which phrases are found. No phrase may be shorter. */
const KEY = 4;

/** Slots from keys to phrases: a power of two, several for each of some two thousand phrases so that few share one. */
const SLOTS = 1 << 14;

interface Phrase<T> {
  readonly means: T;
  readonly head: string;
  /** What has to follow within MAX_GAP characters; '' for nothing. */
  readonly tail: string;
  /** Whether the head has to end where a word ends: a single short word is part of too many others. */
  readonly isWhole: boolean;
}

export class Phrases<T> {
  readonly #slots: (Phrase<T>[] | undefined)[] = new Array(SLOTS).fill(undefined);

  /** Phrases stand one a line or with ` | ` between them. They are spelled like the text, or they would never be found. */
  add(means: T, phrases: string): this {
    for (const written of phrases.split(/[|\n]/)) {
      const [first = '', last = ''] = written.split(' * ');
      const head = spelled(first).trim();
      if (head.length < KEY) continue;
      const isWhole = /^[a-z]+$/.test(head);
      const slot = slotOf(head.charCodeAt(0), head.charCodeAt(1), head.charCodeAt(2), head.charCodeAt(3));
      const phrase = { means, head, tail: spelled(last).trim(), isWhole };
      const there = this.#slots[slot];
      if (there === undefined) this.#slots[slot] = [phrase];
      else there.push(phrase);
    }
    return this;
  }

  /** What the text says, each meaning once. */
  find({ units, length }: Spelled): Set<T> {
    const found = new Set<T>();
    let wasWord = false;
    for (let at = 0; at + KEY <= length; at++) {
      const code = units[at] ?? 0;
      const isWord = isOfWord(code);
      const isInside = isWord && wasWord;
      wasWord = isWord;
      if (isInside || code === 0x20) continue;
      const slot = this.#slots[slotOf(code, units[at + 1] ?? 0, units[at + 2] ?? 0, units[at + 3] ?? 0)];
      if (slot === undefined) continue;
      for (const phrase of slot) {
        if (!found.has(phrase.means) && isThere(phrase, units, at, length)) found.add(phrase.means);
      }
    }
    return found;
  }
}

function isThere({ head, tail, isWhole }: Phrase<unknown>, units: Uint16Array, at: number, length: number): boolean {
  if (!isAt(head, units, at, length)) return false;
  const end = at + head.length;
  if (isWhole && end < length && isOfWord(units[end])) return false;
  if (tail === '') return true;
  for (let start = end; start <= end + MAX_GAP; start++) if (isAt(tail, units, start, length)) return true;
  return false;
}

function isAt(text: string, units: Uint16Array, at: number, length: number): boolean {
  if (at + text.length > length) return false;
  for (let index = 0; index < text.length; index++) if (units[at + index] !== text.charCodeAt(index)) return false;
  return true;
}

function slotOf(first: number, second: number, third: number, fourth: number): number {
  return (((first * 131 + second) * 131 + third) * 131 + fourth) & (SLOTS - 1);
}
