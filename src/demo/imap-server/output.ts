// The way out: collects an answer and writes it in large pieces, waiting for the client when it reads slowly.
// Octets of a message are passed on by reference, never copied into text.

import { Duplex, type Writable } from 'node:stream';

/** An answer is written when this much is collected: large enough that system calls do not matter, small beside a message. */
const FLUSH_AT = 256 * 1024;
/** Up to here the pieces are joined into one write; above it a message is in there, and copying it would cost more. */
const JOIN_UP_TO = 1024 * 1024;

export class Output {
  #sink: Writable;
  #parts: Buffer[] = [];
  #octets = 0;

  constructor(sink: Writable) {
    this.#sink = sink;
  }

  /** After STARTTLS or COMPRESS. Nothing may be waiting. */
  redirect(sink: Writable): void {
    this.#sink = sink;
  }

  push(piece: string | Buffer): void {
    const part = typeof piece === 'string' ? Buffer.from(piece) : piece;
    this.#parts.push(part);
    this.#octets += part.length;
  }

  line(text: string): void {
    this.push(`${text}\r\n`);
  }

  get full(): boolean {
    return this.#octets >= FLUSH_AT;
  }

  /** Forgets what has not been written. */
  discard(): void {
    this.#parts = [];
    this.#octets = 0;
  }

  /** With COMPRESS between: lets the last octets pass through the deflater to the socket. Nothing may be pushed afterwards. */
  async finish(socket: Writable): Promise<void> {
    const sink = this.#sink;
    if (sink === socket || sink.destroyed || sink.writableEnded || !(sink instanceof Duplex)) return;
    sink.unpipe(socket);
    sink.on('data', (chunk: Buffer) => socket.write(chunk));
    await new Promise<void>((resolve) => {
      sink.once('end', resolve);
      sink.once('close', resolve);
      sink.end();
      // `unpipe` has paused it.
      sink.resume();
    });
  }

  /** Resolves when the client has room again, or is gone. */
  async flush(): Promise<void> {
    const sink = this.#sink;
    const parts = this.#octets <= JOIN_UP_TO && this.#parts.length > 1 ? [Buffer.concat(this.#parts)] : this.#parts;
    this.discard();
    if (parts.length === 0 || sink.destroyed || sink.writableEnded) return;
    let room = true;
    sink.cork();
    for (const part of parts) room = sink.write(part);
    sink.uncork();
    if (room) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        sink.off('drain', done);
        sink.off('close', done);
        resolve();
      };
      sink.on('drain', done);
      sink.on('close', done);
      if (sink.destroyed) done();
    });
  }
}
