// The storing transaction: all of a batch or nothing, and text that Postgres would refuse never gets there.

import { expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import { storeBatch, storeStreamed } from '../../src/store/batch.ts';
import type { Database } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_PIPELINE } from '../support/pipeline.ts';
import { fresh, listed, migrated } from './store.ts';

const now = (): Date => new Date();

async function counts(database: Database): Promise<Record<string, number>> {
  const { rows } = await database.sql.query<Record<string, number>>(
    `select (select count(*)::int from maildrain.message) as message, (select count(*)::int from maildrain.raw) as raw,
       (select count(*)::int from maildrain.attachment) as attachment, (select count(*)::int from maildrain.ledger) as ledger`,
  );
  return rows[0] ?? {};
}

const withAttachment = Buffer.from(
  'Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: image/png; name=p\r\n\r\nx\r\n--b--\r\n',
);

describeWith('postgres', 'storeBatch', () => {
  const texts = [
    { why: 'NUL in a header', raw: Buffer.from('Subject: a\0b\r\nX-\0: \0\r\n\r\nc\0d') },
    {
      why: 'NUL in encoded words',
      raw: Buffer.from('Subject: =?utf-8?Q?a=00b?=\r\nFrom: =?utf-8?B?AA==?= <a\0@b>\r\n\r\n'),
    },
    { why: 'surrogates written as UTF-8', raw: Buffer.from('Subject: \xed\xa0\x80\r\n\r\n\xed\xb0\x80', 'latin1') },
    {
      why: 'lone surrogates in UTF-16',
      raw: Buffer.concat([
        Buffer.from('Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n'),
        Buffer.from(Buffer.from([0x3d, 0xd8, 0x41, 0]).toString('base64')),
      ]),
    },
    {
      why: 'NUL in an attachment name',
      raw: Buffer.from(
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b; name="x\0y"\r\n\r\nz\r\n--b--\r\n',
      ),
    },
    {
      why: 'a type that is not one',
      raw: Buffer.from(
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: \0/\0\r\n\r\nz\r\n--b--\r\n',
      ),
    },
  ];

  it.each(texts)('takes $why: the octets exact, the text cleaned', async ({ raw }) => {
    const { database, mailboxId } = await migrated();

    const pen = await database.take();
    const ids = await storeBatch(pen.client, oneConnection(mailboxId, [fresh('1', raw)]));
    await pen.release();

    const { rows } = await database.sql.query<{ bytes: Buffer; row: string }>(
      `select r.bytes, m::text || coalesce((select string_agg(a::text, '') from maildrain.attachment a), '') as row
         from maildrain.message m join maildrain.raw r on r.message_id = m.id where m.id = $1`,
      [ids[0]],
    );
    expect(rows[0]?.bytes.equals(raw)).toBe(true);
    expect(rows[0]?.row).not.toContain('\0');
  });

  function oneConnection(mailboxId: number, messages: ReturnType<typeof fresh>[]) {
    return {
      mailboxId,
      uidValidity: '1',
      now: now(),
      fresh: messages,
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    };
  }

  it('stores all of a batch', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    await storeBatch(
      pen.client,
      oneConnection(mailboxId, [fresh('1', withAttachment), fresh('2', Buffer.from('two'))]),
    );
    await pen.release();
    expect(await counts(database)).toEqual({ message: 2, raw: 2, attachment: 1, ledger: 2 });
  });

  it('rolls everything back when another drain has written one of its rows', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    await storeBatch(pen.client, oneConnection(mailboxId, [fresh('1', Buffer.from('one'))]));
    const before = await counts(database);

    await expect(
      storeBatch(pen.client, oneConnection(mailboxId, [fresh('2', withAttachment), fresh('1', Buffer.from('one'))])),
    ).rejects.toMatchObject({ code: 'DATABASE_CONFLICT' });

    expect(await counts(database)).toEqual(before);
    // The connection is good for the next batch.
    await storeBatch(pen.client, oneConnection(mailboxId, [fresh('2', withAttachment)]));
    expect((await counts(database)).message).toBe(2);
    await pen.release();
  });

  it('of two at once that hold the same message admits one', async () => {
    const { database, mailboxId } = await migrated();
    const pens = [await database.take(), await database.take()];
    const results = await Promise.allSettled(
      pens.map(({ client }) => storeBatch(client, oneConnection(mailboxId, [fresh('1', Buffer.from('one'))]))),
    );
    for (const pen of pens) await pen.release();
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await counts(database)).toMatchObject({ message: 1, raw: 1, ledger: 1 });
  });

  it('rolls everything back when the row it adopts is no longer there', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const one = fresh('1', Buffer.from('one'));
    const [id = ''] = await storeBatch(pen.client, oneConnection(mailboxId, [one]));
    const missing = { mailboxId, uidValidity: '1', uid: '77', digest: one.digest };
    const adopted = { ...one, listed: listed('9'), replaces: missing, messageId: id, storedAt: now(), arrived: null };

    await expect(
      storeBatch(pen.client, { ...oneConnection(mailboxId, [fresh('2', Buffer.from('two'))]), adopted: [adopted] }),
    ).rejects.toMatchObject({ code: 'DATABASE_CONFLICT' });

    expect(await counts(database)).toMatchObject({ message: 1, ledger: 1 });
    await pen.release();
  });

  it('moves an owed row of another message out of the way, and that is adopted all the same', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const owed = fresh('1', Buffer.from('twin'));
    const [id = ''] = await storeBatch(pen.client, oneConnection(mailboxId, [owed]));
    const newcomer = fresh('1', Buffer.from('twin'), { displaces: id });
    await storeBatch(pen.client, oneConnection(mailboxId, [newcomer]));
    const replaces = { mailboxId, uidValidity: '1', uid: '1', digest: owed.digest };
    const adopted = { ...owed, listed: listed('9'), replaces, messageId: id, storedAt: now(), arrived: null };
    await storeBatch(pen.client, { ...oneConnection(mailboxId, []), adopted: [adopted] });

    const { rows } = await database.sql.query(
      'select uidvalidity, uid, message_id = $1 as first from maildrain.ledger',
      [id],
    );
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual({ uidvalidity: '1', uid: '1', first: false });
    expect(rows).toContainEqual({ uidvalidity: '1', uid: '9', first: true });
    await pen.release();
  });

  it('ends a hold when its message is stored', async () => {
    const { database, mailboxId } = await migrated();
    await database.sql.query(
      `insert into maildrain.ledger (mailbox_id, uidvalidity, uid, digest, state, released) values ($1, '1', '1', '', 'held', true)`,
      [mailboxId],
    );
    const pen = await database.take();
    await storeBatch(pen.client, oneConnection(mailboxId, [fresh('1', Buffer.from('one'))]));
    await pen.release();
    const { rows } = await database.sql.query('select state from maildrain.ledger');
    expect(rows).toEqual([{ state: 'pending' }]);
  });

  it('says DATABASE_* and no row values when Postgres refuses', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const secret = fresh('1', Buffer.from('Subject: do not tell\r\n\r\n'));
    // No partition for that month.
    const error = await storeBatch(pen.client, { ...oneConnection(mailboxId, [secret]), now: new Date(0) }).catch(
      (e: unknown) => e,
    );
    await pen.release();
    expect(String(error)).not.toContain('do not tell');
    expect(await counts(database)).toEqual({ message: 0, raw: 0, attachment: 0, ledger: 0 });
  });
});

describeWith('postgres', 'storeStreamed', () => {
  async function* pieces(all: readonly Buffer[], error?: Error): AsyncGenerator<Buffer> {
    for (const piece of all) {
      await Promise.resolve();
      yield piece;
    }
    if (error !== undefined) throw error;
  }
  const MIB = Buffer.alloc(1024 * 1024, 'x');

  it('rolls back what came when the rest does not', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    const work = storeStreamed(
      pen.client,
      { mailboxId, uidValidity: '1', now: now(), listed: listed('1'), inFlight: null, pipeline: NO_PIPELINE },
      pieces([MIB, MIB, MIB], new Error('cut')),
      () => ({ digest: Buffer.alloc(32), size: 0, reading: read(Buffer.alloc(0)) }),
      () => ({ verdict: 'fresh', state: 'pending', reason: null, displaces: null }),
    );
    await expect(work).rejects.toMatchObject({ message: expect.stringContaining('cut') });
    expect(await counts(database)).toEqual({ message: 0, raw: 0, attachment: 0, ledger: 0 });
    await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: now(),
      fresh: [fresh('1', MIB)],
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
    await pen.release();
    expect(await counts(database)).toMatchObject({ message: 1, raw: 4 });
  });

  it('keeps nothing of what is to be left alone', async () => {
    const { database, mailboxId } = await migrated();
    const pen = await database.take();
    await storeStreamed(
      pen.client,
      { mailboxId, uidValidity: '1', now: now(), listed: listed('1'), inFlight: null, pipeline: NO_PIPELINE },
      pieces([MIB]),
      () => ({ digest: Buffer.alloc(32), size: MIB.length, reading: read(Buffer.alloc(0)) }),
      () => ({ verdict: 'leave' }),
    );
    await pen.release();
    expect(await counts(database)).toEqual({ message: 0, raw: 0, attachment: 0, ledger: 0 });
  });
});
