// Stored mail is read again: a reader that says something else is injected, the database is looked at. What has not changed is not told of.

import { expect, it } from 'vitest';
import { type ReclassifyDiff, reclassify, reclassifyDiff, reclassifyWith } from '../../src/admin/reclassify.ts';
import { READER_VERSION, type Reader } from '../../src/mail/read.ts';
import { ensurePartitions } from '../../src/store/migrate.ts';
import type { Database } from '../../src/store/pool.ts';
import { DAY, failure, policyOf, store, suppressed, told, verdict } from '../store/bounce.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_CORRELATION } from '../support/pipeline.ts';
import { readerThat } from './reader-that.ts';
import { storedRun } from './stored-turns.ts';

/** Everything was read by an older reader. */
const age = (database: Database) =>
  database.sql.query('update maildrain.message set reader = $1', [READER_VERSION - 1]);

const bounces = { policy: policyOf({ 'address-unknown': {} }), correlate: () => NO_CORRELATION };

const reported = async (database: Database): Promise<unknown[]> =>
  (
    await database.sql.query(
      'select message_id, kind, address, category from maildrain.delivery_report order by message_id, n',
    )
  ).rows;

async function diffOf(database: Database, make: () => Reader): Promise<ReclassifyDiff[]> {
  const diffs: ReclassifyDiff[] = [];
  for await (const diff of reclassifyDiff(database, bounces, { criteria: null }, new AbortController().signal, make))
    diffs.push(diff);
  return diffs;
}

describeWith('postgres', 'reclassify', () => {
  it('a message that turns out to be a bounce: first the diff, then report, suppression and events, once', async () => {
    const { database, mailboxId } = await migrated();
    const at = new Date(Date.now() - 3 * DAY);
    const [id, other] = await store(
      database,
      mailboxId,
      [
        { verdict: verdict([], { kind: 'other' }), at },
        { verdict: verdict([], { kind: 'other' }), at },
      ],
      { now: at },
    );
    await age(database);
    const rows = await database.sql.query<{ octets: string }>(
      `select encode(bytes, 'escape') as octets from maildrain.raw where message_id = $1`,
      [id],
    );
    const make = readerThat((octets) =>
      octets === rows.rows[0]?.octets ? verdict([failure('ann@example.org')]) : null,
    );

    const [diff] = await diffOf(database, make);

    expect(diff).toMatchObject({ read: 2, expired: 0 });
    expect(diff?.messages).toMatchObject([
      {
        messageId: id,
        kind: { was: 'other', is: 'bounce' },
        reports: { gone: [], added: [{ address: 'ann@example.org', category: 'address-unknown' }] },
      },
    ]);
    expect(diff?.suppressions).toMatchObject([
      { address: 'ann@example.org', was: null, is: { reason: 'address-unknown', until: null } },
    ]);
    expect(await reported(database)).toEqual([]);
    expect(await told(database)).toEqual([]);

    const job = await (
      await storedRun(database, null, 'reclassify', { bounces, job: reclassifyWith(make) })
    ).toTheEnd();

    expect(job.counts).toEqual({ read: 2, changed: 1, reports: 1, suppressed: 1, events: 2 });
    expect(await reported(database)).toEqual([
      { message_id: id, kind: 'bounce', address: 'ann@example.org', category: 'address-unknown' },
    ]);
    const {
      rows: [row],
    } = await database.sql.query('select reported_at, stored_at from maildrain.delivery_report');
    expect(row).toEqual({ reported_at: at, stored_at: at });
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org']);
    expect(await told(database)).toEqual(['bounce.failed ann@example.org', 'suppression.added ann@example.org']);
    const kinds = await database.sql.query('select id, kind, reader from maildrain.message order by id');
    expect(kinds.rows).toEqual([
      { id, kind: 'bounce', reader: READER_VERSION },
      { id: other, kind: 'other', reader: READER_VERSION },
    ]);

    // Again, also for what today's reader has read: nothing is told twice.
    const again = await storedRun(database, null, 'reclassify', {
      bounces,
      args: { readerBefore: READER_VERSION + 1 },
      job: reclassifyWith(make),
    });
    expect((await again.toTheEnd()).counts).toEqual({ read: 2 });
    expect((await (await storedRun(database, null, 'reclassify', { bounces })).toTheEnd()).counts).toEqual({});
    expect(await told(database)).toHaveLength(2);
  });

  it('a bounce that is none after all: its suppression is lifted, and told of; those with other grounds stand', async () => {
    const { database, mailboxId } = await migrated();
    const posts = ['ann@example.org', 'bea@example.org', 'bea@example.org', 'cora@example.org'].map((address) => ({
      verdict: verdict([failure(address)]),
    }));
    await store(database, mailboxId, posts, bounces);
    await database.sql.query(
      `update maildrain.suppression set source = 'manual', message_id = null where address = 'cora@example.org'`,
    );
    await database.sql.query('delete from maildrain.event');
    await age(database);
    const all = await database.sql.query<{ octets: string }>(
      `select encode(bytes, 'escape') as octets from maildrain.raw order by message_id`,
    );
    const stays = all.rows[2]?.octets;
    const make = readerThat((octets) => (octets === stays ? verdict([failure('bea@example.org')]) : null));

    const [diff] = await diffOf(database, make);
    expect(diff?.suppressions).toMatchObject([{ address: 'ann@example.org', is: null }]);
    expect(Object.keys(await suppressed(database))).toHaveLength(3);

    await (await storedRun(database, null, 'reclassify', { bounces, job: reclassifyWith(make) })).toTheEnd();

    expect(Object.keys(await suppressed(database))).toEqual(['bea@example.org', 'cora@example.org']);
    expect(await told(database)).toEqual(['suppression.removed ann@example.org']);
    expect(await reported(database)).toHaveLength(1);
  });

  it('reads several slices, cut in between, and chooses by criteria, mailbox and age of the reader', async () => {
    const { database, mailboxId } = await migrated();
    const posts = Array.from({ length: 250 }, (_one, i) => ({
      verdict: verdict([], { kind: 'other' }),
      at: new Date(Date.UTC(2026, 0, 1 + (i % 2))),
    }));
    await store(database, mailboxId, posts);
    await age(database);
    const nobody = await storedRun(database, null, 'reclassify', { bounces, args: { mailbox: 'outbox' } });
    expect((await nobody.toTheEnd()).counts).toEqual({});
    const make = readerThat(() => verdict([failure('ann@example.org')]));
    const criteria = { since: new Date(Date.UTC(2026, 0, 2)) };
    const job = await storedRun(database, null, 'reclassify', {
      bounces,
      criteria,
      args: { mailbox: 'inbox' },
      job: reclassifyWith(make),
    });
    expect(
      await job.turn(() => {
        throw new Error('killed after the slice was written');
      }),
    ).toMatchObject({ code: 'BUG' });
    await job.toTheEnd();
    expect([job.done, job.counts]).toEqual([
      125,
      { read: 125, changed: 125, reports: 125, suppressed: 1, events: 126 },
    ]);
    expect(await reported(database)).toHaveLength(125);
    expect((await told(database)).filter((line) => line.startsWith('bounce.failed'))).toHaveLength(125);
    expect((await told(database)).filter((line) => line.startsWith('suppression'))).toHaveLength(1);
    expect(reclassify.needsMailbox).toBe(false);
  });

  it('reports of a month that expired before its octets do not come back: only the message is read again', async () => {
    const { database, mailboxId } = await migrated();
    const then = new Date(Date.now() - 62 * DAY);
    await ensurePartitions(database.sql, then);
    const post = { verdict: verdict([failure('ann@example.org')]), at: then };
    const [old] = await store(database, mailboxId, [post], { ...bounces, now: then });
    const [young] = await store(database, mailboxId, [{ verdict: verdict([], { kind: 'other' }) }]);
    await age(database);
    await database.sql.query('delete from maildrain.event');
    const month = then.toISOString().slice(0, 7).replace('-', '_');
    await database.sql.query(`drop table maildrain.delivery_report_${month}`);
    const make = readerThat(() => verdict([failure('bea@example.org')], { kind: 'complaint' }));

    const [diff] = await diffOf(database, make);
    expect(diff).toMatchObject({ read: 2, reportsExpired: 1 });
    const job = await (
      await storedRun(database, null, 'reclassify', { bounces, job: reclassifyWith(make) })
    ).toTheEnd();

    expect(job.counts).toMatchObject({ read: 2, changed: 2, reports: 1, reportsExpired: 1 });
    expect(await reported(database)).toMatchObject([{ message_id: young }]);
    const kinds = await database.sql.query('select id, kind, reader from maildrain.message order by id');
    expect(kinds.rows).toEqual([
      { id: old, kind: 'complaint', reader: READER_VERSION },
      { id: young, kind: 'complaint', reader: READER_VERSION },
    ]);
    // What was reported then still counts, and is not told of again.
    expect(Object.keys(await suppressed(database))).toContain('ann@example.org');
    expect((await told(database)).filter((line) => line.startsWith('complaint'))).toHaveLength(1);
  });
});
