// What is asked of a page again for each of its recipients: on which lines one stands, what the report begins with, what is answered on it.
// Found once, so that a report on a thousand recipients is read once and not a thousand times.
import { findAddresses } from './found-address.ts';
import type { Page } from './report-page.ts';
import { type Answers, answersOn } from './report-reason.ts';

/** Addresses that no line spells as an address (local ones, those of X-Failed-Recipients) and that are searched letter by letter. */
const MAX_SEARCHED = 50;

export class PageIndex {
  /** All lines, trimmed at neither end. */
  readonly words: string;
  /** The lines before the first address. */
  readonly preamble: readonly string[];
  readonly answers: Answers;
  readonly #page: Page;
  readonly #lines = new Map<string, number[]>();
  #searched = 0;

  constructor(page: Page) {
    this.#page = page;
    const texts = page.lines.map(({ text }) => text);
    this.words = texts.join('\n');
    this.preamble = texts.slice(
      0,
      Math.max(
        0,
        texts.findIndex((text) => text.includes('@')),
      ),
    );
    this.answers = answersOn(page.lines);
    for (const [index, text] of texts.entries()) {
      for (const { address } of text.includes('@') ? findAddresses(text) : []) {
        const key = address.toLowerCase();
        const known = this.#lines.get(key);
        if (known === undefined) this.#lines.set(key, [index]);
        else if (known.at(-1) !== index) known.push(index);
      }
    }
  }

  /** The numbers of the lines on which an address stands. */
  linesWith(address: string): readonly number[] {
    const key = address.toLowerCase();
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    if (this.#searched >= MAX_SEARCHED) return [];
    this.#searched += 1;
    const found = this.#page.lines.flatMap(({ text }, index) => (text.toLowerCase().includes(key) ? [index] : []));
    this.#lines.set(key, found);
    return found;
  }
}
