// The data directory of the embedded PostgreSQL: made once, whole or not at all, with a password of its own. Who starts the server in it
// is embedded.ts.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MaildrainError } from '../errors.ts';
import { type Binaries, refuse } from './embedded-binaries.ts';
import type { ServerUser } from './embedded-user.ts';

/** The one role of the server, its superuser. */
export const ROLE = 'maildrain';

/** Left over from a set-up that died. A set-up takes seconds. */
const ABANDONED_AFTER_MS = 60 * 60_000;

/** The directory under its real path: the server must be found under one name whatever link led us here. */
export async function makeStateDir(dir: string): Promise<string> {
  try {
    // As root the server runs as another user, who has to pass through. Nothing in it but the server's own data is his to read.
    await mkdir(dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    return await realpath(dir);
  } catch (cause) {
    throw unwritable(dir, cause);
  }
}

function unwritable(dir: string, cause: unknown): MaildrainError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return refuse(`cannot write to the state directory ${dir} (${code}); choose another with stateDir`, { cause });
}

/** Makes the cluster beside its place and renames it there, so that it is there whole or not at all. */
export async function setUp(dir: string, home: string, binaries: Binaries, user: ServerUser): Promise<void> {
  await removeAbandoned(dir);
  const fresh = join(dir, `postgres.new-${randomBytes(6).toString('hex')}`);
  const dataDir = join(fresh, 'data');
  const password = randomBytes(24).toString('base64url');
  // initdb reads it as the server's user; our own copy belongs to us and stays.
  const handOver = join(fresh, 'password-for-initdb');
  try {
    await mkdir(fresh, { mode: user.ids === null ? 0o700 : 0o711 });
    await mkdir(dataDir, { mode: 0o700 });
    await writeFile(join(fresh, 'password'), `${password}\n`, { mode: 0o600, flag: 'wx' });
    await writeFile(join(fresh, 'server.log'), '', { mode: 0o600, flag: 'wx' });
    await writeFile(handOver, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (user.ids !== null) {
      // An umask of 077 would have taken the right to pass.
      await chmod(fresh, 0o711);
      // Root at work in somebody's directory: he is to be able to go on without root.
      const his =
        (await stat(dir)).uid === user.ids.uid ? [fresh, join(fresh, 'password'), join(fresh, 'server.log')] : [];
      for (const path of [dataDir, handOver, ...his]) await chown(path, user.ids.uid, user.ids.gid);
    }
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    throw unwritable(dir, cause);
  }
  try {
    const args = [
      '-D',
      dataDir,
      '-U',
      ROLE,
      '-A',
      'scram-sha-256',
      `--pwfile=${handOver}`,
      '-E',
      'UTF8',
      '--no-instructions',
    ];
    args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--text-search-config=simple');
    const { code, output } = await runToEnd(binaries.initdb, args, binaries, user, dir);
    if (code !== 0) throw refuse('initdb of the embedded PostgreSQL failed', { response: output.trim().slice(-500) });
    await rm(handOver);
    await rename(fresh, home).catch((error: NodeJS.ErrnoException) => {
      // Somebody else was faster: theirs counts.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw unwritable(dir, error);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function removeAbandoned(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!/^postgres\.new-[0-9a-f]{12}$/.test(name)) continue;
    const path = join(dir, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < Date.now() - ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

export async function checkVersion(home: string, major: string): Promise<void> {
  const is = (await readFile(join(home, 'data', 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (is === major) return;
  throw refuse(
    is === ''
      ? `${home} exists but holds no PostgreSQL data; move it away`
      : `${home} was written by PostgreSQL ${is} and the embedded one is ${major}; dump it with the version that wrote it, or move it away to begin anew`,
  );
}

function runToEnd(
  program: string,
  argv: readonly string[],
  binaries: Binaries,
  user: ServerUser,
  dir: string,
): Promise<{ code: number | null; output: string }> {
  const { file, args, options } = user.command(program, argv);
  return new Promise((end, fail) => {
    const child = spawn(file, [...args], {
      ...options,
      env: binaries.env,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', () => {});
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_096);
    });
    child.once('error', (cause) => fail(refuse(`cannot run ${file} for ${dir}`, { cause })));
    child.once('close', (code) => end({ code, output }));
  });
}
