// The sending half of the outbox: who is registered to hear, what each consumer has not had yet, and what became of a try. Events are
// written by events.ts in the transaction that stores a message; they are sent by the room events/, which knows no SQL.

import { printable } from '../errors.ts';
import type { EventType, MaildrainEvent } from '../model.ts';
import { type Database, inTransaction, type Sql } from './pool.ts';

/** The consumer that is a function of the program itself. Only such a program can say that it is gone, so a configuration never removes it. */
export const CALLBACK_SINK = 'onEvent';

/** Characters of an error that are kept: enough for a status and a reason. */
const MAX_ERROR = 500;

/** A consumer: which types of event it wants. */
export interface SinkWants {
  readonly name: string;
  readonly types: readonly EventType[];
}

export interface SinkChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** With the number of deliveries that were waiting and are given up. */
  readonly removed: readonly { readonly name: string; readonly waiting: number }[];
}

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

const NO_CHANGES: SinkChanges = { added: [], changed: [], removed: [] };

/**
 * Makes the registered consumers equal to the configured ones. A consumer that is gone takes its waiting deliveries with it. One transaction.
 * The callback is left as it is unless it is among `sinks`.
 */
export async function reconcileSinks(database: Database, sinks: readonly SinkWants[]): Promise<SinkChanges> {
  return onPen(database, async (sql) => {
    const { added, changed } = await register(sql, sinks);
    const names = [...sinks.map(({ name }) => name), CALLBACK_SINK];
    const gone = await sql.query<{ name: string }>('select name from maildrain.event_sink where name <> all($1)', [
      names,
    ]);
    return { added, changed, removed: await drop(sql, namesOf(gone.rows)) };
  });
}

/** Registers the callback, or adds to what is registered without taking anything away. */
export async function addSink(database: Database, sink: SinkWants): Promise<SinkChanges> {
  return onPen(database, async (sql) => ({ ...NO_CHANGES, ...(await register(sql, [sink])) }));
}

/** Takes one consumer away with all that waits for it. */
export async function removeSink(database: Database, name: string): Promise<SinkChanges> {
  return onPen(database, async (sql) => {
    const found = await sql.query<{ name: string }>('select name from maildrain.event_sink where name = $1', [name]);
    return { ...NO_CHANGES, removed: await drop(sql, namesOf(found.rows)) };
  });
}

async function onPen<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  const pen = await database.take();
  try {
    return await inTransaction(pen.client, async () => {
      // One at a time: two processes that start together would wait for each other's rows.
      await pen.client.query(`select pg_advisory_xact_lock(hashtextextended('maildrain:sinks', 0))`);
      return await work(pen.client);
    });
  } finally {
    await pen.release();
  }
}

const namesOf = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name);

async function register(sql: Sql, sinks: readonly SinkWants[]): Promise<Pick<SinkChanges, 'added' | 'changed'>> {
  const added: string[] = [];
  const changed: string[] = [];
  for (const { name, types } of [...sinks].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const written = await sql.query<{ made: boolean }>(
      // xmax is 0 in a row that was never another one
      `insert into maildrain.event_sink (name, types) values ($1, $2)
       on conflict (name) do update set types = excluded.types where event_sink.types is distinct from excluded.types
       returning xmax = 0 as made`,
      [name, [...types]],
    );
    const made = written.rows[0]?.made;
    if (made !== undefined) (made ? added : changed).push(name);
  }
  return { added, changed };
}

async function drop(sql: Sql, names: readonly string[]): Promise<{ name: string; waiting: number }[]> {
  if (names.length === 0) return [];
  // Waits for transactions that have read who is registered and will write for them; those that come later read after us. A lock on the rows would
  // let a reader with an older view fail on its foreign key, and with it the storing of a batch.
  await sql.query('lock table maildrain.event_sink in access exclusive mode');
  const waiting = await sql.query<{ name: string; waiting: number }>(
    `select s.name, count(d.event_id)::int as waiting
       from maildrain.event_sink s left join maildrain.event_delivery d on d.sink = s.name
      where s.name = any($1) group by s.name order by s.name`,
    [names],
  );
  await sql.query(
    `update maildrain.event e set published_at = now()
      where e.published_at is null
        and e.id in (select event_id from maildrain.event_delivery where sink = any($1))
        and not exists (select from maildrain.event_delivery o where o.event_id = e.id and o.sink <> all($1))`,
    [names],
  );
  await sql.query('delete from maildrain.event_sink where name = any($1)', [names]);
  return waiting.rows;
}

interface SqlDelivery {
  event_id: string;
  attempts: number;
  at: Date;
  type: EventType;
  key: string;
  body: Record<string, unknown>;
}

/**
 * The next events for a consumer, oldest first: for each key its lowest event and those that follow it, so that whoever sends them one after the other
 * keeps the order of the key. Left out are keys that rest after a failure, and `except`: keys that are being sent right now.
 */
export async function nextDeliveries(
  sql: Sql,
  sink: string,
  limit: number,
  except: readonly string[] = [],
): Promise<Delivery[]> {
  const found = await sql.query<SqlDelivery>(
    // What comes first by id is the lowest of its key, for nothing of the sink is skipped but whole keys: no look at the other rows of a key is needed.
    `select d.event_id, d.attempts, e.at, e.type, e.key, e.body
       from (select event_id, attempts
               from maildrain.event_delivery
              where sink = $1 and key <> all($3)
                and key not in (select key from maildrain.event_delivery where sink = $1 and not_before > now())
              order by event_id limit $2) d
       join maildrain.event e on e.id = d.event_id
      order by d.event_id`,
    [sink, limit, except],
  );
  return found.rows.map((row) => ({
    eventId: row.event_id,
    attempts: row.attempts,
    event: { id: `evt_${row.event_id}`, at: row.at, type: row.type, key: row.key, body: row.body },
  }));
}

/** Forgets what a consumer has had. One transaction, so `sql` is one connection. */
export async function markDelivered(sql: Sql, sink: string, eventIds: readonly string[]): Promise<void> {
  await inTransaction(sql, async () => {
    // Two consumers that have the last two deliveries of an event at once: without the lock each would still see the other's.
    await sql.query('select from maildrain.event where id = any($1::bigint[]) order by id for update', [eventIds]);
    await sql.query('delete from maildrain.event_delivery where sink = $1 and event_id = any($2::bigint[])', [
      sink,
      eventIds,
    ]);
    await sql.query(
      `update maildrain.event e set published_at = now()
        where e.id = any($1::bigint[]) and e.published_at is null
          and not exists (select from maildrain.event_delivery d where d.event_id = e.id)`,
      [eventIds],
    );
  });
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

/** The consumer is back: what rests is due now. */
export async function hasten(sql: Sql, sink: string): Promise<void> {
  await sql.query('update maildrain.event_delivery set not_before = null where sink = $1 and not_before is not null', [
    sink,
  ]);
}

interface SqlBacklog {
  name: string;
  types: string[];
  waiting: number;
  resting: number;
  oldest: Date | null;
  last_error: string | null;
}

/** What waits for each registered consumer. */
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
      order by s.name`,
  );
  return found.rows.map(({ last_error: lastError, ...row }) => ({ ...row, lastError }));
}
