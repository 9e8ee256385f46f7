// Draining Gmail, scripted: labels, Trash, settings, languages, the write quarantine, and lines that break in the middle of a MOVE.

import { describe, expect, it } from 'vitest';
import type { GmailOptions } from '../../src/demo/imap-server/options.ts';
import { RawClient } from '../demo/raw-client.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, type MailboxChanges, PASSWORD, type Scene, scene, USER } from './scene.ts';

const gmail = (options: GmailOptions = {}, changes: MailboxChanges = {}): Promise<Scene> =>
  scene({ gmail: options }, changes);

const forever: MailboxChanges = { dispose: { kind: 'delete', forever: true } };

const emailIds = (there: Scene, folder: string): string[] =>
  there.account.messages(folder).map(({ emailId }) => emailId);

describeWith('postgres', 'Gmail', () => {
  describe('whatever the account is set to', () => {
    const settings = [true, false].flatMap((autoExpunge) =>
      (['archive', 'trash', 'deleteForever'] as const).map((expungeBehavior) => ({ autoExpunge, expungeBehavior })),
    );

    it.each(settings)(
      'drained mail is in Trash and under no label ($autoExpunge, $expungeBehavior)',
      async (setting) => {
        const there = await gmail(setting);
        const mail = there.deliver(3);
        const labelled = letter();
        there.account.deliver(labelled, { labels: ['Invoices', 'Receipts'] });
        const archived = letter();
        there.account.deliver(archived, { folder: '\\All' });

        const report = await there.drain();

        expect(report).toMatchObject({ outcome: 'done', stored: 4, disposed: 4, pending: 0 });
        expectSameMail(await there.stored(), [...mail, labelled]);
        expect(there.left()).toEqual([]);
        expect(there.left('Invoices')).toEqual([]);
        expect(there.left('Receipts')).toEqual([]);
        expectSameMail(
          there.account.messages('\\All').map(({ raw }) => raw),
          [archived],
        );
        expectSameMail(
          there.account.messages('\\Trash').map(({ raw }) => raw),
          [...mail, labelled],
        );
      },
    );

    it.each(settings)(
      'forever leaves in Trash only what was there before ($autoExpunge, $expungeBehavior)',
      async (setting) => {
        const there = await gmail(setting, forever);
        const foreign = [letter(), letter(), letter()];
        for (const raw of foreign) there.account.deliver(raw, { folder: '\\Trash' });
        const mail = there.deliver(3);

        const report = await there.drain();

        expect(report).toMatchObject({ outcome: 'done', stored: 3, disposed: 3, pending: 0 });
        expectSameMail(await there.stored(), mail);
        expect(there.left()).toEqual([]);
        expect(there.left('\\All')).toEqual([]);
        expectSameMail(
          there.account.messages('\\Trash').map(({ raw }) => raw),
          foreign,
        );
      },
    );

    it('forever does not expunge what another client has flagged in Trash', async () => {
      const there = await gmail({ autoExpunge: false }, forever);
      const foreign = there.account.deliver(letter(), { folder: '\\Trash' });
      there.account.flag([foreign.uid], ['\\Deleted'], '\\Trash');
      there.deliver(2);

      await there.drain();

      expect(emailIds(there, '\\Trash')).toEqual([foreign.emailId]);
    });
  });

  describe('in any language', () => {
    const cases = [
      { locale: 'de', rootName: '[Gmail]', path: '[Gmail]/Papierkorb' },
      { locale: 'es', rootName: '[Gmail]', path: '[Gmail]/Papelera' },
      { locale: 'ru', rootName: '[Gmail]', path: '[Gmail]/Корзина' },
      { locale: 'ja', rootName: '[Gmail]', path: '[Gmail]/ゴミ箱' },
      { locale: 'en-GB', rootName: '[Google Mail]', path: '[Google Mail]/Bin' },
    ] as const;

    it.each(cases)('finds $path by its attribute, and not the label "Trash"', async ({ locale, rootName, path }) => {
      const there = await gmail({ locale, rootName });
      const own = letter();
      there.account.deliver(own, { folder: 'Trash' });
      const mail = there.deliver(2);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored: 2, disposed: 2 });
      expect(there.account.path('\\Trash')).toBe(path);
      expectSameMail(
        there.account.messages(path).map(({ raw }) => raw),
        mail,
      );
      expectSameMail(
        there.account.messages('Trash').map(({ raw }) => raw),
        [own],
      );
    });

    it.each(cases)('drains $locale All Mail by its attribute', async ({ locale, rootName }) => {
      const there = await gmail({ locale, rootName }, { folder: '\\All' });
      const mail = [...there.deliver(2), ...there.deliver(1, 'Größe & Ärger')];

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored: 3, disposed: 3 });
      expectSameMail(await there.stored(), mail);
      expect(there.left()).toEqual([]);
      expect(there.left('Größe & Ärger')).toEqual([]);
    });

    it.each([
      { wire: 'modified UTF-7', refuseEnable: true, enabled: 'Rechnungen &APw-ber 100 &IKw-' },
      { wire: 'UTF8=ACCEPT', refuseEnable: false, enabled: 'Rechnungen über 100 €' },
    ])(
      'drains a label and moves to another one, both with names beyond ASCII ($wire)',
      async ({ refuseEnable, enabled }) => {
        const there = await gmail(
          {},
          { folder: 'Rechnungen über 100 €', dispose: { kind: 'move', to: 'Поступило', create: true } },
        );
        if (refuseEnable)
          there.server.onCommand = ({ name }) => (name === 'ENABLE' ? { reply: 'NO [CANNOT] Not now' } : undefined);
        const mail = there.deliver(2, 'Rechnungen über 100 €');

        const report = await there.drain();

        expect(report).toMatchObject({ outcome: 'done', stored: 2, disposed: 2 });
        expect(there.said('SELECT').some((args) => args.includes(enabled))).toBe(true);
        expect(there.left('Rechnungen über 100 €')).toEqual([]);
        expectSameMail(
          there.account.messages('Поступило').map(({ raw }) => raw),
          mail,
        );
      },
    );
  });

  describe('one message under several labels', () => {
    const inbox: MailboxChanges = { name: 'inbox' };
    const all: MailboxChanges = { name: 'all', folder: '\\All' };

    it.each([
      { first: inbox, second: all, why: 'INBOX first' },
      { first: all, second: inbox, why: 'All Mail first' },
    ])('is stored once and gone from both ($why)', async ({ first, second }) => {
      const there = await gmail();
      const mail = [...there.deliver(3), ...there.deliver(2, '\\All')];

      await there.drain(first);
      const report = await there.drain(second);

      expect(report).toMatchObject({ outcome: 'done', pending: 0 });
      expectSameMail(await there.stored(), mail);
      expect(there.left()).toEqual([]);
      expect(there.left('\\All')).toEqual([]);
      expectSameMail(
        there.account.messages('\\Trash').map(({ raw }) => raw),
        mail,
      );
    });

    it.each(['keep', 'seen'] as const)(
      'is stored once where it stays (%s), however often both are drained',
      async (kind) => {
        const there = await gmail({}, { dispose: { kind } });
        const mail = [...there.deliver(3), ...there.deliver(2, '\\All')];

        await there.drain(inbox);
        await there.drain(all);
        expect(await there.drain(inbox)).toMatchObject({ outcome: 'done', stored: 0, fetched: 0 });
        expect(await there.drain(all)).toMatchObject({ outcome: 'done', stored: 0, fetched: 0 });

        expectSameMail(await there.stored(), mail);
        expect(there.left()).toHaveLength(3);
        expect(there.left('\\All')).toHaveLength(5);
      },
    );

    it('is stored once although the first drain lost the answer to its MOVE', async () => {
      const there = await gmail();
      const mail = there.deliver(3);
      there.server.onCommand = ({ name }) => (name === 'UID MOVE' ? { drop: 'before' } : undefined);
      expect(await there.drain(inbox)).toMatchObject({ outcome: 'failed', stored: 3 });
      there.server.onCommand = undefined;

      const report = await there.drain(all);

      expect(report).toMatchObject({ outcome: 'done', stored: 0, adopted: 3, disposed: 3 });
      expectSameMail(await there.stored(), mail);
      expectSameMail(
        there.account.messages('\\Trash').map(({ raw }) => raw),
        mail,
      );
    });

    it('that a person takes out of Trash again is known, and taken off again', async () => {
      const there = await gmail();
      const mail = there.deliver(1);
      await there.drain();
      const { client } = await RawClient.open(there.server.port);
      await client.command(`LOGIN ${USER} "${PASSWORD}"`);
      await client.command('SELECT "[Gmail]/Trash"');
      await client.command('UID MOVE 1 INBOX');
      client.socket.destroy();
      expect(there.left()).toHaveLength(1);

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'done', stored: 0, adopted: 1, disposed: 1 });
      expectSameMail(await there.stored(), mail);
      expect(there.left()).toEqual([]);
      expect(there.left('\\Trash')).toHaveLength(1);
    });
  });

  it.each([
    { dispose: { kind: 'delete', forever: false }, why: 'delete' },
    { dispose: { kind: 'delete', forever: true }, why: 'forever' },
    { dispose: { kind: 'trash' }, why: 'trash' },
  ] as const)('stops where Trash is hidden, before anything is fetched or deleted ($why)', async ({ dispose }) => {
    const there = await gmail({ hideTrash: true }, { dispose });
    there.deliver(3);

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'stopped', fetched: 0, stored: 0, error: { code: 'TRASH_MISSING' } });
    expect(report.error?.message).toContain('Show in IMAP');
    expect(await there.standing()).toMatchObject({
      failures: 1,
      stopped_code: 'TRASH_MISSING',
      stopped_at: expect.any(Date),
      not_before: null,
    });
    expect(there.left()).toHaveLength(3);
    expect(there.fetches()).toEqual([]);
    expect(there.account.folders()).not.toContain('Trash');

    expect(await there.drain()).toMatchObject({
      outcome: 'stopped',
      notes: [expect.stringContaining('maildrain resume inbox')],
    });
    expect(there.said('AUTHENTICATE').length + there.said('LOGIN').length).toBe(1);
  });

  it('says what to do where All Mail is hidden', async () => {
    const there = await gmail({ hideAll: true }, { folder: '\\All' });
    there.deliver(1);

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'failed', stored: 0, error: { code: 'MAILBOX_MISSING' } });
    expect(report.error?.message).toContain('Show in IMAP');
    expect(await there.standing()).toMatchObject({ failures: 1, stopped_at: null, not_before: expect.any(Date) });
    expect(there.left()).toHaveLength(1);
  });

  describe('[THROTTLED]', () => {
    it('counts nothing as done, goes on reading, and disposes after the rest without storing again', async () => {
      const there = await gmail();
      const mail = there.deliver(3);
      there.account.throttled = true;

      const first = await there.drain();

      expect(first).toMatchObject({ outcome: 'partial', stored: 3, disposed: 0, gone: 0, pending: 3 });
      expect(first.notes.join()).toContain('THROTTLED');
      const { writes_not_before: rest } = await there.standing();
      expect((rest?.getTime() ?? 0) - Date.now()).toBeGreaterThan(23 * 3_600_000);
      const writes = there.said('UID MOVE').length;

      mail.push(...there.deliver(2));
      const second = await there.drain();

      expect(second).toMatchObject({ outcome: 'partial', fetched: 2, stored: 2, disposed: 0, gone: 0, pending: 5 });
      expect(there.said('UID MOVE')).toHaveLength(writes);
      expect(there.said('UID STORE')).toEqual([]);

      there.account.throttled = false;
      await there.restOver();
      const third = await there.drain();

      expect(third).toMatchObject({ outcome: 'done', stored: 0, adopted: 5, disposed: 5, pending: 0 });
      expectSameMail(await there.stored(), mail);
      expectSameMail(
        there.account.messages('\\Trash').map(({ raw }) => raw),
        mail,
      );
    });

    it('of one mailbox rests the whole login', async () => {
      const there = await gmail();
      there.deliver(2);
      there.deliver(2, '\\All');
      await there.drain({ name: 'all', folder: '\\All', dispose: { kind: 'keep' } });
      there.account.throttled = true;
      await there.drain();
      there.account.throttled = false;

      const report = await there.drain({ name: 'all', folder: '\\All' });

      expect(report).toMatchObject({ disposed: 0 });
      expect(there.left('\\All')).toHaveLength(4);
      expect(there.left('\\Trash')).toEqual([]);
    });

    it('in the middle of a drain ends its writes: one MOVE and no more', async () => {
      const there = await gmail();
      const mail = there.deliver(600);
      there.account.throttled = true;

      const report = await there.drain();

      expect(report).toMatchObject({ stored: 600, disposed: 0, pending: 600 });
      expect(there.said('UID MOVE')).toHaveLength(1);
      expectSameMail(await there.stored(), mail);
    });

    it.each([
      { why: 'flags in INBOX', changes: { dispose: { kind: 'seen' } as const }, folder: 'INBOX' },
      { why: 'expunges in Trash itself', changes: { folder: '\\Trash' }, folder: '\\Trash' },
    ])('is noticed also by a drain that $why: one STORE, then the rest', async ({ changes, folder }) => {
      const there = await gmail({}, changes);
      there.deliver(600, folder);
      there.account.throttled = true;

      const first = await there.drain();

      expect(first).toMatchObject({ outcome: 'partial', stored: 600, disposed: 0, pending: 600 });
      expect(first.notes.join()).toContain('THROTTLED');
      expect((await there.standing()).writes_not_before).not.toBeNull();
      expect(there.said('UID STORE')).toHaveLength(1);

      expect(await there.drain()).toMatchObject({ fetched: 0, disposed: 0, pending: 600 });
      expect(there.said('UID STORE')).toHaveLength(1);
    });

    it('while expunging in Trash is not counted as done', async () => {
      const there = await gmail({}, forever);
      there.deliver(2);
      there.server.onCommand = ({ name }) => {
        if (name === 'UID STORE') there.account.throttled = true;
        return undefined;
      };

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'partial', stored: 2, disposed: 0, pending: 2 });
      expect((await there.standing()).writes_not_before).not.toBeNull();
      expect(there.left('\\Trash')).toHaveLength(2);

      there.server.onCommand = undefined;
      there.account.throttled = false;
      expect(await there.drain()).toMatchObject({ outcome: 'partial', gone: 0, pending: 2 });
      await there.restOver();
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 2, pending: 0 });
      expect(there.left('\\Trash')).toEqual([]);
    });
  });

  describe('a line that breaks during MOVE', () => {
    const cases = [
      { fault: { drop: 'before' }, moved: 0, why: 'before it had any effect' },
      { fault: { drop: 'midway', after: 0 }, moved: 0, why: 'after none of five' },
      { fault: { drop: 'midway', after: 2 }, moved: 2, why: 'after two of five' },
      { fault: { drop: 'after-effect' }, moved: 5, why: 'when all had moved and nothing was said' },
      { fault: { drop: 'before-tagged' }, moved: 5, why: 'before the tagged answer' },
    ] as const;

    it.each(cases)('$why: the next drain finishes, and stores nothing again', async ({ fault, moved }) => {
      const there = await gmail();
      const mail = there.deliver(5);
      there.server.onCommand = ({ name }) => (name === 'UID MOVE' ? fault : undefined);

      const first = await there.drain();

      expect(first).toMatchObject({
        outcome: 'failed',
        stored: 5,
        disposed: 0,
        pending: 5,
        error: { code: 'CONNECTION_LOST' },
      });
      expect(await there.standing()).toMatchObject({ failures: 1, not_before: expect.any(Date), stopped_at: null });
      expect(there.left('\\Trash')).toHaveLength(moved);

      there.server.onCommand = undefined;
      await there.waitOver();
      const second = await there.drain();

      expect(second).toMatchObject({ outcome: 'done', stored: 0, disposed: 5 - moved, gone: moved, pending: 0 });
      expect(await there.standing()).toMatchObject({ failures: 0, not_before: null });
      expectSameMail(await there.stored(), mail);
      expectSameMail(
        there.account.messages('\\Trash').map(({ raw }) => raw),
        mail,
      );
      expect(there.left()).toEqual([]);
    });
  });

  it('finishes in Trash what a drain cut after its MOVE has left there, and nothing else', async () => {
    const there = await gmail({}, forever);
    const foreign = letter();
    there.account.deliver(foreign, { folder: '\\Trash' });
    const mail = there.deliver(3);
    there.server.onCommand = ({ name }) => (name === 'UID STORE' ? { drop: 'before' } : undefined);
    expect(await there.drain()).toMatchObject({ outcome: 'failed', stored: 3, disposed: 0, pending: 3 });
    expect(there.left('\\Trash')).toHaveLength(4);

    there.server.onCommand = undefined;
    await there.waitOver();
    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'done', stored: 0, pending: 0 });
    expectSameMail(await there.stored(), mail);
    expectSameMail(
      there.account.messages('\\Trash').map(({ raw }) => raw),
      [foreign],
    );
  });

  it('drains a folder that shows only a part of itself in rounds, until it is empty', async () => {
    const there = await gmail({ maxFolderSize: 10 });
    const mail = there.deliver(37);

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'done', stored: 37, disposed: 37, pending: 0 });
    expectSameMail(await there.stored(), mail);
    expect(there.left()).toEqual([]);
  });

  it('takes too many connections for what they are, not for a wrong password', async () => {
    const there = await scene({ gmail: {}, maxConnections: 0 });

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'CONNECTION_LIMIT' } });
    expect(report.error?.message).toContain('connectionsPerHost');
    expect(await there.standing()).toMatchObject({ failures: 1, stopped_at: null, not_before: expect.any(Date) });
  });

  it('says that an app password is wanted', async () => {
    const there = await gmail({ appPassword: 'abcd efgh ijkl mnop' });

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'AUTHENTICATION_FAILED' } });
    expect(report.error?.message).toContain('app password');
    expect(report.error?.message).not.toContain('correct horse');

    await there.waitOver();
    const letIn = await there.drain({ imap: { password: { value: () => 'abcdefghijklmnop' } } });
    expect(letIn).toMatchObject({ outcome: 'done' });
  });

  it('waits for hours when the transfer allowance is used up, holds nothing, and loses nothing', async () => {
    const there = await gmail();
    const mail = [letter(20_000), letter(20_000), letter(20_000)];
    for (const raw of mail) there.account.deliver(raw);

    for (let i = 1; i <= 4; i++) {
      there.account.bandwidthLeft = 10_000;
      const report = await there.drain();
      expect(report).toMatchObject({ outcome: 'failed', held: 0, error: { code: 'OVER_QUOTA' } });
      const { failures, not_before: notBefore } = await there.standing();
      expect(failures).toBe(i);
      expect((notBefore?.getTime() ?? 0) - Date.now()).toBeGreaterThan(40 * 60_000);
      await there.waitOver();
    }

    there.account.bandwidthLeft = null;
    expect(await there.drain()).toMatchObject({ outcome: 'done', held: 0 });
    expectSameMail(await there.stored(), mail);
    expect(there.left()).toEqual([]);
  });
});
