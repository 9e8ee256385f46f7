// Retention over months of partitions: what is old enough goes by whole months, what is owed stays, and the rest goes row by row.

import { expect, it } from 'vitest';
import { planExpire } from '../../src/admin/expire.ts';
import { DEFAULT_RETENTION } from '../../src/config-retention.ts';
import type { Retention } from '../../src/model-admin.ts';
import { ensurePartitions } from '../../src/store/migrate.ts';
import type { Database } from '../../src/store/pool.ts';
import { dropPartition, expiredPartitions } from '../../src/store/retention.ts';
import { DAY, failure, store, verdict } from '../store/bounce.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { randomOf } from '../support/random.ts';
import { storedRun } from './stored-turns.ts';

const KEEP: Retention = {
  raw: null,
  messages: null,
  reports: null,
  events: null,
  runs: null,
  audit: null,
  ledger: null,
};

/** EXPIRE_SEED repeats a run. */
const SEED = Number(process.env.EXPIRE_SEED ?? Date.now() % 1_000_000);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The middle of the month so many months ago. */
function monthsAgo(n: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - n, 15));
}

/** One bounce stored in each of the last seven months; its ledger rows are settled. */
async function months(): Promise<{ database: Database; ids: string[] }> {
  const { database, mailboxId } = await migrated();
  const ids: string[] = [];
  for (let n = 6; n >= 0; n--) {
    const now = n === 0 ? new Date() : monthsAgo(n);
    await ensurePartitions(database.sql, now);
    ids.push(
      ...(await store(database, mailboxId, [{ verdict: verdict([failure(`a${n}@example.org`)]), at: now }], { now })),
    );
  }
  await database.sql.query(`update maildrain.ledger set state = 'disposed', changed_at = stored_at`);
  return { database, ids };
}

const expired = (database: Database, changes: Partial<Retention>) =>
  storedRun(database, null, 'expire', { criteria: null, args: { ...KEEP, ...changes } }).then((job) => job.toTheEnd());

async function count(database: Database, table: string): Promise<number> {
  const { rows } = await database.sql.query<{ n: number }>(`select count(*)::int as n from maildrain.${table}`);
  return rows[0]?.n ?? 0;
}

describeWith('postgres', `expire (EXPIRE_SEED=${SEED})`, () => {
  it('keeps everything that no period is set for', async () => {
    const { database } = await months();
    expect((await expired(database, {})).counts).toEqual({});
    const plan = await planExpire(database.sql, DEFAULT_RETENTION);
    expect(plan.partitions).toEqual([]);
    expect((await (await storedRun(database, null, 'expire', { criteria: null })).toTheEnd()).counts).toEqual({
      events: 6,
    });
    expect(await count(database, 'message')).toBe(7);
    expect(await count(database, 'ledger')).toBe(7);
  });

  it('drops whole months of octets, and keeps what is known of the messages', async () => {
    const { database } = await months();
    const plan = await planExpire(database.sql, { ...KEEP, raw: 92 * DAY });
    expect(plan.partitions.length).toBeGreaterThanOrEqual(2);
    expect(await count(database, 'raw')).toBe(7);

    const job = await expired(database, { raw: 92 * DAY });

    expect(job.counts.months).toBe(plan.partitions.length);
    const left = 7 - plan.partitions.length;
    expect(await count(database, 'raw')).toBe(left);
    expect(await count(database, 'message')).toBe(7);
    expect(await count(database, 'delivery_report')).toBe(7);
    const { rows } = await database.sql.query<{ oldest: Date }>('select min(stored_at) as oldest from maildrain.raw');
    // Its month ends less than the period ago.
    expect(rows[0]?.oldest.getTime()).toBeGreaterThan(Date.now() - (92 + 31) * DAY);
    expect((await expired(database, { raw: 92 * DAY })).counts).toEqual({});
  });

  it('octets never outlive their messages, reports have a period of their own', async () => {
    const { database } = await months();
    await expired(database, { messages: 92 * DAY, raw: null });
    expect(await count(database, 'raw')).toBe(await count(database, 'message'));
    expect(await count(database, 'message')).toBeLessThan(7);
    expect(await count(database, 'delivery_report')).toBe(7);
    await expired(database, { reports: 92 * DAY });
    expect(await count(database, 'delivery_report')).toBeLessThan(7);
    await ensurePartitions(database.sql, new Date());
  });

  it('a month whose mail is still owed to its server stays, and is named', async () => {
    const { database, ids } = await months();
    await database.sql.query(`update maildrain.ledger set state = 'pending' where message_id = $1`, [ids[0]]);
    const job = await expired(database, { messages: 32 * DAY, ledger: DAY });
    expect([...job.notes].filter((note) => note.includes('still owed'))).toHaveLength(3);
    const { rows } = await database.sql.query('select id from maildrain.message order by id');
    expect(rows[0]).toEqual({ id: ids[0] });
    expect(
      (await database.sql.query('select message_id from maildrain.ledger where state = $1', ['pending'])).rows,
    ).toEqual([{ message_id: ids[0] }]);
  });

  it('deletes of the ledger only what has left its server, in slices, also where it is cut', async () => {
    const { database, mailboxId } = await migrated();
    await database.sql.query(
      `insert into maildrain.ledger (mailbox_id, uidvalidity, uid, digest, state, changed_at)
       select $1, '1', n::text, '\\x00', case n % 4 when 0 then 'disposed' when 1 then 'kept' when 2 then 'pending' else 'held' end,
              now() - make_interval(days => case when n % 8 < 4 then 400 else 1 end)
         from generate_series(1, 12000) as n`,
      [mailboxId],
    );
    const plan = await planExpire(database.sql, { ...KEEP, ledger: 100 * DAY });
    expect(plan.rows.ledger).toBe(1500);
    const job = await storedRun(database, null, 'expire', { criteria: null, args: { ...KEEP, ledger: 100 * DAY } });
    expect(
      await job.turn(() => {
        throw new Error('killed');
      }),
    ).toMatchObject({ code: 'BUG' });
    expect(await job.turn((abort) => abort())).toBe(null);
    await job.toTheEnd();
    const { rows } = await database.sql.query(
      'select state, count(*)::int as n from maildrain.ledger group by state order by state',
    );
    expect(rows).toEqual([
      { state: 'disposed', n: 1500 },
      { state: 'held', n: 3000 },
      { state: 'kept', n: 3000 },
      { state: 'pending', n: 3000 },
    ]);
  });

  it('of 5,000 messages, killed and ended at random, deletes each once and counts what it deleted', {
    timeout: 300_000,
  }, async () => {
    const { database, mailboxId } = await migrated();
    for (let n = 9; n >= 0; n--) {
      const now = n === 0 ? new Date() : monthsAgo(n);
      await ensurePartitions(database.sql, now);
      for (let batch = 0; batch < 2; batch++)
        await store(database, mailboxId, Array(250).fill({ verdict: verdict([failure(`a${n}@example.org`)]) }), {
          now,
        });
    }
    await database.sql.query(`update maildrain.ledger set state = 'disposed', changed_at = stored_at`);
    const retention = { ...KEEP, messages: 92 * DAY, reports: 92 * DAY, ledger: 92 * DAY, events: 1 };
    const plan = await planExpire(database.sql, retention);
    expect(plan.partitions.length).toBeGreaterThan(20);
    const before = await count(database, 'event');

    const job = await storedRun(database, null, 'expire', { criteria: null, args: retention });
    const random = randomOf(SEED);
    for (let turns = 0, ended = false; !ended; turns++) {
      expect(turns).toBeLessThan(100);
      const end = await job.turn((abort) => {
        const draw = random();
        if (draw < 0.2) throw new Error('killed');
        if (draw < 0.4) abort();
      });
      ended = end === 'ended';
    }

    expect(job.counts).toMatchObject({
      months: plan.partitions.length,
      ledger: plan.rows.ledger,
      events: before - (await count(database, 'event')),
    });
    const months = new Set(plan.partitions.map(({ from }) => from.getTime())).size;
    for (const table of ['message', 'raw', 'delivery_report', 'ledger']) {
      const left = 5000 - (table === 'ledger' ? plan.rows.ledger : months * 500);
      expect([table, await count(database, table)]).toEqual([table, left]);
    }
    expect((await expired(database, retention)).counts).toEqual({});
  });

  it('events that somebody waits for stay; drains and admin jobs have periods of their own', async () => {
    const { database } = await migrated();
    await database.sql.query(`insert into maildrain.event_sink (name, types) values ('crm', '{complaint}')`);
    await database.sql.query(
      `insert into maildrain.event (at, type, key, body, published_at)
       select now() - make_interval(days => d), 'complaint', 'k', '{}', case when d <> 61 then now() end from unnest(array[1, 60, 61, 62]) as d`,
    );
    await database.sql.query(
      `insert into maildrain.event_delivery (sink, key, event_id) select 'crm', 'k', id from maildrain.event where published_at is null`,
    );
    await database.sql.query(
      `insert into maildrain.run (job, started_at, finished_at, report) select j, now() - interval '100 days', now() - interval '100 days', '{}'
         from unnest(array['drain', 'purge']) as j`,
    );
    await database.sql.query(
      `insert into maildrain.admin_job (job, args, state, requested_by, finished_at) values
        ('purge', '{}', 'done', 'ann', now() - interval '500 days'), ('purge', '{}', 'queued', 'ann', null)`,
    );

    const job = await storedRun(database, null, 'expire', { criteria: null });
    expect((await job.toTheEnd()).counts).toEqual({ events: 2, runs: 1 });
    expect((await database.sql.query('select job from maildrain.run')).rows).toEqual([{ job: 'purge' }]);
    expect(await count(database, 'event')).toBe(2);

    expect((await expired(database, { audit: 90 * DAY })).counts).toEqual({ audit: 1, jobs: 1 });
    expect((await database.sql.query(`select state from maildrain.admin_job where requested_by = 'ann'`)).rows).toEqual(
      [{ state: 'queued' }],
    );
  });

  it('a month that somebody works on is left for the next time', async () => {
    const { database } = await months();
    const [partition] = await expiredPartitions(database.sql, { ...KEEP, raw: 32 * DAY }, new Date());
    if (partition === undefined) throw new Error('no partition');
    const reader = await database.take();
    await reader.client.query(`begin; select count(*) from maildrain.${partition.table}`);
    const pen = await database.take();
    expect(await dropPartition(pen.client, partition)).toBe('busy');
    await reader.client.query('rollback');
    expect(await dropPartition(pen.client, partition)).toBe('dropped');
    await reader.release();
    await pen.release();
  });

  it('somebody reads all months, such as pg_dump: the job ends, asks once for each table, and drains hardly wait', async () => {
    const { database } = await months();
    const dump = await database.take();
    await dump.client.query('begin; select count(*) from maildrain.raw');
    const drain = await database.take();
    const job = await storedRun(database, null, 'expire', {
      criteria: null,
      args: { ...KEEP, raw: 32 * DAY, reports: 32 * DAY },
    });
    let longest = 0;
    let turns = 0;
    let ended = false;
    while (!ended && turns < 40) {
      turns++;
      const turn = job.turn((abort) => abort());
      await sleep(20);
      const asked = Date.now();
      await drain.client.query('select count(*) from maildrain.raw');
      longest = Math.max(longest, Date.now() - asked);
      ended = (await turn) === 'ended';
    }
    expect(ended).toBe(true);
    expect(longest).toBeLessThan(1500);
    expect([...job.notes].filter((note) => note.includes('in use'))).toHaveLength(1);
    expect(await count(database, 'raw')).toBe(7);
    expect(await count(database, 'delivery_report')).toBeLessThan(4);
    expect(job.counts.months).toBe(7 - (await count(database, 'delivery_report')));
    await dump.client.query('rollback');
    await Promise.all([dump.release(), drain.release()]);

    const next = await expired(database, { raw: 32 * DAY });
    expect(next.counts.months).toBe(7 - (await count(database, 'raw')));
    expect(await count(database, 'raw')).toBeLessThan(4);
  });
});
