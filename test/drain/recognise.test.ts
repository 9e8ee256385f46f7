// Which row a message has where several could be its own: mail that looks alike, lies in two folders, or came to a UID that was another's. What is
// taken for the wrong one is lost, stored twice, or keeps all the others of its batch waiting.

import { expect, it } from 'vitest';
import { loginOf } from '../../src/config.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { cancelJob, enqueueJob } from '../../src/store/admin-jobs.ts';
import { storedRun } from '../admin/stored-turns.ts';
import { type JobRun, openFor, planned } from '../admin/turns.ts';
import { describeWith } from '../support/fresh.ts';
import { cutAt, drainOnce, expectSameMail, letter, listPair, type Scene, scene } from './scene.ts';

const DAY = 24 * 60 * 60_000;
const AT = new Date(Date.UTC(2026, 2, 1, 8, 0, 0));

const octets = (there: Scene, folder = 'INBOX'): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

/** Another folder of the same login, drained as a mailbox of its own. */
function drainOf(there: Scene, folder: string, changes: Partial<MailboxConfig> = {}) {
  return drainOnce(there.database, { ...there.mailbox, name: folder.toLowerCase(), folder, ...changes });
}

/** The row that a purge's job has in the database. */
function purgeRow({ database, mailbox }: Scene, { plan }: JobRun): Promise<string> {
  const { id, args, messages } = plan;
  return enqueueJob(database.sql, {
    kind: 'purge',
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    planId: id,
    criteria: null,
    args,
    total: messages,
    requestedBy: 'test',
  });
}

describeWith('postgres', 'the copy of a mail that a list sent, beside one that is being put back', () => {
  /** The direct copy was drained and is to be put into the list's folder; the line is cut before the server has it. */
  async function cutRestore(listsIsDrained: boolean) {
    const there = await scene();
    there.account.createFolder('Lists');
    const [direct, list] = listPair();
    there.account.deliver(direct, { internalDate: AT });
    there.account.deliver(list, { folder: 'Lists', internalDate: AT });
    await there.drain();
    const lists: MailboxConfig = { ...there.mailbox, name: 'lists', folder: 'Lists' };
    const mailboxes = listsIsDrained ? [there.mailbox, lists] : [there.mailbox];
    const job = await storedRun(there.database, there.mailbox, 'restore', { args: { folder: 'Lists' }, mailboxes });
    await cutAt(there, 'APPEND', 'before', () => job.turn());
    return { there, direct, list, job };
  }

  it('is stored by a drain, and what is put back comes beside it', async () => {
    const { there, direct, list, job } = await cutRestore(true);
    expect(await drainOf(there, 'Lists')).toMatchObject({ stored: 1, adopted: 0 });
    await job.turn();
    expectSameMail(octets(there, 'Lists'), [direct]);
    expectSameMail(await there.stored(), [direct, list]);
  });

  it('is stored by a purge before it is expunged', async () => {
    const { there, direct, list, job } = await cutRestore(false);
    await cancelJob(there.database, job.id, 'ann');
    await (await planned(there.database, there.mailbox, 'purge', { folder: 'Lists' })).toTheEnd();
    expect(octets(there, 'Lists')).toEqual([]);
    expectSameMail(await there.stored(), [direct, list]);
  });
});

describeWith('postgres', 'a message whose UID and octets another row has, too', () => {
  const dayOld = () => new Date(Date.now() - 29 * DAY);

  it('is kept and due, and its copy is owed in another folder: each keeps its own row', async () => {
    const there = await scene({}, { afterMs: 30 * DAY });
    there.account.createFolder('Archive');
    const [mail, other] = [letter(), letter()];
    const internalDate = dayOld();
    for (const raw of [mail, other]) there.account.deliver(raw, { internalDate });
    await there.drain();
    there.account.deliver(mail, { folder: 'Archive', internalDate });
    await cutAt(there, 'UID STORE', 'before', () => drainOf(there, 'Archive', { afterMs: 0 }));
    const [late] = there.deliver(1);
    expect(await there.drain({ afterMs: 28 * DAY })).toMatchObject({ error: null, stored: 1, disposed: 2 });
    expect(await drainOf(there, 'Archive', { afterMs: 0 })).toMatchObject({ stored: 0, disposed: 1, pending: 0 });
    expectSameMail(await there.stored(), [mail, other, mail, late ?? mail]);
  });

  it('is the twin that stayed, when the other went before a change of UIDVALIDITY', async () => {
    const there = await scene({}, { afterMs: 30 * DAY, sizeLimit: 1000 });
    const raw = letter();
    // What is held keeps the drain from saying that the other twin is gone.
    for (const each of [letter(5000), raw, raw]) there.account.deliver(each, { internalDate: dayOld() });
    await there.drain();
    there.account.expunge([3]);
    there.account.changeUidValidity('INBOX');
    await there.drain();
    const [late] = there.deliver(1);
    expect(await there.drain({ afterMs: 28 * DAY })).toMatchObject({ error: null, stored: 1, disposed: 1 });
    expectSameMail(await there.stored(), [raw, raw, late ?? raw]);
  });

  it('is kept by its own mailbox, and owed by a purge of its folder that was cancelled', async () => {
    const there = await scene();
    there.account.createFolder('Archive');
    there.deliver(3, 'Archive');
    await drainOf(there, 'Archive', { dispose: { kind: 'keep' } });
    const purge = await planned(there.database, there.mailbox, 'purge', { folder: 'Archive' });
    await cutAt(there, 'UID STORE', 'before', () => purge.turn());
    await cancelJob(there.database, await purgeRow(there, purge), 'ann');
    expect(await drainOf(there, 'Archive')).toMatchObject({ error: null, disposed: 3, pending: 0 });
    expect(there.left('Archive')).toEqual([]);
    expect((await there.ledger()).filter(({ state }) => state === 'pending')).toEqual([]);
  });

  it('has another EMAILID than the one that was kept: they are two', async () => {
    const there = await scene({ objectId: true }, { dispose: { kind: 'keep' } });
    const mail = letter();
    there.account.deliver(mail, { internalDate: AT });
    await there.drain();
    there.account.recreateFolder('INBOX', { sameUidValidity: true });
    there.account.deliver(mail, { internalDate: AT });
    const [late] = there.deliver(1);
    const report = await there.drain({ dispose: { kind: 'delete', forever: false } });
    expect(report).toMatchObject({ error: null, stored: 2, disposed: 2 });
    expect(await there.drain()).toMatchObject({ error: null, pending: 0 });
    expect(there.left()).toEqual([]);
    expectSameMail(await there.stored(), [mail, mail, late ?? mail]);
  });
});

describeWith('postgres', 'a message that another client flagged \\Deleted', () => {
  it('stays, although its copy in another folder is owed', async () => {
    const there = await scene();
    there.account.createFolder('Archive');
    const mail = letter();
    // As a client without MOVE does it: COPY to Archive, \Deleted in INBOX, and no EXPUNGE yet.
    there.account.deliver(mail, { internalDate: AT, flags: ['\\Deleted'] });
    there.account.deliver(mail, { folder: 'Archive', internalDate: AT });
    await cutAt(there, 'UID STORE', 'before', () => drainOf(there, 'Archive'));
    expect(await there.drain()).toMatchObject({ adopted: 0, disposed: 0, skipped: 1 });
    expect(there.left()).toEqual([1]);
    expect(await drainOf(there, 'Archive')).toMatchObject({ stored: 0, disposed: 1 });
    expect(await there.stored()).toHaveLength(1);
  });

  it('is ours where we flagged it under an earlier name of the mailbox', async () => {
    const there = await scene();
    there.deliver(1);
    await cutAt(there, 'UID EXPUNGE', 'before', () => there.drain());
    expect(await there.drain({ name: 'renamed' })).toMatchObject({ stored: 0, disposed: 1 });
    expect(there.left()).toEqual([]);
  });
});

describeWith('postgres', 'a message that was put back', () => {
  it('is left alone when the server shows it only after the next drain', async () => {
    let hidden = 0;
    const there = await scene({
      uidplus: false,
      onCommand: ({ name }) => (name === 'APPEND' && hidden++ === 0 ? { reply: 'OK taken' } : undefined),
    });
    const mail = letter();
    there.account.deliver(mail, { internalDate: AT });
    await there.drain();
    const job = await storedRun(there.database, there.mailbox, 'restore', { mailboxes: [there.mailbox] });
    expect((await job.toTheEnd()).counts).toEqual({ unseen: 1 });
    await there.drain();
    there.account.deliver(mail, { internalDate: AT });
    expect(await there.drain()).toMatchObject({ stored: 0, adopted: 1, disposed: 0 });
    expect(there.left()).toHaveLength(1);
  });
});

describeWith('postgres', 'a message at the UID of one that is held', () => {
  it('is stored, and what was held is forgotten', async () => {
    const there = await scene({}, { sizeLimit: 1000 });
    there.account.deliver(letter(5000), { internalDate: AT });
    expect(await there.drain()).toMatchObject({ held: 1 });
    there.account.recreateFolder('INBOX', { sameUidValidity: true });
    const small = letter();
    there.account.deliver(small, { internalDate: new Date(AT.getTime() + DAY) });
    expect(await there.drain()).toMatchObject({ outcome: 'done', held: 0, stored: 1, disposed: 1 });
    expectSameMail(await there.stored(), [small]);
  });
});

describeWith('postgres', 'a message with the EMAILID of one that went before', () => {
  it('is a copy, and a message of its own', async () => {
    const there = await scene({ objectId: true });
    there.account.createFolder('Archive');
    const mail = letter();
    there.account.deliver(mail, { folder: 'Archive', internalDate: AT });
    const copyToInbox = async (): Promise<void> => {
      const admin = await openFor(there.mailbox, 'Archive');
      await admin.copyTo([{ uid: '1', emailId: null }], 'INBOX', { targetNext: null, repeated: false, were: 1 });
      await admin.close();
    };
    await copyToInbox();
    await cutAt(there, 'UID EXPUNGE', 'after-effect', () => there.drain());
    await copyToInbox();
    expect(await there.drain()).toMatchObject({ stored: 1, adopted: 0, disposed: 1 });
    expectSameMail(await there.stored(), [mail, mail]);
  });
});

describeWith('postgres', 'a message over a size limit that was lowered', () => {
  it.each(['same', 'another'])('is stored and owed, under the %s UIDVALIDITY: it is taken off', async (uidValidity) => {
    const there = await scene();
    there.account.deliver(letter(5000));
    await cutAt(there, 'UID STORE', 'before', () => there.drain());
    if (uidValidity === 'another') there.account.changeUidValidity('INBOX');
    expect(await there.drain({ sizeLimit: 1000 })).toMatchObject({ held: 0, stored: 0, disposed: 1, pending: 0 });
    expect(there.left()).toEqual([]);
  });

  it('is stored, kept and due: it is taken off', async () => {
    const there = await scene({}, { dispose: { kind: 'keep' } });
    there.account.deliver(letter(5000));
    await there.drain();
    const report = await there.drain({ sizeLimit: 1000, dispose: { kind: 'delete', forever: false } });
    expect(report).toMatchObject({ held: 0, stored: 0, disposed: 1 });
  });
});
