// A plan and its job, run turn by turn as the engine does: the cursor goes through JSON after each step, and what a turn did not yield is
// forgotten. What came of it is looked at past maildrain by the tests.

import { jobOf } from '../../src/admin/jobs.ts';
import type { LookContext } from '../../src/admin/look.ts';
import type { PlanSource } from '../../src/admin/plan.ts';
import { planSourceOf } from '../../src/admin/plan-source.ts';
import { loginOf } from '../../src/config.ts';
import { asMaildrainError, type MaildrainError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import type { MailboxConfig, Uid } from '../../src/model.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { resolveSecret } from '../../src/secrets.ts';
import { type AdminSession, openAdmin } from '../../src/source/admin-session.ts';
import { ensurePartitions } from '../../src/store/migrate.ts';
import { createPlan, type Plan } from '../../src/store/plans.ts';
import type { Database, Pen } from '../../src/store/pool.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

export interface PlanWish {
  readonly folder: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Which of the folder's messages; default all, those flagged \Deleted as well. */
  readonly pick?: (uid: Uid, index: number) => boolean;
}

/** Where the plan of a job looks. */
export function sourceFor(
  { look }: { readonly look: LookContext },
  job: AdminJobKind,
  args: Readonly<Record<string, unknown>>,
): PlanSource {
  return planSourceOf(look, job, args, new AbortController().signal);
}

/** Looks into a folder and writes a plan down, with a search of the tests' own. */
export async function planFor(
  database: Database,
  mailbox: MailboxConfig,
  job: AdminJobKind,
  { folder, args = {}, pick = () => true }: PlanWish,
): Promise<Plan> {
  const admin = await openFor(mailbox, folder);
  try {
    const { session } = admin;
    const { uids, deleted } = await session.list();
    const chosen = [...uids, ...deleted].sort((a, b) => Number(a) - Number(b)).filter(pick);
    const sampled = await session.describe(chosen.slice(0, 10));
    return await createPlan(
      database,
      {
        job,
        mailbox: mailbox.name,
        login: loginOf(mailbox),
        folder: session.facts.path,
        uidValidity: session.facts.uidValidity,
        criteria: { all: true },
        args,
        messages: chosen.length,
        bytes: 0,
        oldest: null,
        newest: null,
        sample: sampled.map(({ uid, size, internalDate }) => ({
          uid,
          size,
          date: internalDate,
          from: null,
          subject: null,
        })),
        createdBy: 'test',
      },
      chosen,
    );
  } finally {
    await admin.close();
  }
}

export async function openFor(mailbox: MailboxConfig, folder: string): Promise<AdminSession> {
  return openAdmin(
    { ...mailbox, dispose: { kind: 'keep' } },
    {
      password: await resolveSecret(mailbox.imap.password),
      folder,
      readOnly: true,
      signal: new AbortController().signal,
    },
  );
}

/** A job as its row has it. */
export class JobRun {
  readonly plan: Plan;
  readonly counts: Record<string, number> = {};
  readonly notes = new Set<string>();
  done = 0;
  cursor: unknown = null;
  steps = 0;
  /** The pause before a slice that was cut is repeated. */
  settleMs = 0;
  /** Gmail's Trash lags for 200 ms at most in tests, or for ever: half a second of looks is enough. */
  readonly hurry = 10;
  readonly #database: Database;
  readonly #mailbox: MailboxConfig;

  constructor(database: Database, mailbox: MailboxConfig, plan: Plan) {
    this.#database = database;
    this.#mailbox = mailbox;
    this.plan = plan;
  }

  /**
   * One turn. Null: it ended by itself; else the error that ended it.
   *
   * @param onStep may end the turn: `abort` after the step is written down, `kill` before it could be
   * @param ending asks to end, as the engine does when the turn has lasted long enough
   */
  async turn(
    onStep: () => 'abort' | 'kill' | undefined = () => undefined,
    ending: AbortSignal = new AbortController().signal,
  ): Promise<MaildrainError | null> {
    const job = jobOf(this.plan.job);
    let pen: Pen | null = null;
    try {
      pen = await this.#database.take();
      await ensurePartitions(pen.client, new Date());
      const steps = job.work({
        request: {
          id: '1',
          kind: this.plan.job,
          criteria: null,
          args: this.plan.args,
          planId: this.plan.id,
          cursor: JSON.parse(JSON.stringify(this.cursor)),
        },
        mailbox: this.#mailbox,
        mailboxes: [this.#mailbox],
        pen,
        context: { database: this.#database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
        signal: AbortSignal.any([ending, pen.lost]),
        worked: () => {},
        save: async () => {},
        settleMs: this.settleMs,
        hurry: this.hurry,
      });
      for await (const step of steps) {
        const end = onStep();
        if (end === 'kill') break;
        this.cursor = step.cursor;
        this.done += step.done;
        this.steps++;
        for (const [name, count] of Object.entries(step.counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
        for (const note of step.notes ?? []) this.notes.add(note);
        if (end === 'abort') break;
      }
      return null;
    } catch (error) {
      return asMaildrainError(error);
    } finally {
      await pen?.release().catch(() => {});
    }
  }

  /** Turns until the plan is done. */
  async toTheEnd(maxTurns = 50): Promise<this> {
    for (let n = 0; n < maxTurns; n++) {
      const error = await this.turn();
      if (error !== null) throw error;
      if (this.done >= this.plan.messages) return this;
    }
    throw new Error(`not done after ${maxTurns} turns: ${this.done} of ${this.plan.messages}`);
  }
}

export async function planned(
  database: Database,
  mailbox: MailboxConfig,
  job: AdminJobKind,
  wish: PlanWish,
): Promise<JobRun> {
  return new JobRun(database, mailbox, await planFor(database, mailbox, job, wish));
}
