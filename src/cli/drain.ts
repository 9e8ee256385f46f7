// `drain`: one pass over mailboxes here and now, one after the other, with progress and a report. The drain itself is in drain/.

import type { Command } from 'commander';
import { printable } from '../errors.ts';
import type { DrainReport } from '../model.ts';
import type { Maildrain } from '../service-api.ts';
import { findConfigured } from '../service-mailboxes.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode, exitOfDrain, UsageError, worst } from './exit.ts';
import type { Output } from './output.ts';
import { createProgress } from './progress.ts';
import { bytes, count, duration, fromNow, instant } from './words.ts';

interface DrainArguments extends GlobalOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly enqueue?: boolean;
}

export function addDrain(program: Command, terminal: Terminal): void {
  program
    .command('drain')
    .argument('[names...]', 'mailboxes, as they are named in the configuration')
    .description('Drains mailboxes once, here and now, without a queue: fetch, store, take off the server, verify.')
    .option('--all', 'every configured mailbox')
    .option('--dry-run', 'say what would be done; change nothing, fetch nothing')
    .option('--enqueue', 'leave it to a running "maildrain serve"')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain drain bounces --dry-run
  $ maildrain drain bounces
  $ maildrain drain --all --json | jq .stored
  $ maildrain drain bounces --enqueue

Ctrl-C ends after the batch in hand; a second one ends at once. Nothing is lost either way.`,
    )
    .action(async (names: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<DrainArguments>();
      if (options.all === true && names.length > 0) throw new UsageError('name mailboxes or give --all, not both');
      if (options.dryRun === true && options.enqueue === true)
        throw new UsageError('--dry-run looks here and now, --enqueue leaves it to another process: give one of them');
      if (options.all !== true && names.length === 0)
        throw new UsageError('name the mailboxes to drain, or give --all ("maildrain config check" lists them)');
      terminal.exitCode = await withService(
        options,
        terminal,
        (service, signal) => drainEach(service, chosen(service, names), options, terminal, signal),
        { onSignal: () => sayStopping(terminal) },
      );
    });
}

function sayStopping(terminal: Terminal): void {
  terminal.beforeLog();
  terminal.out.note('stopping after the batch in hand; once more to stop at once');
}

/** Each once, in the order given; every name is known before anything is drained. */
function chosen(service: Maildrain, names: readonly string[]): string[] {
  const configured = service.mailboxes();
  if (names.length === 0) return configured.map((mailbox) => mailbox.name);
  return [...new Set(names)].map((name) => findConfigured(configured, name).name);
}

async function drainEach(
  service: Maildrain,
  names: readonly string[],
  options: DrainArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { out } = terminal;
  if (options.enqueue === true) return enqueueEach(service, names, options, out);
  // A first use: somebody who tries one drain has no tables yet. An existing schema is only changed by `migrate` and `serve`.
  if (options.dryRun !== true && (await service.schema()).version === 0) await service.migrate();
  const codes: ExitCode[] = [];
  for (const name of names) {
    if (signal.aborted) {
      terminal.out.note(`${name}: not drained, stopped before`);
      codes.push(EXIT.partly);
      continue;
    }
    const progress = createProgress(terminal.stderr, name);
    terminal.beforeLog = progress.clear;
    const report = await service.drain(name, {
      signal,
      dryRun: options.dryRun === true,
      onProgress: progress.update,
    });
    progress.clear();
    terminal.beforeLog = () => {};
    codes.push(exitOfDrain(report));
    if (options.json === true) await out.json(report);
    else await printReport(out, report);
  }
  return worst(codes);
}

async function enqueueEach(
  service: Maildrain,
  names: readonly string[],
  options: GlobalOptions,
  out: Output,
): Promise<ExitCode> {
  for (const mailbox of names) {
    const job = await service.enqueue(mailbox);
    if (options.json === true) await out.json({ mailbox, job });
    else await out.line(`${mailbox}: enqueued (job ${printable(job)})`);
  }
  // A database that nobody has migrated cannot say; `serve` migrates it.
  if (!(await service.admin.isWorked().catch(() => false)))
    out.note('no worker is running: they wait for "maildrain serve"');
  return EXIT.done;
}

async function printReport(out: Output, report: DrainReport): Promise<void> {
  const dry = report.outcome === 'dry-run';
  await out.line(`${out.paint('bold', report.mailbox)}: ${headline(out, report)}`);
  const counts: (readonly [string, number])[] = dry
    ? [
        ['listed', report.listed],
        ['would be fetched', report.fetched],
        ['would be held', report.held],
        ['skipped', report.skipped],
      ]
    : [
        ['listed', report.listed],
        ['fetched', report.fetched],
        ['stored', report.stored],
        ['adopted', report.adopted],
        ['disposed', report.disposed],
        ['gone', report.gone],
        ['skipped', report.skipped],
        ['held', report.held],
        ['missing', report.missing],
        ['owed', report.pending],
      ];
  // The main numbers always, the unusual ones when they are there.
  const always = new Set(['listed', 'fetched', 'stored', 'disposed', 'would be fetched']);
  const shown = counts.filter(([name, value]) => value > 0 || always.has(name));
  if (ran(report))
    await out.line(`  ${shown.map(([name, value]) => `${name} ${count(value)}`).join(', ')}; ${amount(report)}`);
  for (const note of report.notes) await out.line(`  note: ${printable(note)}`);
  if (report.error !== null) await out.line(`  ${report.error.code}: ${printable(report.error.message)}`);
  if (report.retryAt !== null)
    await out.line(`  tried again ${fromNow(report.retryAt)} at the earliest (${instant(report.retryAt)})`);
}

/** Whether it came as far as looking at the mailbox. */
function ran({ outcome, listed, error }: DrainReport): boolean {
  return ['done', 'partial', 'dry-run'].includes(outcome) || (error !== null && listed > 0);
}

function amount({ bytes: octets, ms, outcome }: DrainReport): string {
  return outcome === 'dry-run' ? bytes(octets) : `${bytes(octets)} in ${duration(ms)}`;
}

function headline(out: Output, report: DrainReport): string {
  switch (report.outcome) {
    case 'done':
      return out.paint('green', 'done');
    case 'partial':
      return out.paint('yellow', 'partly done');
    case 'busy':
      return out.paint('yellow', 'another drain of this login is running; nothing done here');
    case 'waiting':
      return out.paint('yellow', 'waits; nothing done');
    case 'dry-run':
      return 'dry run, nothing was changed';
    case 'stopped':
      return out.paint('red', `stopped until "maildrain resume ${report.mailbox}"`);
    case 'failed':
      return out.paint('red', 'failed');
  }
}
