// Sinks: what is done with the octets of a part. Of a body that may become the preview the beginning is kept; an attachment is
// counted and hashed as transferred, never decoded (that would cost more than the rest of a drain). Which part gets which is in read.ts.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Attachment } from '../model-reading.ts';
import { decodeText, decodeTransfer } from './decode.ts';
import type { ContentFacts } from './header.ts';
import { htmlToText } from './html.ts';
import type { Sink } from './scan.ts';
import { bodyText, cleanText, cut } from './text.ts';

/** Characters of text that a Reading carries: about half a page, enough to recognise a message. Twice as much made reading a fifth dearer. */
export const TEXT_PREVIEW = 2000;

/**
 * Octets kept of a body, still encoded. 2,000 characters of quoted-printable Cyrillic are 12 KB; an HTML newsletter has its first words
 * after 5 to 40 KB of style sheet.
 */
export const MAX_KEPT = 64 * 1024;

/** Octets kept of a part with the fields of a report: a thousand recipients, as many as a Verdict holds, of up to 1,000 octets each. */
export const MAX_FIELDS_KEPT = 1024 * 1024;

/**
 * Octets decoded first, then four times as many, until the preview is full: 2,000 ASCII characters in base64 are 2.7 KB. Decoding all
 * that is kept made newsletters three times as dear.
 */
const FIRST_LOOK = { plain: 3 * 1024, html: 8 * 1024 };

/** Characters at the end of a look that may be half a character, half an escape or half an entity. */
const RAGGED = 32;

const EMPTY = Buffer.alloc(0);

/** The beginning of a body. */
export class Kept implements Sink {
  readonly content: ContentFacts;
  readonly within: string | null;
  readonly #limit: number;
  readonly #whenCut: (() => void) | null;
  #pieces: Buffer[] = [];
  #size = 0;
  #isCut = false;

  constructor(content: ContentFacts, within: string | null, limit = MAX_KEPT, whenCut: (() => void) | null = null) {
    this.content = content;
    this.within = within;
    this.#limit = limit;
    this.#whenCut = whenCut;
  }

  write(octets: Buffer): void {
    const room = this.#limit - this.#size;
    if (octets.length > room && !this.#isCut) {
      this.#isCut = true;
      this.#whenCut?.();
    }
    if (room <= 0) return;
    const piece = Buffer.from(octets.subarray(0, room));
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  end(): void {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  /** The first TEXT_PREVIEW characters, decoded and cleaned; null when the body is empty or white space. */
  preview(): string | null {
    const octets = this.#pieces[0];
    if (octets === undefined) return null;
    const isHtml = this.content.type === 'text/html';
    let look = isHtml ? FIRST_LOOK.html : FIRST_LOOK.plain;
    let text = '';
    while (look < octets.length && text.length < TEXT_PREVIEW + RAGGED) {
      text = this.#decode(octets.subarray(0, look), true, isHtml);
      look *= 4;
    }
    if (text.length < TEXT_PREVIEW + RAGGED) text = this.#decode(octets, this.#isCut, isHtml);
    text = cut(text, TEXT_PREVIEW).trimEnd();
    return text === '' ? null : text;
  }

  /** All that was kept, transfer decoding done; no octets where the body is empty. */
  octets(): Buffer {
    return decodeTransfer(
      this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : (this.#pieces[0] ?? EMPTY),
      this.content.encoding,
    );
  }

  /** All that was kept as text, for those who judge it; line ends LF. */
  whole(): string {
    const decoded = decodeText(this.octets(), this.content.charset, this.#isCut);
    return cleanText(this.content.type === 'text/html' ? htmlToText(decoded, this.#limit) : bodyText(decoded));
  }

  #decode(octets: Buffer, isCut: boolean, isHtml: boolean): string {
    const decoded = decodeText(decodeTransfer(octets, this.content.encoding), this.content.charset, isCut);
    return cleanText(isHtml ? htmlToText(decoded, TEXT_PREVIEW + RAGGED) : bodyText(decoded));
  }
}

/** Counts and hashes a body as transferred, and hands the facts over at its end. */
export class Digest implements Sink {
  readonly #part: string;
  readonly #content: ContentFacts;
  readonly #done: (attachment: Attachment) => void;
  readonly #hash = createHash('sha256');
  #size = 0;

  constructor(part: string, content: ContentFacts, done: (attachment: Attachment) => void) {
    this.#part = part;
    this.#content = content;
    this.#done = done;
  }

  write(octets: Buffer): void {
    this.#size += octets.length;
    this.#hash.update(octets);
  }

  end(): void {
    this.#done({
      part: this.#part,
      filename: this.#content.filename,
      contentType: this.#content.type,
      size: this.#size,
      digest: this.#hash.digest(),
    });
  }
}

/** One body for two sinks. */
export class Both implements Sink {
  readonly #first: Sink;
  readonly #second: Sink;

  constructor(first: Sink, second: Sink) {
    this.#first = first;
    this.#second = second;
  }

  write(octets: Buffer): void {
    this.#first.write(octets);
    this.#second.write(octets);
  }

  end(): void {
    this.#first.end();
    this.#second.end();
  }
}
