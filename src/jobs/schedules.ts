// One BullMQ job scheduler per mailbox, kept equal to the configuration. The queue is a clock that may forget: what is missing is put
// back, what differs is corrected, what is ours and not configured goes, and what is right is not touched (an upsert would move its slot).
import { createHash } from 'node:crypto';
import type { JobSchedulerJson, RepeatOptions } from 'bullmq';
import { MaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { MailboxConfig } from '../model.ts';
import type { DrainQueue } from './link.ts';
import { DRAIN_JOB, type JobData } from './payload.ts';

/** Marks our schedulers among whatever else the queue may hold. No `:`, which BullMQ keeps for itself; names have none either. */
const ID_PREFIX = 'drain-';
/** Requests in flight while many schedules change: a thousand take a second or two and the event loop stays free. */
const AT_ONCE = 50;
/**
 * A next run this far in the past, milliseconds, is looked at: is its job really waiting? A worker that dies between taking a job and making the
 * next one leaves a scheduler that never fires again (BullMQ issue 3272).
 */
const QUIET_MS = 60_000;

const DAY_S = 24 * 60 * 60;

/**
 * Options of every job. The schedule and the mailbox's retry time are the retry, so one attempt. Finished jobs are for people to look at (runs are
 * remembered in Postgres): bounded by number, since ages are looked at only when another job of that kind finishes.
 */
export const JOB_OPTIONS = {
  attempts: 1,
  removeOnComplete: { count: 1000, age: DAY_S },
  removeOnFail: { count: 1000, age: 7 * DAY_S },
} as const;

export function schedulerId(mailbox: string): string {
  return `${ID_PREFIX}${mailbox}`;
}

/** The mailbox of one of our schedulers, or null for somebody else's. */
export function scheduledMailbox(id: string): string | null {
  return id.startsWith(ID_PREFIX) ? id.slice(ID_PREFIX.length) : null;
}

/**
 * Milliseconds into each interval at which a mailbox runs, from 1 to `everyMs` - 1: stable, so that it survives a restart, and spread, so that a fleet
 * does not start in the same second. Never 0, which BullMQ reads as "no offset: start now and stay there".
 */
export function stagger(mailbox: string, everyMs: number): number {
  const hash = createHash('sha256').update(mailbox).digest().readUIntBE(0, 6);
  return 1 + (hash % Math.max(1, everyMs - 1));
}

/** How a mailbox should be scheduled. Throws CONFIG_INVALID; BullMQ itself accepts `every: -5`. */
export function repeatOf(mailbox: MailboxConfig): Pick<RepeatOptions, 'every' | 'offset' | 'pattern' | 'tz'> {
  const { name, everyMs, cron, tz } = mailbox;
  if (everyMs !== null && cron === null && Number.isSafeInteger(everyMs) && everyMs > 0) {
    return { every: everyMs, offset: stagger(name, everyMs) };
  }
  if (cron !== null && everyMs === null) return tz === null ? { pattern: cron } : { pattern: cron, tz };
  throw new MaildrainError('CONFIG_INVALID', 'a mailbox needs either a positive `every` or a `cron`', {
    mailbox: name,
  });
}

export interface Changes {
  readonly added: string[];
  readonly changed: string[];
  readonly removed: string[];
}

/**
 * Makes the queue's schedulers match the mailboxes. One mailbox that cannot be scheduled is logged and does not stop the others. Throws when the
 * queue cannot be read.
 */
export async function reconcileSchedules(
  queue: DrainQueue,
  mailboxes: readonly MailboxConfig[],
  log: Log,
): Promise<Changes> {
  const present = new Map<string, JobSchedulerJson<JobData>>();
  for (const scheduler of await queue.getJobSchedulers()) present.set(scheduler.key, scheduler);

  const changes: Changes = { added: [], changed: [], removed: [] };
  const wanted = new Set<string>();
  await inBatches(mailboxes, async (mailbox) => {
    const id = schedulerId(mailbox.name);
    wanted.add(id);
    try {
      const change = await settle(queue, mailbox, present.get(id));
      if (change !== null) changes[change].push(mailbox.name);
    } catch (error) {
      log.error({ mailbox: mailbox.name, error }, 'mailbox could not be scheduled');
    }
  });
  await inBatches([...present.keys()], async (id) => {
    const name = scheduledMailbox(id);
    if (name === null || wanted.has(id)) return;
    if (await queue.removeJobScheduler(id)) changes.removed.push(name);
  });
  return changes;
}

async function settle(
  queue: DrainQueue,
  mailbox: MailboxConfig,
  present: JobSchedulerJson<JobData> | undefined,
): Promise<'added' | 'changed' | null> {
  const repeat = repeatOf(mailbox);
  if (present !== undefined) {
    const same = sameRepeat(present, repeat) && present.template?.data?.mailbox === mailbox.name;
    if (same && !(await isQuiet(queue, present))) return null;
    // Removed first, with its waiting job: upserting a cron over a finished job of the same slot fails, and an offset would outlive its `every`.
    await queue.removeJobScheduler(present.key);
  }
  await queue.upsertJobScheduler(schedulerId(mailbox.name), repeat, {
    name: DRAIN_JOB,
    data: { mailbox: mailbox.name },
    opts: JOB_OPTIONS,
  });
  return present === undefined ? 'added' : 'changed';
}

function sameRepeat(present: JobSchedulerJson, wanted: ReturnType<typeof repeatOf>): boolean {
  if (wanted.every !== undefined) {
    return (
      present.every === wanted.every && present.offset === wanted.offset && (present.pattern ?? undefined) === undefined
    );
  }
  return present.pattern === wanted.pattern && (present.tz ?? undefined) === wanted.tz && !present.every;
}

/** True when a scheduler's next run is long overdue and no job stands for it. */
async function isQuiet(queue: DrainQueue, present: JobSchedulerJson): Promise<boolean> {
  const { key, next } = present;
  if (next === undefined || next === null) return true;
  if (next > Date.now() - QUIET_MS) return false;
  const job = await queue.getJob(`repeat:${key}:${next}`);
  const state = job === undefined ? 'missing' : await job.getState();
  if (state !== 'missing' && state !== 'completed' && state !== 'failed' && state !== 'unknown') return false;
  // The job may have run between the two reads; then the scheduler has moved on.
  return (await queue.getJobScheduler(key))?.next === next;
}

/** When each scheduled mailbox runs next. A time in the past means that the run is waiting for a free worker. */
export async function nextRuns(queue: DrainQueue): Promise<Map<string, Date>> {
  const runs = new Map<string, Date>();
  for (const { key, next } of await queue.getJobSchedulers()) {
    const name = scheduledMailbox(key);
    if (name !== null && typeof next === 'number') runs.set(name, new Date(next));
  }
  return runs;
}

/**
 * "Drain now". Asked for many times while it waits, it runs once; asked for while it runs, it runs once more. Returns the id of the job that will do it.
 */
export async function enqueueDrain(queue: DrainQueue, mailbox: string): Promise<string> {
  const job = await queue.add(
    DRAIN_JOB,
    { mailbox },
    { ...JOB_OPTIONS, deduplication: { id: mailbox, keepLastIfActive: true } },
  );
  return job.id ?? '';
}

export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    await Promise.all(items.slice(start, start + AT_ONCE).map(work));
  }
}
