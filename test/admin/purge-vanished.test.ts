// Somebody else takes messages away while a purge is about to store them: they are neither stored nor counted as disposed.

import { expect, it } from 'vitest';
import { scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { planned } from './turns.ts';

describeWith('postgres', 'a purge', () => {
  it.each([false, true])(
    'does not count what somebody else took away meanwhile (cut before: %s)',
    async (cutBefore) => {
      const there = await scene();
      there.deliver(20);
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args: { store: true } });
      let fetches = 0;
      there.server.onCommand = ({ name, args }) => {
        if (name !== 'UID FETCH' || !args.includes('BODY.PEEK[')) return undefined;
        fetches++;
        if (cutBefore && fetches === 1) return { drop: 'before' };
        if (fetches === (cutBefore ? 2 : 1)) there.account.expunge([3, 4, 5]);
        return undefined;
      };
      if (cutBefore) expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });

      await job.toTheEnd();

      expect(job.counts).toEqual({ disposed: 17, gone: 3, stored: 17 });
      expect(there.left()).toEqual([]);
      expect(await there.stored()).toHaveLength(17);
    },
  );

  it.each(['UID STORE', 'UID SEARCH'])(
    'that stores nothing does not count what went before its %s',
    async (command) => {
      const there = await scene();
      there.deliver(20);
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args: { store: false } });
      let said = 0;
      there.server.onCommand = ({ name }) => {
        // The second search comes after the beginning of the slice is written down.
        if (name === command && said++ === (command === 'UID STORE' ? 0 : 1)) there.account.expunge([3, 4, 5]);
        return undefined;
      };
      await job.toTheEnd();
      expect(job.counts).toEqual({ disposed: 17, gone: 3 });
      expect(there.left()).toEqual([]);
      expect(await there.stored()).toEqual([]);
    },
  );

  it.each([{ uidplus: false }, { uidplus: false, move: false }])(
    'that stores nothing, on a poor server (%o), looks before it takes',
    async (abilities) => {
      const there = await scene(abilities, { expunge: 'exclusive' });
      there.deliver(20);
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args: { store: false } });
      let steps = 0;
      await job.turn(() => {
        if (steps++ === 0) there.account.expunge([3, 4, 5]);
        return undefined;
      });
      expect(job.counts).toEqual({ disposed: 17, gone: 3 });
      expect(there.left()).toEqual([]);
    },
  );

  it('of Trash does not count what somebody else expunged there', async () => {
    const there = await scene();
    there.deliver(20, 'Trash');
    const job = await planned(there.database, there.mailbox, 'empty-trash', { folder: 'Trash' });
    let stores = 0;
    there.server.onCommand = ({ name }) => {
      if (name === 'UID STORE' && stores++ === 0) there.account.expunge([3, 4, 5], 'Trash');
      return undefined;
    };
    await job.toTheEnd();
    expect(job.counts).toEqual({ disposed: 17, gone: 3 });
    expect(there.left('Trash')).toEqual([]);
  });
});
