// The programs that are compared, and how each is started and measured. Ours and the script are compiled first: a loader that translates
// TypeScript on the way would count as their memory and their start.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, serverAccount } from '../../test/support/programs.ts';
import { type Finished, peakRssOf, type Task, taskEnvironment } from './task.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BUILD = join(ROOT, '.bench-build');

/** Between two looks into /proc at a program that does not tell its own use. */
const LOOK_MS = 25;
/** getmail says one line for each message it could not deliver. Characters. */
const MAX_COMPLAINT = 1000;
/** USER_HZ, clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const TICKS = 100;

export interface Program {
  readonly name: string;
  readonly what: string;
  /** Where its messages end up: `maildrain.message`, a table `mail`, or a Maildir at `maildir`. */
  readonly stores: 'maildrain' | 'table' | 'maildir';
  /** Null when it cannot run here; the reason. */
  readonly missing: string | null;
  run(task: Task, dir: string): Promise<Finished>;
}

/** Compiles the Node programs. Their types are checked by `npm run types`. */
export function build(): void {
  rmSync(BUILD, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(ROOT, 'bench/tsconfig.json'), '--noCheck'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the programs do not compile:\n${stdout}`);
  // The program compares its own schema version with the database's.
  symlinkSync(join(ROOT, 'migrations'), join(BUILD, 'migrations'));
}

export function programs(nodeOptions: readonly string[]): Program[] {
  const getmail = findProgram('getmail');
  return [
    {
      name: 'maildrain',
      what: 'reads, stores in batches with a ledger, looks again',
      stores: 'maildrain',
      missing: null,
      run: (task) => runOurs('run-maildrain', task, nodeOptions),
    },
    {
      name: 'one-by-one',
      what: 'imapflow script: FETCH, INSERT, delete for each message',
      stores: 'table',
      missing: null,
      run: (task) => runNode('run-one-by-one', task, []),
    },
    {
      name: 'getmail6',
      what: 'getmail to Maildir, delete = true',
      stores: 'maildir',
      missing: getmail === null ? 'not installed, left out' : null,
      run: (task, dir) => runGetmail(getmail ?? 'getmail', task, dir),
    },
  ];
}

/** What the image asks of Node. */
function ownOptions(): string[] {
  const entry = /^ENTRYPOINT (.*)$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1] ?? '[]';
  return (JSON.parse(entry) as string[]).filter((word) => word.startsWith('--'));
}

/** Runs a program that has maildrain in it as the image runs maildrain. */
export function runOurs<T extends Finished>(name: string, task: Task, nodeOptions: readonly string[] = []): Promise<T> {
  return runNode(name, task, [...ownOptions(), ...nodeOptions]);
}

/** @returns what the program says at its end */
function runNode<T extends Finished>(name: string, task: Task, nodeOptions: readonly string[]): Promise<T> {
  const child = spawn(process.execPath, [...nodeOptions, join(BUILD, `bench/support/${name}.js`)], {
    env: taskEnvironment(task),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(JSON.parse(said));
      else fail(new Error(`${name} ended with ${code}`));
    });
  });
}

/** getmail's start is not told apart from its work; it is a tenth of a second. */
async function runGetmail(path: string, task: Task, dir: string): Promise<Finished> {
  const maildir = maildirOf(dir);
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, name), { recursive: true });
  const settings = [
    '[retriever]',
    'type = SimpleIMAPRetriever',
    `server = ${task.host}`,
    `port = ${task.port}`,
    `username = ${task.user}`,
    `password = ${task.password}`,
    'mailboxes = ("INBOX",)',
    '[destination]',
    'type = Maildir',
    `path = ${maildir}/`,
    '[options]',
    'delete = true',
    'verbose = 0',
  ];
  writeFileSync(join(dir, 'getmailrc'), `${settings.join('\n')}\n`, { mode: 0o600 });
  // getmail refuses to deliver as root.
  const { uid, gid } = serverAccount();
  const root = process.getuid?.() === 0;
  if (root) spawnSync('chown', ['-R', `${uid}:${gid}`, dir]);
  const startedAt = performance.now();
  const child = spawn(path, [`--getmaildir=${dir}`, '--rcfile=getmailrc'], {
    cwd: dir,
    env: { ...process.env, HOME: dir },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(root ? { uid, gid } : {}),
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MAX_COMPLAINT) complaint += text;
  });
  const ended = new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
  let use = { cpuS: 0, peakRss: 0 };
  let code: number | null | undefined;
  while (code === undefined) {
    use = useOf(child.pid) ?? use;
    code = await Promise.race([ended, sleep(LOOK_MS, undefined)]);
  }
  const endedAt = performance.now();
  if (code !== 0) throw new Error(`getmail ended with ${code}: ${complaint.slice(0, MAX_COMPLAINT)}`);
  return { startMs: 0, workMs: endedAt - startedAt, ...use };
}

/** What a running process has used so far; null when it is gone. */
function useOf(pid: number | undefined): { cpuS: number; peakRss: number } | null {
  const peakRss = pid === undefined ? null : peakRssOf(pid);
  if (peakRss === null) return null;
  try {
    // The name in parentheses may hold spaces; of what follows the 12th to 15th are utime, stime, and those of ended children (proc(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = stat.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
    return { cpuS: ticks / TICKS, peakRss };
  } catch {
    return null;
  }
}

function maildirOf(dir: string): string {
  return join(dir, 'maildir');
}

/** Messages that getmail delivered. */
export function countMaildir(dir: string): number {
  const fresh = join(maildirOf(dir), 'new');
  return existsSync(fresh) ? readdirSync(fresh).length : 0;
}
