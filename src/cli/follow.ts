// Following an admin job from a terminal: a bar, or plain lines; what came of it; and where it stands when the person leaves it. Ctrl-C itself is in
// leaving.ts.

import { printable } from '../errors.ts';
import type { Maildrain } from '../service-api.ts';
import type { Job } from '../store/admin-jobs.ts';
import type { Terminal } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type Leaving, listenForLeaving, SECOND_MS } from './leaving.ts';
import type { Output } from './output.ts';
import { createProgressOf, perSecond, rateWords, type Shown } from './progress.ts';
import { isAttended, watchForWorkers } from './unworked.ts';
import { count, duration, fromNow } from './words.ts';

export interface FollowOptions {
  readonly json?: boolean | undefined;
  /** Works the job off in this process. */
  readonly here?: boolean | undefined;
}

/** Off a terminal nobody waits so long for a pause to be over: cron would start the next process beside this one. */
const LONG_MS = 5 * 60_000;

/** What a second Ctrl-C came to. */
interface Cancelling {
  asked: boolean;
  done: Promise<void>;
}

/** Shows the job until it has ended, or until the person goes away. @param signals those of whoever listens already */
export async function followJob(
  service: Maildrain,
  id: string,
  options: FollowOptions,
  terminal: Terminal,
  signals: Leaving = listenForLeaving(terminal),
): Promise<number> {
  const here = options.here === true;
  const leaving = new AbortController();
  const ending = new AbortController();
  const cancelling: Cancelling = { asked: false, done: Promise.resolve() };
  const again = `press Ctrl-C again within ${SECOND_MS / 1000} s to cancel it`;
  signals.react({
    leavesOnTerm: !here,
    onFirst: () => {
      terminal.out.note(
        here ? `job ${id} stops after the slice in hand and stays queued; ${again}` : `leaving job ${id}; ${again}`,
      );
      if (here) ending.abort();
    },
    onCancel: () => {
      terminal.out.note(`asking job ${id} to end after the slice in hand`);
      cancelling.asked = true;
      cancelling.done = cancel(service, id, terminal);
    },
    onLeave: () => leaving.abort(),
  });
  let unattended = false;
  const giveUp = (): void => {
    unattended = true;
    ending.abort();
    leaving.abort();
  };
  const working = here ? service.admin.work(id, ending.signal) : Promise.resolve();
  // Its failure is told once it is awaited.
  working.catch(() => leaving.abort());
  try {
    const last = await watch(
      service,
      id,
      { here, giveUp, left: signals.signal },
      terminal,
      AbortSignal.any([leaving.signal, ending.signal]),
    );
    await working;
    // It has stopped here sooner than a second Ctrl-C may come.
    if (here && !leaving.signal.aborted && !(await hasEnded(service, id))) await signals.decided();
    await cancelling.done;
    // The turn may have ended for us before it looked whether it is cancelled.
    if (here && cancelling.asked && !(await hasEnded(service, id))) await cancel(service, id, terminal);
    const job = (await service.admin.jobs.find(id)) ?? last;
    const ended = await report(service, job, options, terminal);
    if (ended !== null) return ended;
    if (unattended || job?.cancelRequestedAt !== null) return EXIT.partly;
    // Left to a worker it goes on; what was worked here does not.
    return here ? signals.exitCode() : EXIT.done;
  } finally {
    signals.release();
    terminal.beforeLog = () => {};
  }
}

async function hasEnded(service: Maildrain, id: string): Promise<boolean> {
  return (await service.admin.jobs.find(id))?.finishedAt !== null;
}

async function cancel(service: Maildrain, id: string, { out }: Terminal): Promise<void> {
  try {
    await service.admin.jobs.cancel(id);
  } catch (error) {
    out.note(
      `job ${id} could not be asked to end: ${printable(error instanceof Error ? error.message : String(error))}; later: maildrain jobs cancel ${id}`,
    );
  }
}

async function watch(
  service: Maildrain,
  id: string,
  { here, giveUp, left }: { readonly here: boolean; readonly giveUp: () => void; readonly left: AbortSignal },
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
  const over = new AbortController();
  const watching = AbortSignal.any([signal, over.signal]);
  // Whoever is leaving is told once, at the end.
  const say = (text: string): void => (left.aborted ? undefined : note(text));
  if (!here) watchForWorkers(service, id, watching, { say, onGiveUp: giveUp });
  try {
    for await (const job of service.admin.follow(id, signal)) {
      last = job;
      base ??= job.done;
      if (job.finishedAt !== null) break;
      if (job.notBefore !== null && job.notBefore > new Date()) {
        note(
          `job ${id}${job.errorCode === null ? ' waits' : `: ${job.errorCode}: ${printable(job.error ?? '')}`}; ${again(job.notBefore)}`,
        );
        if (here && !isAttended() && job.notBefore.getTime() > Date.now() + LONG_MS) giveUp();
      } else progress.update(job);
    }
  } finally {
    over.abort();
    progress.clear();
  }
  return last;
}

function again(at: Date): string {
  return `tried again ${fromNow(at)}`;
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
    .map(([name, n]) => `, ${countName(name)} ${count(n)}`)
    .join('');
}

/** `alreadyStored` as `already stored`. */
export function countName(name: string): string {
  return printable(name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}

/** Says what came of the job, or where it is left. Null: it has not ended. */
async function report(
  service: Maildrain,
  job: Job | null,
  options: FollowOptions,
  terminal: Terminal,
): Promise<ExitCode | null> {
  if (job === null) return EXIT.failed;
  const { out } = terminal;
  if (options.json === true) await out.json(job);
  if (job.finishedAt !== null) {
    if (options.json !== true) await printEnd(out, job);
    return exitOfJob(job);
  }
  const where = await whereLeft(service, job);
  if (options.json === true) out.note(where);
  else await out.line(where);
  return null;
}

/** What becomes of a job that is left, and how to come back to it. */
export async function whereLeft(service: Maildrain, { id, cancelRequestedAt, notBefore }: Job): Promise<string> {
  if (cancelRequestedAt !== null)
    return `job ${id} has been asked to end, and does after the slice in hand; see: maildrain jobs show ${id} --follow`;
  const follow = `follow it: maildrain jobs show ${id} --follow; cancel it: maildrain jobs cancel ${id}`;
  return (await service.admin.isWorked().catch(() => true))
    ? `job ${id} goes on; ${follow}`
    : `job ${id} waits for a worker ("maildrain serve", or "maildrain jobs retry ${id} --here")${notBefore !== null && notBefore > new Date() ? `, and is ${again(notBefore)}` : ''}; ${follow}`;
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
