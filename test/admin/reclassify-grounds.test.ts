// What reclassify may not touch, and what it must: suppressions whose report has expired, reports that say something harmless now, and messages whose
// octets were stored again.

import { expect, it } from 'vitest';
import { reclassifyWith } from '../../src/admin/reclassify.ts';
import { createReader, READER_VERSION, type Reader } from '../../src/mail/read.ts';
import type { SuppressionPolicy } from '../../src/model-pipeline.ts';
import type { Reading, Verdict } from '../../src/model-reading.ts';
import { ensurePartitions } from '../../src/store/migrate.ts';
import type { Database } from '../../src/store/pool.ts';
import { moveToNow } from '../../src/store/renew.ts';
import { DAY, failure, policyOf, store, suppressed, told, verdict } from '../store/bounce.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_CORRELATION } from '../support/pipeline.ts';
import { type StoredRun, storedRun } from './stored-turns.ts';

const pipelineOf = (policy: SuppressionPolicy) => ({ policy, correlate: () => NO_CORRELATION });
const bounces = pipelineOf(policyOf({ 'address-unknown': {} }));
/** More than a month ago, whatever the month. */
const THEN = new Date(Date.now() - 62 * DAY);
const MONTH = THEN.toISOString().slice(0, 7).replace('-', '_');
const FULL = failure('ann@example.org', { category: 'mailbox-full', hard: false, status: '4.2.2', action: 'delayed' });

/** Stores a failure of Ann then, with whatever else is to be there now, all of it read by an older reader. */
async function storedThen(policy = bounces): Promise<{ database: Database; mailboxId: number; id: string }> {
  const { database, mailboxId } = await migrated();
  await ensurePartitions(database.sql, THEN);
  const post = { verdict: verdict([failure('ann@example.org')]), at: THEN };
  const [id] = await store(database, mailboxId, [post], { ...policy, now: THEN });
  if (id === undefined) throw new Error('nothing was stored');
  return { database, mailboxId, id };
}

/** Everything is read again, by a reader that says the same of each message. */
async function reread(database: Database, said: Verdict, policy = bounces): Promise<StoredRun> {
  await database.sql.query('update maildrain.message set reader = $1', [READER_VERSION - 1]);
  await database.sql.query('delete from maildrain.event');
  const make = (): Reader => {
    const real = createReader();
    return {
      push: (chunk) => real.push(chunk),
      end: (): Reading => ({ ...real.end(), kind: said.kind, verdict: said }),
    };
  };
  const job = await storedRun(database, null, 'reclassify', { bounces: policy, job: reclassifyWith(make) });
  return job.toTheEnd();
}

const dropReports = (database: Database) => database.sql.query(`drop table maildrain.delivery_report_${MONTH}`);

describeWith('postgres', 'reclassify', () => {
  it('leaves a suppression alone whose report has expired, whatever becomes of later ones', async () => {
    const { database, mailboxId } = await storedThen();
    await store(database, mailboxId, [{ verdict: verdict([FULL]) }], bounces);
    await dropReports(database);
    const before = await suppressed(database);
    expect(Object.keys(before)).toEqual(['ann@example.org']);
    const job = await reread(database, verdict([], { kind: 'other' }));
    expect(job.counts).toMatchObject({ read: 2, reports: 1, reportsExpired: 1 });
    expect(await suppressed(database)).toEqual(before);
    expect(await told(database)).toEqual([]);
  });

  it('leaves it alone where the report that tipped it says the same in other words, and others that counted have expired', async () => {
    const twice = pipelineOf(policyOf({ 'address-unknown': { after: 2 } }));
    const { database, mailboxId } = await storedThen(twice);
    await store(database, mailboxId, [{ verdict: verdict([failure('ann@example.org')]) }], twice);
    await dropReports(database);
    const before = await suppressed(database);
    expect(Object.keys(before)).toEqual(['ann@example.org']);
    const job = await reread(database, verdict([failure('ann@example.org', { status: '5.1.10' })]), twice);
    expect(job.counts).toMatchObject({ reports: 2 });
    expect(await suppressed(database)).toEqual(before);
  });

  it('lifts a suppression whose message reports something harmless now', async () => {
    const { database, mailboxId } = await migrated();
    await store(database, mailboxId, [{ verdict: verdict([failure('ann@example.org')]) }], bounces);
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org']);
    const job = await reread(database, verdict([FULL]));
    expect(job.counts).toMatchObject({ reports: 2, lifted: 1 });
    expect(await suppressed(database)).toEqual({});
    expect(await told(database)).toEqual(['bounce.delayed ann@example.org', 'suppression.removed ann@example.org']);
  });

  it.each([false, true])(
    'tells only what is new of a message whose octets were stored anew, and nothing where its reports have expired (%s)',
    async (expired) => {
      const { database, id } = await storedThen();
      const { rows } = await database.sql.query<{ bytes: Buffer; digest: Buffer }>(
        'select r.bytes, m.digest from maildrain.raw r join maildrain.message m on m.id = r.message_id',
      );
      const [row] = rows;
      if (row === undefined) throw new Error('no octets');
      if (expired) await dropReports(database);
      await database.sql.query(`drop table maildrain.raw_${MONTH}`);
      const now = new Date();
      const renewed = { messageId: id, storedAt: THEN, digest: row.digest, size: row.bytes.length };
      await moveToNow(database.sql, now, [renewed]);
      await database.sql.query('insert into maildrain.raw (message_id, stored_at, seq, bytes) values ($1, $2, 0, $3)', [
        id,
        now,
        row.bytes,
      ]);
      const before = await suppressed(database);
      // The same as before, and somebody else.
      const job = await reread(database, verdict([failure('ann@example.org'), failure('bea@example.org')]));
      const reports = await database.sql.query('select address, stored_at from maildrain.delivery_report order by n');
      if (expired) {
        expect(job.counts).toEqual({ read: 1, reportsExpired: 1 });
        expect(await told(database)).toEqual([]);
        expect(await suppressed(database)).toEqual(before);
        expect(reports.rows).toEqual([]);
      } else {
        expect(await told(database)).toEqual(['bounce.failed bea@example.org', 'suppression.added bea@example.org']);
        expect(reports.rows).toEqual([
          { address: 'ann@example.org', stored_at: THEN },
          { address: 'bea@example.org', stored_at: THEN },
        ]);
      }
    },
  );
});
