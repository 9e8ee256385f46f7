// A plan fits as long as its UIDs mean the messages that were shown: on a server that estimates sizes, and in a folder that was made again.

import { describe, expect, it } from 'vitest';
import { makePlan } from '../../src/admin/plan.ts';
import type { Plan } from '../../src/store/plans.ts';
import { letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { JobRun, sourceFor } from './turns.ts';

describeWith('postgres', 'a plan and estimated sizes', () => {
  it.each([
    { why: 'the estimates are others now', sample: {}, fits: true },
    { why: 'another subject', sample: { subject: 'invoice' }, fits: false },
    { why: 'another sender', sample: { from: 'Ann <ann@example.org>' }, fits: false },
    { why: 'another time', sample: { date: '2020-01-01T00:00:00Z' }, fits: false },
  ])('$why', async ({ sample, fits }) => {
    let more = 10;
    const there = await scene({ sizeEstimate: (size) => size + more }, {});
    for (let n = 0; n < 12; n++) there.account.deliver(letter());
    const args = { add: ['\\Seen'] };
    const source = sourceFor(there, 'flag', args);
    const asked = { job: 'flag', folder: 'INBOX', criteria: { all: true }, args, by: 'ann' } as const;
    const plan = await makePlan({ database: there.database, source }, there.mailbox, asked);
    if (plan.id === null) throw new Error('nothing is planned');
    await there.database.sql.query(
      `update maildrain.plan set sample = jsonb_set(sample, '{3}', sample->3 || $1::jsonb)`,
      [JSON.stringify(sample)],
    );
    more = 500;

    const error = await new JobRun(there.database, there.mailbox, plan).turn();

    if (fits) expect(error).toBeNull();
    else expect(error).toMatchObject({ code: 'PLAN_OUTDATED' });
    const flagged = there.account.messages().filter(({ flags }) => flags.includes('\\Seen'));
    expect(flagged).toHaveLength(fits ? 12 : 0);
  });
});

/** A plan of all that is in Trash, and a folder of that name and UIDVALIDITY with other messages. */
async function madeAgain(there: Scene, job: 'empty-trash' | 'purge', others: number): Promise<Plan> {
  there.deliver(100, 'Trash');
  const args = job === 'purge' ? { store: false } : {};
  const asked = { job, folder: '\\Trash', criteria: { all: true }, args, by: 'ann' } as const;
  const plan = await makePlan({ database: there.database, source: sourceFor(there, job, args) }, there.mailbox, asked);
  if (plan.id === null) throw new Error('nothing is planned');
  there.account.recreateFolder('Trash', { sameUidValidity: true });
  for (let n = 0; n < others; n++)
    there.account.deliver(letter(), { folder: 'Trash', internalDate: new Date(Date.UTC(2026, 10, 1, 8, 0, n)) });
  return plan;
}

describeWith('postgres', 'a plan of a folder that was made again under its UIDVALIDITY', () => {
  describe.each(['empty-trash', 'purge'] as const)('(%s)', (job) => {
    it('is outdated where the folder never gave out its last UID', async () => {
      const there = await scene();
      const plan = await madeAgain(there, job, 10);
      there.account.expunge([1], 'Trash');
      expect(await new JobRun(there.database, there.mailbox, plan).turn()).toMatchObject({ code: 'PLAN_OUTDATED' });
      expect(there.left('Trash')).toHaveLength(9);
    });

    it('is outdated where nothing of its sample is left, and what is there arrived at another time', async () => {
      const there = await scene();
      const plan = await madeAgain(there, job, 120);
      there.account.expunge(
        plan.sample.map(({ uid }) => Number(uid)),
        'Trash',
      );
      const left = there.left('Trash');
      expect(await new JobRun(there.database, there.mailbox, plan).turn()).toMatchObject({ code: 'PLAN_OUTDATED' });
      expect(there.left('Trash')).toEqual(left);
    });
  });

  it('a plan fits where nothing of its sample is left, and the others are as they were', async () => {
    const there = await scene();
    there.deliver(100, 'Trash');
    const asked = { job: 'empty-trash', folder: '\\Trash', criteria: { all: true }, args: {}, by: 'ann' } as const;
    const source = sourceFor(there, 'empty-trash', {});
    const plan = await makePlan({ database: there.database, source }, there.mailbox, asked);
    if (plan.id === null) throw new Error('nothing is planned');
    there.account.expunge(
      plan.sample.map(({ uid }) => Number(uid)),
      'Trash',
    );
    const run = await new JobRun(there.database, there.mailbox, plan).toTheEnd();
    expect(run.counts).toEqual({ disposed: 90, gone: 10 });
    expect(there.left('Trash')).toEqual([]);
  });
});
