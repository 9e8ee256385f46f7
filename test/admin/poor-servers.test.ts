// Admin jobs on servers that lack MOVE, UIDPLUS, both, or room for keywords, on the scripted server: what cannot be done safely is not begun, what
// is cut is finished and done once, and no command grows too long.

import { expect, it } from 'vitest';
import type { ImapServerOptions } from '../../src/demo/imap-server/options.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { expectSameMail, letter, type MailboxChanges, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { planned, sourceFor } from './turns.ts';

const raws = (there: Scene, folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

const server = (options: Partial<ImapServerOptions>, changes: MailboxChanges = {}): Promise<Scene> =>
  scene(options, changes);

/** RFC 7162 4 advises so much; the command around the set comes on top. */
const LONGEST = 8_192;

describeWith('postgres', 'admin jobs on servers that lack something', () => {
  const cuts = (['UID COPY', 'UID STORE', 'UID EXPUNGE'] as const).flatMap((command) =>
    (['before', 'midway', 'after-effect'] as const).map((drop) => ({ command, drop })),
  );

  it.each(cuts)(
    'without MOVE a move is made of COPY and UID EXPUNGE; cut $drop at $command',
    async ({ command, drop }) => {
      const there = await server({ move: false });
      const mail = there.deliver(520);
      const twin = letter();
      for (let n = 0; n < 3; n++) mail.push(there.account.deliver(twin).raw);
      const job = await planned(there.database, there.mailbox, 'move', {
        folder: 'INBOX',
        args: { to: 'Done', create: true },
      });
      const foreign = there.account.deliver(letter());
      there.account.flag([foreign.uid], ['\\Deleted']);
      let times = 0;
      there.server.onCommand = ({ name, folder }) =>
        name === command && folder === 'INBOX' && times++ % 2 === 0 ? { drop, after: 120 } : undefined;

      for (let n = 0; n < 12 && job.done < 523; n++) await job.turn();

      expect(job.counts).toEqual({ moved: 523 });
      expectSameMail(raws(there, 'Done'), mail);
      expect(there.left()).toEqual([foreign.uid]);
      expect(there.said('EXPUNGE')).toEqual([]);
    },
  );

  it.each([
    ['names some of them', '[COPYUID 1 1 1] '],
    ['names none', ''],
  ])(
    'without MOVE nothing is expunged that was not copied, where the server %s and mail comes meanwhile',
    async (_, code) => {
      const there = await server({ move: false });
      const twin = letter();
      const mail = [twin, letter(), twin];
      for (const raw of mail) there.account.deliver(raw);
      there.account.createFolder('Done');
      const job = await planned(there.database, there.mailbox, 'move', { folder: 'INBOX', args: { to: 'Done' } });
      const foreign: Buffer[] = [];
      there.server.onCommand = ({ name }) => {
        if (name !== 'UID COPY') return undefined;
        // It will have come after the copies were made.
        setTimeout(() => foreign.push(there.account.deliver(letter(), { folder: 'Done' }).raw), 0);
        return { reply: `OK ${code}Copied`, after: 2 };
      };
      await job.turn();
      await expect.poll(() => foreign.length).toBe(1);
      expect(there.left()).toHaveLength(1);
      expect(job.counts).toMatchObject({ moved: 2, left: 1 });
      expectSameMail([...raws(there, 'INBOX'), ...raws(there, 'Done')], [...mail, ...foreign]);
    },
  );

  it('without MOVE, two slices of which one is cut, with mail coming to the target meanwhile', async () => {
    const there = await server({ move: false });
    const mail = there.deliver(700);
    there.account.createFolder('Done');
    const job = await planned(there.database, there.mailbox, 'move', { folder: 'INBOX', args: { to: 'Done' } });
    let times = 0;
    const others: Buffer[] = [];
    there.server.onCommand = ({ name }) => {
      if (name !== 'UID COPY' || times++ > 1) return undefined;
      others.push(there.account.deliver(letter(), { folder: 'Done' }).raw);
      return { drop: 'after-effect' };
    };
    for (let n = 0; n < 6 && job.done < 700; n++) await job.turn();
    expect(job.counts).toEqual({ moved: 700 });
    expectSameMail(raws(there, 'Done'), [...mail, ...others]);
    expect(there.left()).toEqual([]);
  });

  it.each(['before', 'after-effect', 'before-tagged'] as const)(
    'without UIDPLUS a copy is counted where it went, and made once (cut: %s)',
    async (drop) => {
      const there = await server({ move: false, uidplus: false });
      const mail = there.deliver(510);
      const job = await planned(there.database, there.mailbox, 'copy', {
        folder: 'INBOX',
        args: { to: 'Copies', create: true },
      });
      let times = 0;
      there.server.onCommand = ({ name }) => (name === 'UID COPY' && times++ % 2 === 0 ? { drop } : undefined);
      for (let n = 0; n < 8 && job.done < 510; n++) await job.turn();
      expect(job.counts).toEqual({ copied: 510 });
      expectSameMail(raws(there, 'Copies'), mail);
    },
  );

  it.each(['move', 'empty-trash', 'purge'] as const)(
    'with neither MOVE nor UIDPLUS %s is refused, in its plan already',
    async (kind) => {
      const there = await server({ move: false, uidplus: false });
      there.deliver(3);
      for (let n = 0; n < 3; n++) there.account.deliver(letter(), { folder: 'Trash' });
      const folder = kind === 'empty-trash' ? '\\Trash' : 'INBOX';
      const args = kind === 'move' ? { to: 'Trash' } : {};
      await expect(sourceFor(there, kind, args).open(there.mailbox, null)).rejects.toMatchObject({
        code: 'UNSAFE_EXPUNGE',
      });
      const job = await planned(there.database, there.mailbox, kind, { folder, args });
      expect(await job.turn()).toMatchObject({ code: 'UNSAFE_EXPUNGE' });
      expect(there.account.messages().flatMap(({ flags }) => flags)).toEqual([]);
      expect(there.left('Trash')).toHaveLength(3);
      expect(await there.stored()).toEqual([]);
    },
  );

  it('without UIDPLUS, but for one owner alone, a purge expunges, and not beside a foreign mark', async () => {
    const there = await server({ move: false, uidplus: false }, { expunge: 'exclusive' });
    const mail = there.deliver(20);
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
    const foreign = there.account.deliver(letter());
    there.account.flag([foreign.uid], ['\\Deleted']);
    await job.toTheEnd();
    expect(job.counts).toEqual({ left: 20, stored: 20 });
    expect([...job.notes].join()).toContain('another client has flagged');
    expect(there.left()).toHaveLength(21);
    there.account.unflag([foreign.uid], ['\\Deleted']);
    const again = await planned(there.database, there.mailbox, 'purge', {
      folder: 'INBOX',
      pick: (uid) => uid !== String(foreign.uid),
    });
    await again.toTheEnd();
    expect(again.counts).toEqual({ disposed: 20, alreadyStored: 20 });
    expectSameMail(await there.stored(), mail);
    expect(there.left()).toEqual([foreign.uid]);
  });

  it('a keyword that the server does not keep is refused before anything is said', async () => {
    const there = await server({ permanentFlagsNoKeywords: true });
    there.deliver(2);
    const job = await planned(there.database, there.mailbox, 'flag', {
      folder: 'INBOX',
      args: { add: ['Old', '\\Seen'] },
    });
    expect(await job.turn()).toMatchObject({ code: 'FLAG_NOT_KEPT' });
    expect(there.account.messages().flatMap(({ flags }) => flags)).toEqual([]);
  });

  it('a mailbox that opens read-only, and a server without special use', async () => {
    const readOnly = await server({ readOnly: true });
    readOnly.deliver(1);
    const job = await planned(readOnly.database, readOnly.mailbox, 'flag', {
      folder: 'INBOX',
      args: { add: ['\\Seen'] },
    });
    expect(await job.turn()).toMatchObject({ code: 'MAILBOX_READ_ONLY' });
    const plain = await server({ specialUse: false });
    await expect(sourceFor(plain, 'empty-trash', {}).open(plain.mailbox, null)).rejects.toMatchObject({
      code: 'MAILBOX_MISSING',
    });
  });

  const kinds: readonly [AdminJobKind, Record<string, unknown>][] = [
    ['copy', { to: 'Copies', create: true }],
    ['flag', { add: ['\\Seen'] }],
    ['purge', {}],
  ];

  it('no command of any job is too long, with UIDs of ten digits of which no two are neighbours', async () => {
    const there = await server({});
    there.deliver(1200);
    there.account.renumber('INBOX', { start: 4_000_000_001 });
    there.account.expunge(there.left().filter((_, index) => index % 2 === 0));
    for (const [kind, args] of kinds) {
      const job = await planned(there.database, there.mailbox, kind, { folder: 'INBOX', args });
      await job.toTheEnd();
    }
    expect(there.left()).toEqual([]);
    const longest = Math.max(...there.server.events.map(({ name, args }) => name.length + args.length));
    expect(longest).toBeGreaterThan(5_000);
    expect(longest).toBeLessThan(LONGEST);
  });

  it('a turn that is over in the middle of a slice goes on there, nearer to the end each time', async () => {
    const there = await server({});
    // More than one batch of a drain.
    const mail = Array.from({ length: 480 }, () => letter(20_000));
    for (const raw of mail) there.account.deliver(raw);
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
    let left = 480;
    for (let n = 0; n < 10 && job.done < 480; n++) {
      const over = new AbortController();
      there.server.onCommand = ({ name, args }) => {
        if (name === 'UID FETCH' && args.includes('BODY.PEEK[')) over.abort();
        return undefined;
      };
      expect(await job.turn(undefined, over.signal)).toBeNull();
      const now = there.left().length;
      expect(now).toBeLessThan(left);
      left = now;
    }
    expect(job.counts).toEqual({ disposed: 480, stored: 480 });
    expectSameMail(await there.stored(), mail);
  });

  it('a plan looks without touching, by kind as well: only the bounces of a shared mailbox', async () => {
    const there = await server({});
    there.deliver(3);
    const bounce = there.account.deliver(dsn());
    there.deliver(2);
    const folder = await sourceFor(there, 'purge', {}).open(there.mailbox, null);
    expect(await folder.search({ kind: 'bounce' })).toEqual([String(bounce.uid)]);
    expect(await folder.search({ kind: 'other', uid: '1:2' })).toEqual(['1', '2']);
    expect(await folder.search({ all: true })).toHaveLength(6);
    await folder.close();
    expect(there.account.messages().flatMap(({ flags }) => flags)).toEqual([]);
    const names = there.server.events.map(({ name }) => name);
    expect(names.filter((name) => /SELECT|STORE|CREATE/.test(name))).toEqual([]);
  });

  it('a plan for undelete is about what is deleted', async () => {
    const there = await server({});
    there.deliver(5);
    there.account.flag([2, 4], ['\\Deleted']);
    const folder = await sourceFor(there, 'undelete', {}).open(there.mailbox, null);
    expect(await folder.search({ all: true })).toEqual(['2', '4']);
    await folder.close();
  });
});

function dsn(): Buffer {
  const lines = [
    'From: MAILER-DAEMON@example.net',
    'To: bounces@example.org',
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    '',
    'Final-Recipient: rfc822; nobody@example.net',
    'Action: failed',
    'Status: 5.1.1',
    '',
    '--b--',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}
