// Reads stored mail again with today's reader and replaces what was known of it: kinds, reports, and what follows from them for suppressions.
// What would change can be seen first (reclassifyDiff); events are written only for what does. A message that was read by today's reader is not
// read again, so that a slice may be done twice; its counts and its cursor are written with it.

import { createReader, READER_VERSION, type Reader } from '../mail/read.ts';
import type { Criteria, Step } from '../model-admin.ts';
import type { Database } from '../store/pool.ts';
import { type Reread, type RereadOutcome, storeReread } from '../store/reclassify.ts';
import type { Pipeline } from '../store/reports.ts';
import {
  lastMessageOf,
  lastStoredId,
  mailOf,
  nextPage,
  type Page,
  type Selection,
  type StoredFacts,
  type Stretch,
} from '../store/stored-mail.ts';
import type { AdminJob } from './job.ts';
import { readArgs } from './server-args.ts';
import { reclassifyArgs } from './store-args.ts';

/** Readings of so many messages are in memory at once, some megabytes; the transaction that writes them takes tenths of a second. */
const SLICE = 100;

export interface ReclassifyRequest {
  readonly mailbox?: string | undefined;
  /** Null: all that an older reader has read. */
  readonly criteria: Criteria | null;
  readonly readerBefore?: number | undefined;
}

/** What would change, slice by slice. */
export interface ReclassifyDiff extends Omit<RereadOutcome, 'events'> {
  /** Messages read again so far, and those whose octets have expired. */
  readonly read: number;
  readonly expired: number;
}

/** For tests: the reader, in place of today's. */
export type MakeReader = () => Reader;

function selectionOf({ mailbox, criteria, readerBefore }: ReclassifyRequest): Selection {
  return { mailbox: mailbox ?? null, criteria, readerBefore: readerBefore ?? READER_VERSION };
}

/**
 * Says what a reclassify would change, and changes nothing: each slice is written and taken back. A rule of several reports is counted with what
 * stands for the others now, not with what their own slices would make of them.
 */
export async function* reclassifyDiff(
  database: Database,
  pipeline: Pick<Pipeline, 'policy' | 'correlate'>,
  request: ReclassifyRequest,
  signal: AbortSignal,
  make: MakeReader = createReader,
): AsyncGenerator<ReclassifyDiff, void> {
  let rest: Stretch | null = { after: '0', until: await lastStoredId(database.sql) };
  while (rest !== null && !signal.aborted) {
    const page: Page = await nextPage(database.sql, selectionOf(request), rest, SLICE);
    const rereads = await readAgain(database, page.messages, make);
    const pen = await database.take();
    try {
      const { events: _, ...outcome } = await storeReread(pen.client, rereads, pipeline, new Date(), null);
      yield { ...outcome, read: rereads.length, expired: page.messages.length - rereads.length };
    } finally {
      await pen.release();
    }
    rest = page.rest;
  }
}

async function readAgain(database: Database, messages: readonly StoredFacts[], make: MakeReader): Promise<Reread[]> {
  const rereads: Reread[] = [];
  for await (const { message, pieces } of mailOf(database, messages)) {
    if (pieces === null) continue;
    const reader = make();
    for await (const piece of pieces) reader.push(piece);
    rereads.push({ message, reading: reader.end() });
  }
  return rereads;
}

/** What is left; null: nothing is. */
interface Cursor {
  readonly rest: Stretch | null;
}

/** The job, with today's reader unless a test gives another. */
export function reclassifyWith(make: MakeReader): AdminJob {
  return {
    kind: 'reclassify',
    needsMailbox: false,
    async *work({ request, pen, context, signal, save }): AsyncGenerator<Step, void> {
      const { mailbox, readerBefore } = readArgs(reclassifyArgs, request.args);
      const selection = selectionOf({ mailbox, criteria: request.criteria, readerBefore });
      const begun = request.cursor as Cursor | null;
      let rest = begun === null ? { after: '0', until: await lastMessageOf(pen.client, request.id) } : begun.rest;
      while (rest !== null && !signal.aborted) {
        const page: Page = await nextPage(pen.client, selection, rest, SLICE);
        const rereads = await readAgain(context.database, page.messages, make);
        const { length } = page.messages;
        const cursor: Cursor = { rest: page.rest };
        const stepOf = (outcome: RereadOutcome): Step => ({
          done: length,
          counts: countsOf(outcome, rereads.length, length),
          cursor,
          last: page.rest === null,
        });
        // With the slice, or a job that is killed here would find nothing to read and count nothing of it.
        const outcome = await storeReread(pen.client, rereads, context.bounces, new Date(), (done) =>
          save(stepOf(done)),
        );
        rest = page.rest;
        yield stepOf(outcome);
      }
    },
  };
}

export const reclassify: AdminJob = reclassifyWith(createReader);

function countsOf(
  { messages, suppressions, events, reportsExpired }: RereadOutcome,
  read: number,
  all: number,
): Record<string, number> {
  const counts = {
    read,
    expired: all - read,
    changed: messages.length,
    reports: messages.reduce((sum, { reports }) => sum + reports.added.length + reports.gone.length, 0),
    suppressed: suppressions.filter(({ is }) => is !== null).length,
    lifted: suppressions.filter(({ is }) => is === null).length,
    events,
    reportsExpired,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
