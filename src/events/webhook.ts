// A consumer that is a URL: each event is one signed POST (signature.ts). node:http and not fetch, for a redirect must be judged by the address
// that is really connected to (private-address.ts), and fetch does not show it.

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecretSource } from '../model.ts';
import type { MaildrainEvent } from '../model-pipeline.ts';
import { resolveSecret } from '../secrets.ts';
import { isPrivateAddress, literalAddress, PRIVATE_ADDRESS, publicLookup } from './private-address.ts';
import { eventJson, NotDelivered, type Sender } from './sender.ts';
import { signedHeaders, signingKey } from './signature.ts';

/** The whole of one delivery, with its redirects: what Standard Webhooks recommends (15 to 30 s), for the events of a key wait behind it. */
const TIMEOUT_MS = 15_000;
/** RFC 9110 15.4 asks only for a bound. */
const MAX_REDIRECTS = 3;
/** An answer is read so far that its connection can be used again; what is longer is cut. Nothing of it is kept. */
const MAX_ANSWER = 64 * 1024;
/** And not longer than this, milliseconds: a short text that is being sent arrives in less. */
const ANSWER_MS = 5_000;
/** A changed secret counts after this time. Asking for each event would start a password manager a hundred times a second. */
const SECRET_MS = 60_000;

export interface WebhookConfig {
  readonly url: string;
  /** One, or two while they are exchanged. */
  readonly secrets: readonly SecretSource[];
  readonly allowPrivateRedirects: boolean;
}

export interface WebhookTuning {
  /** For tests only: milliseconds in place of TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** For tests only: in place of the system's names. */
  readonly lookup?: LookupFunction;
}

export function webhookSender(config: WebhookConfig, tuning: WebhookTuning = {}): Sender {
  return new Webhook(config, tuning);
}

class Webhook implements Sender {
  readonly #url: URL;
  readonly #config: WebhookConfig;
  readonly #timeoutMs: number;
  readonly #publicLookup: LookupFunction;
  readonly #agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
  #keys: { readonly value: Promise<Buffer[]>; readonly until: number } | null = null;

  constructor(config: WebhookConfig, tuning: WebhookTuning) {
    this.#config = config;
    this.#url = new URL(config.url);
    this.#timeoutMs = tuning.timeoutMs ?? TIMEOUT_MS;
    this.#publicLookup = tuning.lookup ?? publicLookup();
  }

  async send(event: MaildrainEvent, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(eventJson(event));
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'maildrain',
      ...signedHeaders(await this.#signingKeys(), event.id, new Date(), body),
    };
    // Not AbortSignal.any(): on Node 20 each one stays with the signal it follows, and that lives as long as the service.
    const over = new AbortController();
    const onAbort = () => over.abort();
    let late = false;
    const clock = setTimeout(() => {
      late = true;
      over.abort();
    }, this.#timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) over.abort();
    try {
      await this.#deliver(headers, body, over.signal);
    } catch (error) {
      if (late) throw new NotDelivered(`no answer within ${this.#timeoutMs / 1000} s`);
      throw error instanceof NotDelivered ? error : failure(error);
    } finally {
      clearTimeout(clock);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #deliver(headers: Headers, body: string, signal: AbortSignal): Promise<void> {
    let url = this.#url;
    for (let redirects = 0; ; redirects++) {
      const send = (connection: RequestOptions) => post(url, headers, body, signal, connection);
      const connection = this.#connection(url, redirects > 0);
      const { status, location, retryAfter } = await send(connection).catch((error: unknown) => {
        // The server closed a connection from the pool while we took it: no failure of anybody. A new one has no such excuse.
        if (error instanceof ClosedMeanwhile) return send({ ...connection, agent: false });
        throw error;
      });
      if (status >= 200 && status < 300) return;
      if (status !== 307 && status !== 308) throw notTaken(status, retryAfter);
      if (redirects === MAX_REDIRECTS) throw astray(`more than ${MAX_REDIRECTS} redirects`);
      url = target(location, url);
      this.#judge(url);
    }
  }

  /** How to connect. The owner has chosen the first URL; those after it were chosen by whoever answered. */
  #connection(url: URL, redirected: boolean): RequestOptions {
    if (!redirected) return { agent: url.protocol === 'https:' ? this.#agents['https:'] : this.#agents['http:'] };
    // A connection of its own: one from the pool was made without the guarded lookup.
    return this.#config.allowPrivateRedirects ? { agent: false } : { agent: false, lookup: this.#publicLookup };
  }

  #judge(url: URL): void {
    const address = literalAddress(url);
    if (address !== null && !this.#config.allowPrivateRedirects && isPrivateAddress(address)) throw privateRedirect();
  }

  #signingKeys(): Promise<Buffer[]> {
    const now = Date.now();
    if (this.#keys === null || now >= this.#keys.until) {
      const value = Promise.all(this.#config.secrets.map(async (source) => signingKey(await resolveSecret(source))));
      const keys = { value, until: now + SECRET_MS };
      this.#keys = keys;
      value.catch(() => {
        if (this.#keys === keys) this.#keys = null;
      });
    }
    return this.#keys.value;
  }
}

type Headers = Readonly<Record<string, string>>;

class ClosedMeanwhile extends Error {}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
}

/** One request. Resolves with the head of the answer; its body is read away beside. */
function post(
  url: URL,
  headers: Headers,
  body: string,
  signal: AbortSignal,
  connection: RequestOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = request(url, { method: 'POST', headers, signal, ...connection }, (answer) => {
      drain(answer);
      const { location, 'retry-after': retryAfter } = answer.headers;
      resolve({ status: answer.statusCode ?? 0, location, retryAfter });
    });
    outgoing.on('error', (error) => {
      const closed = outgoing.reusedSocket && Reflect.get(error, 'code') === 'ECONNRESET';
      reject(closed ? new ClosedMeanwhile() : error);
    });
    outgoing.end(body);
  });
}

/** The status was said; what else is said is read, so that the connection can be used again, or cut when it is too much or too slow. */
function drain(answer: IncomingMessage): void {
  let octets = 0;
  const cut = setTimeout(() => answer.destroy(), ANSWER_MS);
  cut.unref();
  answer.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > MAX_ANSWER) answer.destroy();
  });
  answer.on('error', () => {});
  answer.on('close', () => clearTimeout(cut));
}

/** Where a redirect leads. The text is the consumer's: none of it goes into an error. */
function target(location: string | undefined, from: URL): URL {
  const url = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw astray('a redirect to nowhere: its Location is no http or https URL');
  }
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw astray('a redirect from https to http is not followed');
  }
  // Node would send what stands before an @ as user and password: the owner's URL may have them, a stranger's gives us none.
  url.username = '';
  url.password = '';
  return url;
}

function privateRedirect(): NotDelivered {
  return astray('a redirect to a private address is not followed');
}

/** A redirect that leads nowhere: a person has to change something, and it is not about the event. */
function astray(message: string): NotDelivered {
  return new NotDelivered(message, { slow: true, whole: true });
}

/** 4xx that mean "not now" (RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4) and not "not this". */
const NOT_NOW: readonly number[] = [408, 425, 429];
/** 4xx by which a consumer usually means us and not the event: who we are, or that nothing is there. */
const NOT_YOU: readonly number[] = [401, 403, 404, 410];
/** What Retry-After belongs to here (RFC 9110 15.6.4, RFC 6585 4). */
const RETRY_AFTER: readonly number[] = [429, 503];

function notTaken(status: number, retryAfter: string | undefined): NotDelivered {
  const slow = status >= 300 && status < 500 && !NOT_NOW.includes(status);
  return new NotDelivered(statusText(status), {
    slow,
    whole: !slow || status < 400 || NOT_YOU.includes(status),
    retryAfterMs: RETRY_AFTER.includes(status) ? retryAfterMs(retryAfter, Date.now()) : null,
  });
}

/** RFC 9110 10.2.3: seconds or an instant. Null: neither, or over already. */
function retryAfterMs(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : /GMT$/.test(value) ? Date.parse(value) - now : Number.NaN;
  return ms > 0 ? ms : null;
}

function statusText(status: number): string {
  if (status === 410) return 'HTTP 410: the consumer says that it is gone';
  return status >= 300 && status < 400
    ? `HTTP ${status}: only the redirects 307 and 308 are followed, others would drop the event`
    : `HTTP ${status}`;
}

/** Node's code of a failure, and none of its words: they may repeat the URL, which may hold a token. */
function failure(error: unknown): NotDelivered {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (code === PRIVATE_ADDRESS) return privateRedirect();
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code);
  return new NotDelivered(known ? `the request failed (${code})` : 'the request failed');
}
