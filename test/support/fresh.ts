// Something new for every test: a database, a Redis prefix, a mail user. And the one way in which a test says what it needs.

import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { describe, inject, onTestFinished } from 'vitest';
import type { MailServer } from './dovecot.ts';
import type { ServiceName, Services } from './services.ts';

export interface FreshDatabase {
  readonly url: string;
  /** Drops it, also with connections open. May be called again. */
  drop(): Promise<void>;
}

let count = 0;

/** `describe` where everything named is there; otherwise skipped under a title that says what is missing, which the runner lists. */
export function describeWith(needs: ServiceName | readonly ServiceName[], title: string, body: () => void): void {
  const { missing } = inject('services');
  const why = [needs].flat().flatMap((name) => (missing[name] === undefined ? [] : [`${name}: ${missing[name]}`]));
  if (why.length === 0) describe(title, body);
  else describe.skip(`${title} [needs ${why.join('; ')}]`, body);
}

export function services(): Services {
  return inject('services');
}

export function mailServer(): MailServer {
  const { mail } = inject('services');
  if (mail === null) throw new Error('no mail server: use describeWith("mail", ...)');
  return mail;
}

export function redisUrl(): string {
  const { redisUrl: url } = inject('services');
  if (url === null) throw new Error('no redis: use describeWith("redis", ...)');
  return url;
}

/** A program that a test starts as a process of its own, e.g. `childProgram('test/store/migrate-child.ts')`, as JavaScript. */
export function childProgram(source: string): string {
  return join(inject('children'), source.replace(/\.ts$/, '.js'));
}

/** The server's URL with another database in it. */
function databaseUrl(name?: string): string {
  const { databaseUrl: base } = inject('services');
  if (base === null) throw new Error('no postgres: use describeWith("postgres", ...)');
  if (name === undefined) return base;
  const url = new URL(base);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * An empty database, or a copy of `templateDatabase(...)`. Within a test it is dropped when the test is over; elsewhere call `drop`,
 * or leave it to the end of the run.
 */
export async function freshDatabase(template?: string): Promise<FreshDatabase> {
  const name = `mdt_${inject('services').run}_${process.pid.toString(36)}_${++count}`;
  await asAdmin((client) =>
    client.query(`create database ${name} template ${pg.escapeIdentifier(template ?? 'template0')} encoding 'UTF8'`),
  );
  const drop = async (): Promise<void> => {
    await asAdmin((client) => client.query(`drop database if exists ${name} with (force)`));
  };
  try {
    onTestFinished(drop);
  } catch {
    // Not inside a test: a beforeAll, or the top of a file.
  }
  return { url: databaseUrl(name), drop };
}

/**
 * The name of a database that `build` filled, once for the whole run however many files and workers ask for `key`.
 * `build` gets its URL and must have closed its connections when it resolves.
 */
export async function templateDatabase(key: string, build: (url: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 10);
  const name = `mdt_${inject('services').run}_t${hash}`;
  await asAdmin(async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [name]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount !== 0) return;
    // Under its name only when it is complete: a failed build is tried again.
    const draft = `${name}_${process.pid.toString(36)}_${++count}`;
    await client.query(`create database ${draft} template template0 encoding 'UTF8'`);
    await build(databaseUrl(draft));
    // A connection that was closed is seen by the server a moment later, and a database in use cannot be renamed.
    await client.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [draft]);
    await client.query(`alter database ${draft} rename to ${name}`);
  });
  return name;
}

/** A prefix no other test uses, for BullMQ's `prefix` or one's own keys. */
export function freshRedisPrefix(): string {
  return `mdt-${inject('services').run}-${process.pid.toString(36)}-${++count}`;
}

/** A mail user nobody was before, with empty mailboxes. `maildir` for one that can hold a message of no octets. */
export function freshUser(kind: 'sdbox' | 'maildir' = 'sdbox'): string {
  return `u${randomBytes(6).toString('hex')}@${kind === 'maildir' ? 'maildir' : 'example.org'}`;
}

async function asAdmin<T>(act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(databaseUrl());
  client.on('error', () => {});
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
