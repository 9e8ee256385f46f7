// Which messages on a server are bounces, complaints and so on: no server can be asked, so they are fetched and read, a few at a time, and
// forgotten again. For plans; what a job stores is read once more when it is stored.

import { createReader, read } from '../mail/read.ts';
import type { Listed, Session, Uid } from '../model.ts';
import type { Kind } from '../model-reading.ts';

/** Messages described at once. */
const WINDOW = 1000;
/** As in a drain: so much is in memory at once, and a larger message is read while it arrives. */
const BATCH_OCTETS = 2 * 1024 * 1024;
const BATCH_MESSAGES = 250;

/** Those of the messages that the reader calls so. What the server will not send is of no kind. */
export async function uidsOfKind(session: Session, uids: readonly Uid[], kind: Kind): Promise<Uid[]> {
  const found: Uid[] = [];
  for (let start = 0; start < uids.length; start += WINDOW) {
    const listed = await session.describe(uids.slice(start, start + WINDOW));
    for (const batch of batchesOf(listed)) {
      const [first] = batch;
      if (first !== undefined && first.size > BATCH_OCTETS) {
        if ((await kindOfLarge(session, first)) === kind) found.push(first.uid);
        continue;
      }
      const { messages, missing } = await session.fetch(batch);
      for (const { uid, raw } of messages) if (read(raw).kind === kind) found.push(uid);
      // One that the server will not send has ended the command for those after it.
      for (const alone of batch.filter(({ uid }) => missing.includes(uid))) {
        const [message] = (await session.fetch([alone])).messages;
        if (message !== undefined && read(message.raw).kind === kind) found.push(message.uid);
      }
    }
  }
  return found.sort((a, b) => Number(a) - Number(b));
}

function* batchesOf(listed: readonly Listed[]): Generator<Listed[]> {
  let batch: Listed[] = [];
  let octets = 0;
  for (const message of listed) {
    const full = batch.length === BATCH_MESSAGES || octets + message.size > BATCH_OCTETS;
    if (full && batch.length > 0) {
      yield batch;
      batch = [];
      octets = 0;
    }
    batch.push(message);
    octets += message.size;
  }
  if (batch.length > 0) yield batch;
}

async function kindOfLarge(session: Session, listed: Listed): Promise<Kind | null> {
  const reader = createReader();
  try {
    for await (const piece of session.stream(listed)) reader.push(piece);
  } catch (error) {
    // The line broke, or it is this message that the server will not send.
    if (!isRefused(error)) throw error;
    return null;
  }
  return reader.end().kind;
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'FETCH_REFUSED';
}
