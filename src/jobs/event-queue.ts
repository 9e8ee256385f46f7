// The consumer that is a BullMQ queue: each event becomes a job that the owner's own worker takes. On the server that the service's queue is on, but
// a queue of its own, found by an ordinary BullMQ worker without settings: on Redis under BullMQ's default prefix, on Postgres in the schema of
// the service's queue.
import { createPostgresBackend, type JobsOptions, Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { MaildrainError } from '../errors.ts';
import { type EventJson, eventJson, type Sender } from '../events/sender.ts';
import {
  ADMIN_QUEUE_NAME,
  CLOSE_MS,
  CONNECT_MS,
  type LinkOptions,
  migrateQueue,
  POSTGRES_SCHEMA,
  QUEUE_NAME,
} from './link.ts';
import { settledWithin } from './outage.ts';
import { answered } from './producer.ts';

/** Events are added a few at a time; each connection counts against max_connections. */
const POSTGRES_POOL = 2;

const DAY_S = 24 * 60 * 60;

/**
 * BullMQ lets the one who adds a job say how often it is tried. Pauses of 1, 2, 4 seconds and so on: eleven cover half an hour, in which a worker that was
 * deployed broken is usually repaired. After that the job stands among the failed ones, from where a person retries it. A finished job is kept for a day, so
 * that the same event told again finds its id taken. Both are bounded, for this Redis may be the one that schedules the drains, and it forgets nothing by
 * itself (noeviction): 10,000 jobs of 1.6 KB (measured, a usual bounce) are 16 MB. A month is as long as the outbox keeps the event (store/retention.ts).
 */
const JOB_OPTIONS: JobsOptions = {
  attempts: 12,
  backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
  removeOnComplete: { age: DAY_S, count: 10_000 },
  removeOnFail: { age: 30 * DAY_S, count: 10_000 },
};

export type EventQueueOptions = Pick<LinkOptions, 'redisUrl' | 'postgresUrl'> & {
  /** Name of the queue. */
  readonly queue: string;
};

interface OpenQueue {
  readonly queue: Pick<Queue<EventJson, unknown, string>, 'add' | 'close'>;
  cut(): void;
}

/** Connects when the first event is sent; the errors of sending are those of producer.ts. */
export function queueSender(options: EventQueueOptions): Sender {
  if (options.queue === QUEUE_NAME || options.queue === ADMIN_QUEUE_NAME) {
    throw new MaildrainError(
      'CONFIG_INVALID',
      `events cannot go to the queue "${options.queue}": it is the one for ${options.queue === QUEUE_NAME ? 'drains' : 'admin jobs'}`,
    );
  }
  return new QueueSender(options);
}

class QueueSender implements Sender {
  readonly #options: EventQueueOptions;
  #open: Promise<OpenQueue> | null = null;

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  async send(event: Parameters<Sender['send']>[0]): Promise<void> {
    const { queue } = await this.#opened();
    // An id that is there already, also of a job that is done, is left as it is: told twice, worked once.
    await answered(
      'the event is not added',
      queue.add(event.type, eventJson(event), { ...JOB_OPTIONS, jobId: event.id }),
    );
  }

  #opened(): Promise<OpenQueue> {
    this.#open ??= this.#connect().catch((error: unknown) => {
      // The next event tries again.
      this.#open = null;
      throw error;
    });
    return this.#open;
  }

  async #connect(): Promise<OpenQueue> {
    const { queue: name, redisUrl, postgresUrl } = this.#options;
    if (redisUrl === null) {
      await migrateQueue(postgresUrl);
      const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
      const connection = {
        connectionString: postgresUrl,
        schema: POSTGRES_SCHEMA,
        max: POSTGRES_POOL,
        connectionTimeoutMillis: CONNECT_MS,
      };
      const queue = new PostgresQueue<EventJson, unknown, string>(name, { connection });
      // Whoever sends hears of it as a failure of its event, and says it once.
      queue.on('error', () => {});
      return { queue, cut() {} };
    }
    // Commands fail after one new connection instead of waiting for ever; ioredis itself goes on connecting.
    const client = new Redis(redisUrl, {
      maxRetriesPerRequest: 1,
      connectTimeout: CONNECT_MS,
      connectionName: QUEUE_NAME,
    });
    client.on('error', () => {});
    const queue = new Queue<EventJson, unknown, string>(name, { connection: client });
    queue.on('error', () => {});
    return { queue, cut: () => client.disconnect() };
  }

  async close(): Promise<void> {
    const open = await this.#open?.catch(() => null);
    if (open === null || open === undefined) return;
    await settledWithin(CLOSE_MS, open.queue.close());
    open.cut();
  }
}
