// The way in: cuts the stream of octets into commands (RFC 3501 2.2.1), asking for synchronizing literals and taking non-synchronizing
// ones (RFC 7888). What a command means is parser.ts.

import type { Readable } from 'node:stream';

/** Longest command line without its literals: Dovecot's imap_max_line_length. */
export const MAX_LINE = 64 * 1024;
/** Non-synchronizing literals under LITERAL- (RFC 7888 5). */
const LITERAL_MINUS_LIMIT = 4096;
/** Literals in one command: far more than any command needs, few enough to bound memory. */
const MAX_LITERALS = 100;

/** Text and literals in the order they came; the `{n}` marks are taken off. */
export type Pieces = (string | Buffer)[];

export interface ReaderRules {
  readonly maxLiteral: number;
  /** `plus`: any size; `minus`: up to 4096 octets; `none`: not announced. */
  readonly nonSynchronizing: 'plus' | 'minus' | 'none';
}

/** The octets cannot be understood any further; the connection must end with BYE and this text. */
export class Unreadable extends Error {}

/** A synchronizing literal was refused: the command is over, the connection goes on (RFC 3501 7.5). */
export interface RefusedCommand {
  readonly refused: string;
  readonly tag: string;
}

export class CommandReader {
  #input: Readable;
  readonly #rules: ReaderRules;
  readonly #askForLiteral: () => Promise<void>;
  #buffer: Buffer = Buffer.alloc(0);
  #failed = false;

  constructor(input: Readable, rules: ReaderRules, askForLiteral: () => Promise<void>) {
    this.#input = input;
    this.#rules = rules;
    this.#askForLiteral = askForLiteral;
  }

  /** After STARTTLS or COMPRESS. Octets already here came in clear text and are thrown away (RFC 9051 6.2.1). */
  redirect(input: Readable): void {
    this.#buffer = Buffer.alloc(0);
    this.#input = input;
  }

  /** The next command; null when the client has hung up. Throws Unreadable. */
  async next(): Promise<Pieces | RefusedCommand | null> {
    const pieces: Pieces = [];
    for (let literals = 0; ; literals += 1) {
      const line = await this.line();
      if (line === null) return null;
      const mark = /~?\{(\d{1,12})(\+?)\}$/.exec(line);
      if (mark === null) {
        pieces.push(line);
        return pieces;
      }
      const size = Number(mark[1]);
      const waits = mark[2] === '';
      pieces.push(line.slice(0, mark.index));
      const first = pieces[0];
      const tag = typeof first === 'string' ? (first.split(' ', 1)[0] ?? '*') : '*';
      if (literals >= MAX_LITERALS) throw new Unreadable('Too many literals');
      if (size > this.#rules.maxLiteral) {
        if (waits) return { refused: 'NO [TOOBIG] Literal is too large', tag };
        throw new Unreadable('Literal is too large');
      }
      if (waits) await this.#askForLiteral();
      else if (this.#rules.nonSynchronizing === 'none')
        throw new Unreadable('Non-synchronizing literals are not supported');
      else if (this.#rules.nonSynchronizing === 'minus' && size > LITERAL_MINUS_LIMIT)
        throw new Unreadable('Literal over 4096 octets');
      const literal = await this.#take(size);
      if (literal === null) return null;
      pieces.push(literal);
    }
  }

  /** One line without its CRLF; null when the client has hung up. */
  async line(): Promise<string | null> {
    let from = 0;
    for (;;) {
      const end = this.#buffer.indexOf(0x0a, from);
      if (end > MAX_LINE || (end < 0 && this.#buffer.length > MAX_LINE))
        throw new Unreadable('Command line is too long');
      if (end >= 0) {
        const stop = end > 0 && this.#buffer[end - 1] === 0x0d ? end - 1 : end;
        const line = this.#buffer.toString('utf8', 0, stop);
        this.#buffer = this.#buffer.subarray(end + 1);
        return line;
      }
      from = this.#buffer.length;
      const chunk = await this.#more();
      if (chunk === null) return null;
      this.#buffer = from === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    }
  }

  async #take(size: number): Promise<Buffer | null> {
    const chunks = [this.#buffer];
    let octets = this.#buffer.length;
    while (octets < size) {
      const chunk = await this.#more();
      if (chunk === null) return null;
      chunks.push(chunk);
      octets += chunk.length;
    }
    const all = chunks.length === 1 ? this.#buffer : Buffer.concat(chunks, octets);
    this.#buffer = all.subarray(size);
    return all.subarray(0, size);
  }

  async #more(): Promise<Buffer | null> {
    const input = this.#input;
    for (;;) {
      const chunk: unknown = input.read();
      if (Buffer.isBuffer(chunk)) return chunk;
      if (this.#failed || input.readableEnded || input.destroyed) return null;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          for (const event of ['readable', 'end', 'close']) input.off(event, done);
          input.off('error', fail);
          resolve();
        };
        const fail = (): void => {
          this.#failed = true;
          done();
        };
        for (const event of ['readable', 'end', 'close']) input.on(event, done);
        input.on('error', fail);
      });
    }
  }
}
