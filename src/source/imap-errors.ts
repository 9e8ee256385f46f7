// imapflow's errors as MaildrainErrors. A NO to a login is not yet a wrong password: servers say the same way that they are busy.

import { type ErrorCode, MaildrainError, printable, printableStart } from '../errors.ts';

/** The properties that imapflow and Node put on their errors; all may be missing. */
interface ImapFacts {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly authenticationFailed?: unknown;
  readonly tlsFailed?: unknown;
  readonly serverResponseCode?: unknown;
  readonly responseText?: unknown;
  readonly responseStatus?: unknown;
  readonly reason?: unknown;
  readonly throttleReset?: unknown;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Longest server text that a pattern is tried on. */
const MAX_TEXT = 2000;
/** Longest server text within a message: three lines of a terminal. */
const MAX_DETAIL = 300;

/** Node's codes for a certificate that does not hold (OpenSSL X509_V_ERR_* and tls.checkServerIdentity). */
const CERTIFICATE =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED)/;

/** What servers say, by meaning. The first match decides; sources: provider documentation and published logs. */
const SAYINGS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /too many (simultaneous |concurrent )?(imap )?connections|maximum number of connections|connection (count )?limit|too many (open )?sessions/i,
    'CONNECTION_LIMIT',
    'the server has too many connections of this account open; maildrain comes back by itself, lower connectionsPerHost or close other clients if it lasts',
  ],
  [
    /request is throttled|suggested backoff time|rate limit|too many (login|command|request)/i,
    'SERVER_THROTTLED',
    'the server asks for a pause',
  ],
  [
    /bandwidth limit|exceeded (command|bandwidth)/i,
    'OVER_QUOTA',
    'the account has used up its IMAP transfer allowance; it comes back by itself, within a day',
  ],
  [
    /application-specific password|app(lication)? password|parol prilozheniya|unsafe login/i,
    'AUTHENTICATION_FAILED',
    'the provider wants an app password: make one in the account settings and put it where the configuration looks for the password',
  ],
  [
    /authenticated but not connected/i,
    'AUTHORIZATION_FAILED',
    'the login is right but the mailbox is not open to it: check the licence, IMAP access and the permission on a shared mailbox',
  ],
  [
    /server unavailable|temporar(y|ily)|try again|internal (server )?error|service (is )?(not available|unavailable)/i,
    'SERVER_UNAVAILABLE',
    'the server is not available at present',
  ],
];

/** Response codes of RFC 5530 and RFC 9051 7.1. */
const RESPONSE_CODES: Readonly<Record<string, ErrorCode>> = {
  AUTHENTICATIONFAILED: 'AUTHENTICATION_FAILED',
  AUTHORIZATIONFAILED: 'AUTHORIZATION_FAILED',
  EXPIRED: 'CREDENTIAL_EXPIRED',
  PRIVACYREQUIRED: 'STARTTLS_MISSING',
  UNAVAILABLE: 'SERVER_UNAVAILABLE',
  SERVERBUG: 'SERVER_UNAVAILABLE',
  INUSE: 'MAILBOX_IN_USE',
  LIMIT: 'CONNECTION_LIMIT',
  OVERQUOTA: 'OVER_QUOTA',
  NONEXISTENT: 'MAILBOX_MISSING',
  NOPERM: 'AUTHORIZATION_FAILED',
  TRYCREATE: 'TARGET_MISSING',
  READ_ONLY: 'MAILBOX_READ_ONLY',
};

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  AUTHENTICATION_FAILED:
    'the server refused the login: check user and password, and that IMAP is switched on for the account',
  AUTHORIZATION_FAILED: 'the login may not use this mailbox: check the permissions on it',
  CREDENTIAL_EXPIRED: 'the password has expired: set a new one',
  LOGIN_DISABLED: 'the server takes no password on this connection: use tls: implicit or tls: starttls',
  STARTTLS_MISSING: 'the server offers no STARTTLS: use tls: implicit (port 993), or tls: none on loopback',
  CERTIFICATE_INVALID:
    "the server's certificate does not hold: connect by the name it is issued for, or name its authority with caFile",
  TLS_FAILED: 'TLS could not be established: check host, port and the tls setting',
  HOST_UNKNOWN: 'the host name is not known: check imap.host',
  UNREACHABLE: 'no mail server answers there: check host and port, and that nothing blocks the connection',
  CONNECTION_LOST: 'the connection to the mail server broke',
  SERVER_UNAVAILABLE: 'the server is not available at present',
  MAILBOX_IN_USE: 'another session holds the mailbox',
  MAILBOX_MISSING: 'the server has no such mailbox: "maildrain folders NAME" lists what there is',
  CONNECTION_LIMIT: 'the server has too many connections open',
  OVER_QUOTA: 'the account is over a quota',
  TARGET_MISSING: 'the mailbox to move to does not exist: create it, or set create: true',
  MAILBOX_READ_ONLY: 'the mailbox is read-only for this login',
  PROTOCOL_ERROR: 'the server said something that IMAP does not allow',
  COMMAND_REFUSED: 'the server refused a command',
};

/** The error of a failed connect or login. */
export function loginError(error: unknown): MaildrainError {
  if (error instanceof MaildrainError) return error;
  const facts = factsOf(error);
  if (text(facts.message) === 'Login is disabled') return make('LOGIN_DISABLED', facts, error);
  const refused = facts.authenticationFailed === true;
  const said = bySaying(facts, error);
  if (said !== null) return said;
  const code = RESPONSE_CODES[text(facts.serverResponseCode).toUpperCase().replace('-', '_')];
  if (refused) return make(code ?? 'AUTHENTICATION_FAILED', facts, error);
  return sessionError(error);
}

/** The error of a command after login. */
export function sessionError(error: unknown): MaildrainError {
  if (error instanceof MaildrainError) return error;
  const facts = factsOf(error);
  const code = text(facts.code);
  if (CERTIFICATE.test(code)) return make('CERTIFICATE_INVALID', facts, error);
  if (facts.tlsFailed === true) {
    const missing = /does not support STARTTLS/i.test(text(facts.message));
    return make(missing ? 'STARTTLS_MISSING' : 'TLS_FAILED', facts, error);
  }
  if (/^(ENOTFOUND|EAI_)/.test(code)) return make('HOST_UNKNOWN', facts, error);
  const said = bySaying(facts, error);
  if (said !== null) return said;
  if (
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|GREETING_TIMEOUT|UPGRADE_TIMEOUT|EPROXY)/.test(
      code,
    )
  ) {
    return make('UNREACHABLE', facts, error);
  }
  if (/^(ERR_SSL|EPROTO|ERR_TLS)/.test(code)) return make('TLS_FAILED', facts, error);
  const named = RESPONSE_CODES[text(facts.serverResponseCode).toUpperCase().replace('-', '_')];
  if (named !== undefined) return make(named, facts, error);
  if (facts.responseStatus === 'NO' || facts.responseStatus === 'BAD') return make('COMMAND_REFUSED', facts, error);
  if (/TooLarge$|^TooMany|^Parser|^Invalid|^MAX_IMAP|^Unexpected|^MissingTag|INJECTION/.test(code)) {
    return make('PROTOCOL_ERROR', facts, error);
  }
  if (/^(NoConnection|EConnectionClosed|ECONNRESET|EPIPE|ETIMEOUT|StateLogout|ClosedAfter|ECONNABORTED)/.test(code)) {
    return make('CONNECTION_LOST', facts, error);
  }
  return new MaildrainError('BUG', `unexpected IMAP error: ${printable(text(facts.message)) || 'no message'}`, {
    cause: error,
  });
}

function factsOf(error: unknown): ImapFacts {
  return typeof error === 'object' && error !== null ? (error as ImapFacts) : { message: String(error) };
}

function bySaying(facts: ImapFacts, cause: unknown): MaildrainError | null {
  const words = `${text(facts.responseText)} ${text(facts.reason)}`.slice(0, MAX_TEXT);
  if (facts.code === 'ETHROTTLE') return make('SERVER_THROTTLED', facts, cause, 'the server asks for a pause');
  for (const [pattern, code, advice] of SAYINGS) if (pattern.test(words)) return make(code, facts, cause, advice);
  return null;
}

function make(code: ErrorCode, facts: ImapFacts, cause: unknown, advice = ADVICE[code] ?? ''): MaildrainError {
  const response = text(facts.responseText) || text(facts.reason);
  // The server's words when there are any, else the library's: never both, they repeat each other.
  const said = response !== '' ? response : text(facts.message);
  const detail = printableStart(said, MAX_DETAIL);
  return new MaildrainError(code, detail === '' ? advice : `${advice} ("${detail}")`, {
    cause,
    response: response === '' ? undefined : response,
    retryAfterMs: retryAfter(facts),
  });
}

/** "Suggested Backoff Time: 299961 milliseconds" (Exchange Online), or what imapflow made of it. */
function retryAfter(facts: ImapFacts): number | undefined {
  if (typeof facts.throttleReset === 'number' && Number.isFinite(facts.throttleReset)) return facts.throttleReset;
  const named = /Suggested Backoff Time: (\d{1,9})/i.exec(text(facts.responseText).slice(0, MAX_TEXT));
  return named?.[1] === undefined ? undefined : Number(named[1]);
}
