// The two queue backends as tests use them: where they are, how to make them forget everything, how to take a running job's lock away.
// Redis is a server of this file's own, because FLUSHALL and restarts would hit a shared one.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect } from 'vitest';
import { createJobs, type Jobs, type JobsOptions } from '../../src/jobs/jobs.ts';
import type { Log, LogFields } from '../../src/log.ts';
import type { DrainReport, MailboxConfig } from '../../src/model.ts';
import { until } from '../support/until.ts';

export interface QueueBackend {
  readonly name: 'redis' | 'postgres';
  open(): Promise<void>;
  close(): Promise<void>;
  urls(): { redisUrl: string | null; postgresUrl: string };
  /** Everything the queue of this prefix holds is gone, as after FLUSHALL. */
  forget(prefix: string): Promise<void>;
  /** The running jobs' locks are gone, as after an outage longer than the lock. */
  takeLocks(prefix: string): Promise<void>;
  /** The scheduler's next run lies two minutes back and no job stands for it: a worker died between taking a job and making the next. */
  silence(prefix: string, schedulerId: string): Promise<void>;
  /** Plain BullMQ on the same queue, to see what a person with a queue browser would see. */
  look<T>(prefix: string, look: (queue: Queue) => Promise<T>): Promise<T>;
}

/** A redis-server on a port of its own that keeps nothing on disk. */
export class RedisServer {
  #child: ChildProcess | null = null;
  #dir = '';
  port = 0;

  async start(...args: string[]): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    this.#dir = await mkdtemp(join(tmpdir(), 'maildrain-redis-'));
    const child = spawn(
      'redis-server',
      ['--port', String(this.port), '--save', '', '--appendonly', 'no', '--dir', this.#dir, ...args],
      { stdio: 'ignore' },
    );
    this.#child = child;
    const failed = once(child, 'error').then(([error]) => {
      throw new Error('these tests need redis-server (Debian: apt-get install redis-server)', { cause: error });
    });
    failed.catch(() => undefined);
    await Promise.race([failed, until('redis-server listens', () => listens(this.port))]);
  }

  /** kill -9: nothing is said to the clients. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child !== null && child.exitCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export function databaseUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined)
    throw new Error('TEST_DATABASE_URL is not set: `npm test` sets it, or point it at a PostgreSQL');
  return url;
}

const UNUSED_DATABASE = 'postgres://unused.invalid/unused';

function redisBackend(): QueueBackend {
  const server = new RedisServer();
  async function withClient<T>(use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(server.url);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }
  return {
    name: 'redis',
    open: () => server.start(),
    close: () => server.kill(),
    urls: () => ({ redisUrl: server.url, postgresUrl: UNUSED_DATABASE }),
    forget: () => withClient(async (client) => void (await client.flushall())),
    takeLocks: (prefix) =>
      withClient(async (client) => {
        for (const key of await client.keys(`${prefix}:*:lock`)) await client.del(key);
      }),
    silence: (prefix, id) =>
      withClient(async (client) => {
        const job = `repeat:${id}:${await client.zscore(`${prefix}:maildrain:repeat`, id)}`;
        expect(await client.del(`${prefix}:maildrain:${job}`)).toBe(1);
        await client.zrem(`${prefix}:maildrain:delayed`, job);
        await client.zadd(`${prefix}:maildrain:repeat`, Date.now() - 120_000, id);
      }),
    async look(prefix, look) {
      const queue = new Queue('maildrain', { connection: { url: server.url }, prefix });
      try {
        return await look(queue);
      } finally {
        await queue.close();
      }
    },
  };
}

function postgresBackend(): QueueBackend {
  async function query(sql: string, values: unknown[]): Promise<void> {
    const client = new pg.Client(databaseUrl());
    await client.connect();
    try {
      await client.query(sql, values);
    } finally {
      await client.end();
    }
  }
  return {
    name: 'postgres',
    open: async () => undefined,
    close: async () => undefined,
    urls: () => ({ redisUrl: null, postgresUrl: databaseUrl() }),
    async forget(prefix) {
      for (const table of ['scheduler', 'job', 'dedup', 'dedup_next']) {
        await query(`delete from maildrain_queue.${table} where queue = $1`, [prefix]);
      }
    },
    takeLocks: (prefix) =>
      query(
        `update maildrain_queue.job set lock_token = 'somebody', locked_until_ms = 0 where queue = $1 and state = 'active'`,
        [prefix],
      ),
    async silence(prefix, id) {
      await query('delete from maildrain_queue.job where queue = $1 and scheduler_id = $2', [prefix, id]);
      const past = Date.now() - 120_000;
      const sql = 'update maildrain_queue.scheduler set next_run_ms = $3 where queue = $1 and scheduler_id = $2';
      await query(sql, [prefix, id, past]);
    },
    async look(prefix, look) {
      const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
      const connection = { connectionString: databaseUrl(), schema: 'maildrain_queue', max: 1 };
      const queue = new PostgresQueue(prefix, { connection });
      try {
        return await look(queue as unknown as Queue);
      } finally {
        await queue.close();
      }
    },
  };
}

export const backends: readonly QueueBackend[] = [redisBackend(), postgresBackend()];

// ---------------------------------------------------------------- what the tests drive

export interface Logged {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that remembers its lines. */
export function memoryLog(): { log: Log; lines: Logged[]; messages: () => string[] } {
  const lines: Logged[] = [];
  const make = (bound: LogFields): Log => {
    const at = (level: Logged['level']) => (fields: LogFields, message: string) => {
      lines.push({ level, message, fields: { ...bound, ...fields } });
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return { log: make({}), lines, messages: () => lines.map(({ message }) => message) };
}

export function mailbox(name: string, when: { everyMs?: number; cron?: string; tz?: string }): MailboxConfig {
  return {
    name,
    imap: { host: 'imap.test', port: 993, user: name, password: { env: 'SECRET' }, tls: 'implicit', caFile: null },
    folder: 'INBOX',
    everyMs: when.everyMs ?? null,
    cron: when.cron ?? null,
    tz: when.tz ?? null,
    dispose: { kind: 'keep' },
    afterMs: 0,
    expunge: 'safe',
    sizeLimit: 1,
    unmatched: 'dispose',
  };
}

export function report(name: string, facts: Partial<DrainReport> = {}): DrainReport {
  const none = { listed: 0, fetched: 0, stored: 0, adopted: 0, disposed: 0, gone: 0, skipped: 0, held: 0 };
  return {
    mailbox: name,
    outcome: 'done',
    ...none,
    missing: 0,
    pending: 0,
    bytes: 0,
    ms: 0,
    notes: [],
    retryAt: null,
    error: null,
    ...facts,
  };
}

/** Long enough that no scheduled run falls into a test by chance, mostly: a slot may, so tests allow for one. */
export const NEVER_MS = 365 * 24 * 60 * 60_000;

export interface Rig {
  readonly jobs: Jobs;
  readonly prefix: string;
  readonly lines: Logged[];
  readonly messages: () => string[];
}

const running: Jobs[] = [];

/** A started service on one backend with a prefix of its own, stopped by `stopAll`. */
export async function serve(
  backend: Pick<QueueBackend, 'urls'>,
  options: Partial<JobsOptions> & Pick<JobsOptions, 'drain' | 'mailboxes'>,
): Promise<Rig> {
  const { log, lines, messages } = memoryLog();
  const prefix = options.prefix ?? `t${randomBytes(6).toString('hex')}`;
  const jobs = createJobs({ ...backend.urls(), prefix, concurrency: 5, log, due: async () => [], ...options });
  running.push(jobs);
  await jobs.start();
  return { jobs, prefix, lines, messages };
}

export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((jobs) => jobs.stop(500)));
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A drain that counts its calls and answers `done`. */
export function counting(): { drain: (name: string) => Promise<DrainReport>; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    drain: async (name) => {
      calls.push(name);
      return report(name);
    },
  };
}
