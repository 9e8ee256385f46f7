// `reclassify`: reads stored mail again with today's reader. What would change is worked out and shown first: kinds, reports, suppressions.

import { type Command, InvalidArgumentError } from 'commander';
import type { ReclassifyDiff } from '../admin/reclassify.ts';
import type { CriteriaWords } from '../criteria.ts';
import { printable } from '../errors.ts';
import { READER_VERSION } from '../mail/read.ts';
import type { JobWords } from '../service-admin-api.ts';
import { addRunOptions, type RunOptions } from './admin-run.ts';
import { type Terminal, withOpenService } from './context.ts';
import { addCriteriaOptions, criteriaWords } from './criteria-options.ts';
import type { Output } from './output.ts';
import { createProgressOf, perSecond, rateWords } from './progress.ts';
import { confirmAndRun } from './stored-jobs.ts';
import { count, instant, plural } from './words.ts';

type Given = RunOptions & CriteriaWords & { readonly mailbox?: string; readonly readerBefore?: number };

/** Changes of suppressions that are shown to a person, and that are kept for `--json`. */
const MAX_SHOWN = 20;
const MAX_KEPT = 10_000;

/** What a reclassify comes to. */
interface Summary {
  read: number;
  expired: number;
  reportsExpired: number;
  changed: number;
  /** From one kind to another: `other -> bounce`. */
  readonly kinds: Record<string, number>;
  readonly reports: { added: number; gone: number };
  readonly suppressions: { added: number; changed: number; lifted: number; first: unknown[] };
}

export function addReclassify(program: Command, terminal: Terminal): void {
  const command = program
    .command('reclassify')
    .description("Reads stored mail again with today's reader, and changes what it reads otherwise. Shows that first.")
    .option('--mailbox <name>', 'mail of this mailbox only')
    .option(
      '--reader-before <version>',
      "what a reader before this version has read; default: before today's",
      version,
    );
  addCriteriaOptions(command, 'stored');
  command.option('--dry-run', 'show what would change; change nothing');
  addRunOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain reclassify --dry-run
  $ maildrain reclassify --since 2026-10-01 --yes --detach

Today's reader is version ${READER_VERSION}. Without criteria all that an older one has read is read again.`,
    )
    .action(async (_: object, verb: Command) => {
      const options = verb.optsWithGlobals<Given>();
      await reclassify(options, terminal);
    });
}

function version(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Give a whole number, as in the column "reader".');
  return Number(text);
}

async function reclassify(options: Given, terminal: Terminal): Promise<void> {
  const { mailbox, readerBefore } = options;
  const args = readerBefore === undefined ? {} : { readerBefore };
  const words: JobWords = { kind: 'reclassify', mailbox, criteria: criteriaWords(options), args };
  terminal.exitCode = await withOpenService(options, terminal, async (service) => {
    const { messages: total } = await service.admin.count(words);
    const progress = createProgressOf<number>(terminal.stderr, 'reading again', (done, ms) => ({
      share: total === 0 ? 1 : done / total,
      facts: `${count(done)} of ${count(total)} messages, ${rateWords(perSecond(done, ms))}`,
    }));
    terminal.beforeLog = progress.clear;
    const summary = emptySummary();
    const { kind: _, ...what } = words;
    for await (const diff of service.admin.reclassifyDiff(what)) {
      add(summary, diff);
      progress.update(summary.read + summary.expired);
    }
    progress.clear();
    terminal.beforeLog = () => {};
    const { lifted, added, changed } = summary.suppressions;
    const sentence = `change ${plural(summary.changed, 'message')} of ${count(summary.read)}, and ${plural(added + changed + lifted, 'suppression')}`;
    return confirmAndRun(service, options, terminal, {
      words,
      sentence,
      summary,
      isEmpty: total === 0,
      show: () => print(terminal.out, sentence, summary),
    });
  });
}

function emptySummary(): Summary {
  return {
    read: 0,
    expired: 0,
    reportsExpired: 0,
    changed: 0,
    kinds: {},
    reports: { added: 0, gone: 0 },
    suppressions: { added: 0, changed: 0, lifted: 0, first: [] },
  };
}

function add(summary: Summary, diff: ReclassifyDiff): void {
  const { messages, suppressions } = diff;
  summary.read += diff.read;
  summary.expired += diff.expired;
  summary.reportsExpired += diff.reportsExpired;
  summary.changed += messages.length;
  for (const { kind, reports } of messages) {
    if (kind.was !== kind.is) {
      const name = `${kind.was} -> ${kind.is}`;
      summary.kinds[name] = (summary.kinds[name] ?? 0) + 1;
    }
    summary.reports.added += reports.added.length;
    summary.reports.gone += reports.gone.length;
  }
  for (const change of suppressions) {
    if (change.is === null) summary.suppressions.lifted++;
    else if (change.was === null) summary.suppressions.added++;
    else summary.suppressions.changed++;
    if (summary.suppressions.first.length < MAX_KEPT) summary.suppressions.first.push(change);
  }
}

async function print(out: Output, sentence: string, summary: Summary): Promise<void> {
  const { reports, suppressions, expired, reportsExpired } = summary;
  await out.line(`${out.paint('bold', 'reclassify')}: ${sentence}`);
  for (const [name, n] of Object.entries(summary.kinds))
    await out.line(`  ${printable(name)}: ${plural(n, 'message')}`);
  if (reports.added + reports.gone > 0)
    await out.line(`  reports: ${count(reports.added)} new or other, ${count(reports.gone)} gone`);
  const changes = suppressions.first as ReclassifyDiff['suppressions'];
  for (const { address, was, is } of changes.slice(0, MAX_SHOWN))
    await out.line(`  ${printable(address)}: ${stands(was)} -> ${stands(is)}`);
  if (changes.length > MAX_SHOWN) await out.line(`  ... and ${count(changes.length - MAX_SHOWN)} more suppressions`);
  if (expired > 0) await out.line(`  ${plural(expired, 'message')} cannot be read again: the octets have expired`);
  if (reportsExpired > 0)
    await out.line(
      `  ${plural(reportsExpired, 'message')} without changes to reports: those of that month have expired`,
    );
}

function stands(what: { readonly reason: string; readonly until: Date | null } | null): string {
  if (what === null) return 'not suppressed';
  return `${printable(what.reason)}${what.until === null ? '' : ` until ${instant(what.until)}`}`;
}
