// The other client of the demo: delivers mail by APPEND, flags a message as a second person would, and looks at what is left. It is the
// demo's own and small, because what maildrain claims is not checked with the library that maildrain uses. Clear text on loopback only.

import { connect, type Socket } from 'node:net';
import { OctetQueue } from './octets.ts';

/** One message as the server shows it. */
export interface Shown {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly raw: Buffer;
}

/** A server on loopback that says nothing for so long is not working. */
const SILENCE_MS = 20_000;

interface Answer {
  /** Untagged lines, each with its literals taken out (`{n}` stands where they were). */
  readonly lines: readonly { readonly text: string; readonly literals: readonly Buffer[] }[];
}

export class ImapClient {
  readonly #socket: Socket;
  readonly #input = new OctetQueue();
  #tag = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('the mail server does not answer')));
    socket.on('data', (chunk: Buffer) => this.#input.push(chunk));
    socket.on('error', (error) => this.#input.fail(error));
    socket.on('close', () => this.#input.fail(new Error('the mail server closed the connection')));
  }

  /** Connects to 127.0.0.1 and logs in. */
  static async login(port: number, user: string, password: string): Promise<ImapClient> {
    const client = new ImapClient(connect(port, '127.0.0.1'));
    try {
      await client.#line();
      await client.#command(`LOGIN ${quoted(user)} ${quoted(password)}`);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Delivers one message. */
  async append(folder: string, raw: Buffer, flags: readonly string[] = []): Promise<void> {
    await this.#command(`APPEND ${quoted(folder)} (${flags.join(' ')}) {${raw.length}}`, raw);
  }

  /** Sets flags on every message of a folder that is there now. */
  async flagAll(folder: string, flag: string): Promise<void> {
    await this.#command(`SELECT ${quoted(folder)}`);
    await this.#command(`STORE 1:* +FLAGS.SILENT (${flag})`);
    // UNSELECT would do, but not every server has it; EXAMINE leaves the mailbox without expunging.
    await this.#command(`EXAMINE ${quoted(folder)}`);
  }

  /** How many messages a folder holds; 0 when there is none of that name. */
  async count(folder: string): Promise<number> {
    try {
      const { lines } = await this.#command(`EXAMINE ${quoted(folder)}`);
      const exists = lines.map(({ text }) => /^\* (\d+) EXISTS/i.exec(text)?.[1]).find((n) => n !== undefined);
      return Number(exists ?? 0);
    } catch (error) {
      if (error instanceof Refused) return 0;
      throw error;
    }
  }

  /** Everything in a folder, octets included. */
  async messages(folder: string): Promise<Shown[]> {
    if ((await this.count(folder)) === 0) return [];
    const { lines } = await this.#command('UID FETCH 1:* (UID FLAGS BODY.PEEK[])');
    return lines.flatMap(({ text, literals }) => {
      if (!/^\* \d+ FETCH/i.test(text)) return [];
      const uid = Number(/UID (\d+)/i.exec(text)?.[1]);
      const flags = /FLAGS \(([^)]*)\)/i.exec(text)?.[1]?.split(' ').filter(Boolean) ?? [];
      return [{ uid, flags, raw: literals[0] ?? Buffer.alloc(0) }];
    });
  }

  /** The path of the mailbox with a SPECIAL-USE attribute, or null. */
  async special(attribute: string): Promise<string | null> {
    const { lines } = await this.#command('LIST "" "*"');
    const line = lines.find(({ text }) => text.toLowerCase().includes(attribute.toLowerCase()))?.text;
    return line === undefined ? null : (/"([^"]*)"\s*$/.exec(line)?.[1] ?? line.trim().split(' ').at(-1) ?? null);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #command(text: string, literal?: Buffer): Promise<Answer> {
    const tag = `d${++this.#tag}`;
    this.#socket.write(`${tag} ${text}\r\n`);
    const lines: { text: string; literals: Buffer[] }[] = [];
    for (;;) {
      const line = await this.#line();
      if (line.text.startsWith('+') && literal !== undefined) {
        this.#socket.write(Buffer.concat([literal, Buffer.from('\r\n')]));
        continue;
      }
      if (!line.text.startsWith(`${tag} `)) {
        lines.push(line);
        continue;
      }
      if (!line.text.startsWith(`${tag} OK`)) throw new Refused(`the mail server refused: ${line.text}`);
      return { lines };
    }
  }

  async #line(): Promise<{ text: string; literals: Buffer[] }> {
    const literals: Buffer[] = [];
    let text = '';
    for (;;) {
      text += (await this.#input.line()).toString('latin1');
      const size = /\{(\d+)\}$/.exec(text)?.[1];
      if (size === undefined) return { text, literals };
      literals.push(await this.#input.take(Number(size)));
    }
  }
}

/** The server answered NO or BAD. */
class Refused extends Error {}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
