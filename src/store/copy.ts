// Binary COPY (PostgreSQL, "COPY", section "Binary Format"): by far the cheapest way to store octets from Node, for nothing is
// escaped, parsed or sent twice. What is written where stands in batch.ts.

import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import pgCopyStreams from 'pg-copy-streams';
import { ANSWER_TIMEOUT_MS, type Sql, toDatabaseError } from './pool.ts';

/** 11-octet signature, 32-bit flags, 32-bit header extension length. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);
/** Sent to the socket in pieces of about this size; more only delays the server. */
const FLUSH_AT = 512 * 1024;
/** A buffer for fields; the next one is taken when it is full. */
const BUFFER = 64 * 1024;
/** Values of this size are sent from where they are: copying smaller ones costs less than another write to the socket. */
const UNCOPIED_FROM = 16 * 1024;
const TEXT_OID = 25;
/** pg's own clock runs from the beginning of a COPY to its end, and a large message may arrive for hours: here each wait has its bound. */
const COPY_TIMEOUT_MS = 24 * 60 * 60_000;
/** Microseconds between 1970 and 2000, the epochs of JavaScript and of Postgres. */
const EPOCH_SHIFT_US = 946_684_800_000_000n;

/** One running COPY. Rows are encoded field by field, in the order of the column list. */
export class CopyIn {
  #buffer = Buffer.allocUnsafe(BUFFER);
  /** Where the piece in hand begins. */
  #from = 0;
  #used = 0;
  /** Complete and not yet written, in order. */
  readonly #pieces: Buffer[] = [];
  #waiting = 0;
  readonly #stream: ReturnType<typeof pgCopyStreams.from>;
  readonly #ended: Promise<void>;
  readonly #answerMs: number;
  /** Postgres has refused it. */
  #failed = false;

  /** Use copyIn(), which never leaves one half open. */
  constructor(sql: Sql, statement: string) {
    this.#answerMs = sql.answerMs ?? ANSWER_TIMEOUT_MS;
    this.#stream = (sql.query as unknown as (q: unknown) => ReturnType<typeof pgCopyStreams.from>)(
      Object.assign(pgCopyStreams.from(statement), { query_timeout: COPY_TIMEOUT_MS }),
    );
    this.#stream.on('error', () => {
      this.#failed = true;
      // It lets go of its connection now, and a piece still waiting for room on the socket would be written to nothing: an uncaught TypeError.
      this.#stream.destroy();
    });
    this.#ended = finished(this.#stream, { readable: false }).catch((error: unknown) => {
      throw toDatabaseError(error);
    });
    // Read again in end(); a rejection before that must not count as unhandled.
    this.#ended.catch(() => {});
    this.#append(HEADER);
  }

  row(fields: number): void {
    this.#reserve(2);
    this.#used = this.#buffer.writeInt16BE(fields, this.#used);
  }

  int4(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(8);
    this.#used = this.#buffer.writeInt32BE(4, this.#used);
    this.#used = this.#buffer.writeInt32BE(value, this.#used);
  }

  /** @param value decimal text or a safe integer */
  int8(value: string | number): void {
    this.#reserve(12);
    this.#used = this.#buffer.writeInt32BE(8, this.#used);
    this.#used = this.#buffer.writeBigInt64BE(BigInt(value), this.#used);
  }

  bool(value: boolean | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(5);
    this.#used = this.#buffer.writeInt32BE(1, this.#used);
    this.#used = this.#buffer.writeInt8(value ? 1 : 0, this.#used);
  }

  timestamptz(value: Date | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(12);
    this.#used = this.#buffer.writeInt32BE(8, this.#used);
    this.#used = this.#buffer.writeBigInt64BE(BigInt(value.getTime()) * 1000n - EPOCH_SHIFT_US, this.#used);
  }

  text(value: string | null): void {
    if (value === null) {
      this.null();
      return;
    }
    // Three octets for each UTF-16 unit are always enough for UTF-8.
    this.#reserve(4 + value.length * 3);
    const written = this.#buffer.write(value, this.#used + 4, 'utf8');
    this.#buffer.writeInt32BE(written, this.#used);
    this.#used += 4 + written;
  }

  texts(values: readonly string[]): void {
    // All of it at once: a buffer that moved in between would leave the length at the beginning behind.
    this.#reserve(values.reduce((sum, value) => sum + 4 + value.length * 3, 24));
    const start = this.#used;
    this.#used += 4;
    const ints = values.length === 0 ? [0, 0, TEXT_OID] : [1, 0, TEXT_OID, values.length, 1];
    for (const int of ints) this.#used = this.#buffer.writeInt32BE(int, this.#used);
    for (const value of values) this.text(value);
    this.#buffer.writeInt32BE(this.#used - start - 4, start);
  }

  /** @param value null is the null of SQL */
  jsonb(value: unknown): void {
    if (value === null) {
      this.null();
      return;
    }
    const json = JSON.stringify(value);
    this.#reserve(5 + json.length * 3);
    const written = this.#buffer.write(json, this.#used + 5, 'utf8');
    this.#buffer.writeInt32BE(written + 1, this.#used);
    this.#buffer[this.#used + 4] = 1;
    this.#used += 5 + written;
  }

  /** @param value must not change before end() */
  bytea(value: Buffer): void {
    this.#reserve(4);
    this.#used = this.#buffer.writeInt32BE(value.length, this.#used);
    if (value.length < UNCOPIED_FROM) {
      this.#append(value);
      return;
    }
    this.#cut();
    this.#pieces.push(value);
    this.#waiting += value.length;
  }

  null(): void {
    this.#reserve(4);
    this.#used = this.#buffer.writeInt32BE(-1, this.#used);
  }

  /** Hands what has gathered to the socket once it is worth it. Call between rows. */
  async breathe(): Promise<void> {
    if (this.#waiting + this.#used - this.#from >= FLUSH_AT) await this.#flush();
  }

  /** @throws MaildrainError DATABASE_* */
  async end(): Promise<void> {
    this.#append(TRAILER);
    await this.#flush();
    this.#stream.end();
    await this.#answered(this.#ended);
  }

  /** Gives the COPY up; the transaction is then only good for a rollback. */
  async abandon(): Promise<void> {
    if (!this.#failed) this.#stream.destroy(new Error('abandoned by the client'));
    await this.#answered(this.#ended).catch(() => {});
  }

  /** Waits for Postgres, but not for ever: a line may be open and dead. The error ends the connection (pool.ts). */
  async #answered(wait: Promise<unknown>): Promise<void> {
    const timer = setTimeout(() => {
      this.#stream.emit('error', new Error('timeout: Postgres gave no answer to a COPY'));
    }, this.#answerMs);
    try {
      await Promise.race([wait, this.#ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #flush(): Promise<void> {
    this.#cut();
    if (this.#failed) await this.#ended;
    let room = true;
    for (const piece of this.#pieces.splice(0)) room = this.#stream.write(piece);
    this.#waiting = 0;
    if (!room) await this.#answered(once(this.#stream, 'drain'));
  }

  /** What was encoded since the last cut becomes a piece; its octets are never written again, for the socket may still hold them. */
  #cut(): void {
    if (this.#used === this.#from) return;
    this.#pieces.push(this.#buffer.subarray(this.#from, this.#used));
    this.#waiting += this.#used - this.#from;
    this.#from = this.#used;
  }

  #append(bytes: Buffer): void {
    this.#reserve(bytes.length);
    bytes.copy(this.#buffer, this.#used);
    this.#used += bytes.length;
  }

  #reserve(octets: number): void {
    if (this.#used + octets <= this.#buffer.length) return;
    // Only the piece in hand moves; the ones before it stay where they are until they are sent.
    const begun = this.#used - this.#from;
    const larger = Buffer.allocUnsafe(Math.max(BUFFER, begun * 2, begun + octets));
    this.#buffer.copy(larger, 0, this.#from, this.#used);
    this.#buffer = larger;
    this.#from = 0;
    this.#used = begun;
  }
}

/**
 * Runs one COPY. Whatever `write` throws ends it: one that were left open would make the ROLLBACK wait for ever.
 *
 * @param statement `copy T (columns) from stdin (format binary)`, of our own making, never with values in it
 * @throws MaildrainError DATABASE_*, and what `write` throws
 */
export async function copyIn(sql: Sql, statement: string, write: (copy: CopyIn) => Promise<void>): Promise<void> {
  const copy = new CopyIn(sql, statement);
  try {
    await write(copy);
  } catch (error) {
    await copy.abandon();
    throw error;
  }
  await copy.end();
}
