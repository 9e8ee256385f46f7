// Reading stored octets back: byte for byte, whatever their number, and in pieces.

import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { storeBatch } from '../../src/store/batch.ts';
import { findMessage, listMessages, rawOctets, receiptOf } from '../../src/store/messages.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_PIPELINE } from '../support/pipeline.ts';
import { fresh, migrated } from './store.ts';

const CHUNK = 256 * 1024;

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

describeWith('postgres', 'stored messages', () => {
  const sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7, 10 * 1024 * 1024];

  it.each(sizes)('give back %i octets exactly', async (size) => {
    const { database, mailboxId } = await migrated();
    const raw = randomBytes(size);
    const pen = await database.take();
    const [id = ''] = await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: new Date(),
      fresh: [fresh('1', raw)],
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
    await pen.release();

    expect((await gather(rawOctets(database, id))).equals(raw)).toBe(true);
    expect(await receiptOf(database, id)).toMatchObject({
      size,
      intact: true,
      sha256: createHash('sha256').update(raw).digest('hex'),
      sightings: [{ mailbox: 'inbox', folder: 'INBOX', uid: '1', state: 'pending' }],
    });
  });

  it('do not run into each other', async () => {
    const { database, mailboxId } = await migrated();
    const raws = [randomBytes(CHUNK + 5), Buffer.alloc(0), randomBytes(3), randomBytes(2 * CHUNK)];
    const pen = await database.take();
    const ids = await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: new Date(),
      fresh: raws.map((raw, i) => fresh(String(i + 1), raw)),
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
    await pen.release();
    for (const [i, raw] of raws.entries())
      expect((await gather(rawOctets(database, ids[i] ?? ''))).equals(raw)).toBe(true);
  });

  it('that are left in the middle of reading leave the pool in order', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const [id = ''] = await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: new Date(),
      fresh: [fresh('1', randomBytes(4 * CHUNK))],
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
    await pen.release();
    for (let i = 0; i < 10; i++) {
      for await (const piece of rawOctets(database, id)) {
        expect(piece.length).toBe(CHUNK);
        break;
      }
    }
    expect(await findMessage(database.sql, id)).toMatchObject({ id, size: 4 * CHUNK });
  });

  it('whose octets were changed or are gone have a receipt that says so', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const ids = await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: new Date(),
      fresh: [fresh('1', Buffer.from('one')), fresh('2', Buffer.from('two'))],
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
    await pen.release();
    await database.sql.query(`update maildrain.raw set bytes = 'One' where message_id = $1`, [ids[0]]);
    await database.sql.query('delete from maildrain.raw where message_id = $1', [ids[1]]);
    expect(await receiptOf(database, ids[0] ?? '')).toMatchObject({ intact: false, sha256Now: expect.any(String) });
    expect(await receiptOf(database, ids[1] ?? '')).toMatchObject({ intact: false, sha256Now: null });
  });

  it('that do not exist are null, or no octets', async () => {
    const { database } = await migrated();
    expect(await findMessage(database.sql, '999')).toBeNull();
    expect(await receiptOf(database, '999')).toBeNull();
    expect(await gather(rawOctets(database, '999'))).toHaveLength(0);
  });

  it('are listed newest first, found by any part of sender and subject, and paged', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const letter = (i: number): Buffer =>
      Buffer.from(`From: Bea ${i} <bea${i}@example.net>\r\nSubject: 100%_${i}\r\n\r\n`);
    await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: new Date(),
      fresh: [1, 2, 3].map((i) => fresh(String(i), letter(i))),
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
    await pen.release();
    const subjects = async (filter: object): Promise<(string | null)[]> =>
      (await listMessages(database.sql, { limit: 10, ...filter })).map(({ subject }) => subject);

    expect(await subjects({})).toEqual(['100%_3', '100%_2', '100%_1']);
    expect(await subjects({ limit: 2 })).toEqual(['100%_3', '100%_2']);
    expect(await subjects({ subject: '%_2' })).toEqual(['100%_2']);
    expect(await subjects({ subject: '_x' })).toEqual([]);
    expect(await subjects({ from: 'BEA2@' })).toEqual(['100%_2']);
    expect(await subjects({ mailbox: 'other' })).toEqual([]);
    const [newest] = await listMessages(database.sql, { limit: 1 });
    expect(await subjects({ beforeId: newest?.id })).toEqual(['100%_2', '100%_1']);
  });
});
