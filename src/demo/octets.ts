// Octets that arrive in pieces of any size, asked for by the line or by the number. For imap-client.ts.

interface Waiting {
  readonly enough: () => Buffer | null;
  readonly done: (taken: Buffer) => void;
  readonly fail: (error: Error) => void;
}

export class OctetQueue {
  #pieces: Buffer[] = [];
  #length = 0;
  #waiting: Waiting | null = null;
  #failure: Error | null = null;

  push(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    this.#serve();
  }

  /** Who waits, and who asks later, is told. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.fail(this.#failure);
    this.#waiting = null;
  }

  /** The next line, without its CRLF. */
  line(): Promise<Buffer> {
    return this.#ask(() => {
      const all = this.#joined();
      const end = all.indexOf('\r\n');
      return end < 0 ? null : this.#cut(end + 2).subarray(0, end);
    });
  }

  take(octets: number): Promise<Buffer> {
    return this.#ask(() => (this.#length < octets ? null : this.#cut(octets)));
  }

  #ask(enough: () => Buffer | null): Promise<Buffer> {
    return new Promise((done, fail) => {
      this.#waiting = { enough, done, fail };
      this.#serve();
    });
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    const taken = waiting.enough();
    if (taken !== null) {
      this.#waiting = null;
      waiting.done(taken);
    } else if (this.#failure !== null) {
      this.#waiting = null;
      waiting.fail(this.#failure);
    }
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && this.#pieces.length === 1) return first;
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  #cut(octets: number): Buffer {
    const all = this.#joined();
    this.#pieces = [all.subarray(octets)];
    this.#length -= octets;
    return all.subarray(0, octets);
  }
}
