// What the files of one pass share: the things it works with, and the words for what is on its way.

import type { MaildrainError } from '../errors.ts';
import type { Listed, MailboxConfig, Session, Uid } from '../model.ts';
import { type Hold, hold } from '../store/holds.ts';
import type { OpenRow } from '../store/ledger.ts';
import type { Sql } from '../store/pool.ts';
import type { Pipeline } from '../store/reports.ts';
import type { Fuse } from './fuse.ts';
import type { Refusals } from './refusals.ts';
import type { OpenRows } from './settle.ts';
import type { Tally } from './tally.ts';

/** Everything one pass works with. */
export interface Work {
  /** The connection that holds the lock. Every write goes through it but one: what was seen gone while it broke. */
  readonly sql: Sql;
  /** Any connection: for that one, which needs no lock because it names rows and what was seen. */
  readonly pool: Sql;
  readonly session: Session;
  readonly mailbox: MailboxConfig;
  readonly mailboxId: number;
  readonly login: string;
  readonly open: OpenRows;
  readonly fuse: Fuse;
  readonly refusals: Refusals;
  readonly tally: Tally;
  readonly pipeline: Pipeline;
  /** Asked to stop: the batch in hand is finished, no other begun. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, more: number) => void;
  /** A person named these very messages: those that were restored go as well. A drain leaves them alone. */
  readonly takesRestored?: boolean;
  /** Gmail's write quarantine: read and store, dispose nothing. Set in the middle of a drain when it begins. */
  resting: boolean;
}

/** Which rows a message of this queue may be recognised as. */
export type Mode = 'exact' | 'any';

export interface Item {
  readonly listed: Listed;
  /** What the ledger says of this UID, and is not open: a kept row that is due, or a disposed one. */
  readonly known: readonly OpenRow[];
  /** Flagged \Deleted by someone: only touched when it proves to be ours. */
  readonly flagged: boolean;
  /** A person freed it, or it is stored already: no limit on its size. */
  readonly released: boolean;
  /** SHA-256 of what was fetched from this UID before in this pass; null the first time. */
  readonly before: Buffer | null;
}

/** Messages that were fetched, or refused, and need another look later in the pass. */
export interface Leftovers {
  /** UIDs that did not hold what their row said, with the digest of what they held: to be looked at once more, against every open row. */
  readonly unmatched: Map<Uid, Buffer>;
  readonly unanswered: Item[];
  /** Postgres refused these, each alone. */
  readonly unstorable: { readonly listed: Listed; readonly error: MaildrainError }[];
}

/** Sets messages aside on the server. */
export async function holdAll(work: Work, holds: readonly Hold[]): Promise<void> {
  if (holds.length === 0) return;
  const { mailboxId, mailbox, session } = work;
  await hold(work.sql, { mailboxId, name: mailbox.name, uidValidity: session.facts.uidValidity }, holds);
  work.fuse.clear(holds.map((held) => held.uid));
  work.tally.held += holds.length;
}
