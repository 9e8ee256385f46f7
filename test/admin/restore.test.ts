// Mail that was drained is put back, once each and as it was, and the next drain leaves it alone: on plain servers with and without UIDPLUS, on
// Gmail, on Dovecot, and wherever the job is cut.

import { describe, expect, it } from 'vitest';
import type { Fault, ImapServerOptions, ReceivedCommand } from '../../src/demo/imap-server/options.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { cancelJob } from '../../src/store/admin-jobs.ts';
import { sumStored } from '../../src/store/stored-mail.ts';
import {
  drainOnce,
  expectSameMail,
  letter,
  type MailboxChanges,
  mailboxOn,
  type Scene,
  scene,
  storeForTest,
} from '../drain/scene.ts';
import { describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { deliverMany, look } from '../support/mail.ts';
import { type StoredWish, storedRun } from './stored-turns.ts';

const run = (there: Scene, wish: StoredWish = {}) => storedRun(there.database, there.mailbox, 'restore', wish);
const octets = (there: Scene, folder = 'INBOX'): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

/** A further drain stores nothing and takes nothing away; a second one need not even fetch. */
async function expectLeftAlone(there: Scene, mail: readonly Buffer[], folder = 'INBOX'): Promise<void> {
  const stored = (await there.stored()).length;
  expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 0, pending: 0 });
  expectSameMail(octets(there, folder), mail);
  const fetches = there.fetches().length;
  expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 0, pending: 0 });
  expect(there.fetches()).toHaveLength(fetches);
  expectSameMail(octets(there, folder), mail);
  expect(await there.stored()).toHaveLength(stored);
}

/** Drained mail with flags and dates of its own. */
async function drained(count: number, options: Partial<ImapServerOptions> = {}, changes: MailboxChanges = {}) {
  const there = await scene(options, changes);
  const mail: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const raw = letter();
    mail.push(raw);
    const flags = i % 2 === 0 ? ['\\Seen', '$Label1'] : ['\\Flagged'];
    there.account.deliver(raw, { flags, internalDate: new Date(Date.UTC(2026, 2, 1, 0, 0, i)) });
  }
  expect(await there.drain()).toMatchObject({ outcome: 'done', stored: count, disposed: count });
  return { there, mail };
}

/** Fails one command, chosen by number among those with a name. */
function failing(
  name: string,
  fault: (nth: number) => Fault | undefined,
): Partial<ImapServerOptions> & { arm(): void } {
  let nth = 0;
  let armed = false;
  return {
    arm() {
      armed = true;
    },
    onCommand: (command: ReceivedCommand) => (armed && command.name === name ? fault(++nth) : undefined),
  };
}

describeWith('postgres', 'restore', () => {
  describe.each([
    ['with UIDPLUS', {}],
    ['without UIDPLUS', { uidplus: false }],
    ['with neither UIDPLUS nor MOVE, the owner alone', { uidplus: false, move: false }],
    ['that writes mail anew', { rewritesMime: true, uidplus: false }],
    ['with object ids', { objectId: true }],
  ] as const)('on a server %s', (_title, options) => {
    it('puts mail back with its flags and dates, and the next drain leaves it alone', async () => {
      const { there, mail } = await drained(60, options, { expunge: 'exclusive' });
      expect(there.left()).toEqual([]);

      const job = await (await run(there)).toTheEnd();

      expect(job.counts).toEqual({ restored: 60 });
      expect(job.done).toBe(60);
      const back = there.account.messages();
      expectSameMail(
        back.map(({ raw }) => raw),
        mail,
      );
      expect(back.map(({ internalDate }) => internalDate.getTime()).sort()).toEqual(
        mail.map((_raw, i) => Date.UTC(2026, 2, 1, 0, 0, i)),
      );
      expect(back.filter(({ flags }) => flags.includes('$Label1') && flags.includes('\\Seen'))).toHaveLength(30);
      expect(back.filter(({ flags }) => flags.includes('\\Flagged'))).toHaveLength(30);
      await expectLeftAlone(there, mail);
      expect((await there.ledger()).filter(({ uidvalidity }) => uidvalidity.startsWith('restore:'))).toEqual([]);
    });
  });

  it('restores again what has gone again, and not what is still there', async () => {
    const { there, mail } = await drained(10);
    await (await run(there)).toTheEnd();
    const uids = there.left();
    expect((await (await run(there)).toTheEnd()).counts).toEqual({ present: 10 });
    there.account.expunge(uids.slice(0, 4));
    await there.drain();
    expect((await (await run(there)).toTheEnd()).counts).toEqual({ present: 6, restored: 4 });
    expectSameMail(octets(there), mail);
    await expectLeftAlone(there, mail);
  });

  it('does not double mail that was kept on the server', async () => {
    const there = await scene({}, { dispose: { kind: 'keep' } });
    const mail = there.deliver(5);
    await there.drain();
    expect((await (await run(there)).toTheEnd()).counts).toEqual({ present: 5 });
    expectSameMail(octets(there), mail);
  });

  it('chooses by criteria over stored mail', async () => {
    const { there, mail } = await drained(20);
    const criteria = { since: new Date(Date.UTC(2026, 2, 1)), flagged: true };
    expect((await (await run(there, { criteria })).toTheEnd()).counts).toEqual({ restored: 10 });
    expectSameMail(
      octets(there),
      mail.filter((_raw, i) => i % 2 === 1),
    );
  });

  it('restores into another folder, whose own drain leaves it alone as well', async () => {
    const { there, mail } = await drained(5);
    there.account.createFolder('Back');
    const back: MailboxConfig = { ...there.mailbox, name: 'back', folder: 'Back' };
    await drainOnce(there.database, back);
    await (await run(there, { args: { folder: 'Back' } })).toTheEnd();
    expect(await drainOnce(there.database, back)).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
    expectSameMail(octets(there, 'Back'), mail);
    expect((await (await run(there, { args: { folder: 'Back' } })).toTheEnd()).counts).toEqual({ present: 5 });
    const nowhere = await run(there, { args: { folder: 'Bakc' } });
    expect(await nowhere.turn()).toMatchObject({ code: 'MAILBOX_MISSING', message: expect.stringContaining('Back') });
  });

  it('restores into a folder whose own drain comes later for the first time', async () => {
    const { there, mail } = await drained(5);
    there.account.createFolder('Back');
    const back: MailboxConfig = { ...there.mailbox, name: 'back', folder: 'Back' };
    await (await run(there, { args: { folder: 'Back' }, mailboxes: [there.mailbox, back] })).toTheEnd();
    for (let n = 0; n < 2; n++)
      expect(await drainOnce(there.database, back)).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
    expectSameMail(octets(there, 'Back'), mail);
    expect(await there.stored()).toHaveLength(mail.length);
  });

  it('restores into a folder that nobody drains, and that the same mailbox drains from then on', async () => {
    const { there, mail } = await drained(5);
    there.account.createFolder('Back');
    await (await run(there, { args: { folder: 'Back' } })).toTheEnd();
    expect(await there.drain({ folder: 'Back' })).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
    expectSameMail(octets(there, 'Back'), mail);
  });

  it('two messages of the same octets are two', async () => {
    const there = await scene();
    const raw = letter();
    for (let i = 0; i < 3; i++) there.account.deliver(raw, { internalDate: new Date(Date.UTC(2026, 2, 1)) });
    await there.drain();
    await (await run(there)).toTheEnd();
    await expectLeftAlone(there, [raw, raw, raw]);
  });

  it('large messages are sent in pieces', async () => {
    const there = await scene();
    const mail = [letter(5 * 1024 * 1024), letter(100), letter(1024 * 1024 + 1)];
    for (const raw of mail) there.account.deliver(raw, { flags: ['\\Seen'] });
    await there.drain();
    expect((await (await run(there)).toTheEnd()).counts).toEqual({ restored: 3 });
    await expectLeftAlone(there, mail);
    expect(there.account.messages().every(({ flags }) => flags.includes('\\Seen'))).toBe(true);
  });

  it('says what the server does not take, and goes on with the others', async () => {
    const there = await scene({ maxLiteral: 20_000 });
    const mail = [letter(100), letter(40_000), letter(2_000_000), letter(100)];
    for (const raw of mail) there.account.deliver(raw);
    await there.drain();
    const job = await (await run(there)).toTheEnd();
    expect(job.counts).toEqual({ restored: 2, refused: 2 });
    expect([...job.notes].join()).toContain('MESSAGE_TOO_LARGE');
    expectSameMail(
      octets(there),
      [mail[0], mail[3]].flatMap((raw) => raw ?? []),
    );
  });

  it('takes up what was refused or missing when it is retried, and only that', async () => {
    let refusing = true;
    const { there, mail } = await drained(6, {
      onCommand: ({ name, args }) =>
        refusing && name === 'APPEND' && args.includes('00:00:03') ? { reply: 'NO [CANNOT] not now' } : undefined,
    });
    const job = await (await run(there)).toTheEnd();
    expect(job.counts).toEqual({ restored: 5, refused: 1 });
    // One the server took, and that was not in the folder afterwards; another is taken away by somebody later.
    await there.rows(
      `update maildrain.restore set state = 'missing' where message_id = (select min(message_id) from maildrain.restore)`,
    );
    there.account.expunge(there.left().slice(0, 2));
    refusing = false;

    job.beginAnew();
    await job.toTheEnd();

    expect(job.counts).toEqual({ restored: 6 });
    expectSameMail(
      octets(there),
      mail.filter((_raw, i) => i !== 1),
    );
  });

  it('looks first for what was missing when it is retried', async () => {
    const { there, mail } = await drained(4);
    const job = await (await run(there)).toTheEnd();
    await there.rows(`update maildrain.restore set state = 'missing'`);
    job.beginAnew();
    await job.toTheEnd();
    expect(job.counts).toEqual({ restored: 4 });
    expectSameMail(octets(there), mail);
  });

  it('counts apart what the server took and does not show, and does not send it again when it shows', async () => {
    let hidden = 0;
    const { there, mail } = await drained(4, {
      uidplus: false,
      onCommand: ({ name, args }) =>
        name === 'APPEND' && args.includes('00:00:02') && hidden++ === 0 ? { reply: 'OK taken' } : undefined,
    });
    const job = await (await run(there)).toTheEnd();
    expect(job.counts).toEqual({ restored: 3, unseen: 1 });
    expect([...job.notes].join()).toContain('unseen');
    job.beginAnew();
    await job.toTheEnd();
    expect(job.counts).toEqual({ restored: 3, unseen: 1 });
    expect(there.left()).toHaveLength(3);

    there.account.deliver(mail[2] ?? letter(), { internalDate: new Date(Date.UTC(2026, 2, 1, 0, 0, 2)) });
    const other = await (await run(there)).toTheEnd();

    expect(other.counts).toEqual({ present: 3, restored: 1 });
    job.beginAnew();
    await job.toTheEnd();
    expect(job.counts).toEqual({ restored: 4 });
    await expectLeftAlone(there, mail);
  });

  it('--uid does not take the id of a message that is being put back for a UID', async () => {
    let hidden = 0;
    const there = await scene({
      uidplus: false,
      onCommand: ({ name }) => (name === 'APPEND' && hidden++ === 0 ? { reply: 'OK taken' } : undefined),
    });
    there.deliver(5);
    there.account.expunge(there.left());
    there.deliver(1);
    await there.drain();
    const matching = async (uid: string) =>
      (await sumStored(there.database.sql, { mailbox: null, criteria: { uid } }, { after: '0', until: '1000' }))
        .messages;

    expect((await (await run(there)).toTheEnd()).counts).toEqual({ unseen: 1 });

    const [row] = await there.rows<{ id: string }>('select id from maildrain.message');
    expect(await there.ledger()).toContainEqual(expect.objectContaining({ uidvalidity: 'restore:1', uid: row?.id }));
    expect(await matching(row?.id ?? '')).toBe(0);
    expect(await matching('6')).toBe(1);
  });

  it('finds again what it could not see, once a drain has met it', async () => {
    let hidden = 0;
    const { there, mail } = await drained(4, {
      uidplus: false,
      onCommand: ({ name, args }) =>
        name === 'APPEND' && args.includes('00:00:02') && hidden++ === 0 ? { reply: 'OK taken' } : undefined,
    });
    const job = await (await run(there)).toTheEnd();
    there.account.deliver(mail[2] ?? letter(), { internalDate: new Date(Date.UTC(2026, 2, 1, 0, 0, 2)) });
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
    job.beginAnew();
    await job.toTheEnd();
    expect(job.counts).toEqual({ restored: 4 });
    await expectLeftAlone(there, mail);
  });

  it('a full mailbox ends the job with its own code, and says nothing untrue', async () => {
    const fault = failing('APPEND', (nth) => (nth > 7 ? { reply: 'NO [OVERQUOTA] Mailbox is full' } : undefined));
    const { there } = await drained(20, fault);
    fault.arm();
    const job = await run(there);
    expect(await job.turn()).toMatchObject({ code: 'OVER_QUOTA' });
    expect(there.left()).toHaveLength(7);
    expect(await there.drain()).toMatchObject({ stored: 0, disposed: 0 });
    expect(there.left()).toHaveLength(7);
  });

  it('a message that always breaks the line is left out after some tries', async () => {
    const { there, mail } = await drained(6, {
      onCommand: ({ name, args }) => (name === 'APPEND' && args.includes('00:00:03') ? { drop: 'before' } : undefined),
    });
    const job = await run(there);
    let end = await job.turn();
    for (let n = 0; n < 10 && end !== 'ended'; n++) {
      expect(end).toMatchObject({ code: 'CONNECTION_LOST' });
      end = await job.turn();
    }
    expect(end).toBe('ended');
    expect(job.counts).toEqual({ restored: 5, refused: 1 });
    expectSameMail(
      octets(there),
      mail.filter((_raw, i) => i !== 3),
    );
  });

  it('a message over which the server always has an internal error is left out, and the others are not kept waiting', async () => {
    const { there, mail } = await drained(6, {
      onCommand: ({ name, args }) =>
        name === 'APPEND' && args.includes('00:00:02')
          ? { reply: 'NO [SERVERBUG] Internal error occurred. Refer to server log' }
          : undefined,
    });
    const others = mail.filter((_raw, i) => i !== 2);
    const job = await run(there);
    for (let n = 0; n < 3; n++) {
      expect(await job.turn()).toMatchObject({ code: 'SERVER_UNAVAILABLE' });
      // From the second turn on the others are there already.
      if (n > 0) expectSameMail(octets(there), others);
    }
    expect(await job.turn()).toBe('ended');
    expect(job.counts).toEqual({ restored: 5, refused: 1 });
    expect([...job.notes].join()).toContain('SERVER_UNAVAILABLE');
    await expectLeftAlone(there, others);
  });

  it('a server that can take nothing for a while is no message to be left out', async () => {
    let ill = false;
    const { there, mail } = await drained(6, {
      onCommand: ({ name }) => (ill && name === 'APPEND' ? { reply: 'NO [UNAVAILABLE] Try again later' } : undefined),
    });
    ill = true;
    const job = await run(there);
    for (let n = 0; n < 8; n++) expect(await job.turn()).toMatchObject({ code: 'SERVER_UNAVAILABLE' });
    ill = false;
    await job.toTheEnd();
    expect(job.counts).toEqual({ restored: 6 });
    await expectLeftAlone(there, mail);
  });

  it.each([100, 1024 * 1024 + 100])('does not put back a damaged message of %d octets', async (size) => {
    const there = await scene();
    const mail = [letter(), letter(size), letter(1024 * 1024 + 1), letter()];
    for (const raw of mail) there.account.deliver(raw);
    await there.drain();
    // Another octet in the middle, of the last piece of the message: the length stays.
    await there.rows(
      `update maildrain.raw r set bytes = set_byte(bytes, 10, 255 - get_byte(bytes, 10))
        where message_id = (select id from maildrain.message order by id offset 1 limit 1)
          and seq = (select max(seq) from maildrain.raw l where l.message_id = r.message_id)`,
    );
    const job = await (await run(there)).toTheEnd();
    expect(job.counts).toEqual({ restored: 3, refused: 1 });
    expect([...job.notes].join()).toContain('DAMAGED');
    expectSameMail(
      octets(there),
      mail.filter((_raw, i) => i !== 1),
    );
    expect((await there.ledger()).filter(({ uidvalidity }) => uidvalidity.startsWith('restore:'))).toEqual([]);
  });

  it('says which octets have expired', async () => {
    const { there } = await drained(4);
    await there.rows('delete from maildrain.raw where message_id = (select min(id) from maildrain.message)');
    expect((await (await run(there)).toTheEnd()).counts).toEqual({ restored: 3, expired: 1 });
  });

  describe('cut anywhere', () => {
    const cuts = ['before', 'after-effect', 'before-tagged'] as const;
    const options: readonly Partial<ImapServerOptions>[] = [{}, { uidplus: false }];
    const cases = options.flatMap((option) =>
      cuts.flatMap((drop) => [1, 2, 13, 26].map((nth) => ({ option, drop, nth }))),
    );

    it.each(cases)('$drop of APPEND $nth, $option: nothing twice, nothing lost', async ({ option, drop, nth }) => {
      for (const between of ['drain', 'nothing'] as const) {
        const fault = failing('APPEND', (n) => (n === nth ? { drop } : undefined));
        const { there, mail } = await drained(30, { ...option, ...fault });
        fault.arm();
        const job = await run(there);
        expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
        if (between === 'drain') expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
        await job.toTheEnd();
        expect(job.counts).toEqual({ restored: 30 });
        await expectLeftAlone(there, mail);
      }
    });

    it('by crashes at random, with drains and new mail in between', async () => {
      for (const option of options) {
        let countdown = Number.POSITIVE_INFINITY;
        const { there, mail } = await drained(80, {
          ...option,
          onCommand: () =>
            --countdown === 0 ? { drop: cuts[Math.floor(Math.random() * cuts.length)] ?? 'before' } : undefined,
        });
        const job = await run(there);
        const fresh: Buffer[] = [];
        for (let n = 0; n < 40; n++) {
          countdown = 1 + Math.floor(Math.random() * 60);
          const crash = Math.random() < 0.3;
          const end = await job.turn(() => {
            if (crash && Math.random() < 0.5) throw new Error('killed');
          });
          countdown = Number.POSITIVE_INFINITY;
          if (end === 'ended') break;
          if (Math.random() < 0.5) fresh.push(...there.deliver(1));
          if (Math.random() < 0.5) expect(await there.drain()).toMatchObject({ outcome: 'done' });
        }
        await job.toTheEnd();
        await there.drain();
        expect(job.counts).toEqual({ restored: 80 });
        expectSameMail(await there.stored(), [...mail, ...fresh]);
        await expectLeftAlone(there, mail);
      }
    });

    it.each([
      { option: {}, drop: 'after-effect', renumbered: false },
      { option: {}, drop: 'after-effect', renumbered: true },
      { option: {}, drop: 'before', renumbered: false },
      { option: { uidplus: false }, drop: 'after-effect', renumbered: false },
    ] as const)('and given up, a new one puts nothing back twice: %o', async ({ option, drop, renumbered }) => {
      const fault = failing('APPEND', (n) => (n === 5 ? { drop } : undefined));
      const { there, mail } = await drained(10, { ...option, ...fault });
      fault.arm();
      expect(await (await run(there)).turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      if (renumbered) there.account.changeUidValidity();
      await (await run(there)).toTheEnd();
      expectSameMail(octets(there), mail);
      await expectLeftAlone(there, mail);
    });

    it('leaves no rows of messages that were never sent', async () => {
      const fault = failing('APPEND', (n) => (n === 5 ? { drop: 'after-effect' } : undefined));
      const { there } = await drained(10, fault);
      fault.arm();
      const job = await run(there);
      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      const waiting = (await there.ledger()).filter(({ uidvalidity }) => uidvalidity.startsWith('restore:'));
      // The one whose answer was lost.
      expect(waiting).toHaveLength(1);
      expect(await there.rows('select state from maildrain.restore')).toHaveLength(5);
    });

    it('by a kill, and cancelled before it ran again: only what is in doubt stays, and nothing comes back twice', async () => {
      let appends = Number.POSITIVE_INFINITY;
      const { there, mail } = await drained(10, {
        onCommand: async ({ name }) => {
          if (name !== 'APPEND' || ++appends !== 5) return undefined;
          await there.rows(
            `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
                and database = (select oid from pg_database where datname = current_database())`,
          );
          return { drop: 'after-effect' };
        },
      });
      appends = 0;
      const job = await run(there);
      expect(await job.turn()).toMatchObject({ code: expect.stringMatching(/^(DATABASE_|CONNECTION_|ABORTED)/) });
      expect(await there.rows(`select 1 from maildrain.restore where state = 'sending' and not said`)).toHaveLength(5);

      expect(await cancelJob(there.database, job.id, 'bea')).toMatchObject({ state: 'cancelled' });

      expect(await there.rows('select distinct said from maildrain.restore')).toEqual([{ said: true }]);
      expect(await there.rows('select 1 from maildrain.restore')).toHaveLength(5);
      const waiting = (await there.ledger()).filter(({ uidvalidity }) => uidvalidity.startsWith('restore:'));
      expect(waiting).toHaveLength(1);
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
      await (await run(there)).toTheEnd();
      expectSameMail(octets(there), mail);
      await expectLeftAlone(there, mail);
    });

    it('with another UIDVALIDITY afterwards', async () => {
      const fault = failing('APPEND', (n) => (n === 5 ? { drop: 'after-effect' } : undefined));
      const { there, mail } = await drained(10, fault);
      fault.arm();
      const job = await run(there);
      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      there.account.changeUidValidity();
      await job.toTheEnd();
      expectSameMail(octets(there), mail);
      await expectLeftAlone(there, mail);
      there.account.changeUidValidity();
      await expectLeftAlone(there, mail);
    });
  });

  describe('on Gmail', () => {
    it('labels come back, and no drain of any label takes the message away again', async () => {
      const there = await scene({ gmail: {} });
      const mail = there.deliver(4);
      const labelled = letter();
      there.account.deliver(labelled, { labels: ['Rechnungen & Möbel', 'Receipts'], flags: ['\\Flagged'] });
      const all: MailboxConfig = { ...there.mailbox, name: 'all', folder: '\\All' };
      await there.drain();
      await drainOnce(there.database, all);
      const before = there.account.messages('\\Trash').length;

      const job = await (await run(there)).toTheEnd();

      expect(job.counts).toEqual({ restored: 5 });
      expect(octets(there, 'Receipts')).toEqual([labelled]);
      expect(octets(there, 'Rechnungen & Möbel')).toEqual([labelled]);
      expect(await drainOnce(there.database, all)).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
      await expectLeftAlone(there, [...mail, labelled]);
      expect(await drainOnce(there.database, all)).toMatchObject({ outcome: 'done', fetched: 0 });
      expect(there.account.messages('\\Trash')).toHaveLength(before);
      expect((await there.ledger()).filter(({ uidvalidity }) => uidvalidity.startsWith('restore:'))).toEqual([]);
    });

    it('a label that nobody drains: the drain of All Mail leaves alone what was put back', async () => {
      const there = await scene({ gmail: {} }, { folder: '\\All' });
      const mail = [letter(), letter()];
      for (const raw of mail) there.account.deliver(raw, { labels: ['Receipts'] });
      await there.drain();
      const thrown = there.account.messages('\\Trash').length;
      const job = await (await run(there, { args: { folder: 'Receipts' } })).toTheEnd();
      expect(job.counts).toEqual({ restored: 2 });
      for (let n = 0; n < 2; n++)
        expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0, disposed: 0, pending: 0 });
      expectSameMail(octets(there, 'Receipts'), mail);
      expect(there.account.messages('\\Trash')).toHaveLength(thrown);
      expect(await there.stored()).toHaveLength(2);
    });

    it('a label whose mailbox, and that of All Mail, were never drained: both leave alone what was put back', async () => {
      const { there, mail } = await drained(3, { gmail: {} });
      there.account.createFolder('Receipts');
      const receipts: MailboxConfig = { ...there.mailbox, name: 'receipts', folder: 'Receipts' };
      const all: MailboxConfig = { ...there.mailbox, name: 'all', folder: '\\All' };
      const thrown = there.account.messages('\\Trash').length;
      const mailboxes = [there.mailbox, receipts, all];
      await (await run(there, { args: { folder: 'Receipts' }, mailboxes })).toTheEnd();
      for (const mailbox of [all, receipts, all])
        expect(await drainOnce(there.database, mailbox)).toMatchObject({ outcome: 'done', stored: 0, disposed: 0 });
      expectSameMail(octets(there, 'Receipts'), mail);
      expect(there.account.messages('\\Trash')).toHaveLength(thrown);
    });

    it.each(['after-effect', 'before'] as const)(
      'cut %s of APPEND or of labels, drains of all labels in between',
      async (drop) => {
        for (const name of ['APPEND', 'UID STORE']) {
          const fault = failing(name, (n) => (n === 2 ? { drop } : undefined));
          const there = await scene({ gmail: {}, ...fault });
          const mail = Array.from({ length: 4 }, () => letter());
          for (const raw of mail) there.account.deliver(raw, { labels: ['Receipts'] });
          const all: MailboxConfig = { ...there.mailbox, name: 'all', folder: '\\All' };
          await there.drain();
          await drainOnce(there.database, all);
          fault.arm();
          const job = await run(there);
          expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
          expect(await drainOnce(there.database, all)).toMatchObject({ stored: 0, disposed: 0 });
          expect(await there.drain()).toMatchObject({ stored: 0, disposed: 0 });
          await job.toTheEnd();
          expect(job.counts).toEqual({ restored: 4 });
          await expectLeftAlone(there, mail);
          expect(await drainOnce(there.database, all)).toMatchObject({ stored: 0, disposed: 0 });
          expectSameMail(octets(there, 'Receipts'), mail);
          expectSameMail(octets(there), mail);
        }
      },
    );

    it('[THROTTLED] at the labels is no success either: the job waits, and then gives the rest of them', async () => {
      let stores = 0;
      const there = await scene({ gmail: {} });
      const mail = Array.from({ length: 4 }, () => letter());
      for (const raw of mail) there.account.deliver(raw, { labels: ['Receipts', 'Rechnungen & Möbel'] });
      await there.drain();
      there.server.onCommand = ({ name, args }) => {
        if (name === 'UID STORE' && args.includes('X-GM-LABELS') && ++stores === 3) there.account.throttled = true;
        return undefined;
      };
      const job = await run(there);

      expect(await job.turn()).toMatchObject({ code: 'SERVER_THROTTLED' });

      expect(job.counts).toEqual({});
      expect(there.account.messages('Receipts')).toHaveLength(2);
      expect((await there.standing()).writes_not_before?.getTime()).toBeGreaterThan(Date.now());
      there.account.throttled = false;
      await there.restOver();
      await job.toTheEnd();
      expect(job.counts).toEqual({ restored: 4 });
      expectSameMail(octets(there, 'Receipts'), mail);
      expectSameMail(octets(there, 'Rechnungen & Möbel'), mail);
      expect(there.said('APPEND')).toHaveLength(4);
      await expectLeftAlone(there, mail);
    });

    it('[THROTTLED] is no success: the job waits', async () => {
      const { there, mail } = await drained(5, { gmail: {} });
      there.account.throttled = true;
      const job = await run(there);
      expect(await job.turn()).toMatchObject({ code: 'SERVER_THROTTLED' });
      expect(there.left()).toEqual([]);
      there.account.throttled = false;
      await there.restOver();
      await job.toTheEnd();
      expect(job.counts).toEqual({ restored: 5 });
      await expectLeftAlone(there, mail);
    });
  });
});

describeWith(['postgres', 'mail'], 'restore to Dovecot', () => {
  it('5,000 messages and a large one come back as they were, and stay', async () => {
    const server = mailServer();
    const user = freshUser();
    const mail = [...Array.from({ length: 5000 }, () => letter()), letter(8 * 1024 * 1024)];
    await deliverMany(server, user, mail);
    const { database } = await storeForTest();
    const mailbox = mailboxOn(server.port, { imap: { user, password: { value: () => server.password } } });
    expect(await drainOnce(database, mailbox)).toMatchObject({ outcome: 'done', stored: mail.length });
    expect(await look(server, user)).toHaveLength(0);

    const job = await storedRun(database, mailbox, 'restore');
    // Turns as the engine has them: it ends one now and then, and crashes.
    for (;;) {
      const end = await job.turn((abort) => {
        if (Math.random() < 0.02) abort();
        if (Math.random() < 0.02) throw new Error('killed');
      });
      if (end === 'ended') break;
    }

    expect(job.counts).toEqual({ restored: mail.length });
    expectSameMail(
      (await look(server, user)).map(({ raw }) => raw),
      mail,
    );
    expect(await drainOnce(database, mailbox)).toMatchObject({ outcome: 'done', stored: 0, disposed: 0, fetched: 0 });
    expect(await look(server, user)).toHaveLength(mail.length);
  });
});
