// Brings the schema `maildrain` to this program's version, and refuses to work on one that a newer, incompatible program has made.
// The SQL is in migrations/; node-pg-migrate runs it, one transaction each, under its own advisory lock.

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { MaildrainError } from '../errors.ts';
import { type Sql, toDatabaseError } from './pool.ts';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Partitions are kept ready for this month and so many more; the timer of `serve` runs daily. */
const MONTHS_AHEAD = 2;

export interface SchemaState {
  /** Highest migration in the database; 0: none. */
  readonly version: number;
  /** Highest migration of this program. */
  readonly ours: number;
  /** A migration that this program does not know changed what it relies on. */
  readonly tooNew: boolean;
}

/** The number of the newest migration that this program ships. */
export function ourVersion(): number {
  return Math.max(...migrationFiles().map((name) => Number(name.slice(0, 4))));
}

function migrationFiles(): string[] {
  return readdirSync(MIGRATIONS).filter((name) => /^\d{4}_.*\.sql$/.test(name));
}

export async function schemaState(sql: Sql, ours = ourVersion()): Promise<SchemaState> {
  const exists = await sql.query<{ yes: boolean }>(`select to_regclass('maildrain.schema_change') is not null as yes`);
  if (exists.rows[0]?.yes !== true) return { version: 0, ours, tooNew: false };
  const found = await sql.query<{ version: number; breaking: boolean }>(
    `select coalesce(max(version), 0)::int as version, coalesce(bool_or(breaking) filter (where version > $1), false) as breaking
       from maildrain.schema_change`,
    [ours],
  );
  const row = found.rows[0];
  return { version: row?.version ?? 0, ours, tooNew: row?.breaking ?? false };
}

/** @throws MaildrainError SCHEMA_TOO_NEW or SCHEMA_MISSING when this program must not write */
export async function requireSchema(sql: Sql): Promise<void> {
  const state = await schemaState(sql);
  refuseTooNew(state);
  if (state.version < state.ours) {
    throw new MaildrainError(
      'SCHEMA_MISSING',
      `the database is at schema version ${state.version}, this program needs ${state.ours}: run "maildrain migrate" (or "serve", which does it)`,
    );
  }
}

function refuseTooNew(state: SchemaState): void {
  if (!state.tooNew) return;
  throw new MaildrainError(
    'SCHEMA_TOO_NEW',
    `the database has schema version ${state.version}, which this program (version ${state.ours}) cannot work with safely: update maildrain on this host`,
  );
}

/**
 * Runs what is missing and makes the partitions of the coming months. Safe when several processes start at once: one migrates, the others wait.
 *
 * @returns the names of the migrations that ran, without `.sql`
 * @throws MaildrainError SCHEMA_TOO_NEW, DATABASE_*
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'maildrain migrate' });
  client.on('error', () => {});
  try {
    await client.connect();
    const state = await schemaState(client);
    refuseTooNew(state);
    // A database that is ahead without breaking us is left as it is: node-pg-migrate would stumble over names it does not know.
    const done = state.version >= state.ours ? [] : await run(client);
    await ensurePartitions(client, new Date());
    return done;
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

async function run(dbClient: pg.Client): Promise<string[]> {
  // Loaded only where something is to be done: it would add some 15 MB to every worker.
  const { runner } = await import('node-pg-migrate');
  const ran = await runner({
    dbClient,
    dir: MIGRATIONS,
    migrationsTable: 'migration',
    migrationsSchema: 'maildrain',
    createMigrationsSchema: true,
    schema: 'public',
    direction: 'up',
    // Two processes that start at once: the second waits for the first, then finds nothing to do.
    advisoryLockMode: 'wait',
    log: () => {},
    verbose: false,
  });
  return ran.map((migration) => migration.name);
}

/** Makes the month partitions for `from` and the months after it. Cheap when they exist. */
export async function ensurePartitions(sql: Sql, from: Date): Promise<number> {
  const made = await sql.query<{ made: number }>('select maildrain.ensure_partitions($1, $2) as made', [
    from,
    MONTHS_AHEAD,
  ]);
  return made.rows[0]?.made ?? 0;
}
