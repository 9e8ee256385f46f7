// Octets expire while their message still waits on the server: kept there, or not due yet. Before such a message is taken off after all, the
// octets that have just arrived are stored again, under the id that the message has. What it reported was filed when it was stored first.

import type { Sql } from './pool.ts';

/** A stored message, and where its octets are if they are. */
export interface StoredAt {
  readonly messageId: string;
  readonly storedAt: Date;
}

/**
 * Which of these messages have octets. Inside a transaction they stay until its end: whoever drops their month waits.
 */
export async function withOctets(sql: Sql, messages: readonly StoredAt[]): Promise<Set<string>> {
  if (messages.length === 0) return new Set();
  const { rows } = await sql.query<{ message_id: string }>(
    `select r.message_id from unnest($1::bigint[], $2::timestamptz[]) as m (id, stored_at)
       join maildrain.raw r on r.message_id = m.id and r.stored_at = m.stored_at and r.seq = 0`,
    [messages.map(({ messageId }) => messageId), messages.map(({ storedAt }) => storedAt)],
  );
  return new Set(rows.map((row) => row.message_id));
}

/** A message whose octets are stored again. */
export interface Renewed extends StoredAt {
  /** Of the octets as they came now: a server that writes mail anew sent others before. */
  readonly digest: Buffer;
  readonly size: number;
}

/**
 * Moves what is known of the messages into the present month, where their octets go. Call inside the storing transaction.
 *
 * @returns ids of those of which something is still known; of the others only the ledger knows
 */
export async function moveToNow(sql: Sql, now: Date, messages: readonly Renewed[]): Promise<Set<string>> {
  const ids = messages.map(({ messageId }) => messageId);
  const { rows } = await sql.query<{ id: string }>(
    `update maildrain.message m
        set stored_at = $1, filed_at = coalesce(m.filed_at, m.stored_at), digest = k.digest, size = k.size
       from unnest($2::bigint[], $3::bytea[], $4::bigint[]) as k (id, digest, size)
      where m.id = k.id returning m.id`,
    [now, ids, messages.map(({ digest }) => digest), messages.map(({ size }) => size)],
  );
  const known = rows.map(({ id }) => id);
  await sql.query('update maildrain.attachment set stored_at = $1 where message_id = any($2::bigint[])', [now, known]);
  await sql.query('update maildrain.ledger set stored_at = $1 where message_id = any($2::bigint[])', [now, ids]);
  return new Set(known);
}

/** Messages of which only the ledger knew are written down again: what they reported was filed when they were stored first. */
export async function rememberFiled(sql: Sql, now: Date, messages: readonly StoredAt[]): Promise<void> {
  await sql.query(
    `update maildrain.message m set filed_at = k.stored_at from unnest($2::bigint[], $3::timestamptz[]) as k (id, stored_at)
      where m.id = k.id and m.stored_at = $1`,
    [now, messages.map(({ messageId }) => messageId), messages.map(({ storedAt }) => storedAt)],
  );
}

/** Octets that arrived under an id of their own are those of this message. Call inside the storing transaction. */
export async function giveOctets(sql: Sql, now: Date, from: string, to: string): Promise<void> {
  await sql.query('update maildrain.raw set message_id = $3 where message_id = $2 and stored_at = $1', [now, from, to]);
}
