// Admin jobs on the scripted Gmail: labels, Trash, the write quarantine, and lines that break between any two commands.

import { describe, expect, it } from 'vitest';
import type { GmailOptions } from '../../src/demo/imap-server/options.ts';
import { expectSameMail, letter, type MailboxChanges, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { planned } from './turns.ts';

const gmail = (options: GmailOptions = {}, changes: MailboxChanges = {}): Promise<Scene> =>
  scene({ gmail: options }, changes);

const raws = (there: Scene, folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

/** So many that there are several slices. */
const MANY = 1100;

describeWith('postgres', 'admin jobs on Gmail', () => {
  describe('purge', () => {
    it('stores first, then moves to Trash what the plan lists, and nothing that came later', async () => {
      const there = await gmail();
      const mail = there.deliver(MANY);
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
      const late = there.deliver(3);

      await job.toTheEnd();

      expect(job.counts).toEqual({ disposed: MANY, stored: MANY });
      expectSameMail(await there.stored(), mail);
      expectSameMail(raws(there, 'INBOX'), late);
      expectSameMail(raws(there, '\\Trash'), mail);
    });

    it('takes All Mail, from every label, and with forever also out of Trash', async () => {
      const there = await gmail();
      const foreign = letter();
      there.account.deliver(foreign, { folder: '\\Trash' });
      const inbox = there.deliver(20);
      const labelled = letter();
      there.account.deliver(labelled, { labels: ['Work'] });
      const archived = letter();
      there.account.deliver(archived, { folder: '\\All' });
      const job = await planned(there.database, there.mailbox, 'purge', { folder: '\\All', args: { forever: true } });

      await job.toTheEnd();

      expect(job.counts).toEqual({ disposed: 22, stored: 22 });
      expectSameMail(await there.stored(), [...inbox, labelled, archived]);
      for (const folder of ['INBOX', 'Work', '\\All']) expect(there.left(folder)).toEqual([]);
      expectSameMail(raws(there, '\\Trash'), [foreign]);
    });

    it('without storing, forever: cut after the MOVE it finishes in Trash', async () => {
      const there = await gmail();
      const foreign = letter();
      there.account.deliver(foreign, { folder: '\\Trash' });
      there.deliver(30);
      const job = await planned(there.database, there.mailbox, 'purge', {
        folder: 'INBOX',
        args: { store: false, forever: true },
      });
      let cut = 0;
      there.server.onCommand = ({ name }) => (name === 'UID STORE' && cut++ === 0 ? { drop: 'before' } : undefined);

      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(there.left()).toEqual([]);
      await job.toTheEnd();

      expect(job.counts).toEqual({ disposed: 30 });
      expect(await there.stored()).toEqual([]);
      expectSameMail(raws(there, '\\Trash'), [foreign]);
    });

    it('rests when Gmail says THROTTLED, and goes on afterwards', async () => {
      const there = await gmail();
      const mail = there.deliver(5);
      const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
      there.account.throttled = true;

      const error = await job.turn();

      expect(error).toMatchObject({ code: 'SERVER_THROTTLED' });
      expect(error?.retryAfterMs).toBeGreaterThan(20 * 60 * 60 * 1000);
      expect(job.done).toBe(0);
      expect(there.left()).toHaveLength(5);
      expect((await there.standing()).writes_not_before).not.toBeNull();
      const said = there.server.events.length;
      expect(await job.turn()).toMatchObject({ code: 'SERVER_THROTTLED' });
      expect(there.server.events.length).toBe(said);

      there.account.throttled = false;
      await there.restOver();
      await job.toTheEnd();
      expect(job.counts).toEqual({ disposed: 5, stored: 5 });
      expectSameMail(await there.stored(), mail);
    });

    it.each(['before', 'after-effect', 'before-tagged', 'midway'] as const)(
      'cut at every MOVE (%s), each time once: all is stored once and counted once',
      async (drop) => {
        const there = await gmail();
        const mail = there.deliver(620);
        const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
        const late = there.deliver(2);
        let commands = 0;
        there.server.onCommand = ({ name }) =>
          name === 'UID MOVE' && commands++ % 2 === 0 ? { drop, after: 100 } : undefined;

        for (let n = 0; n < 20 && job.done < 620; n++) await job.turn();

        expect(job.counts).toEqual({ disposed: 620, stored: 620 });
        expectSameMail(await there.stored(), mail);
        expectSameMail(raws(there, '\\Trash'), mail);
        expectSameMail(raws(there, 'INBOX'), late);
        expect(await there.rows("select 1 from maildrain.ledger where state <> 'disposed'")).toEqual([]);
      },
    );
  });

  describe('empty-trash', () => {
    it.each([
      { args: {}, folder: '\\Trash' },
      { args: { junk: true }, folder: '\\Junk' },
    ])('expunges what the plan lists in $folder and nothing else', async ({ args, folder }) => {
      const there = await gmail({ autoExpunge: false });
      there.deliver(2);
      for (let n = 0; n < 700; n++) there.account.deliver(letter(), { folder });
      const job = await planned(there.database, there.mailbox, 'empty-trash', { folder, args });
      const late = letter();
      const { uid } = there.account.deliver(late, { folder });
      there.account.flag([uid], ['\\Deleted'], folder);
      there.account.expunge(there.left(folder).slice(10, 15), folder);

      await job.toTheEnd();

      expect(job.counts).toEqual({ disposed: 695, gone: 5 });
      expectSameMail(raws(there, folder), [late]);
      expect(there.left()).toHaveLength(2);
      expect(await there.stored()).toEqual([]);
    });

    it('refuses a plan that was made in another folder', async () => {
      const there = await gmail();
      there.deliver(3);
      const job = await planned(there.database, there.mailbox, 'empty-trash', { folder: 'INBOX' });
      expect(await job.turn()).toMatchObject({ code: 'PLAN_OUTDATED' });
      expect(there.left()).toHaveLength(3);
    });
  });
});
