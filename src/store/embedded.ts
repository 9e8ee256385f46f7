// `postgres: embedded`: a real PostgreSQL server in the state directory, shared by every maildrain process that uses the directory.
// There is no lock file that could be left behind. Setting up is a rename, so one of several wins; of two servers started at once,
// PostgreSQL's own postmaster.pid admits one; and each process holds a shared advisory lock while it uses the server, so that whoever gets
// that lock exclusively knows itself alone and may stop it. The data directory is made in embedded-setup.ts, the programs are found in
// embedded-binaries.ts, the operating system user in embedded-user.ts.

import { spawn } from 'node:child_process';
import { type FileHandle, lstat, open, readFile, realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { MaildrainError } from '../errors.ts';
import { type Binaries, findBinaries, majorVersion, refuse } from './embedded-binaries.ts';
import { checkVersion, makeStateDir, ROLE, setUp } from './embedded-setup.ts';
import { chooseUser, type ServerUser } from './embedded-user.ts';
import { isServerProcess, readPostmasterPid } from './postmaster-pid.ts';

/** A pino logger fits. */
export interface EmbeddedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface Embedded {
  /** `postgres://...` with the password in it: for the pool, never for a log. */
  readonly url: string;
  /** Aborts when the server has ended, or the line to it, before it was left. Who starts it again finds it at the same port, if nobody has taken that. */
  readonly lost: AbortSignal;
  /** Leaves the server; the last one out stops it. Close your own connections before. May be called again. */
  stop(): Promise<Left>;
}

/** What became of a server that was left. `unknown`: it did not stop in time, or could not be asked. */
export type Left = 'stopped' | 'in-use' | 'unknown';

const DATABASE = 'maildrain';

/** Advisory lock that says "I use this server"; two keys, out of the way of the one-key locks on logins. */
const PRESENCE = '1835101284, 1919248754';

/** Recovery after a crash takes time in proportion to max_wal_size; this is ten times what 512 MB took on a slow disk. */
const START_TIMEOUT_MS = 120_000;
/** A fast shutdown writes one checkpoint. */
const STOP_TIMEOUT_MS = 60_000;
/** A connection that was closed by its client is seen in pg_stat_activity for some milliseconds more. */
const OTHERS_GRACE_MS = 2_000;
const POLL_MS = 50;
/** A free port can be taken between our look and the server's; three in a row are no coincidence. */
const MAX_STARTS = 3;
const RESTART_PAUSE_MS = 500;
/** The server's log is started again at the next start when it is longer. */
const MAX_LOG_BYTES = 5 * 1024 * 1024;

/** Modest: the server stands beside a worker that has a limit of 200 MB itself. No statement text or row (mail) goes to the log. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  fsync: 'on',
  jit: 'off',
  huge_pages: 'off',
  cluster_name: 'maildrain',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/**
 * Joins the server of the state directory, or sets it up and starts it.
 *
 * @param stateDir made when missing
 * @throws MaildrainError EMBEDDED_POSTGRES saying what is wrong and what to do
 */
export async function startEmbedded({ stateDir, log }: { stateDir: string; log: EmbeddedLog }): Promise<Embedded> {
  const dir = await makeStateDir(resolve(stateDir));
  const binaries = await findBinaries(join(dir, 'postgres-lib'));
  const home = join(dir, 'postgres');
  const there = await exists(join(home, 'data'));
  const user = await chooseUser(there ? join(home, 'data') : dir, [dir, binaries.postgres]);
  const major = await majorVersion(binaries);
  if (!(await exists(home))) {
    const startedAt = Date.now();
    await setUp(dir, home, binaries, user);
    log.info({ ms: Date.now() - startedAt }, 'embedded postgres set up');
  }
  const password = await readPassword(join(home, 'password'));
  await checkVersion(home, major);

  const dataDir = await realpath(join(home, 'data'));
  const deadline = Date.now() + START_TIMEOUT_MS;
  let starts = 0;
  let failure: MaildrainError | null = null;
  while (Date.now() < deadline) {
    const running = await readPostmasterPid(dataDir);
    const alive = running !== null && (await isServerProcess(running.pid, dataDir));
    if (running !== null && alive) {
      const presence = running.port === null ? null : await enter(running.port, password);
      if (presence !== null && running.port !== null) {
        log.info(
          { port: running.port, pid: running.pid },
          starts === 0 ? 'embedded postgres joined' : 'embedded postgres started',
        );
        return inUse(presence, urlOf(running.port, password), dataDir, log);
      }
      await sleep(POLL_MS);
      continue;
    }
    if (starts === MAX_STARTS) break;
    // The processes of a killed server take a moment to notice, and hold its shared memory until then.
    if (starts > 0) await sleep(RESTART_PAUSE_MS * starts);
    starts++;
    // A pid that now belongs to a program of ours that is no server would keep PostgreSQL from starting.
    failure = await launch(home, binaries, user, running, deadline);
  }
  throw (
    failure ??
    refuse(`the embedded PostgreSQL did not get ready in ${START_TIMEOUT_MS / 1000} s; see ${join(home, 'server.log')}`)
  );
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw refuse(`cannot read ${path} (${code}); it belongs to the user who first ran maildrain here`, { cause });
  }
}

function urlOf(port: number, password: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/**
 * Starts a server in a session of its own, so that a Ctrl-C in our terminal does not reach it, and waits until it accepts logins.
 *
 * @returns null when the server is up or somebody else's is; otherwise why not
 */
async function launch(
  home: string,
  binaries: Binaries,
  user: ServerUser,
  stale: { readonly pid: number; readonly port: number | null } | null,
  deadline: number,
): Promise<MaildrainError | null> {
  const dataDir = join(home, 'data');
  const output = await openLog(join(home, 'server.log'));
  const from = (await output.stat()).size;
  const settings = Object.entries({ ...SETTINGS, port: String(await freePort(stale?.port ?? 0)) });
  const { file, args, options } = user.command(binaries.postgres, [
    '-D',
    dataDir,
    ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const env: Record<string, string> = { ...binaries.env };
  // PostgreSQL trusts that a pid file is stale when it names this process (miscinit.c, CreateLockFile); we have looked who it is.
  if (stale !== null) env.PG_GRANDPARENT_PID = String(stale.pid);
  const server = spawn(file, [...args], {
    ...options,
    env,
    cwd: '/',
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  const ended = new Promise<string>((end) => {
    server.once('error', (error) => end(error.message));
    server.once('exit', (code, signal) => end(`exit ${code ?? signal}`));
  });
  server.unref();
  try {
    while (Date.now() < deadline) {
      const how = await Promise.race([ended, sleep(POLL_MS, null)]);
      const pidFile = await readPostmasterPid(dataDir);
      if (how !== null) {
        if (pidFile !== null && (await isServerProcess(pidFile.pid, dataDir))) return null;
        const said = await readFile(join(home, 'server.log'));
        return refuse(`the embedded PostgreSQL ended at once (${how}); see ${join(home, 'server.log')}`, {
          response: said.subarray(from).toString().trim().slice(-500),
        });
      }
      if (pidFile?.ready) return null;
    }
    return null;
  } finally {
    await output.close();
  }
}

async function openLog(path: string): Promise<FileHandle> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return open(path, size > MAX_LOG_BYTES ? 'w' : 'a', 0o600);
}

/** Logs in and declares our presence. Null: not now (starting, stopping, or the file is stale); look again. */
async function enter(port: number, password: string): Promise<pg.Client | null> {
  try {
    await makeDatabase(port, password);
    return await connect(port, password, DATABASE, async (client) => {
      await client.query(`select pg_advisory_lock_shared(${PRESENCE})`);
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === '28P01') {
      throw refuse(
        'the password file of the embedded PostgreSQL does not fit its data; put the right one back or move the directory away',
        { cause: error },
      );
    }
    if (code === '53300') throw refuse('the embedded PostgreSQL has no connection left', { cause: error });
    return null;
  }
}

/** `create database` cannot say "if not exists"; of two who try at once, one is told that it exists. */
async function makeDatabase(port: number, password: string): Promise<void> {
  const client = await connect(port, password, 'postgres', async () => {});
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) {
      await client.query(`create database ${DATABASE}`).catch((error: unknown) => {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code !== '42P04' && code !== '23505') throw error;
      });
    }
  } finally {
    await client.end().catch(() => {});
  }
}

async function connect(
  port: number,
  password: string,
  database: string,
  then: (client: pg.Client) => Promise<void>,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: ROLE,
    password,
    database,
    ssl: false,
    application_name: 'maildrain embedded',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A server that is stopped cuts idle connections; without a listener that is an uncaught exception.
  client.on('error', () => {});
  try {
    await client.connect();
    await then(client);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

function inUse(presence: pg.Client, url: string, dataDir: string, log: EmbeddedLog): Embedded {
  let stopping: Promise<Left> | null = null;
  const lost = new AbortController();
  presence.once('end', () => {
    if (stopping === null) lost.abort();
  });
  // It must not keep a process alive that has nothing else to do; the server notices its end.
  const socket = presence as unknown as { ref(): void; unref(): void };
  socket.unref();
  return {
    url,
    lost: lost.signal,
    stop() {
      socket.ref();
      stopping ??= leave(presence, dataDir, log);
      return stopping;
    },
  };
}

async function leave(presence: pg.Client, dataDir: string, log: EmbeddedLog): Promise<Left> {
  try {
    if (!(await isLast(presence))) return 'in-use';
    // Nobody can come in while we hold the lock: who tries waits for it, is cut off, and starts the server anew.
    const { rows } = await presence.query<{ pid: string }>(
      "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid",
    );
    const pid = Number(rows[0]?.pid);
    if (!Number.isInteger(pid) || pid <= 1) return 'unknown';
    process.kill(pid, 'SIGINT');
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while ((await readPostmasterPid(dataDir))?.pid === pid) {
      if (Date.now() > deadline) {
        log.warn({ pid }, 'embedded postgres did not stop in time');
        return 'unknown';
      }
      await sleep(POLL_MS);
    }
    log.info({ pid }, 'embedded postgres stopped');
    return 'stopped';
  } catch (error) {
    // The server is gone already, or not ours to stop: nothing is left to do for us.
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'embedded postgres left as it is');
    return 'unknown';
  } finally {
    await presence.end().catch(() => {});
  }
}

/** Takes the presence lock alone. False: somebody else is here, another maildrain or anybody's psql. */
async function isLast(presence: pg.Client): Promise<boolean> {
  await presence.query(`select pg_advisory_unlock_shared(${PRESENCE})`);
  const { rows } = await presence.query<{ alone: boolean }>(`select pg_try_advisory_lock(${PRESENCE}) as alone`);
  if (rows[0]?.alone !== true) return false;
  const deadline = Date.now() + OTHERS_GRACE_MS;
  while (true) {
    const { rows: others } = await presence.query<{ here: number; waiting: number }>(
      `select count(*)::int as here, count(*) filter (where wait_event_type = 'Lock' and wait_event = 'advisory')::int as waiting
         from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    if (others[0]?.here === 0) return true;
    // Somebody is just coming in, and waits for our lock.
    if (others[0]?.waiting !== 0) return false;
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/** @param wanted the port of a server that was killed: those who used it look for it there. 0: any */
function freePort(wanted: number): Promise<number> {
  return new Promise((found, fail) => {
    const server = createServer().once('error', (error) => {
      if (wanted === 0) fail(error);
      else freePort(0).then(found, fail);
    });
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? found(address.port) : fail(new Error('no port')),
      );
    });
  });
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
