// Admin jobs as rows: a plan is applied once, and what would be done twice is not taken up again.

import { expect, it } from 'vitest';
import { retryJob } from '../../src/store/admin-job-retry.ts';
import { cancelJob, enqueueJob, findJob, finishJob, type NewJob, saveStep } from '../../src/store/admin-jobs.ts';
import type { Database, Sql } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { migrated } from './store.ts';

function jobOf(changes: Partial<NewJob>): NewJob {
  const nobody = { mailbox: null, login: null, planId: null, criteria: null, args: {}, total: null };
  return { kind: 'copy', ...nobody, requestedBy: 'ann', ...changes };
}

async function planned(database: Database): Promise<string> {
  const { rows } = await database.sql.query<{ id: string }>(
    `insert into maildrain.plan (job, mailbox, login, folder, uidvalidity, criteria, args, messages, bytes, sample, created_by)
     values ('copy', 'inbox', 'imap://ann@host:993', 'INBOX', '1', '{}', '{}', 2, 0, '[]', 'ann') returning id`,
  );
  return rows[0]?.id ?? '';
}

/** Ends a job inside a transaction that is open. */
async function finishJobWithin(sql: Sql, id: string): Promise<void> {
  await sql.query(`update maildrain.admin_job set state = 'done', finished_at = now() where id = $1`, [id]);
}

describeWith('postgres', 'rows of admin jobs', () => {
  it.each(['queued', 'done', 'cancelled', 'partial'] as const)(
    'a plan is applied once, also where two ask and its job is %s by then',
    async (state) => {
      const { database } = await migrated();
      const planId = await planned(database);
      const id = await enqueueJob(database.sql, jobOf({ planId }));
      if (state !== 'queued') await finishJob(database.sql, id, { state, error: null });
      await expect(enqueueJob(database.sql, jobOf({ planId }))).rejects.toMatchObject({ code: 'PLAN_APPLIED' });
      const { rows } = await database.sql.query('select id from maildrain.admin_job');
      expect(rows).toEqual([{ id }]);
      // Jobs without a plan are as many as somebody asks for.
      for (let n = 0; n < 2; n++) await enqueueJob(database.sql, jobOf({ kind: 'restore' }));
    },
  );

  it('of many who apply a plan at the same moment one does, also while the job of the first is not committed yet', async () => {
    const { database } = await migrated();
    const planId = await planned(database);
    const pen = await database.take();
    await pen.client.query('begin');
    const id = await enqueueJob(pen.client, jobOf({ planId }));
    const others = Promise.allSettled(
      Array.from({ length: 3 }, () => enqueueJob(database.sql, jobOf({ planId, requestedBy: 'bea' }))),
    );
    await finishJobWithin(pen.client, id);
    await pen.client.query('commit');
    await pen.release();
    for (const other of await others) {
      expect(other).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('applied') } });
    }
    const { rows } = await database.sql.query('select id, requested_by, state from maildrain.admin_job');
    expect(rows).toEqual([{ id, requested_by: 'ann', state: 'done' }]);
  });

  it.each([
    ['copy', 'partial', null, 'each message is still there and would be copied once more'],
    ['copy', 'cancelled', 1, 'goes on where it ended'],
    ['copy', 'failed', 1, 'goes on where it ended'],
    ['move', 'partial', 0, 'what was moved is no longer there'],
  ] as const)('a %s that is %s: %s slices are behind it when it is retried (%s)', async (kind, state, done, _why) => {
    const { database } = await migrated();
    const id = await enqueueJob(database.sql, jobOf({ kind }));
    await saveStep(database.sql, id, { seq: 1 }, { done: 1, counts: { copied: 1 }, notes: [] });
    await finishJob(database.sql, id, { state, error: null });
    if (done === null)
      await expect(retryJob(database.sql, id, 'cat')).rejects.toMatchObject({
        code: 'PLAN_OUTDATED',
        message: expect.stringContaining('make a new plan'),
      });
    else expect(await retryJob(database.sql, id, 'cat')).toBe(true);
    const { rows } = await database.sql.query('select state, done::int as done from maildrain.admin_job');
    expect(rows).toEqual([done === null ? { state, done: 1 } : { state: 'queued', done }]);
  });

  it('the record of the end names all who cancelled the job and took it up again, and what had come of it', async () => {
    const { database } = await migrated();
    const { sql } = database;
    const id = await enqueueJob(sql, jobOf({ kind: 'move' }));
    await cancelJob(database, id, 'bea');
    await retryJob(sql, id, 'cat');
    await saveStep(sql, id, null, {
      done: 1,
      counts: {},
      notes: [...((await findJob(sql, id))?.notes ?? []), 'a note'],
    });
    await finishJob(sql, id, { state: 'failed', error: { code: 'OVER_QUOTA', message: 'no room' } });
    await retryJob(sql, id, 'dan');
    await finishJob(sql, id, { state: 'partial', error: null });
    await retryJob(sql, id, 'eve');
    await finishJob(sql, id, { state: 'done', error: null });
    const { rows } = await sql.query('select report from maildrain.run order by id desc limit 1');
    const at = String.raw`, \d{4}-\d\d-\d\d \d\d:\d\d UTC, `;
    expect(rows).toMatchObject([
      {
        report: {
          requestedBy: 'ann',
          notes: [
            expect.stringMatching(`^taken up again by cat${at}after it was cancelled by bea$`),
            expect.stringMatching(`^taken up again by dan${at}after it failed with OVER_QUOTA$`),
            expect.stringMatching(`^taken up again by eve${at}after it was partly done$`),
          ],
        },
      },
    ]);
  });
});
