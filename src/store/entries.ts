// What the storing transaction is handed: messages as they came, what is to be written of each, and where. The drain fills these in
// (drain/recognise.ts), batch.ts and its helpers write them.

import type { Listed } from '../model.ts';
import type { Reading } from '../model-reading.ts';
import type { LedgerKey } from './ledger.ts';
import type { InFlight } from './mailboxes.ts';
import type { Pipeline } from './reports.ts';

/** What every ledger row of a batch says, new or adopted. */
export interface Entry {
  readonly listed: Listed;
  /** SHA-256 of the octets. */
  readonly digest: Buffer;
  /** Octets. */
  readonly size: number;
  readonly state: 'pending' | 'kept';
  readonly reason: string | null;
  /** Another message, whose row has this one's UID and digest: it makes room, under a UIDVALIDITY that no server uses. */
  readonly displaces: string | null;
}

/** A message that nobody has stored. */
export interface Fresh extends Entry {
  readonly raw: Buffer;
  readonly reading: Reading;
}

/** A message that is stored already; only its ledger row is written. */
export interface Adopted extends Entry {
  /** The row it had, replaced by the new one; null where that row stays (the same Gmail message under another label). */
  readonly replaces: LedgerKey | null;
  readonly messageId: string;
  readonly storedAt: Date;
  /** It is to be taken off the server: where its octets have expired these are stored in their place. Null: it stays there. */
  readonly arrived: Octets | null;
}

export interface Octets {
  /** Null: streamed, they stand in the database already. */
  readonly raw: Buffer | null;
  readonly reading: Reading;
}

export interface Batch {
  readonly mailboxId: number;
  readonly uidValidity: string;
  /** Becomes `stored_at`; its month must have a partition. */
  readonly now: Date;
  readonly fresh: readonly Fresh[];
  readonly adopted: readonly Adopted[];
  /** What is in flight once this batch is committed. */
  readonly inFlight: InFlight | null;
  readonly pipeline: Pipeline;
}

/** Which mailbox's, and when. */
export interface StoredFor {
  readonly mailboxId: number;
  readonly uidValidity: string;
  readonly now: Date;
  readonly pipeline: Pipeline;
}

/** Digest, size and reading of a message whose octets have passed through. */
export interface Streamed {
  readonly digest: Buffer;
  readonly size: number;
  readonly reading: Reading;
}

/** What a streamed message turned out to be. */
export type StreamVerdict =
  | ({ readonly verdict: 'fresh' } & Pick<Entry, 'state' | 'reason' | 'displaces'>)
  | { readonly verdict: 'adopted'; readonly adopted: Adopted }
  | { readonly verdict: 'leave' };
