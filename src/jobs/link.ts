// The queue's connection: BullMQ on Redis (through ioredis) or on Postgres, opened within a bounded time or refused with
// QUEUE_UNAVAILABLE, and closed without ever hanging. Everything above speaks to both backends through the same two classes.
import {
  assertSchemaCompatibility,
  createPostgresBackend,
  type IQueueBackend,
  type Job,
  LATEST_SCHEMA_VERSION,
  PostgresConnection,
  type Processor,
  Queue,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  Worker,
  withBackend,
} from 'bullmq';
import { Redis } from 'ioredis';
import { MaildrainError, printable } from '../errors.ts';
import type { Log } from '../log.ts';
import { isConnectionError, Outage, settledWithin, within } from './outage.ts';
import type { AdminJobData, JobData, JobResult } from './payload.ts';

/** Name of the queue of drains, and the default prefix of all keys. */
export const QUEUE_NAME = 'maildrain';
/** Admin jobs have a queue and a worker of their own: they last, and must not take the places of drains. */
export const ADMIN_QUEUE_NAME = 'maildrain-admin';
/** The queue's own schema in the same database; `maildrain` itself holds the mail. */
export const POSTGRES_SCHEMA = 'maildrain_queue';

/** Longest wait for the queue's server at start: containers start in any order, and a person at a prompt waits this long. */
export const CONNECT_MS = 5_000;
/** Longest wait for one connection to say goodbye. After that it is cut or left to the end of the process. */
export const CLOSE_MS = 3_000;
/**
 * Longest wait for the migration of the queue's schema, milliseconds. It runs once, takes about a second on an idle database, and a second
 * process waits here for the first (advisory lock).
 */
const MIGRATE_MS = 60_000;
/** Connections of one Queue or Worker on Postgres: enough to read a thousand schedulers in about a second, small against max_connections. */
const POSTGRES_POOL = 3;

export interface LinkOptions {
  /** `redis://` or `rediss://`; null: the queue runs on Postgres. */
  readonly redisUrl: string | null;
  /** Used only when `redisUrl` is null. */
  readonly postgresUrl: string;
  /** Separates installations that share a server: key prefix on Redis, queue name on Postgres (which knows no prefix). */
  readonly prefix?: string;
  readonly log: Log;
}

/** The calls that both backends share; BullMQ types the two as unrelated classes. */
export type LinkQueue<D, R> = Pick<
  Queue<D, R, string, D, R, string>,
  | 'add'
  | 'close'
  | 'getJob'
  | 'getJobCounts'
  | 'getJobScheduler'
  | 'getJobSchedulers'
  | 'removeJobScheduler'
  | 'upsertJobScheduler'
>;
export interface LinkWorker<D, R> extends Pick<Worker<D, R, string>, 'close' | 'pause' | 'waitUntilReady'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'completed', listener: (job: Job<D, R, string>) => void): unknown;
  on(event: 'failed', listener: (job: Job<D, R, string> | undefined, error: Error) => void): unknown;
  on(event: 'stalled', listener: (jobId: string) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
  getBackend(): Pick<IQueueBackend, 'disconnectBlocking'>;
}
export type DrainQueue = LinkQueue<JobData, JobResult>;
export type DrainWorker = LinkWorker<JobData, JobResult>;
export type DrainJob = Job<JobData, JobResult, string>;
export type AdminQueueJob = Job<AdminJobData, null, string>;

export interface WorkerTuning {
  readonly concurrency: number;
  /** Milliseconds a job stays ours without renewal. */
  readonly lockMs: number;
  /** Milliseconds between two looks for jobs whose worker went away. */
  readonly stalledMs: number;
}

export interface Link<D = JobData, R = JobResult> {
  readonly backend: 'redis' | 'postgres';
  readonly queue: LinkQueue<D, R>;
  readonly outage: Outage;
  /** A worker on connections of its own. The caller closes it with `closeWorker` before the link. */
  openWorker(processor: Processor<D, R, string>, tuning: WorkerTuning): LinkWorker<D, R>;
  /** Cuts the worker's connections; jobs that still run are left to the stalled check. */
  closeWorker(worker: LinkWorker<D, R>): Promise<void>;
  close(): Promise<void>;
}

/** Opens the queue of drains. Throws QUEUE_UNAVAILABLE, or for Postgres DATABASE_UNAVAILABLE, DATABASE_DENIED, SCHEMA_TOO_NEW. */
export function openLink(options: LinkOptions): Promise<Link> {
  return open(options, QUEUE_NAME, options.prefix ?? QUEUE_NAME);
}

/** Opens the queue of admin jobs; throws the same. */
export function openAdminLink(options: LinkOptions): Promise<Link<AdminJobData, null>> {
  return open(options, ADMIN_QUEUE_NAME, options.prefix === undefined ? ADMIN_QUEUE_NAME : `${options.prefix}-admin`);
}

/** @param postgresName the queue's name there, where no prefix tells installations apart */
function open<D, R>(options: LinkOptions, name: string, postgresName: string): Promise<Link<D, R>> {
  const { redisUrl } = options;
  return redisUrl === null ? openPostgres(options, postgresName) : openRedis(options, redisUrl, name);
}

function workerOptions(tuning: WorkerTuning) {
  return {
    concurrency: tuning.concurrency,
    lockDuration: tuning.lockMs,
    stalledInterval: tuning.stalledMs,
  };
}

// ---------------------------------------------------------------- Redis

async function openRedis<D, R>(options: LinkOptions, url: string, name: string): Promise<Link<D, R>> {
  const outage = new Outage(options.log, 'redis');
  // A producer fails soon instead of queueing commands for ever; the worker below must wait for ever (BullMQ demands null).
  const client = redisClient(url, 1, outage);
  await connected(client, options.log);
  const prefix = options.prefix ?? QUEUE_NAME;
  const queue = new Queue<D, R, string>(name, { connection: client, prefix });
  queue.on('error', (error) => outage.fault(error));
  const clients: Redis[] = [client];
  return {
    backend: 'redis',
    // Its types ask whether D is a Job, which cannot be answered for any D.
    queue: queue as unknown as LinkQueue<D, R>,
    outage,
    openWorker(processor, tuning) {
      const own = redisClient(url, null, outage);
      clients.push(own);
      return new Worker<D, R, string>(name, processor, { connection: own, prefix, ...workerOptions(tuning) });
    },
    closeWorker: (worker) => cutWorker(worker, outage),
    async close() {
      outage.close();
      await settledWithin(CLOSE_MS, queue.close());
      // disconnect, not quit: QUIT waits for a server that may be gone, and nothing is in flight.
      for (const each of clients) each.disconnect();
    },
  };
}

function redisClient(url: string, maxRetriesPerRequest: number | null, outage: Outage): Redis {
  const client = new Redis(url, { maxRetriesPerRequest, connectTimeout: CONNECT_MS, connectionName: QUEUE_NAME });
  client.on('error', (error) => outage.fault(error));
  client.on('ready', () => outage.restored());
  return client;
}

/** Waits for the first connection and looks at the one server setting that loses schedules. */
async function connected(client: Redis, log: Log): Promise<void> {
  let last: unknown = null;
  const remember = (error: unknown) => {
    last = error;
  };
  client.on('error', remember);
  const unavailable = () => {
    const { host, port } = client.options;
    const why = last instanceof Error && last.message !== '' ? `: ${printable(last.message)}` : '';
    return new MaildrainError(
      'QUEUE_UNAVAILABLE',
      `Redis at ${host}:${port} did not answer within ${CONNECT_MS / 1000} s${why}. ` +
        'Start it, correct `redis` in the configuration, or remove `redis` to run the queue on Postgres.',
      { cause: last ?? undefined },
    );
  };
  try {
    const policy = await within(CONNECT_MS, evictionPolicy(client), unavailable);
    if (policy !== null && policy !== 'noeviction') {
      log.warn({ policy }, 'Redis may evict jobs and schedules: set maxmemory-policy to noeviction');
    }
  } catch (error) {
    client.disconnect();
    throw error;
  } finally {
    client.off('error', remember);
  }
}

/** `maxmemory-policy` from INFO (CONFIG is forbidden on many hosted servers); null when the server does not say. */
async function evictionPolicy(client: Redis): Promise<string | null> {
  if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', () => resolve()));
  const info = await client.info('memory');
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null;
}

// ---------------------------------------------------------------- Postgres

async function openPostgres<D, R>(options: LinkOptions, name: string): Promise<Link<D, R>> {
  await migrateQueue(options.postgresUrl);
  const outage = new Outage(options.log, 'postgres');
  const connection = {
    connectionString: options.postgresUrl,
    schema: POSTGRES_SCHEMA,
    max: POSTGRES_POOL,
    connectionTimeoutMillis: CONNECT_MS,
  };
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const queue = new Queue<D, R, string>(name, { connection });
  queue.on('error', (error) => outage.fault(error));
  return {
    backend: 'postgres',
    queue: queue as unknown as LinkQueue<D, R>,
    outage,
    openWorker: (processor, tuning) =>
      new Worker<D, R, string>(name, processor, { connection, ...workerOptions(tuning) }),
    closeWorker: (worker) => cutWorker(worker, outage),
    async close() {
      outage.close();
      await settledWithin(CLOSE_MS, queue.close());
    },
  };
}

/**
 * Brings the queue's schema up to this BullMQ. DDL runs only when something is missing, so that a role without CREATE works on a ready
 * schema; of two processes that start at once the second waits (runMigrations: one transaction under an advisory lock).
 */
export async function migrateQueue(postgresUrl: string): Promise<void> {
  const connection = new PostgresConnection({
    connectionString: postgresUrl,
    max: 1,
    connectionTimeoutMillis: CONNECT_MS,
  });
  connection.on('error', () => undefined); // the failing query reports it
  try {
    const client = await connection.pool.connect();
    try {
      const late = () => new MaildrainError('DATABASE_UNAVAILABLE', 'the queue schema could not be migrated in time');
      if ((await schemaVersion(client)) < LATEST_SCHEMA_VERSION) {
        await within(MIGRATE_MS, runMigrations(client, POSTGRES_SCHEMA), late);
      }
    } finally {
      client.release(true);
    }
  } catch (error) {
    throw migrationError(error);
  } finally {
    await settledWithin(CLOSE_MS, connection.close());
  }
}

async function schemaVersion(client: Parameters<typeof assertSchemaCompatibility>[0]): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, POSTGRES_SCHEMA);
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return 0;
    throw error;
  }
}

function migrationError(error: unknown): unknown {
  if (error instanceof SchemaVersionMismatchError) {
    return new MaildrainError(
      'SCHEMA_TOO_NEW',
      `the queue schema ${POSTGRES_SCHEMA} was made by a newer maildrain: upgrade this one`,
      { cause: error },
    );
  }
  if (error instanceof Error && Reflect.get(error, 'code') === '42501') {
    return new MaildrainError(
      'DATABASE_DENIED',
      `the database role may not create the queue schema ${POSTGRES_SCHEMA}: grant CREATE on the database, or configure \`redis\``,
      { cause: error },
    );
  }
  if (isConnectionError(error)) {
    return new MaildrainError('DATABASE_UNAVAILABLE', 'Postgres, which holds the queue, cannot be reached', {
      cause: error,
    });
  }
  return error;
}

// ---------------------------------------------------------------- both

async function cutWorker<D, R>(worker: LinkWorker<D, R>, outage: Outage): Promise<void> {
  outage.close();
  // On Postgres close(true) leaves the blocked wait, up to an hour, on its timer; this ends it. Not awaited: on a Redis that was never reached
  // it waits for the first connection.
  worker
    .getBackend()
    .disconnectBlocking(false)
    .catch(() => undefined);
  await settledWithin(CLOSE_MS, worker.close(true));
}
