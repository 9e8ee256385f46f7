// A message that was held for its size and then freed by a person: it is stored whatever its size, and keeps nobody else waiting.

import { expect, it } from 'vitest';
import { heldMessages, release } from '../../src/store/holds.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, scene } from './scene.ts';

const MIB = 1024 * 1024;

const sizes = [
  { size: 1.5 * MIB, why: 'smaller than a batch, larger than the limit' },
  { size: 2.5 * MIB, why: 'larger than one piece of the line may be under this limit' },
  { size: 9.5 * MIB, why: 'larger than a batch' },
];

describeWith('postgres', 'a released message', () => {
  it.each(sizes)('of $size octets ($why) is stored whole and the others with it', async ({ size }) => {
    const here = await scene({}, { sizeLimit: 64 * 1024 });
    const large = letter(size);
    here.account.deliver(large);
    expect(await here.drain()).toMatchObject({ outcome: 'partial', held: 1, stored: 0 });
    await release(here.database.sql, 'inbox', null);
    const [small] = here.deliver(1);
    expect(await here.drain()).toMatchObject({ outcome: 'done', held: 0, stored: 2, disposed: 2 });
    expectSameMail(await here.stored(), [large, ...(small === undefined ? [] : [small])]);
  });

  it('that another client marked \\Deleted meanwhile is left to that client, and no longer listed as held', async () => {
    const here = await scene({}, { sizeLimit: 64 * 1024 });
    const { uid } = here.account.deliver(letter(100 * 1024));
    expect(await here.drain()).toMatchObject({ outcome: 'partial', held: 1 });
    here.account.flag([uid], ['\\Deleted']);
    await release(here.database.sql, 'inbox', null);
    expect(await here.drain()).toMatchObject({ outcome: 'done', held: 0, stored: 0, skipped: 1 });
    expect(await heldMessages(here.database.sql, null)).toEqual([]);
    expect(here.left()).toEqual([uid]);
  });
});
