// Runs once around a test run: starts the services, hands their addresses to the workers, removes what tests left behind.

import { Redis } from 'ioredis';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { compileProgram } from './compiled.ts';
import { type Services, startServices } from './services.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    services: Services;
    /** The command line's entry, compiled. */
    main: string;
    /** The directory of compiled child processes (compiled.ts). */
    children: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const compiled = compileProgram();
  const { services, stop } = await startServices();
  for (const [name, why] of Object.entries(services.missing)) process.stderr.write(`tests: no ${name}: ${why}\n`);
  project.provide('services', services);
  project.provide('main', compiled.main);
  project.provide('children', compiled.children);
  // For tests that only want an address; workers inherit it.
  if (services.databaseUrl !== null) process.env.TEST_DATABASE_URL = services.databaseUrl;
  if (services.redisUrl !== null) process.env.TEST_REDIS_URL = services.redisUrl;
  return async () => {
    try {
      await removeDatabases(services);
      await removeKeys(services);
    } finally {
      compiled.remove();
      await stop();
    }
  };
}

/** Those of this run and, on a server of our own, those of runs that died; another run may be going on beside us. */
async function removeDatabases(services: Services): Promise<void> {
  if (services.databaseUrl === null) return;
  const client = new pg.Client(services.databaseUrl);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname like 'mdt\\_%'",
    );
    for (const { name } of rows) {
      const run = name.split('_')[1] ?? '';
      if (run !== services.run && (services.foreign.postgres || isRunning(Number.parseInt(run, 10)))) continue;
      await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    }
  } finally {
    await client.end();
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function removeKeys(services: Services): Promise<void> {
  if (services.redisUrl === null || !services.foreign.redis) return;
  const redis = new Redis(services.redisUrl);
  try {
    for await (const keys of redis.scanStream({ match: `mdt-${services.run}-*`, count: 1_000 })) {
      if (Array.isArray(keys) && keys.length > 0) await redis.del(...(keys as string[]));
    }
  } finally {
    redis.disconnect();
  }
}
