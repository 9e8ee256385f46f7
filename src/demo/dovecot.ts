// The demo's Dovecot, where one is installed: a configuration of our own, loopback only, no system service touched, any user name with the
// one password. Its files are in a short temporary directory, because the path of a Unix socket ends at 108 octets and because a root's
// Dovecot runs as `nobody`, who may not enter many a home. What a killed demo left running or lying about is removed by the next one.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Dovecot {
  readonly version: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Daemons live where an ordinary user's PATH does not look. */
const PLACES = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
const TEMP = '/tmp';
const DIR_PREFIX = 'maildrain-demo-';
const READY_TIMEOUT_MS = 10_000;
const TERM_GRACE_MS = 5_000;

function findProgram(name: string): string | null {
  for (const place of PLACES.filter(Boolean)) {
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

/** The installed Dovecot that this file can configure, or null with the reason. 2.4 has another configuration language. */
export function findDovecot(): { readonly program: string; readonly version: string } | { readonly why: string } {
  const program = findProgram('dovecot');
  if (program === null) return { why: 'Dovecot is not installed' };
  const version = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 5_000 }).stdout?.trim() ?? '';
  if (!/^2\.[23]\./.test(version))
    return { why: `Dovecot ${version.split(' ')[0] ?? '?'} is installed, the demo knows 2.3` };
  return { program, version: version.split(' ')[0] ?? version };
}

/**
 * Starts it in the foreground, as ourselves or, when we are root, as `nobody`.
 *
 * @param stateDir existing directory that remembers what to clean up after a kill
 * @throws Error with the end of its log
 */
export async function startDovecot(
  { program, version }: { readonly program: string; readonly version: string },
  stateDir: string,
  password: string,
): Promise<Dovecot> {
  cleanUp(stateDir);
  const account = serverAccount();
  const dir = mkdtempSync(join(TEMP, DIR_PREFIX));
  const record = join(stateDir, `dovecot-${process.pid}.json`);
  let child: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    if (child !== null) await end(child);
    rmSync(dir, { recursive: true, force: true });
    rmSync(record, { force: true });
  };
  try {
    const port = await freePort();
    for (const name of ['', 'run', 'state', 'home']) own(join(dir, name), account);
    const config = join(dir, 'dovecot.conf');
    writeFileSync(config, configuration(dir, account, port, password), { mode: 0o640 });
    if (process.getuid?.() === 0) chownSync(config, account.uid, account.gid);
    writeFileSync(record, JSON.stringify({ dir }), { mode: 0o600 });
    child = launch(program, ['-F', '-c', config], account);
    writeFileSync(record, JSON.stringify({ dir, pid: child.pid }), { mode: 0o600 });
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!(await greets(port))) {
      if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) {
        throw new Error(`Dovecot did not start: ${lastLines(join(dir, 'log'))}`);
      }
      await sleep(50);
    }
    return { version, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly group: string;
}

function serverAccount(): Account {
  const id = (flag: string): string =>
    spawnSync('id', process.getuid?.() === 0 ? [flag, 'nobody'] : [flag], { encoding: 'utf8' }).stdout?.trim() ?? '';
  return { uid: Number(id('-u')), gid: Number(id('-g')), name: id('-un'), group: id('-gn') };
}

function own(path: string, account: Account): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o700);
  if (process.getuid?.() === 0) chownSync(path, account.uid, account.gid);
}

/** In a session of its own, so that a Ctrl-C reaches us first; it ends with us, also when we are killed, where setpriv can see to that. */
function launch(program: string, args: readonly string[], account: Account): ChildProcess {
  const root = process.getuid?.() === 0;
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : null;
  const options = { stdio: 'ignore', cwd: '/', detached: true } as const;
  const drop = root ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : [];
  const child =
    setpriv === null
      ? spawn(program, args, { ...options, ...(root ? { uid: account.uid, gid: account.gid } : {}) })
      : spawn(setpriv, [...drop, '--pdeathsig=TERM', program, ...args], options);
  child.on('error', () => {});
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS);
  await gone;
  clearTimeout(timer);
}

/** Ends and removes what demos left behind that are no more. */
function cleanUp(stateDir: string): void {
  for (const name of readdirSync(stateDir)) {
    const demo = /^dovecot-(\d+)\.json$/.exec(name)?.[1];
    if (demo === undefined || isAlive(Number(demo))) continue;
    const left = readRecord(join(stateDir, name));
    // Only what has the name we give, whatever the file says.
    if (left !== null && left.dir === join(TEMP, basename(left.dir)) && basename(left.dir).startsWith(DIR_PREFIX)) {
      if (left.pid !== null && commandLine(left.pid).includes(left.dir)) process.kill(left.pid, 'SIGTERM');
      rmSync(left.dir, { recursive: true, force: true });
    }
    rmSync(join(stateDir, name), { force: true });
  }
}

function readRecord(path: string): { dir: string; pid: number | null } | null {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as { dir?: unknown; pid?: unknown };
    if (typeof found.dir !== 'string') return null;
    return { dir: found.dir, pid: typeof found.pid === 'number' ? found.pid : null };
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function configuration(dir: string, account: Account, port: number, password: string): string {
  // A master that is not root can neither change users nor chroot.
  const services = ['anvil', 'stats', 'auth', 'ipc', 'log', 'dict', 'director'];
  const unchrooted = services.map((name) => `service ${name} {\n  chroot =\n}\n`).join('');
  return `base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = ${account.name}
default_internal_group = ${account.group}
default_login_user = ${account.name}
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${account.name} gid=${account.group} home=${dir}/home/%u allow_all_users=yes
}
mail_location = sdbox:~/mail
# It is thrown away at the end.
mail_fsync = never
mail_max_userip_connections = 50
namespace inbox {
  inbox = yes
  separator = /
  mailbox Trash {
    auto = create
    special_use = \\Trash
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
${unchrooted}`;
}

function freePort(): Promise<number> {
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

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('data', (chunk: Buffer) => {
      resolve(chunk.toString('latin1').startsWith('* OK'));
      socket.destroy();
    });
  });
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-5).join(' | ');
  } catch {
    return 'it wrote no log';
  }
}
