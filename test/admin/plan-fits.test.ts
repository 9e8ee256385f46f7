// A plan on a server that estimates sizes: it fits as long as the messages are those that were shown.

import { expect, it } from 'vitest';
import { makePlan } from '../../src/admin/plan.ts';
import { letter, scene } from '../drain/scene.ts';
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
