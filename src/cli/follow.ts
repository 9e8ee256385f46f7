// Following an admin job from a terminal: a bar, or plain lines; what came of it; and Ctrl-C, which leaves the job to its worker the first time and asks
// to cancel it the second.

import { printable } from '../errors.ts';
import type { Maildrain } from '../service-api.ts';
import type { Job } from '../store/admin-jobs.ts';
import type { Terminal } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { createProgressOf, perSecond, rateWords, type Shown } from './progress.ts';
import { ECHO_MS } from './signals.ts';
import { count, duration, fromNow } from './words.ts';

/** After the first Ctrl-C: how long the second may take. */
const SECOND_MS = 2_000;
/** A worker takes a job up within a moment; after so long there is probably none. */
const UNWORKED_MS = 3_000;

export interface FollowOptions {
  readonly json?: boolean | undefined;
  /** Works the job off in this process. */
  readonly here?: boolean | undefined;
}

/** Shows the job until it has ended, or until the person goes away. */
export async function followJob(
  service: Maildrain,
  id: string,
  options: FollowOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const leaving = new AbortController();
  const ending = new AbortController();
  const signals = listen(terminal, id, options.here === true, {
    onLeave: () => leaving.abort(),
    onCancel: () => void service.admin.jobs.cancel(id).catch(() => undefined),
    onEnd: () => ending.abort(),
  });
  const working = options.here === true ? service.admin.work(id, ending.signal) : Promise.resolve();
  // Its failure is told once it is awaited.
  working.catch(() => leaving.abort());
  try {
    const last = await watch(service, id, options, terminal, AbortSignal.any([leaving.signal, ending.signal]));
    await working;
    const job = (await service.admin.jobs.find(id)) ?? last;
    return await report(job, options, terminal, id);
  } finally {
    signals.release();
    terminal.beforeLog = () => {};
  }
}

async function watch(
  service: Maildrain,
  id: string,
  options: FollowOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Job | null> {
  let last: Job | null = null;
  let base: number | null = null;
  let said = '';
  const progress = createProgressOf<Job>(terminal.stderr, `job ${id}`, (job, ms) =>
    shown(job, job.done - (base ?? 0), ms),
  );
  terminal.beforeLog = progress.clear;
  const note = (text: string): void => {
    if (text === said) return;
    said = text;
    progress.clear();
    terminal.out.note(text);
  };
  const unworked = setTimeout(() => {
    if (options.here === true || last?.state !== 'queued' || last.startedAt !== null) return;
    void sayUnworked(service, id, note);
  }, UNWORKED_MS);
  try {
    for await (const job of service.admin.follow(id, signal)) {
      last = job;
      base ??= job.done;
      if (job.finishedAt !== null) break;
      if (job.notBefore !== null && job.errorCode !== null)
        note(`job ${id}: ${job.errorCode}: ${printable(job.error ?? '')}; tried again ${fromNow(job.notBefore)}`);
      else progress.update(job);
    }
  } finally {
    clearTimeout(unworked);
    progress.clear();
  }
  return last;
}

async function sayUnworked(service: Maildrain, id: string, note: (text: string) => void): Promise<void> {
  const worked = await service.admin.isWorked().catch(() => true);
  note(
    worked
      ? `job ${id} waits: its mailbox, or the workers, are busy with something else`
      : `job ${id} waits, for no worker is running: start "maildrain serve", or Ctrl-C and "maildrain jobs retry ${id} --here"`,
  );
}

function shown({ done, total, counts }: Job, since: number, ms: number): Shown {
  const rate = perSecond(since, ms);
  if (total === null) return { share: null, facts: `${count(done)} done, ${rateWords(rate)}${countWords(counts)}` };
  const left = rate > 0 && total > done ? `, ${duration(((total - done) / rate) * 1000)} left` : '';
  return {
    share: total === 0 ? 1 : done / total,
    facts: `${count(done)} of ${count(total)}, ${rateWords(rate)}${countWords(counts)}${left}`,
  };
}

function countWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, n]) => `, ${printable(name)} ${count(n)}`)
    .join('');
}

async function report(job: Job | null, options: FollowOptions, terminal: Terminal, id: string): Promise<ExitCode> {
  if (job === null) return EXIT.failed;
  if (options.json === true) await terminal.out.json(job);
  if (job.finishedAt === null) {
    if (options.json !== true)
      await terminal.out.line(`job ${id} goes on; follow it again: maildrain jobs show ${id} --follow`);
    return EXIT.done;
  }
  if (options.json !== true) await printEnd(terminal.out, job);
  return exitOfJob(job);
}

export async function printEnd(out: Output, job: Job): Promise<void> {
  const of = job.total === null ? '' : ` of ${count(job.total)}`;
  const name = `job ${job.id} (${job.kind}${job.mailbox === null ? '' : ` ${printable(job.mailbox)}`})`;
  await out.line(`${out.paint('bold', name)}: ${stateWords(out, job)}`);
  await out.line(`  ${count(job.done)}${of} done${countWords(job.counts)}${spent(job)}`);
  for (const note of job.notes) await out.line(`  note: ${printable(note)}`);
  if (job.errorCode !== null) await out.line(`  ${job.errorCode}: ${printable(job.error ?? '')}`);
}

function spent({ startedAt, finishedAt }: Job): string {
  return startedAt === null || finishedAt === null ? '' : `; ${duration(finishedAt.getTime() - startedAt.getTime())}`;
}

export function stateWords(out: Output, { state, cancelRequestedBy }: Job): string {
  switch (state) {
    case 'done':
      return out.paint('green', 'done');
    case 'partial':
      return out.paint('yellow', 'partly done');
    case 'failed':
      return out.paint('red', 'failed');
    case 'cancelled':
      return out.paint('yellow', `cancelled by ${printable(cancelRequestedBy ?? 'somebody')}`);
    default:
      return state;
  }
}

export function exitOfJob({ state, errorCode }: Pick<Job, 'state' | 'errorCode'>): ExitCode {
  if (state === 'failed') return errorCode === 'MAILBOX_STOPPED' ? EXIT.stopped : EXIT.failed;
  return state === 'partial' || state === 'cancelled' ? EXIT.partly : EXIT.done;
}

interface Reactions {
  readonly onLeave: () => void;
  readonly onCancel: () => void;
  readonly onEnd: () => void;
}

/**
 * The first signal detaches, after a moment in which a second one asks to cancel; the third leaves whatever happens. A job that runs here ends after its
 * slice at the first.
 */
function listen(
  terminal: Terminal,
  id: string,
  here: boolean,
  { onLeave, onCancel, onEnd }: Reactions,
): { release(): void } {
  let signals = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const first = (): void => {
    if (here) {
      terminal.out.note(`job ${id} stops after the slice in hand and stays queued; Ctrl-C again to cancel it`);
      onEnd();
      return;
    }
    terminal.out.note(`job ${id} goes on without this terminal; Ctrl-C again to cancel it`);
    timer = setTimeout(onLeave, SECOND_MS);
  };
  const handler = (name: NodeJS.Signals): void => {
    if (performance.now() - lastAt < ECHO_MS) return;
    lastAt = performance.now();
    signals++;
    clearTimeout(timer);
    terminal.beforeLog();
    // A supervisor's SIGTERM has no second thoughts.
    if (signals > 2 || (name === 'SIGTERM' && !here)) onLeave();
    else if (signals === 1) first();
    else {
      terminal.out.note(`asking job ${id} to end after the slice in hand`);
      onCancel();
    }
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return {
    release() {
      clearTimeout(timer);
      process.off('SIGINT', handler);
      process.off('SIGTERM', handler);
    },
  };
}
