// Everything the tests need from outside: Postgres, Redis, a mail server. Each is the environment's own (TEST_...), or started here, or
// named with the reason why it cannot be had. global-setup.ts starts them once for a test run, services-cli.ts for a person.

import { resolve } from 'node:path';
import { startEmbedded } from '../../src/store/embedded.ts';
import { type MailServer, startDovecot } from './dovecot.ts';
import { Unavailable } from './programs.ts';
import { startRedis } from './redis.ts';

export type ServiceName = 'postgres' | 'redis' | 'mail' | 'dovecot';

/** Plain data, so that it travels to the test workers. */
export interface Services {
  /** Of a role that may create databases. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly mail: MailServer | null;
  /** Why a service is missing. `dovecot` means: one of our own, with doveadm. */
  readonly missing: Partial<Record<ServiceName, string>>;
  /** True where the environment gave the server: what tests make there must be removed again. */
  readonly foreign: { readonly postgres: boolean; readonly redis: boolean };
  /** Marks what this run made, in names of databases and prefixes; begins with the pid of the run. */
  readonly run: string;
}

export interface RunningServices {
  readonly services: Services;
  stop(): Promise<void>;
}

const STATE_DIR = resolve(import.meta.dirname, '../../.test-services');

/** Starts what is missing, side by side. What cannot be had is in `services.missing`; anything else that goes wrong is thrown. */
export async function startServices(env: NodeJS.ProcessEnv = process.env): Promise<RunningServices> {
  const stops: (() => Promise<unknown>)[] = [];
  const missing: Partial<Record<ServiceName, string>> = {};
  const attempt = async <T>(name: ServiceName, start: () => Promise<T>): Promise<T | null> => {
    try {
      return await start();
    } catch (error) {
      if (
        error instanceof Unavailable ||
        (error instanceof Error && 'code' in error && error.code === 'EMBEDDED_POSTGRES')
      ) {
        missing[name] = error.message;
        return null;
      }
      throw error;
    }
  };
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    // Installations share one lock of apt, so the programs come one after the other; Postgres is ours and needs none.
    const [databaseUrl, [redisUrl, mail]] = await settle(
      attempt('postgres', () => postgres(env, stops)),
      (async () => {
        const redis = await attempt('redis', () => redisServer(env, stops));
        return [redis, await attempt('mail', () => mailServer(env, stops))] as const;
      })(),
    );
    if (mail?.ours == null)
      missing.dovecot = missing.mail ?? 'TEST_IMAP_HOST names a server that is not ours to administer';
    return {
      services: {
        databaseUrl,
        redisUrl,
        mail,
        missing,
        foreign: { postgres: Boolean(env.TEST_DATABASE_URL), redis: Boolean(env.TEST_REDIS_URL) },
        run: `${process.pid}x${Date.now().toString(36)}`,
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for both also when one fails, so that what the other started can be stopped. */
async function settle<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

async function postgres(env: NodeJS.ProcessEnv, stops: (() => Promise<unknown>)[]): Promise<string> {
  if (env.TEST_DATABASE_URL) return env.TEST_DATABASE_URL;
  const log = {
    info: () => {},
    warn: (_: object, message: string) => void process.stderr.write(`tests: ${message}\n`),
  };
  const embedded = await startEmbedded({ stateDir: STATE_DIR, log });
  stops.push(embedded.stop);
  return embedded.url;
}

async function redisServer(env: NodeJS.ProcessEnv, stops: (() => Promise<unknown>)[]): Promise<string> {
  if (env.TEST_REDIS_URL) return env.TEST_REDIS_URL;
  const redis = await startRedis();
  stops.push(redis.stop);
  return redis.url;
}

async function mailServer(env: NodeJS.ProcessEnv, stops: (() => Promise<unknown>)[]): Promise<MailServer> {
  if (env.TEST_IMAP_HOST) {
    return {
      host: env.TEST_IMAP_HOST,
      port: Number(env.TEST_IMAP_PORT ?? 143),
      tlsPort: env.TEST_IMAPS_PORT ? Number(env.TEST_IMAPS_PORT) : null,
      password: env.TEST_IMAP_PASSWORD ?? '',
      caFile: env.TEST_IMAP_CA ?? null,
      ours: null,
    };
  }
  const dovecot = await startDovecot();
  stops.push(dovecot.stop);
  return dovecot.server;
}
