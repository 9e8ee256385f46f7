// Mail that somebody has brought back, by whatever way: a restore does not double it, does not take another message for it, and no drain takes it
// away again.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { planRestore, type RestorePlan } from '../../src/admin/restore-plan.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { lastStoredId } from '../../src/store/stored-mail.ts';
import { cutAt, drainOnce, expectSameMail, letter, listPair, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { type StoredRun, storedRun } from './stored-turns.ts';
import { planned } from './turns.ts';

const AT = new Date(Date.UTC(2026, 2, 1, 8, 0, 0));
const octets = (there: Scene, folder = 'INBOX'): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

const restoring = (there: Scene, args = {}, mailbox = there.mailbox): Promise<StoredRun> =>
  storedRun(there.database, mailbox, 'restore', { args });

const job = async (there: Scene, kind: 'move' | 'undelete' | 'purge', folder: string, args = {}): Promise<object> =>
  (await (await planned(there.database, there.mailbox, kind, { folder, args })).toTheEnd()).counts;

async function plan({ database, mailbox, look }: Scene): Promise<RestorePlan> {
  const selection = { mailbox: mailbox.name, criteria: { all: true as const } };
  const stretch = { after: '0', until: await lastStoredId(database.sql) };
  return planRestore(look, { mailbox, args: {}, selection, stretch }, new AbortController().signal);
}

describeWith('postgres', 'mail that is back already', () => {
  it.each(['delete', 'keep'] as const)('is not put back once more, and no drain takes it (%s)', async (kind) => {
    const there = await scene({}, { dispose: kind === 'keep' ? { kind } : { kind, forever: false } });
    there.account.createFolder('Archive');
    const mail = [letter(), letter(), letter(), letter()];
    mail.forEach((raw, n) => {
      there.account.deliver(raw, { internalDate: new Date(AT.getTime() + n * 60_000) });
    });
    if (kind === 'keep') {
      await there.drain();
      expect(await job(there, 'move', 'INBOX', { to: 'Archive' })).toEqual({ moved: 4 });
      expect(await job(there, 'move', 'Archive', { to: 'INBOX' })).toEqual({ moved: 4 });
    } else {
      await there.drain();
      // By another client, two of them; one more is alike in its size and its date only.
      mail.slice(0, 2).forEach((raw, n) => {
        there.account.deliver(raw, { internalDate: new Date(AT.getTime() + n * 60_000) });
      });
      const other = Buffer.from(mail[2] ?? '');
      other.writeUInt8('~'.charCodeAt(0), other.length - 3);
      there.account.deliver(other, { internalDate: new Date(AT.getTime() + 2 * 60_000) });
      there.account.deliver(letter(), { flags: ['\\Deleted'] });
    }
    const expected = kind === 'keep' ? { present: 4 } : { present: 2, restored: 2 };
    if (kind === 'keep') expect(await plan(there)).toMatchObject({ messages: 4, present: 4 });

    expect((await (await restoring(there)).toTheEnd()).counts).toEqual(expected);

    const present = octets(there);
    for (const raw of mail) expect(present.filter((each) => each.equals(raw))).toHaveLength(1);
    expect((await (await restoring(there)).toTheEnd()).counts).toEqual({ present: 4 });
    await there.drain();
    for (const raw of mail) expect(octets(there).filter((each) => each.equals(raw))).toHaveLength(1);
  });

  it('counts for one of two messages that are the same octet by octet', async () => {
    const there = await scene();
    const raw = letter();
    for (let n = 0; n < 2; n++) there.account.deliver(raw, { internalDate: AT });
    await there.drain();
    there.account.deliver(raw, { internalDate: AT });
    expect((await (await restoring(there)).toTheEnd()).counts).toEqual({ present: 1, restored: 1 });
    expectSameMail(octets(there), [raw, raw]);
  });

  it('out of Gmail’s Trash is not put back once more, by neither of two mailboxes, and stays', async () => {
    const there = await scene({ gmail: {} });
    const all: MailboxConfig = { ...there.mailbox, name: 'all', folder: '\\All' };
    const mail = there.deliver(3);
    await there.drain();
    await drainOnce(there.database, all);
    expect(octets(there, '\\All')).toEqual([]);
    expect(await job(there, 'undelete', '\\Trash')).toEqual({ undeleted: 3 });
    for (const mailbox of [there.mailbox, all]) await (await restoring(there, {}, mailbox)).toTheEnd();
    expectSameMail(octets(there), mail);
    for (const mailbox of [there.mailbox, all]) await drainOnce(there.database, mailbox);
    expectSameMail(octets(there), mail);
    expectSameMail(octets(there, '\\All'), mail);
    expectSameMail(await there.stored(), mail);
  });

  it('and owed is left alone by the next drain', async () => {
    const there = await scene();
    const mail = there.deliver(1);
    await cutAt(there, 'UID STORE', 'before', () => there.drain());
    expect((await (await restoring(there)).toTheEnd()).counts).toEqual({ present: 1 });
    expect(await there.drain()).toMatchObject({ disposed: 0 });
    expectSameMail(octets(there), mail);
  });
});

describeWith('postgres', 'what undelete brings back', () => {
  it('from Gmail’s Trash is left there by the next drains', async () => {
    const there = await scene({ gmail: {} });
    const mail = there.deliver(2);
    await there.drain();
    expect(await job(there, 'undelete', '\\Trash')).toEqual({ undeleted: 2 });
    for (let n = 0; n < 2; n++) expect(await there.drain()).toMatchObject({ stored: 0, disposed: 0 });
    expectSameMail(octets(there), mail);
  });

  it('between the flag and the expunge is left there', async () => {
    const there = await scene();
    const mail = there.deliver(2);
    await cutAt(there, 'UID EXPUNGE', 'before', () => there.drain());
    expect(await job(there, 'undelete', 'INBOX')).toEqual({ undeleted: 2 });
    expect(await there.drain()).toMatchObject({ stored: 0, disposed: 0 });
    expectSameMail(octets(there), mail);
  });
});

describeWith('postgres', 'another message', () => {
  it('of one Message-ID and one second does not pass for what is restored, after a change of UIDVALIDITY', async () => {
    const there = await scene();
    there.account.createFolder('Lists');
    const [direct, list] = listPair();
    there.account.deliver(direct, { internalDate: AT });
    there.account.deliver(list, { folder: 'Lists', internalDate: AT });
    await there.drain();
    const back = await restoring(there, { folder: 'Lists' });
    await cutAt(there, 'APPEND', 'before', () => back.turn());
    there.account.changeUidValidity('Lists');
    await back.toTheEnd();
    expectSameMail(octets(there, 'Lists'), [list, direct]);
  });

  it('under the UID of one that was restored is not that message', async () => {
    const there = await scene();
    there.account.createFolder('Back');
    const [raw] = there.deliver(1);
    await there.drain();
    await (await restoring(there, { folder: 'Back' })).toTheEnd();
    there.account.recreateFolder('Back', { sameUidValidity: true });
    there.account.deliver(letter(), { folder: 'Back', internalDate: AT });
    expect((await (await restoring(there, { folder: 'Back' })).toTheEnd()).counts).toEqual({ restored: 1 });
    expect(octets(there, 'Back').some((each) => raw?.equals(each))).toBe(true);
  });
});

describeWith('postgres', 'an APPEND', () => {
  it('that the server finishes after its line was lost is not said twice', async () => {
    const there = await scene();
    there.account.deliver(letter(), { internalDate: AT });
    await there.drain();
    const back = await restoring(there);
    back.settleMs = 3000;
    let appends = 0;
    there.server.onCommand = async ({ name }) => {
      if (name !== 'APPEND' || appends++ > 0) return undefined;
      // Whoever works on the job loses Postgres, and with it the line.
      await there.rows(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
             and database = (select oid from pg_database where datname = current_database())`,
      );
      return { delayMs: 1500 };
    };
    await back.turn();
    await back.toTheEnd();
    await sleep(2000);
    expect(there.left()).toHaveLength(1);
    expect(back.counts).toEqual({ restored: 1 });
    expect(await there.drain()).toMatchObject({ stored: 0, disposed: 0 });
  });
});
