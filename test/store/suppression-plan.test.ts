// What a policy would have made of the reports that are there: the same as if it had been in force when they came.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SuppressionPolicy } from '../../src/model-pipeline.ts';
import type { Database } from '../../src/store/pool.ts';
import { type PlannedChange, planSuppressions } from '../../src/store/suppression-plan.ts';
import { addSuppressions, removeSuppressions } from '../../src/store/suppressions.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_SUPPRESSION } from '../support/pipeline.ts';
import { DAY, failure, type Post, policyOf, store, suppressed, verdict } from './bounce.ts';
import { migrated } from './store.ts';

const NOW = new Date(Date.UTC(2026, 10, 20, 23));
const HOUR = DAY / 24;
const ago = (days: number): Date => new Date(NOW.getTime() - days * DAY);

async function plan(database: Database, policy: SuppressionPolicy, now = NOW): Promise<PlannedChange[]> {
  const changes: PlannedChange[] = [];
  for await (const change of planSuppressions(database.sql, policy, now)) changes.push(change);
  return changes;
}

async function scene(): Promise<Awaited<ReturnType<typeof migrated>>> {
  const made = await migrated();
  await made.database.sql.query('select maildrain.ensure_partitions($1, 3)', [ago(60)]);
  return made;
}

const unknown = (address: string) => verdict([failure(address)]);
const full = (address: string) => verdict([failure(address, { category: 'mailbox-full', hard: false })]);
const delivered = (address: string) => verdict([failure(address, { action: 'delivered', category: null })]);
const complaint = (address: string, feedbackType = 'abuse') =>
  verdict([failure(address, { action: null, category: null, scope: null })], { kind: 'complaint', feedbackType });

describeWith('postgres', 'planSuppressions', () => {
  const strict = policyOf({
    'address-unknown': {},
    'mailbox-full': { after: 2, withinMs: 10 * DAY, forMs: 30 * DAY },
  });

  it('finds nothing to change under the policy that is in force', async () => {
    const { database, mailboxId } = await scene();
    for (const days of [9, 7, 5, 3])
      await store(
        database,
        mailboxId,
        [{ verdict: full('ann@example.org') }, { verdict: unknown('bob@example.org') }],
        {
          now: ago(days),
          policy: strict,
        },
      );
    await store(database, mailboxId, [{ verdict: delivered('ann@example.org') }], { now: ago(2), policy: strict });
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org', 'bob@example.org']);
    expect(await plan(database, strict)).toEqual([]);
  });

  it('says what another one would add, remove, lengthen and shorten', async () => {
    const { database, mailboxId } = await scene();
    await store(database, mailboxId, [{ verdict: unknown('a@example.org') }, { verdict: complaint('b@example.org') }], {
      now: ago(3),
      policy: policyOf({ 'address-unknown': { forMs: 10 * DAY } }),
    });
    const was = { reason: 'address-unknown', until: ago(-7) };
    const cases: { why: string; policy: SuppressionPolicy; changes: PlannedChange[] }[] = [
      {
        why: 'longer, and one more',
        policy: policyOf({ 'address-unknown': {}, complaint: { forMs: 90 * DAY } }),
        changes: [
          { address: 'a@example.org', change: 'lengthen', reason: 'address-unknown', until: null, was },
          { address: 'b@example.org', change: 'add', reason: 'complaint', until: ago(-87), was: null },
        ],
      },
      {
        why: 'shorter',
        policy: policyOf({ 'address-unknown': { forMs: 5 * DAY } }),
        changes: [{ address: 'a@example.org', change: 'shorten', reason: 'address-unknown', until: ago(-2), was }],
      },
      {
        why: 'over already',
        policy: policyOf({ 'address-unknown': { forMs: 2 * DAY } }),
        changes: [{ address: 'a@example.org', change: 'remove', reason: 'address-unknown', until: null, was }],
      },
      {
        why: 'nothing is believed',
        policy: NO_SUPPRESSION,
        changes: [{ address: 'a@example.org', change: 'remove', reason: 'address-unknown', until: null, was }],
      },
    ];
    for (const { why, policy, changes } of cases) expect(await plan(database, policy), why).toEqual(changes);
  });

  it('leaves what people said: their suppressions, and what they lifted, also when something was delivered since', async () => {
    const { database, mailboxId } = await scene();
    const said = { until: null, note: null, source: 'import' } as const;
    await addSuppressions(database, ['kept@example.org'], said, ago(5));
    await store(database, mailboxId, [{ verdict: unknown('lifted@example.org') }], { now: ago(4), policy: strict });
    await removeSuppressions(database, ['lifted@example.org'], ago(3));
    await store(database, mailboxId, [{ verdict: delivered('lifted@example.org') }], { now: ago(2), policy: strict });
    expect(await plan(database, strict)).toEqual([]);
    expect(await plan(database, NO_SUPPRESSION)).toEqual([]);
  });

  it('keeps a suppression whose report has expired, and may lengthen it', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { forMs: 60 * DAY } });
    await store(database, mailboxId, [{ verdict: full('ann@example.org') }], { now: ago(20), policy });
    await store(database, mailboxId, [{ verdict: complaint('ann@example.org') }], { now: ago(3), policy });
    await database.sql.query(`delete from maildrain.delivery_report where category = 'mailbox-full'`);
    expect(await plan(database, NO_SUPPRESSION)).toEqual([]);
    expect(await plan(database, policyOf({ complaint: { forMs: 5 * DAY } }))).toEqual([]);
    expect(await plan(database, policyOf({ complaint: {} }))).toMatchObject([{ change: 'lengthen', until: null }]);
  });

  it('takes as long for one address with ten thousand reports as for ten thousand addresses', async () => {
    const { database, mailboxId } = await scene();
    await database.sql.query(
      `insert into maildrain.delivery_report (message_id, stored_at, n, mailbox_id, reported_at, kind, address, action, scope, category, trust,
         original_headers, part, span)
       select n, $2::timestamptz + make_interval(secs => n * 60), 0, $1, $2::timestamptz + make_interval(secs => n * 60), 'bounce',
              case when n <= 10000 then 'many@example.org' else 'u' || n || '@example.org' end, 'failed', 'recipient', 'mailbox-full',
              'address-only', '{}', '', '' from generate_series(1, 20000) as n`,
      [mailboxId, ago(40)],
    );
    const policy = policyOf({ 'mailbox-full': { after: 9, withinMs: 8 * DAY } });
    const began = performance.now();
    expect(await plan(database, policy)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await plan(database, policyOf({ 'mailbox-full': {} }))).toHaveLength(10_001);
  });

  it('ends where the reports lead, one by one under the same policy', async () => {
    const [applied, planned] = [await scene(), await scene()];
    let run = 0;
    const said = fc.constantFrom(unknown, full, delivered, complaint, (address: string) =>
      complaint(address, 'not-spam'),
    );
    // Afternoons: where a window ends at night no day is cut in two, and it does not matter which report of a day came first.
    const post = fc.record({
      name: fc.constantFrom('a', 'b'),
      said,
      day: fc.integer({ min: 0, max: 14 }),
      late: fc.integer({ min: 0, max: 5 }),
      minute: fc.integer({ min: 0, max: 300 }),
    });
    const rule = (lasts: number) =>
      fc.option(
        fc.record({
          after: fc.integer({ min: 1, max: 3 }),
          withinMs: fc.option(fc.integer({ min: 1, max: 9 }).map((days) => days * DAY + 12 * HOUR)),
          // No two causes may end at the same moment, for then it is chance which of them is told.
          forMs: fc.integer({ min: 1, max: 60 }).map((days) => days * DAY + lasts * 7 * 1000),
        }),
      );
    const policies = fc.record({ unknown: rule(1), full: rule(2), complaint: rule(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(post, { minLength: 1, maxLength: 16 }), policies, async (posts, rules) => {
        const policy: SuppressionPolicy = {
          trust: 'address-only',
          complaintTrust: 'address-only',
          rules: {
            ...NO_SUPPRESSION.rules,
            'address-unknown': rules.unknown,
            'mailbox-full': rules.full,
            complaint: rules.complaint,
          },
        };
        const domain = `run${++run}.example`;
        const timed = posts
          .map(({ name, said: say, day, late, minute }, n) => {
            const at = new Date(ago(20).getTime() - 11 * HOUR + day * DAY + minute * 60_000 + n);
            return {
              post: { verdict: say(`${name}@${domain}`), at } satisfies Post,
              // What a delivery that comes late would have kept from counting has counted by then.
              now: new Date(at.getTime() + (say === delivered ? 0 : late * DAY)),
            };
          })
          .sort((one, other) => one.now.getTime() - other.now.getTime());
        for (const { post: one, now } of timed) {
          await store(applied.database, applied.mailboxId, [one], { now, policy });
          await store(planned.database, planned.mailboxId, [one], { now });
        }
        const standing = Object.entries(await suppressed(applied.database))
          .filter(([address, { until }]) => address.endsWith(`@${domain}`) && (until === null || until > NOW))
          .map(([address, { reason, until }]) => ({ address, change: 'add', reason, until, was: null }));
        const ours = ({ address }: PlannedChange): boolean => address.endsWith(`@${domain}`);
        expect((await plan(planned.database, policy)).filter(ours)).toEqual(standing);
        expect((await plan(applied.database, policy)).filter(ours)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
