// Locks and slots: one drain for a login, so many connections for a host, and all of it freed when the connection ends.

import { expect, it } from 'vitest';
import { lockJob, lockLogin, takeHostSlot } from '../../src/store/lock.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { migrated } from './store.ts';

describeWith('postgres', 'lock', () => {
  it('of a login is held by one connection, and free when that is given back', async () => {
    const { database } = await migrated();
    const [a, b] = [await database.take(), await database.take()];
    expect(await lockLogin(a.client, 'imap://a@h:993')).toBe(true);
    expect(await lockLogin(b.client, 'imap://a@h:993')).toBe(false);
    expect(await lockLogin(b.client, 'imap://b@h:993')).toBe(true);
    await a.release();
    expect(await lockLogin(b.client, 'imap://a@h:993')).toBe(true);
    await b.release();
  });

  it('of an admin job is one, however its id is written', async () => {
    const { database } = await migrated();
    const [a, b] = [await database.take(), await database.take()];
    expect(await lockJob(a.client, '7')).toBe(true);
    expect(await lockJob(b.client, '07')).toBe(false);
    expect(await lockJob(b.client, '70')).toBe(true);
    await a.release();
    await b.release();
  });

  it('is free when the connection that held it dies, and `lost` tells the one that had it', async () => {
    const { database, url } = await migrated();
    const other = openDatabase(url, 1, () => {});
    const a = await database.take();
    const b = await other.take();
    await lockLogin(a.client, 'imap://a@h:993');
    const { rows } = await a.client.query<{ pid: number }>('select pg_backend_pid() as pid');
    expect(a.lost.aborted).toBe(false);
    await b.client.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
    expect(await lockLogin(b.client, 'imap://a@h:993')).toBe(true);
    await a.client.query('select 1').catch(() => {});
    expect(a.lost.aborted).toBe(true);
    expect(a.lost.reason).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await a.release();
    await b.release();
    await other.close();
  });

  it.each([0, 1, 2, 7])('slots of a host are as many as said, wherever one begins to look (%i)', async (first) => {
    const { url } = await migrated();
    const pool = openDatabase(url, 5, () => {});
    const pens = await Promise.all(Array.from({ length: 4 }, () => pool.take()));
    const got: boolean[] = [];
    for (const { client } of pens) got.push(await takeHostSlot(client, 'imap.example.com', 3, first));
    expect(got).toEqual([true, true, true, false]);
    expect(await takeHostSlot(pens[3]?.client ?? pool.sql, 'IMAP.example.COM', 3, 0)).toBe(false);
    expect(await takeHostSlot(pens[3]?.client ?? pool.sql, 'imap.example.net', 3, 0)).toBe(true);
    await pens[0]?.release();
    expect(await takeHostSlot(pens[3]?.client ?? pool.sql, 'imap.example.com', 3, first)).toBe(true);
    for (const pen of pens.slice(1)) await pen.release();
    await pool.close();
  });
});
