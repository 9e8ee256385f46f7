// A service on the embedded Postgres whose server is killed: it goes on by itself, and so does another one that uses the same server.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startImapServer } from '../src/demo/imap-server/server.ts';
import { silentLog } from '../src/log.ts';
import type { Maildrain } from '../src/service-api.ts';
import { createMaildrain } from '../src/service-create.ts';

const PASSWORD = 'correct horse';
const USER = 'ann@example.org';

describe('an embedded Postgres that is killed', () => {
  it('is started again, and the drains of both services that use it go on', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'md-embedded-'));
    onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
    const server = await startImapServer({ password: PASSWORD });
    onTestFinished(() => server.close());
    const account = server.account(USER);
    const imap = { host: '127.0.0.1', port: server.port, user: USER, tls: 'none' as const };
    const mailbox = {
      name: 'ann',
      imap: { ...imap, password: () => PASSWORD },
      every: '5s',
      dispose: 'delete' as const,
    };
    const start = async (): Promise<Maildrain> => {
      const maildrain = await createMaildrain({ postgres: 'embedded', stateDir, mailboxes: [mailbox], log: silentLog });
      onTestFinished(() => maildrain.stop());
      await maildrain.start();
      return maildrain;
    };
    const drained = async (): Promise<void> => {
      account.deliver(Buffer.from('Subject: Hello\r\n\r\nText\r\n'));
      await expect.poll(() => account.messages()).toEqual([]);
    };
    const first = await start();
    await start();
    await drained();

    const pid = Number((await readFile(join(stateDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');

    await drained();
    await first.stop();
    await drained();
  });
});

describe('createMaildrain()', () => {
  it.each([{}, undefined, { postgres: 'embedded' }, { mailboxes: [] }, { postgres: 5, mailboxes: 'all' }])(
    'of %j says what it needs',
    async (given) => {
      const create = createMaildrain as (options: unknown) => Promise<unknown>;
      await expect(create(given)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('createMaildrain() needs'),
      });
    },
  );
});
