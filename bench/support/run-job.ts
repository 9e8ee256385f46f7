// Half of an admin job, as a process of its own, through the public API: makes the plan and enqueues the job, as the command line does, or works the
// job off, as a worker does. Compiled by programs.ts.

import { createMaildrain, type Maildrain } from '../../src/index.ts';
import { type Finished, finish, MAILBOX, optionsOf, readTask, type Task } from './task.ts';

/** A job on everything that the INBOX has. */
export interface JobTask extends Task {
  readonly kind: 'purge' | 'move';
  readonly args: Readonly<Record<string, unknown>>;
  /** Null: it is to be planned. */
  readonly jobId: string | null;
}

export interface JobFinished extends Finished {
  readonly jobId: string;
}

const task = readTask<JobTask>();
const maildrain = await createMaildrain(optionsOf(task));
const startedAt = performance.now();
const jobId = task.jobId ?? (await enqueue(maildrain));
if (task.jobId !== null) await work(maildrain, task.jobId);
const endedAt = performance.now();
await maildrain.stop();
finish(startedAt, endedAt, { jobId });

async function enqueue({ admin }: Maildrain): Promise<string> {
  const { kind, args } = task;
  const plan = await admin.plan({ kind, mailbox: MAILBOX, criteria: { all: true }, args, by: 'bench' });
  if (plan.id === null) throw new Error('the mailbox is empty: there is nothing to plan');
  return admin.apply(plan.id, { by: 'bench' });
}

async function work({ admin }: Maildrain, id: string): Promise<void> {
  await admin.work(id, new AbortController().signal);
  const job = await admin.jobs.find(id);
  if (job?.state !== 'done') throw new Error(`the job is not done: ${JSON.stringify(job)}`);
}
