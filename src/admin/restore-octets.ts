// The octets of messages that are about to be put back, proved by their digests before a word of them is said: what was damaged where it is stored
// would stand on the server as the message itself. Small ones wait in memory for that; a large one is read twice.

import { createHash, type Hash } from 'node:crypto';
import { WHOLE_OCTETS } from '../source/append.ts';
import type { Database } from '../store/pool.ts';
import { mailOf, type StoredFacts } from '../store/stored-mail.ts';

export interface ProvedMail {
  readonly message: StoredFacts;
  /** Null: they have expired. */
  readonly pieces: AsyncIterable<Buffer> | 'damaged' | null;
}

/**
 * @param messages in the order of ids
 * @throws MaildrainError DATABASE_*
 */
export async function* provedMail(database: Database, messages: readonly StoredFacts[]): AsyncGenerator<ProvedMail> {
  for (const group of groupsOf(messages)) {
    const [first] = group;
    if (first !== undefined && isLarge(first)) yield* provedLarge(database, first);
    else yield* provedSmall(database, group);
  }
}

function isLarge({ size }: StoredFacts): boolean {
  return size > WHOLE_OCTETS;
}

/** A large message alone, the small ones between two of those together: each group is one stream from Postgres. */
function groupsOf(messages: readonly StoredFacts[]): StoredFacts[][] {
  const groups: StoredFacts[][] = [];
  let last: StoredFacts | undefined;
  for (const message of messages) {
    const group = groups.at(-1);
    if (group === undefined || last === undefined || isLarge(last) || isLarge(message)) groups.push([message]);
    else group.push(message);
    last = message;
  }
  return groups;
}

async function* provedSmall(database: Database, messages: readonly StoredFacts[]): AsyncGenerator<ProvedMail> {
  for await (const { message, pieces } of mailOf(database, messages)) {
    if (pieces === null) {
      yield { message, pieces };
      continue;
    }
    const hash = createHash('sha256');
    const all: Buffer[] = [];
    let octets = 0;
    for await (const piece of pieces) {
      hash.update(piece);
      octets += piece.length;
      // More than it should have is damaged as well, and may be more than memory holds.
      if (octets <= message.size) all.push(piece);
    }
    yield { message, pieces: isProved(hash, message) ? each(all) : 'damaged' };
  }
}

async function* provedLarge(database: Database, message: StoredFacts): AsyncGenerator<ProvedMail> {
  const hash = createHash('sha256');
  let isThere = false;
  for await (const { pieces } of mailOf(database, [message])) {
    isThere = pieces !== null;
    for await (const piece of pieces ?? []) hash.update(piece);
  }
  if (!isThere) yield { message, pieces: null };
  else if (isProved(hash, message)) yield* mailOf(database, [message]);
  else yield { message, pieces: 'damaged' };
}

function isProved(hash: Hash, { digest }: StoredFacts): boolean {
  return hash.digest().equals(digest);
}

async function* each(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}
