// `suppressions list|check|plan|export`: who is written to no more, and what another policy would mean. Changing it by hand is in
// suppressions-edit.ts.

import { type Command, Option } from 'commander';
import { SUPPRESSIBLE } from '../config-schema-reports.ts';
import { printable } from '../errors.ts';
import type { Maildrain } from '../service-api.ts';
import { DEFAULT_LIMIT } from '../store/limit.ts';
import type { PlannedChange } from '../store/suppression-plan.ts';
import type { Suppression, SuppressionFilter } from '../store/suppressions.ts';
import { readAddresses } from './addresses.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { csvLine } from './csv.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type Cell, type Output, table } from './output.ts';
import { createProgressOf, type Shown } from './progress.ts';
import { addSuppressionsEdit } from './suppressions-edit.ts';
import { count, cut, instant, parseLimit, parseTime, plural } from './words.ts';

type ListArguments = GlobalOptions & SuppressionFilter;

interface ExportArguments extends GlobalOptions {
  readonly format?: 'csv' | 'ndjson';
}

/** Changes of a plan that are listed for people; all of them are counted. */
const MAX_PLANNED = 50;
/** Addresses asked for by one statement. */
const CHECK_AT_ONCE = 1000;
const ADDRESS_WIDTH = 48;
/** No end of its own. */
const FOREVER = 'until lifted';

export function addSuppressions(program: Command, terminal: Terminal): void {
  const suppressions = program
    .command('suppressions')
    .description('Addresses that are written to no more: asking, changing by hand, what a policy would do.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain suppressions check ann@example.org\n  $ maildrain suppressions export --format csv > suppressed.csv',
    );
  suppressions
    .command('list')
    .description('Suppressions that stand, in the order of addresses.')
    .addOption(new Option('--reason <reason>', 'only for this reason').choices([...SUPPRESSIBLE, 'manual']))
    .addOption(new Option('--source <source>', 'only made so').choices(['report', 'manual', 'import']))
    .option('--domain <domain>', 'only addresses of exactly this domain')
    .option('--since <time>', 'suppressed since: 2026-10-01 (midnight UTC), or an age such as 7d', parseTime)
    .option('--limit <n>', 'at most so many', parseLimit, DEFAULT_LIMIT)
    .option('--after <address>', 'only addresses after this one: the next page')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain suppressions list --reason complaint --since 7d
  $ maildrain suppressions list --domain example.org --json | jq -r .address`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<ListArguments>();
      terminal.exitCode = await withService(options, terminal, (service) => list(service, options, terminal.out));
    });
  suppressions
    .command('check')
    .argument('<addresses...>', 'addresses, or - for one a line on stdin')
    .description('Whether addresses are suppressed. Exit code 0: none of them; 4: at least one.')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain suppressions check ann@example.org bob@example.org
  $ maildrain suppressions check - --json < list.txt | jq -r 'select(.suppressed | not).address'`,
    )
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { addresses } = await readAddresses(words);
      terminal.exitCode = await withService(options, terminal, (service) =>
        check(service, addresses, options, terminal.out),
      );
    });
  addSuppressionsEdit(suppressions, terminal);
  suppressions
    .command('plan')
    .description(
      'What the policy of the configuration would have made of the reports that are there, where that is not what stands. Changes nothing.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain suppressions plan --config changed.yaml
  $ maildrain suppressions plan --json | jq -r 'select(.change == "remove").address'`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, (service) => plan(service, options, terminal));
    });
  suppressions
    .command('export')
    .description('All suppressions that stand on stdout, however many. CSV is made safe for spreadsheets.')
    .addOption(new Option('--format <format>', 'csv or ndjson (default: csv)').choices(['csv', 'ndjson']))
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain suppressions export --format csv > suppressed.csv
  $ maildrain suppressions export --format ndjson | jq -r .address`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<ExportArguments>();
      if (options.json === true && options.format === 'csv')
        throw new UsageError('--json and --format csv are two formats: give one of them');
      terminal.exitCode = await withService(options, terminal, (service) => exportAll(service, options, terminal));
    });
}

function untilCell(until: Date | null): Cell {
  return { text: until === null ? FOREVER : instant(until) };
}

async function list(service: Maildrain, options: ListArguments, out: Output): Promise<ExitCode> {
  const { reason, source, domain, since, after, limit } = options;
  const found = await service.suppressions.list({ reason, source, domain, since, after, limit });
  if (options.json === true) {
    for (const suppression of found) await out.json(suppression);
    return EXIT.done;
  }
  if (found.length === 0) {
    out.note('no such suppressions');
    return EXIT.done;
  }
  await table(
    out,
    ['ADDRESS', 'REASON', 'SOURCE', 'SINCE', 'UNTIL', 'MESSAGE', 'NOTE'],
    found.map((suppression) => [{ text: cut(suppression.address, ADDRESS_WIDTH) }, ...cellsOf(suppression)]),
  );
  const last = found.at(-1);
  if (found.length === limit && last !== undefined) out.note(`more: the same with --after ${printable(last.address)}`);
  return EXIT.done;
}

function cellsOf({ reason, source, since, until, messageId, note }: Suppression): Cell[] {
  return [
    { text: reason },
    { text: source },
    { text: instant(since) },
    untilCell(until),
    { text: messageId ?? '-' },
    { text: note ?? '-' },
  ];
}

async function check(
  service: Maildrain,
  addresses: readonly string[],
  options: GlobalOptions,
  out: Output,
): Promise<ExitCode> {
  const found = new Map<string, Suppression>();
  for (let from = 0; from < addresses.length; from += CHECK_AT_ONCE)
    for (const suppression of await service.suppressions.findMany(addresses.slice(from, from + CHECK_AT_ONCE)))
      found.set(suppression.address, suppression);
  if (options.json === true) {
    for (const address of addresses)
      await out.json({ address, suppressed: found.has(address), suppression: found.get(address) ?? null });
  } else if (addresses.length > 0) {
    await table(
      out,
      ['ADDRESS', 'MAY BE WRITTEN TO', 'REASON', 'UNTIL', 'NOTE'],
      addresses.map((address): Cell[] => {
        const suppression = found.get(address);
        if (suppression === undefined)
          return [{ text: address }, { text: 'yes', colour: 'green' }, { text: '-' }, { text: '-' }, { text: '-' }];
        const { reason, until, note } = suppression;
        return [
          { text: address },
          { text: 'no', colour: 'red' },
          { text: reason },
          untilCell(until),
          { text: note ?? '-' },
        ];
      }),
    );
  }
  return found.size > 0 ? EXIT.partly : EXIT.done;
}

async function plan(service: Maildrain, options: GlobalOptions, { out, stderr }: Terminal): Promise<ExitCode> {
  const counter = createProgressOf(stderr, 'plan', counted('addresses looked at'));
  const first: PlannedChange[] = [];
  const counts = new Map<string, { change: string; reason: string; addresses: number }>();
  try {
    for await (const planned of service.suppressions.plan({ onProgress: counter.update })) {
      if (options.json === true) {
        counter.clear();
        await out.json(planned);
        if (out.closed) return EXIT.done;
        continue;
      }
      const { change, reason } = planned;
      const key = `${change} ${reason}`;
      counts.set(key, { change, reason, addresses: (counts.get(key)?.addresses ?? 0) + 1 });
      if (first.length < MAX_PLANNED) first.push(planned);
    }
  } finally {
    counter.clear();
  }
  if (options.json !== true) await printPlan(out, first, [...counts.values()]);
  return EXIT.done;
}

async function printPlan(
  out: Output,
  first: readonly PlannedChange[],
  counts: readonly { change: string; reason: string; addresses: number }[],
): Promise<void> {
  if (counts.length === 0) {
    await out.line('nothing would change: what stands is what this policy makes of the reports that are there');
    return;
  }
  const all = counts.reduce((sum, { addresses }) => sum + addresses, 0);
  await table(
    out,
    ['CHANGE', 'ADDRESSES', 'REASON'],
    counts
      .toSorted((a, b) => b.addresses - a.addresses)
      .map(({ change, reason, addresses }) => [{ text: change }, { text: count(addresses) }, { text: reason }]),
  );
  await out.line();
  await table(
    out,
    ['ADDRESS', 'CHANGE', 'REASON', 'UNTIL', 'NOW UNTIL'],
    first.map(({ address, change, reason, until, was }) => [
      { text: cut(address, ADDRESS_WIDTH) },
      { text: change },
      { text: reason },
      change === 'remove' ? { text: '-' } : untilCell(until),
      was === null ? { text: '-' } : untilCell(was.until),
    ]),
  );
  if (all > first.length)
    out.note(`and ${plural(all - first.length, 'change')} more: --json lists all of them, one a line`);
}

const CSV_HEADING = ['address', 'reason', 'source', 'since', 'until', 'message_id', 'note'];

async function exportAll(service: Maildrain, options: ExportArguments, { out, stderr }: Terminal): Promise<ExitCode> {
  const csv = options.json !== true && options.format !== 'ndjson';
  // A terminal that shows the rows themselves needs no count of them.
  const counter = out.terminal ? null : createProgressOf(stderr, 'export', counted('suppressions'));
  let done = 0;
  try {
    if (csv) await out.octets(csvLine(CSV_HEADING));
    for await (const suppression of service.suppressions.export()) {
      if (csv) await out.octets(shown(out, csvLine(csvCells(suppression))));
      else await out.json(suppression);
      if (out.closed) break;
      counter?.update(++done);
    }
  } finally {
    counter?.clear();
  }
  return EXIT.done;
}

/** A file gets the exact cells; a terminal would obey what a note or an address may hold. */
function shown(out: Output, line: string): string {
  return out.terminal ? `${printable(line.replace(/\r\n$/, ''))}\n` : line;
}

function csvCells({ address, reason, source, since, until, messageId, note }: Suppression): (string | null)[] {
  return [address, reason, source, since.toISOString(), until?.toISOString() ?? null, messageId, note];
}

function counted(noun: string): (done: number) => Shown {
  return (done) => ({ share: null, facts: `${count(done)} ${noun}` });
}
