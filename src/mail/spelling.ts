// One spelling for the many ways in which servers write the same words, so that a list of phrases need not hold them all: lower case, no accents,
// one space for anything that only separates or quotes, `@` for any address, and without the codes that continue a reply of several lines.

/** Characters of a text that are looked at: a diagnostic has up to 2,000, the words around it up to 4,000. */
const MAX_LOOKED_AT = 4000;

/** The longest address that is taken for one (RFC 5321 4.5.3.1: 64 and 255 octets). */
const MAX_ADDRESS = 320;

const SPACE = 0x20;
const AT = 0x40;
const HYPHEN = 0x2d;

/** What only separates or quotes. Full stop, colon, slash and equals sign are parts of hosts, codes and URLs. */
const SEPARATORS = '"\'`<>(){}[],;!?*|#~^\\_-\u00a0«»‘’‚“”„‹›　「」、。¡¿';

/** What a character becomes; 0: itself. */
const BECOMES = becomes();

/** Units that may be read behind the end of a spelled text without a look at its length. */
export const PADDING = 16;

/** Text in one spelling, as UTF-16 units: comparing numbers is what makes the search cheap. */
export interface Spelled {
  /** Zeros behind `length`, PADDING at least. */
  readonly units: Uint16Array;
  readonly length: number;
}

export function spell(text: string): Spelled {
  const low = (text.length > MAX_LOOKED_AT ? text.slice(0, MAX_LOOKED_AT) : text).toLowerCase();
  // Lower case can be longer than what it was made of (İ), a spelling cannot be longer than its lower case.
  const units = new Uint16Array(low.length + PADDING);
  let length = 0;
  /** Where the word that is being written began: what an `@` replaces. */
  let word = 0;
  for (let at = 0; at < low.length; at++) {
    const code = low.charCodeAt(at);
    const become = BECOMES[code] ?? 0;
    if (become === SPACE) {
      // A hyphen joins what two people write as one word and as two; between other characters it only separates.
      if (code === HYPHEN && isLetter(low.charCodeAt(at - 1)) && isLetter(low.charCodeAt(at + 1))) continue;
      if (length > word) {
        units[length++] = SPACE;
        word = length;
      }
    } else if (code === AT) {
      if (length - word <= MAX_ADDRESS) length = word;
      units[length++] = AT;
      const stop = Math.min(low.length, at + MAX_ADDRESS);
      while (at + 1 < stop && isOfDomain(low.charCodeAt(at + 1))) at++;
    } else {
      const skipped = length === word && code >= 0x32 && code <= 0x35 ? continuation(low, at) : 0;
      if (skipped > 0) at += skipped - 1;
      else units[length++] = become === 0 ? code : become;
    }
  }
  return { units, length };
}

/** The same as a string. */
export function spelled(text: string): string {
  const { units, length } = spell(text);
  return String.fromCharCode(...units.subarray(0, length));
}

/** A letter or digit of a script that writes spaces between words; in Chinese or Japanese a phrase may begin anywhere. */
export function isOfWord(code: number | undefined): boolean {
  return code !== undefined && (isLetter(code) || isDigit(code));
}

/** Length of `550-5.1.1 `, `550 5.1.1 ` or `550-`, which stand within a sentence where a reply has several lines (RFC 5321 4.2.1); 0 without. */
function continuation(text: string, at: number): number {
  if (!isDigit(text.charCodeAt(at + 1)) || !isDigit(text.charCodeAt(at + 2))) return 0;
  const mark = text.charCodeAt(at + 3);
  if (mark !== HYPHEN && mark !== SPACE) return 0;
  const status = /^[245]\.\d\.\d{1,3} /.exec(text.slice(at + 4, at + 12));
  if (status !== null) return 4 + status[0].length;
  return mark === HYPHEN ? 4 : 0;
}

function becomes(): Uint16Array {
  const made = new Uint16Array(0x10000);
  for (let code = 0; code <= SPACE; code++) made[code] = SPACE;
  for (const mark of SEPARATORS) made[mark.charCodeAt(0)] = SPACE;
  // Latin letters with accents become the letter. Those of other scripts stay: й is no и, が no か.
  for (let code = 0xc0; code < 0x250; code++) {
    const base = String.fromCharCode(code).normalize('NFD').charCodeAt(0);
    if (base !== code) made[code] = base;
  }
  // Russian writes ё as е where it likes.
  made[0x451] = 0x435;
  return made;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** Letters, digits, `.`, `-`, `_`, a literal's brackets, and whatever an internationalised domain has. */
function isOfDomain(code: number): boolean {
  return isOfWord(code) || code === 0x2e || code === HYPHEN || code === 0x5f || code > 0x7f;
}
