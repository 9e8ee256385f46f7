// The one walk over a message's octets: it finds header blocks and part boundaries (RFC 2046 5.1) and hands over what lies between,
// in pieces, from chunks of any size. It decodes nothing and keeps nothing but a header block and one unfinished line, so its memory
// does not grow with the message. What a part is, and what is done with its body, its visitor says (read.ts).
import { Buffer } from 'node:buffer';

/** Nested multiparts that are entered. Real mail has fewer than 10; 20,000 cost other readers gigabytes. */
export const MAX_DEPTH = 100;

/** Parts that are looked at, so that 60 MB of empty parts cannot cost minutes. A digest of a busy list has a few hundred. */
const MAX_PARTS = 10_000;

/** Octets of the message's header block that are kept. Servers refuse more: Postfix `header_size_limit` is 100 KiB, Gmail's 500 KB. */
const MAX_HEADER = 256 * 1024;

/** Octets of a part's header block that are kept; a few hundred are usual. */
const MAX_PART_HEADER = 64 * 1024;

/** Longest delimiter line, octets. RFC 2046 5.1.1 allows boundaries of 70; long boundaries and trailing blanks are seen. */
const MAX_DELIMITER = 512;

/** Takes the octets of one body, as transferred, without the line end that belongs to the delimiter. */
export interface Sink {
  /** `octets` is a view of a buffer that may be used again: copy what is to be kept. */
  write(octets: Buffer): void;
  end(): void;
}

/** An entity (RFC 2045 2.4) whose header block has been read. */
export interface Entity {
  /** IMAP part number (RFC 9051 6.4.5); '' for the message itself. */
  readonly part: string;
  /** The header block, cut at MAX_HEADER or MAX_PART_HEADER. */
  readonly header: Buffer;
  readonly isHeaderCut: boolean;
  /** Content type of the multipart it stands in; null for the message itself. */
  readonly within: string | null;
  /** False at MAX_DEPTH: even a multipart is then read as one body. */
  readonly mayEnter: boolean;
}

/** What becomes of an entity's body. */
export type BodyPlan =
  | { readonly as: 'leaf'; readonly sink: Sink | null }
  // `boundary`: octets as a Latin-1 string. `preamble` takes what stands before the first part.
  | { readonly as: 'multipart'; readonly boundary: string; readonly type: string; readonly preamble: Sink | null };

export interface Visitor {
  /** Called once per entity, in order of their header blocks. */
  enter(entity: Entity): BodyPlan;
  /** MAX_PARTS was reached; the rest of the message is not looked at. */
  stopped(): void;
}

interface Level {
  readonly boundary: string;
  readonly type: string;
  /** Part number of the multipart itself; '' for the message. */
  readonly part: string;
  children: number;
  /** The index that an outer multipart with the same boundary had; -1: none. */
  readonly shadowed: number;
}

interface Delimiter {
  readonly level: number;
  readonly isClose: boolean;
  /** Offset behind the line and its line end. */
  readonly next: number;
}

/** What stands at a line start: nothing special, an empty line (offset behind it), a delimiter, or too few octets to tell. */
type LineStart = 'other' | 'unknown' | number | Delimiter;

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const EMPTY = Buffer.alloc(0);
const LINE_OF_DASHES = Buffer.from('\n--');

export class Scanner {
  readonly #visitor: Visitor;
  readonly #levels: Level[] = [];
  /** Boundary to the innermost level that has it. A map, so that a line costs the same at any depth. */
  readonly #boundaries = new Map<string, number>();
  #state: 'header' | 'body' | 'over' = 'header';
  #carry: Buffer = EMPTY;
  #isLineStart = true;
  #parts = 0;
  #part = '';
  #header: Buffer[] = [];
  #headerSize = 0;
  #isHeaderCut = false;
  #sink: Sink | null = null;

  constructor(visitor: Visitor) {
    this.#visitor = visitor;
  }

  push(chunk: Buffer): void {
    if (this.#state === 'over' || chunk.length === 0) return;
    const octets = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    const used = this.#run(octets, false);
    this.#carry = used < octets.length ? Buffer.from(octets.subarray(used)) : EMPTY;
  }

  end(): void {
    if (this.#state === 'over') return;
    this.#run(this.#carry, true);
    if (this.#state === 'header') this.#openBody();
    this.#closeBody();
    this.#state = 'over';
  }

  /** Takes as many octets as can be understood; answers how many. With `isLast` there is nothing to wait for, and all are taken. */
  #run(octets: Buffer, isLast: boolean): number {
    let pos = 0;
    for (;;) {
      if (this.#state === 'over') return octets.length;
      const isHeader = this.#state === 'header';
      const next = isHeader ? this.#runHeader(octets, pos, isLast) : this.#runBody(octets, pos, isLast);
      // A negative answer: taken up to there, and more octets are needed.
      if (next < 0) return ~next;
      pos = next;
    }
  }

  #runHeader(octets: Buffer, start: number, isLast: boolean): number {
    let pos = start;
    for (;;) {
      if (this.#isLineStart) {
        const line = this.#lookAt(octets, pos, isLast);
        if (line !== 'other') {
          this.#keepHeader(octets, start, pos);
          if (line === 'unknown') return ~pos;
          this.#openBody();
          if (typeof line === 'number') return line;
          this.#cross(line);
          return line.next;
        }
      }
      const end = octets.indexOf(LF, pos);
      this.#isLineStart = end >= 0;
      if (end < 0) {
        this.#keepHeader(octets, start, octets.length);
        return ~octets.length;
      }
      pos = end + 1;
    }
  }

  #runBody(octets: Buffer, start: number, isLast: boolean): number {
    if (this.#levels.length === 0) {
      this.#write(octets, start, octets.length);
      return ~octets.length;
    }
    if (this.#isLineStart) {
      const line = this.#lookAt(octets, start, isLast);
      if (line === 'unknown') return ~start;
      if (typeof line === 'object') {
        this.#cross(line);
        return line.next;
      }
      this.#isLineStart = false;
    }
    // Base64 holds no dashes and text few, so this search passes over a body at memory speed.
    let pos = start;
    for (;;) {
      const found = octets.indexOf(LINE_OF_DASHES, pos);
      if (found < 0) break;
      const line = this.#lookAt(octets, found + 1, isLast);
      if (line !== 'other') {
        // The line end before a delimiter belongs to the delimiter (RFC 2046 5.1.1).
        const end = found > start && octets[found - 1] === CR ? found - 1 : found;
        this.#write(octets, start, end);
        if (typeof line !== 'object') return ~end;
        this.#cross(line);
        return line.next;
      }
      pos = found + 1;
    }
    const end = octets.length - (isLast ? 0 : unfinished(octets, start));
    this.#write(octets, start, end);
    return ~end;
  }

  /** What the line that begins at `start` is. Reads at most one line, and at most MAX_DELIMITER octets of it where it waits for more. */
  #lookAt(octets: Buffer, start: number, isLast: boolean): LineStart {
    const wait = isLast ? 'other' : 'unknown';
    const first = octets[start];
    if (first === undefined) return wait;
    if (first === LF) return start + 1;
    if (first === CR) {
      // `\r\r\n` is an empty line too: files that went through a careless text mode have it throughout.
      let pos = start + 1;
      while (octets[pos] === CR && pos - start < MAX_DELIMITER) pos += 1;
      if (octets[pos] === LF) return pos + 1;
      return pos === octets.length ? wait : 'other';
    }
    if (first !== DASH || this.#levels.length === 0) return 'other';
    const second = octets[start + 1];
    if (second === undefined) return wait;
    if (second !== DASH) return 'other';
    const lineEnd = octets.indexOf(LF, start);
    if (lineEnd < 0 && !isLast && octets.length - start <= MAX_DELIMITER) return 'unknown';
    const end = lineEnd < 0 ? octets.length : lineEnd;
    if (end - start > MAX_DELIMITER) return 'other';
    return this.#delimiter(octets.toString('latin1', start + 2, end), lineEnd < 0 ? end : end + 1) ?? 'other';
  }

  /**
   * The whole line must match, trailing blanks aside: where one boundary is the beginning of another, a prefix match (as RFC 2046 5.1.1
   * allows) would end the wrong part.
   */
  #delimiter(line: string, next: number): Delimiter | null {
    let length = line.length;
    while (length > 0 && isTrailing(line.charCodeAt(length - 1))) length -= 1;
    const name = line.slice(0, length);
    const open = this.#boundaries.get(name);
    if (open !== undefined) return { level: open, isClose: false, next };
    if (!name.endsWith('--')) return null;
    const close = this.#boundaries.get(name.slice(0, -2));
    return close === undefined ? null : { level: close, isClose: true, next };
  }

  /** Ends what the delimiter ends, multiparts without a closing delimiter included, and begins what it begins. */
  #cross(delimiter: Delimiter): void {
    this.#closeBody();
    const remaining = delimiter.isClose ? delimiter.level : delimiter.level + 1;
    while (this.#levels.length > remaining) this.#leave();
    this.#isLineStart = true;
    const level = this.#levels.at(-1);
    // After a closing delimiter: the epilogue, which is nobody's.
    if (delimiter.isClose || level === undefined) {
      this.#state = 'body';
      return;
    }
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) {
      this.#state = 'over';
      this.#visitor.stopped();
      return;
    }
    level.children += 1;
    this.#part = level.part === '' ? String(level.children) : `${level.part}.${level.children}`;
    this.#state = 'header';
  }

  #leave(): void {
    const level = this.#levels.pop();
    if (level === undefined) return;
    if (level.shadowed < 0) this.#boundaries.delete(level.boundary);
    else this.#boundaries.set(level.boundary, level.shadowed);
  }

  #keepHeader(octets: Buffer, start: number, end: number): void {
    const limit = this.#levels.length === 0 ? MAX_HEADER : MAX_PART_HEADER;
    const length = Math.min(end - start, limit - this.#headerSize);
    if (length < end - start) this.#isHeaderCut = true;
    if (length <= 0) return;
    this.#header.push(Buffer.from(octets.subarray(start, start + length)));
    this.#headerSize += length;
  }

  #openBody(): void {
    const pieces = this.#header;
    const [only] = pieces;
    const plan = this.#visitor.enter({
      part: this.#part,
      header: pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces),
      isHeaderCut: this.#isHeaderCut,
      within: this.#levels.at(-1)?.type ?? null,
      mayEnter: this.#levels.length < MAX_DEPTH,
    });
    this.#header = [];
    this.#headerSize = 0;
    this.#isHeaderCut = false;
    this.#state = 'body';
    this.#isLineStart = true;
    if (plan.as === 'leaf') {
      this.#sink = plan.sink;
      return;
    }
    const { boundary, type } = plan;
    this.#sink = plan.preamble;
    const shadowed = this.#boundaries.get(boundary) ?? -1;
    this.#boundaries.set(boundary, this.#levels.length);
    this.#levels.push({ boundary, type, part: this.#part, children: 0, shadowed });
  }

  #write(octets: Buffer, start: number, end: number): void {
    if (this.#sink !== null && end > start) this.#sink.write(octets.subarray(start, end));
  }

  #closeBody(): void {
    this.#sink?.end();
    this.#sink = null;
  }
}

/** Octets at the end that may turn out to begin a line of dashes: a beginning of `\r\n--`. */
function unfinished(octets: Buffer, start: number): number {
  const length = octets.length;
  let tail = 0;
  if (octets[length - 1] === DASH && octets[length - 2] === LF) tail = 2;
  else if (octets[length - 1] === LF) tail = 1;
  else return octets[length - 1] === CR ? 1 : 0;
  return Math.min(octets[length - tail - 1] === CR ? tail + 1 : tail, length - start);
}

function isTrailing(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === CR;
}
