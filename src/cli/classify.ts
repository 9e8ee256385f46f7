// `classify`: what mail in files says: bounces, complaints, automatic replies. Needs no database and no configuration. Finding and reading
// the messages is in mail-files/, the words for them in classify-words.ts.

import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { printable } from '../errors.ts';
import { messagesOf, sizeOf } from '../mail-files/messages.ts';
import { type ReadItem, readMessages, threadsFor } from '../mail-files/read-messages.ts';
import { Counts, documentOf, HEADING, rowsOf } from './classify-words.ts';
import type { GlobalOptions, Terminal } from './context.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type Cell, type Output, table } from './output.ts';
import { createProgressOf, perSecond, rateWords, type Shown } from './progress.ts';
import { listenForSignals } from './signals.ts';
import { bytes, count, duration, plural } from './words.ts';

/** Larger messages are not read; what `sizeLimit` of a mailbox is when nothing is configured. Mail servers refuse more than 25 to 50 MB. */
const MAX_SIZE = 50 * 1024 * 1024;

/** Rows that are printed together, so that their columns are straight: some screens, and little memory. */
const PAGE = 500;

/** Files of a directory that could not be read are named one by one up to here; then they are counted. */
const MAX_NAMED = 100;

export function addClassify(program: Command, terminal: Terminal): void {
  program
    .command('classify')
    .argument('[files...]', 'messages, mboxes, Maildirs and other directories; - for standard input')
    .description('Says what mail in files reports: bounces, complaints, automatic replies. Needs no configuration.')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain classify bounce.eml
  $ maildrain classify ~/Maildir old.mbox --json > readings.ndjson
  $ maildrain classify < message.eml
  $ zcat archive.mbox.gz | maildrain classify --json - | jq -r '.recipients[] | select(.hard) | .address'

A file that begins with a "From " line is read as an mbox; in directories, files that do not begin as mail does are left out.
Exit code 4 when something could not be read and the rest was, 1 when nothing could.`,
    )
    .action(async (files: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if (files.length === 0 && process.stdin.isTTY === true)
        throw new UsageError('name files or directories, or send a message to standard input');
      const paths = files.length === 0 ? ['-'] : files;
      if (paths.filter((path) => path === '-').length > 1) throw new UsageError('standard input can be read once only');
      terminal.exitCode = await classify(paths, options.json === true, terminal, process.stdin);
    });
}

async function classify(
  paths: readonly string[],
  json: boolean,
  terminal: Terminal,
  stdin: Readable,
): Promise<ExitCode | number> {
  const { out } = terminal;
  const counts = new Counts();
  // JSON on a terminal is progress enough, and a bar would get between its lines.
  const isQuiet = json && out.terminal;
  const progress = createProgressOf(terminal.stderr, 'classify', progressOf(isQuiet ? null : sizeOf(paths)));
  const interruption = listenForSignals(() => stdin.destroy());
  const { signal } = interruption;
  terminal.beforeLog = progress.clear;
  const page = json ? null : new Page(out, progress.clear);
  const startedAt = performance.now();
  try {
    const items = messagesOf(paths, { stdin, maxSize: MAX_SIZE, signal });
    for await (const item of readMessages(items, { threads: threadsFor(availableParallelism()) })) {
      if (signal.aborted || out.closed) break;
      counts.add(item);
      if (item.what === 'unread') {
        progress.clear();
        sayUnread(out, item, counts.unread);
      }
      if (page !== null) await page.add(item);
      else if (item.what !== 'left-out') await out.json(documentOf(item));
      if (!isQuiet) progress.update(counts);
    }
    await page?.print();
  } finally {
    progress.clear();
    terminal.beforeLog = () => {};
    interruption.release();
  }
  saySummary(out, counts, performance.now() - startedAt);
  const signalled = interruption.exitCode();
  if (signalled !== null) out.note('stopped before the end');
  if (signalled !== null) return signalled;
  if (counts.unread === 0) return EXIT.done;
  return counts.messages === 0 ? EXIT.failed : EXIT.partly;
}

/** Rows of a table until there are enough to print them. */
class Page {
  readonly #out: Output;
  readonly #beforePrint: () => void;
  #rows: Cell[][] = [];

  constructor(out: Output, beforePrint: () => void) {
    this.#out = out;
    this.#beforePrint = beforePrint;
  }

  async add(item: ReadItem): Promise<void> {
    if (item.what !== 'message') return;
    this.#rows.push(...rowsOf(item, this.#out.terminal));
    if (this.#rows.length >= PAGE) await this.print();
  }

  async print(): Promise<void> {
    if (this.#rows.length === 0) return;
    this.#beforePrint();
    await table(this.#out, HEADING, this.#rows);
    this.#rows = [];
  }
}

function progressOf(total: number | null): (counts: Counts, ms: number) => Shown {
  return (counts, ms) => {
    const share = total === null || total === 0 ? null : Math.min(1, counts.bytes / total);
    const rate = rateWords(perSecond(counts.messages, ms));
    const left = share === null || share === 0 ? '' : `, ${duration((ms / share) * (1 - share))} left`;
    const amount = total === null ? bytes(counts.bytes) : `${bytes(counts.bytes)} of ${bytes(total)}`;
    return { share, facts: `${plural(counts.messages, 'message')}, ${rate}, ${amount}${left}` };
  };
}

function sayUnread(out: Output, { name, number, message }: Extract<ReadItem, { what: 'unread' }>, nth: number): void {
  if (nth > MAX_NAMED) return;
  const which = number === null ? name : `${name}, message ${number}`;
  out.note(`not read: ${printable(which)}: ${printable(message)}`);
  if (nth === MAX_NAMED) out.note('not read: further ones are counted only; --json names them all');
}

function saySummary(out: Output, counts: Counts, ms: number): void {
  out.note(`${counts.words()}; ${bytes(counts.bytes)} in ${duration(ms)}`);
  if (counts.leftOut > 0) out.note(`${plural(counts.leftOut, 'file')} left out: not mail`);
  if (counts.unread > 0) out.note(`${count(counts.unread)} not read`);
}
