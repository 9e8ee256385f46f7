// Putting mail into the test mail server and looking at it, over a small IMAP client of the tests' own: what maildrain did is never checked
// with the library that maildrain uses.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { doveadm, type MailServer } from './dovecot.ts';

export interface Delivery {
  raw: Buffer | string;
  flags?: readonly string[];
  internalDate?: Date;
}

/** What a second client finds in a mailbox. */
export interface Found {
  uid: number;
  flags: string[];
  raw: Buffer;
}

/** Messages in one APPEND (RFC 3502): bounds what is in memory, and long enough that round trips do not count. */
const APPEND_BATCH = 500;
const APPEND_BYTES = 16 * 1024 * 1024;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Puts one message into a folder (default INBOX). One of no octets needs a user `NAME@maildir` and our own Dovecot. */
export async function deliver(server: MailServer, user: string, raw: Buffer | string, folder = 'INBOX'): Promise<void> {
  if (raw.length > 0) return deliverMany(server, user, [{ raw }], folder);
  if (server.ours === null || !user.endsWith('@maildir') || folder !== 'INBOX') {
    throw new Error('a message of no octets goes into the INBOX of a user NAME@maildir on our own Dovecot');
  }
  // Makes the Maildir if this is the user's first message.
  await doveadm(server, ['mailbox', 'status', '-u', user, 'messages', 'INBOX']);
  const fresh = join(server.ours.homes, user, 'mail/new');
  if (!existsSync(fresh)) mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, `${Math.floor(Date.now() / 1000)}.${randomBytes(6).toString('hex')}.test`), '');
}

/** Puts many messages into a folder, in order, some thousands a second. The folder is made when it is missing. */
export async function deliverMany(
  server: MailServer,
  user: string,
  deliveries: Iterable<Delivery | Buffer | string>,
  folder = 'INBOX',
): Promise<void> {
  const client = await RawImap.login(server, user);
  try {
    if (folder !== 'INBOX') await client.command(`CREATE ${quoted(folder)}`).catch(() => {});
    let batch: Buffer[] = [];
    let messages = 0;
    let bytes = 0;
    const send = async (): Promise<void> => {
      if (messages > 0) await client.command(Buffer.concat([Buffer.from(`APPEND ${quoted(folder)}`), ...batch]));
      batch = [];
      messages = 0;
      bytes = 0;
    };
    for (const item of deliveries) {
      const delivery: Delivery = typeof item === 'string' || Buffer.isBuffer(item) ? { raw: item } : item;
      const raw = Buffer.from(delivery.raw);
      const flags = delivery.flags === undefined ? '' : ` (${delivery.flags.join(' ')})`;
      const date = delivery.internalDate === undefined ? '' : ` "${imapDate(delivery.internalDate)}"`;
      batch.push(Buffer.from(`${flags}${date} {${raw.length}+}\r\n`), raw);
      bytes += raw.length;
      if (++messages >= APPEND_BATCH || bytes >= APPEND_BYTES) await send();
    }
    await send();
  } finally {
    client.close();
  }
}

/**
 * Everything in a folder, by UID; octets and flags as a second client sees them. An absent folder is empty. Dovecot shows a bare LF as
 * CRLF and U+0000 as 0x80: compare what maildrain stored with what is shown here before the drain, not with what was delivered.
 */
export async function look(server: MailServer, user: string, folder = 'INBOX'): Promise<Found[]> {
  const client = await RawImap.login(server, user);
  try {
    const opened = await client.command(`EXAMINE ${quoted(folder)}`).catch((error: Error) => error);
    if (opened instanceof Error) {
      if (/NO .*(NONEXISTENT|doesn't exist)/.test(opened.message)) return [];
      throw opened;
    }
    const answer = await client.command('UID FETCH 1:* (UID FLAGS BODY.PEEK[])');
    return parseFetched(answer);
  } finally {
    client.close();
  }
}

/** One logged-in connection for what the functions above do not do: flags, expunges, what another client would do. */
export class RawImap {
  #socket: Socket;
  #tag = 0;
  #waiting: { tag: string; resolve(answer: Buffer): void; reject(error: Error): void } | null = null;
  #chunks: Buffer[] = [];
  #tail = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#hear(chunk));
    const lost = (error?: unknown): void => {
      this.#waiting?.reject(error instanceof Error ? error : new Error('connection closed'));
      this.#waiting = null;
    };
    socket.on('error', lost).on('close', () => lost());
  }

  static async login(server: Pick<MailServer, 'host' | 'port' | 'password'>, user: string): Promise<RawImap> {
    const socket = connect(server.port, server.host);
    await new Promise<void>((ready, fail) => {
      socket.once('error', fail);
      // The greeting.
      socket.once('data', () => ready());
    });
    const client = new RawImap(socket);
    await client.command(`LOGIN ${quoted(user)} ${quoted(server.password)}`);
    return client;
  }

  /** Sends one command without its tag; literals must be non-synchronising (`{n+}`). Answers all octets up to and with the tagged line. Rejects on NO and BAD. */
  command(text: string | Buffer): Promise<Buffer> {
    const tag = `t${++this.#tag}`;
    return new Promise((resolve, reject) => {
      this.#waiting = { tag, resolve, reject };
      this.#socket.write(Buffer.concat([Buffer.from(`${tag} `), Buffer.from(text), Buffer.from('\r\n')]));
    });
  }

  close(): void {
    this.#socket.on('error', () => {});
    this.#socket.end('z LOGOUT\r\n');
    this.#socket.destroySoon();
  }

  #hear(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (this.#waiting === null) return;
    const { tag, resolve, reject } = this.#waiting;
    // The tagged line is the last one; mail that imitates it is followed by more.
    this.#tail = (this.#tail + chunk.toString('latin1')).slice(-8_192);
    const done = new RegExp(`(?:^|\\r\\n)${tag} (OK|NO|BAD)[^\\r\\n]*\\r\\n$`).exec(this.#tail);
    if (done === null) return;
    const answer = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#tail = '';
    this.#waiting = null;
    if (done[1] === 'OK') resolve(answer);
    else reject(new Error(done[0].trim()));
  }
}

function parseFetched(answer: Buffer): Found[] {
  const found: Found[] = [];
  let at = 0;
  while (at < answer.length) {
    const end = answer.indexOf('\r\n', at);
    if (end < 0) break;
    const line = answer.toString('latin1', at, end);
    at = end + 2;
    const fetched = /^\* \d+ FETCH \(.*?UID (\d+).*? FLAGS \(([^)]*)\).* BODY\[\] \{(\d+)\}$/.exec(line);
    if (fetched === null) {
      // Dovecot writes an empty body as "".
      const empty = /^\* \d+ FETCH \(.*?UID (\d+).*? FLAGS \(([^)]*)\).* BODY\[\] (?:""|NIL)/.exec(line);
      if (empty !== null) found.push({ uid: Number(empty[1]), flags: flagsOf(empty[2]), raw: Buffer.alloc(0) });
      continue;
    }
    const size = Number(fetched[3]);
    found.push({
      uid: Number(fetched[1]),
      flags: flagsOf(fetched[2]),
      raw: Buffer.from(answer.subarray(at, at + size)),
    });
    at += size;
  }
  return found;
}

function flagsOf(text: string | undefined): string[] {
  return (text ?? '').split(' ').filter((flag) => flag !== '' && flag !== '\\Recent');
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** RFC 3501 9, date-time. */
function imapDate(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${day}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ${time} +0000`;
}
