// The servers of a bench, and for each run a mailbox that was filled and a database that is empty. Afterwards: is everything stored, is
// nothing left? A bench that lost a message has measured nothing.

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/store/migrate.ts';
import type { MailServer } from '../../test/support/dovecot.ts';
import { deliverMany, RawImap } from '../../test/support/mail.ts';
import { serverAccount, shortTempDir } from '../../test/support/programs.ts';
import { type RunningServices, startServices } from '../../test/support/services.ts';
import { countMaildir, type Program } from './programs.ts';
import type { Finished, Task } from './task.ts';

/** Above the largest message of a bench, 100 MB. */
const SIZE_LIMIT = 256 * 1024 * 1024;

/** A mailbox that was filled once and is copied for each run. */
export interface Filled {
  readonly user: string;
  readonly messages: number;
  readonly octets: number;
}

export class Setting {
  readonly #running: RunningServices;
  readonly #server: MailServer;
  readonly #homes: string;
  readonly #adminUrl: string;
  #count = 0;

  private constructor(running: RunningServices, server: MailServer, homes: string, adminUrl: string) {
    this.#running = running;
    this.#server = server;
    this.#homes = homes;
    this.#adminUrl = adminUrl;
  }

  /** Starts Dovecot and Postgres, or uses the Postgres that TEST_DATABASE_URL names. */
  static async open(): Promise<Setting> {
    const running = await startServices();
    const { mail, databaseUrl, missing } = running.services;
    if (mail?.ours == null || databaseUrl === null) {
      await running.stop();
      throw new Error(`the bench needs Dovecot and Postgres: ${Object.values(missing).join('; ')}`);
    }
    return new Setting(running, mail, mail.ours.homes, databaseUrl);
  }

  close(): Promise<void> {
    return this.#running.stop();
  }

  /** Fills the INBOX of a new user. */
  async fill(raws: Iterable<Buffer>): Promise<Filled> {
    const user = `filled${++this.#count}`;
    let messages = 0;
    let octets = 0;
    const counted = function* (): Generator<Buffer> {
      for (const raw of raws) {
        messages++;
        octets += raw.length;
        yield raw;
      }
    };
    await deliverMany(this.#server, user, counted());
    // It also makes the home of a user who got nothing.
    const there = await messagesIn(this.#server, user);
    if (there !== messages) throw new Error(`${there} of ${messages} messages are in the mailbox to be drained`);
    return { user, messages, octets };
  }

  /** Removes the mail of a user that was filled. */
  empty(filled: Filled): void {
    rmSync(join(this.#homes, filled.user), { recursive: true, force: true });
  }

  /** A run of `program` on a copy of `filled` and a fresh database, checked. */
  measure(program: Program, filled: Filled): Promise<Finished> {
    return this.onCopy(filled, program.stores, async (task, dir) => {
      const finished = await program.run(task, dir);
      await this.#check(program, task, dir, filled);
      return finished;
    });
  }

  /** Acts on a copy of `filled` and a fresh database, and removes both. `dir` is an empty directory for whatever else it needs. */
  async onCopy<T>(filled: Filled, stores: Program['stores'], act: (task: Task, dir: string) => Promise<T>): Promise<T> {
    const name = `bench_${process.pid}_${++this.#count}`;
    const dir = shortTempDir('bench', serverAccount());
    const home = join(this.#homes, name);
    // With its owner: Dovecot may run as another user.
    const copied = spawnSync('cp', ['-a', join(this.#homes, filled.user), home], { encoding: 'utf8' });
    if (copied.status !== 0) throw new Error(`the mailbox was not copied: ${copied.stderr}`);
    try {
      const databaseUrl = await this.#makeDatabase(name, stores);
      const { host, port, password } = this.#server;
      return await act({ host, port, user: name, password, databaseUrl, sizeLimit: SIZE_LIMIT }, dir);
    } finally {
      await this.#admin((sql) => sql.query(`drop database if exists ${name} with (force)`));
      rmSync(dir, { recursive: true, force: true });
      rmSync(home, { recursive: true, force: true });
    }
  }

  /** What maildrain has stored and seen to be gone from the server. */
  stored(task: Task): Promise<{ messages: number; octets: number }> {
    return storedIn(task, 'maildrain');
  }

  /** How many messages a folder has. */
  count({ user }: Task, folder: string): Promise<number> {
    return messagesIn(this.#server, user, folder);
  }

  async #makeDatabase(name: string, stores: Program['stores']): Promise<string> {
    await this.#admin((sql) => sql.query(`create database ${name} template template0 encoding 'UTF8'`));
    const url = new URL(this.#adminUrl);
    url.pathname = `/${name}`;
    if (stores === 'maildrain') await migrate(url.href);
    if (stores === 'table') {
      await connected(url.href, (sql) => sql.query('create table mail (uid bigint primary key, raw bytea not null)'));
    }
    // What the run before left to be written must not be written during this one.
    await this.#admin((sql) => sql.query('checkpoint'));
    return url.href;
  }

  #admin<T>(act: (sql: pg.Client) => Promise<T>): Promise<T> {
    return connected(this.#adminUrl, act);
  }

  async #check(program: Program, task: Task, dir: string, filled: Filled): Promise<void> {
    const stored =
      program.stores === 'maildir'
        ? { messages: countMaildir(dir), octets: null }
        : await storedIn(task, program.stores);
    const left = await messagesIn(this.#server, task.user);
    // getmail writes its own header lines and line endings, so only messages are counted there.
    const right = stored.messages === filled.messages && (stored.octets === null || stored.octets === filled.octets);
    if (right && left === 0) return;
    throw new Error(
      `${program.name} stored ${stored.messages} of ${filled.messages} messages (${stored.octets} of ${filled.octets} octets) and left ${left}`,
    );
  }
}

async function connected<T>(url: string, act: (sql: pg.Client) => Promise<T>): Promise<T> {
  const sql = new pg.Client({ connectionString: url });
  sql.on('error', () => {});
  await sql.connect();
  try {
    return await act(sql);
  } finally {
    await sql.end();
  }
}

/** Messages with their octets, and for maildrain only those whose ledger says that they were seen to be gone from the server. */
async function storedIn(task: Task, stores: 'maildrain' | 'table'): Promise<{ messages: number; octets: number }> {
  const query =
    stores === 'table'
      ? `select count(*)::int as messages, coalesce(sum(length(raw)), 0)::float8 as octets from mail`
      : `select count(*)::int as messages, coalesce(sum(octets), 0)::float8 as octets
           from (select sum(length(r.bytes)) as octets
                   from maildrain.message m
                   join maildrain.raw r on r.message_id = m.id and r.stored_at = m.stored_at
                   join maildrain.ledger l on l.message_id = m.id and l.digest = m.digest and l.state = 'disposed'
                  group by m.id) stored`;
  return connected(task.databaseUrl, async (sql) => {
    const { rows } = await sql.query<{ messages: number; octets: number }>(query);
    return rows[0] ?? { messages: 0, octets: 0 };
  });
}

async function messagesIn(server: MailServer, user: string, folder = 'INBOX'): Promise<number> {
  const client = await RawImap.login(server, user);
  try {
    const answer = await client.command(`STATUS ${folder} (MESSAGES)`);
    const messages = /\(MESSAGES (\d+)\)/.exec(answer.toString('latin1'))?.[1];
    if (messages === undefined) throw new Error('STATUS was not answered');
    return Number(messages);
  } finally {
    client.close();
  }
}
