// What is done once a day beside the drains: tables for the months to come, and the end of what is over. Each is tried whatever became of the other.

import { asMaildrainError } from './errors.ts';
import type { Log } from './log.ts';
import { expireEvents } from './store/expire-events.ts';
import { ensurePartitions } from './store/migrate.ts';
import type { Database } from './store/pool.ts';

/** Partitions are made two months ahead, and a day more or less of old events is nothing. */
export const MAINTENANCE_MS = 24 * 60 * 60 * 1000;

/** Never throws: what could not be done is done the next day. */
export async function maintain(database: Database, log: Log, signal: AbortSignal): Promise<void> {
  const now = new Date();
  await attempt(log, 'partitions could not be made', () => ensurePartitions(database.sql, now));
  await attempt(log, 'old events could not be deleted', async () => {
    const events = await expireEvents(database, now, signal);
    if (events > 0) log.info({ events }, 'old events deleted');
  });
}

async function attempt(log: Log, trouble: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const error = asMaildrainError(thrown);
    log.warn({ code: error.code, error }, trouble);
  }
}
