// Opens one IMAP connection and keeps the facts imapflow only mentions in passing: the server's words when it refuses a command,
// and the response code of an OK. The session built on it is in imap-session.ts.

import { readFileSync } from 'node:fs';
import type { ImapFlow, ImapFlowOptions, Logger } from 'imapflow';
import { MaildrainError } from '../errors.ts';
import type { ImapAccount } from '../model.ts';
import { loginError, sessionError } from './imap-errors.ts';

/** DNS, TCP and TLS together; servers that are alive answer within seconds. */
const CONNECT_TIMEOUT_MS = 20_000;
/** Some servers check blocklists before they greet. */
const GREETING_TIMEOUT_MS = 30_000;
/** Silence in the middle of a command. Servers with slow disks have been seen to think for two minutes. */
const SOCKET_TIMEOUT_MS = 4 * 60_000;
/** LOGOUT is a courtesy. */
const LOGOUT_TIMEOUT_MS = 5_000;
/** Room for the largest message on top of the size limit: RFC822.SIZE is an estimate on some servers. */
const LITERAL_SLACK = 1024 * 1024;

/** What a server said when it did not just say OK. */
export interface Refusal {
  readonly text: string;
  readonly code: string;
}

export interface Connection {
  readonly client: ImapFlow;
  /** The server's words for the latest command it refused; taking them clears them. */
  takeRefusal(): Refusal | null;
  /** Response codes of tagged OKs since the last call, for example THROTTLED. */
  takeOkCodes(): string[];
  /** The error that broke the line, if it is broken. */
  broken(): MaildrainError | null;
  /** LOGOUT, or a cut after a few seconds. Never CLOSE. */
  end(): Promise<void>;
  /** Cuts the line at once; `why` is what broken() says from then on. */
  cut(why?: MaildrainError): void;
}

/**
 * Connects and logs in.
 *
 * @param password used for the login and kept nowhere else
 * @param sizeLimit octets of the largest message that will be fetched whole
 * @param signal gives it up, also while the server says nothing
 * @throws MaildrainError of the login and connection group; ABORTED
 */
export async function connect(
  account: ImapAccount,
  password: string,
  sizeLimit: number,
  signal?: AbortSignal,
): Promise<Connection> {
  // Only now: to load it takes longer than most commands do that come to no server.
  const { ImapFlow } = await import('imapflow');
  let refusal: Refusal | null = null;
  let okCodes: string[] = [];
  let failure: unknown = null;
  let throttled: unknown = null;
  const note = (entry: unknown): void => {
    const { err } = entry as { err?: { responseText?: unknown; serverResponseCode?: unknown; code?: unknown } };
    if (typeof err?.responseText !== 'string') return;
    if (err.code === 'ETHROTTLE') {
      // imapflow would wait minutes before it says so, and FETCH would try four times; a drain comes back when the server says.
      throttled = err;
      setImmediate(() => client.close());
    }
    refusal = {
      text: err.responseText,
      code: typeof err.serverResponseCode === 'string' ? err.serverResponseCode.toUpperCase() : '',
    };
  };
  const ignore = (): void => {};
  const client = new ImapFlow({
    ...optionsFor(account, password, sizeLimit),
    logger: listening(note),
  });
  // Without this listener a reset is an uncaught exception. It stays for the life of the client.
  client.on('error', (error: unknown) => {
    failure ??= error;
  });
  client.on('response', (payload: { response: string; code?: string | undefined }) => {
    if (payload.response === 'OK' && payload.code !== undefined) okCodes.push(payload.code.toUpperCase());
  });
  try {
    await orAborted(client.connect(), signal);
    // imapflow then asks for no MODSEQ with every message: nothing here reads it, and parsing it costs a thirtieth of a drain's CPU time.
    client.enabled.delete('CONDSTORE');
  } catch (error) {
    client.close();
    throw loginError(throttled ?? error);
  }
  return {
    client,
    takeRefusal() {
      const taken = refusal;
      refusal = null;
      return taken;
    },
    takeOkCodes() {
      const taken = okCodes;
      okCodes = [];
      return taken;
    },
    broken() {
      if (throttled !== null) return sessionError(throttled);
      if (client.usable && failure === null) return null;
      // What the server said when it hung up (BYE, RFC 9051 7.1.5) explains more than the reset that followed.
      const { byeReason } = client;
      if (byeReason !== undefined) return sessionError({ code: 'NoConnection', reason: byeReason });
      return failure === null
        ? new MaildrainError('CONNECTION_LOST', 'the connection to the mail server broke')
        : sessionError(failure);
    },
    async end() {
      const timer = setTimeout(() => client.close(), LOGOUT_TIMEOUT_MS);
      await client.logout().catch(ignore);
      clearTimeout(timer);
      client.close();
    },
    cut(why) {
      failure ??= why ?? null;
      client.close();
    },
  };
}

/** imapflow's own promise may stay open when a client is closed that waits for its server. */
async function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new MaildrainError('ABORTED', 'stopped while connecting'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A logger for the server's refusals only. Asked for less, imapflow would write every response out as text before it throws it away. */
function listening(note: (entry: unknown) => void): Logger & { isLevelEnabled(level: string): boolean } {
  const ignore = (): void => {};
  const isLevelEnabled = (level: string): boolean => ['warn', 'error', 'fatal'].includes(level);
  return { isLevelEnabled, trace: ignore, debug: ignore, info: ignore, warn: note, error: note, fatal: note };
}

function optionsFor(account: ImapAccount, password: string, sizeLimit: number): ImapFlowOptions {
  return {
    host: account.host,
    port: account.port,
    secure: account.tls === 'implicit',
    // Without `true` imapflow would send the password in clear text when STARTTLS is not offered.
    ...(account.tls === 'implicit' ? {} : { doSTARTTLS: account.tls === 'starttls' }),
    auth: { user: account.user, pass: password },
    ...(account.caFile === null ? {} : { tls: { ca: readAuthority(account.caFile) } }),
    // Some providers refuse SELECT to a client that does not say who it is (RFC 2971).
    clientInfo: { name: 'maildrain' },
    // A drain is never idle; and inflating in JavaScript costs more than the line saves.
    disableAutoIdle: true,
    disableCompression: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxLiteralSize: sizeLimit + LITERAL_SLACK,
  };
}

function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new MaildrainError('CERTIFICATE_INVALID', `caFile ${file} cannot be read`, { cause });
  }
}
