// The way from a plan to its end on a command line: shown, confirmed, enqueued, followed. Shared by every verb that plans, and by `plans apply`.

import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import type { EmptyPlan } from '../admin/plan.ts';
import type { PlanWords } from '../service-admin-api.ts';
import type { Maildrain } from '../service-api.ts';
import type { Plan } from '../store/plans.ts';
import { type GlobalOptions, type Terminal, withOpenService } from './context.ts';
import { EXIT, UsageError } from './exit.ts';
import { followJob } from './follow.ts';
import { type Leaving, listenForLeaving } from './leaving.ts';
import { deedOf, planDocument, printPlan, whereOf } from './plan-words.ts';
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
    const signals = listenForLeaving(terminal);
    const { signal } = signals;
    const onProgress = (done: number, total: number): void => {
      if (!signal.aborted) progress.update([done, total]);
    };
    try {
      const plan = await Promise.race([service.admin.plan({ ...words, onProgress }), aborted(signal)]);
      progress.clear();
      terminal.beforeLog = () => {};
      if (plan !== null) return await runPlan(service, plan, options, terminal, careful, signals);
      // It only looks: it may be left where it is.
      terminal.out.note('stopped while looking; nothing was changed');
      return signals.exitCode();
    } finally {
      signals.release();
    }
  });
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}

/** From a plan on. @param signals of whoever listens already */
export async function runPlan(
  service: Maildrain,
  plan: Plan | EmptyPlan,
  options: RunOptions,
  terminal: Terminal,
  careful = false,
  signals: Leaving = listenForLeaving(terminal),
): Promise<number> {
  const { out } = terminal;
  try {
    if (plan.id !== null) return await runFound(service, plan, options, terminal, careful, signals);
    if (options.json === true) await out.json(planDocument(plan));
    out.note(`nothing matches ${whereOf(plan)}; nothing to do`);
    return EXIT.done;
  } finally {
    signals.release();
  }
}

async function runFound(
  service: Maildrain,
  plan: Plan,
  options: RunOptions,
  terminal: Terminal,
  careful: boolean,
  signals: Leaving,
): Promise<number> {
  const { out } = terminal;
  if (options.json !== true) await printPlan(out, plan);
  else if (options.dryRun === true) await out.json(planDocument(plan));
  if (options.dryRun === true) {
    out.note(`nothing was changed; to do it: maildrain plans apply ${plan.id}`);
    return EXIT.done;
  }
  const later = `not done; to do it later: maildrain plans apply ${plan.id}`;
  if (!(await confirmed(plan, options, careful, signals.signal)) && !signals.signal.aborted) {
    out.note(later);
    return EXIT.failed;
  }
  return startAndFollow(service, () => service.admin.apply(plan.id), options, terminal, { signals, later });
}

export interface Start {
  /** Listening since what would be done was shown. */
  readonly signals: Leaving;
  /** Said when the person leaves before there is a job. */
  readonly later: string;
}

/** Enqueues by `start`, and then follows or leaves. */
export async function startAndFollow(
  service: Maildrain,
  start: () => Promise<string>,
  options: RunOptions,
  terminal: Terminal,
  { signals, later }: Start,
): Promise<number> {
  const { out } = terminal;
  if (signals.signal.aborted) {
    out.note(later);
    return signals.exitCode();
  }
  const id = await start();
  if (options.detach !== true) return followJob(service, id, options, terminal, signals);
  if (options.json === true) await out.json({ job: id });
  else await out.line(`job ${id}; follow it: maildrain jobs show ${id} --follow`);
  if (!(await service.admin.isWorked())) out.note(`no worker is running: job ${id} waits for "maildrain serve"`);
  return EXIT.done;
}

async function confirmed(plan: Plan, options: RunOptions, careful: boolean, signal: AbortSignal): Promise<boolean> {
  if (options.yes === true) return true;
  const later = `the plan is kept: maildrain plans apply ${plan.id} --yes`;
  if (careful) throw new UsageError(`without storing them first, this is done with --yes only (${later})`);
  if (!canAsk(options)) throw new UsageError(`there is no terminal to ask on: give --yes (${later})`);
  return ask(`${deedOf(plan)}?`, signal);
}

export function canAsk(options: GlobalOptions): boolean {
  return options.json !== true && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Anything but a yes is a no, Ctrl-C and the end of the input too. */
export async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal gives Ctrl-C to the reader as a key.
  reader.on('SIGINT', () => process.emit('SIGINT', 'SIGINT'));
  const over = new AbortController();
  reader.once('close', () => over.abort());
  try {
    const answer = await reader.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, over.signal]) });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (!signal.aborted && !over.signal.aborted) throw error;
    process.stderr.write('\n');
    return false;
  } finally {
    reader.close();
  }
}
