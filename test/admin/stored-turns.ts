// A job over stored mail, run turn by turn as the engine does: the cursor goes through JSON after each step, and what a turn did not yield is
// forgotten, but for what the job has written into its row by itself.

import type { AdminJob } from '../../src/admin/job.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { loginOf } from '../../src/config.ts';
import type { DrainContext } from '../../src/drain/drain.ts';
import type { MaildrainError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import type { MailboxConfig } from '../../src/model.ts';
import type { AdminJobKind, Criteria } from '../../src/model-admin.ts';
import { enqueueJob, findJob, saveStep, withStep } from '../../src/store/admin-jobs.ts';
import { lockLogin } from '../../src/store/lock.ts';
import { type Database, toDatabaseError } from '../../src/store/pool.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

export interface StoredWish {
  readonly criteria?: Criteria | null;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly bounces?: DrainContext['bounces'];
  /** All that are configured; default the job's own. */
  readonly mailboxes?: readonly MailboxConfig[];
  /** In place of the registered one. */
  readonly job?: AdminJob;
}

export class StoredRun {
  counts: Record<string, number> = {};
  readonly notes = new Set<string>();
  done = 0;
  cursor: unknown = null;
  /** The pause before what was cut is looked for. */
  settleMs = 0;
  readonly id: string;
  readonly #database: Database;
  readonly #mailbox: MailboxConfig | null;
  readonly #kind: AdminJobKind;
  readonly #wish: StoredWish;

  constructor(database: Database, mailbox: MailboxConfig | null, kind: AdminJobKind, id: string, wish: StoredWish) {
    this.#database = database;
    this.#mailbox = mailbox;
    this.#kind = kind;
    this.#wish = wish;
    this.id = id;
  }

  /**
   * One turn. `ended`: the job has nothing left to do; else the error that ended the turn, or null when the signal did.
   *
   * @param onStep before the step is written down; what it throws is a crash, and the step is lost
   */
  async turn(onStep: (abort: () => void) => void = () => {}): Promise<'ended' | MaildrainError | null> {
    const over = new AbortController();
    let saves = false;
    const pen = await this.#database.take();
    try {
      if (this.#mailbox !== null && !(await lockLogin(pen.client, loginOf(this.#mailbox)))) throw new Error('locked');
      const {
        criteria = { all: true },
        args = {},
        bounces = NO_BOUNCES,
        job = jobOf(this.#kind),
        mailboxes,
      } = this.#wish;
      const cursor: unknown = JSON.parse(JSON.stringify(this.cursor));
      const steps = job.work({
        request: { id: this.id, kind: this.#kind, criteria, args, planId: null, cursor },
        mailbox: this.#mailbox,
        mailboxes: mailboxes ?? (this.#mailbox === null ? [] : [this.#mailbox]),
        pen,
        context: { database: this.#database, connectionsPerHost: 8, bounces, log: quiet },
        signal: AbortSignal.any([over.signal, pen.lost]),
        worked: () => {},
        settleMs: this.settleMs,
        save: async (step) => {
          saves = true;
          const standing = { done: this.done, counts: this.counts, notes: [...this.notes] };
          await saveStep(pen.client, this.id, step.cursor, withStep(standing, step));
        },
      });
      for await (const step of steps) {
        onStep(() => over.abort());
        this.cursor = step.cursor;
        this.done += step.done;
        for (const [name, count] of Object.entries(step.counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
        for (const note of step.notes ?? []) this.notes.add(note);
        if (over.signal.aborted) return null;
      }
      return over.signal.aborted ? null : 'ended';
    } catch (error) {
      return toDatabaseError(error);
    } finally {
      await pen.release().catch(() => {});
      if (saves) await this.#readRow();
    }
  }

  async #readRow(): Promise<void> {
    const row = await findJob(this.#database.sql, this.id);
    if (row === null) throw new Error(`no job ${this.id}`);
    this.cursor = row.cursor;
    this.done = row.done;
    this.counts = { ...row.counts };
  }

  /** What retrying a job that is partly done does to its row. */
  beginAnew(): void {
    this.cursor = null;
    this.done = 0;
    this.counts = {};
  }

  async toTheEnd(maxTurns = 200): Promise<this> {
    for (let n = 0; n < maxTurns; n++) {
      const end = await this.turn();
      if (end === 'ended') return this;
      if (end !== null) throw end;
    }
    throw new Error(`not done after ${maxTurns} turns`);
  }
}

export async function storedRun(
  database: Database,
  mailbox: MailboxConfig | null,
  kind: AdminJobKind,
  wish: StoredWish = {},
): Promise<StoredRun> {
  const { criteria = { all: true }, args = {} } = wish;
  const id = await enqueueJob(database.sql, {
    kind,
    mailbox: mailbox?.name ?? null,
    login: mailbox === null ? null : loginOf(mailbox),
    planId: null,
    criteria,
    args,
    total: null,
    requestedBy: 'test',
  });
  return new StoredRun(database, mailbox, kind, id, wish);
}
