// From a stored message to each kind of consumer, on both queue backends, with the secrets looked for everywhere afterwards.

import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startImapServer } from '../../src/demo/imap-server/server.ts';
import { queueSender } from '../../src/jobs/event-queue.ts';
import { createLogger } from '../../src/log.ts';
import type { MaildrainEvent } from '../../src/model-pipeline.ts';
import { createMaildrain } from '../../src/service-create.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { memoryLog, RedisServer } from '../jobs/backends.ts';
import { describeWith, freshDatabase, freshRedisPrefix, redisUrl } from '../support/fresh.ts';
import { until } from '../support/until.ts';
import { tell, tellMany } from './outbox.ts';

const CANARY = `whsec_${Buffer.from('canary-of-the-webhook-secret-9c1').toString('base64')}`;
const PASSWORD = 'canary-of-the-mailbox-77';

interface Job {
  readonly id?: string | undefined;
  readonly name: string;
  readonly data: unknown;
}

interface Backend {
  readonly name: string;
  readonly needs: readonly ('postgres' | 'redis')[];
  redis(): string | null;
  /** The owner's own worker, as docs/events.md shows it. */
  work(queue: string, url: string, take: (job: Job) => Promise<void>): { close(): Promise<void> };
  /** Everything in the queue, as text. */
  dump(queue: string, url: string): Promise<string>;
}

const BACKENDS: readonly Backend[] = [
  {
    name: 'redis',
    needs: ['postgres', 'redis'],
    redis: redisUrl,
    work(queue, _, take) {
      const connection = new Redis(redisUrl(), { maxRetriesPerRequest: null });
      const worker = new Worker(queue, take, { connection });
      worker.on('error', () => {});
      return {
        async close() {
          await worker.close();
          connection.disconnect();
        },
      };
    },
    async dump(queue) {
      const connection = new Redis(redisUrl(), { maxRetriesPerRequest: null });
      const own = new Queue(queue, { connection });
      const jobs = await own.getJobs();
      await own.obliterate({ force: true });
      await own.close();
      connection.disconnect();
      return JSON.stringify(jobs.map((job) => job.asJSON()));
    },
  },
  {
    name: 'postgres',
    needs: ['postgres'],
    redis: () => null,
    work(queue, url, take) {
      const { Worker: PostgresWorker } = withBackend(createPostgresBackend);
      const worker = new PostgresWorker(queue, take, {
        connection: { connectionString: url, schema: 'maildrain_queue' },
      });
      worker.on('error', () => {});
      return worker;
    },
    async dump(queue, url) {
      const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
      const own = new PostgresQueue(queue, { connection: { connectionString: url, schema: 'maildrain_queue' } });
      const jobs = await own.getJobs();
      await own.close();
      return JSON.stringify(jobs.map((job) => job.asJSON()));
    },
  },
];

const message = (n: number): Buffer =>
  Buffer.from(`From: s${n}@example.org\r\nSubject: Number ${n}\r\nMessage-ID: <${n}@example.org>\r\n\r\nText ${n}\r\n`);

for (const backend of BACKENDS) {
  describeWith([...backend.needs], `events of a service with its queue on ${backend.name}`, () => {
    it('reach a worker, a webhook and a function, each once when all is well', async () => {
      const { url } = await freshDatabase();
      const imap = await startImapServer({ password: PASSWORD });
      onTestFinished(() => imap.close());
      for (let n = 0; n < 5; n++) imap.account('a@example.org').deliver(message(n));
      const posts: { id: string; good: boolean; body: string }[] = [];
      const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
          const key = Buffer.from(CANARY.slice('whsec_'.length), 'base64');
          const right = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
          posts.push({ id: String(id), good: signature === `v1,${right}`, body });
          response.writeHead(200).end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const heard: MaildrainEvent[] = [];
      const queue = freshRedisPrefix();
      const logged: string[] = [];
      const types = ['message.stored'];
      const maildrain = await createMaildrain({
        postgres: url,
        redis: backend.redis(),
        log: createLogger({ level: 'debug', destination: { write: (line) => void logged.push(line) } }),
        mailboxes: [
          {
            name: 'a',
            imap: { host: '127.0.0.1', port: imap.port, user: 'a@example.org', tls: 'none', password: () => PASSWORD },
            every: '30s',
            dispose: 'delete',
          },
        ],
        events: [
          { name: 'worker', types, queue },
          { name: 'hook', types, webhook: `http://127.0.0.1:${port}/hook`, secret: () => CANARY },
        ],
        onEvent: async (event) => void heard.push(event),
      });
      onTestFinished(() => maildrain.stop());
      await maildrain.start();
      const jobs: Job[] = [];
      const worker = backend.work(queue, url, async ({ id, name, data }) => void jobs.push({ id, name, data }));
      onTestFinished(() => worker.close());
      await until('all have all', () => jobs.length >= 5 && posts.length >= 5 && heard.length >= 5);
      await until('nothing waits', async () => (await maildrain.consumers()).every(({ waiting }) => waiting === 0));
      const ids = heard.map(({ id }) => id).sort();
      expect(ids).toHaveLength(5);
      expect(jobs.map(({ id }) => id).sort()).toEqual(ids);
      expect(posts.map(({ id }) => id).sort()).toEqual(ids);
      expect(posts.every(({ good }) => good)).toBe(true);
      expect(heard[0]).toMatchObject({
        type: 'message.stored',
        key: 'a',
        at: expect.any(Date),
        body: { mailbox: 'a' },
      });
      const [job] = jobs;
      expect(job?.name).toBe('message.stored');
      expect(job?.data).toEqual(JSON.parse(posts.find(({ id }) => id === job?.id)?.body ?? 'null'));
      expect((await maildrain.consumers()).map(({ name }) => name)).toEqual(['hook', 'onEvent', 'worker']);

      await worker.close();
      await maildrain.stop();
      // Whoever comes next without a word about consumers leaves them; with an empty list it takes them away.
      const database = openDatabase(url, 2, () => {});
      onTestFinished(() => database.close());
      const { rows } = await database.sql.query(
        'select s::text, d::text, e::text from maildrain.event_sink s, maildrain.event_delivery d, maildrain.event e',
      );
      const everything = [logged.join(''), JSON.stringify(rows), await backend.dump(queue, url)].join('\n');
      expect(everything).not.toMatch(/canary/);
      expect(everything).not.toContain(CANARY.slice('whsec_'.length));
      expect(logged.join('')).not.toContain('"subject"');
    });

    it('an event that is told to the queue twice is worked once', async () => {
      const { url } = await freshDatabase();
      const queue = freshRedisPrefix();
      const sender = queueSender({ redisUrl: backend.redis(), postgresUrl: url, queue });
      onTestFinished(() => sender.close());
      const event = { id: 'evt_1', at: new Date(), type: 'complaint', key: 'k', body: {} } as const;
      const { signal } = new AbortController();
      await sender.send(event, signal);
      const jobs: Job[] = [];
      const worker = backend.work(queue, url, async (job) => void jobs.push(job));
      onTestFinished(() => worker.close());
      await until('it is worked', () => jobs.length === 1);
      await sender.send(event, signal);
      await sender.send({ ...event, id: 'evt_2' }, signal);
      await until('the next is worked', () => jobs.length === 2);
      expect(jobs.map(({ id }) => id)).toEqual(['evt_1', 'evt_2']);
      await worker.close();
      await backend.dump(queue, url);
    });
  });
}

describeWith('redis', 'jobs that fail for good', () => {
  it('are kept for a month, and not without bound', async () => {
    const queue = freshRedisPrefix();
    const sender = queueSender({ redisUrl: redisUrl(), postgresUrl: '', queue });
    onTestFinished(() => sender.close());
    const event = { id: 'evt_1', at: new Date(), type: 'complaint', key: 'k', body: {} } as const;
    await sender.send(event, new AbortController().signal);
    const connection = new Redis(redisUrl(), { maxRetriesPerRequest: null });
    const own = new Queue(queue, { connection });
    const job = await own.getJob('evt_1');
    expect(job?.opts.removeOnFail).toEqual({ age: 30 * 24 * 60 * 60, count: 10_000 });
    await own.obliterate({ force: true });
    await own.close();
    connection.disconnect();
  });
});

describe('a queue that is away', () => {
  it('is a failure within seconds, and takes events again when it is back', async () => {
    const server = new RedisServer();
    await server.start();
    onTestFinished(() => server.kill());
    const sender = queueSender({ redisUrl: server.url, postgresUrl: '', queue: 'q' });
    onTestFinished(() => sender.close());
    const event = { id: 'evt_1', at: new Date(), type: 'complaint', key: 'k', body: {} } as const;
    const { signal } = new AbortController();
    await sender.send(event, signal);
    await server.kill();
    const before = Date.now();
    await expect(sender.send({ ...event, id: 'evt_2' }, signal)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    expect(Date.now() - before).toBeLessThan(16_000);
    await server.start();
    await until('taken again', async () => {
      return sender.send({ ...event, id: 'evt_3' }, signal).then(
        () => true,
        () => false,
      );
    });
  });

  it('refuses the queue of the drains', () => {
    expect(() => queueSender({ redisUrl: null, postgresUrl: '', queue: 'maildrain' })).toThrow(/the one for drains/);
  });
});

describeWith('postgres', 'consumers over restarts', () => {
  const open = async (url: string, more: object) => {
    const log = createLogger({ level: 'error', destination: { write: () => {} } });
    const imap = { host: '127.0.0.1', port: 1, user: 'u', tls: 'none', password: () => PASSWORD };
    const made = await createMaildrain({
      postgres: url,
      mailboxes: [{ name: 'a', imap, dispose: 'keep' }],
      log,
      ...more,
    });
    onTestFinished(() => made.stop());
    await made.start();
    return made;
  };

  it('one that is gone is removed in the background, with the number that was given up in the log', async () => {
    const { url } = await freshDatabase();
    const hook = { name: 'hook', webhook: 'http://127.0.0.1:1/', secret: () => CANARY };
    await (await open(url, { events: [hook] })).stop();
    const database = openDatabase(url, 3, () => {});
    onTestFinished(() => database.close());
    await tellMany(database, 'hook', 25_000, 'n::text');
    const { log, lines } = memoryLog();
    const second = await open(url, { events: [], log });
    expect(await second.consumers()).toEqual([]);
    await until('it is removed', () => lines.some(({ message }) => message.startsWith('event consumer removed')));
    expect(lines.find(({ message }) => message.startsWith('event consumer removed'))).toMatchObject({
      level: 'warn',
      fields: { sink: 'hook', waiting: 25_000 },
    });
    const { rows } = await database.sql.query('select name from maildrain.event_sink');
    expect(rows).toEqual([]);
  });

  it('stay when a program says nothing of them, wait for a function that is away, and go when they are taken out', async () => {
    const { url } = await freshDatabase();
    const heard: string[] = [];
    const hook = { name: 'hook', webhook: 'http://127.0.0.1:1/', secret: () => CANARY };
    const first = await open(url, { events: [hook], onEvent: ({ id }: MaildrainEvent) => void heard.push(id) });
    await first.stop();
    const database = openDatabase(url, 3, () => {});
    onTestFinished(() => database.close());
    await tell(database, [{ key: 'x' }]);
    const second = await open(url, {});
    expect((await second.consumers()).map(({ name, waiting }) => [name, waiting])).toEqual([
      ['hook', 1],
      ['onEvent', 1],
    ]);
    await second.stop();
    const third = await open(url, {
      events: [],
      onEvent: async ({ id }: MaildrainEvent) => {
        if (heard.push(id) === 1) throw new Error('not now');
      },
    });
    expect((await third.consumers()).map(({ name }) => name)).toEqual(['onEvent']);
    await until('it heard of it again', () => heard.length === 2);
    expect(new Set(heard).size).toBe(1);
    await third.stop();
    const last = await open(url, { onEvent: null });
    expect(await last.consumers()).toEqual([]);
  });
});
