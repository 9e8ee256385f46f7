// What all consumers have in common: the form an event takes on its way out, and how a sender says that it was not taken. How it travels is
// in webhook.ts, callback.ts and, for a queue, jobs/event-queue.ts; when and in which order, in shift.ts.

import type { MaildrainEvent } from '../model-pipeline.ts';

/** Brings one event to one consumer. */
export interface Sender {
  /** Resolves when the consumer has it. Anything thrown means that it has not, or that nobody knows. */
  send(event: MaildrainEvent, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** An event in JSON, the same for webhooks and queues. */
export interface EventJson {
  /** The same each time the event is told. */
  readonly id: string;
  readonly type: string;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function eventJson(event: MaildrainEvent): EventJson {
  return { id: event.id, type: event.type, timestamp: event.at.toISOString(), data: event.body };
}

export interface FailureFacts {
  readonly slow?: boolean;
  readonly whole?: boolean;
  readonly retryAfterMs?: number | null;
  readonly loggable?: string;
}

/** The consumer did not take an event. `message` goes to the outbox and `status`, never with a secret, an address of ours or the event in it. */
export class NotDelivered extends Error {
  /** The consumer refuses this event, or us: asking again soon would be a nuisance and change nothing. */
  readonly slow: boolean;
  /** It is not this event's doing, as far as can be said: any other would have fared the same. */
  readonly whole: boolean;
  /** What the consumer asks for itself: not to be called within these milliseconds. */
  readonly retryAfterMs: number | null;
  /** What may stand in a log, where `message` quotes foreign code. */
  readonly loggable: string;

  constructor(message: string, facts: FailureFacts = {}) {
    super(message);
    this.name = 'NotDelivered';
    this.slow = facts.slow ?? false;
    this.whole = facts.whole ?? !this.slow;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.loggable = facts.loggable ?? message;
  }
}
