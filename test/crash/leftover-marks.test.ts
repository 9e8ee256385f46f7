// Without UIDPLUS only a plain EXPUNGE is left, and it takes everything that is flagged \Deleted. What we flagged ourselves in earlier drains must
// not keep it from being sent for ever; what another client flagged must.

import { expect, it } from 'vitest';
import { scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { multiset } from './post.ts';

/** More than two batches. */
const MESSAGES = 600;

describeWith('postgres', 'a server with neither UIDPLUS nor MOVE, and marks that earlier drains left', () => {
  it('our own, of several batches: they are expunged once the owner says that the mailbox is ours alone', async () => {
    const there = await scene({ uidplus: false, move: false });
    const mail = there.deliver(MESSAGES);
    expect(await there.drain()).toMatchObject({ stored: MESSAGES, pending: MESSAGES });

    const report = await there.drain({ expunge: 'exclusive' });

    expect(report).toMatchObject({ outcome: 'done', stored: 0, pending: 0 });
    expect(report.disposed + report.gone).toBe(MESSAGES);
    expect(there.left()).toEqual([]);
    expect(multiset(await there.stored())).toEqual(multiset(mail));
  });

  it('and one of another client among them: nothing is expunged', async () => {
    const there = await scene({ uidplus: false, move: false });
    there.deliver(MESSAGES);
    const foreign = there.account.deliver(Buffer.from('Subject: not ours\r\n\r\n')).uid;
    there.account.flag([foreign], ['\\Deleted']);
    await there.drain();

    const report = await there.drain({ expunge: 'exclusive' });

    expect(report).toMatchObject({ outcome: 'partial', disposed: 0, pending: MESSAGES });
    expect(there.left()).toHaveLength(MESSAGES + 1);
    expect(there.said('EXPUNGE')).toEqual([]);
  });
});
