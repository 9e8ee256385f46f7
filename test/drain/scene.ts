// One mailbox, one database, one server: what every test of a drain needs, and how it looks at what came of it. Octets are compared
// with those in `maildrain.raw`, the mailbox with the server's own memory.

import { createHash } from 'node:crypto';
import type pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import type { LookContext } from '../../src/admin/look.ts';
import { loginOf } from '../../src/config.ts';
import {
  type AccountControl,
  type ImapServer,
  type ImapServerOptions,
  startImapServer,
} from '../../src/demo/imap-server/server.ts';
import { drain } from '../../src/drain/drain.ts';
import type { Log } from '../../src/log.ts';
import type { DrainProgress, DrainReport, MailboxConfig } from '../../src/model.ts';
import { migrate } from '../../src/store/migrate.ts';
import { type Database, openDatabase } from '../../src/store/pool.ts';
import { freshDatabase, templateDatabase } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { type MailboxChanges, mailboxOn, PASSWORD, USER } from './mailbox.ts';

export { type MailboxChanges, mailboxOn, PASSWORD, USER } from './mailbox.ts';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** A migrated database of the test's own. */
export async function storeForTest(): Promise<{ database: Database; url: string }> {
  const template = await templateDatabase('migrated', async (url) => {
    await migrate(url);
  });
  const { url } = await freshDatabase(template);
  const database = openDatabase(url, 6, () => {});
  // Runs before the database is dropped: the last registered goes first.
  onTestFinished(() => database.close());
  return { database, url };
}

/** The row of `maildrain.mailbox` that says how a mailbox is doing. */
export interface Standing {
  failures: number;
  failing_since: Date | null;
  not_before: Date | null;
  writes_not_before: Date | null;
  stopped_at: Date | null;
  stopped_code: string | null;
  last_error_code: string | null;
  last_error: string | null;
  in_flight: unknown;
}

export interface LedgerLine {
  mailbox: string;
  uidvalidity: string;
  uid: string;
  state: string;
  reason: string | null;
  message_id: string | null;
}

/** Looking into a database, and pushing its clock. */
export class Store {
  readonly database: Database;
  readonly url: string;

  constructor(made: { database: Database; url: string }) {
    this.database = made.database;
    this.url = made.url;
  }

  async rows<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.database.sql.query<T>(text, values)).rows;
  }

  /** What plans, and whatever else only looks, need to come to a server. */
  get look(): LookContext {
    return { database: this.database, connectionsPerHost: 8, log: quiet };
  }

  async standing(name = 'inbox'): Promise<Standing> {
    const [row] = await this.rows<Standing>('select * from maildrain.mailbox where name = $1', [name]);
    if (row === undefined) throw new Error(`no mailbox ${name}`);
    return row;
  }

  ledger(): Promise<LedgerLine[]> {
    return this.rows<LedgerLine>(
      `select b.name as mailbox, l.uidvalidity, l.uid, l.state, l.reason, l.message_id
         from maildrain.ledger l join maildrain.mailbox b on b.id = l.mailbox_id order by b.name, l.uidvalidity, l.uid::numeric`,
    );
  }

  /** The octets of every stored message, in the order of storing. */
  async stored(): Promise<Buffer[]> {
    const found = await this.rows<{ octets: Buffer; digest: Buffer; size: string }>(
      `select m.digest, m.size, (select string_agg(r.bytes, ''::bytea order by r.seq) from maildrain.raw r where r.message_id = m.id) as octets
         from maildrain.message m order by m.id`,
    );
    for (const { octets, digest, size } of found) {
      expect(createHash('sha256').update(octets).digest().equals(digest)).toBe(true);
      expect(octets.length).toBe(Number(size));
    }
    return found.map((row) => row.octets);
  }

  /** The pauses that failures ask for are over. */
  async waitOver(): Promise<void> {
    await this.rows('update maildrain.mailbox set not_before = null');
  }

  /** Gmail's rest of a day is over. */
  async restOver(): Promise<void> {
    await this.rows(`update maildrain.mailbox set writes_not_before = now() - interval '1 second'`);
  }
}

export class Scene extends Store {
  readonly server: ImapServer;
  readonly account: AccountControl;
  readonly mailbox: MailboxConfig;

  constructor(server: ImapServer, made: { database: Database; url: string }, changes: MailboxChanges) {
    super(made);
    this.server = server;
    this.account = server.account(USER);
    this.mailbox = mailboxOn(server.port, changes);
  }

  /** One drain of the scene's mailbox, or of one that differs from it. */
  drain(changes: MailboxChanges = {}): Promise<DrainReport> {
    const { imap, ...rest } = changes;
    const mailbox = { ...this.mailbox, ...rest, imap: { ...this.mailbox.imap, ...imap } };
    return drainOnce(this.database, mailbox);
  }

  /** One drain that is asked to stop when the first batch is done. */
  drainOneBatch(): Promise<DrainReport> {
    const stop = new AbortController();
    const onProgress = ({ done }: DrainProgress): void => {
      if (done > 0) stop.abort();
    };
    const context = { database: this.database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet, onProgress };
    return drain(context, this.mailbox, stop.signal);
  }

  /** Delivers to INBOX, or where `folder` says; answers the octets. */
  deliver(count: number, folder = 'INBOX'): Buffer[] {
    return Array.from({ length: count }, () => {
      const raw = letter();
      this.account.deliver(raw, { folder });
      return raw;
    });
  }

  /** UIDs left in a folder. */
  left(folder = 'INBOX'): number[] {
    return this.account.messages(folder).map(({ uid }) => uid);
  }

  /** Everything that was said with this command name, oldest first. */
  said(name: string): string[] {
    return this.server.events.filter((event) => event.name === name).map(({ args }) => args);
  }

  /** How often octets of a message were asked for. */
  fetches(): string[] {
    return this.said('UID FETCH').filter((args) => args.includes('BODY.PEEK['));
  }

  get login(): string {
    return loginOf(this.mailbox);
  }
}

export function drainOnce(database: Database, mailbox: MailboxConfig): Promise<DrainReport> {
  return drain(
    { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
    mailbox,
    new AbortController().signal,
  );
}

export async function scene(options: Partial<ImapServerOptions> = {}, changes: MailboxChanges = {}): Promise<Scene> {
  const store = await storeForTest();
  const server = await startImapServer({ password: PASSWORD, ...options });
  onTestFinished(() => server.close());
  return new Scene(server, store, changes);
}

/** Whether the UID set at the beginning of a command's arguments has this UID. */
export function covers(args: string, uid: number): boolean {
  return (args.split(' ')[0] ?? '').split(',').some((range) => {
    const [low, high] = range.split(':').map(Number);
    return low !== undefined && low <= uid && uid <= (high ?? low);
  });
}

let letters = 0;

/** A message like no other, of about `size` octets. */
export function letter(size = 300, header: readonly string[] = []): Buffer {
  letters++;
  const lines = [
    'From: Bea <bea@example.net>',
    'To: Ann <ann@example.org>',
    `Subject: letter ${letters}`,
    `Message-ID: <letter-${letters}@example.net>`,
    ...header,
    '',
    `This is letter ${letters}.`,
    '',
  ];
  const start = lines.join('\r\n');
  return Buffer.from(start + 'x'.repeat(Math.max(0, size - start.length)));
}

/** Compares two collections of octets without regard to order; each counts as often as it occurs. */
export function expectSameMail(found: readonly Buffer[], wanted: readonly Buffer[]): void {
  const digests = (mail: readonly Buffer[]): string[] =>
    mail.map((raw) => createHash('sha256').update(raw).digest('hex')).sort();
  expect(digests(found)).toEqual(digests(wanted));
}

/** The line is cut at the first such command. */
export async function cutAt(
  there: Scene,
  command: string,
  drop: 'before' | 'after-effect',
  work: () => Promise<unknown>,
) {
  let cuts = 0;
  there.server.onCommand = ({ name }) => (name === command && cuts++ === 0 ? { drop } : undefined);
  await work();
  there.server.onCommand = undefined;
  await there.waitOver();
  expect(cuts).toBeGreaterThan(0);
}

/** The direct copy of a mail and the list's: one Message-ID, one second, other octets. */
export function listPair(): [Buffer, Buffer] {
  const head = ['From: Bea <bea@example.net>', 'To: team@example.org', 'Message-ID: <plan-1@example.net>'];
  return [
    Buffer.from([...head, '', 'the plan', ''].join('\r\n')),
    Buffer.from([...head, 'List-Id: <team.example.org>', '', 'the plan', ''].join('\r\n')),
  ];
}
