// The mailbox that tests drain, for the tests themselves and for the child processes that know no vitest.

import type { MailboxConfig } from '../../src/model.ts';

export const PASSWORD = 'correct horse';
export const USER = 'ann@example.org';

/** What a test may say of its mailbox; the rest is an INBOX that is emptied. */
export type MailboxChanges = Partial<Omit<MailboxConfig, 'imap'>> & { readonly imap?: Partial<MailboxConfig['imap']> };

/** A mailbox on a server at 127.0.0.1 in clear text, with the defaults of the configuration. */
export function mailboxOn(port: number, changes: MailboxChanges = {}): MailboxConfig {
  const { imap, ...rest } = changes;
  return {
    name: 'inbox',
    imap: {
      host: '127.0.0.1',
      port,
      user: USER,
      password: { value: () => PASSWORD },
      tls: 'none',
      caFile: null,
      ...imap,
    },
    folder: 'INBOX',
    everyMs: 60_000,
    cron: null,
    tz: null,
    dispose: { kind: 'delete', forever: false },
    afterMs: 0,
    expunge: 'safe',
    sizeLimit: 50 * 1024 * 1024,
    unmatched: 'dispose',
    ...rest,
  };
}
