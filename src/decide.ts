// The one table that says what follows from a failure. Edges state facts (errors.ts); nothing else in maildrain decides.
// `Record<ErrorCode, ...>`: a new code without a decision does not compile. docs/errors.md is checked against this table.

import { ERROR_CODES, type ErrorCode, type MaildrainError } from './errors.ts';

export type Decision =
  /** Try again after a growing pause. */
  | { readonly action: 'retry'; readonly firstMs: number; readonly maxMs: number }
  /** Try again, but stop the mailbox once it has failed `failures` times over at least `overMs`. */
  | {
      readonly action: 'retry-then-stop';
      readonly firstMs: number;
      readonly maxMs: number;
      readonly failures: number;
      readonly overMs: number;
    }
  /** Stop the mailbox until a person resumes it: trying again cannot help or does harm. */
  | { readonly action: 'stop' }
  /** Set this one message aside, go on with the others. */
  | { readonly action: 'hold' }
  /** Not the mailbox's fault and nothing to remember: say so and end. */
  | { readonly action: 'report' }
  /** A defect: fail loudly. The schedule tries again, with the pauses of `retry`. */
  | { readonly action: 'bug'; readonly firstMs: number; readonly maxMs: number };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A lost line or a restarted server is usually back at once; after half an hour of trying, twice an hour is enough. */
const network: Decision = { action: 'retry', firstMs: 5 * SECOND, maxMs: 30 * MINUTE };

/** A server that says "not now" is asked less eagerly than one that did not answer. */
const busyServer: Decision = { action: 'retry', firstMs: 30 * SECOND, maxMs: 30 * MINUTE };

/**
 * A refused login. Providers lock an account after five to ten refusals within some ten minutes, so the pauses are 2, 4, 8, 16 and 32
 * minutes, and the fifth refusal more than half an hour after the first stops the mailbox: one glitch of the provider's login service does not.
 */
const refusedLogin: Decision = {
  action: 'retry-then-stop',
  firstMs: 2 * MINUTE,
  maxMs: HOUR,
  failures: 5,
  overMs: 30 * MINUTE,
};

/** Something in the account that a person must change; a few tries over an hour, for servers say it wrongly while they restart. */
const needsPerson: Decision = {
  action: 'retry-then-stop',
  firstMs: MINUTE,
  maxMs: 30 * MINUTE,
  failures: 6,
  overMs: 30 * MINUTE,
};

const ourSide: Decision = { action: 'retry', firstMs: 5 * SECOND, maxMs: 5 * MINUTE };

export const DECISIONS: Readonly<Record<ErrorCode, Decision>> = {
  AUTHENTICATION_FAILED: refusedLogin,
  AUTHORIZATION_FAILED: refusedLogin,
  CREDENTIAL_EXPIRED: refusedLogin,
  LOGIN_DISABLED: needsPerson,
  STARTTLS_MISSING: needsPerson,
  CERTIFICATE_INVALID: needsPerson,
  TLS_FAILED: network,
  CONNECTION_LIMIT: busyServer,
  UNREACHABLE: network,
  HOST_UNKNOWN: network,
  CONNECTION_LOST: network,
  SERVER_UNAVAILABLE: busyServer,
  SERVER_THROTTLED: { action: 'retry', firstMs: 5 * MINUTE, maxMs: HOUR },
  PROTOCOL_ERROR: busyServer,
  MAILBOX_MISSING: needsPerson,
  MAILBOX_READ_ONLY: needsPerson,
  MAILBOX_IN_USE: busyServer,
  MAILBOX_CHANGED: network,
  MAILBOX_STOPPED: { action: 'report' },
  TRASH_MISSING: { action: 'stop' },
  TARGET_MISSING: needsPerson,
  FLAG_NOT_KEPT: { action: 'stop' },
  COMMAND_REFUSED: busyServer,
  SEARCH_REFUSED: { action: 'report' },
  OVER_QUOTA: { action: 'retry', firstMs: HOUR, maxMs: 6 * HOUR },
  PLAN_OUTDATED: { action: 'report' },
  UNSAFE_EXPUNGE: { action: 'report' },
  MESSAGE_TOO_LARGE: { action: 'hold' },
  FETCH_FATAL: { action: 'hold' },
  FETCH_REFUSED: { action: 'hold' },
  DATABASE_UNAVAILABLE: ourSide,
  DATABASE_FULL: ourSide,
  DATABASE_CONFLICT: ourSide,
  DATABASE_DENIED: { action: 'report' },
  SCHEMA_MISSING: { action: 'report' },
  SCHEMA_TOO_NEW: { action: 'report' },
  QUEUE_UNAVAILABLE: { action: 'report' },
  SECRET_UNAVAILABLE: needsPerson,
  CONFIG_INVALID: { action: 'report' },
  CRITERIA_INVALID: { action: 'report' },
  REQUEST_INVALID: { action: 'report' },
  PLAN_APPLIED: { action: 'report' },
  MAILBOX_UNKNOWN: { action: 'report' },
  EMBEDDED_POSTGRES: { action: 'report' },
  OUTPUT_REFUSED: { action: 'report' },
  ABORTED: { action: 'report' },
  BUG: { action: 'bug', firstMs: MINUTE, maxMs: HOUR },
};

/** What is remembered of a mailbox's failures. */
export interface FailureHistory {
  /** Failures in a row, this one not counted. */
  readonly failures: number;
  readonly failingSince: Date | null;
  /** Those among them that count towards the same stop: an hour without a network is no refused login. */
  readonly alike: { readonly failures: number; readonly since: Date | null };
}

/** The codes whose failures are counted together. */
export function codesLike(code: ErrorCode): ErrorCode[] {
  return ERROR_CODES.filter((other) => DECISIONS[other] === DECISIONS[code]);
}

/** What to write into the mailbox row after a failed drain. */
export interface Verdict {
  readonly stop: boolean;
  /** Earliest next try; null when it is stopped or needs no pause. */
  readonly notBefore: Date | null;
}

/** A quarter of the pause, up or down, so that mailboxes that failed together do not come back together. */
const JITTER = 0.25;

/**
 * Decides what follows from a failed drain.
 *
 * @param random a number in [0, 1) for the jitter
 */
export function decide(error: MaildrainError, history: FailureHistory, now: Date, random: number): Verdict {
  const decision = DECISIONS[error.code];
  if (decision.action === 'stop') return { stop: true, notBefore: null };
  if (decision.action === 'hold' || decision.action === 'report') return { stop: false, notBefore: null };
  if (decision.action === 'retry-then-stop') {
    const { failures, since } = history.alike;
    const failingForMs = since === null ? 0 : now.getTime() - since.getTime();
    if (failures + 1 >= decision.failures && failingForMs >= decision.overMs) {
      return { stop: true, notBefore: null };
    }
  }
  const pause = Math.min(decision.maxMs, decision.firstMs * 2 ** Math.min(history.failures, 30));
  const jittered = pause * (1 + JITTER * (2 * random - 1));
  // A time that the provider named is kept to the millisecond, and only ever lengthened.
  const waitMs = Math.max(jittered, error.retryAfterMs ?? 0);
  return { stop: false, notBefore: new Date(now.getTime() + waitMs) };
}

/** A job that has come nowhere for so long is a person's matter; an outage of a night is survived. */
const JOB_PATIENCE_MS = 24 * HOUR;
/** A server that refuses the same command so often in a row, over some four minutes, means it. */
const REFUSALS = 4;

/** The server does not let the login in, and asked again soon it may lock the account. */
export function isRefusedLogin(code: ErrorCode): boolean {
  return DECISIONS[code] === refusedLogin;
}

/** Whether the pause after this failure is for the account's sake: whoever asks the server again before its end does harm, also by only looking. */
export function isPauseForAccount(code: string | null): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code && (isRefusedLogin(known) || known === 'SERVER_THROTTLED'));
}

/**
 * What waiting cannot change for a job that somebody asked for once. The drains of the mailbox try refused logins, and they alone, or an account
 * would be locked by two who ask in turn; a plan is void under another UIDVALIDITY; and room on a server is made by a person, who then says `jobs retry`.
 */
function isFinalForJob(code: ErrorCode): boolean {
  return isRefusedLogin(code) || code === 'MAILBOX_CHANGED' || code === 'OVER_QUOTA';
}

/**
 * Servers say so while they restart; said again and again, it is so, and whoever asked for the job waits for an answer. At once where the list of
 * folders says the same.
 */
const BELIEVED_LATE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'COMMAND_REFUSED',
  'MAILBOX_MISSING',
  'TARGET_MISSING',
]);

/**
 * Decides what follows from the failure of an admin job: another try, or (`stop`) its end.
 *
 * @param history failures since the last slice that was done
 * @param random a number in [0, 1) for the jitter
 */
export function decideJob(
  error: MaildrainError,
  history: Pick<FailureHistory, 'failures' | 'failingSince'>,
  now: Date,
  random: number,
): Verdict {
  const { failures, failingSince } = history;
  const failingForMs = failingSince === null ? 0 : now.getTime() - failingSince.getTime();
  const refused = BELIEVED_LATE.has(error.code) && (error.unlisted || failures + 1 >= REFUSALS);
  const end: Verdict = { stop: true, notBefore: null };
  if (isFinalForJob(error.code) || refused || failingForMs >= JOB_PATIENCE_MS) return end;
  const { action } = DECISIONS[error.code];
  if (action !== 'retry' && action !== 'retry-then-stop') return end;
  return decide(error, { failures, failingSince, alike: { failures, since: failingSince } }, now, random);
}

/** A change of the configuration reaches every host within minutes. */
const UNKNOWN_PATIENCE_MS = 10 * MINUTE;
/** Short, for the hosts that know the mailbox wait as long. */
const UNKNOWN_PAUSE_MS = 10 * SECOND;

/**
 * Decides what follows when a host has taken up a job of a mailbox that its configuration lacks: others may know it, while a new configuration is
 * on its way to all of them.
 *
 * @param since when the first host said so, and none that knows it has said otherwise; null: this is the first
 */
export function decideUnknownMailbox(since: Date | null, now: Date): Verdict {
  const stop = since !== null && now.getTime() - since.getTime() >= UNKNOWN_PATIENCE_MS;
  return { stop, notBefore: stop ? null : new Date(now.getTime() + UNKNOWN_PAUSE_MS) };
}
