// Where one message of an mbox file ends and the next begins (RFC 4155 and the variants before it), over octets that arrive in pieces. A
// message is passed on as it comes, so memory does not grow with it. Nobody writes mbox as anybody else does: a From_ line counts only
// after an empty line, with a time in it, and with a header field after it; text that merely begins with "From " stays text.

import { Buffer } from 'node:buffer';

/** Takes the messages of one mbox file. */
export interface MboxTaker {
  begin(): void;
  /** Octets of the message begun last, in order; a view that is only good during the call. */
  push(piece: Buffer): void;
  end(): void;
}

/** Longest From_ line, octets: an address of RFC 5321 4.5.3.1 has 320, a date 30, and there is room for what old programs append. */
const MAX_FROM_LINE = 1024;

const LF = 0x0a;
const CR = 0x0d;
const LETTER_F = 0x46;
const QUOTE = 0x3e;

const FROM = 'From ';
/** Each has some time of day; Mozilla has also written a From_ line of nothing else. */
const FROM_LINE = /^From(?:$| -$| .*\d:\d\d)/;
/** What mboxrd writes for a line of text that would look like a From_ line; the older form quotes the first level only. */
const QUOTED = /^>+From /;
/** RFC 5322 2.2, and ">From " lines that UUCP left above the header. */
const FIELD_START = /^(?:[!-9;-~]{1,200}[ \t]*:|>From )/;

export class MboxSplitter {
  readonly #taker: MboxTaker;
  /** The end of what was pushed, as long as it may be part of a separator. */
  #undecided: Buffer | null = null;
  #isMidLine = false;
  /** The file begins like a line after an empty one. */
  #isAfterBlank = true;
  #isOpen = false;

  constructor(taker: MboxTaker) {
    this.#taker = taker;
  }

  /** The next octets of the file. What is not yet decided is copied, so the caller may use its buffer again. */
  push(piece: Buffer): void {
    this.#take(piece, false);
  }

  end(): void {
    this.#take(null, true);
    if (this.#isOpen) this.#taker.end();
    this.#isOpen = false;
  }

  #take(piece: Buffer | null, isLast: boolean): void {
    const octets = joined(this.#undecided, piece);
    this.#undecided = null;
    if (octets === null) return;
    let at = 0;
    // Passed on up to here.
    let sent = 0;
    // The empty line just before `at`, if there is one.
    let blank = -1;
    const pass = (to: number): void => {
      if (to > sent) this.#pass(octets.subarray(sent, to));
      sent = to;
    };
    while (at < octets.length) {
      const lf = octets.indexOf(LF, at);
      const end = lf < 0 ? octets.length : lf + 1;
      if (this.#isMidLine) {
        this.#isMidLine = lf < 0;
        at = end;
        continue;
      }
      if (lf < 0 && !isLast && octets.length - at <= MAX_FROM_LINE) break;
      const first = octets[at];
      if (first === LF || (first === CR && end - at === 2)) {
        blank = at;
        this.#isAfterBlank = true;
        at = end;
        continue;
      }
      if (first === LETTER_F && this.#isAfterBlank && end - at <= MAX_FROM_LINE) {
        const separates = this.#separates(octets, at, end, isLast);
        if (separates === null) break;
        if (separates) {
          // The empty line before is the file's, not the message's.
          pass(blank >= 0 ? blank : at);
          this.#next();
          sent = end;
          blank = -1;
          this.#isAfterBlank = false;
          at = end;
          continue;
        }
      }
      if (first === QUOTE && end - at >= FROM.length + 1 && isQuoted(octets, at, end)) {
        pass(at);
        sent = at + 1;
      }
      this.#isAfterBlank = false;
      blank = -1;
      this.#isMidLine = lf < 0;
      at = end;
    }
    // From the last empty line on, for it may be the file's own.
    const keep = blank >= 0 ? blank : at;
    pass(keep);
    if (!isLast && keep < octets.length) this.#undecided = Buffer.from(octets.subarray(keep));
  }

  /** Whether the line is a From_ line; null while the line after it is not there yet. */
  #separates(octets: Buffer, at: number, end: number, isLast: boolean): boolean | null {
    const line = octets.toString('latin1', at, end).trimEnd();
    // The file was taken for an mbox because it begins so.
    if (!this.#isOpen) return `${line} `.startsWith(FROM);
    if (!FROM_LINE.test(line)) return false;
    const after = octets.toString('latin1', end, Math.min(octets.length, end + MAX_FROM_LINE));
    if (!isLast && !after.includes('\n') && after.length < MAX_FROM_LINE) return null;
    return FIELD_START.test(after);
  }

  #next(): void {
    if (this.#isOpen) this.#taker.end();
    this.#taker.begin();
    this.#isOpen = true;
  }

  #pass(piece: Buffer): void {
    // Octets before the first From_ line: they are mail of some sort, and nothing is dropped in silence.
    if (!this.#isOpen) this.#next();
    this.#taker.push(piece);
  }
}

function isQuoted(octets: Buffer, at: number, end: number): boolean {
  return QUOTED.test(octets.toString('latin1', at, Math.min(end, at + MAX_FROM_LINE)));
}

function joined(before: Buffer | null, piece: Buffer | null): Buffer | null {
  if (before === null) return piece;
  if (piece === null) return before;
  return Buffer.concat([before, piece]);
}
