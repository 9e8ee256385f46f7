// A service on the embedded Postgres whose server is killed: it goes on by itself, and so does another one that uses the same server.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startImapServer } from '../src/demo/imap-server/server.ts';
import { silentLog } from '../src/log.ts';
import { createMaildrain } from '../src/service-create.ts';

const PASSWORD = 'correct horse';

describe('an embedded Postgres that is killed', () => {
  it('is started again, and the drains of both processes that use it go on', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'md-embedded-'));
    onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
    const server = await startImapServer({ password: PASSWORD });
    onTestFinished(() => server.close());
    const start = async (name: string): Promise<void> => {
      const imap = { host: '127.0.0.1', port: server.port, user: `${name}@example.org`, tls: 'none' as const };
      const mailbox = { name, imap: { ...imap, password: () => PASSWORD }, every: '5s', dispose: 'delete' as const };
      const maildrain = await createMaildrain({ postgres: 'embedded', stateDir, mailboxes: [mailbox], log: silentLog });
      onTestFinished(() => maildrain.stop());
      await maildrain.start();
    };
    const account = (name: string): ReturnType<typeof server.account> => server.account(`${name}@example.org`);
    const drained = async (): Promise<void> => {
      for (const name of ['ann', 'bea']) account(name).deliver(Buffer.from(`Subject: ${name}\r\n\r\nText\r\n`));
      for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100))
        if (['ann', 'bea'].every((name) => account(name).messages().length === 0)) return;
      throw new Error('not drained within a minute');
    };
    await start('ann');
    await start('bea');
    await drained();

    const pid = Number((await readFile(join(stateDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');

    await drained();
    expect(account('ann').messages()).toEqual([]);
  }, 180_000);
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
