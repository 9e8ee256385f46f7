// One log line when the queue's server goes away and one when it is back, whatever number of connections notice it and
// however often they retry. Also says which errors mean "the server is away" and bounds waits on it.
import { asMaildrainError, MaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';

/** Node's and PostgreSQL's codes for a connection that is gone or refused (PostgreSQL appendix A: class 08, 57P01 to 57P03). */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '08000',
  '08001',
  '08003',
  '08006',
  '57P01',
  '57P02',
  '57P03',
]);

/** ioredis and pg give these no code, only words. */
const CONNECTION_WORDS =
  /^(Connection is closed|Connection terminated|timeout expired|timeout exceeded when trying to connect|Cannot use a pool|Client has encountered a connection error|LOADING |Stream isn't writeable)/;

/** True when the error says that the server cannot be reached, and nothing about the command. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof MaildrainError) return error.code === 'QUEUE_UNAVAILABLE';
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError' || error.name === 'ConnectionClosedError') return true;
  // A refused connection to a name with several addresses: node:net throws them together.
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  const code: unknown = Reflect.get(error, 'code');
  return (typeof code === 'string' && CONNECTION_CODES.has(code)) || CONNECTION_WORDS.test(error.message);
}

export class Outage {
  readonly #log: Log;
  readonly #backend: string;
  #since: number | null = null;
  #closed = false;

  constructor(log: Log, backend: string) {
    this.#log = log;
    this.#backend = backend;
  }

  /** An `error` event or a failed call. Connection errors are reported once per outage, all others every time. */
  fault(error: unknown): void {
    if (this.#closed) return;
    if (!isConnectionError(error)) {
      this.#log.warn({ backend: this.#backend, error }, 'queue error');
      return;
    }
    if (this.#since !== null) return;
    this.#since = Date.now();
    this.#log.error({ backend: this.#backend, error }, 'queue connection lost, waiting for it to come back');
  }

  /** A connection or a call succeeded. */
  restored(): void {
    if (this.#since === null || this.#closed) return;
    this.#log.info({ backend: this.#backend, ms: Date.now() - this.#since }, 'queue connection restored');
    this.#since = null;
  }

  /** What connections say while we close them is no news. */
  close(): void {
    this.#closed = true;
  }
}

/**
 * Waits for `work` at most `ms` milliseconds, then throws what `late` makes. The work goes on unobserved: BullMQ and ioredis
 * have calls that wait as long as the server is away.
 */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  // The loser of the race may still reject; nobody is left to hear it.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for `work` at most `ms` milliseconds and says whether it ended in time, well or not. */
export async function settledWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let inTime = true;
  await within(ms, work, () => {
    inTime = false;
    return new Error('late');
  }).catch(() => undefined);
  return inTime;
}

/** Any failure of a queue call as MaildrainError: QUEUE_UNAVAILABLE when the server is away, BUG when we do not know it. */
export function asQueueError(error: unknown, what: string): MaildrainError {
  if (!isConnectionError(error) || error instanceof MaildrainError) return asMaildrainError(error);
  return new MaildrainError('QUEUE_UNAVAILABLE', `the queue cannot be reached: ${what}`, { cause: error });
}
