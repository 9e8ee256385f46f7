// What follows from reports: how far they are trusted, whom they are about, suppressions, events.

import type { Category } from './model-reading.ts';

/** How far a report can be believed, best first. Anybody can send a message that looks like a bounce. */
export type Trust =
  // It came back to an address with our HMAC in it.
  | 'signed'
  // It names a message that is known to have been sent.
  | 'known-message'
  | 'address-only';

/** An address that reports come back to, with the place of its tag: `bounces+{token}@example.com`. */
export interface VerpPattern {
  /** `token`: a signed tag, or the owner's own. `address`: `local=domain`, as unsigned VERP writes it. */
  readonly holds: 'token' | 'address';
  /** The local part before and after the tag; lower-case ASCII. */
  readonly before: string;
  readonly after: string;
  /** A-labels. */
  readonly domain: string;
}

/** What ties a message to what was sent, as far as the message itself shows it (mail/correlation.ts). */
export interface Correlation {
  /** The tag of the address it came back to, as it stands there; null without one. */
  readonly token: string | null;
  /** The address that was written to, where the tag says so and proves it, or says so and nothing need be proved; null otherwise. */
  readonly address: string | null;
  /** The tag's HMAC is right. For a tag that names no address, `address` is the reported one that the HMAC was made for. */
  readonly signed: boolean;
  /** Fields of the returned message that the owner has named, lower-case names. */
  readonly originalHeaders: Readonly<Record<string, string>>;
}

/** Why an address may be suppressed. */
export type SuppressionCause = Category | 'complaint';

/** `after` reports within `withinMs` suppress the address for `forMs`. */
export interface SuppressionRule {
  /** 1 to 1,000; several reports of one message, or of one day, count once. */
  readonly after: number;
  /** Milliseconds; null: ever. */
  readonly withinMs: number | null;
  /** Milliseconds; null: until somebody lifts it. */
  readonly forMs: number | null;
}

export interface SuppressionPolicy {
  /** Reports of less trust suppress nobody. */
  readonly trust: Trust;
  /** The same for complaints: feedback loops send them to an address that has no tag. */
  readonly complaintTrust: Trust;
  /** Null: never for this cause. */
  readonly rules: Readonly<Record<SuppressionCause, SuppressionRule | null>>;
}

/** What a consumer can be told. docs/events.md has the body of each. */
export const EVENT_TYPES = [
  'bounce.failed',
  'bounce.delayed',
  'complaint',
  'auto-reply',
  'suppression.added',
  'suppression.removed',
  'mailbox.stopped',
  'message.held',
  'message.stored',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** One event, told at least once; `id` is the same each time. */
export interface MaildrainEvent {
  /** `evt_` and a number that rises. */
  readonly id: string;
  readonly at: Date;
  readonly type: EventType;
  /** The address or the mailbox it is about: events of one key come in order. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}
