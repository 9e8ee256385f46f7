// A job that is being worked on hears of its cancelling from whatever connection it comes; where it does not hear of it, it looks at its row.

import { expect, it } from 'vitest';
import { runTurn } from '../../src/admin/engine.ts';
import { cancelJob } from '../../src/store/admin-jobs.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { aborted, counting, engine, enqueue, jobRow, storeForJobs } from './fake-jobs.ts';

const never = new AbortController().signal;
/** The row is not looked at before the test is over. */
const NEVER_MS = 60 * 60_000;

describeWith('postgres', 'a job that is cancelled', () => {
  it('is told so, also by another process', async () => {
    const { database, url } = await storeForJobs();
    const id = await enqueue(database, 9);
    const elsewhere = openDatabase(url, 2, () => {});
    const job = counting(async (n, { signal }) => {
      if (n < 3) return {};
      await cancelJob(elsewhere, id, 'bea');
      await aborted(signal);
      return {};
    });
    const options = engine(database, job, { beatMs: NEVER_MS });
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'ended', state: 'cancelled' });
    expect(await jobRow(database, id)).toMatchObject({ done: 3, cancelRequestedBy: 'bea' });
    await elsewhere.close();
  });

  it('and was not told sees it in its row', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 9);
    const job = counting(async (_, { signal }) => {
      await database.sql.query('update maildrain.admin_job set cancel_requested_at = now()');
      await aborted(signal);
      return {};
    });
    const options = engine(database, job, { beatMs: 50 });
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'ended', state: 'cancelled' });
  });

  it('leaves a connection behind that hears of no job any more', async () => {
    const { database, url } = await storeForJobs();
    const one = openDatabase(url, 1, () => {});
    const id = await enqueue(database, 1);
    const pen = await one.take();
    const heard: string[] = [];
    await pen.listen('maildrain_jobs', (told) => heard.push(told));
    await cancelJob(database, id, 'bea');
    await expect.poll(() => heard).toContain(id);
    await pen.release();
    const { rows } = await one.sql.query('select pg_listening_channels() as channel');
    expect(rows).toEqual([]);
    await one.close();
  });
});
