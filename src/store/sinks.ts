// Who is registered to hear of events: kept equal to the configuration. A consumer that is gone is removed in two steps, for an hour's work on what
// waited for it must not hold up the storing of mail. What each has not had yet is in deliveries.ts.

import type { EventType } from '../model-pipeline.ts';
import { strikeOff } from './deliveries.ts';
import { type Database, inTransaction, type Sql } from './pool.ts';

/** The consumer that is a function of the program itself. Only such a program can say that it is gone, so a configuration never removes it. */
export const CALLBACK_SINK = 'onEvent';

/** Deliveries given up in one transaction: about half a second, in which a drain or a pump at most waits for these few events. */
const SLICE = 10_000;

/** A consumer: which types of event it wants. */
export interface SinkWants {
  readonly name: string;
  readonly types: readonly EventType[];
}

export interface SinkChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** Nothing is written for these any more; giveUp() takes away what waits for them. */
  readonly retired: readonly string[];
}

const NO_CHANGES: SinkChanges = { added: [], changed: [], retired: [] };

/**
 * Makes the registered consumers equal to the configured ones. Those that are gone are retired. One transaction. The callback is left as it is unless it is
 * among `sinks`.
 */
export async function reconcileSinks(database: Database, sinks: readonly SinkWants[]): Promise<SinkChanges> {
  return onPen(database, async (sql) => {
    const { added, changed } = await register(sql, sinks);
    const names = [...sinks.map(({ name }) => name), CALLBACK_SINK];
    const gone = await sql.query<{ name: string }>(
      `select name from maildrain.event_sink where name <> all($1) and types <> '{}' order by name`,
      [names],
    );
    return { added, changed, retired: await retire(sql, namesOf(gone.rows)) };
  });
}

/** Registers the callback, or adds to what is registered without taking anything away. */
export async function addSink(database: Database, sink: SinkWants): Promise<SinkChanges> {
  return onPen(database, async (sql) => ({ ...NO_CHANGES, ...(await register(sql, [sink])) }));
}

/** Retires one consumer. */
export async function removeSink(database: Database, name: string): Promise<SinkChanges> {
  return onPen(database, async (sql) => {
    const found = await sql.query<{ name: string }>(
      `select name from maildrain.event_sink where name = $1 and types <> '{}'`,
      [name],
    );
    return { ...NO_CHANGES, retired: await retire(sql, namesOf(found.rows)) };
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

/** A consumer without types is one that is being removed: no configuration can make one. */
async function retire(sql: Sql, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  // Waits for transactions that have read who is registered and will write for them; those that come later read after us. A lock on the rows would
  // let a reader with an older view fail on its foreign key when the row is deleted, and with it the storing of a batch.
  await sql.query('lock table maildrain.event_sink in access exclusive mode');
  await sql.query(`update maildrain.event_sink set types = '{}' where name = any($1)`, [names]);
  return [...names];
}

/** Consumers that are being removed, also by a process that was killed at it. */
export async function retiredSinks(sql: Sql): Promise<string[]> {
  const found = await sql.query<{ name: string }>(
    `select name from maildrain.event_sink where types = '{}' order by name`,
  );
  return namesOf(found.rows);
}

/**
 * Gives up what waits for a retired consumer, and at last its row, in transactions of SLICE: killed in between, it is gone on with when it is called again. Several
 * processes may do it at once. A consumer that is configured again meanwhile keeps what is left.
 *
 * @returns how many deliveries were given up here
 */
export async function giveUp(database: Database, name: string, signal: AbortSignal, slice = SLICE): Promise<number> {
  const pen = await database.take();
  let sum = 0;
  try {
    while (!signal.aborted) {
      const given = await inTransaction(pen.client, () => giveUpSlice(pen.client, name, slice));
      if (given === null) break;
      sum += given;
    }
    return sum;
  } finally {
    await pen.release();
  }
}

/** Null: nothing is left to do. */
async function giveUpSlice(sql: Sql, name: string, slice: number): Promise<number | null> {
  // Whoever configures it again, or gives it up too, waits for this slice; whoever writes an event does not (PostgreSQL 13.3.2).
  const retired = await sql.query(
    `select from maildrain.event_sink where name = $1 and types = '{}' for no key update`,
    [name],
  );
  if (retired.rowCount === 0) return null;
  const waiting = await sql.query<{ event_id: string }>(
    'select event_id from maildrain.event_delivery where sink = $1 order by event_id limit $2',
    [name, slice],
  );
  const ids = waiting.rows.map(({ event_id: id }) => id);
  if (ids.length > 0) return strikeOff(sql, name, ids);
  await sql.query(`delete from maildrain.event_sink where name = $1 and types = '{}'`, [name]);
  return null;
}
