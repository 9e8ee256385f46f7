// A server whose folders all lie below a prefix (RFC 2342), which a configured name may leave out: it is one folder under both names.

import { expect, it } from 'vitest';
import type { ReceivedCommand } from '../../src/demo/imap-server/options.ts';
import { expectSameMail, type MailboxChanges, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { storedRun } from './stored-turns.ts';
import { planned } from './turns.ts';

const prefixed = ({ name }: ReceivedCommand) =>
  name === 'NAMESPACE' ? { untagged: ['NAMESPACE (("INBOX/" "/")) NIL NIL'], reply: 'OK done' } : undefined;

/** Two messages in INBOX/Work, and a drain of it under its short name. */
async function drained(changes: MailboxChanges = {}): Promise<{ there: Scene; mail: Buffer[] }> {
  const there = await scene({ onCommand: prefixed }, { folder: 'Work', ...changes });
  there.account.createFolder('INBOX/Work');
  const mail = there.deliver(2, 'INBOX/Work');
  await there.drain();
  return { there, mail };
}

describeWith('postgres', 'a folder that is configured without the prefix of its account', () => {
  it('leaves alone what a restore has put back into it', async () => {
    const { there, mail } = await drained();
    await (await storedRun(there.database, there.mailbox, 'restore')).toTheEnd();
    await there.drain();
    expectSameMail(
      there.account.messages('INBOX/Work').map(({ raw }) => raw),
      mail,
    );
    expectSameMail(await there.stored(), mail);
  });

  it.each(['Work', 'INBOX/Work'])('is the folder of a purge of %s, which stores nothing twice', async (folder) => {
    const { there, mail } = await drained({ dispose: { kind: 'keep' } });
    const job = await (await planned(there.database, there.mailbox, 'purge', { folder })).toTheEnd();
    expect(job.counts).toEqual({ disposed: 2, alreadyStored: 2 });
    expectSameMail(await there.stored(), mail);
  });
});
