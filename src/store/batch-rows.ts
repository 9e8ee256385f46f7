// The rows of a batch, as binary COPY: messages, their octets, attachment facts. Called inside the storing transaction (batch.ts).

import type { Reading } from '../model-reading.ts';
import { type CopyIn, copyIn } from './copy.ts';
import type { Batch, Entry, StoredFor } from './entries.ts';
import type { Sql } from './pool.ts';

/** Larger pieces cannot be read back safely as hex, smaller ones cost rows. */
const CHUNK = 256 * 1024;

export async function takeIds(sql: Sql, count: number): Promise<string[]> {
  if (count === 0) return [];
  const taken = await sql.query<{ id: string }>(
    `select nextval('maildrain.message_id_seq') as id from generate_series(1, $1::int)`,
    [count],
  );
  return taken.rows.map((row) => row.id);
}

export function idAt(ids: readonly string[], i: number): string {
  const id = ids[i];
  if (id === undefined) throw new Error('fewer message ids than messages');
  return id;
}

const MESSAGE_COPY = `copy maildrain.message (id, stored_at, mailbox_id, digest, size, internal_date, kind, reader, envelope_recipient,
  message_id, from_header, from_address, to_addresses, subject, sent_at, email_id, thread_id, labels, flags, text_preview, headers)
  from stdin (format binary)`;

/** A message to be written down. */
interface MessageRow {
  readonly id: string;
  readonly entry: Entry;
  readonly reading: Reading;
}

export function copyMessages(sql: Sql, batch: StoredFor, rows: readonly MessageRow[]): Promise<void> {
  return copyIn(sql, MESSAGE_COPY, async (copy) => {
    for (const { id, entry, reading } of rows) {
      messageRow(copy, id, batch, entry, reading);
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

export function copyRaws(sql: Sql, batch: Pick<Batch, 'now' | 'fresh'>, ids: readonly string[]): Promise<void> {
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

export async function copyAttachments(
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

export function copyPieces(sql: Sql, now: Date, id: string, pieces: AsyncIterable<Buffer>): Promise<void> {
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
