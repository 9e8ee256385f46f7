// One pass over one open mailbox: list, fetch, recognise, store, dispose, batch by batch; the next batch is fetched while this one is
// being committed. Nothing is disposed here that dispose.ts is not given as committed. What a drain is around its passes is in drain.ts.

import { createHash } from 'node:crypto';
import { MaildrainError } from '../errors.ts';
import { createReader, read } from '../mail/read.ts';
import type { Fetched, FetchOutcome, Listed, Listing, MailboxConfig, Reading, Session, Uid } from '../model.ts';
import { type Adopted, type Fresh, type Streamed, storeBatch, storeStreamed } from '../store/batch.ts';
import { type Hold, hold } from '../store/holds.ts';
import { type LedgerKey, type OpenRow, rowsByEmailId, rowsFor } from '../store/ledger.ts';
import { announceInFlight, setInFlight } from '../store/mailboxes.ts';
import type { Sql } from '../store/pool.ts';
import { type Committed, disposeCommitted } from './dispose.ts';
import type { Fuse } from './fuse.ts';
import { actsOnOpenRows, destinyOf, isSatisfied } from './policy.ts';
import { isSame, type OpenRows, type Sighting } from './settle.ts';
import type { Tally } from './tally.ts';

/** Batches of 200 to 500 messages stored fastest (measured); their command lines stay far below every server's limit. */
const BATCH_MESSAGES = 250;
/** Octets in memory at once are about three times this: one batch being stored, the next arriving, and the copy on its way to Postgres. */
const BATCH_OCTETS = 8 * 1024 * 1024;
/** Sizes and flags are asked for so many messages at a time, so that a mailbox of a million needs no more memory than one of ten thousand. */
const WINDOW = 2000;

/** Everything one pass works with. */
export interface Work {
  /** The connection that holds the lock; every write goes through it. */
  readonly sql: Sql;
  readonly session: Session;
  readonly mailbox: MailboxConfig;
  readonly mailboxId: number;
  readonly login: string;
  readonly open: OpenRows;
  readonly fuse: Fuse;
  readonly tally: Tally;
  /** Asked to stop: the batch in hand is finished, no other begun. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, more: number) => void;
  /** Gmail's write quarantine: read and store, dispose nothing. Set in the middle of a drain when it begins. */
  resting: boolean;
}

/** What is left undone matters to the question whether an open row's message is gone. */
export interface PassResult {
  /** Messages that were listed and not looked into: held, missing, or left by an abort. */
  readonly unseen: number;
  /** Kept and held rows that were seen listed. */
  readonly staying: number;
}

/** Which rows a message of this queue may be recognised as. */
type Mode = 'exact' | 'any';

interface Item {
  readonly listed: Listed;
  /** What the ledger says of this UID, and is not open: a kept row that is due, or a disposed one. */
  readonly known: readonly OpenRow[];
  /** Flagged \Deleted by someone: only touched when it proves to be ours. */
  readonly flagged: boolean;
  /** A person freed it: no limit on its size. */
  readonly released: boolean;
}

interface Batch {
  readonly items: readonly Item[];
  /** A suspect of the fuse: nothing else may be in flight beside it. */
  readonly alone: boolean;
  /** Too large for memory. */
  readonly streamed: boolean;
}

/** A batch whose octets are on their way. */
interface Coming extends Batch {
  readonly fetched: Promise<FetchOutcome>;
}

/** Messages that were fetched, or refused, and need another look later in the pass. */
interface Leftovers {
  /** Not what the open row at their UID said: to be matched against every open row. */
  readonly unmatched: Set<Uid>;
  readonly unanswered: Item[];
}

export async function runPass(work: Work, listing: Listing): Promise<PassResult> {
  const result = { unseen: 0, staying: 0 };
  const acts = actsOnOpenRows(work.session.facts) && !work.resting;
  const flagged = new Set(listing.deleted);
  const openHere = work.open.uids();
  // Rows first whose message may sit where it was last seen: then a byte-identical stranger cannot take their place.
  const exact = acts ? [...listing.deleted, ...listing.uids].filter((uid) => openHere.has(uid)) : [];
  const first = await runQueue(work, exact, 'exact', flagged, result);
  // Where rows are open, one of the flagged messages may be ours: a crash between STORE and EXPUNGE leaves it so.
  const looking = acts && work.open.size > 0;
  const left = (uid: Uid): boolean => !openHere.has(uid) || first.has(uid);
  const rest = [
    ...(looking ? listing.deleted.filter(left) : []),
    // What cannot be disposed now need not be recognised again now.
    ...listing.uids.filter((uid) => (acts ? left(uid) : !openHere.has(uid))),
  ];
  if (!looking) work.tally.skipped += listing.deleted.filter((uid) => !openHere.has(uid)).length;
  await runQueue(work, rest, 'any', flagged, result);
  return result;
}

/** Works through a queue of UIDs. Returns those of an `exact` queue that turned out to be something else. */
async function runQueue(
  work: Work,
  uids: readonly Uid[],
  mode: Mode,
  flagged: ReadonlySet<Uid>,
  result: { unseen: number; staying: number },
): Promise<Set<Uid>> {
  const left: Leftovers = { unmatched: new Set(), unanswered: [] };
  for (let from = 0; from < uids.length && !work.signal.aborted; from += WINDOW) {
    const items = await look(work, uids.slice(from, from + WINDOW), flagged, result);
    work.onProgress(0, items.length);
    await pump(work, batchesOf(work, items), mode, left);
  }
  const alone = left.unanswered.splice(0);
  if (alone.length > 0) await retryAlone(work, alone, mode, left, result);
  return left.unmatched;
}

/** Asks the ledger and the server about a window of UIDs; holds what is too large; returns what is to be fetched. */
async function look(
  work: Work,
  uids: readonly Uid[],
  flagged: ReadonlySet<Uid>,
  result: { unseen: number; staying: number },
): Promise<Item[]> {
  const { session, mailbox } = work;
  const now = new Date();
  const known = new Map<Uid, OpenRow[]>();
  const released = new Set<Uid>();
  const settled = new Set<Uid>();
  for (const row of await rowsFor(work.sql, work.mailboxId, session.facts.uidValidity, uids)) {
    if (row.state === 'held' || row.state === 'kept') result.staying++;
    if (row.state === 'held' && row.released) released.add(row.uid);
    else if (row.state === 'held') {
      settled.add(row.uid);
      result.unseen++;
    } else if (row.state === 'kept' && (work.resting || isSatisfied(mailbox, row, now))) settled.add(row.uid);
    else if (row.state !== 'pending') known.set(row.uid, [...(known.get(row.uid) ?? []), row]);
  }
  const asked = uids.filter((uid) => !settled.has(uid));
  const described = asked.length === 0 ? [] : await session.describe(asked);
  const holds: Hold[] = [];
  const items: Item[] = [];
  for (const listed of described) {
    const reason = holdReason(work, listed, released);
    if (reason !== null) holds.push({ uid: listed.uid, size: listed.size, internalDate: listed.internalDate, reason });
    else
      items.push({
        listed,
        known: known.get(listed.uid) ?? [],
        flagged: flagged.has(listed.uid),
        released: released.has(listed.uid),
      });
  }
  await holdAll(work, holds);
  result.unseen += holds.length;
  return items;
}

function holdReason(work: Work, listed: Listed, released: ReadonlySet<Uid>): Hold['reason'] | null {
  if (released.has(listed.uid)) return null;
  if (work.fuse.isFatal(listed.uid)) return 'fetch-fatal';
  return listed.size > work.mailbox.sizeLimit ? 'too-large' : null;
}

async function holdAll(work: Work, holds: readonly Hold[]): Promise<void> {
  if (holds.length === 0) return;
  await hold(work.sql, work.mailboxId, work.session.facts.uidValidity, holds);
  work.fuse.clear(holds.map((held) => held.uid));
  work.tally.held += holds.length;
}

function* batchesOf(work: Work, items: readonly Item[]): Generator<Batch> {
  let gathered: Item[] = [];
  let octets = 0;
  for (const item of items) {
    const { size, uid } = item.listed;
    const alone = work.fuse.suspects(uid);
    const streamed = size > BATCH_OCTETS;
    if (
      gathered.length > 0 &&
      (alone || streamed || gathered.length === BATCH_MESSAGES || octets + size > BATCH_OCTETS)
    ) {
      yield { items: gathered, alone: false, streamed: false };
      gathered = [];
      octets = 0;
    }
    if (alone || streamed) yield { items: [item], alone, streamed };
    else {
      gathered.push(item);
      octets += size;
    }
  }
  if (gathered.length > 0) yield { items: gathered, alone: false, streamed: false };
}

/** The pipeline: while a batch is being committed the next one arrives. Suspects have the line to themselves. */
async function pump(work: Work, batches: Iterator<Batch>, mode: Mode, left: Leftovers): Promise<void> {
  let next = batches.next();
  let coming = next.done === true ? null : await begin(work, next.value);
  while (coming !== null) {
    const outcome = await coming.fetched;
    next = work.signal.aborted ? { done: true, value: undefined } : batches.next();
    const overlap = next.done !== true && !coming.alone && !next.value.alone;
    let following = overlap && next.done !== true ? await begin(work, next.value) : null;
    const committed = coming.streamed
      ? await storeLarge(work, coming.items, mode, left)
      : await storeFetched(work, coming, outcome, mode, left);
    // The line must be quiet before anything else is said on it.
    if (following !== null) await following.fetched;
    await disposeCommitted(work, committed);
    work.onProgress(coming.items.length, 0);
    if (following === null && next.done !== true) following = await begin(work, next.value);
    coming = following;
  }
}

const NOTHING: FetchOutcome = { messages: [], missing: [], refused: null };

async function begin(work: Work, batch: Batch): Promise<Coming> {
  work.fuse.light(batch.items.map((item) => item.listed.uid));
  const inFlight = work.fuse.state();
  if (inFlight !== null) await announceInFlight(work.sql, work.mailboxId, inFlight);
  // A large message is fetched piece by piece while it is stored.
  const fetched = batch.streamed
    ? Promise.resolve(NOTHING)
    : work.session.fetch(batch.items.map((item) => item.listed));
  // It is awaited once the batch before it is stored; a failure meanwhile must not count as unhandled.
  fetched.catch(() => work.fuse.blow());
  return { ...batch, fetched };
}

async function storeFetched(
  work: Work,
  coming: Coming,
  outcome: FetchOutcome,
  mode: Mode,
  left: Leftovers,
): Promise<Committed[]> {
  const { tally, fuse, session } = work;
  const items = new Map(coming.items.map((item) => [item.listed.uid, item]));
  await unanswered(work, coming, outcome, left);
  const now = new Date();
  const elsewhere = await knownElsewhere(work, outcome.messages);
  const fresh: Fresh[] = [];
  const adopted: Adopted[] = [];
  for (const message of outcome.messages) {
    const item = items.get(message.uid);
    if (item === undefined) continue;
    tally.fetched++;
    tally.bytes += message.raw.length;
    const streamed = { digest: sha256(message.raw), size: message.raw.length, reading: read(message.raw) };
    const row = recognise(work, item, streamed, mode, elsewhere);
    if (row !== null) adopted.push(adoptedOf(work, item, streamed, row, now));
    else if (mode === 'exact') left.unmatched.add(message.uid);
    else if (item.flagged) tally.skipped++;
    else fresh.push(freshOf(work, message, streamed, now));
  }
  fuse.clear(outcome.messages.map((message) => message.uid));
  if (fresh.length === 0 && adopted.length === 0) {
    await setInFlight(work.sql, work.mailboxId, fuse.state());
    return [];
  }
  await storeBatch(work.sql, {
    mailboxId: work.mailboxId,
    uidValidity: session.facts.uidValidity,
    now,
    fresh,
    adopted,
    inFlight: fuse.state(),
  });
  tally.stored += fresh.length;
  tally.adopted += adopted.length;
  return [...fresh, ...adopted].map((entry) => committedOf(work, entry));
}

/** Messages that were asked for and did not come: those still listed are asked for again, alone, at the end of the queue. */
async function unanswered(work: Work, coming: Coming, outcome: FetchOutcome, left: Leftovers): Promise<void> {
  if (coming.streamed || outcome.missing.length === 0) return;
  if (outcome.refused !== null) work.tally.note(`the server refused to send a message: ${outcome.refused}`);
  const there = await work.session.present(outcome.missing);
  for (const item of coming.items) {
    const { uid } = item.listed;
    if (!outcome.missing.includes(uid)) continue;
    if (there.has(uid)) left.unanswered.push(item);
    else work.fuse.clear([uid]);
  }
}

/** One by one, so that a message the server cannot send does not keep the others from being stored. */
async function retryAlone(
  work: Work,
  items: readonly Item[],
  mode: Mode,
  left: Leftovers,
  result: { unseen: number },
): Promise<void> {
  const before = work.tally.fetched;
  await pump(
    work,
    items.map((item) => ({ items: [item], alone: true, streamed: item.listed.size > BATCH_OCTETS }))[Symbol.iterator](),
    mode,
    left,
  );
  const refused = left.unanswered.splice(0);
  if (refused.length === 0) return;
  if (refused.length > 1 && work.tally.fetched === before) {
    // All of them: that is the server's trouble, not the messages'.
    work.fuse.clear(refused.map((item) => item.listed.uid));
    throw new MaildrainError('SERVER_UNAVAILABLE', `the server sent none of ${refused.length} messages it lists`);
  }
  for (const { listed } of refused) work.fuse.refuse(listed.uid);
  const fatal = refused.filter(({ listed }) => work.fuse.isFatal(listed.uid));
  await holdAll(
    work,
    fatal.map(({ listed }) => ({
      uid: listed.uid,
      size: listed.size,
      internalDate: listed.internalDate,
      reason: 'fetch-refused',
    })),
  );
  work.tally.missing += refused.length - fatal.length;
  result.unseen += refused.length;
  await setInFlight(work.sql, work.mailboxId, work.fuse.state());
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Gmail only: messages that the login has stored under another label, by X-GM-MSGID. */
async function knownElsewhere(work: Work, messages: readonly Listed[]): Promise<Map<string, LedgerRowLike>> {
  if (!work.session.facts.gmail) return new Map();
  const ids = messages.flatMap((message) => message.emailId ?? []);
  const rows = ids.length === 0 ? [] : await rowsByEmailId(work.sql, work.login, ids);
  return new Map(rows.map((row) => [row.emailId ?? '', row]));
}

type LedgerRowLike = Pick<OpenRow, keyof LedgerKey | 'messageId' | 'storedAt'>;

/** The row this message has, and whether the new row takes its place. */
interface Recognised {
  readonly row: LedgerRowLike;
  readonly replaces: boolean;
}

function recognise(
  work: Work,
  item: Item,
  streamed: Streamed,
  mode: Mode,
  elsewhere: ReadonlyMap<string, LedgerRowLike>,
): Recognised | null {
  const sighting: Sighting = {
    uid: item.listed.uid,
    digest: streamed.digest,
    emailId: item.listed.emailId,
    messageIdHeader: streamed.reading.messageId,
    internalDate: item.listed.internalDate,
  };
  const taken = mode === 'exact' ? work.open.takeExact(sighting) : work.open.takeAny(sighting);
  if (taken !== null) return { row: taken, replaces: true };
  const known = item.known.find((row) => row.messageId !== null && isSame(row, sighting));
  if (known !== undefined) return { row: known, replaces: true };
  const other = elsewhere.get(item.listed.emailId ?? '');
  return other === undefined ? null : { row: other, replaces: false };
}

function adoptedOf(work: Work, item: Item, streamed: Streamed, { row, replaces }: Recognised, now: Date): Adopted {
  if (row.messageId === null) throw new Error('a row without a message was recognised');
  return {
    listed: item.listed,
    digest: streamed.digest,
    size: streamed.size,
    // A flagged message that is ours is on its way out already.
    ...(item.flagged && work.mailbox.dispose.kind !== 'keep'
      ? { state: 'pending', reason: null }
      : destinyOf(work.mailbox, item.listed.internalDate, now)),
    replaces: replaces ? row : null,
    messageId: row.messageId,
    storedAt: row.storedAt,
  };
}

function freshOf(work: Work, message: Fetched, streamed: Streamed, now: Date): Fresh {
  return {
    listed: message,
    raw: message.raw,
    ...streamed,
    ...destinyOf(work.mailbox, message.internalDate, now),
  };
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
async function storeLarge(work: Work, items: readonly Item[], mode: Mode, left: Leftovers): Promise<Committed[]> {
  const [item] = items;
  if (item === undefined) return [];
  const { tally, fuse, session } = work;
  const { uid } = item.listed;
  const now = new Date();
  const elsewhere = await knownElsewhere(work, [item.listed]);
  const limit = item.released ? Number.POSITIVE_INFINITY : work.mailbox.sizeLimit;
  const incoming = new Incoming(session.stream(item.listed), limit, fuse);
  const result = await storeStreamed(
    work.sql,
    {
      mailboxId: work.mailboxId,
      uidValidity: session.facts.uidValidity,
      now,
      listed: item.listed,
      inFlight: fuse.state([uid]),
    },
    incoming.pieces(),
    () => incoming.finish(),
    (streamed) => {
      const row = recognise(work, item, streamed, mode, elsewhere);
      if (row !== null) return { verdict: 'adopted', adopted: adoptedOf(work, item, streamed, row, now) };
      if (mode === 'exact' || item.flagged) return { verdict: 'leave' };
      return { verdict: 'fresh', ...destinyOf(work.mailbox, item.listed.internalDate, now) };
    },
  ).catch((error: unknown) => notStored(work, item, left, error));
  if (result === null) return [];
  fuse.clear([uid]);
  const { verdict, streamed } = result;
  tally.fetched++;
  tally.bytes += streamed.size;
  if (verdict.verdict === 'leave') {
    if (mode === 'exact') left.unmatched.add(uid);
    else tally.skipped++;
    return [];
  }
  if (verdict.verdict === 'adopted') tally.adopted++;
  else tally.stored++;
  const state = verdict.verdict === 'adopted' ? verdict.adopted.state : verdict.state;
  return [committedOf(work, { listed: item.listed, digest: streamed.digest, state })];
}

/** A large message that did not get through, where that is the message's own trouble; the transaction is rolled back. */
async function notStored(work: Work, item: Item, left: Leftovers, error: unknown): Promise<null> {
  if (!(error instanceof MaildrainError)) throw error;
  const { uid, size, internalDate } = item.listed;
  if (error.code === 'FETCH_REFUSED') {
    work.tally.note(`the server refused to send a message: ${error.response ?? error.message}`);
    left.unanswered.push(item);
  } else if (error.code === 'MESSAGE_TOO_LARGE')
    await holdAll(work, [{ uid, size, internalDate, reason: 'too-large' }]);
  else throw error;
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
      this.#fuse.blow();
      throw error;
    }
  }

  finish(): { digest: Buffer; size: number; reading: Reading } {
    return { digest: this.#hash.digest(), size: this.#size, reading: this.#reader.end() };
  }
}
