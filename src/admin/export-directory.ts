// Exports that are a file for each message: a Maildir, or `.eml` files. A name is made of the message's id and facts, so that an export that was
// interrupted is completed by asking for it again; a file gets its name only when it is complete.

import { mkdir, open, opendir, readdir, stat, unlink, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MaildrainError, printable } from '../errors.ts';
import type { StoredFacts } from '../store/stored-mail.ts';
import { codeOf, type ExportSink, gathering, nameFile, outputOf } from './export-output.ts';

const MAILDIR = ['cur', 'new', 'tmp'] as const;

/** Flags of IMAP in the letters of Maildir, in the order of the letters, which its readers rely on. */
const LETTERS: readonly (readonly [letter: string, flag: string])[] = [
  ['D', '\\draft'],
  ['F', '\\flagged'],
  ['P', '$forwarded'],
  ['R', '\\answered'],
  ['S', '\\seen'],
  ['T', '\\deleted'],
];

/**
 * Opens a directory for an export: one that is not there yet, an empty one, or that of an earlier export in the same format.
 *
 * @throws MaildrainError OUTPUT_REFUSED
 */
export async function openDirectory(path: string, format: 'maildir' | 'eml'): Promise<ExportSink> {
  await outputOf(path, () => mkdir(path, { recursive: true, mode: 0o700 }));
  const entries = await outputOf(path, () => readdir(path));
  const foreign = entries.find((name) => !(format === 'maildir' ? isOfMaildir(name) : isOfEml(name)));
  if (foreign !== undefined) {
    const what = format === 'maildir' ? 'a Maildir' : 'an export of .eml files';
    throw new MaildrainError(
      'OUTPUT_REFUSED',
      `${printable(path)} holds something else than ${what} (${printable(foreign)}): name an empty or a new directory`,
    );
  }
  if (format === 'maildir')
    for (const name of MAILDIR)
      await outputOf(join(path, name), () => mkdir(join(path, name), { recursive: true, mode: 0o700 }));
  const known = format === 'maildir' ? await deliveredIn(path) : new Map<string, string>();
  return {
    async put(message, pieces) {
      const { temporary, final } = namesOf(path, format, message);
      const there = known.get(uniqueOf(basename(final))) ?? final;
      if (await isThere(there, pieces)) return false;
      await putFile(temporary, final, message, pieces);
      return true;
    },
    finish: async () => {},
    abandon: async () =>
      `the messages written so far are complete and stay in ${printable(path)}; the same export again writes the others`,
  };
}

/** Our messages in a Maildir by the part of their names that stays when a client moves them from `new` to `cur`, or changes their flags. */
async function deliveredIn(path: string): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const part of ['new', 'cur']) {
    const folder = join(path, part);
    await outputOf(folder, async () => {
      for await (const { name } of await opendir(folder))
        if (/^\d+\.Q\d+\.maildrain\b/.test(name)) known.set(uniqueOf(name), join(folder, name));
    });
  }
  return known;
}

/** Without the size (Maildir++) and the flags. */
function uniqueOf(name: string): string {
  return name.replace(/[,:].*$/s, '');
}

function isOfMaildir(name: string): boolean {
  return MAILDIR.some((known) => known === name);
}

function isOfEml(name: string): boolean {
  return /^\.?\d+\.eml(\.partial)?$/.test(name);
}

/** Nothing in a name comes from the message but numbers and letters of our own. */
function namesOf(path: string, format: 'maildir' | 'eml', message: StoredFacts): { temporary: string; final: string } {
  if (format === 'eml')
    return { temporary: join(path, `.${message.id}.eml.partial`), final: join(path, `${message.id}.eml`) };
  // time.unique.host, then the size as Maildir++ has it (`S=`), then the flags.
  const seconds = Math.max(0, Math.floor((message.internalDate ?? message.storedAt).getTime() / 1000));
  const unique = `${seconds}.Q${message.id}.maildrain`;
  const flags = message.flags.map((flag) => flag.toLowerCase());
  const letters = LETTERS.flatMap(([letter, flag]) => (flags.includes(flag) ? [letter] : [])).join('');
  return { temporary: join(path, 'tmp', unique), final: join(path, 'cur', `${unique},S=${message.size}:2,${letters}`) };
}

/**
 * By its octets: after a loss of power a file may have its size and hold something else.
 *
 * @throws MaildrainError OUTPUT_REFUSED: what has this name is something else
 */
async function isThere(path: string, pieces: AsyncIterable<Buffer>): Promise<boolean> {
  const there = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (there === null) return false;
  if (there.isFile() && (await holds(path, pieces))) return true;
  throw new MaildrainError('OUTPUT_REFUSED', `${printable(path)} exists and is another file: it is not overwritten`);
}

/** Whether a file has exactly these octets. */
async function holds(path: string, pieces: AsyncIterable<Buffer>): Promise<boolean> {
  const file = await outputOf(path, () => open(path, 'r'));
  try {
    for await (const piece of pieces) {
      const octets = Buffer.alloc(piece.length);
      // From where the last one ended; a regular file gives all that is asked for, or it has ended.
      const { bytesRead } = await file.read(octets, 0, octets.length);
      if (bytesRead !== piece.length || !octets.equals(piece)) return false;
    }
    return (await file.read(Buffer.alloc(1), 0, 1)).bytesRead === 0;
  } finally {
    await file.close();
  }
}

async function putFile(
  temporary: string,
  final: string,
  message: StoredFacts,
  pieces: AsyncIterable<Buffer>,
): Promise<void> {
  // Of an export that was killed: ours by its name, and of no use to anybody.
  await unlink(temporary).catch(() => {});
  const file = await outputOf(temporary, () => open(temporary, 'wx', 0o600));
  try {
    const writer = gathering(file, temporary);
    for await (const piece of pieces) await writer.write(piece);
    await writer.flush();
  } finally {
    await file.close();
  }
  // Mail servers take the time of a file for INTERNALDATE.
  const at = message.internalDate ?? message.storedAt;
  await outputOf(temporary, () => utimes(temporary, at, at));
  await nameFile(temporary, final);
}
