// What must be known of a mail server to make it write reports: its packages, its set-up in a root directory of its own, and what it
// says of failures in its own words. Each server has its file in servers/.

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Action, Case } from './case.ts';
import type { ExpectedRecipient } from './expect.ts';

export interface MailServer {
  readonly name: string;
  /** Debian packages; the first is the one whose version is told. */
  readonly packages: readonly string[];
  /** System users it runs as. */
  readonly users: readonly string[];
  configure(root: Root, run: Case['run']): void;
  start(root: Root): void;
  /** For a server that takes no mail by SMTP; the message as it is to be sent. */
  readonly submit?: (root: Root, one: Case, sender: string, message: string) => void;
  /** What this server does where others do something else, by case: one tries again what another takes for final. */
  readonly acts: Readonly<Record<string, Action>>;
  /** It writes of its own failures as if it were answering SMTP: which reply code is right there is not asserted. */
  readonly answersItself: boolean;
  /** What this server states differently from the script, by case: codes of its own where no other server spoke. */
  readonly differs: Readonly<Record<string, Partial<ExpectedRecipient>>>;
}

/** Of nothing on the machine: no locale, no time zone, no user. */
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  TZ: 'UTC',
  LC_ALL: 'C.UTF-8',
  HOME: '/',
  USER: 'root',
  LOGNAME: 'root',
};

/** A daemon that keeps our pipes open would be waited for without end. */
const PATIENCE_MS = 30_000;

/** The directory that a server takes for the root of its machine. */
export class Root {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  write(file: string, text: string, mode = 0o644): void {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  }

  /** Runs one program to its end and returns what it printed; throws when it failed. */
  run(command: readonly string[], input = ''): string {
    const { status, stdout, stderr } = spawnSync('chroot', [this.path, ...command], {
      env: ENVIRONMENT,
      input,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${status}\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  shell(script: string): string {
    return this.run(['/bin/sh', '-ec', script]);
  }

  /** Starts a program that goes on; its output is kept in `log` beside the root. */
  spawn(command: readonly string[]): void {
    const log = openSync(join(this.path, '..', 'log'), 'a');
    spawn('chroot', [this.path, ...command], { env: ENVIRONMENT, stdio: ['ignore', log, log] }).unref();
    closeSync(log);
  }
}
