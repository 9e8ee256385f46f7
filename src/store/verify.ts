// Reading the ledger to compare it with a server, and the stored octets to compare them with their digests: in pages, so that a mailbox of any
// size needs the same memory. What is compared with what is in admin/verify.ts.

import type { Uid } from '../model.ts';
import type { LedgerState } from './ledger.ts';
import type { Sql } from './pool.ts';

/** A row whose message should still be on the server. */
export interface StandingRow {
  readonly uid: Uid;
  readonly state: LedgerState;
  /** For the next page. */
  readonly digest: Buffer;
}

/** Rows under this UIDVALIDITY that are not disposed, in the order of the key, after a row. */
export async function standingRows(
  sql: Sql,
  mailboxId: number,
  uidValidity: string,
  after: Pick<StandingRow, 'uid' | 'digest'> | null,
  limit: number,
): Promise<StandingRow[]> {
  const found = await sql.query<{ uid: string; state: LedgerState; digest: Buffer }>(
    `select uid, state, digest from maildrain.ledger
      where mailbox_id = $1 and uidvalidity = $2 and state <> 'disposed'
        and ($3::text is null or (uid, digest) > ($3, $4::bytea))
      order by uid, digest limit $5`,
    [mailboxId, uidValidity, after?.uid ?? null, after?.digest ?? null, limit],
  );
  return found.rows;
}

/** How many rows of other UIDVALIDITYs are not disposed: their messages are recognised when a drain meets them. */
export async function countRenumbered(sql: Sql, mailboxId: number, uidValidity: string): Promise<number> {
  const found = await sql.query<{ n: number }>(
    `select count(*)::int as n from maildrain.ledger
      where mailbox_id = $1 and (uidvalidity < $2 or uidvalidity > $2) and state <> 'disposed'`,
    [mailboxId, uidValidity],
  );
  return found.rows[0]?.n ?? 0;
}

/** Where a page of messages ends. */
export interface Place {
  /** message.stored_at as Postgres writes it: a Date has no microseconds. */
  readonly storedAt: string;
  /** message.id as decimal text. */
  readonly id: string;
}

/** What Postgres says of one stored message's octets. */
export interface Checked extends Place {
  readonly digest: Buffer;
  /** `expired`: they are gone, by retention. Null: they are in several pieces, and have to be read. */
  readonly outcome: 'intact' | 'damaged' | 'expired' | null;
}

/** The next messages of a mailbox in the order of storing. Octets of one piece are hashed by Postgres, so that they need not travel. */
export async function checkedMessages(
  sql: Sql,
  mailboxId: number,
  after: Place | null,
  limit: number,
): Promise<Checked[]> {
  const found = await sql.query<{ id: string; at: string; digest: Buffer; same: boolean | null; more: boolean }>(
    `select m.id, m.stored_at::text as at, m.digest, r.same,
            exists (select from maildrain.raw w where w.message_id = m.id and w.stored_at = m.stored_at and w.seq > 0) as more
       from (select id, stored_at, digest from maildrain.message
              where mailbox_id = $1 and ($2::timestamptz is null or (stored_at, id) > ($2, $3::bigint))
              order by stored_at, id limit $4) m
       left join lateral (
         select sha256(w.bytes) = m.digest as same from maildrain.raw w
          where w.message_id = m.id and w.stored_at = m.stored_at and w.seq = 0) r on true
      order by m.stored_at, m.id`,
    [mailboxId, after?.storedAt ?? null, after?.id ?? null, limit],
  );
  return found.rows.map(({ id, at, digest, same, more }) => ({
    id,
    storedAt: at,
    digest,
    outcome: outcomeOf(same, more),
  }));
}

/** Every message has a first piece, also one of no octets. */
function outcomeOf(same: boolean | null, more: boolean): Checked['outcome'] {
  if (more) return same === null ? 'damaged' : null;
  if (same === null) return 'expired';
  return same ? 'intact' : 'damaged';
}
