// What the tests of this room share: rows in the outbox as a storing transaction writes them, a consumer that remembers, and waiting.

import { onTestFinished } from 'vitest';
import { Pump, type PumpOptions } from '../../src/events/pump.ts';
import type { Sender } from '../../src/events/sender.ts';
import { silentLog } from '../../src/log.ts';
import { EVENT_TYPES, type EventType, type MaildrainEvent } from '../../src/model-pipeline.ts';
import { backlog } from '../../src/store/deliveries.ts';
import { writeEvents } from '../../src/store/events.ts';
import { type Database, inTransaction, openDatabase } from '../../src/store/pool.ts';
import { giveUp, reconcileSinks, retiredSinks } from '../../src/store/sinks.ts';

export interface Told {
  readonly key: string;
  readonly type?: EventType;
  readonly body?: Record<string, unknown>;
}

/** Writes events as the drain does. */
export async function tell(database: Database, events: readonly Told[]): Promise<void> {
  const pen = await database.take();
  try {
    await inTransaction(pen.client, () =>
      writeEvents(
        pen.client,
        new Date(),
        events.map(({ key, type, body }) => ({ key, type: type ?? 'bounce.failed', body: body ?? { address: key } })),
      ),
    );
  } finally {
    await pen.release();
  }
}

export async function register(database: Database, ...names: string[]): Promise<void> {
  await reconcileSinks(
    database,
    names.map((name) => ({ name, types: [...EVENT_TYPES] })),
  );
}

/** What `serve` does in the background after registering. Returns how much was given up. */
export async function giveUpAll(database: Database): Promise<number> {
  let sum = 0;
  for (const name of await retiredSinks(database.sql))
    sum += await giveUp(database, name, new AbortController().signal);
  return sum;
}

/** Many events in one statement, all waiting for one consumer. `key` is SQL over `n`. */
export async function tellMany(database: Database, sink: string, many: number, key: string): Promise<void> {
  const pen = await database.take();
  try {
    await inTransaction(pen.client, () =>
      pen.client.query(
        `with written as (
           insert into maildrain.event (at, type, key, body)
           select now(), 'bounce.failed', ${key}, '{}' from generate_series(1, ${many}) n returning id, key)
         insert into maildrain.event_delivery (sink, key, event_id) select '${sink}', key, id from written`,
      ),
    );
  } finally {
    await pen.release();
  }
}

/** A second process: the same database through connections of its own. */
export function another(url: string): Database {
  const database = openDatabase(url, 4, () => {});
  onTestFinished(() => database.close());
  return database;
}

/** A started pump with short times, stopped when the test is over. */
export function pump(
  database: Database,
  sink: string,
  send: (event: MaildrainEvent, signal: AbortSignal) => Promise<void> | void,
  more: Partial<PumpOptions> = {},
): Pump {
  const sender: Sender = { send: async (event, signal) => send(event, signal), close: async () => {} };
  const timing = { pollMs: 50, standbyMs: 100 };
  const made = new Pump({ database, sink, sender, log: silentLog, timing, ...more });
  onTestFinished(async () => {
    await made.stop(0);
  });
  made.start();
  return made;
}

export async function waiting(database: Database, sink: string): Promise<number> {
  return (await backlog(database.sql)).find(({ name }) => name === sink)?.waiting ?? -1;
}

export const numberOf = (event: MaildrainEvent): number => Number(event.id.slice('evt_'.length));

/** The events of each key in the order they came, each once. */
export function firstTold(events: readonly MaildrainEvent[]): Map<string, number[]> {
  const byKey = new Map<string, number[]>();
  const seen = new Set<string>();
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    byKey.set(event.key, [...(byKey.get(event.key) ?? []), numberOf(event)]);
  }
  return byKey;
}

export const ascending = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
