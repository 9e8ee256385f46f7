// The sending half of the outbox: what each consumer has not had yet, and what became of a try. Who is registered is in sinks.ts. Events are
// written by events.ts in the transaction that stores a message; they are sent by the room events/, which knows no SQL.

import { printable } from '../errors.ts';
import type { EventType, MaildrainEvent } from '../model-pipeline.ts';
import { inTransaction, type Sql } from './pool.ts';

/** Characters of an error that are kept: enough for a status and a reason. */
const MAX_ERROR = 500;

/** One event that one consumer has not had yet. */
export interface Delivery {
  /** `event.id`, decimal. */
  readonly eventId: string;
  /** Tries that failed. */
  readonly attempts: number;
  readonly event: MaildrainEvent;
}

/** What `status` shows of a consumer. */
export interface SinkBacklog {
  readonly name: string;
  readonly types: readonly string[];
  readonly waiting: number;
  /** When the oldest event that waits happened; null: none waits. */
  readonly oldest: Date | null;
  /** Why the latest try failed that has not been made good since. */
  readonly lastError: string | null;
  /** Keys that rest after a failure. */
  readonly resting: number;
}

interface SqlDelivery {
  event_id: string;
  attempts: number;
  tried: boolean;
  at: Date;
  type: EventType;
  key: string;
  body: Record<string, unknown>;
}

export interface NextDeliveries {
  /** Of keys that wait for no retry, oldest first: for each key its lowest event and those that follow it. */
  readonly fresh: readonly Delivery[];
  /** Events whose pause is over, those first that have waited longest since; each the lowest of its key. */
  readonly retries: readonly Delivery[];
}

/**
 * The next events for a consumer. Whoever sends those of a key one after the other keeps the order of the key. Left out are keys that rest after a
 * failure, and `except`: keys that are being sent right now. Retries are apart, or many keys that fail would hide those that never had a try.
 */
export async function nextDeliveries(
  sql: Sql,
  sink: string,
  limits: { readonly fresh: number; readonly retries: number },
  except: readonly string[] = [],
): Promise<NextDeliveries> {
  const found = await sql.query<SqlDelivery>(
    // What comes first by id is the lowest of its key, for nothing of the sink is skipped but whole keys: no look at the other rows of a key is needed.
    `select d.event_id, d.attempts, d.tried, e.at, e.type, e.key, e.body
       from ((select event_id, attempts, false as tried, null::timestamptz as due
                from maildrain.event_delivery
               where sink = $1 and key <> all($4)
                 and key not in (select key from maildrain.event_delivery where sink = $1 and not_before is not null)
               order by event_id limit $2)
             union all
             (select event_id, attempts, true, not_before
                from maildrain.event_delivery
               where sink = $1 and key <> all($4) and not_before <= now()
               order by not_before, event_id limit $3)) d
       join maildrain.event e on e.id = d.event_id
      order by d.tried, d.due, d.event_id`,
    [sink, limits.fresh, limits.retries, except],
  );
  return {
    fresh: found.rows.filter(({ tried }) => !tried).map(toDelivery),
    retries: found.rows.filter(({ tried }) => tried).map(toDelivery),
  };
}

/** Rows from either end among which a probe is chosen: enough for some of each kind of event, and read in a moment however many wait. */
const PROBE_ROWS = 200;

/**
 * One event to see whether a consumer is back: of the oldest and the newest that wait, one of those that were tried least, and of these any. Always the
 * oldest would be an event that was never taken, where the consumer is well and fails at one kind of event.
 */
export async function probeDelivery(sql: Sql, sink: string, except: readonly string[] = []): Promise<Delivery | null> {
  const found = await sql.query<SqlDelivery>(
    `select d.event_id, d.attempts, true as tried, e.at, e.type, e.key, e.body
       from (select f.event_id, f.attempts
               from ((select key from maildrain.event_delivery where sink = $1 and key <> all($2) order by event_id limit $3)
                     union
                     (select key from maildrain.event_delivery where sink = $1 and key <> all($2) order by event_id desc limit $3)) k
               cross join lateral (
                 -- compared as a row, for that is found in the primary key only: by event_id the planner would look for a rare key through everything
                 select event_id, attempts, not_before from maildrain.event_delivery
                  where (sink, key, event_id) >= ($1, k.key, 0) order by sink, key, event_id limit 1) f
              where f.not_before is null or f.not_before <= now()
              order by f.attempts, random() limit 1) d
       join maildrain.event e on e.id = d.event_id`,
    [sink, except, PROBE_ROWS],
  );
  const [row] = found.rows;
  return row === undefined ? null : toDelivery(row);
}

function toDelivery(row: SqlDelivery): Delivery {
  return {
    eventId: row.event_id,
    attempts: row.attempts,
    event: { id: `evt_${row.event_id}`, at: row.at, type: row.type, key: row.key, body: row.body },
  };
}

/** Forgets what a consumer has had. One transaction, so `sql` is one connection. */
export async function markDelivered(sql: Sql, sink: string, eventIds: readonly string[]): Promise<void> {
  await inTransaction(sql, () => strikeOff(sql, sink, eventIds));
}

/** The same within a transaction. Returns how many there were. */
export async function strikeOff(sql: Sql, sink: string, eventIds: readonly string[]): Promise<number> {
  // Two consumers that have the last two deliveries of an event at once: without the lock each would still see the other's.
  await sql.query('select from maildrain.event where id = any($1::bigint[]) order by id for update', [eventIds]);
  const deleted = await sql.query(
    'delete from maildrain.event_delivery where sink = $1 and event_id = any($2::bigint[])',
    [sink, eventIds],
  );
  await sql.query(
    `update maildrain.event e set published_at = now()
      where e.id = any($1::bigint[]) and e.published_at is null
        and not exists (select from maildrain.event_delivery d where d.event_id = e.id)`,
    [eventIds],
  );
  return deleted.rowCount ?? 0;
}

/** A try failed: the event, and with it its key, waits `pauseMs`. */
export async function postpone(sql: Sql, sink: string, eventId: string, pauseMs: number, error: string): Promise<void> {
  // By the clock of Postgres, which is also asked whether the time has come.
  await sql.query(
    `update maildrain.event_delivery
        set attempts = attempts + 1, not_before = now() + make_interval(secs => $3), last_error = $4
      where sink = $1 and event_id = $2::bigint`,
    [sink, eventId, pauseMs / 1000, printable(error.slice(0, MAX_ERROR))],
  );
}

/** The consumer is back: what rests of these keys is due now. */
export async function hasten(sql: Sql, sink: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  // Not null: a key that was tried stays among the few by which retries are found.
  await sql.query(
    'update maildrain.event_delivery set not_before = now() where sink = $1 and key = any($2) and not_before > now()',
    [sink, keys],
  );
}

interface SqlBacklog {
  name: string;
  types: string[];
  waiting: number;
  resting: number;
  oldest: Date | null;
  last_error: string | null;
}

/** What waits for each registered consumer; not of one that is being removed. */
export async function backlog(sql: Sql): Promise<SinkBacklog[]> {
  const found = await sql.query<SqlBacklog>(
    `select s.name, s.types, coalesce(d.waiting, 0)::int as waiting, coalesce(d.resting, 0)::int as resting, e.at as oldest,
            (select f.last_error from maildrain.event_delivery f
              where f.sink = s.name and f.last_error is not null order by f.not_before desc nulls last, f.event_id desc limit 1) as last_error
       from maildrain.event_sink s
       left join (
         select sink, count(*) as waiting, count(*) filter (where not_before > now()) as resting, min(event_id) as first
           from maildrain.event_delivery group by sink) d on d.sink = s.name
       left join maildrain.event e on e.id = d.first
      where s.types <> '{}'
      order by s.name`,
  );
  return found.rows.map(({ last_error: lastError, ...row }) => ({ ...row, lastError }));
}
