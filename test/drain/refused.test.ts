// A server that refuses to take messages away: one of them keeps neither the others nor new mail, all of them is the server's trouble and is said at
// the end. What is refused stays owed.

import { describe, expect, it } from 'vitest';
import type { ReceivedCommand } from '../../src/demo/imap-server/options.ts';
import { describeWith } from '../support/fresh.ts';
import { covers, expectSameMail, type MailboxChanges, type Scene, scene } from './scene.ts';

const trash: MailboxChanges = { dispose: { kind: 'trash' } };

function refuse(there: Scene, what: string, ofUid: (args: string) => boolean, reply = 'NO Not this one'): void {
  there.server.onCommand = ({ name, args }: ReceivedCommand) => (name === what && ofUid(args) ? { reply } : undefined);
}

describeWith('postgres', 'a server', () => {
  const commands = [
    { command: 'UID STORE', changes: {} },
    { command: 'UID EXPUNGE', changes: {} },
    { command: 'UID MOVE', changes: trash },
    { command: 'UID STORE', changes: { dispose: { kind: 'seen' } as const } },
  ];

  describe('that refuses one message', () => {
    it.each(commands)('at $command takes the others, and new mail comes and goes', async ({ command, changes }) => {
      const there = await scene({}, changes);
      const mail = there.deliver(100);
      refuse(there, command, (args) => covers(args, 37));

      const first = await there.drain();

      expect(first).toMatchObject({ outcome: 'partial', stored: 100, disposed: 99, pending: 1, error: null });
      expect(first.notes.join()).toContain('refused to take a message away, and what it refused stays owed');
      expect(first.notes.join()).toContain('Not this one');

      mail.push(...there.deliver(2));
      expect(await there.drain()).toMatchObject({
        outcome: 'partial',
        stored: 2,
        disposed: 2,
        pending: 1,
        error: null,
      });
      expect(await there.standing()).toMatchObject({ failures: 0, not_before: null });

      there.server.onCommand = undefined;
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, adopted: 1, disposed: 1, pending: 0 });
      expectSameMail(await there.stored(), mail);
    });

    it('(or rather a third of them, the oldest) is emptied of the others, and new mail never waits', async () => {
      const there = await scene();
      there.deliver(30);
      refuse(there, 'UID EXPUNGE', (args) => [1, 2, 3, 4, 5, 6, 7, 8, 9].some((uid) => covers(args, uid)));
      for (let i = 0; i < 8; i++) {
        await there.drain();
        await there.waitOver();
        there.deliver(2);
      }
      expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 2, error: null });
      expect(there.left()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('of many at once because they are many, says nothing when all of them are taken', async () => {
      const there = await scene();
      there.deliver(10);
      refuse(there, 'UID STORE', (args) => covers(args, 1) && covers(args, 10), 'NO [LIMIT] Too many');
      expect(await there.drain()).toMatchObject({ outcome: 'done', disposed: 10, notes: [] });
    });

    it('and has no other is asked again by every drain, without a pause', async () => {
      const there = await scene();
      there.deliver(1);
      refuse(there, 'UID EXPUNGE', () => true);
      for (let i = 0; i < 3; i++) {
        expect(await there.drain()).toMatchObject({ outcome: 'partial', pending: 1, error: null });
        expect(await there.standing()).toMatchObject({ failures: 0, not_before: null });
      }
    });
  });

  describe('that refuses every message', () => {
    const alls = [
      { why: 'NO', command: 'UID EXPUNGE', changes: {}, reply: 'NO Not now', code: 'COMMAND_REFUSED' },
      { why: 'a full Trash', command: 'UID MOVE', changes: trash, reply: 'NO [OVERQUOTA] Full', code: 'OVER_QUOTA' },
    ];

    it.each(alls)('($why) is asked a few times; all mail is stored, then the drain fails', async (all) => {
      const there = await scene({}, all.changes);
      const mail = there.deliver(1000);
      refuse(there, all.command, () => true, all.reply);

      const first = await there.drain();

      expect(first).toMatchObject({
        outcome: 'failed',
        stored: 1000,
        disposed: 0,
        pending: 1000,
        error: { code: all.code },
      });
      expect(await there.standing()).toMatchObject({ failures: 1, not_before: expect.any(Date), stopped_at: null });
      expect(there.said(all.command).length).toBeLessThanOrEqual(16);

      await there.waitOver();
      mail.push(...there.deliver(3));
      const second = await there.drain();

      // What is owed is looked at no further than is worth asking for.
      expect(second).toMatchObject({ outcome: 'failed', stored: 3, disposed: 0, pending: 1003 });
      expect(second.fetched).toBeLessThan(1000);

      await there.waitOver();
      there.server.onCommand = undefined;
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 1003, pending: 0 });
      expectSameMail(await there.stored(), mail);
    });

    it.each([1, 4])('(%i) after it has copied them is not asked for another copy before a pause', async (count) => {
      const there = await scene({ move: false }, trash);
      there.deliver(count);
      refuse(there, 'UID EXPUNGE', () => true);
      expect(await there.drain()).toMatchObject({ outcome: 'failed', stored: count, disposed: 0 });
      expect(await there.drain()).toMatchObject({ outcome: 'waiting' });
      expect(there.account.messages('Trash')).toHaveLength(count);
    });

    it('by hanging up ends the drain with its reason and its pause', async () => {
      const there = await scene();
      there.deliver(1);
      there.server.onCommand = ({ name }) =>
        name === 'UID EXPUNGE' ? { bye: 'Account exceeded command or bandwidth limits' } : undefined;
      expect(await there.drain()).toMatchObject({ outcome: 'failed', stored: 1, error: { code: 'OVER_QUOTA' } });
      expect(await there.standing()).toMatchObject({ failures: 1, not_before: expect.any(Date) });
    });
  });

  it('of Gmail that will not expunge in Trash: what was moved there stays owed', async () => {
    const there = await scene({ gmail: {} }, { dispose: { kind: 'delete', forever: true } });
    there.deliver(3);
    // Gmail expunges with the flag.
    refuse(there, 'UID STORE', () => true);
    expect(await there.drain()).toMatchObject({ stored: 3, disposed: 0, gone: 0, pending: 3 });
    await there.waitOver();
    expect(await there.drain()).toMatchObject({ disposed: 0, gone: 0, pending: 3 });
    await there.waitOver();
    there.server.onCommand = undefined;
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, pending: 0 });
    expect(there.account.messages('\\Trash')).toEqual([]);
  });

  it.each(['UID SEARCH', 'UID FETCH'])(
    'of Gmail that refuses %s in Trash: what has the same UIDs there is not touched',
    async (command) => {
      const there = await scene({ gmail: {} }, { dispose: { kind: 'delete', forever: true } });
      const others = there.deliver(3, '\\Trash');
      there.deliver(3);
      there.server.onCommand = ({ name, folder }) =>
        name === command && folder !== 'INBOX' ? { reply: 'NO Not in there' } : undefined;
      await there.drain();
      await there.waitOver();
      await there.drain();
      const inTrash = there.account.messages('\\Trash').map(({ raw }) => raw);
      expectSameMail(
        others.filter((raw) => inTrash.some((one) => one.equals(raw))),
        others,
      );
      await there.waitOver();
      there.server.onCommand = undefined;
      expect(await there.drain()).toMatchObject({ outcome: 'done', pending: 0 });
      expect(there.left()).toEqual([]);
      expectSameMail(
        there.account.messages('\\Trash').map(({ raw }) => raw),
        others,
      );
    },
  );
});
