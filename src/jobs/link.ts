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
import type { JobData, JobResult } from './payload.ts';

/** Name of the one queue, and the default prefix of its keys. */
export const QUEUE_NAME = 'maildrain';
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
export type DrainQueue = Pick<
  Queue<JobData, JobResult, string>,
  | 'add'
  | 'close'
  | 'getJob'
  | 'getJobCounts'
  | 'getJobScheduler'
  | 'getJobSchedulers'
  | 'removeJobScheduler'
  | 'upsertJobScheduler'
>;
export interface DrainWorker extends Pick<Worker<JobData, JobResult, string>, 'close' | 'pause' | 'waitUntilReady'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'completed', listener: (job: DrainJob) => void): unknown;
  on(event: 'failed', listener: (job: DrainJob | undefined, error: Error) => void): unknown;
  on(event: 'stalled', listener: (jobId: string) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
  getBackend(): Pick<IQueueBackend, 'disconnectBlocking'>;
}
export type DrainJob = Job<JobData, JobResult, string>;
export type DrainProcessor = Processor<JobData, JobResult, string>;

export interface WorkerTuning {
  readonly concurrency: number;
  /** Milliseconds a job stays ours without renewal. */
  readonly lockMs: number;
  /** Milliseconds between two looks for jobs whose worker went away. */
  readonly stalledMs: number;
}

export interface Link {
  readonly backend: 'redis' | 'postgres';
  readonly queue: DrainQueue;
  readonly outage: Outage;
  /** A worker on connections of its own. The caller closes it with `closeWorker` before the link. */
  openWorker(processor: DrainProcessor, tuning: WorkerTuning): DrainWorker;
  /** Cuts the worker's connections; jobs that still run are left to the stalled check. */
  closeWorker(worker: DrainWorker): Promise<void>;
  close(): Promise<void>;
}

/** Opens the queue. Throws QUEUE_UNAVAILABLE, or for Postgres DATABASE_UNAVAILABLE, DATABASE_DENIED, SCHEMA_TOO_NEW. */
export function openLink(options: LinkOptions): Promise<Link> {
  return options.redisUrl === null ? openPostgres(options) : openRedis(options, options.redisUrl);
}

function workerOptions(tuning: WorkerTuning) {
  return {
    concurrency: tuning.concurrency,
    lockDuration: tuning.lockMs,
    stalledInterval: tuning.stalledMs,
  };
}

// ---------------------------------------------------------------- Redis

async function openRedis(options: LinkOptions, url: string): Promise<Link> {
  const outage = new Outage(options.log, 'redis');
  // A producer fails soon instead of queueing commands for ever; the worker below must wait for ever (BullMQ demands null).
  const client = redisClient(url, 1, outage);
  await connected(client, options.log);
  const prefix = options.prefix ?? QUEUE_NAME;
  const queue: Queue<JobData, JobResult, string> = new Queue(QUEUE_NAME, { connection: client, prefix });
  queue.on('error', (error) => outage.fault(error));
  const clients: Redis[] = [client];
  return {
    backend: 'redis',
    queue,
    outage,
    openWorker(processor, tuning) {
      const own = redisClient(url, null, outage);
      clients.push(own);
      return new Worker(QUEUE_NAME, processor, { connection: own, prefix, ...workerOptions(tuning) });
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

async function openPostgres(options: LinkOptions): Promise<Link> {
  await migrateQueue(options.postgresUrl);
  const outage = new Outage(options.log, 'postgres');
  const connection = {
    connectionString: options.postgresUrl,
    schema: POSTGRES_SCHEMA,
    max: POSTGRES_POOL,
    connectionTimeoutMillis: CONNECT_MS,
  };
  const name = options.prefix ?? QUEUE_NAME;
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const queue = new Queue<JobData, JobResult, string>(name, { connection });
  queue.on('error', (error) => outage.fault(error));
  return {
    backend: 'postgres',
    queue,
    outage,
    openWorker: (processor, tuning) =>
      new Worker<JobData, JobResult, string>(name, processor, { connection, ...workerOptions(tuning) }),
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

async function cutWorker(worker: DrainWorker, outage: Outage): Promise<void> {
  outage.close();
  // On Postgres close(true) leaves the blocked wait, up to an hour, on its timer; this ends it. Not awaited: on a Redis that was never reached
  // it waits for the first connection.
  worker
    .getBackend()
    .disconnectBlocking(false)
    .catch(() => undefined);
  await settledWithin(CLOSE_MS, worker.close(true));
}
