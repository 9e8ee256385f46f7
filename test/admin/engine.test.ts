// The engine on a real Postgres with jobs that only count: turns, the way on after a death, two workers, cancelling, retries, drains that want the
// login, and the record.

import { expect, it, onTestFinished } from 'vitest';
import { runTurn } from '../../src/admin/engine.ts';
import type { Turn } from '../../src/admin/job.ts';
import { loginOf } from '../../src/config.ts';
import { drain } from '../../src/drain/drain.ts';
import { MaildrainError } from '../../src/errors.ts';
import { listJobs, openJobs } from '../../src/store/admin-job-list.ts';
import { retryJob } from '../../src/store/admin-job-retry.ts';
import { cancelJob } from '../../src/store/admin-jobs.ts';
import { lockLoginForDrain } from '../../src/store/lock.ts';
import { ensureMailbox, restWrites } from '../../src/store/mailboxes.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { counting, engine, enqueue, inbox, jobRow, runToEnd, sleep, storeForJobs } from './fake-jobs.ts';

const key = { name: inbox.name, login: loginOf(inbox), folder: inbox.folder };
const never = new AbortController().signal;

const ENOUGH_KILLS = 12;

describeWith('postgres', 'the engine', () => {
  it('works a job off in turns, and writes down who asked for what and what came of it', async () => {
    const { database } = await storeForJobs();
    const seen: number[] = [];
    const job = counting(async (n) => {
      seen.push(n);
      await sleep(10);
      return n === 3 ? { notes: ['three'] } : { notes: ['each'] };
    });
    const id = await enqueue(database, 20);
    expect(await openJobs(database.sql)).toEqual([id]);
    const outcomes = await runToEnd(engine(database, job, { turnMs: 60 }), id);
    expect(outcomes.length).toBeGreaterThan(2);
    expect(outcomes.at(-1)).toEqual({ outcome: 'ended', state: 'done' });
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(await jobRow(database, id)).toMatchObject({
      state: 'done',
      done: 20,
      total: 20,
      cursor: 20,
      counts: { counted: 20 },
      notes: ['each', 'three'],
      errorCode: null,
      finishedAt: expect.any(Date),
    });
    const { rows } = await database.sql.query('select job, report, error_code from maildrain.run');
    expect(rows).toMatchObject([
      {
        job: 'purge',
        error_code: null,
        report: { jobId: id, outcome: 'done', requestedBy: 'ann', criteria: { all: true }, counts: { counted: 20 } },
      },
    ]);
    expect(await openJobs(database.sql)).toEqual([]);
    expect(await listJobs(database.sql, { states: ['done'] })).toHaveLength(1);
    // A late message of the queue.
    expect(await runTurn(engine(database, job), id, never)).toEqual({ outcome: 'ended', state: 'done' });
  });

  it('goes on from the last slice after a connection was killed at random points, and loses and repeats nothing that was written', async () => {
    const { database, url } = await storeForJobs();
    const done: number[] = [];
    const job = counting(async (n, { pen }) => {
      await sleep(4);
      // In the slice's own transaction with nothing else: what a real job does is right when repeated.
      await pen.client.query('select 1');
      done.push(n);
      return {};
    });
    const id = await enqueue(database, 60);
    const killer = openDatabase(url, 1, () => {});
    let kills = 0;
    const timer = setInterval(() => {
      // On a busy machine no turn would ever come to its end.
      if (kills >= ENOUGH_KILLS) return;
      void killer.sql
        .query<{ n: number }>(
          `select count(pg_terminate_backend(pid))::int as n from pg_locks
            where locktype = 'advisory' and granted and objsubid = 1 and pid <> pg_backend_pid()
              and database = (select oid from pg_database where datname = current_database())
              and (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)`,
          [`maildrain:job:${id}`],
        )
        .then(({ rows }) => {
          kills += rows[0]?.n ?? 0;
        })
        .catch(() => {});
    }, 60);
    onTestFinished(() => clearInterval(timer));
    const options = engine(database, job, { turnMs: 10_000 });
    for (let turns = 0; turns < 200; turns++) {
      const turn = await runTurn(options, id, never).catch(() => null);
      if (turn?.outcome === 'ended') break;
      // The pauses that failures ask for are over. The connection may be one that has just been killed.
      await database.sql.query('update maildrain.admin_job set not_before = null').catch(() => {});
    }
    clearInterval(timer);
    await killer.close();
    expect(kills).toBeGreaterThan(1);
    expect(await jobRow(database, id)).toMatchObject({ state: 'done', done: 60, counts: { counted: 60 }, cursor: 60 });
    expect([...new Set(done)]).toHaveLength(60);
    // A slice is repeated only where its turn died in it.
    expect(done.length - 60).toBeLessThanOrEqual(kills);
  });

  it('is never run by two workers at once', async () => {
    const { database } = await storeForJobs();
    let at = 0;
    let most = 0;
    const seen: number[] = [];
    const job = counting(async (n) => {
      most = Math.max(most, ++at);
      await sleep(5);
      seen.push(n);
      at--;
      return {};
    });
    const id = await enqueue(database, 30);
    const options = engine(database, job, { turnMs: 40 });
    const [one, two] = await Promise.all([runToEnd(options, id), runToEnd(options, id)]);
    expect(most).toBe(1);
    expect(seen).toHaveLength(30);
    expect([...one, ...two].filter(({ outcome }) => outcome === 'busy').length).toBeGreaterThan(0);
  });

  it('stops between two slices within seconds of being cancelled elsewhere, and goes on when it is retried', async () => {
    const { database, url } = await storeForJobs();
    const job = counting(async () => {
      await sleep(50);
      return {};
    });
    const id = await enqueue(database, 1000);
    const elsewhere = openDatabase(url, 2, () => {});
    const running = runToEnd(engine(database, job), id);
    while ((await jobRow(database, id)).done === 0) await sleep(20);
    const asked = Date.now();
    expect(await cancelJob(elsewhere, id, 'bea')).toMatchObject({ state: 'running', cancelRequestedBy: 'bea' });
    expect((await running).at(-1)).toEqual({ outcome: 'ended', state: 'cancelled' });
    // A thousand slices would take a minute.
    expect(Date.now() - asked).toBeLessThan(15_000);
    const { done } = await jobRow(database, id);
    expect(done).toBeGreaterThan(0);
    const { rows } = await database.sql.query('select report from maildrain.run');
    expect(rows).toMatchObject([{ report: { outcome: 'cancelled', cancelRequestedBy: 'bea', done } }]);
    expect(await retryJob(elsewhere.sql, id, 'cat')).toBe(true);
    expect(await retryJob(elsewhere.sql, id, 'cat')).toBe(false);
    await database.sql.query(`update maildrain.admin_job set args = '{"slices": 40}'`);
    await runToEnd(engine(database, job), id);
    expect(await jobRow(database, id)).toMatchObject({ state: 'done', done: 40, cancelRequestedAt: null });
    await elsewhere.close();
  });

  it('is done where it is cancelled during its last slice', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 2);
    const job = counting(async (n) => {
      if (n < 2) return {};
      await cancelJob(database, id, 'bea');
      // Longer than it takes to notice.
      await sleep(1500);
      return {};
    });
    expect(await runTurn(engine(database, job), id, never)).toEqual({ outcome: 'ended', state: 'done' });
  });

  it('ends at once when it is cancelled while nobody works on it', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 3);
    expect(await cancelJob(database, id, 'bea')).toMatchObject({ state: 'cancelled' });
    expect(await cancelJob(database, '999', 'bea')).toBeNull();
  });

  it('yields to a drain of the same login that waits, which gets it before the next turn', async () => {
    const { database } = await storeForJobs();
    await ensureMailbox(database.sql, key);
    const job = counting(async () => {
      await sleep(20);
      return {};
    });
    const id = await enqueue(database, 500);
    const stop = new AbortController();
    const running = runToEnd(engine(database, job, { leastTurnMs: 100 }), id, stop.signal);
    while ((await jobRow(database, id)).done === 0) await sleep(5);
    const pen = await database.take();
    // All slices would take longer than that.
    expect(await lockLoginForDrain(pen.client, loginOf(inbox), 8000)).toBe(true);
    const before = await jobRow(database, id);
    expect(before.done).toBeGreaterThan(0);
    await sleep(200);
    expect((await jobRow(database, id)).done).toBe(before.done);
    // A drain waits for a turn, and not for another drain.
    const second = await database.take();
    expect(await lockLoginForDrain(second.client, loginOf(inbox), 10_000)).toBe(false);
    await pen.release();
    await second.release();
    await expect.poll(async () => (await jobRow(database, id)).done).toBeGreaterThan(before.done);
    // And so does a real one: it comes as far as its server, which is not there.
    const context = engine(database, job).context;
    const report = await drain(context, inbox, never);
    expect(report.error?.code).toBe('UNREACHABLE');
    await cancelJob(database, id, 'ann');
    await running;
  });

  it('waits as decide.ts says after an error that may pass, and goes on from its cursor', async () => {
    const { database } = await storeForJobs();
    let fail = true;
    const job = counting(async (n) => {
      if (n === 4 && fail) throw new MaildrainError('CONNECTION_LOST', 'the line broke');
      return {};
    });
    const id = await enqueue(database, 6);
    const options = engine(database, job);
    const first = await runTurn(options, id, never);
    expect(first).toEqual({ outcome: 'again', at: expect.any(Date) });
    expect(await jobRow(database, id)).toMatchObject({
      state: 'queued',
      failures: 1,
      errorCode: 'CONNECTION_LOST',
      done: 3,
      cursor: 3,
    });
    // Before its time nothing is done.
    expect(await runTurn(options, id, never)).toEqual(first);
    expect(await openJobs(database.sql)).toEqual([]);
    fail = false;
    await database.sql.query('update maildrain.admin_job set not_before = null');
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'ended', state: 'done' });
    expect(await jobRow(database, id)).toMatchObject({ failures: 0, errorCode: null, done: 6 });
  });

  it('waits where a statement meets the end of its connection before anything else tells of it', async () => {
    const { database } = await storeForJobs();
    const job = counting(async (n) => {
      // PostgreSQL appendix A: admin_shutdown.
      if (n === 2)
        throw Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });
      return {};
    });
    const id = await enqueue(database, 6);
    expect(await runTurn(engine(database, job), id, never)).toMatchObject({ outcome: 'again' });
    expect(await jobRow(database, id)).toMatchObject({ state: 'queued', errorCode: 'DATABASE_UNAVAILABLE', done: 1 });
  });

  it.each([
    ['a bug', new TypeError('x is not a function'), 'BUG'],
    ['another UIDVALIDITY', new MaildrainError('MAILBOX_CHANGED', 'other UIDs'), 'MAILBOX_CHANGED'],
    ['a quota', new MaildrainError('OVER_QUOTA', 'no room'), 'OVER_QUOTA'],
  ])('fails at once with its code after %s', async (_, error, code) => {
    const { database } = await storeForJobs();
    const job = counting(async (n) => {
      if (n === 2) throw error;
      return {};
    });
    const id = await enqueue(database, 6);
    expect(await runTurn(engine(database, job), id, never)).toEqual({ outcome: 'ended', state: 'failed' });
    expect(await jobRow(database, id)).toMatchObject({ state: 'failed', errorCode: code, done: 1, cursor: 1 });
    const { rows } = await database.sql.query('select report, error_code from maildrain.run');
    const { error: message } = await jobRow(database, id);
    expect(message).toContain(error.message);
    expect(rows).toMatchObject([
      { error_code: code, report: { outcome: 'failed', done: 1, error: { code, message } } },
    ]);
  });

  it.each(['held', 'twice'])(
    'is partly done when something is %s, and begins anew when that is retried',
    async (name) => {
      const { database } = await storeForJobs();
      let owed = 1;
      const job = counting(async (n) => (n === 2 ? { counts: { [name]: owed } } : {}));
      const id = await enqueue(database, 3);
      expect((await runToEnd(engine(database, job), id)).at(-1)).toEqual({ outcome: 'ended', state: 'partial' });
      owed = 0;
      expect(await retryJob(database.sql, id, 'cat')).toBe(true);
      expect(await jobRow(database, id)).toMatchObject({ cursor: null, done: 0, counts: {} });
      await runToEnd(engine(database, job), id);
      expect(await jobRow(database, id)).toMatchObject({ state: 'done', done: 3 });
    },
  );

  it('leaves a mailbox alone that is stopped, pauses or rests, or is another account', async () => {
    const { database } = await storeForJobs();
    const row = await ensureMailbox(database.sql, key);
    const job = counting(async () => {
      throw new Error('was run');
    });
    const options = engine(database, job);
    const set = (text: string) => database.sql.query(`update maildrain.mailbox set ${text} where id = ${row.id}`);

    const until = new Date(Date.now() + 60_000);
    await restWrites(database.sql, key.login, until);
    const id = await enqueue(database, 1);
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'again', at: until });
    await set('writes_not_before = null');

    await set(`stopped_at = now(), stopped_code = 'AUTHENTICATION_FAILED'`);
    const stopped = await enqueue(database, 1);
    await runTurn(options, stopped, never);
    expect(await jobRow(database, stopped)).toMatchObject({ state: 'failed', errorCode: 'MAILBOX_STOPPED' });

    const moved = await enqueue(database, 1, { login: 'imap://other@host:993' });
    await runTurn(options, moved, never);
    expect(await jobRow(database, moved)).toMatchObject({ state: 'failed', errorCode: 'PLAN_OUTDATED' });
  });

  it('comes to its end where opening lasts longer than a turn', async () => {
    const { database } = await storeForJobs();
    const once = counting(async () => ({}));
    const slow = {
      ...once,
      async *work(turn: Turn) {
        await sleep(120);
        // As plans do: what is begun is written down, and only then is something done.
        yield { done: 0, counts: {}, cursor: turn.request.cursor };
        if (!turn.signal.aborted) yield* once.work(turn);
      },
    };
    const id = await enqueue(database, 3);
    const outcomes = await runToEnd(engine(database, slow, { turnMs: 60, leastTurnMs: 1 }), id);
    expect(outcomes.at(-1)).toEqual({ outcome: 'ended', state: 'done' });
    expect(outcomes.length).toBeLessThanOrEqual(3);
  });

  it('may end within a slice that says it has come somewhere', async () => {
    const { database } = await storeForJobs();
    let turns = 0;
    const job = counting(async (_n, { signal, worked }) => {
      turns++;
      worked();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return {};
    });
    const id = await enqueue(database, 2);
    await runToEnd(engine(database, job, { turnMs: 50 }), id);
    expect(turns).toBe(2);
  });

  it('ends a turn between two slices when the process stops', async () => {
    const { database } = await storeForJobs();
    const stop = new AbortController();
    const job = counting(async (n) => {
      if (n === 5) stop.abort();
      return {};
    }, false);
    const id = await enqueue(database, 10, { mailbox: null, login: null });
    expect(await runTurn(engine(database, job), id, stop.signal)).toEqual({ outcome: 'again', at: null });
    expect(await jobRow(database, id)).toMatchObject({ state: 'queued', done: 5 });
  });
});
