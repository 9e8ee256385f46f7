// Gmail's Trash shows only after a while what came there, and lines break in between: nothing is called lost, nothing is counted twice, and what
// others moved is not counted as ours.

import { describe, expect, it } from 'vitest';
import type { GmailOptions } from '../../src/demo/imap-server/options.ts';
import { expectSameMail, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { planned } from './turns.ts';

/** Gone before the last look of a run in tests (turns.ts). */
const LAG = 200;
const gmail = (options: GmailOptions = {}): Promise<Scene> => scene({ gmail: { trashLagMs: LAG, ...options } });
const inTrash = (there: Scene): Buffer[] => there.account.messages('\\Trash').map(({ raw }) => raw);

const WAYS = [
  { store: true, forever: false },
  { store: true, forever: true },
  { store: false, forever: false },
  { store: false, forever: true },
];

/** Everything is away, once, as the job says. */
async function expectPurged(there: Scene, mail: readonly Buffer[], args: (typeof WAYS)[number]): Promise<void> {
  expect(there.left()).toEqual([]);
  expectSameMail(inTrash(there), args.forever ? [] : mail);
  expectSameMail(await there.stored(), args.store ? mail : []);
  expect(await there.rows("select 1 from maildrain.ledger where state <> 'disposed'")).toEqual([]);
}

describeWith('postgres', "a purge while Gmail's Trash lags", () => {
  describe.each(WAYS)('(store: $store, forever: $forever)', (args) => {
    const counts = { disposed: 30, ...(args.store ? { stored: 30 } : {}) };

    it('looks again, and then counts what it took', async () => {
      const there = await gmail();
      const mail = there.deliver(30);
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
      await job.toTheEnd();
      expect(job.counts).toEqual(counts);
      await expectPurged(there, mail, args);
    });

    it.each(['after-effect', 'before-tagged'] as const)(
      'is cut in the MOVE (%s) and repeated at once',
      async (drop) => {
        const there = await gmail();
        const mail = there.deliver(30);
        const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
        let cut = 0;
        there.server.onCommand = ({ name }) => (name === 'UID MOVE' && cut++ === 0 ? { drop } : undefined);
        expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
        expect(there.left()).toEqual([]);
        await job.toTheEnd();
        expect(job.counts).toEqual(counts);
        expect(job.done).toBe(30);
        await expectPurged(there, mail, args);
      },
    );
  });

  it.each([true, false])(
    'forever, cut after the MOVE: what Trash shows only after ten seconds is not taken for expunged (store: %s)',
    async (store) => {
      const there = await gmail({ trashLagMs: 600_000 });
      const mail = there.deliver(5);
      const args = { store, forever: true };
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
      let cut = 0;
      let looks = 0;
      there.server.onCommand = ({ name, args: said }) => {
        if (name === 'UID MOVE' && cut++ === 0) return { drop: 'after-effect' };
        // Each look opens Trash: at once, after half a second, two, five and ten.
        if (name === 'EXAMINE' && said.includes('Trash') && ++looks === 5 && there.account.gmail !== null)
          there.account.gmail.trashLagMs = 0;
        return undefined;
      };
      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      expectSameMail(inTrash(there), mail);
      await job.toTheEnd();
      expect(looks).toBeGreaterThanOrEqual(5);
      expect(job.counts).toEqual({ disposed: 5, ...(store ? { stored: 5 } : {}) });
      await expectPurged(there, mail, args);
    },
  );

  it.each([true, false])('is cut after the expunge in Trash (store: %s): they are nowhere, by us', async (store) => {
    const there = await gmail({ trashLagMs: 0 });
    const mail = there.deliver(30);
    const args = { store, forever: true };
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
    let cut = 0;
    there.server.onCommand = ({ name }) =>
      name === 'UID EXPUNGE' && cut++ === 0 ? { drop: 'after-effect' } : undefined;
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await job.toTheEnd();
    expect(job.counts).toEqual({ disposed: 30, ...(store ? { stored: 30 } : {}) });
    await expectPurged(there, mail, args);
  });

  it.each(WAYS)('others archive some in the middle of it: $store, $forever', async (args) => {
    const there = await gmail();
    const mail = there.deliver(30);
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
    let moves = 0;
    there.server.onCommand = ({ name }) => {
      if (name === 'UID MOVE' && moves++ === 0) there.account.expunge([3, 4, 5]);
      return undefined;
    };
    await job.toTheEnd();
    expect(job.counts).toEqual({ disposed: 27, gone: 3, ...(args.store ? { stored: 30 } : {}) });
    const ours = mail.filter((_, n) => n < 2 || n > 4);
    expectSameMail(inTrash(there), args.forever ? [] : ours);
    expectSameMail(
      there.account.messages('\\All').map(({ raw }) => raw),
      mail.slice(2, 5),
    );
  });

  it.each([true, false])(
    'forever, cut before anything went there: what the second turn moves is not called disposed unseen (store: %s)',
    async (store) => {
      const there = await gmail({ trashLagMs: 600_000 });
      const mail = there.deliver(5);
      const args = { store, forever: true };
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
      let cut = 0;
      there.server.onCommand = ({ name }) => (name === 'UID MOVE' && cut++ === 0 ? { drop: 'before' } : undefined);
      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(there.left()).toHaveLength(5);
      await job.toTheEnd();
      expect(job.counts).toEqual(store ? { stored: 5, left: 5 } : { missing: 5 });
      expect([...job.notes].join()).toContain('look there');
      expect(await there.rows("select 1 from maildrain.ledger where state = 'disposed'")).toEqual([]);
      expectSameMail(inTrash(there), mail);
      if (!store || there.account.gmail === null) return;
      // What retrying a job that is partly done does to its row, once Trash shows them.
      there.account.gmail.trashLagMs = 0;
      Object.assign(job, { cursor: null, done: 0, counts: {} });
      await job.toTheEnd();
      await expectPurged(there, mail, args);
    },
  );

  it.each(WAYS)('All Mail lags as well, and shows for a while what has left it: $store, $forever', async (args) => {
    const there = await gmail();
    const mail = there.deliver(5);
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
    let movedAt: number | null = null;
    there.server.onCommand = ({ name, folder }) => {
      if (name === 'UID MOVE') movedAt ??= Date.now();
      const lags = movedAt !== null && Date.now() - movedAt < LAG;
      if (!lags || name !== 'UID SEARCH' || folder !== '[Gmail]/All Mail') return undefined;
      return { untagged: ['SEARCH 1', 'ESEARCH UID ALL 1'], reply: 'OK Completed' };
    };
    await job.toTheEnd();
    expect(job.counts).toEqual({ disposed: 5, ...(args.store ? { stored: 5 } : {}) });
    await expectPurged(there, mail, args);
  });

  it('says so where All Mail is hidden and Trash lags for long', async () => {
    const there = await gmail({ hideAll: true, trashLagMs: 60_000 });
    there.deliver(3);
    const args = { store: false, forever: true };
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX', args });
    await job.toTheEnd();
    expect(job.counts).toEqual({ missing: 3 });
    expect([...job.notes].join()).toContain('look there');
  });
});
