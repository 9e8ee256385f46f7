// A server that never finishes an answer, without ever falling silent, costs its drain a bounded time.

import { expect, it, onTestFinished } from 'vitest';
import { startImapServer } from '../../src/demo/imap-server/server.ts';
import { openImap } from '../../src/source/imap-session.ts';
import { mailboxOn, PASSWORD, USER } from '../drain/mailbox.ts';
import { letter } from '../drain/scene.ts';

const LATE_MS = 20_000;

it.each([
  { what: 'a search', slow: 'UID SEARCH' },
  { what: 'a fetch', slow: 'UID FETCH' },
  { what: 'an expunge', slow: 'UID EXPUNGE' },
])('$what that does not end cuts the line, and everything that waits on it', async ({ slow }) => {
  const server = await startImapServer({
    password: PASSWORD,
    onCommand: ({ name }) => (name === slow ? { delayMs: LATE_MS } : undefined),
  });
  onTestFinished(() => server.close());
  server.account(USER).deliver(letter());
  const signal = new AbortController().signal;
  const session = await openImap(mailboxOn(server.port), {
    password: PASSWORD,
    readOnly: false,
    signal,
    patienceMs: 300,
  });
  onTestFinished(() => session.close());
  const started = performance.now();
  const work = async (): Promise<void> => {
    await session.list();
    await session.fetch(await session.describe(['1']));
    await session.dispose([{ uid: '1', emailId: null }]);
  };
  await expect(work()).rejects.toMatchObject({ code: 'CONNECTION_LOST', message: expect.stringContaining('0.3 s') });
  expect(performance.now() - started).toBeLessThan(LATE_MS / 2);
});
