// A name that is pointed at another account: what came from the one is never put into the other, and that it is left out is said before and after.

import { expect, it } from 'vitest';
import { planRestore } from '../../src/admin/restore-plan.ts';
import { loginOf } from '../../src/config.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { lastStoredId } from '../../src/store/stored-mail.ts';
import { drainOnce, expectSameMail, letter, mailboxOn, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { storedRun } from './stored-turns.ts';

const BEA = 'bea@example.org';

/** Ann's mail has been drained, and the name points at Bea's account now. */
async function pointedAtBea(messages: number): Promise<{ there: Scene; bea: MailboxConfig; mail: Buffer[] }> {
  const there = await scene();
  const mail = there.deliver(messages);
  await there.drain();
  return { there, bea: mailboxOn(there.server.port, { imap: { user: BEA } }), mail };
}

const inboxOfBea = (there: Scene): Buffer[] =>
  there.server
    .account(BEA)
    .messages()
    .map(({ raw }) => raw);

async function plan(there: Scene, mailbox: MailboxConfig) {
  const { sql } = there.database;
  const stretch = { after: '0', until: await lastStoredId(sql) };
  const request = { mailbox, args: {}, selection: { criteria: { all: true } }, stretch } as const;
  return planRestore(there.look, request, new AbortController().signal);
}

describeWith('postgres', 'a restore into a name that was pointed at another account', () => {
  it('puts none of the mail of the other account back, and says how many it left out, and whose', async () => {
    const { there, bea } = await pointedAtBea(3);
    const login = loginOf(there.mailbox);

    expect(await plan(there, bea)).toMatchObject({ messages: 0, bytes: 0, otherAccounts: [{ login, messages: 3 }] });
    const job = await (await storedRun(there.database, bea, 'restore')).toTheEnd();

    expect(inboxOfBea(there)).toEqual([]);
    expect(job.counts).toEqual({});
    expect([...job.notes]).toEqual([expect.stringContaining(`3 from ${login}`)]);
  });

  it('puts back what came from its own account', async () => {
    const { there, bea } = await pointedAtBea(3);
    const own = [letter(), letter()];
    for (const raw of own) there.server.account(BEA).deliver(raw);
    await drainOnce(there.database, bea);

    expect(await plan(there, bea)).toMatchObject({ messages: 2, otherAccounts: [{ messages: 3 }] });
    expect((await (await storedRun(there.database, bea, 'restore')).toTheEnd()).counts).toEqual({ restored: 2 });

    expectSameMail(inboxOfBea(there), own);
  });

  it('puts the mail back where it came from once the name is pointed there again', async () => {
    const { there, bea, mail } = await pointedAtBea(3);
    there.server.account(BEA).deliver(letter());
    await drainOnce(there.database, bea);

    expect(await plan(there, there.mailbox)).toMatchObject({ messages: 3, otherAccounts: [{ messages: 1 }] });
    const job = await (await storedRun(there.database, there.mailbox, 'restore')).toTheEnd();

    expect(job.counts).toEqual({ restored: 3 });
    expectSameMail(
      there.account.messages().map(({ raw }) => raw),
      mail,
    );
  });

  it('another folder of the same account is no other account', async () => {
    const there = await scene();
    there.account.createFolder('Old');
    const mail = there.deliver(2, 'Old');
    await there.drain({ folder: 'Old' });

    expect(await plan(there, there.mailbox)).toMatchObject({ messages: 2, otherAccounts: [] });
    const job = await (await storedRun(there.database, there.mailbox, 'restore')).toTheEnd();

    expect(job.counts).toEqual({ restored: 2 });
    expect([...job.notes]).toEqual([]);
    expectSameMail(
      there.account.messages().map(({ raw }) => raw),
      mail,
    );
  });
});
