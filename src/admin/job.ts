// What an admin job is to the engine that runs it (engine.ts): it is planned, perhaps, and then worked off in slices. A job that was killed
// between two slices goes on from its last cursor, on another host if need be: each slice must be right also where the one before was done
// twice.

import type { DrainContext } from '../drain/drain.ts';
import type { MailboxConfig } from '../model.ts';
import type { AdminJobKind, Criteria, Step } from '../model-admin.ts';
import type { Pen } from '../store/pool.ts';

/** What was asked for, as it stands in `admin_job`. */
export interface JobRequest {
  readonly id: string;
  readonly kind: AdminJobKind;
  readonly criteria: Criteria | null;
  /** Checked by the job's own schema (args.ts). */
  readonly args: Readonly<Record<string, unknown>>;
  readonly planId: string | null;
  /** Of the last slice that is done; null at the beginning. */
  readonly cursor: unknown;
}

/** What a job works with during one turn: a stretch of slices on one connection, after which others of the login get theirs. */
export interface Turn {
  readonly request: JobRequest;
  /** Null for jobs of no mailbox. */
  readonly mailbox: MailboxConfig | null;
  /** All that are configured, this one too. */
  readonly mailboxes: readonly MailboxConfig[];
  /** Holds the lock of the mailbox's login. Every write goes through it. */
  readonly pen: Pen;
  readonly context: DrainContext;
  /** Asks to end after the slice in hand: the turn is over, the process stops, or the job is cancelled. */
  readonly signal: AbortSignal;
  /**
   * Something is done that need not be done again, within a slice: from then on the turn may be over. A step that has done something says so by itself.
   */
  readonly worked: () => void;
  /**
   * Writes a step down with the pen, for a job whose slice is one transaction of Postgres: said as the last thing in it, slice, cursor and counts stand or
   * fall together. The same step is yielded afterwards all the same.
   */
  readonly save: (step: Step) => Promise<void>;
  /** For tests: milliseconds in place of the pause before a slice that was cut is repeated. */
  readonly settleMs?: number;
  /** For tests: the pauses before Gmail's Trash is looked into once more are divided by it. */
  readonly hurry?: number;
}

/** A kind of job. */
export interface AdminJob {
  readonly kind: AdminJobKind;
  /** Whether it needs the login of a mailbox. */
  readonly needsMailbox: boolean;
  /**
   * Yields after each slice; ends when nothing is left, or early when the signal asks. What it throws ends the job with that code, except errors
   * that decide.ts retries: then the job waits and goes on from its cursor.
   */
  work(turn: Turn): AsyncGenerator<Step, void>;
}
