// The queue without a worker, for programs that only ask: the command line's `drain --enqueue`, `status` and admin jobs.

import { MaildrainError } from '../errors.ts';
import { type AdminLink, enqueueAdmin } from './admin-queue.ts';
import { type LinkOptions, openAdminLink, openLink } from './link.ts';
import { asQueueError, within } from './outage.ts';
import { enqueueDrain, nextRuns } from './schedules.ts';

/** Longest answer of a queue that is well, milliseconds; reading a thousand schedulers takes about one second on Postgres. */
export const ANSWER_MS = 15_000;

export interface Producer {
  readonly backend: 'redis' | 'postgres';
  /** "Drain now", once per mailbox. Returns the job's id. Does not check that the mailbox exists. */
  enqueue(name: string): Promise<string>;
  /** Tells the queue of an admin job. */
  enqueueAdmin(id: string): Promise<void>;
  /** Next scheduled run per mailbox; in the past when it waits for a worker. Empty when no service has scheduled anything. */
  nextRuns(): Promise<Map<string, Date>>;
  close(): Promise<void>;
}

/** Connects, or throws QUEUE_UNAVAILABLE (Redis) or DATABASE_UNAVAILABLE, DATABASE_DENIED, SCHEMA_TOO_NEW (Postgres) within seconds. */
export async function createProducer(options: LinkOptions): Promise<Producer> {
  const link = await openLink(options);
  let admin: Promise<AdminLink> | null = null;
  return {
    backend: link.backend,
    enqueue: (name) => answered('the drain is not enqueued', enqueueDrain(link.queue, name)),
    async enqueueAdmin(id) {
      admin ??= openAdminLink(options);
      admin.catch(() => {
        admin = null;
      });
      await answered('the job is not enqueued', enqueueAdmin((await admin).queue, id));
    },
    nextRuns: () => answered('the next runs are not known', nextRuns(link.queue)),
    async close() {
      await admin?.then((opened) => opened.close()).catch(() => undefined);
      await link.close();
    },
  };
}

/** Bounds a call to the queue and names its failure. Throws QUEUE_UNAVAILABLE, or BUG for what we do not know. */
export async function answered<T>(what: string, work: Promise<T>): Promise<T> {
  const late = () => new MaildrainError('QUEUE_UNAVAILABLE', `the queue does not answer: ${what}`);
  try {
    return await within(ANSWER_MS, work, late);
  } catch (error) {
    throw asQueueError(error, what);
  }
}
