// The SQL that the documents show is run: on tables with something in them, so that a wrong column or a wrong type does not reach a reader.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { addSuppressions } from '../src/store/suppressions.ts';
import { DAY, failure, policyOf, store, verdict } from './store/bounce.ts';
import { migrated } from './store/store.ts';
import { describeWith } from './support/fresh.ts';

const DOCS = resolve(import.meta.dirname, '../docs');

/** Each block with the heading above it. */
const BLOCKS = readdirSync(DOCS)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => {
    const text = readFileSync(join(DOCS, name), 'utf8');
    return [...text.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(({ 1: sql = '', index }) => {
      const heading = [...text.slice(0, index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '';
      return { page: name, heading, sql };
    });
  });

/** Their good answer is no row at all here. */
const EMPTY = [
  'Is every message what was fetched?',
  'The last run of each mailbox',
  'Attachments that came more than once',
  'One header field',
];

async function filled(): Promise<string> {
  const { database, mailboxId, url } = await migrated();
  const now = new Date();
  const ago = (days: number): Date => new Date(now.getTime() - days * DAY);
  await database.sql.query('select maildrain.ensure_partitions($1, 2)', [ago(20)]);
  // The month whose partitions a page drops.
  await database.sql.query(`select maildrain.ensure_partitions('2026-01-15', 0)`);
  await database.sql.query(
    `create table public.outbox (message_id text, recipient text, sent_at timestamptz);
     insert into public.outbox values ('m1@us', 'ann@example.org', now() - interval '1 day'), ('m2@us', 'fine@example.org', now())`,
  );
  const headers = { token: null, address: null, signed: false, originalHeaders: { 'x-campaign-id': 'autumn' } };
  const full = verdict([failure('full@example.org', { category: 'mailbox-full', hard: false })]);
  await store(
    database,
    mailboxId,
    [
      { verdict: verdict([failure('ann@example.org')], { originalMessageId: 'm1@us' }), at: ago(1) },
      { verdict: full, at: ago(3) },
      { verdict: full, at: ago(5) },
      { verdict: verdict([failure('x@example.net', { scope: 'sender', category: 'sender-reputation' })]) },
      {
        verdict: verdict([failure('cara@example.org')], { kind: 'complaint', feedbackType: 'abuse' }),
        correlation: headers,
      },
      {
        verdict: verdict([failure('dan@example.org')], {
          kind: 'auto-reply',
          autoReply: { type: 'left', until: null },
        }),
      },
    ],
    { now, policy: policyOf({ 'address-unknown': {}, complaint: {} }) },
  );
  await addSuppressions(database, ['eve@example.org'], { until: null, note: null, source: 'manual' }, now);
  return url;
}

describe('SQL in the documents', () => {
  it('was found', () => expect(BLOCKS.length).toBeGreaterThan(15));
});

describeWith('postgres', 'SQL in the documents', () => {
  it('runs, and finds what is there', async () => {
    const client = new pg.Client(await filled());
    await client.connect();
    try {
      for (const { page, heading, sql } of BLOCKS) {
        await client.query('begin');
        const why = `${page}, "${heading}":\n${sql}`;
        const result = await client.query(sql).catch((error: Error) => expect.unreachable(`${why}\n${error.message}`));
        if (result.command === 'SELECT' && !EMPTY.includes(heading) && !sql.includes('42'))
          expect(result.rowCount, why).toBeGreaterThan(0);
        await client.query('rollback');
      }
      const [rate] = BLOCKS.filter(({ heading }) => heading === 'Bounce rate per domain per day');
      const { rows } = await client.query(rate?.sql ?? '');
      expect(rows.map(({ domain, sent, failed, percent }) => ({ domain, sent, failed, percent }))).toEqual([
        { domain: 'example.org', sent: '1', failed: '0', percent: '0.00' },
        { domain: 'example.org', sent: '1', failed: '1', percent: '100.00' },
      ]);
    } finally {
      await client.end();
    }
  });
});
