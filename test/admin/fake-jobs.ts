// Admin jobs that do nothing but count, and what tests need to run them: the engine sees of a job only what it yields.

import { onTestFinished } from 'vitest';
import { type EngineOptions, runTurn, type TurnOutcome } from '../../src/admin/engine.ts';
import type { AdminJob, Turn } from '../../src/admin/job.ts';
import { loginOf } from '../../src/config.ts';
import type { Log } from '../../src/log.ts';
import type { MailboxConfig } from '../../src/model.ts';
import type { AdminJobKind, Step } from '../../src/model-admin.ts';
import { enqueueJob, findJob, type Job, type NewJob } from '../../src/store/admin-jobs.ts';
import { migrate } from '../../src/store/migrate.ts';
import { type Database, openDatabase } from '../../src/store/pool.ts';
import { mailboxOn } from '../drain/mailbox.ts';
import { freshDatabase, templateDatabase } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** No server listens there; the fake jobs never ask. */
export const inbox: MailboxConfig = mailboxOn(1);

export async function storeForJobs(): Promise<{ database: Database; url: string }> {
  const template = await templateDatabase('migrated', async (url) => {
    await migrate(url);
  });
  const { url } = await freshDatabase(template);
  const database = openDatabase(url, 8, () => {});
  onTestFinished(() => database.close());
  return { database, url };
}

/** Counts from the cursor to `args.slices`, one a slice. */
export function counting(slice: (n: number, turn: Turn) => Promise<Partial<Step>>, needsMailbox = true): AdminJob {
  return {
    kind: 'purge',
    needsMailbox,
    async *work(turn) {
      const slices = Number(turn.request.args.slices);
      for (let n = Number(turn.request.cursor ?? 0) + 1; n <= slices; n++) {
        const more = await slice(n, turn);
        yield { done: 1, counts: { counted: 1 }, cursor: n, last: n === slices, ...more };
        if (turn.signal.aborted) return;
      }
    },
  };
}

export function engine(
  database: Database,
  job: AdminJob,
  timing: EngineOptions['timing'] = {},
  mailboxes: readonly MailboxConfig[] = [inbox],
): EngineOptions {
  const context = { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet };
  return { context, jobOf: (_: AdminJobKind) => job, mailboxes: () => mailboxes, timing };
}

export function enqueue(database: Database, slices: number, changes: Partial<NewJob> = {}): Promise<string> {
  return enqueueJob(database.sql, {
    kind: 'purge',
    mailbox: inbox.name,
    login: loginOf(inbox),
    planId: null,
    criteria: { all: true },
    args: { slices },
    total: slices,
    requestedBy: 'ann',
    ...changes,
  });
}

/** Turn after turn until the job has ended. */
export async function runToEnd(
  options: EngineOptions,
  id: string,
  signal = new AbortController().signal,
): Promise<TurnOutcome[]> {
  const outcomes: TurnOutcome[] = [];
  for (;;) {
    const turn = await runTurn(options, id, signal);
    outcomes.push(turn);
    if (turn.outcome === 'ended' || turn.outcome === 'unknown') return outcomes;
    if (outcomes.length > 1000) throw new Error('the job does not end');
    if (turn.outcome === 'busy') await sleep(20);
  }
}

export async function jobRow(database: Database, id: string): Promise<Job> {
  const job = await findJob(database.sql, id);
  if (job === null) throw new Error(`no job ${id}`);
  return job;
}

export const aborted = (signal: AbortSignal): Promise<unknown> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));

/** The connection of a turn ends, and its locks with it. */
export async function loseConnection(database: Database, { pen }: Turn): Promise<void> {
  const { rows } = await pen.client.query<{ pid: number }>('select pg_backend_pid() as pid');
  await database.sql.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await aborted(pen.lost);
  // It is told of its end before it gives up its locks.
  await until('its locks are free', async () => {
    const held = await database.sql.query('select from pg_locks where pid = $1', [rows[0]?.pid]);
    return held.rowCount === 0;
  });
}
