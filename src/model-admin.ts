// Words of the admin jobs: criteria, retention, and what a slice of work says.

import type { Kind } from './model-reading.ts';

/** Which messages a job is about. Every condition must hold; `all` stands for none, and is required then. Dates are days (UTC) where they come from SEARCH. */
export interface Criteria {
  /** INTERNALDATE before the beginning of this day, UTC. `--older-than` becomes one. */
  readonly before?: Date;
  /** INTERNALDATE at or after the beginning of this day, UTC. */
  readonly since?: Date;
  /** Substrings, compared without regard to case (RFC 9051 6.4.4). */
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  /** A field whose value contains this; '' asks that the field is there. */
  readonly header?: readonly (readonly [name: string, contains: string])[];
  /** Octets. */
  readonly larger?: number;
  readonly smaller?: number;
  readonly seen?: boolean;
  readonly flagged?: boolean;
  readonly deleted?: boolean;
  /** What the reader says; known only of messages that are stored or are read for it. */
  readonly kind?: Kind;
  /** A sequence set (RFC 9051 9): `1:100,205`. */
  readonly uid?: string;
  /** Without angle brackets. */
  readonly messageId?: string;
  /** Gmail's own search (X-GM-RAW); on the server only. */
  readonly gmail?: string;
  readonly all?: true;
}

/** How long what is stored is kept, milliseconds; null: for ever. Octets, and facts and reports, go by whole months. */
export interface Retention {
  readonly raw: number | null;
  readonly messages: number | null;
  readonly reports: number | null;
  /** Only those that every consumer has had. */
  readonly events: number | null;
  /** Drains. */
  readonly runs: number | null;
  /** Admin jobs with their plans: who asked for what, and what came of it. */
  readonly audit: number | null;
  /** Only rows of messages that are no longer on the server. */
  readonly ledger: number | null;
}

export const ADMIN_JOBS = [
  'purge',
  'empty-trash',
  'move',
  'copy',
  'flag',
  'undelete',
  'restore',
  'reclassify',
  'expire',
] as const;

export type AdminJobKind = (typeof ADMIN_JOBS)[number];

/** One slice of a job that is done and must not be forgotten. */
export interface Step {
  /** Messages (or rows) that this slice dealt with, whatever came of them. */
  readonly done: number;
  /** Added to the job's counts, by names such as `disposed`, `gone`, `stored`. */
  readonly counts: Readonly<Record<string, number>>;
  /** JSON; where the next slice begins. */
  readonly cursor: unknown;
  /** For people, each once. */
  readonly notes?: readonly string[];
  /** Nothing is left: the job is done, also where it is asked to end now. */
  readonly last?: boolean;
}
