// `jobs list|show|cancel|retry`: admin jobs, wherever they run.

import { type Command, Option } from 'commander';
import { describeCriteria } from '../criteria.ts';
import { printable } from '../errors.ts';
import type { Maildrain } from '../service-api.ts';
import { findConfigured } from '../service-mailboxes.ts';
import { JOB_STATES, type Job, type JobState } from '../store/admin-jobs.ts';
import { addRunOptions, type RunOptions, startAndFollow } from './admin-run.ts';
import { type GlobalOptions, type Terminal, withOpenService, withService } from './context.ts';
import { EXIT, type ExitCode, NotThere, UsageError } from './exit.ts';
import { countName, exitOfJob, followJob, stateWords } from './follow.ts';
import { listenForLeaving } from './leaving.ts';
import { optionWords } from './option-words.ts';
import { facts, type Output, table } from './output.ts';
import { count, fromNow, instant, parseLimit } from './words.ts';

interface ListArguments extends GlobalOptions {
  readonly mailbox?: string;
  readonly state?: JobState;
  readonly limit: number;
}

interface ShowArguments extends GlobalOptions {
  readonly follow?: boolean;
}

/** Longest wait of `cancel` for the end of the slice in hand; usually seconds. */
const CANCEL_MS = 30_000;

export function addJobs(program: Command, terminal: Terminal): void {
  const jobs = program
    .command('jobs')
    .description('Admin jobs, wherever they run: list, show, cancel, retry.')
    .addHelpText('after', '\nExamples:\n  $ maildrain jobs list\n  $ maildrain jobs show 7 --follow');
  jobs
    .command('list')
    .description('Jobs, newest first.')
    .option('--mailbox <name>', 'of this mailbox only')
    .addOption(new Option('--state <state>', 'in this state only').choices(JOB_STATES))
    .option('--limit <number>', 'at most so many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  $ maildrain jobs list --state failed')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<ListArguments>();
      const { mailbox, state, limit } = options;
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const states = state === undefined ? undefined : [state];
        const jobs = await service.admin.jobs.list({ mailbox, states, limit });
        // Jobs of a mailbox that is no longer configured are still here; a name that nobody knows is a mistake.
        if (jobs.length === 0 && mailbox !== undefined) findConfigured(service.mailboxes(), mailbox);
        return list(jobs, options, terminal.out);
      });
    });
  jobs
    .command('show')
    .argument('<id>', 'job')
    .description('One job: what was asked for, by whom, and how far it has come.')
    .option('--follow', 'stay and show its progress until it has ended')
    .addHelpText('after', '\nExamples:\n  $ maildrain jobs show 7\n  $ maildrain jobs show 7 --follow')
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<ShowArguments>();
      terminal.exitCode = await withOpenService(options, terminal, async (service) => {
        const job = there(await service.admin.jobs.find(id), id);
        if (options.follow === true) return followJob(service, id, options, terminal);
        if (options.json === true) await terminal.out.json(job);
        else await show(terminal.out, job);
        return EXIT.done;
      });
    });
  jobs
    .command('cancel')
    .argument('<id>', 'job')
    .description('Ends a job between two slices, on whatever host it runs; what is done stays done.')
    .addHelpText('after', '\nExamples:\n  $ maildrain jobs cancel 7')
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, (service) => cancel(service, id, options, terminal));
    });
  addRunOptions(
    jobs
      .command('retry')
      .argument('<id>', 'job')
      .description(
        'Takes a job up again that failed or was cancelled, where it ended; one that is partly done from its beginning.',
      )
      .addHelpText(
        'after',
        `
Examples:
  $ maildrain jobs retry 7
  $ maildrain jobs retry 7 --here

A running "maildrain serve" takes it up. Where there is none: --here works it off in this process, also a job that is still queued. Without a terminal
the verb waits 20 seconds for a worker, then leaves the job queued and exits with 4.`,
      ),
  ).action(async (id: string, _: object, command: Command) => {
    const options = command.optsWithGlobals<RunOptions>();
    terminal.exitCode = await withOpenService(options, terminal, (service) => retry(service, id, options, terminal));
  });
}

function there(job: Job | null, id: string): Job {
  if (job === null) throw new NotThere(`there is no job ${id} ("maildrain jobs list" shows those there are)`);
  return job;
}

async function cancel(service: Maildrain, id: string, options: GlobalOptions, terminal: Terminal): Promise<ExitCode> {
  const { out } = terminal;
  const before = there(await service.admin.jobs.find(id), id);
  if (before.finishedAt !== null) throw new UsageError(`job ${id} has ended already: it is ${before.state}`);
  let job = there(await service.admin.jobs.cancel(id), id);
  if (job.finishedAt === null) out.note(`job ${id} ends after the slice in hand`);
  for await (const now of service.admin.follow(id, AbortSignal.timeout(CANCEL_MS))) job = now;
  if (options.json === true) await out.json(job);
  else if (job.finishedAt === null) await out.line(`job ${id} has been asked to end and has not yet`);
  else {
    await out.line(`job ${id}: ${stateWords(out, job)}; ${count(job.done)} done`);
    for (const note of job.notes) await out.line(`  note: ${printable(note)}`);
  }
  return job.state === 'cancelled' ? EXIT.done : job.finishedAt === null ? EXIT.partly : exitOfJob(job);
}

/** With `--here` a job that nobody works on is taken up as it is. */
async function retry(service: Maildrain, id: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const job = there(await service.admin.jobs.find(id), id);
  if (job.state === 'done') throw new UsageError(`job ${id} is done: there is nothing to take up again`);
  const isOpen = job.finishedAt === null;
  if (isOpen && options.here !== true)
    throw new UsageError(
      `job ${id} is ${job.state} and is taken up by "maildrain serve" by itself; --here works it off in this process`,
    );
  const start = async (): Promise<string> => {
    if (!isOpen) await service.admin.jobs.retry(id);
    return id;
  };
  const signals = listenForLeaving(terminal);
  try {
    return await startAndFollow(service, start, options, terminal, { signals, later: `job ${id} is left as it was` });
  } finally {
    signals.release();
  }
}

async function list(jobs: readonly Job[], options: GlobalOptions, out: Output): Promise<ExitCode> {
  if (options.json === true) {
    for (const job of jobs) await out.json(job);
    return EXIT.done;
  }
  if (jobs.length === 0) {
    out.note('there are no jobs');
    return EXIT.done;
  }
  await table(
    out,
    ['ID', 'JOB', 'MAILBOX', 'DONE', 'ASKED FOR', 'BY', 'STATE'],
    jobs.map((job) => [
      { text: job.id },
      { text: job.kind },
      { text: job.mailbox ?? '-' },
      { text: `${count(job.done)}${job.total === null ? '' : ` of ${count(job.total)}`}` },
      { text: instant(job.createdAt) },
      { text: job.requestedBy },
      { text: `${job.state}${job.errorCode === null ? '' : ` (${job.errorCode})`}` },
    ]),
  );
  return EXIT.done;
}

async function show(out: Output, job: Job): Promise<void> {
  await out.line(`${out.paint('bold', `job ${job.id}`)}: ${stateWords(out, job)}`);
  const ending = job.finishedAt === null && job.cancelRequestedAt !== null;
  await facts(
    out,
    [
      ['job', job.kind],
      ['mailbox', job.mailbox],
      ['plan', job.planId],
      ['which', job.criteria === null ? null : describeCriteria(job.criteria)],
      ['options', optionWords(job.kind, job.args)],
      ['asked for by', `${job.requestedBy}, ${instant(job.createdAt)}`],
      ['done', `${count(job.done)}${job.total === null ? '' : ` of ${count(job.total)}`}`],
      ...Object.entries(job.counts).map(([name, n]) => [countName(name), count(n)] as const),
      ['started', instantOrNull(job.startedAt)],
      ['last sign', job.finishedAt === null && job.heartbeatAt !== null ? fromNow(job.heartbeatAt) : null],
      ['ended', instantOrNull(job.finishedAt)],
      ['cancelled by', ending ? `${job.cancelRequestedBy}: ends after the slice in hand` : null],
      ['tried again', job.notBefore === null ? null : fromNow(job.notBefore)],
      ['error', job.errorCode === null ? null : `${job.errorCode}: ${job.error ?? ''}`],
    ],
    '  ',
  );
  for (const note of job.notes) await out.line(`  note: ${printable(note)}`);
}

function instantOrNull(date: Date | null): string | null {
  return date === null ? null : instant(date);
}
