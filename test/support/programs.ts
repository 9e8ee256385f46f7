// Finding, installing, starting and ending the server programs of the tests. What each server is told is in redis.ts and dovecot.ts.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A service that cannot be had here, with what to do about it. Tests that need it are skipped, counted and named. */
export class Unavailable extends Error {}

/** The account that servers run as: ourselves, or `nobody` when we are root, so that root and others test the same. */
export interface Account {
  uid: number;
  gid: number;
  name: string;
  group: string;
}

/** Daemons live where an ordinary user's PATH does not look. */
const PLACES = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** An installation from Debian's mirrors takes seconds; a hanging mirror must not hang the tests. */
const INSTALL_TIMEOUT_MS = 300_000;
const TERM_GRACE_MS = 10_000;

export function findProgram(name: string): string | null {
  for (const place of PLACES) {
    const path = join(place, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not here
    }
  }
  return null;
}

/**
 * A program's path, if need be after installing its Debian package.
 *
 * @throws Unavailable naming the package and the variable that points at a server of one's own
 */
export function needProgram(program: string, debianPackage: string, variable: string): string {
  const there = findProgram(program);
  if (there !== null) return there;
  const instead = `install it (Debian: apt-get install ${debianPackage}) or set ${variable} to a server for tests`;
  if (process.getuid?.() !== 0 || findProgram('apt-get') === null)
    throw new Unavailable(`${program} is not installed; ${instead}`);
  process.stderr.write(`tests: ${program} is not installed; installing the Debian package ${debianPackage}\n`);
  installQuietly(debianPackage);
  const now = findProgram(program);
  if (now === null)
    throw new Unavailable(`${program} could not be installed from the package ${debianPackage}; ${instead}`);
  return now;
}

/** Installs without questions and without leaving the package's own service running: policy-rc.d(8) forbids starts with 101. */
function installQuietly(debianPackage: string): void {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (args: string[]): boolean => {
      const { status, stderr } = spawnSync('apt-get', args, {
        env,
        timeout: INSTALL_TIMEOUT_MS,
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      });
      if (status !== 0) process.stderr.write(`tests: apt-get ${args.join(' ')} failed: ${stderr.trim().slice(-500)}\n`);
      return status === 0;
    };
    const install = ['install', '-y', '--no-install-recommends', debianPackage];
    apt(['update', '-q']);
    apt(install);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

export function serverAccount(): Account {
  const id = (args: string[]): string => spawnSync('id', args, { encoding: 'utf8' }).stdout.trim();
  const who = process.getuid?.() === 0 ? ['nobody'] : [];
  return {
    uid: Number(id(['-u', ...who])),
    gid: Number(id(['-g', ...who])),
    name: id(['-un', ...who]),
    group: id(['-gn', ...who]),
  };
}

/** A directory of the account with a short path: the path of a Unix socket in it must stay below 108 octets. */
export function shortTempDir(name: string, account: Account): string {
  const usable = tmpdir().length < 40 && canEnter(tmpdir(), account) ? tmpdir() : '/tmp';
  const dir = mkdtempSync(join(usable, `md-${name}-`));
  if (process.getuid?.() === 0) spawnSync('chown', [`${account.uid}:${account.gid}`, dir]);
  return dir;
}

function canEnter(dir: string, account: Account): boolean {
  if (process.getuid?.() !== 0) return true;
  for (let at = dir; ; at = dirname(at)) {
    const { mode, uid } = statSync(at);
    if (uid !== account.uid && (mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Starts a server in the foreground as the account. It ends with us, also when we are killed, where setpriv can see to that. */
export function startServer(program: string, args: string[], account: Account): ChildProcess {
  const root = process.getuid?.() === 0;
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : null;
  const drop = root ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : [];
  const child =
    setpriv === null
      ? spawn(program, args, { stdio: 'ignore', cwd: '/', ...(root ? { uid: account.uid, gid: account.gid } : {}) })
      : spawn(setpriv, [...drop, '--pdeathsig=TERM', program, ...args], { stdio: 'ignore', cwd: '/' });
  // Ctrl-C in a terminal goes to the whole group, and ends the servers; that is meant.
  child.on('error', () => {});
  return child;
}

/** SIGTERM, and SIGKILL if it does not help. Resolves when the process is gone. */
export async function endServer(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS);
  await gone;
  clearTimeout(timer);
}

export function freePort(): Promise<number> {
  return new Promise((found, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? found(address.port) : fail(new Error('no port')),
      );
    });
  });
}
