// The composition root: builds database, queue and drains from a configuration, starts and stops them. The command line and the library
// both call what is here; nothing below knows of it.

import { LOOKS_AT_ONCE } from './admin/look.ts';
import { checkRetention, loginOf } from './config.ts';
import { type DrainContext, drain as drainOnce } from './drain/drain.ts';
import { dryRun } from './drain/dry-run.ts';
import { MaildrainError } from './errors.ts';
// Code of jobs/ is loaded when it is used: BullMQ takes longer to load than a small mailbox takes to drain.
import type { Consumers } from './jobs/consumers.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { Producer } from './jobs/producer.ts';
import type { Log } from './log.ts';
import type { DrainReport, MailboxConfig } from './model.ts';
import { type AdminEngine, adminOf, announceWorker } from './service-admin.ts';
import type { Admin, JobWords } from './service-admin-api.ts';
import type { DrainOptions, MailboxSource, MailboxStatus, Maildrain, ServiceOptions } from './service-api.ts';
import { bouncesOf } from './service-bounces.ts';
import { bounceRules } from './service-correlation.ts';
import { keepUp } from './service-embedded.ts';
import { accountFolders, checkAccount, findConfigured, statusOf } from './service-mailboxes.ts';
import { liftAllExpired, type Suppressions, suppressionsOf } from './service-suppressions.ts';
import type { CheckReport } from './source/check.ts';
import type { Folder } from './source/folders.ts';
import { backlog, type SinkBacklog } from './store/deliveries.ts';
import { type Embedded, startEmbedded } from './store/embedded.ts';
import { type HeldMessage, heldMessages, release } from './store/holds.ts';
import { dueForRetry, resume } from './store/mailboxes.ts';
import {
  findMessage,
  listMessages,
  type MessageFilter,
  type MessageSummary,
  type Receipt,
  rawOctets,
  receiptOf,
  type StoredMessage,
} from './store/messages.ts';
import { ensurePartitions, migrate, requireSchema, type SchemaState, schemaState } from './store/migrate.ts';
import { type Database, openDatabase } from './store/pool.ts';
import { isExpiryDue } from './store/retention.ts';
import { mailboxCounts } from './store/status.ts';

/** Partitions are made two months ahead; once a day is ample. */
const MAINTENANCE_MS = 24 * 60 * 60 * 1000;
/** A fleet kept in the user's own database is read again this often. */
const MAILBOXES_MS = 60_000;
/** Whether an expiry is due is looked at this often. */
const EXPIRE_MS = 10 * 60_000;
/** Suppressions whose time is over are lifted this often. */
const LIFT_MS = 60_000;
/** Connections beside one for each drain: status, retries, partitions. */
const SPARE_CONNECTIONS = 4;
/** Two turns of admin jobs at once, and the one that says that they are worked here. */
const ADMIN_CONNECTIONS = 3;

/** Builds a maildrain from a checked configuration. */
export async function openService(options: ServiceOptions): Promise<Maildrain> {
  const service = new Service(options);
  await service.open();
  return service;
}

class Service implements Maildrain {
  readonly #options: ServiceOptions;
  readonly #log: Log;
  #source: MailboxSource;
  #mailboxes: readonly MailboxConfig[] = [];
  #embedded: Embedded | null = null;
  #database: Database | null = null;
  #url = '';
  #jobs: Jobs | null = null;
  #consumers: Consumers | null = null;
  #producer: Promise<Producer> | null = null;
  #announced: Promise<void> | null = null;
  #timers: NodeJS.Timeout[] = [];
  #started: Promise<void> | null = null;
  #stopped: Promise<void> | null = null;
  /** What was in hand has ended, or used up its grace. */
  #closed = false;
  readonly admin: Admin;
  readonly #adminEngine: AdminEngine;
  readonly #bounceRules: () => Promise<DrainContext['bounces']>;
  /** Drains by hand, exports and comparisons, which stop() ends too. */
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#source = options.mailboxes;
    this.#bounceRules = bounceRules(options);
    this.suppressions = suppressionsOf({
      ready: () => this.#ready(),
      policy: options.suppression,
      wake: () => this.#consumers?.wake(),
    });
    const admin = adminOf({
      ready: () => this.#ready(),
      context: () => this.#context(),
      connectionsPerHost: options.connectionsPerHost,
      mailboxes: () => this.#mailboxes,
      tell: async (id) => (this.#jobs ?? (await this.#producing())).enqueueAdmin(id),
      wake: () => this.#consumers?.wake(),
      retention: options.retention ?? checkRetention(undefined),
      stopping: this.#stopping.signal,
      running: (work) => this.#waitedFor(work),
      log: options.log,
    });
    this.admin = admin;
    this.#adminEngine = admin.engine;
  }

  async #context(onProgress?: DrainOptions['onProgress']): Promise<DrainContext> {
    const { connectionsPerHost } = this.#options;
    return {
      database: await this.#ready(),
      connectionsPerHost,
      bounces: await this.#bounceRules(),
      log: this.#log,
      onProgress,
    };
  }

  #startEmbedded(): Promise<Embedded> {
    return startEmbedded({ stateDir: this.#options.stateDir, log: this.#log });
  }

  async open(): Promise<void> {
    const { postgres, concurrency } = this.#options;
    this.#mailboxes = typeof this.#source === 'function' ? await this.#source() : this.#source;
    if (postgres === 'embedded') {
      this.#embedded = await this.#startEmbedded();
      this.#url = this.#embedded.url;
    } else this.#url = postgres.url;
    // Each consumer's pump holds one for as long as it is the one that sends.
    const pumps = (this.#options.events?.length ?? 0) + 1;
    const connections = concurrency + pumps + SPARE_CONNECTIONS + ADMIN_CONNECTIONS + LOOKS_AT_ONCE;
    this.#database = openDatabase(this.#url, connections, (error) => {
      this.#log.warn({ error }, 'an idle Postgres connection was lost');
    });
  }

  start(): Promise<void> {
    if (this.#stopped !== null) return Promise.reject(wasStopped());
    this.#started ??= this.#start().catch((error: unknown) => {
      // It may be tried again.
      this.#started = null;
      throw error;
    });
    return this.#started;
  }

  async #start(): Promise<void> {
    await this.#bounceRules();
    const ran = await this.migrate();
    if (ran.length > 0) this.#log.info({ migrations: ran }, 'database migrated');
    const { concurrency } = this.#options;
    const { createJobs } = await import('./jobs/jobs.ts');
    const { startConsumers } = await import('./jobs/consumers.ts');
    // Before the first drain: what nobody is registered for is told to nobody.
    this.#consumers = await startConsumers({
      database: this.#db(),
      events: this.#options.events,
      onEvent: this.#options.onEvent,
      redisUrl: this.#options.redis,
      postgresUrl: this.#url,
      log: this.#log,
    });
    try {
      if (this.#stopped !== null) await this.#consumers.stop(0);
      this.#jobs = createJobs({
        redisUrl: this.#options.redis,
        postgresUrl: this.#url,
        concurrency,
        log: this.#log,
        mailboxes: () => this.#mailboxes,
        drain: (name, signal) => this.drain(name, { signal }),
        due: async () => this.#configuredKeys(await dueForRetry(this.#db().sql)),
        admin: this.#adminEngine,
      });
      await this.#jobs.start();
    } catch (error) {
      await this.#unstart();
      throw error;
    }
    if (this.#embedded !== null)
      this.#embedded = keepUp(this.#embedded, () => this.#startEmbedded(), this.#stopping.signal, this.#log);
    this.#announced = announceWorker(this.#db(), this.#stopping.signal, this.#log);
    this.#every(MAINTENANCE_MS, 'partitions could not be made', () => ensurePartitions(this.#db().sql, new Date()));
    this.#every(EXPIRE_MS, 'what has been kept long enough could not be looked at', () => this.#expire());
    this.#every(LIFT_MS, 'suppressions that are over could not be lifted', () => this.#lift());
    if (typeof this.#source === 'function') {
      this.#every(MAILBOXES_MS, 'mailboxes could not be read again', () => this.reload());
    }
  }

  /** A start that failed leaves nothing behind: it may be tried again, and stop() has nothing to wait for. */
  async #unstart(): Promise<void> {
    const [consumers, jobs] = [this.#consumers, this.#jobs];
    this.#consumers = null;
    this.#jobs = null;
    await Promise.all([consumers?.stop(0), jobs?.stop(0)]);
  }

  /** Rows of a mailbox that has since been pointed elsewhere do not wake the new one. */
  #configuredKeys(keys: readonly { name: string; login: string; folder: string }[]): string[] {
    const configured = new Map(this.#mailboxes.map((mailbox) => [mailbox.name, mailbox]));
    return keys.flatMap((key) => {
      const mailbox = configured.get(key.name);
      const same = mailbox !== undefined && loginOf(mailbox) === key.login && mailbox.folder === key.folder;
      return same ? [key.name] : [];
    });
  }

  /** Once a day over all processes, however often they are started. */
  async #expire(): Promise<void> {
    if (await isExpiryDue(this.#db().sql)) await this.admin.enqueue({ kind: 'expire', by: 'serve' });
  }

  async #lift(): Promise<void> {
    if (await liftAllExpired(this.#db())) this.#consumers?.wake();
  }

  #every(ms: number, trouble: string, work: () => Promise<unknown>): void {
    const timer = setInterval(() => {
      work().catch((error: unknown) => this.#log.warn({ error }, trouble));
    }, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopping.abort(new MaildrainError('ABORTED', 'maildrain is stopping'));
    const deadline = Date.now() + this.#options.shutdownGraceMs;
    const consumers = this.#consumers?.stop(this.#options.shutdownGraceMs);
    await this.#jobs?.stop(this.#options.shutdownGraceMs);
    // The jobs' drains are among these, and have used up their grace.
    const drained = await before(deadline, Promise.allSettled(this.#running));
    const ended = (await consumers) !== false && drained;
    await this.#announced;
    await this.#producer?.then((producer) => producer.close()).catch(() => {});
    // A pool waits for its connections, and a drain that does not end holds one: it is left to the end of the process, as after a crash.
    this.#closed = true;
    const closed = this.#database?.close().catch(() => {});
    if (ended) await closed;
    await this.#embedded?.stop();
  }

  async reload(mailboxes: MailboxSource = this.#source): Promise<void> {
    this.#source = mailboxes;
    this.#mailboxes = typeof mailboxes === 'function' ? await mailboxes() : mailboxes;
    await this.#jobs?.reconcile();
  }

  async drain(name: string, options: DrainOptions = {}): Promise<DrainReport> {
    const mailbox = this.#mailbox(name);
    const given = options.signal === undefined ? [] : [options.signal];
    const signal = AbortSignal.any([this.#stopping.signal, ...given]);
    const context = await this.#context(options.onProgress);
    const running =
      options.dryRun === true ? dryRun(context.database, mailbox, signal) : drainOnce(context, mailbox, signal);
    try {
      return await this.#waitedFor(running);
    } finally {
      this.#consumers?.wake();
    }
  }

  /** By stop(). */
  async #waitedFor<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async enqueue(what: string | JobWords): Promise<string> {
    if (typeof what !== 'string') return this.admin.enqueue(what);
    this.#mailbox(what);
    return (this.#jobs ?? (await this.#producing())).enqueue(what);
  }

  #producing(): Promise<Producer> {
    const link = { redisUrl: this.#options.redis, postgresUrl: this.#url, log: this.#log };
    this.#producer ??= import('./jobs/producer.ts')
      .then(({ createProducer }) => createProducer(link))
      .catch((error: unknown) => {
        // The next one to ask tries again.
        this.#producer = null;
        throw error;
      });
    return this.#producer;
  }

  mailboxes(): readonly MailboxConfig[] {
    return this.#mailboxes;
  }

  async status(): Promise<MailboxStatus[]> {
    const database = await this.#ready();
    const nextRuns = await this.#nextRuns();
    return statusOf(this.#mailboxes, await mailboxCounts(database.sql), nextRuns, Date.now());
  }

  /** The queue may be down, or never have been used: then no next run is known, and the rest is shown all the same. */
  async #nextRuns(): Promise<Map<string, Date>> {
    try {
      return await (this.#jobs ?? (await this.#producing())).nextRuns();
    } catch (error) {
      this.#log.warn({ error }, 'the next runs are not known');
      return new Map();
    }
  }

  async consumers(): Promise<SinkBacklog[]> {
    return backlog((await this.#ready()).sql);
  }

  async check(name: string): Promise<CheckReport> {
    return checkAccount(this.#mailbox(name));
  }

  async folders(name: string): Promise<Folder[]> {
    return accountFolders(this.#mailbox(name));
  }

  async resume(name: string): Promise<boolean> {
    this.#mailbox(name);
    return resume((await this.#ready()).sql, name);
  }

  async held(names?: readonly string[]): Promise<HeldMessage[]> {
    return heldMessages((await this.#ready()).sql, names ?? null);
  }

  async release(name: string, uids?: readonly string[]): Promise<string[]> {
    this.#mailbox(name);
    return release((await this.#ready()).sql, name, uids ?? null);
  }

  readonly messages = {
    list: async (filter: MessageFilter): Promise<MessageSummary[]> => listMessages((await this.#ready()).sql, filter),
    find: async (id: string): Promise<StoredMessage | null> => findMessage((await this.#ready()).sql, id),
    raw: (id: string): AsyncIterable<Buffer> => rawOctets(this.#db(), id),
    receipt: async (id: string): Promise<Receipt | null> => receiptOf(await this.#ready(), id),
  };

  readonly suppressions: Suppressions;

  readonly bounces = bouncesOf(() => this.#ready());

  async migrate(): Promise<string[]> {
    this.#db();
    return migrate(this.#url);
  }

  async schema(): Promise<SchemaState> {
    return schemaState(this.#db().sql);
  }

  /** The database, once its schema is known to be one that this program may work on. */
  async #ready(): Promise<Database> {
    const database = this.#db();
    await requireSchema(database.sql);
    return database;
  }

  #db(): Database {
    if (this.#closed) throw wasStopped();
    if (this.#database === null) throw new MaildrainError('BUG', 'used before it was opened');
    return this.#database;
  }

  #mailbox(name: string): MailboxConfig {
    return findConfigured(this.#mailboxes, name);
  }
}

function wasStopped(): MaildrainError {
  return new MaildrainError('ABORTED', 'this maildrain has been stopped: create another one');
}

/** Whether `work` ended before the time given, epoch milliseconds. */
async function before(deadline: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, deadline - Date.now()));
  });
  const ended = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
