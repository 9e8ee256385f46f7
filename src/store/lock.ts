// Advisory locks on the writing connection: one drain per login, so many connections per mail host, one sender per consumer. They are freed by Postgres itself
// when the connection ends, however it ends. The lock saves work; the keys of the ledger keep truth.

import type { Sql } from './pool.ts';

async function tryLock(sql: Sql, name: string): Promise<boolean> {
  const answer = await sql.query<{ got: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as got', [
    name,
  ]);
  return answer.rows[0]?.got === true;
}

/**
 * Waits for a lock. Postgres serves those who wait in their order, and before those who only try.
 *
 * @returns false: someone else has it still
 */
async function waitForLock(sql: Sql, name: string, waitMs: number): Promise<boolean> {
  try {
    // 0 would be without end.
    await sql.query(`begin; set local lock_timeout = ${Math.max(1, Math.round(waitMs))}`);
    await sql.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
    // The lock is the session's and outlives the transaction.
    await sql.query('commit');
    return true;
  } catch (error) {
    await sql.query('rollback');
    // PostgreSQL appendix A: lock_not_available.
    if (error instanceof Error && Reflect.get(error, 'code') === '55P03') return false;
    throw error;
  }
}

/** One drain at a time on a login, over all processes and hosts. False: someone else has it. */
export function lockLogin(sql: Sql, login: string): Promise<boolean> {
  return tryLock(sql, `maildrain:login:${login}`);
}

/** One process at a time works on an admin job. False: someone else does. However the id is written, its number is the lock. */
export function lockJob(sql: Sql, id: string): Promise<boolean> {
  return tryLock(sql, `maildrain:job:${BigInt(id)}`);
}

const turnOf = (login: string): string => `maildrain:turn:${login}`;
const ADMIN_WORKER = 'maildrain:admin-worker';

/** The login for one turn of an admin job: drains that want it meanwhile wait for the end of the turn instead of giving up. */
export async function lockLoginForTurn(sql: Sql, login: string): Promise<boolean> {
  if (!(await lockLogin(sql, login))) return false;
  await sql.query('select pg_advisory_lock(hashtextextended($1, 0))', [turnOf(login)]);
  return true;
}

/** Whether a drain waits for the login that this connection holds. */
export async function isLoginWanted(sql: Sql, login: string): Promise<boolean> {
  const answer = await sql.query<{ wanted: boolean }>(
    `select exists (
       select from pg_locks
        where locktype = 'advisory' and not granted and objsubid = 1
          and database = (select oid from pg_database where datname = current_database())
          and (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)) as wanted`,
    [`maildrain:login:${login}`],
  );
  return answer.rows[0]?.wanted === true;
}

/**
 * The login for a drain. Postgres serves those who wait in their order, so a drain that waits is before the next turn of an admin job.
 *
 * @param turnMs how long to wait when an admin job has it for a turn; another drain is not waited for
 * @returns false: someone else has it
 */
export async function lockLoginForDrain(sql: Sql, login: string, turnMs: number): Promise<boolean> {
  if (await lockLogin(sql, login)) return true;
  const free = await sql.query<{ got: boolean }>('select pg_try_advisory_lock_shared(hashtextextended($1, 0)) as got', [
    turnOf(login),
  ]);
  if (free.rows[0]?.got === true) {
    await sql.query('select pg_advisory_unlock_shared(hashtextextended($1, 0))', [turnOf(login)]);
    return false;
  }
  return waitForLock(sql, `maildrain:login:${login}`, turnMs);
}

/** As long as the connection lives, others see that admin jobs are worked somewhere. */
export async function announceAdminWorker(sql: Sql): Promise<void> {
  await sql.query('select pg_advisory_lock_shared(hashtextextended($1, 0))', [ADMIN_WORKER]);
}

/** Whether any process works admin jobs. */
export async function isAdminWorkerThere(sql: Sql): Promise<boolean> {
  const answer = await sql.query<{ there: boolean }>(
    `select exists (
       select from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1
          and database = (select oid from pg_database where datname = current_database())
          and (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)) as there`,
    [ADMIN_WORKER],
  );
  return answer.rows[0]?.there === true;
}

/** One process at a time sends to a consumer, over all processes and hosts: that keeps its events in order. False: someone else does. */
export function lockSink(sql: Sql, sink: string): Promise<boolean> {
  return tryLock(sql, `maildrain:sink:${sink}`);
}

/**
 * Takes one of the `slots` connections that all workers together may hold to a mail host. False: all are taken.
 *
 * @param first where to begin looking, so that workers do not all queue at slot 0
 */
export async function takeHostSlot(sql: Sql, host: string, slots: number, first: number): Promise<boolean> {
  for (let i = 0; i < slots; i++) {
    if (await tryLock(sql, slotOf(host, (first + i) % slots))) return true;
  }
  return false;
}

const slotOf = (host: string, slot: number): string => `maildrain:host:${host.toLowerCase()}:${slot}`;

/** How long somebody is willing to wait; less when the signal asks. */
export interface Wait {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** One slot is waited for so long before all are looked at again, and the signal with them. */
const SLOT_WAIT_MS = 2_000;

/** The same, but waits: at one slot after the other, so that it comes before the next turn of a job that wants its slot back. */
export async function waitForHostSlot(sql: Sql, host: string, slots: number, { ms, signal }: Wait): Promise<boolean> {
  const until = Date.now() + ms;
  for (let slot = Math.floor(Math.random() * slots); !signal.aborted; slot = (slot + 1) % slots) {
    if (await takeHostSlot(sql, host, slots, slot)) return true;
    const left = until - Date.now();
    if (left <= 0) return false;
    if (await waitForLock(sql, slotOf(host, slot), Math.min(left, SLOT_WAIT_MS))) return true;
  }
  return false;
}

const lookOf = (login: string): string => `maildrain:look:${login}`;

/** One at a time of those who only look logs in with a login. It is not the lock of drains and jobs, which may be at work meanwhile. */
export async function waitForLook(sql: Sql, login: string, { ms, signal }: Wait): Promise<boolean> {
  for (const until = Date.now() + ms; !signal.aborted; ) {
    if (await tryLock(sql, lookOf(login))) return true;
    const left = until - Date.now();
    if (left <= 0) return false;
    if (await waitForLock(sql, lookOf(login), Math.min(left, SLOT_WAIT_MS))) return true;
  }
  return false;
}

export async function unlockLook(sql: Sql, login: string): Promise<void> {
  await sql.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lookOf(login)]);
}
