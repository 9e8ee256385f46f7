// Connections to Postgres and the translation of its errors. Every other file of this room takes a `Sql` and knows no pool.

import { EventEmitter } from 'node:events';
import pg from 'pg';
import { asMaildrainError, MaildrainError, printable } from '../errors.ts';

/** One connection, or the pool where any connection will do. */
export interface Sql extends Pick<pg.ClientBase, 'query'> {
  /** Milliseconds after which an answer that has not come will not come; absent: ANSWER_TIMEOUT_MS. */
  readonly answerMs?: number;
}

export interface Database {
  /** For single statements that need no particular connection. */
  readonly sql: Sql;
  /** Takes a connection of its own until `release`; `lost` aborts when the line breaks. */
  take(): Promise<Pen>;
  close(): Promise<void>;
}

/** A connection that is ours for a while. Locks taken on it live and die with it. */
export interface Pen {
  readonly client: Sql;
  /** Aborts when Postgres or the line to it is gone: the lock is gone too, stop writing. */
  readonly lost: AbortSignal;
  /**
   * Hears what other connections tell on a channel (NOTIFY) until it is given back. What is told during a transaction of ours comes at its end.
   *
   * @param channel a plain name
   */
  listen(channel: string, onTold: (payload: string) => void): Promise<void>;
  /** Gives the connection back; its locks are dropped first. */
  release(): Promise<void>;
  /** Closes the connection instead: a statement is still running on it. */
  discard(): Promise<void>;
}

/** A statement that takes longer than this is stuck: the longest ones, batches and counts, take seconds. What is streamed is bounded otherwise. */
const STATEMENT_TIMEOUT_MS = 5 * 60_000;
/**
 * Postgres itself ends a statement before that: the line is open and dead (a proxy, a firewall, a host that froze). The connection is
 * ended, or the drain on it would hold its login and its place in the queue for ever.
 */
export const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Giving locks back takes a moment, and what does not is closed. */
const RELEASE_TIMEOUT_MS = 10_000;
const UNLOCK = 'select pg_advisory_unlock_all()';

/**
 * Opens a pool. Nothing is connected yet.
 *
 * @param max connections at most; a drain holds one for its whole time
 * @param answerMs for tests: how long to wait for an answer
 */
export function openDatabase(
  url: string,
  max: number,
  onIdleError: (error: Error) => void,
  answerMs = ANSWER_TIMEOUT_MS,
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: 'maildrain',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // Without a listener a terminated idle connection is an uncaught exception; the pool itself recovers.
  pool.on('error', onIdleError);
  const sql: Sql = {
    query: ((...args: Parameters<pg.Pool['query']>) =>
      (pool.query(...args) as unknown as Promise<unknown>).catch(rethrow)) as Sql['query'],
  };
  return {
    sql,
    take: () => take(pool, answerMs),
    close: () => pool.end(),
  };
}

async function take(pool: pg.Pool, answerMs: number): Promise<Pen> {
  const client = await pool.connect().catch(rethrow);
  const lost = new AbortController();
  let broken = false;
  const onError = (error: Error): void => {
    broken = true;
    lost.abort(toDatabaseError(error));
  };
  const onEnd = (): void => onError(new Error('Connection ended'));
  client.on('error', onError);
  client.on('end', onEnd);
  const heard: ((told: pg.Notification) => void)[] = [];
  const giveBack = (destroy: boolean): void => {
    for (const listener of heard) client.off('notification', listener);
    client.off('error', onError);
    client.off('end', onEnd);
    // What a destroyed connection still has to say must not be an uncaught exception.
    if (destroy) client.on('error', () => {});
    client.release(destroy);
  };
  // Nothing more can be said on a line that gave no answer, for what was said still stands in it: ended, everything that waits fails at once.
  const onFailure = (error: unknown): void => {
    if (!isNoAnswer(error)) return;
    onError(error);
    void client.end().catch(() => {});
  };
  const query = ((...args: Parameters<pg.PoolClient['query']>) => {
    const answer: unknown = client.query(...args);
    if (answer instanceof Promise) answer.catch(onFailure);
    else if (answer instanceof EventEmitter) answer.once('error', onFailure);
    return answer;
  }) as Sql['query'];
  return {
    client: { query, answerMs },
    lost: lost.signal,
    async listen(channel, onTold) {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const own = rows[0]?.pid;
      const listener = ({ channel: on, payload = '', processId }: pg.Notification): void => {
        if (on === channel && processId !== own) onTold(payload);
      };
      heard.push(listener);
      client.on('notification', listener);
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    },
    async release() {
      if (!broken) {
        const unlock = {
          text: heard.length === 0 ? UNLOCK : `unlisten *; ${UNLOCK}`,
          query_timeout: Math.min(RELEASE_TIMEOUT_MS, answerMs),
        };
        await client.query(unlock).catch(() => {
          broken = true;
        });
      }
      giveBack(broken);
    },
    async discard() {
      giveBack(true);
    },
  };
}

/** pg's words when its own clock has run out (`query_timeout`), and ours in copy.ts. */
function isNoAnswer(error: unknown): error is Error {
  return error instanceof Error && /^(Query read timeout|timeout: )/.test(error.message);
}

function rethrow(error: unknown): never {
  throw toDatabaseError(error);
}

/** Mail leaves its server once COMMIT is answered: the answer has to mean that the disk has it, also where an operator has relaxed that. */
const BEGIN = `begin; select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;

/**
 * Runs `work` in one transaction. A rejected statement rolls back; a COMMIT that Postgres answers with ROLLBACK is an error too.
 *
 * @param keep whether to commit what led to this result, or to roll it back
 * @throws MaildrainError DATABASE_*
 */
export async function inTransaction<T>(
  sql: Sql,
  work: () => Promise<T>,
  keep: (result: T) => boolean = () => true,
): Promise<T> {
  try {
    await sql.query(BEGIN);
    const result = await work();
    if (!keep(result)) {
      await sql.query('rollback');
      return result;
    }
    const commit = await sql.query('commit');
    if (commit.command !== 'COMMIT') {
      throw new MaildrainError('DATABASE_CONFLICT', 'Postgres rolled the transaction back at COMMIT');
    }
    return result;
  } catch (error) {
    await sql.query('rollback').catch(() => {});
    throw toDatabaseError(error);
  }
}

/** SQLSTATE classes and codes (PostgreSQL, appendix A) that say more than "failed". */
function codeOf(state: string): 'DATABASE_FULL' | 'DATABASE_DENIED' | 'DATABASE_CONFLICT' | 'SCHEMA_MISSING' | null {
  if (state === '53100' || state === '53200') return 'DATABASE_FULL';
  if (state === '42501' || state.startsWith('28') || state === '3D000') return 'DATABASE_DENIED';
  if (state === '23505' || state.startsWith('40')) return 'DATABASE_CONFLICT';
  if (state === '42P01' || state === '3F000') return 'SCHEMA_MISSING';
  return null;
}

/** Connection trouble: class 08, an administrator's shutdown, too many clients, and Node's socket errors. */
function isUnavailable(state: string): boolean {
  return /^(08|57P0|53300|57014|55P03|25006|25P03|25P04|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENETUNREACH|ENOENT)/.test(
    state,
  );
}

const ADVICE = {
  DATABASE_FULL: 'Postgres has no room left; make some, the drain goes on by itself',
  DATABASE_DENIED: 'Postgres refused access; check the user, its password and the rights on the database',
  DATABASE_CONFLICT: 'another process wrote the same rows; the next drain takes it up again',
  SCHEMA_MISSING: 'the tables of maildrain are missing; run "maildrain migrate"',
  DATABASE_UNAVAILABLE: 'Postgres cannot be reached; check that it runs and that the address is right',
} as const;

/** Any error of pg as a MaildrainError. pg's `detail` holds row values and is left behind on purpose. */
export function toDatabaseError(error: unknown): MaildrainError {
  if (error instanceof MaildrainError) return error;
  const facts = error instanceof Error ? (error as Error & { code?: unknown }) : new Error(String(error));
  const state =
    typeof (facts as { code?: unknown }).code === 'string' ? String((facts as { code?: unknown }).code) : '';
  const lostLine = /terminated|timeout|Connection ended|not queryable|closed/i.test(facts.message);
  const known = codeOf(state) ?? (isUnavailable(state) || (state === '' && lostLine) ? 'DATABASE_UNAVAILABLE' : null);
  const said = printable(facts.message);
  // No word of Postgres at all: an error of our own keeps its stack.
  if (known === null && state === '') return asMaildrainError(error);
  if (known === null) return new MaildrainError('BUG', `Postgres refused a statement (${state}): ${said}`);
  return new MaildrainError(known, `${ADVICE[known]} (${said || state})`);
}
