// When mailboxes are drained, on both backends: the same table of tests, run on Redis and on Postgres.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MaildrainError } from '../../src/errors.ts';
import { createProducer } from '../../src/jobs/producer.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { until } from '../support/until.ts';
import { backends, counting, mailbox, memoryLog, NEVER_MS, report, serve, sleep, stopAll } from './backends.ts';

// Schedules of a second, outages of three: nothing here waits this long when it works.

describe.each(backends)('schedules on $name', (backend) => {
  beforeAll(() => backend.open());
  afterEach(() => stopAll());
  afterAll(() => backend.close());

  it('drains a new mailbox at once, whatever its interval', async () => {
    const { drain, calls } = counting();
    await serve(backend, { mailboxes: () => [mailbox('daily', { everyMs: NEVER_MS })], drain });
    await until('first run', () => calls.includes('daily'));
  });

  it('drains on schedule, again and again', async () => {
    const { drain, calls } = counting();
    await serve(backend, {
      mailboxes: () => [mailbox('often', { everyMs: 300 }), mailbox('cron', { cron: '* * * * * *', tz: 'UTC' })],
      drain,
    });
    await until(
      'runs of both kinds',
      () => calls.filter((name) => name === 'often').length >= 5 && calls.filter((name) => name === 'cron').length >= 2,
    );
  });

  it('leaves a cron mailbox to the times it names', async () => {
    const { drain, calls } = counting();
    const { jobs } = await serve(backend, {
      mailboxes: () => [mailbox('yearly', { cron: '0 0 29 2 *', tz: 'Europe/Berlin' })],
      drain,
    });
    await sleep(300);
    expect(calls).toEqual([]);
    const next = (await jobs.nextRuns()).get('yearly');
    expect(next?.toLocaleString('en-GB', { timeZone: 'Europe/Berlin' })).toMatch(/^29\/02\/\d{4}, 00:00:00$/);
  });

  it('spreads mailboxes of one interval over it, and keeps their slots at a second start', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `box-${n}`);
    const mailboxes = () => names.map((name) => mailbox(name, { everyMs: NEVER_MS }));
    const first = await serve(backend, { mailboxes, drain: counting().drain });
    const before = await first.jobs.nextRuns();
    expect(new Set([...before.values()].map((date) => Math.floor(date.getTime() / 1000))).size).toBeGreaterThan(38);
    await first.jobs.stop(500);
    const second = await serve(backend, { mailboxes, drain: counting().drain, prefix: first.prefix });
    expect(await second.jobs.nextRuns()).toEqual(before);
    expect(await second.jobs.reconcile()).toEqual({ added: [], changed: [], removed: [] });
  });

  it('lets overlapping runs of one mailbox end as busy, and the schedule goes on', async () => {
    let locked = false;
    const outcomes: string[] = [];
    const { prefix } = await serve(backend, {
      mailboxes: () => [mailbox('slow', { everyMs: 200 })],
      drain: async (name) => {
        const outcome = locked ? 'busy' : 'done';
        if (outcome === 'done') {
          locked = true;
          await sleep(700);
          locked = false;
        }
        outcomes.push(outcome);
        return report(name, { outcome });
      },
    });
    await until('two whole drains and a busy one', () => {
      return outcomes.filter((each) => each === 'done').length >= 2 && outcomes.includes('busy');
    });
    await stopAll();
    const jobs = await backend.look(prefix, (queue) => queue.getJobs(['completed']));
    expect(new Set(jobs.map(({ returnvalue }) => returnvalue.outcome))).toEqual(new Set(['done', 'busy']));
  });

  it('repairs itself on the timer when the queue forgot everything', async () => {
    const { drain, calls } = counting();
    const { jobs, prefix } = await serve(backend, {
      mailboxes: () => [mailbox('a', { everyMs: 300 }), mailbox('b', { cron: '* * * * * *' })],
      drain,
      timing: { tickMs: 2_000 },
    });
    await until('a first run', () => calls.length > 0);
    await backend.forget(prefix);
    expect([...(await jobs.nextRuns()).keys()]).toEqual([]);
    await until('schedules are back', async () => (await jobs.nextRuns()).size === 2);
    calls.length = 0;
    await until('runs again', () => calls.includes('a') && calls.includes('b'));
  });

  it('wakes a schedule that went quiet', async () => {
    const { jobs, prefix } = await serve(backend, {
      mailboxes: () => [mailbox('quiet', { everyMs: NEVER_MS }), mailbox('well', { everyMs: NEVER_MS })],
      drain: counting().drain,
    });
    const before = await jobs.nextRuns();
    await backend.silence(prefix, 'drain-quiet');
    expect((await jobs.nextRuns()).get('quiet')?.getTime()).toBeLessThan(Date.now());
    expect(await jobs.reconcile()).toEqual({ added: [], changed: ['quiet'], removed: [] });
    expect(await jobs.nextRuns()).toEqual(before);
  });

  describe('changed configuration', () => {
    const cases: {
      change: string;
      before: MailboxConfig[];
      after: MailboxConfig[];
      says: { added?: string[]; changed?: string[]; removed?: string[] };
      why: string;
    }[] = [
      {
        change: 'shorter interval',
        before: [mailbox('m', { everyMs: NEVER_MS })],
        after: [mailbox('m', { everyMs: 200 })],
        says: { changed: ['m'] },
        why: 'a new interval must not wait for the old slot',
      },
      {
        change: 'interval becomes cron',
        before: [mailbox('m', { everyMs: NEVER_MS })],
        after: [mailbox('m', { cron: '* * * * * *' })],
        says: { changed: ['m'] },
        why: 'the old offset must not survive',
      },
      {
        change: 'cron becomes interval',
        before: [mailbox('m', { cron: '0 0 1 1 *' })],
        after: [mailbox('m', { everyMs: 200 })],
        says: { changed: ['m'] },
        why: 'the other way round',
      },
      {
        change: 'another cron',
        before: [mailbox('m', { cron: '0 0 1 1 *' })],
        after: [mailbox('m', { cron: '* * * * * *' })],
        says: { changed: ['m'] },
        why: 'same kind, other times',
      },
      {
        change: 'another time zone',
        before: [mailbox('m', { cron: '* * * * * *', tz: 'UTC' })],
        after: [mailbox('m', { cron: '* * * * * *', tz: 'Europe/Berlin' })],
        says: { changed: ['m'] },
        why: 'tz alone is a change',
      },
      {
        change: 'renamed',
        before: [mailbox('old', { everyMs: NEVER_MS })],
        after: [mailbox('m', { everyMs: 200 })],
        says: { added: ['m'], removed: ['old'] },
        why: 'a name is the identity',
      },
      {
        change: 'one cannot be scheduled',
        before: [mailbox('m', { everyMs: NEVER_MS })],
        after: [mailbox('bad', { everyMs: -5 }), mailbox('m', { everyMs: 200 })],
        says: { changed: ['m'] },
        why: 'one bad mailbox never stops another',
      },
    ];
    it.each(cases)('$change ($why)', async ({ before, after, says }) => {
      let current = before;
      const { drain, calls } = counting();
      const { jobs } = await serve(backend, { mailboxes: () => current, drain });
      await until('settled', async () => (await jobs.nextRuns()).size === before.length);
      current = after;
      expect(await jobs.reconcile()).toEqual({ added: [], changed: [], removed: [], ...says });
      calls.length = 0;
      await until('two runs by the new schedule', () => calls.filter((name) => name === 'm').length >= 2);
      expect([...(await jobs.nextRuns()).keys()]).toEqual(['m']);
    });
  });

  it('stops draining a mailbox that left the configuration', async () => {
    let current = [mailbox('gone', { everyMs: 200 })];
    const { drain, calls } = counting();
    const { jobs, messages } = await serve(backend, { mailboxes: () => current, drain });
    await until('a run', () => calls.length > 0);
    current = [];
    expect((await jobs.reconcile()).removed).toEqual(['gone']);
    await sleep(100);
    calls.length = 0;
    await sleep(700);
    expect(calls).toEqual([]);
    expect((await jobs.nextRuns()).size).toBe(0);
    expect(messages()).toContain('schedules reconciled');
  });

  it('keeps a thousand mailboxes: first reconcile and an unchanged one within seconds', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => mailbox(`box-${n}`, { cron: '0 0 1 1 *', tz: 'UTC' }));
    const started = Date.now();
    const { jobs } = await serve(backend, { mailboxes: () => many, drain: counting().drain });
    expect(Date.now() - started).toBeLessThan(15_000);
    const again = Date.now();
    expect(await jobs.reconcile()).toEqual({ added: [], changed: [], removed: [] });
    expect(Date.now() - again).toBeLessThan(5_000);
  });

  it('drains mailboxes whose retry time has come, once each, and only configured ones', async () => {
    const { drain, calls } = counting();
    let due: string[] = ['m', 'm', 'stranger'];
    let beats = 0;
    await serve(backend, {
      mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })],
      drain: async (name) => {
        due = [];
        return drain(name);
      },
      due: async () => due,
      onHeartbeat: () => beats++,
      timing: { tickMs: 200 },
    });
    await until('drained', () => calls.length > 0);
    await until('three looks', () => beats >= 3);
    expect(calls).toEqual(['m']);
  });

  it('goes on when the retry times cannot be read', async () => {
    const { drain, calls } = counting();
    const { messages } = await serve(backend, {
      mailboxes: () => [mailbox('m', { everyMs: 200 })],
      drain,
      due: () => Promise.reject(new MaildrainError('DATABASE_UNAVAILABLE', 'away')),
      timing: { tickMs: 200 },
    });
    await until('runs', () => calls.length > 3);
    expect(messages()).toContain('retry times could not be read');
  });

  it('a producer enqueues and sees the next runs without working the queue', async () => {
    const { drain, calls } = counting();
    const { jobs, prefix } = await serve(backend, { mailboxes: () => [mailbox('m', { cron: '0 0 1 1 *' })], drain });
    const { log } = memoryLog();
    const producer = await createProducer({ ...backend.urls(), prefix, log });
    expect(producer.backend).toBe(backend.name);
    expect(await producer.nextRuns()).toEqual(await jobs.nextRuns());
    await producer.enqueue('m');
    await until('the service drains it', () => calls.length === 1);
    await producer.close();
  });
});
