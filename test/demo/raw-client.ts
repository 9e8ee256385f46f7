// A bare IMAP client for tests of the wire itself: sends lines, returns the octets that came back. It understands nothing.

import { connect, type Socket } from 'node:net';

/** How long an answer may take before the test fails with what did arrive. Generous: the server is in the same process. */
const ANSWER_TIMEOUT_MS = 5000;

export class RawClient {
  readonly socket: Socket;
  closed = false;
  #buffer: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #tags = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  /** Connects and reads the greeting. */
  static async open(port: number): Promise<{ client: RawClient; greeting: string }> {
    const client = new RawClient(connect(port, '127.0.0.1'));
    return { client, greeting: await client.until(/\r\n$/) };
  }

  /** Connected and logged in; with `folder`, selected. */
  static async login(port: number, user: string, folder?: string): Promise<RawClient> {
    const { client } = await RawClient.open(port);
    await client.command(`LOGIN ${user} secret`);
    if (folder !== undefined) await client.command(`SELECT ${folder}`);
    return client;
  }

  /** The whole answer up to the tagged line, as Latin-1 text; what came when the server hung up first. */
  async command(line: string): Promise<string> {
    this.#tags += 1;
    const tag = `t${this.#tags}`;
    this.socket.write(`${tag} ${line}\r\n`);
    const answer = await this.until(new RegExp(`(^|\\r\\n)${tag} (OK|NO|BAD)[^\\r\\n]*\\r\\n$`));
    return answer.replace(new RegExp(`(^|\\r\\n)${tag} `), '$1');
  }

  write(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** Takes what has arrived as soon as it matches, or the connection is closed. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    for (;;) {
      const text = this.#buffer.toString('latin1');
      if (pattern.test(text) || this.closed) {
        this.#buffer = Buffer.alloc(0);
        return text;
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${pattern} within ${ANSWER_TIMEOUT_MS} ms, but: ${text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async untilClosed(): Promise<string> {
    return this.until(/(?!)/);
  }

  end(): void {
    this.socket.destroy();
  }
}
