// `suppressions add|remove`: what people change by hand. All addresses or none: every one is looked at first, and the change is one transaction.

import type { Command } from 'commander';
import { printable } from '../errors.ts';
import type { Maildrain } from '../service-api.ts';
import { type GivenAddresses, readAddresses } from './addresses.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { count, instant, parseUntil, plural } from './words.ts';

interface AddArguments extends GlobalOptions {
  readonly until?: Date;
  readonly note?: string;
}

/** Addresses that are named to a person; all are in `--json`. */
const MAX_NAMED = 20;

export function addSuppressionsEdit(suppressions: Command, terminal: Terminal): void {
  suppressions
    .command('add')
    .argument('<addresses...>', 'addresses, or - for one a line on stdin (source "import")')
    .description('Suppresses addresses, whatever was reported of them. All or none.')
    .option(
      '--until <time>',
      'for so long (90d, 12h) or until a day such as 2027-10-01; without it until removed',
      parseUntil,
    )
    .option('--note <text>', 'why, for people')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain suppressions add ann@example.org --note 'asked by telephone'
  $ maildrain suppressions add ann@example.org bob@example.org --until 90d
  $ maildrain suppressions add - --note 'list of the old system' < suppressed.txt`,
    )
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<AddArguments>();
      const given = await readAddresses(words);
      terminal.exitCode = await withService(options, terminal, (service) => add(service, given, options, terminal.out));
    });
  suppressions
    .command('remove')
    .argument('<addresses...>', 'addresses, or - for one a line on stdin')
    .description('Lifts suppressions; what was reported of the addresses before counts no more. All or none.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain suppressions remove ann@example.org\n  $ maildrain suppressions remove - < repaired.txt',
    )
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { addresses } = await readAddresses(words);
      terminal.exitCode = await withService(options, terminal, (service) =>
        remove(service, addresses, options, terminal.out),
      );
    });
}

async function add(
  service: Maildrain,
  { addresses, listed }: GivenAddresses,
  options: AddArguments,
  out: Output,
): Promise<ExitCode> {
  const { until = null, note = null } = options;
  const added = await service.suppressions.add(addresses, { until, note, source: listed ? 'import' : 'manual' });
  const were = new Set(added);
  const unchanged = addresses.filter((address) => !were.has(address));
  if (options.json === true) {
    await out.json({ added, unchanged, until });
    return EXIT.done;
  }
  await out.line(
    `${plural(added.length, 'suppression')} ${added.length === 1 ? 'is' : 'are'} new or changed, ${until === null ? 'until removed' : `until ${instant(until)}`}`,
  );
  if (unchanged.length > 0) out.note(`${count(unchanged.length)} stood so already: ${named(unchanged)}`);
  return EXIT.done;
}

async function remove(
  service: Maildrain,
  addresses: readonly string[],
  options: GlobalOptions,
  out: Output,
): Promise<ExitCode> {
  const { removed, absent } = await service.suppressions.remove(addresses);
  if (options.json === true) {
    await out.json({ removed, absent });
    return EXIT.done;
  }
  await out.line(`${plural(removed.length, 'suppression')} removed; earlier reports count no more`);
  if (absent.length > 0)
    out.note(`${count(absent.length)} not suppressed, their earlier reports count no more either: ${named(absent)}`);
  return EXIT.done;
}

/** Identities hold no control characters, but may hold invisible ones. */
function named(addresses: readonly string[]): string {
  const shown = addresses.slice(0, MAX_NAMED).map(printable).join(' ');
  return addresses.length > MAX_NAMED ? `${shown} ...` : shown;
}
