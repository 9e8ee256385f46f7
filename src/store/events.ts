// The outbox: events are written in the transaction that makes them true, so that none is told of what was rolled back and none is missed.
// Who is told what stands in event_sink; deliveries.ts hands the events out.

import type { EventType } from '../model-pipeline.ts';
import type { Sql } from './pool.ts';

export interface NewEvent {
  readonly type: EventType;
  /** The address or the mailbox it is about. Events of one key must be written under one lock, or their order means nothing. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Writes events in their order, each with a delivery for every consumer that wants its type. Call inside a transaction. */
export async function writeEvents(sql: Sql, now: Date, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql.query({
    // Planned once for a connection, not once a batch.
    name: 'maildrain: events',
    text: `with wanted as (
       select r.*, array(select name from maildrain.event_sink where r.type = any(types)) as sinks
         from unnest($2::text[], $3::text[], $4::jsonb[]) with ordinality as r (type, key, body, ord)),
     written as (
       insert into maildrain.event (at, type, key, body, published_at)
       select $1::timestamptz, type, key, body, case when sinks = '{}' then $1::timestamptz end from wanted order by ord
       returning id, type, key)
     insert into maildrain.event_delivery (sink, key, event_id)
     select s.name, w.key, w.id from written w join maildrain.event_sink s on w.type = any(s.types)`,
    values: [
      now,
      events.map(({ type }) => type),
      events.map(({ key }) => key),
      events.map(({ body }) => JSON.stringify(body)),
    ],
  });
}

/** Whether anybody wants to hear of each stored message: there are too many of them to write down for nobody. */
export async function wantsStored(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ yes: boolean }>(
    `select exists (select from maildrain.event_sink where 'message.stored' = any(types)) as yes`,
  );
  return rows[0]?.yes === true;
}
