// The way from a plan to its end on a command line: shown, confirmed, enqueued, followed. Shared by every verb that plans, and by `plans apply`.

import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import type { EmptyPlan } from '../admin/plan.ts';
import type { PlanWords } from '../service-admin-api.ts';
import type { Maildrain } from '../service-api.ts';
import type { Plan } from '../store/plans.ts';
import { type GlobalOptions, type Terminal, withOpenService } from './context.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { followJob } from './follow.ts';
import { deedOf, printPlan, whereOf } from './plan-words.ts';
import { createProgressOf } from './progress.ts';
import { count } from './words.ts';

/** What every verb that ends in a job can be told. */
export interface RunOptions extends GlobalOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly detach?: boolean;
  readonly here?: boolean;
}

/** Adds what makes a job start: `--yes`, and where it runs and is watched. */
export function addRunOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'do it without asking; needed where there is no terminal to ask on')
    .addOption(new Option('--detach', 'print the id of the job and leave').conflicts('here'))
    .option('--here', 'work the job off in this process, without "maildrain serve"');
}

/** Makes a plan, shows it, and unless it is a dry run does what it says. @param careful asked for by --yes only */
export function planAndRun(
  options: RunOptions,
  terminal: Terminal,
  words: Omit<PlanWords, 'onProgress'>,
  careful = false,
): Promise<number> {
  return withOpenService(options, terminal, async (service) => {
    const progress = createProgressOf<readonly [number, number]>(terminal.stderr, 'planning', ([done, total]) => ({
      share: total === 0 ? 1 : done / total,
      facts: `looked at ${count(done)} of ${count(total)} messages`,
    }));
    terminal.beforeLog = progress.clear;
    const plan = await service.admin.plan({ ...words, onProgress: (done, total) => progress.update([done, total]) });
    progress.clear();
    terminal.beforeLog = () => {};
    return runPlan(service, plan, options, terminal, careful);
  });
}

/** From a plan on. */
export async function runPlan(
  service: Maildrain,
  plan: Plan | EmptyPlan,
  options: RunOptions,
  terminal: Terminal,
  careful = false,
): Promise<ExitCode> {
  const { out } = terminal;
  if (plan.id === null) {
    if (options.json === true) await out.json(plan);
    out.note(`nothing matches ${whereOf(plan)}; nothing to do`);
    return EXIT.done;
  }
  if (options.json !== true) await printPlan(out, plan);
  else if (options.dryRun === true) await out.json(plan);
  if (options.dryRun === true) {
    out.note(`nothing was changed; to do it: maildrain plans apply ${plan.id}`);
    return EXIT.done;
  }
  if (!(await confirmed(plan, options, careful))) {
    out.note(`not done; to do it later: maildrain plans apply ${plan.id}`);
    return EXIT.failed;
  }
  return startAndFollow(service, () => service.admin.apply(plan.id), options, terminal);
}

/** Enqueues by `start`, and then follows or leaves. */
export async function startAndFollow(
  service: Maildrain,
  start: () => Promise<string>,
  options: RunOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const id = await start();
  if (options.detach !== true) return followJob(service, id, options, terminal);
  if (options.json === true) await terminal.out.json({ job: id });
  else await terminal.out.line(`job ${id}; follow it: maildrain jobs show ${id} --follow`);
  return EXIT.done;
}

async function confirmed(plan: Plan, options: RunOptions, careful: boolean): Promise<boolean> {
  if (options.yes === true) return true;
  const later = `the plan is kept: maildrain plans apply ${plan.id} --yes`;
  if (careful) throw new UsageError(`without storing them first, this is done with --yes only (${later})`);
  if (!canAsk(options)) throw new UsageError(`there is no terminal to ask on: give --yes (${later})`);
  return ask(`${deedOf(plan)}?`);
}

export function canAsk(options: GlobalOptions): boolean {
  return options.json !== true && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Anything but a yes is a no. */
export async function ask(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
