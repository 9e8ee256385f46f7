// Finds all phrases of a list in a text at once. The spelled text (spelling.ts) is walked over once; at each place where a word begins, its first
// characters lead to the few phrases that begin so. The cost is linear in the text, whatever it is: a look-up for each word, and a bounded
// comparison where one hits. Nothing here can backtrack.
import { isOfWord, type Spelled, spelled } from './spelling.ts';

/** Characters that ` * ` stands for, at most: an address and a word or two. */
const MAX_GAP = 80;

/** Characters by which phrases are found, and those by which long ones are: hundreds begin with `mailbox` or `message`. */
const KEY = 4;
const LONG_KEY = 10;

/** From here on two characters are words: Chinese, Japanese, Korean. Elsewhere a shorter phrase than KEY is too short to mean anything. */
const IDEOGRAPHS = 0x2e80;

/** Slots from keys to phrases: a power of two, several for each of some two thousand phrases so that few share one. */
const SLOTS = 1 << 14;

interface Phrase<T> {
  readonly means: T;
  readonly head: Uint16Array;
  /** What has to follow within MAX_GAP characters; empty for nothing. */
  readonly tail: Uint16Array;
  /** Whether the head has to end where a word ends: a single short word is part of too many others. */
  readonly isWhole: boolean;
}

export class Phrases<T> {
  readonly #slots: (Phrase<T>[] | undefined)[] = new Array(SLOTS).fill(undefined);
  /** Slots of the first KEY characters of any phrase: what most words begin with begins none. */
  readonly #begun = new Uint8Array(SLOTS);
  readonly #short = new Map<number, Phrase<T>[]>();

  /** Not in the slots yet: spelling two thousand phrases takes longer than most commands do that read no mail. */
  #written: [T, string][] = [];

  /** Phrases stand one a line or with ` | ` between them. They are spelled like the text, or they would never be found. */
  add(means: T, phrases: string): this {
    this.#written.push([means, phrases]);
    return this;
  }

  #enter(means: T, phrases: string): void {
    for (const written of phrases.split(/[|\n]/)) {
      const [first = '', last = ''] = written.split(' * ');
      const head = spelled(first).trim();
      const units = unitsOf(head);
      const phrase = { means, head: units, tail: unitsOf(spelled(last).trim()), isWhole: /^[a-z]+$/.test(head) };
      if (head.length >= KEY) {
        const slot = slotOf(units, 0, head.length >= LONG_KEY ? LONG_KEY : KEY);
        this.#begun[slotOf(units, 0, KEY)] = 1;
        const there = this.#slots[slot];
        if (there === undefined) this.#slots[slot] = [phrase];
        else there.push(phrase);
      } else if (head.charCodeAt(0) >= IDEOGRAPHS) {
        const first = head.charCodeAt(0);
        this.#short.set(first, [...(this.#short.get(first) ?? []), phrase]);
      }
    }
  }

  /** What the text says, each meaning once. */
  find({ units, length }: Spelled): Set<T> {
    for (const [means, phrases] of this.#written) this.#enter(means, phrases);
    this.#written = [];
    const found = new Set<T>();
    let wasWord = false;
    for (let at = 0; at < length; at++) {
      const code = units[at] ?? 0;
      const isWord = isOfWord(code);
      const isInside = isWord && wasWord;
      wasWord = isWord;
      if (isInside || code === 0x20) continue;
      const slot = slotOf(units, at, KEY);
      if (this.#begun[slot] === 1) {
        look(this.#slots[slot], units, at, length, found);
        look(this.#slots[slotOf(units, at, LONG_KEY)], units, at, length, found);
      }
      if (code >= IDEOGRAPHS) look(this.#short.get(code), units, at, length, found);
    }
    return found;
  }
}

function look<T>(
  phrases: readonly Phrase<T>[] | undefined,
  units: Uint16Array,
  at: number,
  length: number,
  found: Set<T>,
): void {
  if (phrases === undefined) return;
  for (const phrase of phrases) {
    if (isThere(phrase, units, at, length)) found.add(phrase.means);
  }
}

function isThere({ head, tail, isWhole }: Phrase<unknown>, units: Uint16Array, at: number, length: number): boolean {
  if (!isAt(head, units, at, length)) return false;
  const end = at + head.length;
  if (isWhole && end < length && isOfWord(units[end])) return false;
  if (tail.length === 0) return true;
  for (let start = end; start <= end + MAX_GAP; start++) if (isAt(tail, units, start, length)) return true;
  return false;
}

/** Phrases that share a slot begin alike, so the comparison begins at the end. */
function isAt(phrase: Uint16Array, units: Uint16Array, at: number, length: number): boolean {
  if (at + phrase.length > length) return false;
  for (let index = phrase.length - 1; index >= 0; index--) if (units[at + index] !== phrase[index]) return false;
  return true;
}

function slotOf(units: Uint16Array, at: number, key: number): number {
  let hash = key;
  for (let index = at; index < at + key; index++) hash = (Math.imul(hash, 131) + (units[index] ?? 0)) | 0;
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function unitsOf(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_none, index) => text.charCodeAt(index));
}
