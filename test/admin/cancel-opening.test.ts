// A job is cancelled, or the process stops, while a slow server has not yet opened its folder: nothing has been done, so nobody waits for it.

import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type EngineOptions, runTurn } from '../../src/admin/engine.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { loginOf } from '../../src/config.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { cancelJob, enqueueJob } from '../../src/store/admin-jobs.ts';
import type { Database } from '../../src/store/pool.ts';
import { mailboxOn } from '../drain/mailbox.ts';
import { type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { jobRow, quiet, sleep } from './fake-jobs.ts';
import { planFor } from './turns.ts';

const never = new AbortController().signal;
/** Longer than a test may last. */
const SLOW = 60_000;

interface Asked {
  readonly options: EngineOptions;
  readonly id: string;
}

async function asked(there: Scene, kind: 'purge' | 'restore', mailbox: MailboxConfig = there.mailbox): Promise<Asked> {
  const { database } = there;
  const planId =
    kind === 'restore' ? null : (await planFor(database, there.mailbox, kind, { folder: 'INBOX', args: {} })).id;
  if (planId !== null)
    await database.sql.query('update maildrain.plan set login = $2 where id = $1', [planId, loginOf(mailbox)]);
  const id = await enqueueJob(database.sql, {
    kind,
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    planId,
    criteria: { all: true },
    args: {},
    total: 3,
    requestedBy: 'ann',
  });
  const context = { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet };
  return { options: { context, jobOf, mailboxes: () => [mailbox] }, id };
}

/** Cancels once the server is at it, and says how long that took to take effect. */
async function cancelled({ options, id }: Asked, database: Database, reached: Promise<unknown>): Promise<number> {
  const turn = runTurn(options, id, never);
  await reached;
  await sleep(200);
  const start = Date.now();
  await cancelJob(database, id, 'bea');
  expect(await turn).toEqual({ outcome: 'ended', state: 'cancelled' });
  return Date.now() - start;
}

describeWith('postgres', 'a job that is cancelled while it opens its folder', () => {
  it.each([
    ['purge', 'LOGIN'],
    ['purge', 'LIST'],
    ['purge', 'SELECT'],
    ['purge', 'UID FETCH'],
    ['restore', 'SELECT'],
  ] as const)('%s, at %s: ends within seconds', async (kind, command) => {
    const there = await scene();
    there.deliver(3);
    if (kind === 'restore') await there.drain();
    const job = await asked(there, kind);
    let reach = (): void => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    there.server.onCommand = ({ name }) => {
      if (name !== command && !(command === 'LOGIN' && name === 'AUTHENTICATE')) return undefined;
      reach();
      return { delayMs: SLOW };
    };
    expect(await cancelled(job, there.database, reached)).toBeLessThan(SLOW / 2);
    expect(await jobRow(there.database, job.id)).toMatchObject({ state: 'cancelled', counts: {}, failures: 0 });
    if (kind === 'purge') expect(there.left()).toHaveLength(3);
  });

  it('by a server that does not even greet', async () => {
    const there = await scene();
    there.deliver(3);
    const { port, reached } = await silentServer();
    const job = await asked(there, 'purge', { ...mailboxOn(port), name: there.mailbox.name });
    expect(await cancelled(job, there.database, reached)).toBeLessThan(SLOW / 2);
  });

  it('is no failure where the process stops', async () => {
    const there = await scene();
    there.deliver(3);
    const { options, id } = await asked(there, 'purge');
    const stop = new AbortController();
    there.server.onCommand = ({ name }) => {
      if (name !== 'SELECT') return undefined;
      setTimeout(() => stop.abort(), 100);
      return { delayMs: SLOW };
    };
    expect(await runTurn(options, id, stop.signal)).toEqual({ outcome: 'again', at: null });
    expect(await jobRow(there.database, id)).toMatchObject({ state: 'queued', failures: 0, errorCode: null });
  });
});

async function silentServer(): Promise<{ port: number; reached: Promise<unknown> }> {
  const sockets: Socket[] = [];
  let reach = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    reach();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, reached };
}
