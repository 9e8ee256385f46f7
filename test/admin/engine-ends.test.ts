// When a job is done, and whose row it is: only its own word says that nothing is left, and only who holds its lock writes what became of it.

import { expect, it } from 'vitest';
import { runTurn } from '../../src/admin/engine.ts';
import type { AdminJob } from '../../src/admin/job.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { loginOf } from '../../src/config.ts';
import { MaildrainError } from '../../src/errors.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import {
  beginTurn,
  cancelJob,
  claimJob,
  endTurn,
  enqueueJob,
  finishJob,
  saveStep,
} from '../../src/store/admin-jobs.ts';
import { ensurePartitions } from '../../src/store/migrate.ts';
import { scene } from '../drain/scene.ts';
import { store, verdict } from '../store/bounce.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { aborted, counting, engine, enqueue, jobRow, loseConnection, runToEnd, storeForJobs } from './fake-jobs.ts';
import { storedRun } from './stored-turns.ts';
import { planFor } from './turns.ts';

const never = new AbortController().signal;

describeWith('postgres', 'a turn', () => {
  it.each(['stop', 'cancel'] as const)('of which more is left than was counted is not the last (%s)', async (how) => {
    const { database } = await storeForJobs();
    const stop = new AbortController();
    const id = await enqueue(database, 5, { total: 2 });
    const job = counting(async (n, turn) => {
      if (n < 3) return {};
      if (how === 'stop') stop.abort();
      else await cancelJob(database, id, 'bea');
      await aborted(turn.signal);
      return {};
    });
    const turn = await runTurn(engine(database, job), id, stop.signal);
    expect(turn).toEqual(how === 'stop' ? { outcome: 'again', at: null } : { outcome: 'ended', state: 'cancelled' });
    expect(await jobRow(database, id)).toMatchObject({ state: how === 'stop' ? 'queued' : 'cancelled', done: 3 });
  });

  it.each(['move', 'purge'] as const)(
    'of a plan says when nothing is left: a %s is done although it is cancelled then',
    async (kind) => {
      const there = await scene();
      there.deliver(3);
      const { database, mailbox } = there;
      const args = kind === 'move' ? { to: 'Done', create: true } : {};
      const plan = await planFor(database, mailbox, kind, { folder: 'INBOX', args });
      const id = await enqueueJob(database.sql, {
        kind,
        mailbox: mailbox.name,
        login: loginOf(mailbox),
        planId: plan.id,
        criteria: { all: true },
        args,
        total: null,
        requestedBy: 'ann',
      });
      const real = jobOf(kind);
      const job: AdminJob = {
        ...real,
        async *work(turn) {
          for await (const step of real.work(turn)) {
            if (step.done > 0) {
              await cancelJob(database, id, 'bea');
              await aborted(turn.signal);
            }
            yield step;
          }
        },
      };
      const options = { ...engine(database, job, {}, [mailbox]), jobOf: (_: AdminJobKind) => job };
      expect((await runToEnd(options, id)).at(-1)).toEqual({ outcome: 'ended', state: 'done' });
      expect(there.left()).toEqual([]);
    },
  );

  it('that lost its connection leaves the row to the host that has the job meanwhile', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 5);
    const other = await database.take();
    const job = counting(async (n, turn) => {
      if (n < 2) return {};
      await loseConnection(database, turn);
      expect(await claimJob(other.client, id)).toMatchObject({ state: 'running', done: 1 });
      throw new Error('the line broke');
    });
    const options = engine(database, job);
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'busy' });
    expect(await jobRow(database, id)).toMatchObject({
      state: 'running',
      failures: 0,
      errorCode: null,
      notBefore: null,
    });
    await other.release();
    // The other host is gone as well: whoever takes it up next goes on.
    await runToEnd(
      engine(
        database,
        counting(async () => ({})),
      ),
      id,
    );
    expect(await jobRow(database, id)).toMatchObject({ state: 'done', done: 5 });
  });

  it('that lost its connection does not open a job again that has ended meanwhile', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 5);
    const job = counting(async (n, turn) => {
      if (n < 2) return {};
      await loseConnection(database, turn);
      await finishJob(database.sql, id, { state: 'cancelled', error: null });
      throw new Error('the line broke');
    });
    expect(await runTurn(engine(database, job), id, never)).toEqual({ outcome: 'ended', state: 'cancelled' });
    expect(await jobRow(database, id)).toMatchObject({ state: 'cancelled', failures: 0, errorCode: null });
  });

  it('that lost its connection, and nobody took the job, writes down why it waits', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 5);
    const job = counting(async (_n, turn) => {
      await loseConnection(database, turn);
      throw new Error('the line broke');
    });
    expect(await runTurn(engine(database, job), id, never)).toMatchObject({ outcome: 'again' });
    expect(await jobRow(database, id)).toMatchObject({
      state: 'queued',
      failures: 1,
      errorCode: 'DATABASE_UNAVAILABLE',
    });
  });

  it.each([
    { kind: 'restore', state: 'partial', why: 'they are not back' },
    { kind: 'reclassify', state: 'done', why: 'there is nothing to read again' },
  ] as const)(
    'that has met messages whose octets have expired is $state for a $kind: $why',
    async ({ kind, state }) => {
      const { database } = await storeForJobs();
      const id = await enqueue(database, 2, { kind });
      const job = counting(async () => ({ counts: { expired: 1 } }));
      expect(await runTurn(engine(database, job), id, never)).toEqual({ outcome: 'ended', state });
      expect(await jobRow(database, id)).toMatchObject({ state, counts: { expired: 2 } });
    },
  );

  it('ends also where a server says half of a character, and the record has its words', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 1);
    const job = counting(async () => {
      throw new MaildrainError('OVER_QUOTA', 'no room ("\ud83d")', { response: `${'x'.repeat(499)}\u{1F600}` });
    });
    expect(await runTurn(engine(database, job), id, never)).toEqual({ outcome: 'ended', state: 'failed' });
    const { rows } = await database.sql.query(`select report -> 'error' as error from maildrain.run`);
    expect(rows).toEqual([{ error: { code: 'OVER_QUOTA', message: 'no room ("\ufffd")' } }]);
    expect(await jobRow(database, id)).toMatchObject({ error: 'no room ("\ufffd")' });
  });

  it('that comes late changes nothing of a job that has ended', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 5);
    await finishJob(database.sql, id, { state: 'cancelled', error: null });
    const before = await jobRow(database, id);
    await beginTurn(database.sql, id);
    await saveStep(database.sql, id, 3, { done: 3, counts: {}, notes: [] });
    await endTurn(database.sql, id, new Date(), { code: 'BUG', message: 'late' });
    expect(await jobRow(database, id)).toEqual(before);
  });
});

describeWith('postgres', 'a job over stored mail', () => {
  it('is about what was stored when it was asked for, whatever the clocks of the hosts say', async () => {
    const { database, mailboxId } = await migrated();
    const post = { verdict: verdict([], { kind: 'other' }) };
    await store(database, mailboxId, [post, post]);
    const job = await storedRun(database, null, 'reclassify', { args: { readerBefore: 1_000_000 } });
    // The clock of the host that stored them was ahead; that of the one that stores later is behind.
    await database.sql.query(`update maildrain.admin_job set created_at = created_at - interval '1 hour'`);
    const behind = new Date(Date.now() - 2 * 60 * 60_000);
    await ensurePartitions(database.sql, behind);
    await store(database, mailboxId, [post], { now: behind });
    expect((await job.toTheEnd()).counts).toMatchObject({ read: 2 });
  });
});
