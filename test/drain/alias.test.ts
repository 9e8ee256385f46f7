// A folder with two names: what is moved from the one to the other comes back, and would be stored again in every round.

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { deliverMany } from '../support/mail.ts';
import { drainOnce, letter, mailboxOn, Store, storeForTest } from './scene.ts';

describeWith(['postgres', 'mail'], 'a move to the folder itself under another name', () => {
  it('ends the drain in its first round, and nothing is lost', async () => {
    const server = mailServer();
    const user = freshUser('maildir');
    await deliverMany(server, user, [letter(), letter()], 'Queue');
    // As Dovecot's plugin mailbox_alias does it.
    symlinkSync('.Queue', join(server.ours?.homes ?? '', user, 'mail', '.Alias'));
    const store = new Store(await storeForTest());
    const mailbox = mailboxOn(server.port, {
      folder: 'Queue',
      dispose: { kind: 'move', to: 'Alias', create: false },
      imap: { user, password: { value: () => server.password } },
    });
    const { error, stored, disposed } = await drainOnce(store.database, mailbox);
    expect({ stored, disposed }).toEqual({ stored: 2, disposed: 0 });
    expect(error).toMatchObject({ code: 'TARGET_MISSING', message: expect.stringContaining('"Alias" itself') });
    expect(await store.stored()).toHaveLength(2);
  });
});
