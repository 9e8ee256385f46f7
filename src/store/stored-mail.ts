// Walking through stored mail: pages of facts in the order of ids, and the octets of a page in one stream, in constant memory however many
// or large the messages are. Export, restore and reclassify stand on it.

import pgCopyStreams from 'pg-copy-streams';
import type { Login } from '../model.ts';
import type { Criteria } from '../model-admin.ts';
import { copyRows } from './copy-out.ts';
import { whereOf } from './criteria.ts';
import type { Database, Sql } from './pool.ts';
import { toDatabaseError } from './pool.ts';

/** Ids looked at by one statement: criteria that hardly any message fulfils would make it look at all of them, for longer than a statement may take. */
const WINDOW = 50_000n;
/** pg's own clock runs from the beginning of a COPY to its end. */
const COPY_TIMEOUT_MS = 24 * 60 * 60_000;

/** Which stored messages a job is about. */
export interface Selection {
  /** By the name under which it was drained; null: of all. */
  readonly mailbox: string | null;
  /** Only what came from this account; absent: from any that the name has ever been pointed at. */
  readonly login?: Login | undefined;
  /** Null: all of them. */
  readonly criteria: Criteria | null;
  /** Only what an older reader has read. */
  readonly readerBefore?: number | undefined;
}

/** What is known of a stored message without reading its octets. */
export interface StoredFacts {
  /** Decimal text. */
  readonly id: string;
  readonly storedAt: Date;
  /** When it was stored first, and what it reports was filed. */
  readonly filedAt: Date;
  readonly mailbox: string;
  readonly mailboxId: number;
  readonly digest: Buffer;
  /** Octets. */
  readonly size: number;
  readonly internalDate: Date | null;
  readonly kind: string;
  readonly reader: number;
  readonly messageId: string | null;
  readonly envelopeRecipient: string | null;
  readonly from: string | null;
  readonly fromAddress: string | null;
  readonly to: readonly string[];
  readonly subject: string | null;
  readonly sentAt: Date | null;
  readonly emailId: string | null;
  readonly threadId: string | null;
  readonly labels: readonly string[];
  readonly flags: readonly string[];
}

/** A stretch of ids: after the first, up to and with the last. */
export interface Stretch {
  readonly after: string;
  readonly until: string;
}

interface SqlRow {
  id: string;
  stored_at: Date;
  filed_at: Date;
  name: string;
  mailbox_id: number;
  digest: Buffer;
  size: string;
  internal_date: Date | null;
  kind: string;
  reader: number;
  message_id: string | null;
  envelope_recipient: string | null;
  from_header: string | null;
  from_address: string | null;
  to_addresses: string[];
  subject: string | null;
  sent_at: Date | null;
  email_id: string | null;
  thread_id: string | null;
  labels: string[];
  flags: string[];
}

function toFacts(row: SqlRow): StoredFacts {
  return {
    id: row.id,
    storedAt: row.stored_at,
    filedAt: row.filed_at,
    mailbox: row.name,
    mailboxId: row.mailbox_id,
    digest: row.digest,
    size: Number(row.size),
    internalDate: row.internal_date,
    kind: row.kind,
    reader: row.reader,
    messageId: row.message_id,
    envelopeRecipient: row.envelope_recipient,
    from: row.from_header,
    fromAddress: row.from_address,
    to: row.to_addresses,
    subject: row.subject,
    sentAt: row.sent_at,
    emailId: row.email_id,
    threadId: row.thread_id,
    labels: row.labels,
    flags: row.flags,
  };
}

/** `from ... where ...` of a selection; $1 to $5 and those of the criteria are its values. */
function selected(
  { mailbox, login, criteria, readerBefore }: Selection,
  { after, until }: Stretch,
): { text: string; values: unknown[] } {
  const values: unknown[] = [after, until, mailbox, readerBefore ?? null, login ?? null];
  const where = criteria === null ? { sql: 'true', params: [] } : whereOf(criteria, 'm', values.length + 1);
  return {
    text: `from maildrain.message m join maildrain.mailbox b on b.id = m.mailbox_id
      where m.id > $1 and m.id <= $2 and ($3::text is null or b.name = $3) and ($4::int is null or m.reader < $4)
        and ($5::text is null or b.login = $5) and ${where.sql}`,
    values: [...values, ...where.params],
  };
}

/** The id of the newest message; '0' without any. What is stored later does not belong to a job that begins now. */
export async function lastStoredId(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ id: string }>('select coalesce(max(id), 0)::text as id from maildrain.message');
  return rows[0]?.id ?? '0';
}

/** The id of the newest message that a job is about. It was written down when the job was asked for: clocks of hosts differ. */
export async function lastMessageOf(sql: Sql, jobId: string): Promise<string> {
  const { rows } = await sql.query<{ id: string }>(
    `select coalesce(last_message, 0)::text as id from maildrain.admin_job where id = $1`,
    [jobId],
  );
  return rows[0]?.id ?? '0';
}

/** What a selection comes to. */
export interface StoredSum {
  readonly messages: number;
  /** Octets. */
  readonly bytes: number;
  /** By INTERNALDATE, or when it was stored. */
  readonly oldest: Date | null;
  readonly newest: Date | null;
}

/** How many messages a selection has, and their octets together. Looks at all of them. */
export async function sumStored(sql: Sql, selection: Selection, stretch: Stretch): Promise<StoredSum> {
  let sum: StoredSum = { messages: 0, bytes: 0, oldest: null, newest: null };
  for (const window of windowsOf(stretch)) {
    const { text, values } = selected(selection, window);
    const { rows } = await sql.query<{ messages: string; bytes: string; oldest: Date | null; newest: Date | null }>(
      `select count(*)::text as messages, coalesce(sum(m.size), 0)::text as bytes,
              min(coalesce(m.internal_date, m.stored_at)) as oldest, max(coalesce(m.internal_date, m.stored_at)) as newest ${text}`,
      values,
    );
    const [row] = rows;
    if (row === undefined) continue;
    sum = {
      messages: sum.messages + Number(row.messages),
      bytes: sum.bytes + Number(row.bytes),
      oldest: earlier(sum.oldest, row.oldest),
      newest: later(sum.newest, row.newest),
    };
  }
  return sum;
}

/** What people recognise a stored message by. */
export interface StoredSample {
  readonly id: string;
  /** INTERNALDATE, or when it was stored. */
  readonly date: Date;
  readonly from: string | null;
  readonly subject: string | null;
  /** Octets. */
  readonly size: number;
}

/** The first and the last messages of a selection, at most `ends` of each, in the order of ids: the mistakes are at the ends. */
export async function sampleStored(
  sql: Sql,
  selection: Selection,
  stretch: Stretch,
  ends: number,
): Promise<StoredSample[]> {
  const found = new Map<string, StoredSample>();
  for (const direction of ['asc', 'desc'] as const) {
    let open = ends;
    const windows = [...windowsOf(stretch)];
    for (const window of direction === 'asc' ? windows : windows.reverse()) {
      if (open === 0) break;
      const { text, values } = selected(selection, window);
      const { rows } = await sql.query<StoredSample & { size: string }>(
        `select m.id::text as id, coalesce(m.internal_date, m.stored_at) as date, m.from_header as "from", m.subject, m.size
           ${text} order by m.id ${direction} limit $${values.length + 1}`,
        [...values, open],
      );
      for (const row of rows) found.set(row.id, { ...row, size: Number(row.size) });
      open -= rows.length;
    }
  }
  return [...found.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
}

/** Where stored mail came from: the name of the mailbox, and the account that the name was pointed at then. */
export interface Origin {
  readonly mailbox: string;
  readonly login: Login;
  readonly messages: number;
}

/** How many messages of a selection came from where; origins without any are not there. Looks at all of them. */
export async function countByOrigin(sql: Sql, selection: Selection, stretch: Stretch): Promise<Origin[]> {
  const origins = new Map<string, Origin>();
  for (const window of windowsOf(stretch)) {
    const { text, values } = selected(selection, window);
    const { rows } = await sql.query<{ name: string; login: string; messages: string }>(
      `select b.name, b.login, count(*)::text as messages ${text} group by b.name, b.login`,
      values,
    );
    for (const { name, login, messages } of rows) {
      const key = JSON.stringify([name, login]);
      const before = origins.get(key)?.messages ?? 0;
      origins.set(key, { mailbox: name, login, messages: before + Number(messages) });
    }
  }
  return [...origins.values()];
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function later(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}

function* windowsOf({ after, until }: Stretch): Generator<Stretch> {
  for (let from = BigInt(after); from < BigInt(until); from += WINDOW) {
    const to = from + WINDOW;
    yield { after: String(from), until: to < BigInt(until) ? String(to) : until };
  }
}

/** Some messages of a selection, and where the others begin. */
export interface Page {
  /** In the order of ids. Empty: none of those looked at is one, and there may be more. */
  readonly messages: readonly StoredFacts[];
  /** The stretch that is left; null: nothing is. */
  readonly rest: Stretch | null;
}

/** The next messages of a selection, at most `limit`. One statement, of bounded length whatever the criteria. */
export async function nextPage(sql: Sql, selection: Selection, stretch: Stretch, limit: number): Promise<Page> {
  const [window] = windowsOf(stretch);
  if (window === undefined) return { messages: [], rest: null };
  const { text, values } = selected(selection, window);
  values.push(limit);
  const { rows } = await sql.query<SqlRow>(
    `select m.id, m.stored_at, coalesce(m.filed_at, m.stored_at) as filed_at, b.name, m.mailbox_id, m.digest, m.size, m.internal_date, m.kind, m.reader, m.message_id, m.envelope_recipient,
            m.from_header, m.from_address, m.to_addresses, m.subject, m.sent_at, m.email_id, m.thread_id, m.labels, m.flags
       ${text} order by m.id limit $${values.length}`,
    values,
  );
  const last = rows.length < limit ? window.until : rows.at(-1)?.id;
  const rest =
    last === undefined || BigInt(last) >= BigInt(stretch.until) ? null : { after: last, until: stretch.until };
  return { messages: rows.map(toFacts), rest };
}

/** A message with its octets on the way. */
export interface StoredMail<T> {
  readonly message: T;
  /** In order; what is not taken is skipped. Null: they have expired. */
  readonly pieces: AsyncIterable<Buffer> | null;
}

/** What names the octets of a message. */
interface Named {
  readonly id: string;
  readonly storedAt: Date;
}

/**
 * The octets of some messages, one after the other. They come over a connection of their own, which is free again when the last has been taken.
 *
 * @param messages in the order of ids, not empty
 * @throws MaildrainError DATABASE_*
 */
export async function* mailOf<T extends Named>(
  database: Database,
  messages: readonly T[],
): AsyncGenerator<StoredMail<T>> {
  const rows = octetRows(database, messages);
  try {
    let next = await rows.next();
    const isOf = (id: string): boolean => next.done !== true && next.value.id === id;
    for (const message of messages) {
      const pieces = async function* (): AsyncGenerator<Buffer> {
        while (next.done !== true && next.value.id === message.id) {
          const { octets } = next.value;
          next = await rows.next();
          yield octets;
        }
      };
      yield { message, pieces: isOf(message.id) ? pieces() : null };
      while (isOf(message.id)) next = await rows.next();
    }
  } finally {
    await rows.return(undefined);
  }
}

async function* octetRows(
  database: Database,
  messages: readonly Named[],
): AsyncGenerator<{ readonly id: string; readonly octets: Buffer }, void> {
  if (messages.length === 0) return;
  // COPY takes no parameters: numbers and times that we made ourselves.
  const ids = messages.map(({ id }) => BigInt(id).toString()).join(', ');
  const times = messages.map(({ storedAt }) => storedAt.getTime());
  const [from, to] = [Math.min(...times), Math.max(...times)].map((ms) => `'${new Date(ms).toISOString()}'`);
  const pen = await database.take();
  let finished = false;
  try {
    // It lasts as long as whoever takes the octets needs for them: a slow mail server, a pipe that somebody reads page by page.
    await pen.client.query('begin; set local statement_timeout = 0');
    const stream = pen.client.query(
      Object.assign(
        pgCopyStreams.to(
          `copy (select message_id, bytes from maildrain.raw where message_id in (${ids}) and stored_at between ${from} and ${to}
           order by message_id, seq) to stdout (format binary)`,
        ),
        { query_timeout: COPY_TIMEOUT_MS },
      ),
    );
    for await (const [id, octets] of copyRows(stream)) {
      if (id === undefined || octets === undefined) throw new Error('a COPY row without its columns');
      yield { id: id.readBigInt64BE().toString(), octets };
    }
    await pen.client.query('commit');
    finished = true;
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await (finished ? pen.release() : pen.discard());
  }
}
