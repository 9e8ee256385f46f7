// Which row a message has where several could be its own: mail that looks alike, lies in two folders, or came to a UID that was another's. What is
// taken for the wrong one is lost, stored twice, or keeps all the others of its batch waiting.

import { expect, it } from 'vitest';
import type { MailboxConfig } from '../../src/model.ts';
import { cancelJob } from '../../src/store/admin-jobs.ts';
import { storedRun } from '../admin/stored-turns.ts';
import { planned } from '../admin/turns.ts';
import { describeWith } from '../support/fresh.ts';
import { drainOnce, expectSameMail, type Scene, scene } from './scene.ts';

const AT = new Date(Date.UTC(2026, 2, 1, 8, 0, 0));

const octets = (there: Scene, folder = 'INBOX'): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

/** The line is cut at the first such command. */
async function cutAt(there: Scene, command: string, drop: 'before' | 'after-effect', work: () => Promise<unknown>) {
  let cuts = 0;
  there.server.onCommand = ({ name }) => (name === command && cuts++ === 0 ? { drop } : undefined);
  await work();
  there.server.onCommand = undefined;
  await there.waitOver();
  expect(cuts).toBeGreaterThan(0);
}

/** Another folder of the same login, drained as a mailbox of its own. */
function drainOf(there: Scene, folder: string, changes: Partial<MailboxConfig> = {}) {
  return drainOnce(there.database, { ...there.mailbox, name: folder.toLowerCase(), folder, ...changes });
}

/** The direct copy of a mail and the list's: one Message-ID, one second, other octets. */
function listPair(): [Buffer, Buffer] {
  const head = ['From: Bea <bea@example.net>', 'To: team@example.org', 'Message-ID: <plan-1@example.net>'];
  return [
    Buffer.from([...head, '', 'the plan', ''].join('\r\n')),
    Buffer.from([...head, 'List-Id: <team.example.org>', '', 'the plan', ''].join('\r\n')),
  ];
}

describeWith('postgres', 'the copy of a mail that a list sent, beside one that is being put back', () => {
  /** The direct copy was drained and is to be put into the list's folder; the line is cut before the server has it. */
  async function cutRestore() {
    const there = await scene();
    there.account.createFolder('Lists');
    const [direct, list] = listPair();
    there.account.deliver(direct, { internalDate: AT });
    there.account.deliver(list, { folder: 'Lists', internalDate: AT });
    await there.drain();
    const lists: MailboxConfig = { ...there.mailbox, name: 'lists', folder: 'Lists' };
    const mailboxes = [there.mailbox, lists];
    const job = await storedRun(there.database, there.mailbox, 'restore', { args: { folder: 'Lists' }, mailboxes });
    await cutAt(there, 'APPEND', 'before', () => job.turn());
    return { there, direct, list, job };
  }

  it('is stored by a drain, and what is put back comes beside it', async () => {
    const { there, direct, list, job } = await cutRestore();
    expect(await drainOf(there, 'Lists')).toMatchObject({ stored: 1, adopted: 0 });
    await job.turn();
    expectSameMail(octets(there, 'Lists'), [direct]);
    expectSameMail(await there.stored(), [direct, list]);
  });

  it('is stored by a purge before it is expunged', async () => {
    const { there, direct, list, job } = await cutRestore();
    await cancelJob(there.database, job.id, 'ann');
    await (await planned(there.database, there.mailbox, 'purge', { folder: 'Lists' })).toTheEnd();
    expect(octets(there, 'Lists')).toEqual([]);
    expectSameMail(await there.stored(), [direct, list]);
  });
});
