// Addresses from the command line: as arguments, or one a line from stdin. Every one is looked at before anything is done, and each that is
// no address is named with its place.

import { printable } from '../errors.ts';
import { addressIdentity } from '../mail/identity.ts';
import { UsageError } from './exit.ts';
import { count, cut } from './words.ts';

/** What is said of wrong lines; somebody who has given the wrong file need not read all of it. */
const MAX_SHOWN = 20;
/** Columns of a wrong line that are shown: the longest address that people have. */
const MAX_WIDTH = 80;

export interface GivenAddresses {
  /** Identities, each once, in the order in which they came. */
  readonly addresses: readonly string[];
  /** They came from stdin. */
  readonly listed: boolean;
}

/**
 * @param words addresses, or `-` alone for the lines of stdin, where empty ones are nothing
 * @throws UsageError that names every one that is no address
 */
export async function readAddresses(
  words: readonly string[],
  stdin: AsyncIterable<Uint8Array> = process.stdin,
): Promise<GivenAddresses> {
  const listed = words.includes('-');
  if (listed && words.length > 1) throw new UsageError('give addresses, or "-" alone to read them from stdin');
  const texts = listed ? await linesOf(stdin) : words;
  const addresses = new Set<string>();
  const wrong: string[] = [];
  for (const [at, text] of texts.entries()) {
    const trimmed = text.trim();
    if (listed && trimmed === '') continue;
    const identity = addressIdentity(trimmed);
    if (identity !== null) addresses.add(identity);
    else wrong.push(`  ${listed ? 'line' : 'argument'} ${at + 1}: ${cut(printable(trimmed), MAX_WIDTH)}`);
  }
  if (wrong.length > 0) throw new UsageError(complaint(wrong));
  return { addresses: [...addresses], listed };
}

function complaint(wrong: readonly string[]): string {
  const more = wrong.length > MAX_SHOWN ? [`  and ${count(wrong.length - MAX_SHOWN)} more`] : [];
  const what =
    wrong.length === 1 ? 'this is no e-mail address' : `these ${count(wrong.length)} are no e-mail addresses`;
  return [`${what}; nothing was done`, ...wrong.slice(0, MAX_SHOWN), ...more].join('\n');
}

async function linesOf(stdin: AsyncIterable<Uint8Array>): Promise<string[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stdin) pieces.push(piece);
  try {
    // With replacement characters in it, another address than the one meant would be one all the same.
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)).split(/\r\n|\n|\r/);
  } catch {
    throw new UsageError('stdin is not UTF-8 text; nothing was done');
  }
}
