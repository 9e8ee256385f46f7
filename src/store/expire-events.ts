// The end of the outbox: events that every consumer has had are kept for a while, for people who look for what was told, and then deleted.

import { type Database, inTransaction } from './pool.ts';

/**
 * Days that an event is kept after its last consumer had it: as long as a person asks what became of an address, and as a webhook may be replayed by
 * hand from the table. At 100,000 events a day it is some GB.
 */
export const EVENT_DAYS = 30;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Rows in one transaction: well under a second, and no drain waits for an old event. */
const SLICE = 10_000;

/** Deletes what all have had for EVENT_DAYS, in transactions of SLICE. Returns how many. Several processes may do it at once. */
export async function expireEvents(database: Database, now: Date, signal: AbortSignal, slice = SLICE): Promise<number> {
  const before = new Date(now.getTime() - EVENT_DAYS * DAY_MS);
  const pen = await database.take();
  let sum = 0;
  try {
    for (let deleted = slice; deleted === slice && !signal.aborted; sum += deleted) {
      deleted = await inTransaction(pen.client, async () => {
        const done = await pen.client.query(
          // No event is told before it happened, so the index on `at` finds those that may be old enough.
          `delete from maildrain.event where id in (
             select id from maildrain.event where at < $1 and published_at < $1 order by at limit $2 for update skip locked)`,
          [before, slice],
        );
        return done.rowCount ?? 0;
      });
    }
    return sum;
  } finally {
    await pen.release();
  }
}
