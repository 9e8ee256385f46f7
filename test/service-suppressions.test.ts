// Suppressions and reports as a program meets them: addresses as people write them, errors that repeat none of them.

import { expect, it, onTestFinished } from 'vitest';
import { createMaildrain, type Maildrain } from '../src/index.ts';
import { DAY, failure, policyOf, store, verdict } from './store/bounce.ts';
import { migrated } from './store/store.ts';
import { describeWith } from './support/fresh.ts';

async function scene(): Promise<{ maildrain: Maildrain } & Awaited<ReturnType<typeof migrated>>> {
  const made = await migrated();
  const maildrain = await createMaildrain({
    postgres: made.url,
    mailboxes: [],
    suppression: { trust: 'address-only', rules: { 'mailbox-full': { after: 1, for: '10d' } } },
    logLevel: 'error',
  });
  onTestFinished(() => maildrain.stop());
  return { maildrain, ...made };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describeWith('postgres', 'a program', () => {
  it('asks, adds and removes, in any case and in Unicode', async () => {
    const { maildrain } = await scene();
    const { suppressions } = maildrain;
    expect(await suppressions.add(['Ann@BÜCHER.example'], { note: 'nul\0 in it' })).toEqual([
      'ann@xn--bcher-kva.example',
    ]);
    expect(await suppressions.find('ANN@bücher.example')).toMatchObject({
      source: 'manual',
      until: null,
      note: 'nul in it',
    });
    expect(await suppressions.findMany(['ann@xn--bcher-kva.example', 'bob@example.org'])).toHaveLength(1);
    expect(await suppressions.list({ limit: 5, domain: 'BÜCHER.example' })).toHaveLength(1);
    expect(await suppressions.remove(['Ann@BÜCHER.example'])).toEqual({
      removed: ['ann@xn--bcher-kva.example'],
      absent: [],
    });
    expect(await suppressions.find('ann@bücher.example')).toBeNull();
  });

  it('plans by the policy of its configuration, or by another', async () => {
    const { maildrain, database, mailboxId } = await scene();
    const full = verdict([failure('ann@example.org', { category: 'mailbox-full', hard: false })]);
    await store(database, mailboxId, [{ verdict: full }]);
    const configured = await all(maildrain.suppressions.plan());
    const strict = await all(maildrain.suppressions.plan({ policy: policyOf({ 'mailbox-full': { forMs: DAY } }) }));
    expect(configured).toMatchObject([{ address: 'ann@example.org', change: 'add', reason: 'mailbox-full' }]);
    expect(strict[0]?.until?.getTime()).toBeLessThan(configured[0]?.until?.getTime() ?? 0);
    expect(await maildrain.bounces.list({ limit: 5, address: 'ANN@example.org' })).toHaveLength(1);
    expect(await maildrain.bounces.stats({ limit: 5, by: 'category' })).toMatchObject([{ key: 'mailbox-full' }]);
  });

  it('is told what is wrong without the address, and nothing is done', async () => {
    const { maildrain, database } = await scene();
    const { suppressions, bounces } = maildrain;
    const wrong: (() => Promise<unknown>)[] = [
      () => suppressions.find('Secret Person <secret@example.org>'),
      () => suppressions.add(['fine@example.org', 'secret@']),
      () => suppressions.remove(['fine@example.org', 'secret@']),
      () => suppressions.add(['fine@example.org'], { until: new Date(0) }),
      () => suppressions.add(['fine@example.org'], { until: new Date(Number.NaN) }),
      () => suppressions.add(['fine@example.org'], { note: 'x'.repeat(501) }),
      () => suppressions.list({ limit: 5, domain: 'secret@example.org' }),
      () => bounces.list({ limit: 5, cursor: '1.0; drop' }),
      () => bounces.stats({ limit: 5, by: 'constructor' as 'day' }),
    ];
    for (const attempt of wrong) {
      const error = await attempt().then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error, String(attempt)).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(String(error)).not.toMatch(/secret/i);
    }
    const { rows } = await database.sql.query(
      'select from maildrain.suppression union all select from maildrain.address_reset',
    );
    expect(rows).toEqual([]);
  });
});
