// Files that an export writes: made anew, never written over, and named only when they are complete. A half of a mailbox must not look like
// the whole of it.

import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { MaildrainError, printable } from '../errors.ts';
import type { StoredFacts } from '../store/stored-mail.ts';

/** Written at once: small pieces gather, for each write is a call into the kernel. */
const GATHER = 256 * 1024;

/** Takes messages one by one. */
export interface ExportSink {
  /** False: it is there already and nothing was written. */
  put(message: StoredFacts, pieces: AsyncIterable<Buffer>): Promise<boolean>;
  /** All is written. Only now a single file gets its name. */
  finish(): Promise<void>;
  /** It ends early. Says where what was written so far is, for people. */
  abandon(): Promise<string>;
}

/** A file under way. */
export interface Output {
  write(octets: Buffer): Promise<void>;
  /** It is complete: it gets its name. @returns false when something has that name already */
  finish(): Promise<void>;
  abandon(): Promise<string>;
}

/**
 * A file that is called `path.partial` until it is complete. What an interrupted export left behind stays, and is named to whoever asks.
 *
 * @throws MaildrainError OUTPUT_REFUSED
 */
export async function openFile(path: string): Promise<Output> {
  const partial = `${path}.partial`;
  await refuseExisting(path);
  const file = await outputOf(partial, () => open(partial, 'wx', 0o600));
  const writer = gathering(file, partial);
  return {
    write: writer.write,
    async finish() {
      await writer.flush();
      await outputOf(partial, () => file.sync());
      await file.close();
      await nameFile(partial, path);
    },
    async abandon() {
      await writer.flush().catch(() => {});
      await file.close().catch(() => {});
      return `what was written so far is in ${printable(partial)}; remove it to begin again`;
    },
  };
}

/** What link() fails with on file systems that have no hard links (FAT, many network shares). */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * Gives a complete file its name, unless something has it.
 *
 * @throws MaildrainError OUTPUT_REFUSED
 */
export async function nameFile(partial: string, path: string): Promise<void> {
  await outputOf(path, async () => {
    try {
      // Not rename(), which overwrites.
      await link(partial, path);
    } catch (error) {
      if (!NO_LINKS.includes(codeOf(error))) throw error;
      await renameOver(partial, path);
      return;
    }
    await unlink(partial);
  });
}

/** Takes the name with an empty file, which fails where something has it; that is all that rename() then overwrites. */
async function renameOver(partial: string, path: string): Promise<void> {
  await (await open(path, 'wx', 0o600)).close();
  try {
    await rename(partial, path);
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  }
}

async function refuseExisting(path: string): Promise<void> {
  const there = await open(path, 'r').catch(() => null);
  if (there === null) return;
  await there.close();
  throw exists(path);
}

/** Writes pieces one after the other, small ones together. */
export function gathering(
  file: FileHandle,
  path: string,
): { write(octets: Buffer): Promise<void>; flush(): Promise<void> } {
  let waiting: Buffer[] = [];
  let octets = 0;
  const flush = async (): Promise<void> => {
    if (octets === 0) return;
    const all = waiting;
    waiting = [];
    octets = 0;
    await outputOf(path, () => file.writev(all));
  };
  return {
    async write(piece) {
      waiting.push(piece);
      octets += piece.length;
      if (octets >= GATHER) await flush();
    },
    flush,
  };
}

/** Does something with a file, and translates what the system says of it. @throws MaildrainError OUTPUT_REFUSED */
export async function outputOf<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw exists(path);
    throw unwritable(printable(path), error);
  }
}

/** The error for what the system says when it will not write. */
export function unwritable(where: string, cause: unknown): MaildrainError {
  const code = codeOf(cause);
  return new MaildrainError('OUTPUT_REFUSED', `${where} cannot be written: ${WORDS[code] ?? code}`, { cause });
}

/** What Node's error says it is, such as ENOSPC. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'unknown reason';
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EFBIG: 'the file would be larger than is allowed',
  EIO: 'the device reports an error',
  EBADF: 'it is not open for writing',
  EROFS: 'the file system is read-only',
  ENOENT: 'the directory does not exist',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'it is a directory',
};

function exists(path: string): MaildrainError {
  return new MaildrainError(
    'OUTPUT_REFUSED',
    `${printable(path)} exists, and an export overwrites nothing: name another, or remove it`,
  );
}
