// Held messages: set aside on the server because they are too large, or because fetching them kills the drain. Nothing of them is
// stored; a hold that was wrong costs nothing and is undone by `release`.

import type { Uid } from '../model.ts';
import { type NewEvent, writeEvents } from './events.ts';
import { inTransaction, type Sql } from './pool.ts';

/** Why a message is held: the lower-case words that `held` prints. */
export type HoldReason = 'too-large' | 'fetch-fatal' | 'fetch-refused' | 'store-refused';

export interface Hold {
  readonly uid: Uid;
  readonly size: number | null;
  readonly internalDate: Date | null;
  readonly reason: HoldReason;
}

/** A held message as a person sees it. */
export interface HeldMessage {
  readonly mailbox: string;
  readonly uidValidity: string;
  readonly uid: Uid;
  readonly reason: string | null;
  readonly size: number | null;
  readonly internalDate: Date | null;
  readonly heldAt: Date;
  /** Freed, and not yet tried again. */
  readonly released: boolean;
}

/** Holds messages and tells of it; one held before stays as it is, one that was released is held again. */
export async function hold(
  sql: Sql,
  { mailboxId, name, uidValidity }: { readonly mailboxId: number; readonly name: string; readonly uidValidity: string },
  holds: readonly Hold[],
): Promise<void> {
  if (holds.length === 0) return;
  await inTransaction(sql, async () => {
    const held = await sql.query<{ uid: string; reason: string; size: string | null; changed_at: Date }>(
      `insert into maildrain.ledger as l (mailbox_id, uidvalidity, uid, digest, state, reason, size, internal_date)
       select $1, $2, h.uid, ''::bytea, 'held', h.reason, h.size, h.internal_date
         from unnest($3::text[], $4::text[], $5::bigint[], $6::timestamptz[]) as h (uid, reason, size, internal_date)
       on conflict (mailbox_id, uidvalidity, uid, digest)
       do update set state = 'held', reason = excluded.reason, released = false, changed_at = now(),
         size = coalesce(excluded.size, l.size), internal_date = coalesce(excluded.internal_date, l.internal_date)
       returning uid, reason, size, changed_at`,
      [
        mailboxId,
        uidValidity,
        holds.map((h) => h.uid),
        holds.map((h) => h.reason),
        holds.map((h) => h.size),
        holds.map((h) => h.internalDate),
      ],
    );
    const events = held.rows.map(({ uid, reason, size }): NewEvent => {
      const body = { mailbox: name, uidValidity, uid, reason, size: size === null ? null : Number(size) };
      return { type: 'message.held', key: name, body };
    });
    await writeEvents(sql, held.rows[0]?.changed_at ?? new Date(), events);
  });
}

/** @param names only these mailboxes; null: all */
export async function heldMessages(sql: Sql, names: readonly string[] | null): Promise<HeldMessage[]> {
  const found = await sql.query<{
    name: string;
    uidvalidity: string;
    uid: string;
    reason: string | null;
    size: string | null;
    internal_date: Date | null;
    changed_at: Date;
    released: boolean;
  }>(
    `select b.name, l.uidvalidity, l.uid, l.reason, l.size, l.internal_date, l.changed_at, l.released
       from maildrain.ledger l join maildrain.mailbox b on b.id = l.mailbox_id
      where l.state = 'held' and ($1::text[] is null or b.name = any($1))
      order by b.name, l.changed_at, length(l.uid), l.uid`,
    [names],
  );
  return found.rows.map((row) => ({
    mailbox: row.name,
    uidValidity: row.uidvalidity,
    uid: row.uid,
    reason: row.reason,
    size: row.size === null ? null : Number(row.size),
    internalDate: row.internal_date,
    heldAt: row.changed_at,
    released: row.released,
  }));
}

/**
 * Frees held messages: the next drain tries them again, whatever their size.
 *
 * @param uids only these; null: all of the mailbox
 * @returns the UIDs that were freed
 */
export async function release(sql: Sql, mailboxName: string, uids: readonly Uid[] | null): Promise<Uid[]> {
  const freed = await sql.query<{ uid: string }>(
    `update maildrain.ledger l set released = true
       from maildrain.mailbox b
      where b.id = l.mailbox_id and b.name = $1 and l.state = 'held' and ($2::text[] is null or l.uid = any($2))
      returning l.uid`,
    [mailboxName, uids],
  );
  return freed.rows.map((row) => row.uid);
}

/**
 * Forgets freed holds of messages that another client has marked \Deleted meanwhile. Nothing of them was ever stored, so they are that
 * client's now, and no drain will try them.
 */
export async function forgetReleased(
  sql: Sql,
  mailboxId: number,
  uidValidity: string,
  uids: readonly Uid[],
): Promise<void> {
  if (uids.length === 0) return;
  await sql.query(
    `delete from maildrain.ledger
      where mailbox_id = $1 and uidvalidity = $2 and uid = any($3) and state = 'held' and released and message_id is null`,
    [mailboxId, uidValidity, uids],
  );
}
