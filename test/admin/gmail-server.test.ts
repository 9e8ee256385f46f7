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

    it('without storing, forever: cut after the expunge in Trash it counts what is gone, and not what others moved', async () => {
      const there = await gmail();
      there.deliver(30);
      const job = await planned(there.database, there.mailbox, 'purge', {
        folder: 'INBOX',
        args: { store: false, forever: true },
      });
      let cut = 0;
      there.server.onCommand = ({ name }) =>
        name === 'UID EXPUNGE' && cut++ === 0 ? { drop: 'after-effect' } : undefined;

      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(raws(there, '\\Trash')).toEqual([]);
      await job.toTheEnd();

      expect(job.counts).toEqual({ disposed: 30 });
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

  describe('move and copy', () => {
    it('moves to a new label what the plan lists', async () => {
      const there = await gmail();
      const mail = there.deliver(MANY);
      const job = await planned(there.database, there.mailbox, 'move', {
        folder: 'INBOX',
        args: { to: 'Done', create: true },
      });
      const late = there.deliver(2);
      there.account.expunge(there.left().slice(0, 4));

      await job.toTheEnd();

      expect(job.counts).toEqual({ moved: MANY - 4, gone: 4 });
      expectSameMail(raws(there, 'Done'), mail.slice(4));
      expectSameMail(raws(there, 'INBOX'), late);
    });

    it.each(['before', 'after-effect', 'before-tagged', 'midway'] as const)(
      'cut at every other MOVE or COPY (%s): once each, counted once',
      async (drop) => {
        const there = await gmail();
        const mail = there.deliver(520);
        there.server.onCommand = undefined;
        const cut = (): void => {
          let commands = 0;
          there.server.onCommand = ({ name }) =>
            (name === 'UID MOVE' || name === 'UID COPY') && commands++ % 2 === 0 ? { drop, after: 50 } : undefined;
        };
        const copies = await planned(there.database, there.mailbox, 'copy', {
          folder: 'INBOX',
          args: { to: 'Copies', create: true },
        });
        cut();
        for (let n = 0; n < 10 && copies.done < 520; n++) await copies.turn();
        expect(copies.counts).toEqual({ copied: 520 });
        expectSameMail(raws(there, 'Copies'), mail);
        expectSameMail(raws(there, 'INBOX'), mail);

        const moves = await planned(there.database, there.mailbox, 'move', { folder: 'INBOX', args: { to: 'Copies' } });
        cut();
        for (let n = 0; n < 10 && moves.done < 520; n++) await moves.turn();
        expect(moves.counts).toEqual({ moved: 520 });
        expectSameMail(raws(there, 'Copies'), mail);
        expect(there.left()).toEqual([]);
      },
    );

    it('says that a message moved out of All Mail stays there', async () => {
      const there = await gmail();
      const mail = there.deliver(3);
      const job = await planned(there.database, there.mailbox, 'move', {
        folder: '\\All',
        args: { to: 'Kept', create: true },
      });
      await job.toTheEnd();
      expect(job.counts).toEqual({ moved: 3 });
      expect([...job.notes].join()).toContain('stays in All Mail');
      expectSameMail(raws(there, 'Kept'), mail);
      expectSameMail(raws(there, '\\All'), mail);
    });

    it('names the nearest folders when the target is not there', async () => {
      const there = await gmail();
      there.deliver(1);
      there.account.createFolder('Receipts');
      const job = await planned(there.database, there.mailbox, 'move', { folder: 'INBOX', args: { to: 'Reciepts' } });
      const error = await job.turn();
      expect(error).toMatchObject({ code: 'TARGET_MISSING' });
      expect(error?.message).toContain('"Receipts"');
    });
  });

  describe('undelete', () => {
    it.each(['none', 'after-effect', 'midway'] as const)(
      'moves back from Trash, to the labels a message still has or to INBOX (cut: %s)',
      async (drop) => {
        const there = await gmail();
        const plain = there.deliver(120);
        const labelled = Array.from({ length: 30 }, () => letter());
        for (const raw of labelled) there.account.deliver(raw, { labels: ['Work'] });
        const purge = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
        await purge.toTheEnd();
        expect(there.left()).toEqual([]);
        const foreign = letter();
        const job = await planned(there.database, there.mailbox, 'undelete', { folder: '\\Trash' });
        there.account.deliver(foreign, { folder: '\\Trash' });
        let moves = 0;
        there.server.onCommand = ({ name }) =>
          name === 'UID MOVE' && drop !== 'none' && moves++ < 3 ? { drop, after: 10 } : undefined;

        for (let n = 0; n < 10 && job.done < 150; n++) await job.turn();

        expect(job.counts).toEqual({ undeleted: 150 });
        expectSameMail(raws(there, 'INBOX'), plain);
        expectSameMail(raws(there, 'Work'), labelled);
        expectSameMail(raws(there, '\\Trash'), [foreign]);
      },
    );

    it('after a purge, a drain stores nothing again', async () => {
      const there = await gmail();
      const mail = there.deliver(5);
      await (await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' })).toTheEnd();
      await (await planned(there.database, there.mailbox, 'undelete', { folder: '\\Trash' })).toTheEnd();
      expect(there.left()).toHaveLength(5);
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0 });
      expectSameMail(await there.stored(), mail);
    });
  });

  describe('flag', () => {
    it('sets and lifts, and counts what it has seen', async () => {
      const there = await gmail();
      there.deliver(510);
      const job = await planned(there.database, there.mailbox, 'flag', {
        folder: 'INBOX',
        args: { add: ['\\Seen', 'Triaged'] },
      });
      const late = there.account.deliver(letter());
      there.account.expunge(there.left().slice(0, 3));
      await job.toTheEnd();
      expect(job.counts).toEqual({ flagged: 507, gone: 3 });
      for (const { uid, flags } of there.account.messages())
        expect(flags).toEqual(uid === late.uid ? [] : ['\\Seen', 'Triaged']);
      const lift = await planned(there.database, there.mailbox, 'flag', {
        folder: 'INBOX',
        args: { remove: ['\\seen'] },
      });
      await lift.toTheEnd();
      for (const { flags } of there.account.messages()) expect(flags).not.toContain('\\Seen');
    });

    it('knows that Deleted is no flag on Gmail', async () => {
      const there = await gmail();
      there.deliver(2);
      const job = await planned(there.database, there.mailbox, 'flag', {
        folder: 'INBOX',
        args: { add: ['\\Deleted'] },
      });
      expect(await job.turn()).toMatchObject({ code: 'FLAG_NOT_KEPT' });
      expect(there.left()).toHaveLength(2);
    });
  });

  describe('the write quarantine', () => {
    it.each([
      { kind: 'move', folder: 'INBOX', args: { to: 'Done', create: true }, counted: 'moved' },
      { kind: 'copy', folder: 'INBOX', args: { to: 'Done', create: true }, counted: 'copied' },
      { kind: 'flag', folder: 'INBOX', args: { add: ['\\Seen'] }, counted: 'flagged' },
      { kind: 'empty-trash', folder: '\\Trash', args: {}, counted: 'disposed' },
      { kind: 'undelete', folder: '\\Trash', args: {}, counted: 'undeleted' },
      { kind: 'purge', folder: 'INBOX', args: { store: false }, counted: 'disposed' },
      { kind: 'purge', folder: 'INBOX', args: { forever: true }, counted: 'disposed' },
    ] as const)('$kind counts nothing, rests, and goes on', async ({ kind, folder, args, counted }) => {
      const there = await gmail();
      for (let n = 0; n < 8; n++) there.account.deliver(letter(), { folder });
      there.account.createFolder('Done');
      const job = await planned(there.database, there.mailbox, kind, { folder, args });
      there.account.throttled = true;

      expect(await job.turn()).toMatchObject({ code: 'SERVER_THROTTLED' });
      expect(job.counts).toEqual({});
      expect(there.left(folder)).toHaveLength(8);

      there.account.throttled = false;
      // The row of the mailbox is what keeps the rest.
      expect(await job.turn()).toMatchObject({ code: 'SERVER_THROTTLED' });
      await there.restOver();
      await job.toTheEnd();
      expect(job.counts[counted]).toBe(8);
    });
  });
});
