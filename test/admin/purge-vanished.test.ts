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
});
