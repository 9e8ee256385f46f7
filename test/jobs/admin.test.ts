// Admin jobs on the queue, on both backends: turn after turn, put back after a death, found again when the queue forgot, and beside the drains. The
// turn is a function here; the engine has tests of its own.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TurnOutcome } from '../../src/admin/engine.ts';
import type { JobsOptions } from '../../src/jobs/jobs.ts';
import { createProducer } from '../../src/jobs/producer.ts';
import { until } from '../support/until.ts';
import { backends, counting, mailbox, memoryLog, type Rig, serve, sleep, stopAll } from './backends.ts';

const AGAIN: TurnOutcome = { outcome: 'again', at: null };
const DONE: TurnOutcome = { outcome: 'ended', state: 'done' };

describe.each(backends)('admin jobs on $name', (backend) => {
  beforeAll(() => backend.open());
  afterEach(() => stopAll());
  afterAll(() => backend.close());

  /** A service whose turns are `turn`; `open` are the rows that Postgres would show. */
  const rig = (
    turn: (id: string, signal: AbortSignal) => Promise<TurnOutcome>,
    open: () => readonly string[] = () => [],
    options: Partial<JobsOptions> = {},
  ): Promise<Rig> =>
    serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: counting().drain,
      admin: { turn, open: async () => open() },
      timing: { waitMs: [50, 100], tickMs: 300 },
      ...options,
    });

  it('take turn after turn until they have ended, two jobs side by side', async () => {
    const turns: string[] = [];
    const { jobs } = await rig(async (id) => {
      turns.push(id);
      await sleep(20);
      return turns.filter((each) => each === id).length < 5 ? AGAIN : DONE;
    });
    await Promise.all(['1', '2'].map((id) => jobs.enqueueAdmin(id)));
    await until('both ended', () => turns.length === 10);
    await sleep(400);
    expect(turns.length).toBe(10);
    // The id is free again: a retry.
    await jobs.enqueueAdmin('1');
    await until('and once more', () => turns.length === 11);
  });

  it('wait while they are in other hands or must pause, and are brought forward by who asks', async () => {
    const turns: number[] = [];
    const { jobs } = await rig(async () => {
      turns.push(Date.now());
      if (turns.length < 3) return { outcome: 'busy' };
      return turns.length === 3 ? { outcome: 'again', at: new Date(Date.now() + 3_600_000) } : DONE;
    });
    await jobs.enqueueAdmin('7');
    await until('two busy turns and a pause', () => turns.length === 3);
    await sleep(500);
    expect(turns.length).toBe(3);
    await jobs.enqueueAdmin('7');
    await until('at once', () => turns.length === 4);
  });

  it('are put back by the tick when the queue forgot them, and told by another process', async () => {
    const turns: string[] = [];
    let open: string[] = [];
    const { jobs, prefix } = await rig(
      async (id) => {
        turns.push(id);
        open = open.filter((each) => each !== id);
        return DONE;
      },
      () => open,
    );
    open = ['3'];
    await until('found by itself', () => turns.includes('3'));
    const { log } = memoryLog();
    const producer = await createProducer({ ...backend.urls(), prefix, log });
    await producer.enqueueAdmin('4');
    await until('told by another process', () => turns.includes('4'));
    await producer.close();
    await backend.forget(prefix);
    await jobs.enqueueAdmin('5');
    await until('after the queue forgot everything', () => turns.includes('5'));
  });

  it('go on elsewhere when their worker loses its lock, and are told to end', async () => {
    let aborted = 0;
    let turns = 0;
    const { jobs, prefix } = await rig(
      async (_, signal) => {
        turns++;
        if (turns > 1) return DONE;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        aborted++;
        return AGAIN;
      },
      () => [],
      { timing: { lockMs: 1_000, waitMs: [50, 100], tickMs: 300 } },
    );
    await jobs.enqueueAdmin('9');
    await until('it runs', () => turns === 1);
    await backend.takeLocks(backend.name === 'redis' ? prefix : `${prefix}-admin`);
    await until('it is told', () => aborted === 1);
    await until('it runs again', () => turns === 2);
  });

  it('end their turn when the process stops, and are there for the next one', async () => {
    const turns: string[] = [];
    const first = await rig(async (id, signal) => {
      turns.push(`first ${id}`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      return AGAIN;
    });
    await first.jobs.enqueueAdmin('1');
    await until('it runs', () => turns.length === 1);
    await first.jobs.stop(5_000);
    await rig(
      async (id) => {
        turns.push(`second ${id}`);
        return DONE;
      },
      () => [],
      { prefix: first.prefix },
    );
    await until('it goes on', () => turns.includes('second 1'));
  });

  it('leave the places of drains free', async () => {
    const drains = counting();
    const { jobs } = await rig(
      async (_, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        return AGAIN;
      },
      () => [],
      { concurrency: 1, drain: drains.drain },
    );
    for (const id of ['1', '2', '3']) await jobs.enqueueAdmin(id);
    await sleep(300);
    await jobs.enqueue('m');
    await until('a drain runs', () => drains.calls.length === 1);
  });

  it('fail in the queue without an end of their own when nothing could be written down, and are found again', async () => {
    let turns = 0;
    const { lines } = await rig(
      async () => {
        turns++;
        if (turns === 1) throw new Error('Postgres is away');
        return DONE;
      },
      () => (turns < 2 ? ['5'] : []),
    );
    await until('tried again', () => turns === 2);
    expect(lines.filter(({ message }) => message === 'turn of an admin job failed')).toHaveLength(1);
  });
});
