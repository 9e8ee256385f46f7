// Messages from files, directories, Maildirs, mboxes and standard input, as one stream in order. What cannot be read is an item of the
// stream like the others: the caller says it, and the rest is still read. At most one message is held here at a time, or those of one
// piece of an mbox.

import { Buffer } from 'node:buffer';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { MessageCutter } from './cut-messages.ts';
import { type FoundFile, walk } from './walk.ts';

/** What the stream is made of. */
export type MailItem = FoundMessage | Unread | LeftOut;

export interface FoundMessage {
  readonly what: 'message';
  /** Path of the file; `-`: standard input. */
  readonly name: string;
  /** Its number in an mbox, from 1; null where the file is the message. */
  readonly number: number | null;
  readonly raw: Buffer;
}

/** A file or a message that was not read, and why. */
export interface Unread {
  readonly what: 'unread';
  readonly name: string;
  readonly number: number | null;
  /** Octets, where they are known. */
  readonly size: number | null;
  readonly why: 'missing' | 'failed' | 'too-large';
  /** For a person, without the name. */
  readonly message: string;
}

/** A file in a directory that is no mail. */
export interface LeftOut {
  readonly what: 'left-out';
  readonly name: string;
  readonly size: number | null;
}

export interface MailOptions {
  readonly stdin: Readable;
  /** Octets of one message; larger ones are not read. */
  readonly maxSize: number;
  /** Ends the stream early, between two pieces. */
  readonly signal: AbortSignal;
}

/** Files are read without giving anything else a turn; signals, progress and other threads get one as often as a person sees. */
const TURN_MS = 50;

/** Octets read at once: larger pieces are no faster, and most bounces fit into one. */
const PIECE = 128 * 1024;

/** Why an open, a read or a look fails, in words; other codes are said as they are. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ELOOP: 'a link that leads to itself',
  ENOTDIR: 'a part of the path is not a directory',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  EIO: 'the disk or the device failed',
};

/** The messages behind `paths`; `-` is standard input. Never throws for what a file holds or refuses. */
export async function* messagesOf(paths: readonly string[], options: MailOptions): AsyncGenerator<MailItem> {
  const { stdin, signal } = options;
  const buffer = Buffer.allocUnsafe(PIECE);
  for (const found of walk(paths)) {
    if (signal.aborted) return;
    if (found.what === 'failed') {
      yield unread(found.path, found.error);
      continue;
    }
    try {
      // A pipe is awaited; a file answers at once, and the way through the thread pool would cost more than the read.
      const pieces = found.size === null ? streamOf(found, stdin) : withTurns(piecesOf(found.path, buffer));
      yield* messagesIn(found, pieces, options);
    } catch (error) {
      if (!signal.aborted) yield unread(found.path, error);
    }
  }
}

/** How much there is to read: for a progress bar. Null: a pipe is among it. */
export function sizeOf(paths: readonly string[]): number | null {
  let size = 0;
  for (const found of walk(paths)) {
    if (found.what === 'failed') continue;
    if (found.size === null) return null;
    size += found.size;
  }
  return size;
}

async function* messagesIn(
  { path, named, form, size }: FoundFile,
  pieces: AsyncIterable<Buffer>,
  { maxSize, signal }: MailOptions,
): AsyncGenerator<MailItem> {
  if (form === 'message' && size !== null && size > maxSize) return void (yield tooLarge(path, null, size, maxSize));
  const cutter = new MessageCutter({ form, onlyMail: !named, maxSize });
  const complete = function* (): Generator<MailItem> {
    for (const { number, size: octets, raw } of cutter.take()) {
      if (raw === null) yield tooLarge(path, number, octets, maxSize);
      else yield { what: 'message', name: path, number, raw };
    }
  };
  for await (const piece of pieces) {
    if (signal.aborted) return;
    cutter.push(piece);
    if (cutter.isJunk) break;
    yield* complete();
  }
  cutter.end();
  if (cutter.isJunk) yield { what: 'left-out', name: path, size };
  yield* complete();
}

/** The octets of a file in order. The same buffer is used again for each piece. */
function* piecesOf(path: string, buffer: Buffer): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const length = readSync(file, buffer, 0, buffer.length, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

let turnAt = 0;

async function* withTurns(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    yield piece;
    if (performance.now() - turnAt < TURN_MS) continue;
    await setImmediate();
    turnAt = performance.now();
  }
}

function streamOf({ path }: FoundFile, stdin: Readable): AsyncIterable<Buffer> {
  return path === '-' ? stdin : createReadStream(path, { highWaterMark: PIECE });
}

function tooLarge(name: string, number: number | null, size: number, maxSize: number): Unread {
  const message = `${size} octets; more than ${maxSize} are not read`;
  return { what: 'unread', name, number, size, why: 'too-large', message };
}

function unread(name: string, error: unknown): Unread {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return { what: 'unread', name, number: null, size: null, why: code === 'ENOENT' ? 'missing' : 'failed', message };
}
