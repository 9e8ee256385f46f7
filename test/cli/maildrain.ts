// Running the command line as a person or a script does: as a process of its own, against the sample mail server and a fresh database.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { type ImapServer, type ImapServerOptions, startImapServer } from '../../src/demo/imap-server/server.ts';
import { freshDatabase } from '../support/fresh.ts';
import { until } from '../support/until.ts';

/** The password everywhere: must never be seen in anything that maildrain writes. */
export const CANARY = 'canary-7f3a-hunter2';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly octets: Buffer;
  readonly stderr: string;
  /** stdout as JSON documents, one a line. */
  // biome-ignore lint/suspicious/noExplicitAny: documents of every verb; what is in them is what the tests are about
  readonly documents: any[];
}

export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** `work`, or an error when the process ends before. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Waits until stderr (the log) matches. */
  says(pattern: RegExp): Promise<void>;
  ended(): Promise<Ended>;
}

export interface World {
  readonly imap: ImapServer;
  readonly databaseUrl: string;
  readonly config: string;
  /** Writes the configuration file again. */
  configure(mailboxes: string, top?: string): void;
  run(...args: string[]): Promise<Ended>;
  start(...args: string[]): Running;
  /** Runs with this on stdin. */
  feed(input: string | Buffer, ...args: string[]): Promise<Ended>;
}

/** Lines of one mailbox in the configuration; `more` is indented as its further keys. */
export function mailboxLines(name: string, imap: ImapServer, more = 'dispose: delete', user = 'ann'): string {
  return `  - name: ${name}
    imap: { host: 127.0.0.1, port: ${imap.port}, user: ${user}, tls: none, password: { env: TEST_MAIL_PASSWORD } }
    every: 1h
${more.replace(/^/gm, '    ')}
`;
}

/** A mail server with one mailbox `bounces`, a fresh database and a configuration file. Within a test it is taken away afterwards. */
export async function makeWorld(
  options: { imap?: Partial<ImapServerOptions>; dispose?: string; databaseUrl?: string } = {},
): Promise<World> {
  const imap = await startImapServer({ password: CANARY, ...options.imap });
  const databaseUrl = options.databaseUrl ?? (await freshDatabase()).url;
  const dir = mkdtempSync(join(tmpdir(), 'maildrain-cli-'));
  const config = join(dir, 'maildrain.yaml');
  onTestFinished(async () => {
    await imap.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const configure = (mailboxes: string, top = ''): void =>
    writeFileSync(config, `postgres: \${CLI_DATABASE_URL}\n${top}mailboxes:\n${mailboxes}`);
  configure(mailboxLines('bounces', imap, options.dispose ?? 'dispose: delete'));
  const start = (...args: string[]): Running =>
    startCli([...args, '--config', config], { CLI_DATABASE_URL: databaseUrl });
  const feed = (input: string | Buffer, ...args: string[]): Promise<Ended> =>
    startCli([...args, '--config', config], { CLI_DATABASE_URL: databaseUrl }, input).ended();
  return { imap, databaseUrl, config, configure, start, feed, run: (...args) => start(...args).ended() };
}

/**
 * `maildrain ARGS`, ended with the test at the latest.
 *
 * @param input what is on its standard input; null: the input stays open
 */
export function startCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input: string | Buffer | null = '',
): Running {
  const { MAILDRAIN_CONFIG: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [inject('main'), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...inherited, TEST_MAIL_PASSWORD: CANARY, ...env },
  });
  // Who does not read it may be gone before.
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  const stderr = (): string => Buffer.concat(err).toString();
  return {
    child,
    stdout: () => Buffer.concat(out).toString(),
    stderr,
    during: (work) =>
      Promise.race([
        work,
        closed.then(([code]) => {
          throw new Error(`ended too early (${code}): ${stderr()}`);
        }),
      ]),
    says: (pattern) =>
      until(
        () => `no ${pattern} in: ${stderr()}`,
        () => pattern.test(stderr()),
      ),
    async ended() {
      const [code, signal] = await closed;
      const octets = Buffer.concat(out);
      const stdout = octets.toString();
      return {
        code,
        signal,
        octets,
        stdout,
        stderr: stderr(),
        get documents() {
          return stdout
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line));
        },
      };
    },
  };
}

export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return startCli(args, env).ended();
}

export function message(subject: string, body = 'Hello\r\n'): Buffer {
  return Buffer.from(
    `From: Ann Example <ann@example.org>\r\nTo: bob@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject.length}.${Math.random()}@example.org>\r\n\r\n${body}`,
  );
}
