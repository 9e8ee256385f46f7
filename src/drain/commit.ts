// What has arrived is recognised and committed: a batch at once, a large message while it arrives. What is returned is committed, and may
// be disposed; nothing else may.

import { createHash, hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { MaildrainError } from '../errors.ts';
import { createReader, read } from '../mail/read.ts';
import type { Fetched, Listed } from '../model.ts';
import type { Reading } from '../model-reading.ts';
import { storeBatch, storeStreamed } from '../store/batch.ts';
import type { Adopted, Batch, Fresh, Streamed } from '../store/entries.ts';
import { setInFlight } from '../store/mailboxes.ts';
import type { Committed } from './dispose.ts';
import type { Fuse } from './fuse.ts';
import { destinyOf, UNMATCHED } from './policy.ts';
import { adoptedOf, displacesOf, freshOf, knownElsewhere, recognise } from './recognise.ts';
import { holdAll, type Item, type Leftovers, type Mode, type Work } from './work.ts';

/** A message that has arrived, with all that its octets say. */
export interface Arrived extends Streamed {
  readonly fetched: Fetched;
}

/** Milliseconds of reading after which the commit that goes on meanwhile gets a turn: the database should never wait for long. */
const TURN_MS = 2;

/** Reads messages while the batch before them is being committed. */
export async function readArrived(messages: readonly Fetched[]): Promise<Arrived[]> {
  const arrived: Arrived[] = [];
  let startedAt = performance.now();
  for (const fetched of messages) {
    const { raw } = fetched;
    arrived.push({ fetched, digest: sha256(raw), size: raw.length, reading: read(raw) });
    if (performance.now() - startedAt < TURN_MS) continue;
    await setImmediate();
    startedAt = performance.now();
  }
  return arrived;
}

/** Stores a batch that has arrived. */
export async function storeFetched(
  work: Work,
  items: readonly Item[],
  messages: readonly Arrived[],
  mode: Mode,
  left: Leftovers,
): Promise<Committed[]> {
  const { tally, fuse, session } = work;
  const itemOf = new Map(items.map((item) => [item.listed.uid, item]));
  const now = new Date();
  const elsewhere = await knownElsewhere(
    work,
    messages.map(({ fetched }) => fetched),
  );
  const fresh: Fresh[] = [];
  const adopted: Adopted[] = [];
  for (const { fetched, ...streamed } of messages) {
    const item = itemOf.get(fetched.uid);
    if (item === undefined) continue;
    tally.fetched++;
    tally.bytes += streamed.size;
    const found = recognise(work, item, streamed, mode, elsewhere);
    if (found === 'look-again') left.unmatched.set(fetched.uid, streamed.digest);
    else if (found !== null) adopted.push(adoptedOf(work, item, streamed, fetched.raw, found, now));
    else if (item.flagged) tally.skipped++;
    else fresh.push(freshOf(work, item, fetched.raw, streamed, now));
  }
  fuse.clear(messages.map(({ fetched }) => fetched.uid));
  if (fresh.length === 0 && adopted.length === 0) {
    await setInFlight(work.sql, work.mailboxId, fuse.state());
    return [];
  }
  const batch = {
    mailboxId: work.mailboxId,
    uidValidity: session.facts.uidValidity,
    now,
    fresh,
    adopted,
    inFlight: fuse.state(),
    pipeline: work.pipeline,
  };
  const stored = await storeOrSplit(work, batch, left);
  tally.stored += stored.fresh.length;
  tally.adopted += stored.adopted.length;
  tally.unmatched += stored.fresh.filter(({ reason }) => reason === UNMATCHED).length;
  return [...stored.fresh, ...stored.adopted].map((entry) => committedOf(work, entry));
}

type Entries = Pick<Batch, 'fresh' | 'adopted'>;

/**
 * Stores a batch. Where Postgres refuses a statement it is tried again message by message, and what is refused alone is set aside: one message that
 * nobody thought of must not keep the others waiting. Where none of several can be stored it is not their fault.
 */
async function storeOrSplit(work: Work, batch: Batch, left: Leftovers): Promise<Entries> {
  try {
    await storeBatch(work.sql, batch);
    return batch;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const fresh: Fresh[] = [];
    const adopted: Adopted[] = [];
    const unstorable: Leftovers['unstorable'] = [];
    const attempt = async (one: Entries, { listed }: Fresh | Adopted): Promise<boolean> =>
      storeBatch(work.sql, { ...batch, ...one }).then(
        () => true,
        (thrown: unknown) => {
          if (!isRefusal(thrown)) throw thrown;
          unstorable.push({ listed, error: thrown });
          return false;
        },
      );
    for (const entry of batch.fresh) if (await attempt({ fresh: [entry], adopted: [] }, entry)) fresh.push(entry);
    for (const entry of batch.adopted) if (await attempt({ fresh: [], adopted: [entry] }, entry)) adopted.push(entry);
    if (unstorable.length > 1 && fresh.length + adopted.length === 0) throw error;
    left.unstorable.push(...unstorable);
    return { fresh, adopted };
  }
}

/** Postgres refused a statement for a reason that nobody thought of (store/pool.ts). */
function isRefusal(error: unknown): error is MaildrainError {
  return error instanceof MaildrainError && error.code === 'BUG';
}

function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

function committedOf(
  work: Work,
  entry: { readonly listed: Listed; readonly digest: Buffer; readonly state: 'pending' | 'kept' },
): Committed {
  return {
    key: {
      mailboxId: work.mailboxId,
      uidValidity: work.session.facts.uidValidity,
      uid: entry.listed.uid,
      digest: entry.digest,
    },
    emailId: entry.listed.emailId,
    owed: entry.state === 'pending',
  };
}

/** Stores one message that is too large for memory while it arrives. */
export async function storeLarge(
  work: Work,
  items: readonly Item[],
  mode: Mode,
  left: Leftovers,
): Promise<Committed[]> {
  const [item] = items;
  if (item === undefined) return [];
  const { tally, fuse, session } = work;
  const { uid } = item.listed;
  const now = new Date();
  const elsewhere = await knownElsewhere(work, [item.listed]);
  const limit = item.released ? Number.POSITIVE_INFINITY : work.mailbox.sizeLimit;
  const incoming = new Incoming(session.stream(item.listed), limit, fuse);
  let again = false;
  const result = await storeStreamed(
    work.sql,
    {
      mailboxId: work.mailboxId,
      uidValidity: session.facts.uidValidity,
      now,
      listed: item.listed,
      inFlight: fuse.state([uid]),
      pipeline: work.pipeline,
    },
    incoming.pieces(),
    () => incoming.finish(),
    (streamed) => {
      const found = recognise(work, item, streamed, mode, elsewhere);
      again = found === 'look-again';
      if (found === 'look-again') return { verdict: 'leave' };
      if (found !== null) return { verdict: 'adopted', adopted: adoptedOf(work, item, streamed, null, found, now) };
      if (item.flagged) return { verdict: 'leave' };
      const displaces = displacesOf(work, item, streamed.digest, null);
      return {
        verdict: 'fresh',
        displaces,
        ...destinyOf(work.mailbox, streamed.reading.kind, item.listed.internalDate, now),
      };
    },
  ).catch((error: unknown) => notStored(work, item, left, error, incoming.broke));
  if (result === null) return [];
  fuse.clear([uid]);
  const { verdict, streamed } = result;
  tally.fetched++;
  tally.bytes += streamed.size;
  if (verdict.verdict === 'leave') {
    if (again) left.unmatched.set(uid, streamed.digest);
    else tally.skipped++;
    return [];
  }
  if (verdict.verdict === 'adopted') tally.adopted++;
  else tally.stored++;
  if (verdict.verdict === 'fresh' && verdict.reason === UNMATCHED) tally.unmatched++;
  const state = verdict.verdict === 'adopted' ? verdict.adopted.state : verdict.state;
  return [committedOf(work, { listed: item.listed, digest: streamed.digest, state })];
}

/** A large message that did not get through, where that is the message's own trouble; the transaction is rolled back. */
async function notStored(work: Work, item: Item, left: Leftovers, error: unknown, broke: boolean): Promise<null> {
  if (!(error instanceof MaildrainError)) throw error;
  const { uid, size, internalDate } = item.listed;
  if (error.code === 'FETCH_REFUSED') {
    work.tally.note(`the server refused to send a message: ${error.response ?? error.message}`);
    left.unanswered.push(item);
    work.fuse.setAside([uid]);
  } else if (error.code === 'MESSAGE_TOO_LARGE')
    await holdAll(work, [{ uid, size, internalDate, reason: 'too-large' }]);
  else if (isRefusal(error) && !broke) {
    left.unstorable.push({ listed: item.listed, error });
    work.fuse.clear([uid]);
  } else throw error;
  return null;
}

/** Octets on their way into Postgres, hashed and read as they pass. */
class Incoming {
  readonly #source: AsyncIterable<Buffer>;
  readonly #limit: number;
  readonly #fuse: Fuse;
  readonly #hash = createHash('sha256');
  readonly #reader = createReader();
  #size = 0;
  #broke = false;

  constructor(source: AsyncIterable<Buffer>, limit: number, fuse: Fuse) {
    this.#source = source;
    this.#limit = limit;
    this.#fuse = fuse;
  }

  async *pieces(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of this.#source) {
        this.#size += piece.length;
        // RFC822.SIZE was an estimate, and too low.
        if (this.#size > this.#limit)
          throw new MaildrainError('MESSAGE_TOO_LARGE', 'more octets came than the size limit allows');
        this.#hash.update(piece);
        this.#reader.push(piece);
        yield piece;
      }
    } catch (error) {
      this.#broke = true;
      this.#fuse.blow(error);
      throw error;
    }
  }

  /** It was the line that failed, or the server, and not Postgres. */
  get broke(): boolean {
    return this.#broke;
  }

  finish(): { digest: Buffer; size: number; reading: Reading } {
    return { digest: this.#hash.digest(), size: this.#size, reading: this.#reader.end() };
  }
}
