// The pipeline of a pass: messages are fetched, stored and disposed batch by batch, as much of it at once as is safe. How they are recognised is in
// recognise.ts, how they are committed in commit.ts, how they are taken off the server in dispose.ts.

import type { FetchOutcome } from '../model.ts';
import { announceInFlight } from '../store/mailboxes.ts';
import { type Arrived, readArrived, storeFetched, storeLarge } from './commit.ts';
import { type Committed, type Disposed, disposeCommitted, disposeOnServer, writeDisposed } from './dispose.ts';
import type { Item, Leftovers, Mode, Work } from './work.ts';

/** Batches of 200 to 500 messages stored fastest (measured); their command lines stay far below every server's limit. */
const BATCH_MESSAGES = 250;
/**
 * Octets in memory at once are several times this: one batch being stored, the next arriving, and what V8 has not freed yet. A batch costs a dozen round
 * trips to Postgres: with a quarter of this a drain took a fifth longer, and 20 MB less (bench/drain.ts). A larger message is streamed.
 */
const BATCH_OCTETS = 8 * 1024 * 1024;
/** Disposed at once. What is committed and not yet disposed, up to twice as much, would be fetched a second time after a crash: seconds of a slow line. */
const OWED_OCTETS = 8 * 1024 * 1024;

interface Batch {
  readonly items: readonly Item[];
  /** A suspect of the fuse: nothing else may be in flight beside it. */
  readonly alone: boolean;
  /** Too large for memory. */
  readonly streamed: boolean;
}

/** A batch whose octets are on their way. */
interface Coming extends Batch {
  readonly arriving: Promise<Arrival>;
}

interface Arrival {
  readonly messages: readonly Arrived[];
  /** What was asked for and did not come, and why. */
  readonly absent: Pick<FetchOutcome, 'missing' | 'refused'>;
}

/** Too large for memory, or for the limit that the connection puts on what arrives in one piece. */
function isLarge({ listed, released }: Item): boolean {
  return released || listed.size > BATCH_OCTETS;
}

function octetsOf(batch: Batch): number {
  return batch.items.reduce((sum, { listed }) => sum + listed.size, 0);
}

/** Messages in the order of the items, as many at a time as memory and the command line hold. Suspects and very large ones come alone. */
export function* batchesOf(work: Work, items: readonly Item[]): Generator<Batch> {
  let gathered: Item[] = [];
  let octets = 0;
  for (const item of items) {
    const { size, uid } = item.listed;
    const alone = work.fuse.suspects(uid);
    const streamed = isLarge(item);
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

/** Each by itself, with nothing else in flight. */
export function* oneByOne(items: readonly Item[]): Generator<Batch> {
  for (const item of items) yield { items: [item], alone: true, streamed: isLarge(item) };
}

/** What is committed and not yet disposed. */
class Owed {
  #committed: Committed[] = [];
  #octets = 0;

  add(committed: readonly Committed[], octets: number): void {
    this.#committed.push(...committed);
    this.#octets += octets;
  }

  isFullWith(octets: number): boolean {
    return this.#committed.length >= BATCH_MESSAGES || this.#octets + octets > OWED_OCTETS;
  }

  take(): Committed[] {
    const taken = this.#committed;
    this.#committed = [];
    this.#octets = 0;
    return taken;
  }
}

/**
 * While a batch is being committed, what was committed before it is disposed, where that may break off, and the next one arrives. Suspects have the line
 * to themselves. What is committed is disposed in hundreds, for an EXPUNGE costs the server about the same for one message as for many; a crash before
 * it costs a second look at them.
 */
export async function pump(work: Work, batches: Iterator<Batch>, mode: Mode, left: Leftovers): Promise<void> {
  const owed = new Owed();
  let next = batches.next();
  let coming = next.done === true ? null : await begin(work, next.value);
  while (coming !== null) {
    const batch: Coming = coming;
    const { messages, absent } = await batch.arriving;
    next = isOver(work, mode) ? { done: true, value: undefined } : batches.next();
    if (!batch.streamed) await setAsideUnanswered(work, batch.items, absent, left);
    const octets = octetsOf(batch);
    const due = batch.streamed || owed.isFullWith(octets) ? owed.take() : [];
    // Streaming takes the line, perhaps for hours.
    const meanwhile = mayBreakOff(work) && !batch.streamed;
    if (!meanwhile) await disposeCommitted(work, due);
    const overlap = next.done !== true && !batch.alone && !next.value.alone;
    if (overlap) await announce(work, next.value);
    const disposing = disposeOnServer(work, meanwhile ? due : []);
    const following = overlap ? fetchAfter(disposing, work, next.value) : null;
    const storing = batch.streamed
      ? storeLarge(work, batch.items, mode, left)
      : storeFetched(work, batch.items, messages, mode, left);
    owed.add(await bothEnded(work, storing, disposing), octets);
    work.onProgress(batch.items.length, 0);
    // Nothing has been asked for of what follows.
    if (work.signal.aborted && (following === null || following.streamed)) break;
    coming = following;
    if (following !== null || next.done === true) continue;
    // Something comes that has the line for itself. What is dear to fetch again does not wait for a suspect, which may end the drain, nor for hours.
    if (batch.streamed || next.value.streamed || owed.isFullWith(octetsOf(next.value)))
      await disposeCommitted(work, owed.take());
    coming = await begin(work, next.value);
  }
  await disposeCommitted(work, owed.take());
}

/** No further batch is begun. What the server will not take away is not worth recognising. */
function isOver({ signal, refusals }: Work, mode: Mode): boolean {
  return signal.aborted || (mode === 'exact' && refusals.enough);
}

/**
 * Whether a disposal may be under way while a batch is stored: where Postgres breaks then, the line to the mail server is cut with it. STORE and UID EXPUNGE
 * of the same messages are only said again; a COPY or a MOVE that was cut may leave a second copy in its target.
 */
function mayBreakOff(work: Work): boolean {
  return work.session.facts.disposal.means === 'uid-expunge';
}

/** Waits for a batch that is being stored and for those before it that are being disposed. What came of both is written down, whichever failed. */
async function bothEnded(
  work: Work,
  storing: Promise<Committed[]>,
  disposing: Promise<Disposed>,
): Promise<Committed[]> {
  const [stored, disposed] = await Promise.allSettled([storing, disposing]);
  if (stored.status === 'rejected') {
    // The connection that stores may be gone; what is not written down is found to be gone by the next drain.
    if (disposed.status === 'fulfilled')
      await writeDisposed({ ...work, sql: work.pool }, disposed.value).catch(() => {});
    throw stored.reason;
  }
  if (disposed.status === 'rejected') throw disposed.reason;
  await writeDisposed(work, disposed.value);
  return stored.value;
}

const NOTHING: Arrival = { messages: [], absent: { missing: [], refused: null } };

async function begin(work: Work, batch: Batch): Promise<Coming> {
  await announce(work, batch);
  return fetchAfter(Promise.resolve(), work, batch);
}

/** Writes down what is about to be fetched, outside of the transaction that stores what was fetched before. */
async function announce(work: Work, batch: Batch): Promise<void> {
  work.fuse.light(batch.items.map((item) => item.listed.uid));
  const inFlight = work.fuse.state();
  if (inFlight !== null) await announceInFlight(work.sql, work.mailboxId, inFlight);
}

function fetchAfter(quiet: Promise<unknown>, work: Work, batch: Batch): Coming {
  // A large message is fetched piece by piece while it is stored.
  const arriving = batch.streamed ? Promise.resolve(NOTHING) : quiet.then(() => arrival(work, batch.items));
  // It is awaited once the batch before it is stored; a failure meanwhile must not count as unhandled.
  arriving.catch(() => {});
  return { ...batch, arriving };
}

async function arrival(work: Work, items: readonly Item[]): Promise<Arrival> {
  try {
    const { messages, ...absent } = await work.session.fetch(items.map((item) => item.listed));
    return { messages: await readArrived(messages), absent };
  } catch (error) {
    work.fuse.blow(error);
    throw error;
  }
}

/** Messages that were asked for and did not come: those still listed are asked for again, alone, at the end of the queue. */
async function setAsideUnanswered(
  work: Work,
  items: readonly Item[],
  absent: Arrival['absent'],
  left: Leftovers,
): Promise<void> {
  if (absent.missing.length === 0) return;
  if (absent.refused !== null) work.tally.note(`the server refused to send a message: ${absent.refused}`);
  const there = await work.session.present(absent.missing);
  for (const item of items) {
    const { uid } = item.listed;
    if (!absent.missing.includes(uid)) continue;
    if (there.has(uid)) left.unanswered.push(item);
    if (there.has(uid)) work.fuse.setAside([uid]);
    else work.fuse.clear([uid]);
  }
}
