// The ledger rows of a batch: those that were adopted or released make room for the new ones. Called inside the storing transaction (batch.ts).

import { MaildrainError } from '../errors.ts';
import type { Adopted, Entry, StoredFor } from './entries.ts';
import { columnsOf } from './ledger.ts';
import type { Sql } from './pool.ts';

/** Replaces the rows that were adopted or released, and writes one row for each message of the batch. */
export async function writeLedger(
  sql: Sql,
  batch: StoredFor & { readonly fresh: readonly Entry[]; readonly adopted: readonly Adopted[] },
  ids: readonly string[],
): Promise<void> {
  const replaced = batch.adopted.flatMap(({ replaces, messageId }) =>
    replaces === null ? [] : [{ ...replaces, messageId }],
  );
  if (replaced.length > 0) {
    const gone = await sql.query(
      // It may have been displaced since the drain read it.
      `delete from maildrain.ledger l
        using unnest($1::int[], $2::text[], $3::text[], $4::bytea[], $5::bigint[]) as k (mailbox_id, uidvalidity, uid, digest, message_id)
        where l.mailbox_id = k.mailbox_id and l.uidvalidity in (k.uidvalidity, k.uidvalidity || '~' || k.message_id)
          and l.uid = k.uid and l.digest = k.digest and l.message_id = k.message_id`,
      [...columnsOf(replaced), replaced.map(({ messageId }) => messageId)],
    );
    if (gone.rowCount !== replaced.length) throw conflict();
  }
  const entries: readonly Entry[] = [...batch.fresh, ...batch.adopted];
  if (entries.length === 0) return;
  const displaced = entries.filter((entry) => entry.displaces !== null);
  if (displaced.length > 0) {
    await sql.query(
      `update maildrain.ledger l set uidvalidity = l.uidvalidity || '~' || l.message_id, changed_at = now()
         from unnest($3::text[], $4::bytea[], $5::bigint[]) as k (uid, digest, message_id)
        where l.mailbox_id = $1 and l.uidvalidity = $2 and l.uid = k.uid and l.digest = k.digest and l.message_id = k.message_id`,
      [
        batch.mailboxId,
        batch.uidValidity,
        displaced.map((entry) => entry.listed.uid),
        displaced.map((entry) => entry.digest),
        displaced.map((entry) => entry.displaces),
      ],
    );
  }
  // A released hold is over once the message is stored.
  const written = await sql.query({
    // Planned once for a connection, not once a batch.
    name: 'maildrain: ledger',
    text: `with unheld as (
       delete from maildrain.ledger where mailbox_id = $1 and uidvalidity = $2 and uid = any($3::text[]) and state = 'held')
     insert into maildrain.ledger (mailbox_id, uidvalidity, uid, digest, message_id, email_id, internal_date, size, state, reason, stored_at)
     select $1, $2, r.* from unnest($3::text[], $4::bytea[], $5::bigint[], $6::text[], $7::timestamptz[], $8::bigint[], $9::text[], $10::text[],
       $11::timestamptz[]) as r
     on conflict do nothing`,
    values: [
      batch.mailboxId,
      batch.uidValidity,
      entries.map((entry) => entry.listed.uid),
      entries.map((entry) => entry.digest),
      [...ids, ...batch.adopted.map((adopted) => adopted.messageId)],
      entries.map((entry) => entry.listed.emailId),
      entries.map((entry) => entry.listed.internalDate),
      entries.map((entry) => entry.size),
      entries.map((entry) => entry.state),
      entries.map((entry) => entry.reason),
      [...batch.fresh.map(() => batch.now), ...batch.adopted.map((adopted) => adopted.storedAt)],
    ],
  });
  if (written.rowCount !== entries.length) throw conflict();
}

function conflict(): MaildrainError {
  return new MaildrainError(
    'DATABASE_CONFLICT',
    'another drain wrote the same ledger rows; nothing of this batch was stored, the next drain recognises what is there',
  );
}
