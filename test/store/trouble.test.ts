// Postgres fails while octets are on their way into it: every wait ends, the error says what happened, and nothing of the message is stored.

import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createReader } from '../../src/mail/read.ts';
import { storeBatch, storeStreamed } from '../../src/store/batch.ts';
import { type Database, openDatabase, type Pen, type Sql } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_PIPELINE } from '../support/pipeline.ts';
import { WireProxy } from '../support/proxy.ts';
import { fresh, listed, migrated } from './store.ts';

const MIB = 1024 * 1024;
const NOW = new Date();

/** A message of so many pieces of 1 MiB, each after a pause, as a mail server sends it. */
async function* arriving(pieces: number, pauseMs: number, before: (n: number) => unknown = () => {}) {
  for (let n = 0; n < pieces; n++) {
    await before(n);
    await sleep(pauseMs);
    yield Buffer.alloc(MIB, 65 + n);
  }
}

function storeLarge(sql: Sql, mailboxId: number, pieces: AsyncIterable<Buffer>): Promise<unknown> {
  const reader = createReader();
  const hash = createHash('sha256');
  let size = 0;
  async function* passing() {
    for await (const piece of pieces) {
      reader.push(piece);
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  }
  return storeStreamed(
    sql,
    { mailboxId, uidValidity: '1', now: NOW, listed: listed('1'), inFlight: null, pipeline: NO_PIPELINE },
    passing(),
    () => ({ digest: hash.digest(), size, reading: reader.end() }),
    () => ({ verdict: 'fresh', state: 'pending', reason: null, displaces: null }),
  );
}

/** Many octets, so that the socket is full long before the end. */
function storeMany(sql: Sql, mailboxId: number): Promise<unknown> {
  const messages = Array.from({ length: 40 }, (_, n) => fresh(String(n + 1), Buffer.alloc(3 * MIB, 65 + n)));
  return storeBatch(sql, {
    mailboxId,
    uidValidity: '1',
    now: NOW,
    fresh: messages,
    adopted: [],
    inFlight: null,
    pipeline: NO_PIPELINE,
  });
}

async function taken(database: Database): Promise<Pen> {
  const pen = await database.take();
  onTestFinished(() => pen.release().catch(() => {}));
  return pen;
}

async function counted(database: Database): Promise<number> {
  const { rows } = await database.sql.query<{ n: number }>(
    'select ((select count(*) from maildrain.raw) + (select count(*) from maildrain.ledger))::int as n',
  );
  return rows[0]?.n ?? -1;
}

describeWith('postgres', 'Postgres in trouble', () => {
  const ways = [
    { title: 'a large message', store: storeLarge },
    {
      title: 'a batch',
      store: (sql: Sql, mailboxId: number, pieces: AsyncIterable<unknown>) =>
        Promise.all([storeMany(sql, mailboxId), drained(pieces)]),
    },
  ];

  it.each(ways)('$title: the disk is full in the middle of the COPY', async ({ store }) => {
    const { database, mailboxId } = await migrated();
    await database.sql.query(
      `create function maildrain.full_disk() returns trigger language plpgsql as $$ begin
         if new.seq = 5 then raise exception 'no space' using errcode = '53100'; end if; return new; end $$;
       create trigger full_disk before insert on maildrain.raw for each row execute function maildrain.full_disk()`,
    );
    const pen = await taken(database);
    await expect(store(pen.client, mailboxId, arriving(12, 20))).rejects.toMatchObject({ code: 'DATABASE_FULL' });
    // The connection is as good as before.
    await database.sql.query('drop trigger full_disk on maildrain.raw');
    await storeLarge(pen.client, mailboxId, arriving(3, 0));
  });

  it('the refusal arrives while octets still wait for room on the socket', async () => {
    const { database, url, mailboxId } = await migrated();
    await database.sql.query(
      `create function maildrain.full_disk() returns trigger language plpgsql as $$ begin
         if new.seq = 1 then perform pg_sleep(0.5); raise exception 'no space' using errcode = '53100'; end if; return new; end $$;
       create trigger full_disk before insert on maildrain.raw for each row execute function maildrain.full_disk()`,
    );
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    onTestFinished(() => client.end());
    const sql: Sql = { query: client.query.bind(client) };
    const { connection } = client as unknown as { connection: { stream: Socket } & EventEmitter };
    const cork = (n: number): void => {
      if (n !== 3) return;
      connection.stream.cork();
      connection.once('errorMessage', () => setTimeout(() => connection.stream.uncork(), 50));
    };
    await expect(storeLarge(sql, mailboxId, arriving(5, 5, cork))).rejects.toMatchObject({
      code: 'DATABASE_FULL',
    });
    await database.sql.query('drop trigger full_disk on maildrain.raw');
    await storeLarge(sql, mailboxId, arriving(3, 0));
  });

  it.each(ways)('$title: the connection is ended by an administrator', async ({ store }) => {
    const { database, mailboxId } = await migrated();
    const pen = await taken(database);
    const { rows } = await pen.client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const end = async (n: number): Promise<void> => {
      if (n === 3) await database.sql.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    };
    const storing = store(pen.client, mailboxId, arriving(40, 20, end));
    await expect(storing).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(pen.lost.aborted).toBe(true);
    expect(await counted(database)).toBe(0);
  });

  it.each(ways)('$title: the line stays open and falls silent', async ({ store }) => {
    const { database, url, mailboxId } = await migrated();
    const { hostname, port } = new URL(url);
    const proxy = await WireProxy.open({ host: hostname, port: Number(port), recordLimit: 0 });
    const throughProxy = openDatabase(proxy.through(url), 2, () => {}, 1500);
    onTestFinished(async () => {
      await throughProxy.close();
      await proxy.close();
    });
    const pen = await throughProxy.take();
    const when = { afterBytes: 3_000_000 };
    const cut = proxy.cutWhen({ direction: 'client', match: 'copy maildrain.raw (', when, style: 'stall' });
    await expect(store(pen.client, mailboxId, arriving(12, 5))).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(cut.fired).toBe(true);
    await pen.release();
    expect(pen.lost.aborted).toBe(true);
    expect(await counted(database)).toBe(0);
  });

  it('a statement that gets no answer ends its connection, and all that waits behind it', async () => {
    const { url } = await migrated();
    const { hostname, port } = new URL(url);
    const proxy = await WireProxy.open({ host: hostname, port: Number(port), recordLimit: 0 });
    const database = openDatabase(proxy.through(url), 2, () => {}, 1000);
    onTestFinished(async () => {
      await database.close();
      await proxy.close();
    });
    const pen = await database.take();
    proxy.cutWhen({ direction: 'server', match: 'silence', when: 'before', style: 'stall' });
    const unavailable = { code: 'DATABASE_UNAVAILABLE' };
    await expect(database.sql.query(`select 'silence'`)).rejects.toMatchObject(unavailable);
    proxy.cutWhen({ direction: 'server', match: 'again', when: 'before', style: 'stall' });
    const first = pen.client.query(`select 'again'`);
    const second = pen.client.query('select 1');
    await expect(first).rejects.toThrow('timeout');
    await expect(second).rejects.toThrow();
    expect(pen.lost.reason).toMatchObject(unavailable);
    await pen.release();
  });

  it('a mail server may take longer to send a message than any statement may take', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await taken(database);
    await pen.client.query('set statement_timeout = 400');
    await storeLarge(pen.client, mailboxId, arriving(4, 200));
    expect((await pen.client.query<{ statement_timeout: string }>('show statement_timeout')).rows).toEqual([
      { statement_timeout: '400ms' },
    ]);
  });

  it('an error of our own in the middle of a COPY leaves the connection usable', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await taken(database);
    const bad = fresh('1', Buffer.from('A: b\r\n\r\n'), {
      listed: listed('1', { internalDate: new Date(Number.NaN) }),
    });
    const batch = {
      mailboxId,
      uidValidity: '1',
      now: NOW,
      fresh: [bad],
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    };
    await expect(storeBatch(pen.client, batch)).rejects.toMatchObject({ code: 'BUG' });
    await storeBatch(pen.client, { ...batch, fresh: [fresh('1', Buffer.from('A: b\r\n\r\n'))] });
  });

  it('COMMIT waits for the disk, also where an operator has relaxed that', async () => {
    const { database, mailboxId } = await migrated();
    await database.sql.query(
      `create table seen (how text);
       create function note() returns trigger language plpgsql as $$ begin
         insert into seen values (current_setting('synchronous_commit')); return new; end $$;
       create trigger note before insert on maildrain.ledger for each row execute function note()`,
    );
    const pen = await taken(database);
    await pen.client.query('set synchronous_commit = off');
    await storeLarge(pen.client, mailboxId, arriving(1, 0));
    expect((await database.sql.query('select how from seen')).rows).toEqual([{ how: 'on' }]);
  });
});

async function drained(pieces: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of pieces);
}
