// Counting what is stored and what drains did, for a person to read. The counts are taken from the tables, never from memory.

import type { Sql } from './pool.ts';

/** One finished drain. Counts are messages. */
export interface FinishedRun {
  /** Decimal text, ascending. */
  readonly id: string;
  readonly mailbox: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly outcome: string;
  readonly fetched: number;
  readonly stored: number;
  readonly adopted: number;
  readonly disposed: number;
  readonly skipped: number;
  readonly held: number;
  readonly missing: number;
  readonly pending: number;
  readonly bytes: number;
  readonly ms: number;
  readonly errorCode: string | null;
}

type Counts = Pick<
  FinishedRun,
  'fetched' | 'stored' | 'adopted' | 'disposed' | 'skipped' | 'held' | 'missing' | 'pending' | 'bytes' | 'ms'
>;

/** Drains that were finished after the one with this id, oldest first, at most 1,000. `0` starts at the beginning. */
export async function runsAfter(sql: Sql, id: string): Promise<FinishedRun[]> {
  const found = await sql.query<{
    id: string;
    name: string;
    started_at: Date;
    finished_at: Date;
    report: Counts & { outcome: string };
    error_code: string | null;
  }>(
    `select r.id, b.name, r.started_at, r.finished_at, r.report, r.error_code
       from maildrain.run r join maildrain.mailbox b on b.id = r.mailbox_id
      where r.job = 'drain' and r.id > $1 order by r.id limit 1000`,
    [id],
  );
  return found.rows.map(({ report, ...row }) => ({
    id: row.id,
    mailbox: row.name,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    outcome: report.outcome,
    fetched: report.fetched,
    stored: report.stored,
    adopted: report.adopted,
    disposed: report.disposed,
    skipped: report.skipped,
    held: report.held,
    missing: report.missing,
    pending: report.pending,
    bytes: report.bytes,
    ms: report.ms,
    errorCode: row.error_code,
  }));
}

export interface SenderCount {
  /** Lower-case address; null for messages without one. */
  readonly sender: string | null;
  readonly messages: number;
  /** Octets. */
  readonly bytes: number;
}

/** The senders with the most rows. */
export async function rowsBySender(sql: Sql, limit: number): Promise<SenderCount[]> {
  const found = await sql.query<{ sender: string | null; messages: number; bytes: string }>(
    `select from_address as sender, count(*)::int as messages, sum(size)::bigint as bytes
       from maildrain.message group by from_address order by count(*) desc, from_address limit $1`,
    [limit],
  );
  return found.rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}

/** A stored message by its digest. */
export interface StoredDigest {
  readonly id: string;
  readonly mailbox: string;
  /** SHA-256 in hex. */
  readonly sha256: string;
}

/** Every stored message. For databases of the size of a demo. */
export async function storedDigests(sql: Sql): Promise<StoredDigest[]> {
  const found = await sql.query<{ id: string; name: string; sha256: string }>(
    `select m.id, b.name, encode(m.digest, 'hex') as sha256
       from maildrain.message m join maildrain.mailbox b on b.id = m.mailbox_id order by m.id`,
  );
  return found.rows.map((row) => ({ id: row.id, mailbox: row.name, sha256: row.sha256 }));
}
