// The queued jobs over stored mail: `restore` here, `reclassify` in its own file. What one is about is shown and confirmed, and then it runs as every job
// does.

import type { Command } from 'commander';
import { otherAccountsNote } from '../admin/restore-origin.ts';
import type { CriteriaWords } from '../criteria.ts';
import { printable } from '../errors.ts';
import type { JobWords } from '../service-admin-api.ts';
import type { Maildrain } from '../service-api.ts';
import { addRunOptions, ask, canAsk, type RunOptions, startAndFollow } from './admin-run.ts';
import { type Terminal, withOpenService } from './context.ts';
import { addCriteriaOptions, criteriaWords } from './criteria-options.ts';
import { EXIT, UsageError } from './exit.ts';
import { listenForLeaving } from './leaving.ts';
import { printSample } from './plan-words.ts';
import { bytes, count, instant, plural } from './words.ts';

type RestoreGiven = RunOptions & CriteriaWords & { readonly mailbox?: string; readonly folder?: string };

export function addStoredJobs(program: Command, terminal: Terminal): void {
  const restore = program
    .command('restore')
    .description(
      'Puts stored mail back on its server, as it was: octets, flags, date; on Gmail its labels. Each message once.',
    )
    .option('--mailbox <name>', 'whose mail, and where to; default: the only one that is configured')
    .option('--folder <folder>', 'into this folder in place of the one the mailbox drains');
  addCriteriaOptions(restore, 'stored');
  restore.option('--dry-run', 'say how many there are; change nothing');
  addRunOptions(restore)
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain restore --mailbox office --since 2026-10-01
  $ maildrain restore --mailbox office --message-id 'abc@example.com' --folder Found

The next drain leaves alone what was put back. Octets that have expired cannot be put back.`,
    )
    .action(async (_: object, command: Command) => {
      await putBack(command.optsWithGlobals<RestoreGiven>(), terminal);
    });
}

async function putBack(options: RestoreGiven, terminal: Terminal): Promise<void> {
  const { mailbox, folder } = options;
  const args = folder === undefined ? {} : { folder };
  const words: JobWords = { kind: 'restore', mailbox, criteria: criteriaWords(options), args };
  terminal.exitCode = await withOpenService(options, terminal, async (service) => {
    const { kind, ...what } = words;
    const plan = await service.admin.restorePlan(what);
    const where = `"${plan.folder}" of ${plan.mailbox}`;
    const there = plan.present === 0 ? '' : `, but for ${count(plan.present)} already there`;
    const sentence = printable(`put ${plural(plan.messages, 'message')} back into ${where}${there}`);
    const when = plan.messages === 0 ? '' : `, ${instant(plan.oldest)} to ${instant(plan.newest)}`;
    const others = otherAccountsNote(plan, plan.otherAccounts);
    return confirmAndRun(service, options, terminal, {
      words,
      sentence,
      show: async () => {
        await terminal.out.line(`${kind}: ${sentence} (${bytes(plan.bytes)}${when})`);
        if (others !== null) await terminal.out.line(printable(others));
        await printSample(terminal.out, 'MESSAGE', plan.sample, plan.messages);
      },
      summary: plan,
      isEmpty: plan.messages === 0,
    });
  });
}

export interface Shown {
  readonly words: JobWords;
  /** What would be done. */
  readonly sentence: string;
  readonly show: () => Promise<void>;
  /** The same as a document. */
  readonly summary: object;
  readonly isEmpty: boolean;
}

/** From what is known beforehand to the end of the job. */
export async function confirmAndRun(
  service: Maildrain,
  options: RunOptions,
  terminal: Terminal,
  { words, sentence, show, summary, isEmpty }: Shown,
): Promise<number> {
  const { out } = terminal;
  const ends = options.dryRun === true || isEmpty;
  const signals = listenForLeaving(terminal);
  try {
    if (options.json !== true) await show();
    else if (ends) await out.json(summary);
    if (isEmpty) out.note('nothing matches; nothing to do');
    else if (options.dryRun === true) out.note('nothing was changed');
    if (ends) return EXIT.done;
    if (options.yes !== true) {
      if (!canAsk(options)) throw new UsageError('there is no terminal to ask on: give --yes');
      if (!(await ask(`${sentence}?`, signals.signal)) && !signals.signal.aborted) {
        out.note('not done');
        return EXIT.failed;
      }
    }
    const start = (): Promise<string> => service.admin.enqueue(words);
    return await startAndFollow(service, start, options, terminal, { signals, later: 'not done' });
  } finally {
    signals.release();
  }
}
