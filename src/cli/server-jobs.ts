// The jobs on a mail server: `purge`, `empty-trash`, `move`, `copy`, `flag`, `undelete`. Each plans, shows, asks, enqueues and follows (admin-run.ts);
// what they do there is in admin/.

import type { Command } from 'commander';
import type { CriteriaWords } from '../criteria.ts';
import type { PlannedJob } from '../service-admin-api.ts';
import { addRunOptions, planAndRun, type RunOptions } from './admin-run.ts';
import type { Terminal } from './context.ts';
import { addCriteriaOptions, criteriaWords } from './criteria-options.ts';

type Taken = readonly (keyof CriteriaWords)[];
type Given = RunOptions & CriteriaWords & { readonly folder?: string };
type PurgeGiven = Given & { readonly store: boolean; readonly forever?: boolean };
type TrashGiven = Given & { readonly junk?: boolean };
type MoveGiven = RunOptions & Omit<CriteriaWords, 'to'> & { readonly folder?: string; to: string; create?: boolean };
type FlagGiven = Given & { readonly add?: readonly string[]; readonly remove?: readonly string[] };

/** `--to` of these names the folder that messages go to. */
const TO: Taken = ['to'];

const gather = (text: string, before: readonly string[] = []): string[] => [...before, text];

export function addServerJobs(program: Command, terminal: Terminal): void {
  verb(program, 'purge', 'Takes messages off the server, once they are stored here. On Gmail: to Trash.', [
    '$ maildrain purge bounces --before 2015-01-01 --dry-run',
    "$ maildrain purge gmail --folder '\\All' --before 2015-01-01",
    '$ maildrain purge shared --kind bounce --yes --detach',
  ])
    .option('--no-store', 'do not store them first; wants --yes')
    .option('--forever', 'Gmail: out of Trash as well')
    .action(async (mailbox: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<PurgeGiven>();
      const { store, forever = false } = options;
      await run('purge', mailbox, options, { store, forever }, terminal, { careful: !store });
    });
  verb(program, 'empty-trash', "Removes messages in the account's Trash (or Junk) for ever, without storing them.", [
    '$ maildrain empty-trash gmail --all',
    '$ maildrain empty-trash gmail --junk --older-than 7d',
  ])
    .option('--junk', 'the folder \\Junk in place of \\Trash')
    .action(async (mailbox: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<TrashGiven>();
      await run('empty-trash', mailbox, options, { junk: options.junk ?? false }, terminal);
    });
  for (const kind of ['move', 'copy'] as const) {
    verb(
      program,
      kind,
      kind === 'move' ? 'Moves messages to another folder of the account.' : 'Copies messages to another folder.',
      [`$ maildrain ${kind} office --to Archive/2025 --create --since 2025-01-01 --before 2026-01-01`],
      TO,
    )
      .requiredOption('--to <folder>', 'where to: a path, or an attribute such as \\Archive')
      .option('--create', 'make that folder if it is not there')
      .action(async (mailbox: string, _: object, command: Command) => {
        const options = command.optsWithGlobals<MoveGiven>();
        const { to, create = false, ...rest } = options;
        await run(kind, mailbox, rest, { to, create }, terminal, { taken: TO });
      });
  }
  verb(program, 'flag', 'Sets or lifts flags of messages.', [
    "$ maildrain flag office --add '\\Seen' --older-than 30d",
    "$ maildrain flag office --remove '\\Flagged' --from news@example.com",
  ])
    .option('--add <flag>', 'flag or keyword to set; repeatable', gather)
    .option('--remove <flag>', 'flag or keyword to lift; repeatable', gather)
    .action(async (mailbox: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<FlagGiven>();
      await run('flag', mailbox, options, { add: options.add ?? [], remove: options.remove ?? [] }, terminal);
    });
  verb(program, 'undelete', 'Lifts \\Deleted from messages that are still there. On Gmail: back from Trash.', [
    '$ maildrain undelete office --since 2026-10-01',
    '$ maildrain undelete gmail --all',
  ]).action(async (mailbox: string, _: object, command: Command) => {
    await run('undelete', mailbox, command.optsWithGlobals<Given>(), {}, terminal);
  });
}

function verb(
  program: Command,
  kind: PlannedJob,
  description: string,
  examples: readonly string[],
  taken: Taken = [],
): Command {
  const command = program.command(kind).argument('<name>', 'mailbox').description(description);
  // These have their folder in their name.
  if (kind !== 'empty-trash') command.option('--folder <folder>', 'look there: a path, or an attribute such as \\All');
  addCriteriaOptions(command, 'server', taken);
  command.option('--dry-run', 'show the plan and keep it; change nothing');
  return addRunOptions(command).addHelpText(
    'after',
    `
Examples:
${examples.map((line) => `  ${line}`).join('\n')}

The plan is shown first: how many, of when, and a sample. Only what it lists is touched, whatever arrives meanwhile.
Ctrl-C leaves the job to its worker; a second one within 5 seconds cancels it.`,
  );
}

async function run(
  kind: PlannedJob,
  mailbox: string,
  options: RunOptions & Omit<CriteriaWords, 'to'> & { readonly folder?: string },
  args: Readonly<Record<string, unknown>>,
  terminal: Terminal,
  { taken = [], careful = false }: { readonly taken?: Taken; readonly careful?: boolean } = {},
): Promise<void> {
  const { folder } = options;
  const criteria = criteriaWords(options, taken);
  terminal.exitCode = await planAndRun(options, terminal, { kind, mailbox, folder, criteria, args }, careful);
}
