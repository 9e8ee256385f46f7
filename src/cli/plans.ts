// `plans list|show|apply`: what jobs would do, kept until somebody says so.

import type { Command } from 'commander';
import { findConfigured } from '../service-mailboxes.ts';
import type { Plan } from '../store/plans.ts';
import { addRunOptions, type RunOptions, runPlan } from './admin-run.ts';
import { type GlobalOptions, type Terminal, withOpenService, withService } from './context.ts';
import { EXIT, type ExitCode, NotThere } from './exit.ts';
import { type Output, table } from './output.ts';
import { planDocument, printPlan } from './plan-words.ts';
import { count, instant, parseLimit } from './words.ts';

interface ListArguments extends GlobalOptions {
  readonly mailbox?: string;
  readonly limit: number;
}

export function addPlans(program: Command, terminal: Terminal): void {
  const plans = program
    .command('plans')
    .description('What admin jobs would do, as they were shown: list, show, apply.')
    .addHelpText('after', '\nExamples:\n  $ maildrain plans list\n  $ maildrain plans apply 12');
  plans
    .command('list')
    .description('Plans, newest first.')
    .option('--mailbox <name>', 'of this mailbox only')
    .option('--limit <number>', 'at most so many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  $ maildrain plans list --mailbox bounces')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<ListArguments>();
      const { mailbox } = options;
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const plans = await service.admin.plans.list(options);
        // Plans of a mailbox that is no longer configured are still here; a name that nobody knows is a mistake.
        if (plans.length === 0 && mailbox !== undefined) findConfigured(service.mailboxes(), mailbox);
        return list(plans, options, terminal.out);
      });
    });
  plans
    .command('show')
    .argument('<id>', 'plan')
    .description('One plan: which messages, how many, and a sample of them.')
    .addHelpText('after', '\nExamples:\n  $ maildrain plans show 12')
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const plan = there(await service.admin.plans.find(id), id);
        if (options.json === true) await terminal.out.json(planDocument(plan));
        else await printPlan(terminal.out, plan);
        return EXIT.done;
      });
    });
  addRunOptions(
    plans
      .command('apply')
      .argument('<id>', 'plan')
      .description('Does what a plan says, to exactly the messages it lists.')
      .addHelpText('after', '\nExamples:\n  $ maildrain plans apply 12 --yes --detach'),
  ).action(async (id: string, _: object, command: Command) => {
    const options = command.optsWithGlobals<RunOptions>();
    terminal.exitCode = await withOpenService(options, terminal, async (service) => {
      const plan = there(await service.admin.plans.find(id), id);
      return runPlan(service, plan, options, terminal, plan.args.store === false);
    });
  });
}

function there(plan: Plan | null, id: string): Plan {
  if (plan === null) throw new NotThere(`there is no plan ${id} ("maildrain plans list" shows those there are)`);
  return plan;
}

async function list(plans: readonly Plan[], options: GlobalOptions, out: Output): Promise<ExitCode> {
  if (options.json === true) {
    for (const plan of plans) await out.json(planDocument(plan));
    return EXIT.done;
  }
  if (plans.length === 0) {
    out.note('there are no plans');
    return EXIT.done;
  }
  await table(
    out,
    ['ID', 'JOB', 'MAILBOX', 'MESSAGES', 'MADE', 'BY', 'APPLIED', 'FOLDER'],
    plans.map((plan) => [
      { text: plan.id },
      { text: plan.job },
      { text: plan.mailbox },
      { text: count(plan.messages) },
      { text: instant(plan.createdAt) },
      { text: plan.createdBy },
      { text: plan.jobId === null ? '-' : `job ${plan.jobId}, ${plan.jobState}` },
      { text: plan.folder },
    ]),
  );
  return EXIT.done;
}
