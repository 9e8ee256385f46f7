// A reclassify that is killed around the end of a slice: what it says it has read is what it has read.

import { expect, it } from 'vitest';
import { runTurn } from '../../src/admin/engine.ts';
import type { AdminJob, Turn } from '../../src/admin/job.ts';
import { reclassify } from '../../src/admin/reclassify.ts';
import { READER_VERSION } from '../../src/mail/read.ts';
import { enqueueJob } from '../../src/store/admin-jobs.ts';
import type { Database } from '../../src/store/pool.ts';
import { store, verdict } from '../store/bounce.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { engine, jobRow, loseConnection } from './fake-jobs.ts';

/** Two slices and a half. */
const MESSAGES = 250;
const never = new AbortController().signal;

async function asked(): Promise<{ database: Database; id: string }> {
  const { database, mailboxId } = await migrated();
  const post = { verdict: verdict([], { kind: 'other' }) };
  await store(database, mailboxId, Array(MESSAGES).fill(post));
  await database.sql.query('update maildrain.message set reader = $1', [READER_VERSION - 1]);
  const id = await enqueueJob(database.sql, {
    kind: 'reclassify',
    mailbox: null,
    login: null,
    planId: null,
    criteria: null,
    args: {},
    total: MESSAGES,
    requestedBy: 'ann',
  });
  return { database, id };
}

/** Messages that today's reader has read. */
async function readNow(database: Database): Promise<number> {
  const found = await database.sql.query('select from maildrain.message where reader = $1', [READER_VERSION]);
  return found.rowCount ?? 0;
}

async function killTurn(database: Database, turn: Turn): Promise<never> {
  await loseConnection(database, turn);
  throw new Error('killed');
}

describeWith('postgres', 'a reclassify', () => {
  it.each([1, 2, 3])('that is killed when slice %i has been committed has counted it', async (slice) => {
    const { database, id } = await asked();
    let slices = 0;
    const killed: AdminJob = {
      ...reclassify,
      async *work(turn) {
        for await (const step of reclassify.work(turn)) {
          slices += 1;
          if (slices === slice) await killTurn(database, turn);
          yield step;
        }
      },
    };
    expect(await runTurn(engine(database, killed), id, never)).toMatchObject({ outcome: 'again' });
    const read = Math.min(MESSAGES, slice * 100);
    expect(await readNow(database)).toBe(read);
    expect(await jobRow(database, id)).toMatchObject({ state: 'queued', done: read, counts: { read } });

    await database.sql.query('update maildrain.admin_job set not_before = null');
    expect(await runTurn(engine(database, killed), id, never)).toEqual({ outcome: 'ended', state: 'done' });
    expect(await jobRow(database, id)).toMatchObject({ done: MESSAGES, counts: { read: MESSAGES } });
    const runs = await database.sql.query('select report from maildrain.run');
    expect(runs.rows).toMatchObject([{ report: { done: MESSAGES, counts: { read: MESSAGES } } }]);
  });

  it('that is killed before its slice is committed has not counted it', async () => {
    const { database, id } = await asked();
    const killed: AdminJob = {
      ...reclassify,
      work: (turn) =>
        reclassify.work({
          ...turn,
          async save(step) {
            await turn.save(step);
            if (step.last === true) await killTurn(database, turn);
          },
        }),
    };
    expect(await runTurn(engine(database, killed), id, never)).toMatchObject({ outcome: 'again' });
    expect(await readNow(database)).toBe(200);
    expect(await jobRow(database, id)).toMatchObject({ state: 'queued', done: 200, counts: { read: 200 } });
  });
});
