// The sample server with Gmail's behaviour when messages are taken away: a row per statement of provider-quirks 1.1 to 1.3.
// Folders, extensions and limits are in imap-server-gmail-account.test.ts.

import { describe, expect, it } from 'vitest';
import type { GmailOptions } from '../../src/demo/imap-server/server.ts';
import { ann, count, flow, message, raw, server, start } from './fixture.ts';

describe('\\Deleted and EXPUNGE', () => {
  interface Row {
    why: string;
    gmail: GmailOptions;
    /** Where the message is deleted from; it stands in INBOX and, when `label`, under Work. */
    from: string;
    label?: boolean;
    afterStore: { inbox: number; work: number; all: number; trash: number };
    afterExpunge: { inbox: number; work: number; all: number; trash: number };
  }
  const here = (inbox: number, work: number, all: number, trash: number): Row['afterStore'] => ({
    inbox,
    work,
    all,
    trash,
  });
  const off = { autoExpunge: false } as const;
  const rows: Row[] = [
    {
      why: 'the default only archives',
      gmail: {},
      from: 'INBOX',
      afterStore: here(0, 0, 1, 0),
      afterExpunge: here(0, 0, 1, 0),
    },
    {
      why: 'auto-expunge off waits',
      gmail: off,
      from: 'INBOX',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(0, 0, 1, 0),
    },
    {
      why: 'only this label goes',
      gmail: {},
      from: 'Work',
      label: true,
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(1, 0, 1, 0),
    },
    {
      why: 'the last label goes to Trash',
      gmail: { expungeBehavior: 'trash' },
      from: 'INBOX',
      afterStore: here(0, 0, 0, 1),
      afterExpunge: here(0, 0, 0, 1),
    },
    {
      why: 'not the last label: nothing goes to Trash',
      gmail: { expungeBehavior: 'trash' },
      from: 'INBOX',
      label: true,
      afterStore: here(0, 1, 1, 0),
      afterExpunge: here(0, 1, 1, 0),
    },
    {
      why: 'the last label, for ever, at EXPUNGE',
      gmail: { ...off, expungeBehavior: 'deleteForever' },
      from: 'INBOX',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(0, 0, 0, 0),
    },
    {
      why: 'All Mail may count as a visible folder',
      gmail: { expungeBehavior: 'trash', allMailCountsAsVisible: true },
      from: 'INBOX',
      afterStore: here(0, 0, 1, 0),
      afterExpunge: here(0, 0, 1, 0),
    },
    {
      why: 'and does not when it is hidden',
      gmail: { expungeBehavior: 'trash', allMailCountsAsVisible: true, hideAll: true },
      from: 'INBOX',
      afterStore: here(0, 0, 0, 1),
      afterExpunge: here(0, 0, 0, 1),
    },
    {
      why: 'All Mail: OK, and nothing',
      gmail: {},
      from: '\\All',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(1, 0, 1, 0),
    },
    {
      why: 'the same without auto-expunge',
      gmail: off,
      from: '\\All',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(1, 0, 1, 0),
    },
  ];
  for (const { why, gmail, from, label, afterStore, afterExpunge } of rows) {
    it(`in ${from} with ${JSON.stringify(gmail)}: ${why}`, async () => {
      await start({ gmail });
      ann.createFolder('Work');
      ann.deliver(message(1), { labels: label === true ? ['Work'] : [] });
      const look = (): Row['afterStore'] => here(count('INBOX'), count('Work'), count('\\All'), count('\\Trash'));
      const client = await raw(`"${ann.path(from)}"`);
      expect(await client.command('UID STORE 1 +FLAGS (\\Deleted)')).toMatch(/^OK|\r\nOK/);
      expect(look()).toEqual(afterStore);
      expect(await client.command('UID EXPUNGE 1')).toMatch(/OK Expunged\r\n$/);
      expect(look()).toEqual(afterExpunge);
    });
  }

  for (const folder of ['\\Trash', '\\Junk']) {
    it(`in ${folder} it is for ever`, async () => {
      await start({ gmail: {} });
      ann.deliver(message(1), { folder });
      const client = await flow(ann.path(folder));
      await client.messageDelete('1', { uid: true });
      expect([count(folder), count('\\All')]).toEqual([0, 0]);
    });
  }

  it('auto-expunge tells the session with the STORE and leaves no FETCH behind', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    const client = await raw('INBOX');
    expect(await client.command('UID STORE 1 +FLAGS (\\Deleted)')).toBe('* 1 EXPUNGE\r\nOK Stored\r\n');
  });
});

describe('\\Deleted in All Mail', () => {
  for (const [autoExpunge, flags] of [
    [true, []],
    [false, ['\\Deleted']],
  ] as const) {
    it(`is ${autoExpunge ? 'not even kept' : 'kept'} with auto-expunge ${autoExpunge ? 'on' : 'off'}`, async () => {
      await start({ gmail: { autoExpunge } });
      ann.deliver(message(1));
      const client = await raw(`"${ann.path('\\All')}"`);
      await client.command('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
      expect(ann.messages('\\All').map((found) => found.flags)).toEqual([flags]);
    });
  }
});

describe('MOVE and COPY', () => {
  const rows: {
    why: string;
    from: string;
    to: string;
    by: 'messageMove' | 'messageCopy';
    left: Record<string, number>;
  }[] = [
    {
      why: 'out of every label and All Mail',
      from: 'INBOX',
      to: '\\Trash',
      by: 'messageMove',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Trash': 1 },
    },
    {
      why: 'from All Mail as well',
      from: '\\All',
      to: '\\Trash',
      by: 'messageMove',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Trash': 1 },
    },
    {
      why: 'COPY to Trash alone does it, too',
      from: 'INBOX',
      to: '\\Trash',
      by: 'messageCopy',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Trash': 1 },
    },
    {
      why: 'to Spam',
      from: 'INBOX',
      to: '\\Junk',
      by: 'messageMove',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Junk': 1 },
    },
    {
      why: 'to a label changes one label for another',
      from: 'INBOX',
      to: 'Done',
      by: 'messageMove',
      left: { INBOX: 0, Work: 1, Done: 1, '\\All': 1 },
    },
    {
      why: 'a copy adds a label',
      from: 'INBOX',
      to: 'Done',
      by: 'messageCopy',
      left: { INBOX: 1, Work: 1, Done: 1, '\\All': 1 },
    },
    {
      why: 'All Mail keeps what is moved to a label',
      from: '\\All',
      to: 'Done',
      by: 'messageMove',
      left: { INBOX: 1, Work: 1, Done: 1, '\\All': 1 },
    },
    {
      why: 'to All Mail archives',
      from: 'INBOX',
      to: '\\All',
      by: 'messageMove',
      left: { INBOX: 0, Work: 1, '\\All': 1 },
    },
  ];
  for (const { why, from, to, by, left } of rows) {
    it(`${by} ${from} to ${to}: ${why}`, async () => {
      await start({ gmail: {} });
      ann.createFolder('Done');
      const { emailId } = ann.deliver(message(1), { labels: ['Work'] });
      const client = await flow(ann.path(from));
      const result = await client[by]('1', ann.path(to), { uid: true });
      expect(result).toMatchObject({ uidMap: new Map([[1, ann.messages(to)[0]?.uid]]) });
      expect(ann.messages(to)[0]?.emailId).toBe(emailId);
      expect(Object.fromEntries(Object.keys(left).map((folder) => [folder, count(folder)]))).toEqual(left);
    });
  }

  it('back from Trash the labels are there again, under new UIDs', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1), { labels: ['Work'] });
    const client = await flow('INBOX');
    await client.messageMove('1', ann.path('\\Trash'), { uid: true });
    await client.mailboxOpen(ann.path('\\Trash'));
    await client.messageMove('1', 'INBOX', { uid: true });
    expect(['INBOX', 'Work', '\\All'].map((folder) => ann.messages(folder).map(({ uid }) => uid))).toEqual([
      [2],
      [2],
      [2],
    ]);
  });

  it('out of Trash into a label, a message is not in INBOX again', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    const client = await flow(ann.path('\\All'));
    await client.messageMove('1', ann.path('\\Trash'), { uid: true });
    ann.createFolder('Done');
    await client.mailboxOpen(ann.path('\\Trash'));
    await client.messageMove('1', 'Done', { uid: true });
    expect(['INBOX', 'Done', '\\All', '\\Trash'].map(count)).toEqual([0, 1, 1, 0]);
  });

  it('another session is told of what the move took out of its mailbox', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    ann.deliver(message(2));
    const other = await raw(`"${ann.path('\\All')}"`);
    const client = await flow('INBOX');
    await client.messageMove('1', ann.path('\\Trash'), { uid: true });
    expect(await other.command('NOOP')).toBe('* 1 EXPUNGE\r\nOK Completed\r\n');
  });

  it('a store of the label \\Trash trashes', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    const client = await flow('INBOX');
    await client.messageFlagsAdd('1', ['\\Trash'], { uid: true, useLabels: true });
    expect([count('INBOX'), count('\\All'), count('\\Trash')]).toEqual([0, 0, 1]);
  });

  it('cut in the middle of a MOVE, some are in Trash and the rest are not', async () => {
    await start({ gmail: {} });
    for (let n = 1; n <= 5; n += 1) ann.deliver(message(n));
    server.onCommand = (command) => (command.name === 'UID MOVE' ? { drop: 'midway', after: 2 } : undefined);
    const client = await flow('INBOX');
    expect(await client.messageMove('1:5', ann.path('\\Trash'), { uid: true })).toBe(false);
    expect([count('INBOX'), count('\\Trash'), client.usable]).toEqual([3, 2, false]);
  });
});

it('another UIDVALIDITY of INBOX keeps the messages under new UIDs and ends the sessions', async () => {
  await start({ gmail: {} });
  ann.deliver(message(1));
  ann.deliver(message(2));
  ann.expunge([1]);
  const before = ann.uidValidity();
  const client = await raw('INBOX');
  ann.changeUidValidity();
  expect(await client.command('UID FETCH 2 UID')).toMatch(/^\* BYE/);
  expect(ann.messages().map(({ uid, raw: octets }) => [uid, octets.equals(message(2))])).toEqual([[1, true]]);
  expect(ann.uidValidity()).not.toBe(before);
  expect((await raw('INBOX')).closed).toBe(false);
});
