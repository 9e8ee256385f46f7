// The storing transaction: messages, their octets, attachment facts, what they report and ledger rows become visible together or not at all.
// Everything the drain promises rests on this file: what is committed here may be taken off the server, nothing else.

import { MaildrainError } from '../errors.ts';
import type { Listed, Reading } from '../model.ts';
import { type CopyIn, copyIn } from './copy.ts';
import type { Stored } from './delivery-reports.ts';
import { columnsOf, type LedgerKey } from './ledger.ts';
import { type InFlight, setInFlight } from './mailboxes.ts';
import { inTransaction, type Sql } from './pool.ts';
import { giveOctets, moveToNow, withOctets } from './renew.ts';
import { fileReports, type Pipeline } from './reports.ts';

/** Larger pieces cannot be read back safely as hex, smaller ones cost rows. */
const CHUNK = 256 * 1024;

/** What every ledger row of a batch says, new or adopted. */
interface Entry {
  readonly listed: Listed;
  /** SHA-256 of the octets. */
  readonly digest: Buffer;
  /** Octets. */
  readonly size: number;
  readonly state: 'pending' | 'kept';
  readonly reason: string | null;
  /** A disposed row of another message has this one's UID and digest: it makes room, under a UIDVALIDITY that no server uses. */
  readonly displaces: boolean;
}

/** A message that nobody has stored. */
export interface Fresh extends Entry {
  readonly raw: Buffer;
  readonly reading: Reading;
}

/** A message that is stored already; only its ledger row is written. */
export interface Adopted extends Entry {
  /** The row it had, replaced by the new one; null where that row stays (the same Gmail message under another label). */
  readonly replaces: LedgerKey | null;
  readonly messageId: string;
  readonly storedAt: Date;
  /** It is to be taken off the server: where its octets have expired these are stored in their place. Null: it stays there. */
  readonly arrived: Octets | null;
}

interface Octets {
  /** Null: streamed, they stand in the database already. */
  readonly raw: Buffer | null;
  readonly reading: Reading;
}

export interface Batch {
  readonly mailboxId: number;
  readonly uidValidity: string;
  /** Becomes `stored_at`; its month must have a partition. */
  readonly now: Date;
  readonly fresh: readonly Fresh[];
  readonly adopted: readonly Adopted[];
  /** What is in flight once this batch is committed. */
  readonly inFlight: InFlight | null;
  readonly pipeline: Pipeline;
}

/**
 * Stores a batch in one transaction.
 *
 * @returns the ids of the fresh messages, in their order
 * @throws MaildrainError DATABASE_CONFLICT when another drain has written one of these rows meanwhile; nothing is stored then
 */
export function storeBatch(sql: Sql, batch: Batch): Promise<string[]> {
  return inTransaction(sql, async () => {
    const ids = await takeIds(sql, batch.fresh.length);
    if (batch.fresh.length > 0) {
      await copyMessages(sql, batch, ids);
      await copyRaws(sql, batch, ids);
      await copyAttachments(
        sql,
        batch.now,
        batch.fresh.map((fresh, i) => ({ id: idAt(ids, i), reading: fresh.reading })),
      );
      await fileReports(
        sql,
        batch,
        batch.fresh.map((fresh, i) => storedOf(idAt(ids, i), fresh, fresh.reading)),
      );
    }
    await writeLedger(sql, { ...batch, adopted: await renewExpired(sql, batch) }, ids);
    await setInFlight(sql, batch.mailboxId, batch.inFlight);
    return ids;
  });
}

/** An adopted message whose octets have expired, and that is to be taken off the server. */
interface Expired extends Adopted {
  readonly arrived: Octets;
}

async function expiredOf(sql: Sql, adopted: readonly Adopted[]): Promise<Expired[]> {
  const leaving = adopted.flatMap((entry) => (entry.arrived === null ? [] : [{ ...entry, arrived: entry.arrived }]));
  const there = await withOctets(sql, leaving);
  return [...new Map(leaving.map((entry) => [entry.messageId, entry])).values()].filter(
    ({ messageId }) => !there.has(messageId),
  );
}

/** Stores octets again that have expired. @returns the adopted messages as they are then */
async function renewExpired(sql: Sql, batch: Batch): Promise<readonly Adopted[]> {
  const expired = await expiredOf(sql, batch.adopted);
  if (expired.length === 0) return batch.adopted;
  const fresh = expired.map((entry) => {
    // Streamed octets are renewed where they are stored, and those were there a moment ago.
    if (entry.arrived.raw === null)
      throw new MaildrainError('DATABASE_CONFLICT', 'octets expired meanwhile: the next drain stores them again');
    return { ...entry, raw: entry.arrived.raw, reading: entry.arrived.reading };
  });
  const ids = expired.map(({ messageId }) => messageId);
  await copyRaws(sql, { ...batch, fresh }, ids);
  return renewFacts(sql, batch, expired);
}

/** What is known of messages goes with their octets. @returns the adopted messages of the batch as they are then */
async function renewFacts(
  sql: Sql,
  batch: StoredFor & { readonly adopted: readonly Adopted[] },
  expired: readonly Expired[],
): Promise<readonly Adopted[]> {
  const known = await moveToNow(sql, batch.now, expired);
  const unknown = expired.filter(({ messageId }) => !known.has(messageId));
  if (unknown.length > 0) {
    await copyIn(sql, MESSAGE_COPY, async (copy) => {
      for (const entry of unknown) messageRow(copy, entry.messageId, batch, entry, entry.arrived.reading);
    });
    const readings = unknown.map(({ messageId, arrived }) => ({ id: messageId, reading: arrived.reading }));
    await copyAttachments(sql, batch.now, readings);
  }
  const renewed = new Set(expired.map(({ messageId }) => messageId));
  return batch.adopted.map((entry) => (renewed.has(entry.messageId) ? { ...entry, storedAt: batch.now } : entry));
}

function storedOf(id: string, { size, listed }: Entry, reading: Reading): Stored {
  return { id, size, internalDate: listed.internalDate, reading };
}

function idAt(ids: readonly string[], i: number): string {
  const id = ids[i];
  if (id === undefined) throw new Error('fewer message ids than messages');
  return id;
}

async function takeIds(sql: Sql, count: number): Promise<string[]> {
  if (count === 0) return [];
  const taken = await sql.query<{ id: string }>(
    `select nextval('maildrain.message_id_seq') as id from generate_series(1, $1::int)`,
    [count],
  );
  return taken.rows.map((row) => row.id);
}

const MESSAGE_COPY = `copy maildrain.message (id, stored_at, mailbox_id, digest, size, internal_date, kind, reader, envelope_recipient,
  message_id, from_header, from_address, to_addresses, subject, sent_at, email_id, thread_id, labels, flags, text_preview, headers)
  from stdin (format binary)`;

function copyMessages(sql: Sql, batch: Batch, ids: readonly string[]): Promise<void> {
  return copyIn(sql, MESSAGE_COPY, async (copy) => {
    for (const [i, fresh] of batch.fresh.entries()) {
      messageRow(copy, idAt(ids, i), batch, fresh, fresh.reading);
      await copy.breathe();
    }
  });
}

function messageRow(copy: CopyIn, id: string, batch: StoredFor, entry: Entry, reading: Reading): void {
  const { listed } = entry;
  copy.row(21);
  copy.int8(id);
  copy.timestamptz(batch.now);
  copy.int4(batch.mailboxId);
  copy.bytea(entry.digest);
  copy.int8(entry.size);
  copy.timestamptz(listed.internalDate);
  copy.text(reading.kind);
  copy.int4(reading.reader);
  copy.text(reading.envelopeRecipient);
  copy.text(reading.messageId);
  copy.text(reading.from);
  copy.text(reading.fromAddress);
  copy.texts(reading.to);
  copy.text(reading.subject);
  copy.timestamptz(reading.sentAt);
  copy.text(listed.emailId);
  copy.text(listed.threadId);
  copy.texts(listed.labels);
  copy.texts(listed.flags);
  copy.text(reading.text);
  copy.jsonb(reading.headers);
}

const RAW_COPY = 'copy maildrain.raw (message_id, stored_at, seq, bytes) from stdin (format binary)';

function copyRaws(sql: Sql, batch: Batch, ids: readonly string[]): Promise<void> {
  return copyIn(sql, RAW_COPY, async (copy) => {
    for (const [i, fresh] of batch.fresh.entries()) {
      // An empty message has one empty piece: "stored" can then be told from "octets expired".
      for (let from = 0, seq = 0; from < fresh.raw.length || seq === 0; from += CHUNK, seq++) {
        rawRow(copy, idAt(ids, i), batch.now, seq, fresh.raw.subarray(from, from + CHUNK));
        await copy.breathe();
      }
    }
  });
}

function rawRow(copy: CopyIn, id: string, now: Date, seq: number, bytes: Buffer): void {
  copy.row(4);
  copy.int8(id);
  copy.timestamptz(now);
  copy.int4(seq);
  copy.bytea(bytes);
}

const ATTACHMENT_COPY =
  'copy maildrain.attachment (message_id, stored_at, part, filename, content_type, size, digest) from stdin (format binary)';

async function copyAttachments(
  sql: Sql,
  now: Date,
  readings: readonly { id: string; reading: Reading }[],
): Promise<void> {
  if (readings.every(({ reading }) => reading.attachments.length === 0)) return;
  await copyIn(sql, ATTACHMENT_COPY, async (copy) => {
    for (const { id, reading } of readings) {
      for (const attachment of reading.attachments) {
        copy.row(7);
        copy.int8(id);
        copy.timestamptz(now);
        copy.text(attachment.part);
        copy.text(attachment.filename);
        copy.text(attachment.contentType);
        copy.int8(attachment.size);
        copy.bytea(attachment.digest);
        await copy.breathe();
      }
    }
  });
}

interface StoredFor {
  readonly mailboxId: number;
  readonly uidValidity: string;
  readonly now: Date;
  readonly pipeline: Pipeline;
}

/** Replaces the rows that were adopted or released, and writes one row for each message of the batch. */
async function writeLedger(
  sql: Sql,
  batch: StoredFor & { readonly fresh: readonly Entry[]; readonly adopted: readonly Adopted[] },
  ids: readonly string[],
): Promise<void> {
  const replaced = batch.adopted.flatMap((adopted) => (adopted.replaces === null ? [] : [adopted.replaces]));
  if (replaced.length > 0) {
    const gone = await sql.query(
      `delete from maildrain.ledger l using unnest($1::int[], $2::text[], $3::text[], $4::bytea[]) as k (mailbox_id, uidvalidity, uid, digest)
        where l.mailbox_id = k.mailbox_id and l.uidvalidity = k.uidvalidity and l.uid = k.uid and l.digest = k.digest`,
      columnsOf(replaced),
    );
    if (gone.rowCount !== replaced.length) throw conflict();
  }
  const entries: readonly Entry[] = [...batch.fresh, ...batch.adopted];
  if (entries.length === 0) return;
  const displaced = entries.filter((entry) => entry.displaces);
  if (displaced.length > 0) {
    await sql.query(
      `update maildrain.ledger l set uidvalidity = l.uidvalidity || '~' || l.message_id, changed_at = now()
         from unnest($3::text[], $4::bytea[]) as k (uid, digest)
        where l.mailbox_id = $1 and l.uidvalidity = $2 and l.uid = k.uid and l.digest = k.digest and l.state = 'disposed'`,
      [
        batch.mailboxId,
        batch.uidValidity,
        displaced.map((entry) => entry.listed.uid),
        displaced.map((entry) => entry.digest),
      ],
    );
  }
  // A released hold is over once the message is stored.
  const written = await sql.query(
    `with unheld as (
       delete from maildrain.ledger where mailbox_id = $1 and uidvalidity = $2 and uid = any($3::text[]) and state = 'held')
     insert into maildrain.ledger (mailbox_id, uidvalidity, uid, digest, message_id, email_id, internal_date, size, state, reason, stored_at)
     select $1, $2, r.* from unnest($3::text[], $4::bytea[], $5::bigint[], $6::text[], $7::timestamptz[], $8::bigint[], $9::text[], $10::text[],
       $11::timestamptz[]) as r
     on conflict do nothing`,
    [
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
  );
  if (written.rowCount !== entries.length) throw conflict();
}

function conflict(): MaildrainError {
  return new MaildrainError(
    'DATABASE_CONFLICT',
    'another drain wrote the same ledger rows; nothing of this batch was stored, the next drain recognises what is there',
  );
}

/** Digest, size and reading of a message whose octets have passed through. */
export interface Streamed {
  readonly digest: Buffer;
  readonly size: number;
  readonly reading: Reading;
}

/** What a streamed message turned out to be. */
export type StreamVerdict =
  | ({ readonly verdict: 'fresh' } & Pick<Entry, 'state' | 'reason' | 'displaces'>)
  | { readonly verdict: 'adopted'; readonly adopted: Adopted }
  | { readonly verdict: 'leave' };

/**
 * Stores one large message while it arrives, in constant memory. Whether it is new is known only at its end: if it is not, what was copied is rolled back.
 *
 * @param pieces yields the octets in order; throws when they do not all arrive
 * @param finish called when all octets have passed
 * @param judge decides what the message is
 */
export async function storeStreamed(
  sql: Sql,
  batch: StoredFor & { readonly listed: Listed; readonly inFlight: InFlight | null },
  pieces: AsyncIterable<Buffer>,
  finish: () => Streamed,
  judge: (streamed: Streamed) => Promise<StreamVerdict> | StreamVerdict,
): Promise<{ readonly verdict: StreamVerdict; readonly streamed: Streamed }> {
  const outcome = await inTransaction(
    sql,
    async () => {
      // The COPY lasts as long as the mail server takes, and a slow one takes longer than any statement may. Each of its pieces has a bound.
      await sql.query('set local statement_timeout = 0');
      const ids = await takeIds(sql, 1);
      await copyPieces(sql, batch.now, idAt(ids, 0), pieces);
      const streamed = finish();
      const verdict = await judge(streamed);
      if (verdict.verdict === 'fresh')
        await writeStreamed(sql, batch, ids, { ...streamed, ...verdict, listed: batch.listed });
      const expired = verdict.verdict === 'adopted' ? await expiredOf(sql, [verdict.adopted]) : [];
      for (const entry of expired) await renewStreamed(sql, batch, idAt(ids, 0), entry);
      return { verdict, streamed, written: verdict.verdict === 'fresh' || expired.length > 0 };
    },
    ({ written }) => written,
  );
  const { verdict, written } = outcome;
  if (!written) {
    await storeBatch(sql, { ...batch, fresh: [], adopted: verdict.verdict === 'adopted' ? [verdict.adopted] : [] });
  }
  return outcome;
}

async function writeStreamed(
  sql: Sql,
  batch: StoredFor & { readonly inFlight: InFlight | null },
  ids: readonly string[],
  entry: Entry & Streamed,
): Promise<void> {
  await copyIn(sql, MESSAGE_COPY, async (copy) => messageRow(copy, idAt(ids, 0), batch, entry, entry.reading));
  await copyAttachments(sql, batch.now, [{ id: idAt(ids, 0), reading: entry.reading }]);
  await fileReports(sql, batch, [storedOf(idAt(ids, 0), entry, entry.reading)]);
  await writeLedger(sql, { ...batch, fresh: [entry], adopted: [] }, ids);
  await setInFlight(sql, batch.mailboxId, batch.inFlight);
}

async function renewStreamed(
  sql: Sql,
  batch: StoredFor & { readonly inFlight: InFlight | null },
  id: string,
  entry: Expired,
): Promise<void> {
  await giveOctets(sql, batch.now, id, entry.messageId);
  const adopted = await renewFacts(sql, { ...batch, adopted: [entry] }, [entry]);
  await writeLedger(sql, { ...batch, fresh: [], adopted }, []);
  await setInFlight(sql, batch.mailboxId, batch.inFlight);
}

function copyPieces(sql: Sql, now: Date, id: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  return copyIn(sql, RAW_COPY, async (copy) => {
    let seq = 0;
    for await (const piece of pieces) {
      for (let from = 0; from < piece.length; from += CHUNK) {
        rawRow(copy, id, now, seq++, piece.subarray(from, from + CHUNK));
        await copy.breathe();
      }
    }
    if (seq === 0) rawRow(copy, id, now, 0, Buffer.alloc(0));
  });
}
