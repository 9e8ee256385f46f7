// What a program or the command line may ask of admin jobs: plans, jobs, and following them. Rows come first and the queue is told afterwards:
// when it is away, whoever works the queue finds the job by itself. The work is in admin/ and store/.

import { userInfo } from 'node:os';
import { readJobArgs, refuseUnknown } from './admin/args.ts';
import { type EngineOptions, runTurn, type TurnOutcome } from './admin/engine.ts';
import { planExpire } from './admin/expire.ts';
import { type ExportReport, exportMail } from './admin/export.ts';
import { jobOf } from './admin/jobs.ts';
import type { LookContext } from './admin/look.ts';
import { makePlan } from './admin/plan.ts';
import { planSourceOf } from './admin/plan-source.ts';
import { reclassifyDiff } from './admin/reclassify.ts';
import { planRestore, requireTarget } from './admin/restore-plan.ts';
import { type VerifyReport, verifyMailbox } from './admin/verify.ts';
import { loginOf } from './config.ts';
import { parseCriteria } from './criteria.ts';
import type { DrainContext } from './drain/drain.ts';
import { MaildrainError, printable, printableStart } from './errors.ts';
import type { Log } from './log.ts';
import type { MailboxConfig } from './model.ts';
import type { Retention } from './model-admin.ts';
import { type Admin, type JobWords, PLANNED_JOBS } from './service-admin-api.ts';
import { onRecord, outcomeOfExport, outcomeOfVerify } from './service-audit.ts';
import { findConfigured } from './service-mailboxes.ts';
import { everything, requireKnown, requireOneOf, type StoredJobOf, storedJob } from './service-stored-jobs.ts';
import { listJobs, openJobs } from './store/admin-job-list.ts';
import { retryJob } from './store/admin-job-retry.ts';
import { cancelJob, enqueueJob, findJob, JOB_STATES, type Job, type NewJob } from './store/admin-jobs.ts';
import { announceAdminWorker, isAdminWorkerThere } from './store/lock.ts';
import { findPlan, listPlans } from './store/plans.ts';
import type { Database, Pen } from './store/pool.ts';
import { sumStored } from './store/stored-mail.ts';

/** How often a followed job's row is looked at: a person sees it move, and Postgres does not notice. */
const FOLLOW_MS = 500;
/** A job that is worked here and is in other hands, or waits, is looked at again after so long. */
const HERE_MS = 1_000;

export interface AdminOptions {
  readonly ready: () => Promise<Database>;
  readonly context: () => Promise<DrainContext>;
  readonly connectionsPerHost: number;
  readonly mailboxes: () => readonly MailboxConfig[];
  /** Tells the queue. */
  readonly tell: (id: string) => Promise<void>;
  /** There may be new events. */
  readonly wake: () => void;
  /** What an expiry goes by. */
  readonly retention: Retention;
  /** The service stops: what runs here ends after its slice. */
  readonly stopping: AbortSignal;
  /** A stop waits for it, once it has asked it to end. */
  readonly running: <T>(work: Promise<T>) => Promise<T>;
  readonly log: Log;
}

/** What the worker of the queue calls. */
export interface AdminEngine {
  turn(id: string, signal: AbortSignal): Promise<TurnOutcome>;
  open(): Promise<string[]>;
}

export function adminOf(options: AdminOptions): Admin & { readonly engine: AdminEngine } {
  const { ready, mailboxes, connectionsPerHost, log } = options;
  const database = async (): Promise<Database> => ready();
  const look = async (): Promise<LookContext> => ({ database: await database(), connectionsPerHost, log });
  const turn = async (id: string, signal: AbortSignal): Promise<TurnOutcome> => {
    const engine: EngineOptions = { context: await options.context(), jobOf, mailboxes };
    try {
      return await runTurn(engine, id, signal);
    } finally {
      options.wake();
    }
  };
  const asked = async (words: JobWords): Promise<StoredJobOf> =>
    storedJob(words, mailboxes(), async () => (await database()).sql);
  const put = async (job: NewJob): Promise<string> => {
    const id = await enqueueJob((await database()).sql, job);
    await tellQueue(options, id);
    return id;
  };
  return {
    engine: { turn, open: async () => openJobs((await database()).sql) },
    async plan({ kind, mailbox: name, folder, criteria = {}, args: given = {}, by, onProgress, ...more }) {
      refuseUnknown('plan', more);
      requireOneOf(kind, PLANNED_JOBS);
      const mailbox = findConfigured(mailboxes(), name);
      const args = readJobArgs(kind, given);
      const source = planSourceOf(await look(), kind, args, options.stopping);
      const request = {
        job: kind,
        folder: folder ?? null,
        criteria: parseCriteria(criteria, 'server'),
        args,
        by: nameOf(by),
        onProgress,
      };
      return options.running(makePlan({ database: await database(), source }, mailbox, request));
    },
    async apply(given, { by } = {}) {
      const plan = await findPlan((await database()).sql, checkId(given));
      if (plan === null) throw new MaildrainError('REQUEST_INVALID', `there is no plan ${checkId(given)}`);
      const planId = plan.id;
      const { job: kind, mailbox, login, criteria, args, messages } = plan;
      if (plan.jobId !== null) throw applied(planId, plan.jobId, await findJob((await database()).sql, plan.jobId));
      if (loginOf(findConfigured(mailboxes(), mailbox)) !== login)
        throw new MaildrainError('PLAN_OUTDATED', `"${mailbox}" is another account now than when the plan was made`);
      return put({ kind, mailbox, login, planId, criteria, args, total: messages, requestedBy: nameOf(by) });
    },
    async enqueue(words) {
      const policy = words.kind === 'expire' ? { ...options.retention, ...words.args } : words.args;
      const { kind, mailbox, args, selection } = await asked({ ...words, args: policy });
      const { sql } = await database();
      // Also where it was looked at before: minutes may lie between a question and its answer.
      if (mailbox !== null) await requireTarget(await look(), { mailbox, args }, options.stopping);
      // An expiry goes by its policy, and counts nothing beforehand.
      const all = await everything(sql);
      const total = kind === 'expire' ? null : (await sumStored(sql, selection, all)).messages;
      return put({
        kind,
        mailbox: mailbox?.name ?? null,
        login: mailbox === null ? null : loginOf(mailbox),
        planId: null,
        criteria: selection.criteria,
        args,
        total,
        lastMessage: all.until,
        requestedBy: nameOf(words.by),
      });
    },
    async count(words) {
      const { selection } = await asked(words);
      const { sql } = await database();
      return sumStored(sql, selection, await everything(sql));
    },
    async restorePlan(words, signal = options.stopping) {
      const { mailbox, args, selection } = await asked({ ...words, kind: 'restore' });
      if (mailbox === null) throw new MaildrainError('BUG', 'a restore without a mailbox');
      const { sql } = await database();
      const both = AbortSignal.any([signal, options.stopping]);
      return planRestore(await look(), { mailbox, args, selection, stretch: await everything(sql) }, both);
    },
    async *reclassifyDiff(words, signal = options.stopping) {
      const { mailbox, criteria, readerBefore } = (await asked({ ...words, kind: 'reclassify' })).selection;
      const { database: connected, bounces } = await options.context();
      const both = AbortSignal.any([signal, options.stopping]);
      yield* reclassifyDiff(connected, bounces, { mailbox: mailbox ?? undefined, criteria, readerBefore }, both);
    },
    expirePlan: async () => planExpire((await database()).sql, options.retention),
    async export({ mailbox = null, criteria: words = {}, format, into, by, signal, onProgress, ...more }) {
      refuseUnknown('export', more);
      const criteria = parseCriteria(words, 'stored');
      const connected = await database();
      await requireKnown(connected.sql, mailboxes(), mailbox);
      const args = { format, ...('path' in into ? { output: printable(into.path) } : {}) };
      const asked = { job: 'export', mailbox, login: null, requestedBy: nameOf(by), criteria, args } as const;
      const both = AbortSignal.any([signal, options.stopping]);
      const work = (): Promise<ExportReport> =>
        exportMail(connected, { selection: { mailbox, criteria }, format, to: into, signal: both, onProgress });
      return options.running(onRecord({ sql: connected.sql, log: options.log }, asked, work, outcomeOfExport));
    },
    async verify(name, { by, signal = options.stopping, onProgress } = {}) {
      const mailbox = findConfigured(mailboxes(), name);
      const connected = await database();
      const facts = { mailbox: mailbox.name, login: loginOf(mailbox), requestedBy: nameOf(by) };
      const asked = { job: 'verify', ...facts, criteria: null, args: {} } as const;
      const both = AbortSignal.any([signal, options.stopping]);
      const looking = { ...(await look()), signal: both, onProgress };
      const work = (): Promise<VerifyReport> => verifyMailbox(looking, mailbox);
      return options.running(onRecord({ sql: connected.sql, log: options.log }, asked, work, outcomeOfVerify));
    },
    plans: {
      list: async ({ mailbox, limit } = {}) => listPlans((await database()).sql, { mailbox, limit }),
      find: async (id) => findPlan((await database()).sql, checkId(id)),
    },
    jobs: {
      list: async ({ mailbox, states, limit } = {}) => {
        for (const state of states ?? []) requireOneOf(state, JOB_STATES);
        return listJobs((await database()).sql, { mailbox, states, limit });
      },
      find: async (id) => findJob((await database()).sql, checkId(id)),
      cancel: async (id, { by } = {}) => cancelJob(await database(), checkId(id), nameOf(by)),
      async retry(given, { by } = {}) {
        const id = checkId(given);
        const retried = await retryJob((await database()).sql, id, nameOf(by));
        if (retried) await tellQueue(options, id);
        return retried;
      },
    },
    follow: (id, signal) => follow(database, checkId(id), signal),
    isWorked: async () => isAdminWorkerThere((await database()).sql),
    async work(given, until) {
      const id = checkId(given);
      const signal = AbortSignal.any([until, options.stopping]);
      while (!signal.aborted) {
        const outcome = await turn(id, signal);
        if (outcome.outcome === 'ended' || outcome.outcome === 'unknown') return;
        if (outcome.outcome === 'busy' || outcome.at !== null) await pause(HERE_MS, signal);
      }
    },
  };
}

/** After a lost connection, before the next try. */
const ANNOUNCE_MS = 10_000;

/** Says on a connection of its own that admin jobs are worked here, until the signal ends that. Never throws. */
export async function announceWorker(database: Database, signal: AbortSignal, log: Log): Promise<void> {
  while (!signal.aborted) {
    let pen: Pen | null = null;
    try {
      pen = await database.take();
      await announceAdminWorker(pen.client);
      const over = AbortSignal.any([signal, pen.lost]);
      if (!over.aborted) await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
    } catch (error) {
      log.debug({ error }, 'not announced as a worker of admin jobs');
    }
    await pen?.release();
    await pause(ANNOUNCE_MS, signal);
  }
}

/** The row stands: a queue that is away costs half a minute, no job. */
async function tellQueue({ tell, log }: AdminOptions, id: string): Promise<void> {
  await tell(id).catch((error: unknown) => {
    log.warn({ adminJob: id, error }, 'the queue was not told of the job; whoever works it will find it');
  });
}

async function* follow(
  database: () => Promise<Database>,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Job> {
  let before = '';
  while (signal?.aborted !== true) {
    const job = await findJob((await database()).sql, id);
    if (job === null) throw new MaildrainError('REQUEST_INVALID', `there is no job ${id}`);
    // The heartbeat alone is no change.
    const now = JSON.stringify({ ...job, heartbeatAt: null });
    if (now !== before) yield job;
    before = now;
    if (job.finishedAt !== null) return;
    await pause(FOLLOW_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    // A signal that is over says so no more.
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** Longest name of who asks. */
const MAX_BY = 100;

function nameOf(by: string | undefined): string {
  return printableStart(by ?? osUser(), MAX_BY);
}

/** A container may run under a user id that has no name. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** A plan is applied once. What to do instead goes by how its job stands. */
function applied(planId: string, jobId: string, job: Job | null): MaildrainError {
  // A job that is partly done copied those messages; a plan that is outdated stays so.
  const isOver = job === null || job.errorCode === 'PLAN_OUTDATED' || (job.kind === 'copy' && job.state === 'partial');
  const isOpen = job?.finishedAt === null;
  const retry =
    isOver || isOpen || job.state === 'done' ? '' : `, "maildrain jobs retry ${jobId}" takes up what it left`;
  return new MaildrainError(
    'PLAN_APPLIED',
    `plan ${planId} has been applied by job ${jobId}, which is ${job?.state ?? 'gone'}: "maildrain jobs show ${jobId}" says what came of it${retry}; for other messages make a new plan`,
  );
}

/** Longest piece of what was given that is shown again. */
const MAX_SHOWN = 60;

/** PostgreSQL's bigint. */
const MAX_ID = 2n ** 63n - 1n;

/** An id as its row has it: '07' is 7, and there must be one lock and one message of the queue for both. */
function checkId(id: string): string {
  if (/^\d{1,19}$/.test(id) && BigInt(id) <= MAX_ID) return BigInt(id).toString();
  throw new MaildrainError(
    'REQUEST_INVALID',
    `"${printableStart(id, MAX_SHOWN)}" is no id: an id is a whole number ("maildrain plans list" and "maildrain jobs list" show them)`,
  );
}
