// The whole service on both queue backends: schedules, connections per mail host, reload, a flushed Redis, and no secret anywhere.

import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ImapServer, startImapServer } from '../src/demo/imap-server/server.ts';
import { createLogger } from '../src/log.ts';
import type { Maildrain } from '../src/service-api.ts';
import { createMaildrain } from '../src/service-create.ts';
import { RedisServer } from './jobs/backends.ts';
import { describeWith, freshDatabase, redisUrl } from './support/fresh.ts';
import { WireProxy } from './support/proxy.ts';
import { until } from './support/until.ts';

const CANARY = 'canary-7f3a-never-to-be-seen';

/** Nothing that a service does now and then is waited for: announcing itself again, for one, comes after ten seconds. */
const STOP_MS = 5_000;

const message = (n: number): Buffer =>
  Buffer.from(`From: s${n}@example.org\r\nSubject: Number ${n}\r\nMessage-ID: <${n}@example.org>\r\n\r\nText ${n}\r\n`);

async function server(): Promise<ImapServer> {
  const started = await startImapServer({ password: CANARY });
  onTestFinished(() => started.close());
  return started;
}

const mailbox = (port: number, name: string, more: object = {}): object => ({
  name,
  imap: { host: '127.0.0.1', port, user: `${name}@example.org`, tls: 'none', password: () => CANARY },
  every: '5s',
  dispose: 'delete',
  ...more,
});

/** Resolves when the schedule of a mailbox has fired so many times more. */
async function rounds(maildrain: Maildrain, name: string, times: number): Promise<void> {
  const nextRun = async (): Promise<number> => {
    const status = (await maildrain.status()).find((each) => each.name === name);
    return status?.nextRunAt?.getTime() ?? 0;
  };
  for (let n = 0; n < times; n++) {
    const before = await nextRun();
    await until(`${name} is due again`, async () => (await nextRun()) > before);
  }
}

interface Scene {
  readonly maildrain: Maildrain;
  readonly url: string;
  readonly logged: string[];
}

async function service(redis: string | null, mailboxes: readonly object[], more: object = {}): Promise<Scene> {
  const { url } = await freshDatabase();
  const logged: string[] = [];
  const log = createLogger({ level: 'debug', destination: { write: (line) => void logged.push(line) } });
  const maildrain = await createMaildrain({ postgres: url, redis, mailboxes, log, concurrency: 8, ...more });
  onTestFinished(() => maildrain.stop());
  return { maildrain, url, logged };
}

async function rows<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A Redis database of the test's own, numbered, so that flushing it is nobody else's loss. */
async function freshRedis(): Promise<string> {
  const base = new URL(redisUrl());
  base.pathname = `/${8 + Math.floor(Math.random() * 8)}`;
  const client = new Redis(base.href);
  await client.flushdb();
  await client.quit();
  return base.href;
}

const BACKENDS = [
  { backend: 'postgres', needs: ['postgres'], redis: async (): Promise<string | null> => null },
  { backend: 'redis', needs: ['postgres', 'redis'], redis: freshRedis },
] as const;

for (const { backend, needs, redis } of BACKENDS) {
  describeWith([...needs], `service on the ${backend} queue`, () => {
    it('drains on schedule, what is there at the start and what comes later', async () => {
      const imap = await server();
      const account = imap.account('a@example.org');
      for (let n = 0; n < 20; n++) account.deliver(message(n));
      const { maildrain, url } = await service(await redis(), [mailbox(imap.port, 'a')]);
      await maildrain.start();
      await until('the first drain', () => account.messages().length === 0);
      account.deliver(message(20));
      await until('a scheduled drain', () => account.messages().length === 0);
      await until(
        'the row of it',
        async () => (await rows<{ n: string }>(url, 'select count(*) as n from maildrain.message'))[0]?.n === '21',
      );
      const [status] = await maildrain.status();
      expect(status).toMatchObject({ name: 'a', state: 'ok', owed: 0, held: 0, stored: 21 });
      expect(status?.nextRunAt).toBeInstanceOf(Date);
    });

    it('never opens more connections to a mail host than it may, and drains every mailbox all the same', async () => {
      const imap = await server();
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      for (const name of names) for (let n = 0; n < 5; n++) imap.account(`${name}@example.org`).deliver(message(n));
      const open = new Map<number, string>();
      let most = 0;
      imap.onCommand = (command) => {
        if (command.name === 'LOGOUT') open.delete(command.connection);
        else open.set(command.connection, command.name);
        most = Math.max(most, open.size);
        return command.name === 'UID FETCH' ? { delayMs: 150 } : undefined;
      };
      const mailboxes = names.map((name) => mailbox(imap.port, name));
      const { maildrain } = await service(await redis(), mailboxes, { connectionsPerHost: 2 });
      await maildrain.start();
      await until('all drained', () =>
        names.every((name) => imap.account(`${name}@example.org`).messages().length === 0),
      );
      expect(most).toBe(2);
    });

    it('two services share the work: each message once', async () => {
      const imap = await server();
      const account = imap.account('a@example.org');
      for (let n = 0; n < 300; n++) account.deliver(message(n));
      const queue = await redis();
      const { maildrain, url, logged } = await service(queue, [mailbox(imap.port, 'a')]);
      const log = createLogger({ level: 'debug', destination: { write: (line) => void logged.push(line) } });
      const second = await createMaildrain({ postgres: url, redis: queue, mailboxes: [mailbox(imap.port, 'a')], log });
      onTestFinished(() => second.stop());
      await Promise.all([maildrain.start(), second.start(), maildrain.migrate(), second.migrate()]);
      await until('all drained', () => account.messages().length === 0);
      const [counts] = await rows<{ n: number; unique: number }>(
        url,
        'select count(*)::int as n, count(distinct digest)::int as unique from maildrain.message',
      );
      expect(counts).toEqual({ n: 300, unique: 300 });
    });

    it('reload takes a mailbox away and adds another', async () => {
      const imap = await server();
      const mail = (name: string): number => imap.account(`${name}@example.org`).messages().length;
      let fleet = [mailbox(imap.port, 'a')];
      const { url } = await freshDatabase();
      const quiet = createLogger({ level: 'error', destination: { write: () => {} } });
      const maildrain = await createMaildrain({
        postgres: url,
        redis: await redis(),
        mailboxes: () => fleet,
        log: quiet,
      });
      onTestFinished(() => maildrain.stop());
      imap.account('a@example.org').deliver(message(1));
      await maildrain.start();
      await until('the old one is drained', () => mail('a') === 0);
      fleet = [mailbox(imap.port, 'b')];
      await maildrain.reload();
      imap.account('b@example.org').deliver(message(2));
      await until('the new one is drained', () => mail('b') === 0);
      // A drain that had begun before is none of the schedule's.
      await until('nobody is logged in', () => {
        const left = new Set(imap.events.filter(({ name }) => name === 'LOGOUT').map(({ connection }) => connection));
        return imap.events.every(({ connection }) => left.has(connection));
      });
      imap.account('a@example.org').deliver(message(3));
      // From one run of the new one to the next is an interval, in which the old one would have had its turn.
      await rounds(maildrain, 'b', 2);
      expect(mail('a')).toBe(1);
    });

    it('stops at once when nothing is in hand', async () => {
      const { maildrain } = await service(await redis(), []);
      await maildrain.start();
      const before = Date.now();
      await maildrain.stop();
      expect(Date.now() - before).toBeLessThan(STOP_MS);
    });

    it('tells a wrong password once, waits, and never writes a secret down', async () => {
      const imap = await startImapServer({ password: 'something else' });
      onTestFinished(() => imap.close());
      const queue = await redis();
      const { maildrain, url, logged } = await service(queue, [mailbox(imap.port, 'a')]);
      await maildrain.start();
      await until(
        'the failure is recorded',
        async () => (await maildrain.status())[0]?.lastErrorCode === 'AUTHENTICATION_FAILED',
      );
      await rounds(maildrain, 'a', 1);
      await until('the run in hand is over', async () => (await maildrain.drain('a')).outcome === 'waiting');
      const [status] = await maildrain.status();
      const logins = imap.events.filter((event) => /LOGIN|AUTHENTICATE/.test(event.name));
      expect(logins).toHaveLength(1);
      expect(status).toMatchObject({ state: 'waiting', failures: 1 });
      expect(logged.join('')).not.toContain(CANARY);
      expect(process.title).not.toContain(CANARY);
      expect(await everything(url)).not.toContain(CANARY);
      if (queue !== null) expect(await everyKey(queue)).not.toContain(CANARY);
      // The canary is where it must be: without this line the test could not fail.
      expect(CANARY).toBe('canary-7f3a-never-to-be-seen');
    });
  });
}

describeWith(['postgres', 'redis'], 'service and a Redis that forgets', () => {
  it('puts the schedules back when Redis was flushed', async () => {
    const imap = await server();
    const queue = await freshRedis();
    const { maildrain } = await service(queue, [mailbox(imap.port, 'a')]);
    await maildrain.start();
    await until('the first run', async () => (await maildrain.status())[0]?.lastOkAt !== null);
    const client = new Redis(queue);
    await client.flushdb();
    await client.quit();
    expect((await maildrain.status())[0]?.nextRunAt).toBeNull();
    await maildrain.reload();
    expect((await maildrain.status())[0]?.nextRunAt).toBeInstanceOf(Date);
    imap.account('a@example.org').deliver(message(1));
    await until('drained again', () => imap.account('a@example.org').messages().length === 0);
  });
});

describeWith(['postgres', 'redis'], 'a program that only enqueues', () => {
  it('enqueues again once Redis answers', async () => {
    const queue = new URL(await freshRedis());
    const proxy = await WireProxy.open({ host: queue.hostname, port: Number(queue.port || 6379), recordLimit: 0 });
    onTestFinished(() => proxy.close());
    const { maildrain } = await service(proxy.through(queue.href), [mailbox(1, 'a')]);
    proxy.refuse(true);
    await expect(maildrain.enqueue('a')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    proxy.refuse(false);
    expect(await maildrain.enqueue('a')).toEqual(expect.any(String));
  });
});

describeWith('postgres', 'a service whose Redis is away when it starts', () => {
  it('can be started again, and stops', async () => {
    const { maildrain, url, logged } = await service('redis://127.0.0.1:1', [], {
      onEvent: () => {},
      shutdownGraceMs: 1_000,
    });
    const pumps = `select count(*)::int as n from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
    for (let n = 0; n < 2; n++) {
      await expect(maildrain.start()).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
      expect(await rows(url, pumps)).toEqual([{ n: 0 }]);
    }
    const before = Date.now();
    await maildrain.stop();
    expect(Date.now() - before).toBeLessThan(5_000);
    await until('every connection is closed', async () => {
      const open = await rows<{ n: number }>(
        url,
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'maildrain'`,
      );
      return open[0]?.n === 0;
    });
    expect(logged.join('')).not.toContain('unexpected');
  });

  it('works when Redis is there at the second try', async () => {
    const redis = new RedisServer();
    onTestFinished(() => redis.kill());
    await redis.start();
    await redis.kill();
    const imap = await server();
    imap.account('a@example.org').deliver(message(1));
    const heard: string[] = [];
    const onEvent = ({ type }: { type: string }) => void heard.push(type);
    const { maildrain } = await service(redis.url, [mailbox(imap.port, 'a')], { onEvent });
    await expect(maildrain.start()).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    await redis.start();
    await maildrain.start();
    await until('it is told', () => heard.length > 0);
    await maildrain.stop();
    expect(heard).toEqual(['message.stored']);
  });
});

describe('options of createMaildrain', () => {
  it('reports every wrong mailbox at once, with its path', async () => {
    const wrong = [
      { name: 'a', imap: { host: 'h', user: 'u', password: { env: 'X' } }, dispose: 'delet' },
      { name: 'b' },
    ];
    await expect(createMaildrain({ postgres: 'postgres://127.0.0.1:1/x', mailboxes: wrong })).rejects.toThrow(
      /mailboxes\[0\]\.dispose[\s\S]*mailboxes\[1\]\.imap/,
    );
  });

  it('says that the function which names the mailboxes failed, and why', async () => {
    const mailboxes = () => Promise.reject(new Error('no such table: customers'));
    await expect(createMaildrain({ postgres: 'postgres://127.0.0.1:1/none', mailboxes })).rejects.toMatchObject({
      name: 'MaildrainError',
      code: 'CONFIG_INVALID',
      message: 'mailboxes() failed: no such table: customers',
    });
  });
});

/** Every row of every table of the database, the queue's among them, as text. */
async function everything(url: string): Promise<string> {
  const tables = await rows<{ name: string }>(
    url,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const dumps = await Promise.all(
    tables.map(({ name }) => rows<{ line: string }>(url, `select t::text as line from ${name} t`)),
  );
  return dumps
    .flat()
    .map(({ line }) => line)
    .join('\n');
}

async function everyKey(url: string): Promise<string> {
  const client = new Redis(url);
  const seen: string[] = [];
  for (const key of await client.keys('*')) {
    seen.push(key, (await client.dump(key).catch(() => '')) ?? '');
    const type = await client.type(key);
    if (type === 'hash') seen.push(JSON.stringify(await client.hgetall(key)));
    if (type === 'string') seen.push((await client.get(key)) ?? '');
  }
  await client.quit();
  return seen.join('\n');
}
