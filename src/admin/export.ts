// Export: streams stored mail out in constant memory, as files that other programs read. It only reads the database, so it runs where it is
// asked for and is no queued job. Nothing is ever overwritten: a file that is there ends it, and a directory of an earlier, interrupted export is
// completed. How each format looks is in export-mbox.ts, export-ndjson.ts and export-directory.ts.

import { createHash, type Hash } from 'node:crypto';
import { MaildrainError } from '../errors.ts';
import type { Database } from '../store/pool.ts';
import {
  lastStoredId,
  mailOf,
  nextPage,
  type Page,
  type Selection,
  type StoredFacts,
  type Stretch,
  sumStored,
} from '../store/stored-mail.ts';
import { openDirectory } from './export-directory.ts';
import { mboxLines } from './export-mbox.ts';
import { ndjsonLine } from './export-ndjson.ts';
import { type ExportSink, openFile } from './export-output.ts';

export const EXPORT_FORMATS = ['mbox', 'maildir', 'eml', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Messages whose facts are in memory at once; their octets pass through. */
const PAGE = 200;

export interface ExportRequest {
  readonly selection: Selection;
  readonly format: ExportFormat;
  /** A file that is not there yet (mbox, ndjson), a directory (maildir, eml), or for the formats that are one stream whoever takes it. */
  readonly to: { readonly path: string } | { readonly write: (octets: Buffer) => Promise<void> };
  /** Ends it after the message in hand. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

export interface ExportProgress {
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
}

/** What came of it. Counts are messages. */
export interface ExportReport {
  readonly written: number;
  /** In the directory already, from an earlier export. */
  readonly present: number;
  /** Their octets have expired; they are left out. */
  readonly expired: number;
  /** Ids of messages whose octets are not those that were stored; written all the same. */
  readonly damaged: readonly string[];
  readonly bytes: number;
  /** Null when it is complete. Else the signal ended it, and this says where what was written so far is. */
  readonly remains: string | null;
}

/** @throws MaildrainError OUTPUT_REFUSED, which says what was written, DATABASE_* */
export async function exportMail(database: Database, request: ExportRequest): Promise<ExportReport> {
  const { selection, signal, onProgress } = request;
  const all: Stretch = { after: '0', until: await lastStoredId(database.sql) };
  const { messages: total } = await sumStored(database.sql, selection, all);
  const sink = await openSink(request);
  const report = { written: 0, present: 0, expired: 0, damaged: [] as string[], bytes: 0 };
  const tell = (): void => {
    const done = report.written + report.present + report.expired;
    onProgress?.({ done, total, bytes: report.bytes });
  };
  try {
    for (let rest: Stretch | null = all; rest !== null; ) {
      const page: Page = await nextPage(database.sql, selection, rest, PAGE);
      for await (const { message, pieces } of mailOf(database, page.messages)) {
        if (signal.aborted) return { ...report, remains: await sink.abandon() };
        if (pieces === null) report.expired++;
        else await putOne(sink, message, pieces, report);
        tell();
      }
      rest = page.rest;
    }
    await sink.finish();
    return { ...report, remains: null };
  } catch (error) {
    throw await withRemains(error, sink);
  }
}

async function openSink({ format, to }: ExportRequest): Promise<ExportSink> {
  if (format === 'maildir' || format === 'eml') {
    if ('path' in to) return openDirectory(to.path, format);
    throw new MaildrainError('OUTPUT_REFUSED', `${format} is a directory of files and needs a path`);
  }
  const stream =
    'path' in to ? await openFile(to.path) : { write: to.write, finish: async () => {}, abandon: async () => '' };
  const encode = format === 'mbox' ? mboxLines : ndjsonLine;
  return {
    async put(message, pieces) {
      for await (const octets of encode(message, pieces)) await stream.write(octets);
      return true;
    },
    finish: () => stream.finish(),
    abandon: () => stream.abandon(),
  };
}

async function putOne(
  sink: ExportSink,
  message: StoredFacts,
  pieces: AsyncIterable<Buffer>,
  report: { written: number; present: number; damaged: string[]; bytes: number },
): Promise<void> {
  const hash = createHash('sha256');
  if (!(await sink.put(message, hashed(pieces, hash)))) {
    report.present++;
    return;
  }
  report.written++;
  report.bytes += message.size;
  if (!hash.digest().equals(message.digest)) report.damaged.push(message.id);
}

async function* hashed(pieces: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

/** Who reads the error wants to know what lies about. */
async function withRemains(error: unknown, sink: ExportSink): Promise<unknown> {
  const remains = await sink.abandon().catch(() => '');
  if (!(error instanceof MaildrainError) || error.code !== 'OUTPUT_REFUSED' || remains === '') return error;
  return new MaildrainError(error.code, `${error.message}; ${remains}`, { cause: error });
}
