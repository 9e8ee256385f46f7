// The messages in one file or stream, each read as it passes: nothing larger than one piece is held, whatever the size of a message or an
// mbox.

import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { createReader, type Reader } from '../mail/read.ts';
import type { Reading } from '../model.ts';
import { MboxSplitter } from './mbox.ts';

export interface ReadMessage {
  /** Its number in the mbox, from 1; null where the file is the message. */
  readonly number: number | null;
  /** Octets. */
  readonly size: number;
  readonly reading: Reading;
}

/** What a file turned out to hold. */
export type Form = 'message' | 'mbox';

/** Octets read at once: larger pieces are no faster, and most bounces fit into one. */
const PIECE = 128 * 1024;

/** Enough to see whether a file begins as a message or an mbox does. */
const SNIFFED = 256;

/** The octets of a file in order. The same buffer is used again for each piece. */
export function* piecesOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const length = readSync(file, buffer, 0, PIECE, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

/**
 * The messages in `pieces`.
 *
 * @param form null: an mbox if it begins with a From_ line, otherwise one message
 * @param onlyMail nothing at all where it begins neither as a message nor as an mbox
 */
export async function* messagesIn(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  form: Form | null,
  onlyMail: boolean,
): AsyncGenerator<ReadMessage> {
  let known = form;
  let before: Buffer | null = null;
  const done: ReadMessage[] = [];
  let work: Work | null = null;
  for await (const piece of pieces) {
    let octets: Buffer = before === null ? piece : Buffer.concat([before, piece]);
    before = null;
    if (work === null) {
      if (known === null || onlyMail) {
        // A pipe may give less at first than shows what it is.
        if (octets.length < SNIFFED && !octets.includes('\n')) {
          before = Buffer.from(octets);
          continue;
        }
        known ??= beginning(octets);
        if (onlyMail && form === null && !isMail(octets)) return;
      }
      work = begin(known, done);
      octets = octets.subarray(0);
    }
    work.push(octets);
    yield* done.splice(0);
  }
  if (work === null) {
    // Nothing, or a line without an end.
    const rest = before ?? Buffer.alloc(0);
    if (onlyMail && form === null && !isMail(rest)) return;
    work = begin(known ?? beginning(rest), done);
    if (rest.length > 0) work.push(rest);
  }
  work.end();
  yield* done;
}

function beginning(octets: Buffer): Form {
  return octets.toString('latin1', 0, SNIFFED).startsWith('From ') ? 'mbox' : 'message';
}

/** A field name of RFC 5322 2.2 and its colon, or a From_ line. */
function isMail(octets: Buffer): boolean {
  return /^(?:From |[!-9;-~]{1,80}[ \t]?:[ \t\r\n])/.test(octets.toString('latin1', 0, SNIFFED));
}

interface Work {
  push(piece: Buffer): void;
  end(): void;
}

function begin(form: Form, done: ReadMessage[]): Work {
  let reader: Reader = createReader();
  let size = 0;
  let number = 0;
  const message = {
    begin(): void {
      reader = createReader();
      size = 0;
      number++;
    },
    push(piece: Buffer): void {
      size += piece.length;
      reader.push(piece);
    },
    end: (): void => void done.push({ number: form === 'mbox' ? number : null, size, reading: reader.end() }),
  };
  if (form === 'mbox') return new MboxSplitter(message);
  message.begin();
  return message;
}
