// A drain comes to owe a message while the month of its octets is being dropped. Two connections of a real Postgres, each held where the other one
// must be waited for: nothing is owed whose octets are not there.

import { expect, it } from 'vitest';
import { storeBatch } from '../../src/store/batch.ts';
import type { Adopted } from '../../src/store/entries.ts';
import { ensurePartitions } from '../../src/store/migrate.ts';
import type { Database, Pen } from '../../src/store/pool.ts';
import { dropPartition, expiredPartitions, type Partition } from '../../src/store/retention.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_PIPELINE } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { fresh, migrated } from './store.ts';

const KEEP = { raw: null, messages: null, reports: null, events: null, runs: null, audit: null, ledger: null };
const DAY = 24 * 60 * 60 * 1000;
const LETTER = Buffer.from('Subject: old\r\n\r\nkept for months\r\n');

interface Old {
  readonly database: Database;
  readonly partition: Partition;
  /** Recognises the message again and comes to owe it, as a drain does when it is due. */
  readonly owe: (pen: Pen) => Promise<unknown>;
  readonly mailboxId: number;
}

/** A message of months ago that stayed on its server, and whose month may go. */
async function old(): Promise<Old> {
  const { database, mailboxId } = await migrated();
  const now = new Date(Date.now() - 100 * DAY);
  await ensurePartitions(database.sql, now);
  await ensurePartitions(database.sql, new Date());
  const pen = await database.take();
  const entry = fresh('7', LETTER, { state: 'kept', reason: 'keep' });
  const about = { mailboxId, uidValidity: '1', inFlight: null, pipeline: NO_PIPELINE };
  const [id = ''] = await storeBatch(pen.client, { ...about, now, fresh: [entry], adopted: [] });
  await pen.release();
  const partitions = await expiredPartitions(database.sql, { ...KEEP, raw: 32 * DAY }, new Date());
  const partition = partitions.find(({ from, to }) => from <= now && now < to);
  if (partition === undefined) throw new Error('no partition');
  expect(partition).toMatchObject({ parent: 'raw', owed: 0 });
  const adopted: Adopted = {
    ...entry,
    state: 'pending',
    reason: null,
    replaces: { mailboxId, uidValidity: '1', uid: '7', digest: entry.digest },
    messageId: id,
    storedAt: now,
    arrived: { raw: LETTER, reading: entry.reading },
  };
  const owe = (by: Pen): Promise<unknown> =>
    storeBatch(by.client, { ...about, now: new Date(), fresh: [], adopted: [adopted] });
  return { database, partition, owe, mailboxId };
}

/** Until some connection waits for a lock. */
async function someoneWaits(database: Database, what: string): Promise<void> {
  await until(`somebody waits for ${what}`, async () => {
    const { rows } = await database.sql.query<{ n: number }>(
      // Of this database by its connection: a lock on a transaction's id belongs to none (PostgreSQL 18, 53.13).
      `select count(*)::int as n from pg_locks k join pg_stat_activity a using (pid) left join pg_class c on c.oid = k.relation
        where not k.granted and coalesce(c.relname, k.locktype) = $1 and a.datname = current_database()`,
      [what],
    );
    return rows[0]?.n !== 0;
  });
}

async function expectOwedAndThere(database: Database): Promise<void> {
  const { rows } = await database.sql.query<{ state: string; bytes: Buffer | null }>(
    `select l.state, r.bytes from maildrain.ledger l
       left join maildrain.raw r on r.message_id = l.message_id and r.stored_at = l.stored_at`,
  );
  expect(rows).toEqual([{ state: 'pending', bytes: LETTER }]);
}

describeWith('postgres', 'a drain that comes to owe a message while its month expires', () => {
  it('commits first: it is waited for, seen, and the month stays', async () => {
    const { database, partition, owe, mailboxId } = await old();
    const [drain, expiry, gate] = [await database.take(), await database.take(), await database.take()];
    // The last statement of a batch writes this row: there the drain is held, with all but its COMMIT done.
    await gate.client.query('begin');
    await gate.client.query('select from maildrain.mailbox where id = $1 for update', [mailboxId]);
    const owing = owe(drain);
    await someoneWaits(database, 'transactionid');
    const dropping = dropPartition(expiry.client, partition);
    await someoneWaits(database, 'raw');
    await gate.client.query('commit');
    await owing;

    expect(await dropping).toBe('owed');

    await expectOwedAndThere(database);
    for (const pen of [drain, expiry, gate]) await pen.release();
  });

  it('commits before the lock is asked for and after the month was counted: the month stays', async () => {
    const { database, partition, owe } = await old();
    const pen = await database.take();
    await owe(pen);
    expect(await dropPartition(pen.client, partition)).toBe('owed');
    await expectOwedAndThere(database);
    await pen.release();
  });

  it('comes second: it waits, finds the octets gone, and stores them again', async () => {
    const { database, partition, owe } = await old();
    const [drain, expiry] = [await database.take(), await database.take()];
    const { query } = expiry.client;
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    // The expiry is held between its DROP and its COMMIT.
    const client = new Proxy(expiry.client, {
      get: (target, name) =>
        name === 'query'
          ? async (...said: Parameters<typeof query>) => {
              if (said[0] === 'commit') await held;
              return query.apply(target, said);
            }
          : Reflect.get(target, name),
    });
    const dropping = dropPartition(client, partition);
    await until('the month is locked', async () => {
      const { rows } = await database.sql.query<{ n: number }>(
        `select count(*)::int as n from pg_locks where granted and mode = 'AccessExclusiveLock' and relation = 'maildrain.raw'::regclass
            and database = (select oid from pg_database where datname = current_database())`,
      );
      return rows[0]?.n === 1;
    });
    const owing = owe(drain);
    await someoneWaits(database, 'raw');
    goOn();
    expect(await dropping).toBe('dropped');
    await owing;

    await expectOwedAndThere(database);
    for (const pen of [drain, expiry]) await pen.release();
  });
});
