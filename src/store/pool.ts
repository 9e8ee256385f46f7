// Connections to Postgres and the translation of its errors. Every other file of this room takes a `Sql` and knows no pool.

import pg from 'pg';
import { MaildrainError, printable } from '../errors.ts';

/** One connection, or the pool where any connection will do. */
export type Sql = Pick<pg.ClientBase, 'query'>;

export interface Database {
  /** For single statements that need no particular connection. */
  readonly sql: Sql;
  /** Takes a connection of its own until `release`; `lost` aborts when the line breaks. */
  take(): Promise<Pen>;
  close(): Promise<void>;
}

/** A connection that is ours for a while. Locks taken on it live and die with it. */
export interface Pen {
  readonly client: pg.PoolClient;
  /** Aborts when Postgres or the line to it is gone: the lock is gone too, stop writing. */
  readonly lost: AbortSignal;
  /** Gives the connection back; its locks are dropped first. */
  release(): Promise<void>;
  /** Closes the connection instead: a statement is still running on it. */
  discard(): Promise<void>;
}

/** A statement that takes longer than this is stuck: the longest one, a COPY of one 50 MB message, takes seconds. */
const STATEMENT_TIMEOUT_MS = 5 * 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Opens a pool. Nothing is connected yet.
 *
 * @param max connections at most; a drain holds one for its whole time
 */
export function openDatabase(url: string, max: number, onIdleError: (error: Error) => void): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: 'maildrain',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
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
    take: () => take(pool),
    close: () => pool.end(),
  };
}

async function take(pool: pg.Pool): Promise<Pen> {
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
  const giveBack = (destroy: boolean): void => {
    client.off('error', onError);
    client.off('end', onEnd);
    // What a destroyed connection still has to say must not be an uncaught exception.
    if (destroy) client.on('error', () => {});
    client.release(destroy);
  };
  return {
    client,
    lost: lost.signal,
    async release() {
      if (!broken) {
        await client.query('select pg_advisory_unlock_all()').catch(() => {
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

function rethrow(error: unknown): never {
  throw toDatabaseError(error);
}

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
    await sql.query('begin');
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
  return /^(08|57P0|53300|57014|55P03|25006|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENETUNREACH|ENOENT)/.test(state);
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
  if (known === null) return new MaildrainError('BUG', `Postgres refused a statement (${state || 'no code'}): ${said}`);
  return new MaildrainError(known, `${ADVICE[known]} (${said || state})`);
}
