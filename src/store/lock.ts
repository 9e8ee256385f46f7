// Advisory locks on the writing connection: one drain per login, so many connections per mail host, one sender per consumer. They are freed by Postgres itself
// when the connection ends, however it ends. The lock saves work; the keys of the ledger keep truth.

import type { Sql } from './pool.ts';

async function tryLock(sql: Sql, name: string): Promise<boolean> {
  const answer = await sql.query<{ got: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as got', [
    name,
  ]);
  return answer.rows[0]?.got === true;
}

/** One drain at a time on a login, over all processes and hosts. False: someone else has it. */
export function lockLogin(sql: Sql, login: string): Promise<boolean> {
  return tryLock(sql, `maildrain:login:${login}`);
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
    if (await tryLock(sql, `maildrain:host:${host.toLowerCase()}:${(first + i) % slots}`)) return true;
  }
  return false;
}
