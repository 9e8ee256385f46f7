// What happens when the queue's server is away: at the start, in the middle, and while stopping.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { createJobs } from '../../src/jobs/jobs.ts';
import { createProducer } from '../../src/jobs/producer.ts';
import { until } from '../support/until.ts';
import {
  databaseUrl,
  freePort,
  mailbox,
  memoryLog,
  NEVER_MS,
  RedisServer,
  report,
  serve,
  sleep,
  stopAll,
} from './backends.ts';

// Schedules of a second, outages of three: nothing here waits this long when it works.

const quiet = { concurrency: 1, mailboxes: () => [], drain: async () => report('m'), due: async () => [] };

describe('Redis away', () => {
  const servers: RedisServer[] = [];
  async function redis(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer();
    servers.push(server);
    await server.start(...args);
    return server;
  }
  const at = (server: RedisServer) => ({
    urls: () => ({ redisUrl: server.url, postgresUrl: 'postgres://unused.invalid/x' }),
  });

  afterEach(async () => {
    await stopAll();
    await Promise.all(servers.splice(0).map((server) => server.kill()));
  });

  it('at the start: service and producer give up within seconds and say what to do', async () => {
    const port = await freePort();
    const options = { redisUrl: `redis://:hunter2@127.0.0.1:${port}`, postgresUrl: '', log: memoryLog().log };
    const before = Date.now();
    const refused = {
      code: 'QUEUE_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`127.0.0.1:${port}.*ECONNREFUSED.*remove .redis.`)),
    };
    const jobs = createJobs({ ...options, ...quiet });
    const [unmade, error] = await Promise.all(
      [createProducer(options), jobs.start()].map((started) => started.catch((thrown) => thrown)),
    );
    expect(unmade).toMatchObject(refused);
    expect(error).toMatchObject(refused);
    expect(Date.now() - before).toBeLessThan(15_000);
    expect(`${error.message}${error.cause}`).not.toContain('hunter2');
    await jobs.stop(1_000);
  });

  it('in the middle, restarted empty: said once, then schedules and runs come back by themselves', async () => {
    const server = await redis();
    let calls = 0;
    const { jobs, lines } = await serve(at(server), {
      mailboxes: () => [mailbox('m', { everyMs: 300 })],
      drain: async (name) => {
        calls++;
        return report(name);
      },
      timing: { tickMs: 500 },
    });
    await until('runs', () => calls > 2);
    await server.kill();
    await expect(jobs.enqueue('m')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    await sleep(3_000);
    await server.start();
    calls = 0;
    await until('runs again', () => calls > 2);
    const said = lines.filter(({ message }) => message.startsWith('queue connection')).map(({ message }) => message);
    expect(said).toEqual(['queue connection lost, waiting for it to come back', 'queue connection restored']);
  });

  it('in the middle of a drain: the drain is not cut, and the mailbox is drained again later', async () => {
    const server = await redis();
    let ended = 0;
    let started = 0;
    const { jobs } = await serve(at(server), {
      mailboxes: () => [mailbox('m', { everyMs: NEVER_MS })],
      drain: async (name) => {
        started++;
        await sleep(1_500);
        ended++;
        return report(name);
      },
      timing: { tickMs: 500 },
    });
    await until('it runs', () => started === 1);
    await server.kill();
    await until('it ends', () => ended === 1);
    await server.start();
    await until('schedules are back', async () => {
      return (await jobs.nextRuns().catch(() => new Map())).size === 1;
    });
    await until('enqueued again', () =>
      jobs.enqueue('m').then(
        () => true,
        () => false,
      ),
    );
    await until('drained again', () => ended >= 2);
  });

  it('stop does not hang, with a drain running and Redis gone', async () => {
    const server = await redis();
    let started = false;
    const { jobs } = await serve(at(server), {
      mailboxes: () => [mailbox('m', { everyMs: NEVER_MS })],
      drain: async (name, signal) => {
        started = true;
        while (!signal.aborted) await sleep(20);
        return report(name, { outcome: 'partial' });
      },
    });
    await until('it runs', () => started);
    await server.kill();
    await sleep(300);
    const before = Date.now();
    await jobs.stop(2_000);
    expect(Date.now() - before).toBeLessThan(12_000);
  });

  it('stop during a start ends both', async () => {
    const port = await freePort();
    const jobs = createJobs({ redisUrl: `redis://127.0.0.1:${port}`, postgresUrl: '', log: memoryLog().log, ...quiet });
    const started = jobs.start().catch((error) => error);
    await jobs.stop(100);
    expect(await started).toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  });

  it('warns of a server that may evict jobs', async () => {
    const server = await redis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const { lines } = await serve(at(server), quiet);
    const warning = lines.find(({ message }) => message.includes('maxmemory-policy'));
    expect(warning).toMatchObject({ level: 'warn', fields: { policy: 'allkeys-lru' } });
  });
});

describe('Postgres away', () => {
  afterEach(() => stopAll());

  async function database<T>(use: (url: string, admin: pg.Client) => Promise<T>): Promise<T> {
    const name = `jobs_${randomBytes(6).toString('hex')}`;
    const admin = new pg.Client(databaseUrl());
    await admin.connect();
    try {
      await admin.query(`create database ${name}`);
      const url = new URL(databaseUrl());
      url.pathname = `/${name}`;
      return await use(url.href, admin);
    } finally {
      await stopAll();
      await admin.query(`drop database if exists ${name} with (force)`);
      await admin.end();
    }
  }

  it('two services start at once on a fresh database, and the schema is made once', () =>
    database(async (url) => {
      const backend = { urls: () => ({ redisUrl: null, postgresUrl: url }) };
      const calls: string[] = [];
      const options = {
        prefix: 'shared',
        mailboxes: () => [mailbox('m', { everyMs: NEVER_MS })],
        drain: async (name: string) => {
          calls.push(name);
          return report(name);
        },
      };
      await Promise.all([serve(backend, options), serve(backend, options), serve(backend, options)]);
      await until('drained', () => calls.length > 0);
    }));

  it(
    'connections cut in the middle: the queue goes on by itself',
    () =>
      database(async (url, admin) => {
        let calls = 0;
        const { messages } = await serve(
          { urls: () => ({ redisUrl: null, postgresUrl: url }) },
          {
            mailboxes: () => [mailbox('m', { everyMs: 300 })],
            drain: async (name) => {
              calls++;
              return report(name);
            },
            // A run that was cut while it was taken or finished is taken up again once its lock has run out: 30 s, but for this.
            timing: { tickMs: 500, lockMs: 1_000 },
          },
        );
        await until('runs', () => calls > 2);
        const name = new URL(url).pathname.slice(1);
        await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
        calls = 0;
        await until('runs again', () => calls > 2);
        expect(messages().filter((each) => each.startsWith('queue connection lost')).length).toBeLessThanOrEqual(1);
      }),
    40_000,
  );

  it('at the start: refused within seconds', async () => {
    const port = await freePort();
    const options = { redisUrl: null, postgresUrl: `postgres://u:hunter2@127.0.0.1:${port}/x`, log: memoryLog().log };
    const error = await createProducer(options).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(`${error.message}${error.cause}`).not.toContain('hunter2');
  });

  it('a role that may not create the schema is told which right it needs', () =>
    database(async (url, admin) => {
      const role = `r_${randomBytes(4).toString('hex')}`;
      await admin.query(`create role ${role} login password 'x'`);
      try {
        const limited = new URL(url);
        limited.username = role;
        limited.password = 'x';
        await expect(
          createProducer({ redisUrl: null, postgresUrl: limited.href, log: memoryLog().log }),
        ).rejects.toMatchObject({ code: 'DATABASE_DENIED', message: expect.stringContaining('grant CREATE') });
      } finally {
        await admin.query(`drop role ${role}`);
      }
    }));
});
