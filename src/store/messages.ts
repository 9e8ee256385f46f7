// Reading stored mail back: lists, one message, its exact octets, and the ledger's proof. Writing is in batch.ts.

import { createHash } from 'node:crypto';
import pgCopyStreams from 'pg-copy-streams';
import { copyRows } from './copy-out.ts';
import { limitOf } from './limit.ts';
import type { Database, Sql } from './pool.ts';
import { toDatabaseError } from './pool.ts';

/** One line of a list. */
export interface MessageSummary {
  /** Decimal text. */
  readonly id: string;
  readonly mailbox: string;
  readonly storedAt: Date;
  readonly internalDate: Date | null;
  readonly kind: string;
  readonly from: string | null;
  readonly subject: string | null;
  /** Octets. */
  readonly size: number;
}

export interface MessageFilter {
  readonly mailbox?: string | undefined;
  readonly from?: string | undefined;
  readonly subject?: string | undefined;
  readonly since?: Date | undefined;
  readonly before?: Date | undefined;
  /** Only messages with a smaller id: the next page. */
  readonly beforeId?: string | undefined;
  /** 1 to 10,000. Default 50. */
  readonly limit?: number | undefined;
}

interface SummaryRow {
  id: string;
  name: string;
  stored_at: Date;
  internal_date: Date | null;
  kind: string;
  from_header: string | null;
  subject: string | null;
  size: string;
}

/** Newest first. `from` and `subject` match anywhere, without regard to case. */
export async function listMessages(sql: Sql, filter: MessageFilter): Promise<MessageSummary[]> {
  const found = await sql.query<SummaryRow>(
    `select m.id, b.name, m.stored_at, m.internal_date, m.kind, m.from_header, m.subject, m.size
       from maildrain.message m join maildrain.mailbox b on b.id = m.mailbox_id
      where ($1::text is null or b.name = $1)
        and ($2::text is null or position(lower($2) in lower(m.from_header)) > 0)
        and ($3::text is null or position(lower($3) in lower(m.subject)) > 0)
        and ($4::timestamptz is null or m.stored_at >= $4)
        and ($5::timestamptz is null or m.stored_at < $5)
        and ($6::bigint is null or m.id < $6)
      order by m.id desc limit $7`,
    [
      filter.mailbox ?? null,
      filter.from ?? null,
      filter.subject ?? null,
      filter.since ?? null,
      filter.before ?? null,
      filter.beforeId ?? null,
      limitOf(filter.limit),
    ],
  );
  return found.rows.map((row) => ({
    id: row.id,
    mailbox: row.name,
    storedAt: row.stored_at,
    internalDate: row.internal_date,
    kind: row.kind,
    from: row.from_header,
    subject: row.subject,
    size: Number(row.size),
  }));
}

export interface StoredAttachment {
  readonly part: string;
  readonly filename: string | null;
  readonly contentType: string;
  readonly size: number;
  /** SHA-256 in hex, of the octets as transferred. */
  readonly sha256: string;
}

export interface StoredMessage extends MessageSummary {
  readonly sha256: string;
  readonly reader: number;
  readonly envelopeRecipient: string | null;
  readonly messageId: string | null;
  readonly to: readonly string[];
  readonly sentAt: Date | null;
  readonly emailId: string | null;
  readonly labels: readonly string[];
  readonly flags: readonly string[];
  readonly text: string | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly attachments: readonly StoredAttachment[];
}

interface MessageRow extends SummaryRow {
  digest: Buffer;
  reader: number;
  envelope_recipient: string | null;
  message_id: string | null;
  to_addresses: string[];
  sent_at: Date | null;
  email_id: string | null;
  labels: string[];
  flags: string[];
  text_preview: string | null;
  headers: [string, string][];
}

/** @param id decimal text; null: there is no such message */
export async function findMessage(sql: Sql, id: string): Promise<StoredMessage | null> {
  const found = await sql.query<MessageRow>(
    `select m.*, b.name from maildrain.message m join maildrain.mailbox b on b.id = m.mailbox_id where m.id = $1`,
    [id],
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  const parts = await sql.query<{
    part: string;
    filename: string | null;
    content_type: string;
    size: string;
    digest: Buffer;
  }>(
    `select part, filename, content_type, size, digest from maildrain.attachment where message_id = $1 and stored_at = $2
      order by string_to_array(part, '.')::int[]`,
    [id, row.stored_at],
  );
  return {
    id: row.id,
    mailbox: row.name,
    storedAt: row.stored_at,
    internalDate: row.internal_date,
    kind: row.kind,
    from: row.from_header,
    subject: row.subject,
    size: Number(row.size),
    sha256: row.digest.toString('hex'),
    reader: row.reader,
    envelopeRecipient: row.envelope_recipient,
    messageId: row.message_id,
    to: row.to_addresses,
    sentAt: row.sent_at,
    emailId: row.email_id,
    labels: row.labels,
    flags: row.flags,
    text: row.text_preview,
    headers: row.headers,
    attachments: parts.rows.map((part) => ({
      part: part.part,
      filename: part.filename,
      contentType: part.content_type,
      size: Number(part.size),
      sha256: part.digest.toString('hex'),
    })),
  };
}

/**
 * The exact octets of a message, piece by piece, in constant memory: rows come as COPY, for as query results they would arrive as hex text of twice the size.
 *
 * @param id decimal text
 * @throws MaildrainError DATABASE_*
 */
export async function* rawOctets(database: Database, id: string): AsyncGenerator<Buffer> {
  // COPY takes no parameters: the id goes in as a number that we made ourselves.
  const number = BigInt(id).toString();
  const pen = await database.take();
  let finished = false;
  try {
    const stream = pen.client.query(
      pgCopyStreams.to(
        `copy (select bytes from maildrain.raw where message_id = ${number} order by seq) to stdout (format binary)`,
      ),
    );
    for await (const [octets] of copyRows(stream)) if (octets !== undefined) yield octets;
    finished = true;
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await (finished ? pen.release() : pen.discard());
  }
}

/** The ledger's proof for one message. */
export interface Receipt {
  readonly id: string;
  readonly storedAt: Date;
  readonly sha256: string;
  /** SHA-256 of the octets as they stand in the database now; null when they are expired. */
  readonly sha256Now: string | null;
  /** Octets. */
  readonly size: number;
  /** True: what is stored is, octet for octet, what was fetched. */
  readonly intact: boolean;
  readonly sightings: readonly {
    readonly mailbox: string;
    readonly login: string;
    readonly folder: string;
    readonly uidValidity: string;
    readonly uid: string;
    readonly state: string;
    readonly reason: string | null;
    readonly changedAt: Date;
  }[];
}

export async function receiptOf(database: Database, id: string): Promise<Receipt | null> {
  const message = await findMessage(database.sql, id);
  if (message === null) return null;
  const hash = createHash('sha256');
  let pieces = 0;
  for await (const piece of rawOctets(database, id)) {
    hash.update(piece);
    pieces++;
  }
  const sha256Now = pieces === 0 ? null : hash.digest('hex');
  const rows = await database.sql.query<{
    name: string;
    login: string;
    folder: string;
    uidvalidity: string;
    uid: string;
    state: string;
    reason: string | null;
    changed_at: Date;
  }>(
    `select b.name, b.login, b.folder, l.uidvalidity, l.uid, l.state, l.reason, l.changed_at
       from maildrain.ledger l join maildrain.mailbox b on b.id = l.mailbox_id where l.message_id = $1 order by l.changed_at`,
    [id],
  );
  return {
    id,
    storedAt: message.storedAt,
    sha256: message.sha256,
    sha256Now,
    size: message.size,
    intact: sha256Now === message.sha256,
    sightings: rows.rows.map((row) => ({
      mailbox: row.name,
      login: row.login,
      folder: row.folder,
      uidValidity: row.uidvalidity,
      uid: row.uid,
      state: row.state,
      reason: row.reason,
      changedAt: row.changed_at,
    })),
  };
}
