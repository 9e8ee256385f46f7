// Suppressions as people change them: the last word counts, everything or nothing, each change told once.

import { expect, it } from 'vitest';
import {
  addSuppressions,
  allSuppressions,
  findSuppression,
  findSuppressions,
  liftExpired,
  listSuppressions,
  removeSuppressions,
} from '../../src/store/suppressions.ts';
import { describeWith } from '../support/fresh.ts';
import { DAY, failure, policyOf, store, suppressed, told, verdict } from './bounce.ts';
import { migrated } from './store.ts';

const now = new Date();
const inDays = (days: number): Date => new Date(now.getTime() + days * DAY);
const manual = { until: null, note: null, source: 'manual' } as const;
const atOnce = policyOf({ 'address-unknown': { forMs: 30 * DAY } });
const bounce = (address: string) => ({ verdict: verdict([failure(address)]) });

describeWith('postgres', 'suppressions', () => {
  it('are found while they stand', async () => {
    const { database } = await migrated();
    const { sql } = database;
    await addSuppressions(database, ['ann@example.org'], { ...manual, until: inDays(1), note: 'asked by mail' }, now);
    await addSuppressions(database, ['over@example.org'], { ...manual, until: inDays(-1) }, inDays(-2));
    expect(await findSuppression(sql, 'ann@example.org')).toEqual({
      address: 'ann@example.org',
      reason: 'manual',
      source: 'manual',
      since: now,
      until: inDays(1),
      messageId: null,
      note: 'asked by mail',
    });
    expect(await findSuppression(sql, 'over@example.org')).toBeNull();
    const found = await findSuppressions(sql, ['ann@example.org', 'over@example.org', 'no@example.org']);
    expect(found.map(({ address }) => address)).toEqual(['ann@example.org']);
  });

  it('are changed by what a person says, and each change is told once', async () => {
    const { database, mailboxId } = await migrated();
    const { sql } = database;
    await store(database, mailboxId, [bounce('ann@example.org')], { now, policy: atOnce });
    const both = ['ann@example.org', 'bob@example.org', 'bob@example.org'];
    expect((await addSuppressions(database, both, manual, inDays(1))).sort()).toEqual([
      'ann@example.org',
      'bob@example.org',
    ]);
    expect(await addSuppressions(database, both, manual, inDays(2))).toEqual([]);
    expect(await findSuppression(sql, 'ann@example.org')).toMatchObject({
      reason: 'manual',
      since: now,
      until: null,
      messageId: null,
    });
    // A report does not take it back into its own hands.
    await store(database, mailboxId, [bounce('ann@example.org')], { now: inDays(3), policy: atOnce });
    expect((await findSuppression(sql, 'ann@example.org'))?.source).toBe('manual');
    expect((await told(database)).filter((line) => line.startsWith('suppression'))).toEqual([
      'suppression.added ann@example.org',
      'suppression.added ann@example.org',
      'suppression.added bob@example.org',
    ]);
  });

  it('a removed one stays away until something is reported after it', async () => {
    const { database, mailboxId } = await migrated();
    await store(database, mailboxId, [bounce('ann@example.org')], { now, policy: atOnce });
    const when = new Date(now.getTime() + 1000);
    expect(await removeSuppressions(database, ['ann@example.org', 'never@example.org'], when)).toEqual({
      removed: ['ann@example.org'],
      absent: ['never@example.org'],
    });
    // What was received before, drained after.
    for (const address of ['ann@example.org', 'never@example.org'])
      await store(database, mailboxId, [{ ...bounce(address), at: now }], { now: inDays(1), policy: atOnce });
    expect(await suppressed(database)).toEqual({});
    await store(database, mailboxId, [bounce('ann@example.org')], { now: inDays(1), policy: atOnce });
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org']);
    const { rows } = await database.sql.query(
      `select key, body from maildrain.event where type = 'suppression.removed'`,
    );
    expect(rows).toEqual([{ key: 'ann@example.org', body: { address: 'ann@example.org', why: 'removed' } }]);
  });

  it('are lifted once when their time is over, by however many at once', async () => {
    const { database, mailboxId } = await migrated();
    const short = policyOf({ 'address-unknown': { forMs: DAY } });
    const addresses = Array.from({ length: 20 }, (_, n) => `u${n}@example.org`);
    await store(database, mailboxId, addresses.map(bounce), { now, policy: short });
    await addSuppressions(database, ['stays@example.org'], { ...manual, until: inDays(3) }, now);
    expect(await liftExpired(database, now, 100)).toBe(0);
    await Promise.all([1, 2, 3].map(() => liftExpired(database, inDays(2), 15)));
    await liftExpired(database, inDays(2), 15);
    expect(Object.keys(await suppressed(database))).toEqual(['stays@example.org']);
    const lines = (await told(database)).filter((line) => line.startsWith('suppression.removed'));
    expect(lines.sort()).toEqual(addresses.map((address) => `suppression.removed ${address}`).sort());
  });

  it('nothing is half done', async () => {
    const { database } = await migrated();
    const bad = addSuppressions(database, ['ann@example.org', 'nul\0@example.org'], manual, now);
    await expect(bad).rejects.toThrow();
    expect(await suppressed(database)).toEqual({});
    expect(await told(database)).toEqual([]);
  });

  it('are listed by every filter, page by page', async () => {
    const { database, mailboxId } = await migrated();
    const { sql } = database;
    await store(database, mailboxId, [bounce('a@example.org'), bounce('b@sub.example.org')], { now, policy: atOnce });
    await addSuppressions(database, ['c@example.org'], { ...manual, source: 'import' }, inDays(-9));
    await addSuppressions(database, ['old@example.org'], { ...manual, until: inDays(-1) }, inDays(-9));
    const names = async (filter: object): Promise<string[]> =>
      (await listSuppressions(sql, { limit: 10, ...filter })).map(({ address }) => address);
    const cases = [
      { why: 'no filter', filter: {}, found: ['a@example.org', 'b@sub.example.org', 'c@example.org'] },
      { why: 'the reason', filter: { reason: 'address-unknown' }, found: ['a@example.org', 'b@sub.example.org'] },
      { why: 'exactly the domain', filter: { domain: 'example.org' }, found: ['a@example.org', 'c@example.org'] },
      { why: 'no pattern in a domain', filter: { domain: '%' }, found: [] },
      { why: 'the source', filter: { source: 'import' }, found: ['c@example.org'] },
      { why: 'since', filter: { since: inDays(-1) }, found: ['a@example.org', 'b@sub.example.org'] },
      { why: 'the first page', filter: { limit: 1 }, found: ['a@example.org'] },
      { why: 'the next', filter: { limit: 1, after: 'a@example.org' }, found: ['b@sub.example.org'] },
      { why: 'those that are over', filter: { expired: true }, found: ['old@example.org'] },
    ];
    for (const { why, filter, found } of cases) expect(await names(filter), why).toEqual(found);
  });

  it('come out whole over many pages', async () => {
    const { database } = await migrated();
    const addresses = Array.from({ length: 2500 }, (_, n) => `u${String(n).padStart(5, '0')}@example.org`);
    await addSuppressions(database, addresses, { ...manual, source: 'import' }, now);
    const found: string[] = [];
    for await (const { address } of allSuppressions(database.sql)) found.push(address);
    expect(found).toEqual(addresses);
  });
});
