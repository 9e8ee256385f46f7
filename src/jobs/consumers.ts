// All consumers of events in this process: registered as configured, each with a sender of its kind and a pump. In this room because one kind is a
// BullMQ queue; the pumps are in events/.
import type { EventSinkConfig } from '../config.ts';
import { asMaildrainError } from '../errors.ts';
import { callbackSender, type EventCallback } from '../events/callback.ts';
import { Pump } from '../events/pump.ts';
import type { Sender } from '../events/sender.ts';
import { webhookSender } from '../events/webhook.ts';
import type { Log } from '../log.ts';
import { EVENT_TYPES } from '../model-pipeline.ts';
import type { Database } from '../store/pool.ts';
import {
  addSink,
  CALLBACK_SINK,
  giveUp,
  reconcileSinks,
  removeSink,
  retiredSinks,
  type SinkChanges,
} from '../store/sinks.ts';
import { queueSender } from './event-queue.ts';
import { settledWithin } from './outage.ts';

/** A slice of what is given up takes half a second. */
const SLICE_MS = 5_000;

export interface ConsumersOptions {
  readonly database: Database;
  /** Null: this program knows nothing of them, and leaves what is registered. */
  readonly events: readonly EventSinkConfig[] | null;
  /** Undefined: what is registered stays, another process may have one. Null: nobody has one any more. */
  readonly onEvent: EventCallback | null | undefined;
  readonly redisUrl: string | null;
  readonly postgresUrl: string;
  readonly log: Log;
}

export interface Consumers {
  /** There may be new events. */
  wake(): void;
  /** Ends after the events in hand, at most `graceMs` later; true when every connection was given back. Never throws, never hangs. */
  stop(graceMs: number): Promise<boolean>;
}

/** Registers the consumers, so that events are written for them from now on, and begins to send. Throws MaildrainError. */
export async function startConsumers(options: ConsumersOptions): Promise<Consumers> {
  const { database, events, onEvent, log } = options;
  if (events !== null) tellChanges(log, await reconcileSinks(database, events));
  if (onEvent === null) tellChanges(log, await removeSink(database, CALLBACK_SINK));
  const senders = (events ?? []).map((sink): [string, Sender] => [sink.name, senderOf(sink, options)]);
  if (onEvent !== undefined && onEvent !== null) {
    tellChanges(log, await addSink(database, { name: CALLBACK_SINK, types: EVENT_TYPES }));
    senders.push([CALLBACK_SINK, callbackSender(onEvent)]);
  }
  const pumps = senders.map(([sink, sender]) => new Pump({ database, sink, sender, log }));
  for (const pump of pumps) pump.start();
  const stopping = new AbortController();
  const givingUp = giveUpRetired(options, stopping.signal);
  return {
    wake() {
      for (const pump of pumps) pump.wake();
    },
    async stop(graceMs) {
      stopping.abort();
      const ended = (await Promise.all(pumps.map((pump) => pump.stop(graceMs)))).every(Boolean);
      // The slice in hand is over in a moment, or Postgres does not answer and the pool is not waited for.
      return (await settledWithin(SLICE_MS, givingUp)) && ended;
    },
  };
}

function senderOf({ target }: EventSinkConfig, { redisUrl, postgresUrl }: ConsumersOptions): Sender {
  return 'queue' in target
    ? queueSender({ redisUrl, postgresUrl, queue: target.queue })
    : webhookSender(target.webhook);
}

function tellChanges(log: Log, { added, changed, retired }: SinkChanges): void {
  if (added.length + changed.length > 0) log.info({ added, changed }, 'event consumers registered');
  for (const sink of retired) {
    log.info({ sink }, 'event consumer is no longer configured, what waits for it is given up');
  }
}

/** In the background: a consumer that has been dead for a year may leave millions. Also of an earlier process that was ended at it. Never throws. */
async function giveUpRetired({ database, log }: ConsumersOptions, signal: AbortSignal): Promise<void> {
  try {
    for (const sink of await retiredSinks(database.sql)) {
      const waiting = await giveUp(database, sink, signal);
      if (signal.aborted) return;
      // What waited is gone with it: a person may want to know how much that was.
      const write = waiting > 0 ? log.warn : log.info;
      write.call(log, { sink, waiting }, 'event consumer removed, what waited for it was given up');
    }
  } catch (thrown) {
    const error = asMaildrainError(thrown);
    log.warn({ code: error.code, error }, 'an event consumer could not be removed, the next start goes on with it');
  }
}
