// The messages in one file or stream, cut out of its octets as they come: one message, or those of an mbox. Memory is bounded by the largest
// message that is allowed; of a larger one only the size is told.

import { Buffer } from 'node:buffer';
import { MboxSplitter } from './mbox.ts';

export interface CutMessage {
  /** Its number in the mbox, from 1; null where the file is the message. */
  readonly number: number | null;
  /** Octets. */
  readonly size: number;
  /** Null: larger than allowed. */
  readonly raw: Buffer | null;
}

/** What a file holds. */
export type Form = 'message' | 'mbox';

export interface CutOptions {
  /** Null: an mbox if it begins with a From_ line, otherwise one message. */
  readonly form: Form | null;
  /** Nothing at all where the file begins neither as a message nor as an mbox. */
  readonly onlyMail: boolean;
  /** Octets of one message. */
  readonly maxSize: number;
}

/** Enough to see whether a file begins as a message or an mbox does: the longest field name of isMail() and room. */
const SNIFFED = 256;

interface Work {
  push(piece: Buffer): void;
  end(): void;
}

/** Takes the octets of one file in order; what is complete waits in `take()`. */
export class MessageCutter {
  readonly #options: CutOptions;
  readonly #done: CutMessage[] = [];
  /** The first octets, until there are enough to say what they are. */
  #before: Buffer | null = null;
  #work: Work | null = null;
  #isJunk = false;

  constructor(options: CutOptions) {
    this.#options = options;
  }

  /** It begins neither as a message nor as an mbox; more need not be pushed. */
  get isJunk(): boolean {
    return this.#isJunk;
  }

  /** The next octets. They are copied where they are kept, so the caller may use its buffer again. */
  push(piece: Buffer): void {
    if (this.#isJunk) return;
    if (this.#work !== null) {
      this.#work.push(piece);
      return;
    }
    const octets = this.#before === null ? piece : Buffer.concat([this.#before, piece]);
    // A pipe may give less at first than shows what it is.
    if (octets.length < SNIFFED && !octets.includes('\n')) this.#before = Buffer.from(octets);
    else this.#begin(octets);
  }

  /** No more octets come. */
  end(): void {
    if (this.#work === null && !this.#isJunk) this.#begin(this.#before ?? Buffer.alloc(0));
    this.#work?.end();
  }

  /** The messages that have become complete. */
  take(): CutMessage[] {
    return this.#done.splice(0);
  }

  #begin(octets: Buffer): void {
    const { form, onlyMail } = this.#options;
    this.#before = null;
    this.#isJunk = onlyMail && form === null && !isMail(octets);
    if (this.#isJunk) return;
    const known = form ?? (octets.toString('latin1', 0, SNIFFED).startsWith('From ') ? 'mbox' : 'message');
    this.#work = this.#cut(known);
    if (octets.length > 0) this.#work.push(octets);
  }

  #cut(form: Form): Work {
    const { maxSize } = this.#options;
    const octets = new Growing(maxSize);
    let number = 0;
    const message = {
      begin(): void {
        octets.clear();
        number++;
      },
      push: (piece: Buffer): void => octets.add(piece),
      end: (): void => {
        this.#done.push({ number: form === 'mbox' ? number : null, size: octets.size, raw: octets.copy() });
      },
    };
    if (form === 'mbox') return new MboxSplitter(message);
    message.begin();
    return message;
  }
}

/** Larger than most bounces, so that one seldom grows. */
const FIRST_ROOM = 32 * 1024;

/** Octets in one buffer that grows: a list of pieces would cost more than the octets where a hostile mbox makes pieces of seven octets. */
class Growing {
  readonly #limit: number;
  #buffer = Buffer.allocUnsafe(FIRST_ROOM);
  /** Of all that was added, also of what was not kept. */
  size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  clear(): void {
    this.size = 0;
  }

  add(piece: Buffer): void {
    const at = this.size;
    this.size += piece.length;
    if (this.size > this.#limit) return;
    if (this.size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(this.size, 2 * this.#buffer.length)));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, at);
  }

  /** Null: it is over the limit. */
  copy(): Buffer | null {
    return this.size > this.#limit ? null : Buffer.from(this.#buffer.subarray(0, this.size));
  }
}

/** A field name as senders make them (RFC 5322 2.2 allows `{"a"` too) and its colon, or a From_ line. */
function isMail(octets: Buffer): boolean {
  return /^(?:From |[A-Za-z][A-Za-z0-9_-]{0,80}[ \t]?:[ \t\r\n])/.test(octets.toString('latin1', 0, SNIFFED));
}
