// Binary COPY, field by field: what goes in comes out, whatever its size and however it falls on the buffers.

import pg from 'pg';
import { expect, it } from 'vitest';
import { CopyIn } from '../../src/store/copy.ts';
import { describeWith, freshDatabase } from '../support/fresh.ts';

interface Row {
  readonly n: number;
  readonly label: string | null;
  readonly tags: readonly string[];
  readonly facts: unknown;
  readonly octets: Buffer;
}

const KIB = 1024;

/** Octets that differ from row to row and place to place, so that a piece at the wrong place shows. */
function octets(length: number, seed: number): Buffer {
  const made = Buffer.alloc(length);
  for (let i = 0; i < length; i++) made[i] = (i * 31 + (i >> 8) * 7 + seed) & 0xff;
  return made;
}

const cases: readonly { why: string; rows: readonly Row[] }[] = [
  { why: 'nothing at all', rows: [] },
  { why: 'empty values', rows: [{ n: 0, label: '', tags: [], facts: [], octets: Buffer.alloc(0) }] },
  {
    why: 'sizes around those at which octets are no longer copied',
    rows: [-1, 0, 1].map((more, n) => ({
      n,
      label: null,
      tags: ['a'],
      facts: { more },
      octets: octets(16 * KIB + more, n),
    })),
  },
  {
    why: 'small and large octets in turn, over many buffers',
    rows: Array.from({ length: 400 }, (_, n) => ({
      n,
      label: `row ${n}`,
      tags: [`tag ${n}`],
      facts: [n],
      octets: octets(n % 3 === 0 ? 40_000 + n : n * 13, n),
    })),
  },
  {
    why: 'texts longer than a buffer, where UTF-8 needs three octets a character',
    rows: [1, 2].map((n) => ({
      n,
      label: '€'.repeat(300 * KIB),
      tags: Array.from({ length: 3_000 }, (_, i) => `${'ü'.repeat(100)}${i}`),
      facts: { text: 'ß'.repeat(200 * KIB) },
      octets: octets(256 * KIB, n),
    })),
  },
];

describeWith('postgres', 'a COPY', () => {
  it.each(cases)('brings $why', async ({ rows }) => {
    const client = await table();
    const copy = new CopyIn(client, STATEMENT);
    for (const row of rows) {
      write(copy, row);
      await copy.breathe();
    }
    await copy.end();
    const stored = await client.query('select n, label, tags, facts, octets from t order by n');
    expect(stored.rows.length).toBe(rows.length);
    for (const [i, row] of rows.entries()) {
      const { octets: found, ...fields } = stored.rows[i];
      expect(fields).toEqual({ n: row.n, label: row.label, tags: row.tags, facts: row.facts });
      expect(row.octets.equals(found)).toBe(true);
    }
    await client.end();
  });

  it('that is abandoned leaves nothing, and its connection works on after a rollback', async () => {
    const client = await table();
    await client.query('begin');
    const copy = new CopyIn(client, STATEMENT);
    write(copy, { n: 1, label: null, tags: [], facts: null, octets: octets(900 * KIB, 1) });
    await copy.breathe();
    await copy.abandon();
    await client.query('rollback');
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 0 }]);
    await client.end();
  });
});

const STATEMENT = 'copy t (n, label, tags, facts, octets) from stdin (format binary)';

async function table(): Promise<pg.Client> {
  const client = new pg.Client((await freshDatabase()).url);
  client.on('error', () => {});
  await client.connect();
  await client.query('create table t (n int, label text, tags text[], facts jsonb, octets bytea)');
  return client;
}

function write(copy: CopyIn, row: Row): void {
  copy.row(5);
  copy.int4(row.n);
  copy.text(row.label);
  copy.texts(row.tags);
  copy.jsonb(row.facts);
  copy.bytea(row.octets);
}
