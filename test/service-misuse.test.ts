// A program that uses the library otherwise than meant: each call answers with an error that says so, and nothing goes on behind its back.

import { expect, it, onTestFinished } from 'vitest';
import { startImapServer } from '../src/demo/imap-server/server.ts';
import { type Log, silentLog } from '../src/log.ts';
import type { Maildrain } from '../src/service-api.ts';
import { createMaildrain } from '../src/service-create.ts';
import { describeWith, freshDatabase } from './support/fresh.ts';

const PASSWORD = 'correct horse';

async function made(log: Log = silentLog): Promise<Maildrain> {
  const imap = await startImapServer({ password: PASSWORD });
  onTestFinished(() => imap.close());
  const { url } = await freshDatabase();
  const account = { host: '127.0.0.1', port: imap.port, user: 'ann', tls: 'none', password: () => PASSWORD };
  const mailboxes = [{ name: 'office', imap: account, every: '1h', dispose: 'keep' }];
  const maildrain = await createMaildrain({ postgres: url, mailboxes, log });
  onTestFinished(() => maildrain.stop());
  return maildrain;
}

/** What a program without types can say. */
const untyped = (maildrain: Maildrain): Record<string, (...given: unknown[]) => Promise<unknown>> =>
  ({
    drain: (...given: unknown[]) =>
      (maildrain.drain as (...all: unknown[]) => Promise<unknown>).apply(maildrain, given),
    plan: (words: unknown) => maildrain.admin.plan(words as never),
    list: (filter: unknown) => maildrain.messages.list(filter as never),
    jobs: (filter: unknown) => maildrain.admin.jobs.list(filter as never),
  }) as Record<string, (...given: unknown[]) => Promise<unknown>>;

describeWith('postgres', 'a maildrain', () => {
  it('that is started twice is started once, and stop() ends all of it', async () => {
    const lines: string[] = [];
    const write = (_: object, message: string): void => void lines.push(message);
    const log: Log = { debug() {}, info: write, warn: write, error: write, child: () => log };
    const maildrain = await made(log);
    await Promise.all([maildrain.start(), maildrain.start()]);
    await maildrain.start();
    expect(lines.filter((line) => line === 'queue is being worked')).toHaveLength(1);
    await maildrain.stop();
    const stopped = { code: 'ABORTED', message: expect.stringContaining('has been stopped') };
    await expect(maildrain.start()).rejects.toMatchObject(stopped);
    await expect(maildrain.drain('office')).rejects.toMatchObject(stopped);
    await expect(maildrain.status()).rejects.toMatchObject(stopped);
  });

  it('says what is wrong with what it is asked', async () => {
    const maildrain = await made();
    await maildrain.migrate();
    const { drain, plan, list, jobs } = untyped(maildrain);
    const criteria = { all: true };
    const unknown = { code: 'MAILBOX_UNKNOWN', message: expect.stringContaining('configured: office') };
    await expect(drain?.()).rejects.toMatchObject(unknown);
    await expect(plan?.({ kind: 'purge', criteria })).rejects.toMatchObject(unknown);
    const move = { kind: 'move', mailbox: 'office', criteria };
    for (const [args, says] of [
      [{}, 'move: to: is missing'],
      [{ to: '' }, 'move: to: must name a folder, without control characters'],
      [{ to: 5 }, 'move: to: must be a text'],
      [{ to: 'A', creat: true }, 'move: nothing is known of "creat"'],
    ] as const)
      await expect(plan?.({ ...move, args })).rejects.toMatchObject({ code: 'REQUEST_INVALID', message: says });
    for (const limit of [-1, 0, 1.5, 10_001])
      for (const listed of [list, jobs, maildrain.admin.plans.list])
        await expect(listed?.({ limit })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await list?.({})).toEqual([]);
    await expect(jobs?.({ states: ['nope'] })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(maildrain.admin.apply('1')).rejects.toMatchObject({ message: 'there is no plan 1' });
    const followed = maildrain.admin.follow('9999')[Symbol.asyncIterator]();
    await expect(followed.next()).rejects.toMatchObject({ message: 'there is no job 9999' });
  });
});
