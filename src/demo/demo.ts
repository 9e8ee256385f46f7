// `maildrain demo`: the main job on real mail over a real IMAP connection, in well under a minute and without anything installed. Brings up
// Postgres and a mail server, runs the service on a short schedule, delivers mail while it drains, and then counts for itself what happened.
// The mail is in sample-mail.ts, the servers in mail-server.ts, what is said in report.ts.

import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkMailboxes, checkReports } from '../config.ts';
import { createLogger, type Log } from '../log.ts';
import { openService } from '../service.ts';
import type { Maildrain } from '../service-api.ts';
import { type Left, startEmbedded } from '../store/embedded.ts';
import { type Database, openDatabase } from '../store/pool.ts';
import { createScratch } from '../store/scratch.ts';
import { type FinishedRun, runsAfter } from '../store/summary.ts';
import { examine, type Facts } from './examine.ts';
import { ImapClient } from './imap-client.ts';
import { type DemoMailServer, startMailServer } from './mail-server.ts';
import { type DemoResult, describe, describeRunning, megabytes, nextSteps, type Running, spelling } from './report.ts';
import { foreignMessage, OVERSIZED, SAMPLE_SIZE_LIMIT, type Sample, sampleMail } from './sample-mail.ts';

export interface DemoOptions {
  /** Leave it running after the report, until `signal`. */
  readonly keep: boolean;
  /** One JSON document, and nothing else. */
  readonly json: boolean;
  readonly out: (line: string) => void;
  /** Ends it and cleans up. */
  readonly signal: AbortSignal;
  /** Default `.maildrain/demo`. */
  readonly stateDir?: string;
  /** Default `auto`: Dovecot where it is installed. */
  readonly mailServer?: 'auto' | 'dovecot' | 'sample';
}

/** Any number; another one gives other mail. */
const SEED = 20_261_123;
const USERS = { bounces: 'bounces@sample.example', news: 'news@sample.example' } as const;
const MOVE_TO = 'Drained';
const WAVES = 3;
/** A schedule of 5 s meets some waves in the middle. */
const WAVE_PAUSE_MS = 3_500;
/** A drain of a wave takes about a second and its turn comes every five. What is not done by then has failed. */
const DRAINED_TIMEOUT_MS = 30_000;
const POLL_MS = 250;
/** A drain in hand at the end is done in a second. */
const GRACE_MS = 5_000;
const CONNECTIONS = 3;

/** Runs the demo. Never throws; `exitCode` is 0 when every check holds, else 1. */
export async function runDemo(options: DemoOptions): Promise<{ exitCode: number }> {
  const demo = new Demo(options);
  try {
    return { exitCode: await demo.run() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!options.signal.aborted) demo.fail(why);
    return { exitCode: 1 };
  } finally {
    await demo.cleanUp();
    if (options.signal.aborted) demo.say(demo.left());
  }
}

class Demo {
  readonly #options: DemoOptions;
  readonly #startedAt = Date.now();
  /** What to undo, last first. */
  readonly #undo: (() => Promise<unknown>)[] = [];
  #left: Left = 'stopped';

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  say(line: string): void {
    if (!this.#options.json) this.#options.out(line);
  }

  fail(why: string): void {
    if (this.#options.json) this.#options.out(JSON.stringify({ ok: false, error: why }));
    else this.#options.out(`The demo failed: ${why}`);
  }

  async cleanUp(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse())
      await undo().catch(() => {
        this.#left = 'unknown';
      });
  }

  /** What is left running, as far as it was seen. */
  left(): string {
    switch (this.#left) {
      case 'stopped':
        return 'Stopped; nothing is left running.';
      case 'in-use':
        return 'Stopped. The Postgres of the demo still runs, because another program uses it; the last maildrain to leave it, or the next demo, stops it.';
      case 'unknown':
        return 'Stopped.';
    }
  }

  async run(): Promise<number> {
    const { keep, json, out, signal } = this.#options;
    const stateDir = resolve(this.#options.stateDir ?? join('.maildrain', 'demo'));
    const log = this.#openLog(stateDir);
    this.say(
      'maildrain demo: a mail server, a Postgres and a few hundred messages of its own. Your mail is not touched.',
    );
    const password = randomBytes(12).toString('base64url');
    const [url, server] = await Promise.all([this.#postgres(stateDir, log), this.#mailServer(stateDir, password)]);
    signal.throwIfAborted();
    const database = openDatabase(url, CONNECTIONS, () => {});
    this.#undo.push(() => database.close());
    const service = await this.#service(url, server, password, log);

    const foreign = foreignMessage(SEED);
    const samples = sampleMail(SEED);
    await this.#deliverForeign(server, password, foreign);
    const drains = new Progress(database, (run) => this.#sayRun(run));
    const [first = [], ...later] = wavesOf(samples);
    await this.#deliver(server, password, first, 1);
    await service.start();
    this.#stamp('maildrain serves two mailboxes, each every 5 s');
    for (const [index, wave] of later.entries()) {
      await drains.watch(WAVE_PAUSE_MS, signal);
      await this.#deliver(server, password, wave, index + 2);
    }
    const expected = samples.filter(({ kind }) => kind !== OVERSIZED).length;
    await drains.untilStored(expected, service, signal);

    const running: Running = {
      postgresUrl: url,
      imapHost: '127.0.0.1',
      imapPort: server.port,
      imapUsers: Object.values(USERS),
      imapPassword: password,
    };
    const facts: Facts = {
      ...{ database, service, server, password, samples, foreign },
      ...{ runs: drains.runs, users: USERS, moveTo: MOVE_TO },
    };
    const counted = await examine(facts);
    const result: DemoResult = {
      ...counted,
      mailServer: { kind: server.kind, description: server.description },
      seconds: (Date.now() - this.#startedAt) / 1000,
      running: keep ? running : null,
    };
    if (json) out(JSON.stringify(result));
    const { demo, verb } = spelling(import.meta.filename);
    for (const line of [...describe(result), ...nextSteps(verb)]) this.say(line);
    if (keep) {
      for (const line of describeRunning(running)) this.say(line);
      await new Promise<void>((end) => {
        if (signal.aborted) end();
        signal.addEventListener('abort', () => end(), { once: true });
      });
    } else this.say(`\n${demo} --keep leaves the servers running, to look around with psql and a mail program.`);
    return result.ok ? 0 : 1;
  }

  #stamp(text: string): void {
    this.say(`  ${((Date.now() - this.#startedAt) / 1000).toFixed(1).padStart(5)} s  ${text}`);
  }

  /** The service's own lines go to a file, for who wants to see them. */
  #openLog(stateDir: string): Log {
    mkdirSync(stateDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    const file = createWriteStream(join(stateDir, 'demo.log'), { mode: 0o600 });
    file.on('error', () => {});
    this.#undo.push(() => new Promise((closed) => file.end(() => closed(undefined))));
    return createLogger({
      level: 'info',
      destination: {
        write(line) {
          if (file.writable) file.write(line);
        },
      },
    });
  }

  async #postgres(stateDir: string, log: Log): Promise<string> {
    const embedded = await startEmbedded({ stateDir, log });
    this.#undo.push(async () => {
      const left = await embedded.stop();
      if (this.#left === 'stopped') this.#left = left;
    });
    const scratch = await createScratch(embedded.url);
    this.#undo.push(() => scratch.drop());
    this.#stamp('Postgres is up: the server that comes from npm, on a port of its own');
    return scratch.url;
  }

  async #mailServer(stateDir: string, password: string): Promise<DemoMailServer> {
    const server = await startMailServer(this.#options.mailServer ?? 'auto', stateDir, password);
    this.#undo.push(() => server.stop());
    this.#stamp(`the mail server is up: ${server.description}`);
    return server;
  }

  async #service(url: string, server: DemoMailServer, password: string, log: Log): Promise<Maildrain> {
    const imap = { host: '127.0.0.1', port: server.port, tls: 'none', password: () => password };
    const common = { every: '5s', sizeLimit: SAMPLE_SIZE_LIMIT };
    const mailboxes = checkMailboxes([
      { ...common, name: 'bounces', imap: { ...imap, user: USERS.bounces }, dispose: 'delete' },
      { ...common, name: 'news', imap: { ...imap, user: USERS.news }, dispose: { move: MOVE_TO, create: true } },
    ]);
    const service = await openService({
      ...{ postgres: { url }, redis: null, mailboxes, connectionsPerHost: 8, concurrency: 2, ...checkReports({}) },
      ...{ stateDir: '.maildrain', logLevel: 'info', shutdownGraceMs: GRACE_MS, log },
    });
    this.#undo.push(() => service.stop());
    return service;
  }

  async #deliverForeign(server: DemoMailServer, password: string, foreign: Sample): Promise<void> {
    const client = await ImapClient.login(server.port, USERS.bounces, password);
    try {
      await client.append('INBOX', foreign.raw);
      await client.flagAll('INBOX', '\\Deleted');
    } finally {
      client.close();
    }
    this.#stamp('another client flagged a message \\Deleted and has not expunged it; nobody else may');
  }

  async #deliver(server: DemoMailServer, password: string, wave: readonly Sample[], number: number): Promise<void> {
    const clients = {
      bounces: await ImapClient.login(server.port, USERS.bounces, password),
      news: await ImapClient.login(server.port, USERS.news, password),
    };
    try {
      for (const sample of wave) {
        this.#options.signal.throwIfAborted();
        await clients[sample.mailbox].append('INBOX', sample.raw);
      }
    } finally {
      clients.bounces.close();
      clients.news.close();
    }
    const bytes = wave.reduce((sum, { raw }) => sum + raw.length, 0);
    this.#stamp(`wave ${number} of ${WAVES}: ${wave.length} messages delivered by IMAP APPEND, ${megabytes(bytes)}`);
  }

  #sayRun(run: FinishedRun): void {
    if (run.errorCode !== null) this.#stamp(`${run.mailbox}: drain ${run.outcome}, ${run.errorCode}`);
    if (run.fetched === 0) return;
    const aside = [
      ...(run.held > 0 ? [`held ${run.held}`] : []),
      ...(run.skipped > 0 ? [`left alone ${run.skipped}`] : []),
      ...(run.pending > 0 ? [`owed ${run.pending}`] : []),
    ].join(', ');
    this.#stamp(
      `${run.mailbox}: fetched ${run.fetched}, stored ${run.stored}, disposed ${run.disposed}${aside === '' ? '' : `, ${aside}`} in ${run.ms} ms`,
    );
  }
}

function wavesOf(samples: readonly Sample[]): Sample[][] {
  const size = Math.ceil(samples.length / WAVES);
  return Array.from({ length: WAVES }, (_, index) => samples.slice(index * size, (index + 1) * size));
}

/** Follows the table of runs. */
class Progress {
  readonly runs: FinishedRun[] = [];
  readonly #database: Database;
  readonly #onRun: (run: FinishedRun) => void;

  constructor(database: Database, onRun: (run: FinishedRun) => void) {
    this.#database = database;
    this.#onRun = onRun;
  }

  async look(): Promise<void> {
    for (const run of await runsAfter(this.#database.sql, this.runs.at(-1)?.id ?? '0')) {
      this.runs.push(run);
      this.#onRun(run);
    }
  }

  async watch(ms: number, signal: AbortSignal): Promise<void> {
    const until = Date.now() + ms;
    while (Date.now() < until) {
      await sleep(POLL_MS, undefined, { signal });
      await this.look();
    }
  }

  /** Ends when as many are stored and none is owed, or when the time is over: what is wrong then shows in the checks. */
  async untilStored(expected: number, service: Maildrain, signal: AbortSignal): Promise<void> {
    const until = Date.now() + DRAINED_TIMEOUT_MS;
    while (Date.now() < until) {
      await this.watch(POLL_MS, signal);
      const stored = this.runs.reduce((sum, run) => sum + run.stored, 0);
      if (stored < expected) continue;
      const status = await service.status();
      if (status.every(({ owed }) => owed === 0)) return;
    }
  }
}
