// A small in-memory IMAP4rev1 server of the project's own. `maildrain demo` uses it, with Gmail's behaviour, where no Dovecot is installed;
// the tests use it as the scripted server for Gmail and for servers without UIDPLUS and without MOVE. Any user name logs in with the one
// password and has its own mail; nothing outlives the process. It listens on 127.0.0.1 only and is no server for real mail.
//
// Where things are: options.ts (every switch), control.ts (what a test does to an account), session.ts (one connection, faults),
// commands.ts (the table), store.ts and gmail.ts (what an operation means), view.ts (sequence numbers), reader.ts, parser.ts, output.ts.
//
// Limits: command line 64 KiB, 100 literals in a command, literal 34 MiB (Gmail) or 128 MiB, lists 1,000 deep, the last 20,000 commands kept
// in `events`. APPEND is held in memory.
// Not supported: RENAME, BODYSTRUCTURE, ENVELOPE and single MIME parts (BAD), CONDSTORE (Gmail announces it; every SELECT says NOMODSEQ and
// ENABLE does not enable it), QRESYNC, BINARY, MULTIAPPEND, \Recent, `$`, unsolicited FETCH for flags another client changed (Gmail sends
// none either), SETQUOTA, OAUTHBEARER, subscriptions of missing mailboxes, threads (a message is its own thread), SEARCH by SENT dates.
// Of X-GM-RAW only what search.ts lists. On Gmail COPY to Trash always takes the message out of every label and All Mail.

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { COMMANDS } from './commands.ts';
import { type AccountControl, controlOf, type Deliver } from './control.ts';
import { type Gmail, makeGmail } from './gmail.ts';
import { capabilities, greeting } from './login.ts';
import type { ImapServerOptions, ReceivedCommand } from './options.ts';
import { type Host, Session } from './session.ts';
import { Account, type Message } from './store.ts';

export type { AccountControl, Delivery, MessageOnServer } from './control.ts';
export type { GmailSettings } from './gmail.ts';
export type {
  Fault,
  GmailLocale,
  GmailOptions,
  ImapServerOptions,
  OnCommand,
  ReceivedCommand,
  TlsMaterial,
} from './options.ts';

export interface ImapServer {
  /** Always on this address. */
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Every command received, oldest first; the oldest are forgotten beyond 20,000. */
  readonly events: readonly ReceivedCommand[];
  /** Asked for each command; may be set and cleared while the server runs. */
  onCommand: ImapServerOptions['onCommand'] | undefined;
  /** The account of a user, made when it is first named. */
  account(user: string): AccountControl;
  /** Cuts every connection at once, as a power failure would. */
  disconnectAll(): void;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** Commands kept for assertions; a demo that runs for days must not grow. */
const MAX_EVENTS = 20_000;
/** X-GM-MSGID of the first message: a 64-bit number that no JavaScript number can hold. */
const FIRST_GMAIL_ID = 1_278_455_344_230_334_865n;

interface Household {
  readonly account: Account;
  readonly gmail: Gmail | null;
  readonly control: AccountControl;
}

/** Listens when it resolves. Rejects when the port is taken. */
export async function startImapServer(given: ImapServerOptions): Promise<ImapServer> {
  const households = new Map<string, Household>();
  const sockets = new Set<Socket>();
  const events: ReceivedCommand[] = [];
  let messages = 0n;
  let onCommand = given.onCommand;
  const options: ImapServerOptions = { ...given, onCommand: (command) => onCommand?.(command) };

  const deliver: Deliver = (account, mailbox, raw, { internalDate, flags, labels = [] }) => {
    messages += 1n;
    const emailId = given.gmail === undefined ? `M${messages}` : String(FIRST_GMAIL_ID + messages);
    const message: Message = {
      raw,
      internalDate,
      emailId,
      threadId: given.gmail === undefined ? `T${messages}` : emailId,
      flags: new Set(flags.filter((flag) => flag !== '\\Deleted')),
      entries: new Map(),
      labels: new Set(labels),
      place: 'all',
    };
    const entry = account.rules.deliver(message, mailbox);
    if (flags.includes('\\Deleted')) entry.deleted = true;
    return entry;
  };

  const household = (user: string): Household => {
    const known = households.get(user);
    if (known !== undefined) return known;
    const account = new Account(user);
    const gmail = given.gmail === undefined ? null : makeGmail(account, given.gmail);
    if (gmail === null) for (const [name, attributes] of PLAIN_FOLDERS) account.create(name, attributes);
    const made = { account, gmail, control: controlOf(account, gmail, deliver) };
    households.set(user, made);
    return made;
  };

  const host: Host = {
    options,
    account: (user) => household(user).account,
    gmail: (account) => household(account.user).gmail,
    deliver,
    record(command) {
      events.push(command);
      if (events.length > MAX_EVENTS + MAX_EVENTS / 4) events.splice(0, events.length - MAX_EVENTS);
    },
  };

  let connections = 0;
  const serve = (socket: Socket): void => {
    connections += 1;
    socket.setNoDelay(true);
    // A client that resets the connection is a matter of course here.
    socket.on('error', () => socket.destroy());
    const session = new Session(connections, socket, given.implicitTls !== undefined, host, COMMANDS);
    session.capable = (capability) => capabilities(session).some((name) => name.toUpperCase() === capability);
    session.untagged(greeting(session));
    void session.out.flush().then(() => session.serve());
  };

  const server: Server =
    given.implicitTls === undefined ? createServer(serve) : createTlsServer(given.implicitTls, serve);
  // The socket below TLS, so that a client that never finishes its handshake does not keep `close` waiting.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(given.port ?? 0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sample server has no port');

  const disconnectAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: '127.0.0.1',
    port: address.port,
    events,
    get onCommand() {
      return onCommand;
    },
    set onCommand(hook) {
      onCommand = hook;
    },
    account: (user) => household(user).control,
    disconnectAll,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        disconnectAll();
      }),
  };
}

/** What an ordinary account has from the start. */
const PLAIN_FOLDERS: readonly (readonly [name: string, attributes: readonly string[]])[] = [
  ['INBOX', []],
  ['Drafts', ['\\Drafts']],
  ['Junk', ['\\Junk']],
  ['Sent', ['\\Sent']],
  ['Trash', ['\\Trash']],
];
