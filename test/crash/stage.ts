// A folder on a real Dovecot, a database on a real Postgres, and between them and maildrain two proxies that cut. What came of it is looked
// at past the proxies, with a client of the tests' own.

import { createHash } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { drain } from '../../src/drain/drain.ts';
import type { Log } from '../../src/log.ts';
import type { DrainReport, MailboxConfig } from '../../src/model.ts';
import { resume } from '../../src/store/mailboxes.ts';
import { migrate } from '../../src/store/migrate.ts';
import { type Database, openDatabase } from '../../src/store/pool.ts';
import { doveadm, type MailServer } from '../support/dovecot.ts';
import { freshDatabase, freshUser, mailServer, templateDatabase } from '../support/fresh.ts';
import { deliverMany, type Found, look, RawImap } from '../support/mail.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { WireProxy } from '../support/proxy.ts';
import { type Letter, multiset } from './post.ts';

export const FOLDER = 'Queue';

/** A drain that lost its line may be followed by this many that find their way back: the old lock, the fuse, the rest. */
const MAX_DRAINS = 8;

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** What becomes of the folder between the cut and the next drain. */
export type Fate = 'unchanged' | 'recreated' | 'reversed' | 'new UIDVALIDITY';

export const FATES: readonly { fate: Fate; why: string }[] = [
  { fate: 'unchanged', why: 'the folder is as the cut left it' },
  { fate: 'recreated', why: 'deleted and made again within the second: same UIDVALIDITY, UIDs from 1' },
  { fate: 'reversed', why: 'the same, and the messages came back in another order' },
  { fate: 'new UIDVALIDITY', why: 'deleted and made again later' },
];

export type MailboxChanges = Partial<Omit<MailboxConfig, 'imap'>> & { readonly imap?: Partial<MailboxConfig['imap']> };

/** A migrated database of the test's own. */
export async function freshStore(): Promise<string> {
  const template = await templateDatabase('migrated', async (url) => {
    await migrate(url);
  });
  return (await freshDatabase(template)).url;
}

/** Pools are closed before the database they use is dropped. */
export function openForTest(url: string): Database {
  const database = openDatabase(url, 6, () => {});
  onTestFinished(() => database.close());
  return database;
}

export class Stage {
  readonly server: MailServer;
  readonly user: string;
  /** The database's address without a proxy. */
  readonly url: string;
  readonly imap: WireProxy;
  readonly postgres: WireProxy;
  /** Past the proxy, for looking. */
  readonly truth: Database;
  /** Through the proxy, for draining. */
  readonly database: Database;
  readonly mailbox: MailboxConfig;

  constructor(
    made: Pick<Stage, 'server' | 'user' | 'url' | 'imap' | 'postgres' | 'truth' | 'database'>,
    changes: MailboxChanges,
  ) {
    this.server = made.server;
    this.user = made.user;
    this.url = made.url;
    this.imap = made.imap;
    this.postgres = made.postgres;
    this.truth = made.truth;
    this.database = made.database;
    this.mailbox = mailboxOf(made.server, made.user, { ...changes, imap: { port: made.imap.port, ...changes.imap } });
  }

  /** One drain through the proxies, whatever pause an earlier one asked for. */
  async drain(changes: MailboxChanges = {}): Promise<DrainReport> {
    await resume(this.truth.sql, this.mailbox.name);
    const { imap, ...rest } = changes;
    return drainOnce(this.database, { ...this.mailbox, ...rest, imap: { ...this.mailbox.imap, ...imap } });
  }

  /** Drains until one says that nothing is left to do. */
  async drainToTheEnd(): Promise<DrainReport[]> {
    const reports: DrainReport[] = [];
    for (let n = 0; n < MAX_DRAINS; n++) {
      const report = await this.drain();
      reports.push(report);
      if (report.outcome === 'done') return reports;
      if (report.outcome === 'busy') await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`not done after ${MAX_DRAINS} drains: ${JSON.stringify(reports, null, 1)}`);
  }

  /** Delivers, and flags the foreign ones from another connection. */
  async deliver(letters: readonly Letter[]): Promise<void> {
    const { server, user } = this;
    await deliverMany(server, user, letters, FOLDER);
    const client = await this.client();
    const uids = letters.flatMap(({ foreign }, i) => (foreign ? [i + 1] : []));
    if (uids.length > 0) await client.command(`UID STORE ${uids.join(',')} +FLAGS.SILENT (\\Deleted)`);
    client.close();
  }

  /** Another client, with the folder open. */
  async client(): Promise<RawImap> {
    const client = await RawImap.login(this.server, this.user);
    await client.command(`SELECT ${FOLDER}`);
    return client;
  }

  look(folder = FOLDER): Promise<Found[]> {
    return look(this.server, this.user, folder);
  }

  async uidValidity(): Promise<number> {
    const said = await doveadm(this.server, ['mailbox', 'status', '-u', this.user, 'uidvalidity', FOLDER]);
    return Number(/uidvalidity=(\d+)/.exec(said)?.[1]);
  }

  /**
   * Deletes the folder and makes it again with the messages it had left. Dovecot 2.3 counts UIDVALIDITY in seconds, so that within one second it
   * comes out the same; here it is set, so that no test depends on a clock. COPY keeps octets, flags and INTERNALDATE.
   */
  async meet(fate: Fate): Promise<void> {
    if (fate === 'unchanged') return;
    const before = await this.uidValidity();
    const client = await this.client();
    const uids = (await this.look()).map(({ uid }) => uid);
    if (fate === 'reversed') uids.reverse();
    await client.command('CREATE Aside');
    for (const uid of uids) await client.command(`UID COPY ${uid} Aside`);
    await client.command('SELECT Aside');
    await client.command(`DELETE ${FOLDER}`);
    await client.command(`CREATE ${FOLDER}`);
    const after = fate === 'new UIDVALIDITY' ? before + 17 : before;
    await doveadm(this.server, ['mailbox', 'update', '-u', this.user, '--uid-validity', String(after), FOLDER]);
    if (uids.length > 0) await client.command(`UID COPY 1:* ${FOLDER}`);
    await client.command(`SELECT ${FOLDER}`);
    await client.command('DELETE Aside');
    client.close();
    expect(await this.uidValidity()).toBe(after);
    expect((await this.look()).map(({ uid }) => uid)).toEqual(uids.map((_, i) => i + 1));
  }

  /** Octets of every stored message, each checked against its digest. */
  stored(): Promise<Buffer[]> {
    return storedOctets(this.truth);
  }

  /** The promise: everything stored once with its octets, the folder empty but for what is not ours. */
  async expectPromiseKept(ours: readonly Buffer[], foreign: readonly Buffer[]): Promise<void> {
    expect(multiset(await this.stored())).toEqual(multiset(ours));
    const left = await this.look();
    expect(multiset(left.map(({ raw }) => raw))).toEqual(multiset(foreign));
    for (const { flags } of left) expect(flags).toContain('\\Deleted');
    const { rows } = await this.truth.sql.query<{ n: number }>(
      "select count(*)::int as n from maildrain.ledger where state <> 'disposed'",
    );
    expect(rows).toEqual([{ n: 0 }]);
  }
}

export function mailboxOf(server: MailServer, user: string, changes: MailboxChanges): MailboxConfig {
  const { imap, ...rest } = changes;
  return {
    name: 'queue',
    imap: {
      host: '127.0.0.1',
      port: server.port,
      user,
      password: { value: () => server.password },
      tls: 'none',
      caFile: null,
      ...imap,
    },
    folder: FOLDER,
    everyMs: 60_000,
    cron: null,
    tz: null,
    dispose: { kind: 'delete', forever: false },
    afterMs: 0,
    expunge: 'safe',
    sizeLimit: 50 * 1024 * 1024,
    unmatched: 'dispose',
    ...rest,
  };
}

export function drainOnce(database: Database, mailbox: MailboxConfig): Promise<DrainReport> {
  return drain(
    { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
    mailbox,
    new AbortController().signal,
  );
}

export async function storedOctets(database: Database): Promise<Buffer[]> {
  const { rows } = await database.sql.query<{ octets: Buffer; digest: Buffer }>(
    `select m.digest, (select string_agg(r.bytes, ''::bytea order by r.seq) from maildrain.raw r where r.message_id = m.id) as octets
       from maildrain.message m order by m.id`,
  );
  for (const { octets, digest } of rows) {
    expect(createHash('sha256').update(octets).digest('hex')).toBe(digest.toString('hex'));
  }
  return rows.map(({ octets }) => octets);
}

export async function stage(changes: MailboxChanges = {}): Promise<Stage> {
  const server = mailServer();
  const url = await freshStore();
  const imap = await WireProxy.open({ port: server.port, recordLimit: 0 });
  const postgres = await WireProxy.open({
    host: new URL(url).hostname,
    port: Number(new URL(url).port),
    recordLimit: 0,
  });
  // The last registered runs first: pools before proxies before the database.
  onTestFinished(async () => {
    await imap.close();
    await postgres.close();
  });
  const truth = openForTest(url);
  const database = openForTest(postgres.through(url));
  return new Stage({ server, user: freshUser(), url, imap, postgres, truth, database }, changes);
}
