// The COPY encoder: what it writes is what Postgres reads, for any values.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CopyIn } from '../../src/store/copy.ts';
import type { Pen } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { migrated } from './store.ts';

interface Row {
  i4: number;
  i8: bigint;
  at: Date | null;
  t: string | null;
  ts: string[];
  j: unknown;
  b: Buffer;
}

/** What cleaned text may hold: anything but U+0000 and lone surrogates. */
const text = fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.replaceAll('\0', ''));

const row: fc.Arbitrary<Row> = fc.record({
  i4: fc.integer(),
  i8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  at: fc.option(
    fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
  ),
  t: fc.option(text),
  ts: fc.array(text, { maxLength: 4 }),
  j: fc.array(fc.tuple(text, text), { maxLength: 4 }),
  b: fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets)),
});

async function table(): Promise<Pen> {
  const { database } = await migrated();
  const pen = await database.take();
  await pen.client.query(
    'create temp table t (n int, i4 int, i8 bigint, at timestamptz, t text, ts text[], j jsonb, b bytea)',
  );
  return pen;
}

async function write(pen: Pen, rows: readonly Row[]): Promise<void> {
  const copy = new CopyIn(pen.client, 'copy t (n, i4, i8, at, t, ts, j, b) from stdin (format binary)');
  for (const [n, { i4, i8, at, t, ts, j, b }] of rows.entries()) {
    copy.row(8);
    copy.int4(n);
    copy.int4(i4);
    copy.int8(String(i8));
    copy.timestamptz(at);
    copy.text(t);
    copy.texts(ts);
    copy.jsonb(j);
    copy.bytea(b);
    await copy.breathe();
  }
  await copy.end();
}

describeWith('postgres', 'CopyIn', () => {
  it('writes what Postgres reads back, for any values', async () => {
    const pen = await table();
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        await pen.client.query('truncate t');
        await write(pen, rows);
        const found = await pen.client.query('select i4, i8, at, t, ts, j, b from t order by n');
        expect(found.rows).toEqual(rows.map((one) => ({ ...one, i8: String(one.i8) })));
      }),
      { numRuns: 60 },
    );
    await pen.release();
  });

  it('grows with values that are larger than its buffer, and keeps rows apart', async () => {
    const pen = await table();
    const large = (size: number): Row => ({
      i4: size,
      i8: BigInt(size),
      at: null,
      t: 'ü'.repeat(size),
      ts: ['€'.repeat(size), ''],
      j: [['k', '😀'.repeat(size)]],
      b: Buffer.alloc(size, 7),
    });
    const rows = [large(1), large(700_000), large(3), large(524_288), large(0)];
    await write(pen, rows);
    const found = await pen.client.query('select i4, t, ts, j, b from t order by n');
    expect(found.rows).toEqual(rows.map(({ i4, t, ts, j, b }) => ({ i4, t, ts, j, b })));
    await pen.release();
  });

  it('of no rows is an empty COPY', async () => {
    const pen = await table();
    await write(pen, []);
    expect((await pen.client.query('select from t')).rowCount).toBe(0);
    await pen.release();
  });

  it('rejects with a DATABASE or BUG error what Postgres refuses, and the connection goes on', async () => {
    const pen = await table();
    const copy = new CopyIn(pen.client, 'copy t (n, t) from stdin (format binary)');
    copy.row(2);
    copy.int4(1);
    copy.text('a\0b');
    await expect(copy.end()).rejects.toMatchObject({ name: 'MaildrainError' });
    expect((await pen.client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pen.release();
  });

  it('given up half-way stores nothing, and the connection goes on', async () => {
    const pen = await table();
    const copy = new CopyIn(pen.client, 'copy t (n) from stdin (format binary)');
    copy.row(1);
    copy.int4(1);
    await copy.abandon();
    expect((await pen.client.query('select from t')).rowCount).toBe(0);
    await pen.release();
  });
});
