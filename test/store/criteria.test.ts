// Criteria over stored mail: what SQL finds is what filtering the same messages in memory finds, whatever the locale of the database.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matcherOf } from '../../src/criteria-match.ts';
import type { Criteria } from '../../src/model-admin.ts';
import type { Kind } from '../../src/model-reading.ts';
import { storeBatch } from '../../src/store/batch.ts';
import { patternOf, whereOf } from '../../src/store/criteria.ts';
import type { Sql } from '../../src/store/pool.ts';
import { criteria, factsOf, letter } from '../criteria-mail.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_PIPELINE } from '../support/pipeline.ts';
import { fresh, listed, migrated } from './store.ts';

const MESSAGES = 160;
const RUNS = 300;

async function stored(): Promise<{ sql: Sql; facts: ReturnType<typeof factsOf>[] }> {
  const { database, mailboxId } = await migrated();
  const now = new Date();
  const pen = await database.take();
  const letters = Array.from({ length: MESSAGES }, (_, n) => letter(n));
  await storeBatch(pen.client, {
    mailboxId,
    uidValidity: '1',
    now,
    fresh: letters.map(({ raw, flags, internalDate }, n) =>
      fresh(String(n + 1), raw, { listed: listed(String(n + 1), { flags, internalDate, size: raw.length }) }),
    ),
    adopted: [],
    inFlight: null,
    pipeline: NO_PIPELINE,
  });
  await pen.release();
  return { sql: database.sql, facts: letters.map((one, n) => factsOf(String(n + 1), one)) };
}

async function uidsWhere(sql: Sql, some: Criteria): Promise<string[]> {
  const where = whereOf(some, 'm', 2);
  const found = await sql.query<{ uid: string }>(
    `select l.uid from maildrain.message m join maildrain.ledger l on l.message_id = m.id
      where l.uidvalidity = $1 and ${where.sql} order by l.uid::bigint`,
    ['1', ...where.params],
  );
  return found.rows.map(({ uid }) => uid);
}

describeWith('postgres', 'criteria over stored mail', () => {
  it('finds what filtering in memory finds', { timeout: 300_000 }, async () => {
    const { sql, facts } = await stored();
    let found = 0;
    const kind = fc.option(fc.constantFrom<Kind>('other', 'bounce', 'unreadable'), { nil: undefined });
    const ask = async (one: Criteria, kindOf: Kind | undefined): Promise<void> => {
      const { all: _, ...others } = one;
      const some: Criteria = kindOf === undefined ? one : { ...others, kind: kindOf };
      const wanted = facts.filter(matcherOf(some)).map(({ uid }) => uid);
      expect(await uidsWhere(sql, some)).toEqual(wanted);
      if (wanted.length > 0) found += 1;
    };
    await fc.assert(fc.asyncProperty(criteria, kind, ask), { numRuns: RUNS });
    // A search that finds nothing proves little.
    expect(found).toBeGreaterThan(50);
  });

  it('takes nothing of a needle for SQL or an operator', async () => {
    const { sql } = await stored();
    const needles = [`' or true --`, '.*', '[', '(', '\\', '$1', '%', '_', '^', 'a|b', '{2}', '\u{1f600}', '***=x'];
    for (const needle of needles) {
      const { params, sql: text } = whereOf({ subject: needle, header: [[needle.trim() || 'x', needle]] });
      expect(text).not.toContain(needle.length > 3 ? needle : '\0');
      expect(params).toContain(patternOf(needle));
      await uidsWhere(sql, { subject: needle, from: needle });
    }
    expect(await uidsWhere(sql, { subject: '50%' })).not.toEqual([]);
    expect(await uidsWhere(sql, { subject: '5%0' })).toEqual([]);
  });

  it('says of --gmail that it is for a server', () => {
    expect(() => whereOf({ gmail: 'in:anywhere' })).toThrow(expect.objectContaining({ code: 'CRITERIA_INVALID' }));
  });
});
