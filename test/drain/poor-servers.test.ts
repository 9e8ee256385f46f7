// Servers that lack an extension: what is taken off, what stays and why, and that nothing of another client's is ever expunged.

import { describe, expect, it } from 'vitest';
import type { ImapServerOptions } from '../../src/demo/imap-server/options.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, type MailboxChanges, type Scene, scene } from './scene.ts';

const bare: Partial<ImapServerOptions> = { uidplus: false, move: false };

/** Delivers a message that another client has flagged \Deleted; answers its UID. */
function foreign(there: Scene): number {
  const { uid } = there.account.deliver(letter());
  there.account.flag([uid], ['\\Deleted']);
  return uid;
}

const octets = (there: Scene, folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

describeWith('postgres', 'a server', () => {
  describe('without UIDPLUS', () => {
    it('and with MOVE: mail goes to Trash, foreign marks stay', async () => {
      const there = await scene({ uidplus: false });
      const mail = there.deliver(3);
      const other = foreign(there);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored: 3, disposed: 3, skipped: 1 });
      expect(there.left()).toEqual([other]);
      expectSameMail(octets(there, 'Trash'), mail);
      expect([...there.said('EXPUNGE'), ...there.said('CLOSE')]).toEqual([]);
    });

    it('and without MOVE, expunge safe: mail is stored, flagged, owed, and not fetched again', async () => {
      const there = await scene(bare);
      const mail = there.deliver(3);
      const other = foreign(there);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'partial', stored: 3, disposed: 0, skipped: 1, pending: 3 });
      expect(report.notes.join()).toContain('expunge: exclusive');
      expect(there.account.messages().map(({ flags }) => flags.includes('\\Deleted'))).toEqual([
        true,
        true,
        true,
        true,
      ]);
      const fetched = there.fetches().length;

      const again = await there.drain();

      expect(again).toMatchObject({ outcome: 'partial', fetched: 0, stored: 0, adopted: 0, pending: 3 });
      expect(again.notes.join()).toContain('expunge: exclusive');
      expect(there.fetches()).toHaveLength(fetched);
      expect(there.left()).toHaveLength(4);
      expect(there.left()).toContain(other);
      expect([...there.said('EXPUNGE'), ...there.said('CLOSE')]).toEqual([]);
      expectSameMail(await there.stored(), mail);
      expect(await there.standing()).toMatchObject({ failures: 0, not_before: null, stopped_at: null });
    });

    it('and without MOVE, expunge safe: what a person expunges then is seen to be gone', async () => {
      const there = await scene(bare);
      there.deliver(2);
      await there.drain();
      there.account.expunge(there.left());

      expect(await there.drain()).toMatchObject({ outcome: 'done', gone: 2, pending: 0 });
    });

    it('and without MOVE, expunge exclusive: a plain EXPUNGE takes our mail', async () => {
      const there = await scene(bare, { expunge: 'exclusive' });
      const mail = there.deliver(3);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored: 3, disposed: 3, pending: 0 });
      expect(there.left()).toEqual([]);
      expect(there.said('EXPUNGE')).toHaveLength(1);
      expectSameMail(await there.stored(), mail);
    });

    it('and without MOVE, expunge exclusive: a foreign mark that is there forbids the EXPUNGE', async () => {
      const there = await scene(bare, { expunge: 'exclusive' });
      const mail = there.deliver(3);
      const other = foreign(there);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'partial', stored: 3, disposed: 0, pending: 3 });
      expect(report.notes.join()).toContain('another client');
      expect(there.said('EXPUNGE')).toEqual([]);
      expect(there.left()).toHaveLength(4);

      there.account.unflag([other], ['\\Deleted']);
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1, adopted: 3, disposed: 4, pending: 0 });
      expect((await there.stored()).length).toBe(mail.length + 1);
    });

    it('and without MOVE, expunge exclusive: a foreign mark that appears while we flag forbids the EXPUNGE', async () => {
      const there = await scene(bare, { expunge: 'exclusive' });
      const { uid: other } = there.account.deliver(letter());
      there.deliver(2);
      // Nobody else uses the mailbox, said the owner; then somebody does, on a message that arrives in the middle of the drain.
      let late = 0;
      there.server.onCommand = ({ name }) => {
        if (name === 'UID STORE' && late === 0) late = foreign(there);
        return undefined;
      };

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'partial', stored: 3, disposed: 0, pending: 3 });
      expect(there.said('EXPUNGE')).toEqual([]);
      expect(there.left()).toContain(late);
      expect(there.left()).toContain(other);
    });

    it.each([
      { dispose: { kind: 'trash' }, why: 'trash' },
      { dispose: { kind: 'move', to: 'Done', create: true }, why: 'move' },
    ] as const)(
      'and without MOVE, dispose $why: mail is stored and stays, and the report says why',
      async ({ dispose }) => {
        const there = await scene(bare, { dispose });
        there.deliver(2);

        const report = await there.drain();

        expect(report).toMatchObject({ outcome: 'partial', stored: 2, disposed: 0, pending: 2 });
        expect(report.notes.join()).toContain('neither MOVE nor UIDPLUS');
        expect(await there.drain()).toMatchObject({ fetched: 0, stored: 0, pending: 2 });
        expect(there.account.messages().flatMap(({ flags }) => flags)).toEqual([]);
      },
    );
  });

  describe('with UIDPLUS and without MOVE', () => {
    it.each([
      { dispose: { kind: 'trash' }, to: 'Trash' },
      { dispose: { kind: 'move', to: 'Done', create: true }, to: 'Done' },
    ] as const)('copies to $to, expunges our UIDs only', async ({ dispose, to }) => {
      const there = await scene({ move: false }, { dispose });
      const mail = there.deliver(3);
      const other = foreign(there);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored: 3, disposed: 3, skipped: 1 });
      expect(there.left()).toEqual([other]);
      expectSameMail(octets(there, to), mail);
    });
  });

  describe('with everything', () => {
    it('drops our UIDs only, and a foreign mark is neither stored nor expunged', async () => {
      const there = await scene();
      const mail = there.deliver(3);
      const other = foreign(there);

      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 3, disposed: 3, skipped: 1 });
      expect(there.left()).toEqual([other]);
      expectSameMail(await there.stored(), mail);
    });

    it('recognises its own mail by EMAILID (OBJECTID)', async () => {
      const there = await scene({ objectId: true });
      const mail = there.deliver(3);
      there.server.onCommand = ({ name }) => (name === 'UID STORE' ? { drop: 'before' } : undefined);
      await there.drain();
      there.server.onCommand = undefined;
      await there.waitOver();
      there.account.changeUidValidity();

      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, adopted: 3, disposed: 3 });
      const ids = await there.rows<{ email_id: string }>('select email_id from maildrain.message');
      expect(ids.every(({ email_id: id }) => /^M\d+$/.test(id))).toBe(true);
      expectSameMail(await there.stored(), mail);
    });
  });

  describe('without SPECIAL-USE', () => {
    it('needs none to delete', async () => {
      const there = await scene({ specialUse: false });
      there.deliver(2);
      expect(await there.drain()).toMatchObject({ outcome: 'done', disposed: 2 });
    });

    it('stops where mail was to go to Trash: a mailbox of that name is not enough', async () => {
      const there = await scene({ specialUse: false }, { dispose: { kind: 'trash' } });
      there.deliver(2);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'stopped', fetched: 0, error: { code: 'TRASH_MISSING' } });
      expect(report.error?.message).toContain('dispose: { move: NAME }');
      expect(await there.standing()).toMatchObject({ failures: 1, stopped_code: 'TRASH_MISSING', not_before: null });
      expect(there.left()).toHaveLength(2);
    });

    it('has nowhere to move to without UIDPLUS, and flags instead', async () => {
      const there = await scene({ specialUse: false, uidplus: false });
      there.deliver(2);
      expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 2, disposed: 0, pending: 2 });
      expect(there.left('Trash')).toEqual([]);
    });
  });

  describe('that numbers its messages anew', () => {
    const lost: MailboxChanges = {};

    it('under another UIDVALIDITY: what was owed is recognised, what came since is stored', async () => {
      const there = await scene({}, lost);
      const mail = there.deliver(3);
      there.server.onCommand = ({ name }) => (name === 'UID STORE' ? { drop: 'before' } : undefined);
      expect(await there.drain()).toMatchObject({ outcome: 'failed', stored: 3, pending: 3 });
      there.server.onCommand = undefined;
      await there.waitOver();
      there.account.changeUidValidity();
      mail.push(...there.deliver(2));

      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 2, adopted: 3, disposed: 5, pending: 0 });
      expectSameMail(await there.stored(), mail);
      expect(there.left()).toEqual([]);
    });

    it.each([
      { how: { reverse: true, start: 1 }, stored: 1, why: 'the same UIDs mean other messages' },
      // No row's UID is listed, so the messages count as gone, and these as new ones of the same octets: nothing is lost.
      { how: {}, stored: 5, why: 'all UIDs are new' },
    ])('without notice, while mail is owed: $why', async ({ how, stored }) => {
      const there = await scene();
      const mail = Array.from({ length: 4 }, (_, i) => {
        const raw = letter();
        there.account.deliver(raw, { internalDate: new Date(2024, 1, 1 + i) });
        return raw;
      });
      there.server.onCommand = ({ name }) => (name === 'UID STORE' ? { drop: 'before' } : undefined);
      await there.drain();
      there.server.onCommand = undefined;
      await there.waitOver();
      there.account.renumber('INBOX', how);
      mail.push(...there.deliver(1));

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored, pending: 0 });
      expectSameMail(await there.stored(), stored === 1 ? mail : [...mail.slice(0, 4), ...mail]);
      expect(there.left()).toEqual([]);
    });

    it.each([
      { dispose: 'keep', why: 'the same UIDs mean other messages' },
      { dispose: 'seen', why: 'the same UIDs mean other messages' },
    ] as const)('without notice, where mail stays ($dispose): $why', async ({ dispose }) => {
      const there = await scene({}, { dispose: { kind: dispose } });
      const mail = Array.from({ length: 4 }, (_, i) => {
        const raw = letter();
        there.account.deliver(raw, { internalDate: new Date(2024, 1, 1 + i) });
        return raw;
      });
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 4 });
      there.account.renumber('INBOX', { reverse: true, start: 1 });
      mail.push(...there.deliver(1));

      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1 });
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0 });

      expectSameMail(await there.stored(), mail);
      expect(there.left()).toHaveLength(5);
    });

    it('and gives the UIDs of a mailbox made again to other mail: that is stored, and nothing is expunged unstored', async () => {
      const there = await scene();
      there.account.createFolder('Work');
      const mail = there.deliver(2, 'Work');
      there.server.onCommand = ({ name }) => (name === 'UID STORE' ? { drop: 'before' } : undefined);
      await there.drain({ folder: 'Work' });
      there.server.onCommand = undefined;
      await there.waitOver();
      there.account.recreateFolder('Work', { sameUidValidity: true });
      mail.push(...there.deliver(3, 'Work'));

      expect(await there.drain({ folder: 'Work' })).toMatchObject({
        outcome: 'done',
        stored: 3,
        disposed: 3,
        pending: 0,
      });
      expectSameMail(await there.stored(), mail);
    });
  });

  it('that does not keep a keyword: the mailbox stops before anything is fetched', async () => {
    const there = await scene({ permanentFlagsNoKeywords: true }, { dispose: { kind: 'flag', keyword: '$Drained' } });
    there.deliver(2);

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'stopped', fetched: 0, stored: 0, error: { code: 'FLAG_NOT_KEPT' } });
    expect(report.error?.message).toContain('choose another dispose');
    expect(await there.standing()).toMatchObject({ failures: 1, stopped_code: 'FLAG_NOT_KEPT', not_before: null });
  });

  it('that keeps keywords: marked once, stored once', async () => {
    const there = await scene({}, { dispose: { kind: 'flag', keyword: '$Drained' } });
    const mail = there.deliver(2);

    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 2, disposed: 2 });
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, fetched: 0, disposed: 0 });
    expect(there.account.messages().map(({ flags }) => flags)).toEqual([['$Drained'], ['$Drained']]);
    expectSameMail(await there.stored(), mail);
  });

  it('that writes other boundaries at each fetch: known by UID, Message-ID and INTERNALDATE after a crash', async () => {
    const there = await scene({ rewritesMime: true });
    for (let i = 0; i < 3; i++) {
      there.account.deliver(
        Buffer.concat([
          letter(0, ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="frontier-of-a-message"']),
          Buffer.from('--frontier-of-a-message\r\n\r\nhello\r\n--frontier-of-a-message--\r\n'),
        ]),
      );
    }
    there.server.onCommand = ({ name }) => (name === 'UID STORE' ? { drop: 'before' } : undefined);
    expect(await there.drain()).toMatchObject({ outcome: 'failed', stored: 3, pending: 3 });
    there.server.onCommand = undefined;
    await there.waitOver();

    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, adopted: 3, disposed: 3, pending: 0 });
    expect(await there.stored()).toHaveLength(3);
    expect(there.left()).toEqual([]);
  });

  it.each([
    { estimate: (size: number) => size * 3 + 1000, why: 'too high' },
    { estimate: (size: number) => Math.floor(size / 10), why: 'too low' },
    { estimate: () => 0, why: 'zero' },
  ])('whose sizes are $why: the octets are stored as they come', async ({ estimate }) => {
    const there = await scene({ sizeEstimate: estimate });
    const mail = [...there.deliver(3), letter(9_000_000)];
    there.account.deliver(mail.at(-1) ?? letter());

    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 4, disposed: 4 });
    expectSameMail(await there.stored(), mail);
  });

  it('whose sizes are far too low cannot get more past the size limit than a literal is allowed: the message is held', async () => {
    const there = await scene({ sizeEstimate: () => 1000 }, { sizeLimit: 1_000_000 });
    const mail = there.deliver(2);
    there.account.deliver(letter(4_000_000));
    mail.push(...there.deliver(2));

    for (let i = 0; i < 6; i++) {
      await there.drain();
      await there.waitOver();
    }

    expectSameMail(await there.stored(), mail);
    expect((await there.ledger()).filter(({ state }) => state === 'held')).toHaveLength(1);
    expect(there.left()).toHaveLength(1);
  });
});
