// A database for one run of the demo, on the embedded server: every run counts from nothing, and a run that was killed leaves nothing that
// the next one could stumble over.

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { toDatabaseError } from './pool.ts';

const PREFIX = 'demo_';
/** A database is connected to within a second of being made; one older than this that nobody uses was left behind. */
const ABANDONED_MS = 60_000;

export interface Scratch {
  readonly url: string;
  /** Close your own connections before. Never throws: what is left is dropped by a later run. */
  drop(): Promise<void>;
}

/**
 * Makes a database beside the one that `url` names, and drops those that earlier runs left behind.
 *
 * @param url of a role that may create databases
 * @throws MaildrainError DATABASE_*
 */
export async function createScratch(url: string): Promise<Scratch> {
  const name = `${PREFIX}${Date.now()}_${randomBytes(4).toString('hex')}`;
  try {
    await withClient(url, async (client) => {
      await dropAbandoned(client);
      await client.query(`create database ${name}`);
    });
  } catch (error) {
    throw toDatabaseError(error);
  }
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    url: own.href,
    drop: () =>
      withClient(url, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }).catch(() => {}),
  };
}

async function dropAbandoned(client: pg.Client): Promise<void> {
  const found = await client.query<{ datname: string }>(
    `select d.datname from pg_database d
      where starts_with(d.datname, $1) and not exists (select from pg_stat_activity a where a.datname = d.datname)`,
    [PREFIX],
  );
  for (const { datname } of found.rows) {
    const madeAt = /^demo_(\d{13})_[0-9a-f]{8}$/.exec(datname)?.[1];
    if (madeAt === undefined || Number(madeAt) > Date.now() - ABANDONED_MS) continue;
    // Another run may be faster.
    await client.query(`drop database if exists ${datname}`).catch(() => {});
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'maildrain demo' });
  client.on('error', () => {});
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
