// What `status` says of mailboxes that are configured no longer, and of folders that never were.

import { expect, it } from 'vitest';
import { loginOf } from '../src/config.ts';
import { statusOf } from '../src/service-mailboxes.ts';
import type { MailboxCounts } from '../src/store/status.ts';
import { mailboxOn } from './drain/mailbox.ts';

it('shows what was drained or is owed, and not every folder that a job has worked in', () => {
  const mailbox = mailboxOn(1);
  const login = loginOf(mailbox);
  const row = (folder: string, changes: Partial<MailboxCounts> = {}): MailboxCounts => ({
    name: mailbox.name,
    login,
    folder,
    owed: 0,
    held: 0,
    stored: 3,
    failures: 0,
    failingSince: null,
    notBefore: null,
    writesNotBefore: null,
    stoppedAt: null,
    stoppedCode: null,
    lastErrorCode: null,
    lastError: null,
    lastRunAt: null,
    lastOkAt: null,
    ...changes,
  });
  const rows = [
    row(mailbox.folder),
    row('Restored to'),
    row('Drained once', { lastRunAt: new Date() }),
    row('Owed', { owed: 1 }),
    row('Held', { held: 1 }),
  ];
  const shown = statusOf([mailbox], rows, new Map(), Date.now()).map(({ folder, state }) => [folder, state]);
  expect(shown).toEqual([
    [mailbox.folder, 'new'],
    ['Drained once', 'gone'],
    ['Owed', 'gone'],
    ['Held', 'gone'],
  ]);
});
