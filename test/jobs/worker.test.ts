// What becomes of a job, on both backends: outcomes, lost locks, stalls, stopping. The same table of tests, run on Redis and on Postgres.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MaildrainError } from '../../src/errors.ts';
import { createProducer } from '../../src/jobs/producer.ts';
import { until } from '../support/until.ts';
import { backends, counting, mailbox, memoryLog, report, serve, sleep, stopAll } from './backends.ts';

// Schedules of a second, outages of three: nothing here waits this long when it works.

/** Resolves when the signal aborts, at the latest after `ms`. */
function aborted(signal: AbortSignal, ms = 8_000): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

describe.each(backends)('jobs on $name', (backend) => {
  beforeAll(() => backend.open());
  afterEach(() => stopAll());
  afterAll(() => backend.close());

  it('runs "drain now" once however often it is asked for, and once more after an active run', async () => {
    const calls: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { jobs } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        calls.push(name);
        if (calls.length === 1) await gate;
        return report(name);
      },
    });
    await jobs.enqueue('m');
    await until('the first runs', () => calls.length === 1);
    for (let n = 0; n < 5; n++) expect(await jobs.enqueue('m')).not.toBe('');
    release();
    await until('the second runs', () => calls.length === 2);
    await sleep(500);
    expect(calls.length).toBe(2);
  });

  it('lets "drain now" follow a drain that runs elsewhere', async () => {
    const calls: string[] = [];
    const { jobs } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        calls.push(name);
        return report(name, { outcome: calls.length < 3 ? 'busy' : 'done' });
      },
      timing: { waitMs: [100, 200] },
    });
    await jobs.enqueue('m');
    await until('it is tried until it is not busy', () => calls.length === 3);
    await sleep(500);
    expect(calls.length).toBe(3);
  });

  it('puts a drain that waits for a connection slot back, and others go on meanwhile', async () => {
    const calls: string[] = [];
    const { jobs, prefix } = await serve(backend, {
      concurrency: 1,
      mailboxes: () => [mailbox('crowded', { cron: '0 0 1 1 *' }), mailbox('free', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        calls.push(name);
        const waits = name === 'crowded' && calls.filter((each) => each === 'crowded').length < 3;
        return report(name, { outcome: waits ? 'waiting' : 'done' });
      },
      timing: { waitMs: [300, 400] },
    });
    await jobs.enqueue('crowded');
    await jobs.enqueue('free');
    await until('the crowded one is drained in the end', () => calls.length === 4);
    expect(calls).toEqual(['crowded', 'free', 'crowded', 'crowded']);
    await until('recorded', async () => {
      const counts = await backend.look(prefix, (queue) => queue.getJobCounts('completed', 'failed'));
      return counts.completed === 2 && counts.failed === 0;
    });
  });

  it('lets the next scheduled run be the retry of a waiting drain, so that jobs do not pile up', async () => {
    let calls = 0;
    const { prefix } = await serve(backend, {
      mailboxes: () => [mailbox('crowded', { everyMs: 200 })],
      drain: async (name) => {
        calls++;
        return report(name, { outcome: 'waiting' });
      },
      timing: { waitMs: [1_000, 2_000] },
    });
    await until('several rounds', () => calls > 6);
    const waiting = await backend.look(prefix, (queue) => queue.getJobCounts('waiting', 'delayed'));
    expect((waiting.waiting ?? 0) + (waiting.delayed ?? 0)).toBeLessThanOrEqual(3);
  });

  it('records a failed drain with its code and nothing else, does not retry it, and the schedule goes on', async () => {
    let calls = 0;
    const { prefix, lines } = await serve(backend, {
      mailboxes: () => [mailbox('m', { everyMs: 400 })],
      drain: async (name) => {
        calls++;
        if (calls === 1) {
          const error = { code: 'AUTHENTICATION_FAILED', message: 'ann@example.org: bad password' };
          return report(name, { outcome: 'failed', error });
        }
        if (calls === 2) throw new MaildrainError('DATABASE_FULL', 'no room for ann@example.org');
        if (calls === 3) throw new TypeError('ann@example.org is not a function');
        return report(name);
      },
    });
    await until('the schedule goes on', () => calls >= 5);
    const failed = await backend.look(prefix, (queue) => queue.getJobs(['failed']));
    expect(failed.map(({ failedReason }) => failedReason).sort()).toEqual([
      'AUTHENTICATION_FAILED',
      'BUG',
      'DATABASE_FULL',
    ]);
    expect(failed.map(({ attemptsMade }) => attemptsMade)).toEqual([1, 1, 1]);
    expect(JSON.stringify(failed.map((job) => job.asJSON()))).not.toContain('ann@');
    const loud = lines.filter(({ message }) => message === 'drain failed unexpectedly');
    expect(loud.map(({ level, fields }) => [level, fields.code])).toEqual([
      ['error', 'DATABASE_FULL'],
      ['error', 'BUG'],
    ]);
  });

  it('keeps counts as the result, and in the job no more than the name', async () => {
    const { jobs, prefix } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name) =>
        report(name, { outcome: 'partial', stored: 3, disposed: 2, pending: 1, bytes: 99, notes: ['ann@example.org'] }),
    });
    await jobs.enqueue('m');
    const done = () => backend.look(prefix, (queue) => queue.getJobs(['completed']));
    await until('recorded', async () => (await done()).length === 1);
    const [job] = await done();
    expect(job?.data).toEqual({ mailbox: 'm' });
    expect(job?.returnvalue).toMatchObject({ outcome: 'partial', stored: 3, disposed: 2, pending: 1, bytes: 99 });
    expect(JSON.stringify(job?.returnvalue)).not.toContain('ann@');
  });

  it('refuses foreign jobs and passes over mailboxes it does not know', async () => {
    const { drain, calls } = counting();
    const { jobs, prefix, messages } = await serve(backend, { mailboxes: () => [], drain });
    await jobs.enqueue('elsewhere');
    await backend.look(prefix, (queue) => queue.add('drain', { mailbox: '../etc', password: 'x' }));
    const counts = () => backend.look(prefix, (queue) => queue.getJobCounts('completed', 'failed'));
    await until('both ended', async () => {
      const { completed, failed } = await counts();
      return completed === 1 && failed === 1;
    });
    expect(calls).toEqual([]);
    expect(messages()).toContain('job for a mailbox that is not configured here');
    expect(messages()).toContain('job refused, its data is not ours');
    const [job] = await backend.look(prefix, (queue) => queue.getJobs(['completed']));
    expect(job?.returnvalue).toEqual({ outcome: 'unknown' });
  });

  it('aborts the drain of a job whose lock is lost', async () => {
    let ended = false;
    let started = false;
    const { jobs, prefix, messages } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name, signal) => {
        started = true;
        await aborted(signal);
        ended = signal.aborted;
        return report(name, { outcome: 'partial' });
      },
      timing: { lockMs: 600 },
    });
    await jobs.enqueue('m');
    await until('it runs', () => started);
    await backend.takeLocks(prefix);
    await until('the signal', () => ended);
    expect(messages()).toContain('job lock lost, its drain is aborted');
  });

  it('survives a stalled job that is run twice at once, also by one process', async () => {
    let running = 0;
    let most = 0;
    let calls = 0;
    const { jobs, prefix } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        running++;
        calls++;
        most = Math.max(most, running);
        // Deaf to its signal: what a drain in the middle of a command is.
        await sleep(calls === 1 ? 3_000 : 100);
        running--;
        return report(name);
      },
      timing: { lockMs: 500 },
    });
    await jobs.enqueue('m');
    await until('it runs', () => calls === 1);
    await until('a second run beside the first', async () => {
      await backend.takeLocks(prefix);
      return most === 2;
    });
    await until('both end', () => running === 0);
    calls = 10;
    await jobs.enqueue('m');
    await until('the queue still works', () => calls > 10);
  });

  it('gives the slot of a drain that ignores its signal to others', async () => {
    const calls: string[] = [];
    const { jobs, prefix, messages } = await serve(backend, {
      concurrency: 1,
      mailboxes: () => [mailbox('deaf', { cron: '0 0 1 1 *' }), mailbox('other', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        calls.push(name);
        if (name === 'deaf' && calls.length === 1) await new Promise(() => {});
        return report(name);
      },
      timing: { lockMs: 400, abandonMs: 300 },
    });
    await jobs.enqueue('deaf');
    await until('it runs', () => calls.length === 1);
    await jobs.enqueue('other');
    await sleep(200);
    expect(calls).toEqual(['deaf']);
    await backend.takeLocks(prefix);
    await until('the other runs', () => calls.includes('other'));
    expect(messages()).toContain('drain does not end after its signal, its slot is given up');
  });

  it('stop aborts running drains, waits for them, and their outcome is recorded', async () => {
    let started = false;
    let ended = false;
    const { jobs, prefix } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name, signal) => {
        started = true;
        await aborted(signal);
        await sleep(200);
        ended = true;
        return report(name, { outcome: 'partial', stored: 7 });
      },
    });
    await jobs.enqueue('m');
    await until('it runs', () => started);
    await Promise.all([jobs.stop(5_000), jobs.stop(1)]);
    expect(ended).toBe(true);
    const [job] = await backend.look(prefix, (queue) => queue.getJobs(['completed']));
    expect(job?.returnvalue).toMatchObject({ outcome: 'partial', stored: 7 });
    await expect(jobs.enqueue('m')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  });

  it('stop takes no new job, and leaves what arrives meanwhile for the next start', async () => {
    const calls: string[] = [];
    const mailboxes = () => [mailbox('slow', { cron: '0 0 1 1 *' }), mailbox('late', { cron: '0 0 1 1 *' })];
    const { jobs, prefix } = await serve(backend, {
      mailboxes,
      drain: async (name) => {
        calls.push(name);
        await sleep(1_000);
        return report(name);
      },
    });
    await jobs.enqueue('slow');
    await until('it runs', () => calls.length === 1);
    const { log } = memoryLog();
    const producer = await createProducer({ ...backend.urls(), prefix, log });
    const stopped = jobs.stop(5_000);
    const id = await producer.enqueue('late');
    await stopped;
    await producer.close();
    expect(calls).toEqual(['slow']);
    expect(await backend.look(prefix, (queue) => queue.getJobState(id))).toBe('waiting');
    const again = counting();
    await serve(backend, { mailboxes, drain: again.drain, prefix });
    await until('it is drained now', () => again.calls.includes('late'));
  });

  it('stop waits for a deaf drain no longer than its grace', async () => {
    let started = false;
    const { jobs, messages } = await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        started = true;
        await sleep(5_000);
        return report(name);
      },
    });
    await jobs.enqueue('m');
    await until('it runs', () => started);
    const before = Date.now();
    await jobs.stop(300);
    expect(Date.now() - before).toBeLessThan(4_000);
    expect(messages()).toContain('drains did not stop in time, they will be resumed');
  });

  it('two services share one queue: every asked drain happens once', async () => {
    const mailboxes = () => Array.from({ length: 20 }, (_, n) => mailbox(`m-${n}`, { cron: '0 0 1 1 *' }));
    const one = counting();
    const two = counting();
    const first = await serve(backend, { mailboxes, drain: one.drain });
    await serve(backend, { mailboxes, drain: two.drain, prefix: first.prefix });
    await Promise.all(mailboxes().map(({ name }) => first.jobs.enqueue(name)));
    await until('all drained', () => one.calls.length + two.calls.length >= 20);
    expect([...one.calls, ...two.calls].sort()).toEqual(
      mailboxes()
        .map(({ name }) => name)
        .sort(),
    );
  });
});
