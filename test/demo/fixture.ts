// One sample server per test, and the clients that use it, ended after each test. The tests of the sample server share this.

import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { afterEach } from 'vitest';
import {
  type AccountControl,
  type ImapServer,
  type ImapServerOptions,
  startImapServer,
} from '../../src/demo/imap-server/server.ts';
import { RawClient } from './raw-client.ts';

/** Of the running test. */
export let server: ImapServer;
export let ann: AccountControl;
const open: (() => void)[] = [];

export async function start(options: Partial<ImapServerOptions> = {}): Promise<void> {
  server = await startImapServer({ password: 'secret', ...options });
  ann = server.account('ann');
}

/** Connected, with the greeting read, and not logged in. */
export async function connect(): Promise<{ client: RawClient; greeting: string }> {
  const opened = await RawClient.open(server.port);
  open.push(() => opened.client.end());
  return opened;
}

/** Logged in as ann; with `folder`, selected. */
export async function raw(folder?: string): Promise<RawClient> {
  const client = await RawClient.login(server.port, 'ann', folder);
  open.push(() => client.end());
  return client;
}

export async function flow(folder?: string, options: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    auth: { user: 'ann', pass: 'secret' },
    logger: false,
    disableAutoIdle: true,
    ...options,
  });
  client.on('error', () => undefined);
  open.push(() => client.close());
  await client.connect();
  if (folder !== undefined) await client.mailboxOpen(folder);
  return client;
}

/** Message n: 23 octets for n < 10. */
export function message(n: number): Buffer {
  return Buffer.from(`Subject: m${n}\r\n\r\nbody ${n}\r\n`);
}

export function deliver(count: number): void {
  for (let n = 1; n <= count; n += 1) ann.deliver(message(n));
}

export function uids(folder = 'INBOX'): number[] {
  return ann.messages(folder).map(({ uid }) => uid);
}

export function count(folder: string): number {
  return ann.messages(folder).length;
}

afterEach(async () => {
  for (const end of open.splice(0)) end();
  await server.close();
});
