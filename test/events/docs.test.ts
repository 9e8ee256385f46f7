// docs/events.md is right: every type is described, and its examples do what they say when they are run as they stand.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { webhookSender } from '../../src/events/webhook.ts';
import { queueSender } from '../../src/jobs/event-queue.ts';
import { EVENT_TYPES, type MaildrainEvent } from '../../src/model-pipeline.ts';
import { freePort } from '../jobs/backends.ts';
import { describeWith, freshDatabase, freshRedisPrefix, redisUrl } from '../support/fresh.ts';
import { until } from '../support/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(ROOT, 'docs/events.md'), 'utf8');

/** The example that begins with its file name. */
function example(name: string): string {
  const found = [...page.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)].find(([, file]) => file === name);
  if (found?.[2] === undefined) throw new Error(`no example ${name}`);
  return found[2];
}

function run(code: string, env: Record<string, string>): { said: () => string; child: ChildProcess } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { said: () => said, child };
}

const event: MaildrainEvent = {
  id: 'evt_4711',
  at: new Date(),
  type: 'suppression.added',
  key: 'ann@example.org',
  body: { address: 'ann@example.org', reason: 'manual', until: null, messageId: null },
};
const never = new AbortController().signal;
const LINE = 'evt_4711 suppression.added';

describe('the page about events', () => {
  it.each([...EVENT_TYPES])('describes %s', (type) => {
    expect(page).toContain(`| \`${type}\` |`);
    expect(page).toContain(`\n### ${type}\n`);
  });

  it('has a receiver that takes what we sign and refuses what others do', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const port = await freePort();
    const { said } = run(example('receiver.js'), { WEBHOOK_SECRET: secret, PORT: String(port) });
    const url = `http://127.0.0.1:${port}/`;
    const ours = webhookSender({ url, secrets: [{ value: () => secret }], allowPrivateRedirects: false });
    const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
    const forger = webhookSender({ url, secrets: [{ value: () => other }], allowPrivateRedirects: false });
    onTestFinished(async () => {
      await ours.close();
      await forger.close();
    });
    await until('it listens and takes', () =>
      ours.send(event, never).then(
        () => true,
        () => false,
      ),
    );
    await until('it says so', () => said() === `${LINE} ann@example.org\n`);
    await expect(forger.send(event, never)).rejects.toThrow('HTTP 401');
    expect(said()).toBe(`${LINE} ann@example.org\n`);
  });
});

describeWith('redis', 'the page about events, with Redis', () => {
  it('has a worker that takes our jobs', async () => {
    const queue = freshRedisPrefix();
    const sender = queueSender({ redisUrl: redisUrl(), postgresUrl: '', queue });
    onTestFinished(() => sender.close());
    await sender.send(event, never);
    const { said, child } = run(example('worker.js').replace('mail-events', queue), { REDIS_URL: redisUrl() });
    await until('it has it', () => said().startsWith(LINE));
    child.kill('SIGKILL');
    const connection = new Redis(redisUrl(), { maxRetriesPerRequest: null });
    const own = new Queue(queue, { connection });
    await own.obliterate({ force: true });
    await own.close();
    connection.disconnect();
  });
});

describeWith('postgres', 'the page about events, with Postgres', () => {
  it('has a worker that takes our jobs', async () => {
    const { url } = await freshDatabase();
    const sender = queueSender({ redisUrl: null, postgresUrl: url, queue: 'mail-events' });
    onTestFinished(() => sender.close());
    await sender.send(event, never);
    const { said } = run(example('worker-postgres.js'), { DATABASE_URL: url });
    await until('it has it', () => said().startsWith(LINE));
  });
});
