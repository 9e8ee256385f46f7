// Was it appended? A line that broke, or a server without UIDPLUS, leaves that open. Among the messages that came into the folder since, and
// that are nobody else's, those with the very octets are ours; on a server that writes mail anew, those with the Message-ID and the
// INTERNALDATE that they were given.

import { createHash } from 'node:crypto';
import { createReader, read } from '../mail/read.ts';
import type { Listed, Session, Uid } from '../model.ts';
import type { AdminSession } from '../source/admin-session.ts';
import type { Sql } from '../store/pool.ts';
import { appendedDate, type RestorePlace, takenUids } from '../store/restore.ts';
import type { StoredFacts } from '../store/stored-mail.ts';

/** Octets fetched at once; a larger message comes in pieces. */
const FETCH_OCTETS = 4 * 1024 * 1024;
/** Messages described at once. */
const WINDOW = 1000;

/** What a message in the folder is, as far as it can be told from its octets. */
interface Candidate {
  readonly uid: Uid;
  readonly internalDate: Date | null;
  readonly digest: Buffer;
  readonly messageId: string | null;
}

/**
 * Finds messages that may have been appended.
 *
 * @param from UIDs from here on; null: any, of which only those with the right INTERNALDATE are looked into
 * @returns message id to UID, each UID once
 */
export async function findAppended(
  { session }: AdminSession,
  { sql, place }: { readonly sql: Sql; readonly place: RestorePlace },
  wanted: readonly StoredFacts[],
  from: number | null,
): Promise<Map<string, Uid>> {
  const found = new Map<string, Uid>();
  const open = new Map(wanted.map((message) => [message.id, message]));
  const { uids, deleted } = await session.list();
  const since = uids.concat(deleted).filter((uid) => from === null || Number(uid) >= from);
  for (let at = 0; at < since.length && open.size > 0; at += WINDOW) {
    const window = since.slice(at, at + WINDOW);
    const taken = await takenUids(sql, place, window);
    const listed = await session.describe(window.filter((uid) => !taken.has(uid)));
    const dates = new Set([...open.values()].map((message) => appendedDate(message).getTime()));
    const likely =
      from !== null
        ? listed
        : listed.filter(({ internalDate }) => internalDate === null || dates.has(internalDate.getTime()));
    for await (const candidate of candidates(session, likely)) {
      const message = match(candidate, [...open.values()], from !== null);
      if (message === null) continue;
      open.delete(message.id);
      found.set(message.id, candidate.uid);
    }
  }
  return found;
}

/** @param isNew it came into the folder since: of mail that may have been there before, a Message-ID proves nothing */
function match(candidate: Candidate, open: readonly StoredFacts[], isNew: boolean): StoredFacts | null {
  const dated = open.filter((message) => appendedDate(message).getTime() === candidate.internalDate?.getTime());
  const isSame = (message: StoredFacts): boolean => message.digest.equals(candidate.digest);
  return (
    dated.find(isSame) ??
    open.find(isSame) ??
    (isNew ? dated.find(({ messageId }) => messageId !== null && messageId === candidate.messageId) : undefined) ??
    null
  );
}

/** The messages with what their octets tell. */
export async function* candidates(session: Session, listed: readonly Listed[]): AsyncGenerator<Candidate> {
  let batch: Listed[] = [];
  let octets = 0;
  for (const one of listed) {
    if (one.size > FETCH_OCTETS) {
      yield await streamed(session, one);
      continue;
    }
    if (octets + one.size > FETCH_OCTETS) {
      yield* fetched(session, batch);
      batch = [];
      octets = 0;
    }
    batch.push(one);
    octets += one.size;
  }
  if (batch.length > 0) yield* fetched(session, batch);
}

async function* fetched(session: Session, listed: readonly Listed[]): AsyncGenerator<Candidate> {
  const { messages } = await session.fetch(listed);
  for (const { raw, uid, internalDate } of messages) {
    const digest = createHash('sha256').update(raw).digest();
    yield { uid, internalDate, digest, messageId: read(raw).messageId };
  }
}

async function streamed(session: Session, listed: Listed): Promise<Candidate> {
  const hash = createHash('sha256');
  const reader = createReader();
  for await (const piece of session.stream(listed)) {
    hash.update(piece);
    reader.push(piece);
  }
  const { uid, internalDate } = listed;
  return { uid, internalDate, digest: hash.digest(), messageId: reader.end().messageId };
}
