// Reads the messages of a stream, in its order: a few here, many in worker threads. What a thread costs and what it saves was measured; the
// figures are at the constants.

import { Worker } from 'node:worker_threads';
import { read } from '../mail/read.ts';
import { type Facts, factsOf } from './facts.ts';
import type { FoundMessage, LeftOut, MailItem, Unread } from './messages.ts';
import type { Batch } from './read-worker.ts';

/** A message that was read, or what the stream said instead of one. */
export type ReadItem = ReadMessage | Unread | LeftOut;

export interface ReadMessage {
  readonly what: 'message';
  readonly name: string;
  readonly number: number | null;
  /** Octets. */
  readonly size: number;
  readonly facts: Facts;
}

export interface ReadOptions {
  /** Threads that read beside this one; 0: none. */
  readonly threads: number;
  /** Messages that are read here before any thread is started. */
  readonly alone?: number;
}

/**
 * A thread needs a third of a second until it reads, most of it to load the decoding libraries, and as long again until it is compiled well; this
 * thread reads about 1,000 messages meanwhile. Fewer than two thousand in all are not read sooner with threads.
 */
export const ALONE = 1000;

/** More are not kept busy, by the figures below. */
const MAX_THREADS = 6;

/**
 * Threads beside this one, which opens the files and prints. Measured in processor time with 5,000 bounces of 6 KB: reading them 4.5 s, opening
 * their files 0.6 s, taking their facts over and printing 0.15 s; with two threads 15 to 25 % more in all. So this thread keeps six others
 * busy, and has time to spare for the first cores.
 */
export function threadsFor(cores: number): number {
  // Node 20 takes no TypeScript in a thread: in development everything is read here.
  if (import.meta.url.endsWith('.ts')) return 0;
  return cores < 2 ? 0 : Math.min(cores, MAX_THREADS);
}

/** Messages and octets in one batch: some 60 ms of work, so that the way between threads is a small part of it. */
const BATCH = 64;
const BATCH_OCTETS = 4 * 1024 * 1024;

/** Batches on their way for each thread: one that it reads and one that waits. */
const AHEAD = 2;

/** Octets on their way, so that a few messages of the largest size do not add up for each thread. */
const MAX_UNDERWAY = 64 * 1024 * 1024;

/** The readings of `items`, in their order. */
export async function* readMessages(
  items: AsyncIterable<MailItem>,
  { threads, alone = ALONE }: ReadOptions,
): AsyncGenerator<ReadItem> {
  const source = items[Symbol.asyncIterator]();
  try {
    for (let messages = 0; threads === 0 || messages < alone; ) {
      const next = await source.next();
      if (next.done === true) return;
      if (next.value.what !== 'message') yield next.value;
      else {
        messages++;
        yield readHere(next.value);
      }
    }
    yield* readInThreads(source, threads);
  } finally {
    await source.return?.();
  }
}

function readHere({ name, number, raw }: FoundMessage): ReadMessage {
  return { what: 'message', name, number, size: raw.length, facts: factsOf(read(raw)) };
}

async function* readInThreads(source: AsyncIterator<MailItem>, threads: number): AsyncGenerator<ReadItem> {
  const readers = Array.from({ length: threads }, () => new Thread());
  try {
    const underway: { readonly octets: number; readonly readings: Promise<ReadItem[]> }[] = [];
    let octetsUnderway = 0;
    for (let at = 0, isMore = true; isMore || underway.length > 0; ) {
      while (isMore && underway.length < threads * AHEAD && octetsUnderway < MAX_UNDERWAY) {
        const { items, octets, isLast } = await nextBatch(source);
        isMore = !isLast;
        const reader = readers[at++ % threads];
        if (reader === undefined || items.length === 0) continue;
        const readings = reader.read(items);
        // It is awaited in its turn; until then a failure must not count as unhandled.
        readings.catch(() => {});
        underway.push({ octets, readings });
        octetsUnderway += octets;
      }
      const first = underway.shift();
      if (first === undefined) continue;
      octetsUnderway -= first.octets;
      yield* await first.readings;
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.end()));
  }
}

interface NextBatch {
  readonly items: MailItem[];
  readonly octets: number;
  readonly isLast: boolean;
}

async function nextBatch(source: AsyncIterator<MailItem>): Promise<NextBatch> {
  const items: MailItem[] = [];
  let octets = 0;
  while (items.length < BATCH && octets < BATCH_OCTETS) {
    const next = await source.next();
    if (next.done === true) return { items, octets, isLast: true };
    items.push(next.value);
    if (next.value.what === 'message') octets += next.value.raw.length;
  }
  return { items, octets, isLast: false };
}

interface Waiting {
  readonly resolve: (facts: Facts[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One worker. Its answers come in the order of what it was given. */
class Thread {
  readonly #worker = new Worker(new URL('./read-worker.js', import.meta.url));
  readonly #waiting: Waiting[] = [];

  constructor() {
    this.#worker.on('message', (facts: Facts[]) => this.#waiting.shift()?.resolve(facts));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('a reading thread has ended')));
  }

  async read(items: readonly MailItem[]): Promise<ReadItem[]> {
    const messages = items.flatMap((item) => (item.what === 'message' ? [item] : []));
    const facts = await this.#facts(messages);
    let at = 0;
    return items.map((item) => {
      if (item.what !== 'message') return item;
      const told = facts[at++];
      if (told === undefined) throw new Error('a reading thread left out a message');
      return { what: 'message', name: item.name, number: item.number, size: item.raw.length, facts: told };
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #facts(messages: readonly FoundMessage[]): Promise<Facts[]> {
    const sizes = messages.map(({ raw }) => raw.length);
    const octets = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let at = 0;
    for (const { raw } of messages) {
      octets.set(raw, at);
      at += raw.length;
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      const batch: Batch = { octets, sizes };
      this.#worker.postMessage(batch, [octets.buffer]);
    });
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
