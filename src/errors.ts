// Every failure that maildrain knows by name. Edges (source/, store/, config) translate library errors into these; decide.ts says
// what follows from each. An error states facts; it never decides.

/** The known failures. docs/errors.md says of each what it means and what to do; a test keeps the two in step. */
export const ERROR_CODES = [
  // login and connection
  'AUTHENTICATION_FAILED',
  'AUTHORIZATION_FAILED',
  'CREDENTIAL_EXPIRED',
  'LOGIN_DISABLED',
  'STARTTLS_MISSING',
  'CERTIFICATE_INVALID',
  'TLS_FAILED',
  'CONNECTION_LIMIT',
  'UNREACHABLE',
  'HOST_UNKNOWN',
  'CONNECTION_LOST',
  'SERVER_UNAVAILABLE',
  'SERVER_THROTTLED',
  'PROTOCOL_ERROR',
  // mailbox
  'MAILBOX_MISSING',
  'MAILBOX_READ_ONLY',
  'MAILBOX_IN_USE',
  'MAILBOX_CHANGED',
  'MAILBOX_STOPPED',
  'TRASH_MISSING',
  'TARGET_MISSING',
  'FLAG_NOT_KEPT',
  'COMMAND_REFUSED',
  'SEARCH_REFUSED',
  'OVER_QUOTA',
  'PLAN_OUTDATED',
  'UNSAFE_EXPUNGE',
  // one message
  'MESSAGE_TOO_LARGE',
  'FETCH_FATAL',
  'FETCH_REFUSED',
  // our own side
  'DATABASE_UNAVAILABLE',
  'DATABASE_FULL',
  'DATABASE_CONFLICT',
  'DATABASE_DENIED',
  'SCHEMA_MISSING',
  'SCHEMA_TOO_NEW',
  'QUEUE_UNAVAILABLE',
  'SECRET_UNAVAILABLE',
  'CONFIG_INVALID',
  'CRITERIA_INVALID',
  'REQUEST_INVALID',
  'PLAN_APPLIED',
  'MAILBOX_UNKNOWN',
  'EMBEDDED_POSTGRES',
  'OUTPUT_REFUSED',
  'ABORTED',
  'BUG',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorFacts {
  readonly mailbox?: string | undefined;
  readonly uid?: string | undefined;
  /** The provider named a time: do not come back before it. Milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The server's own words, bounded and cleaned of control characters. */
  readonly response?: string | undefined;
  /** The account was asked for all its folders and this is none of them, or it was to be made and the server does not: no server says so only because it restarts. */
  readonly unlisted?: boolean | undefined;
  readonly cause?: unknown;
}

/** Longest server text that is kept: enough for any known provider's explanation. */
const MAX_RESPONSE = 500;

export class MaildrainError extends Error {
  readonly code: ErrorCode;
  readonly mailbox: string | undefined;
  readonly uid: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly response: string | undefined;
  readonly unlisted: boolean;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'MaildrainError';
    this.code = code;
    this.mailbox = facts.mailbox;
    this.uid = facts.uid;
    this.retryAfterMs = facts.retryAfterMs;
    this.unlisted = facts.unlisted === true;
    this.response = facts.response === undefined ? undefined : printableStart(facts.response, MAX_RESPONSE);
  }
}

/** A server's text with control characters and bidirectional overrides replaced, safe for a terminal and a log line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\uFFFD');
}

/** The first `limit` UTF-16 units of it. Cut first: half of a surrogate pair is replaced as well, and jsonb would refuse it. */
export function printableStart(text: string, limit: number): string {
  return printable(text.slice(0, limit));
}

/** Any thrown value as a MaildrainError: known ones unchanged, everything else a BUG, which is never retried. */
export function asMaildrainError(error: unknown): MaildrainError {
  if (error instanceof MaildrainError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new MaildrainError('BUG', `unexpected error: ${printable(message)}`, { cause: error });
}
