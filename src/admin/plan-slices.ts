// Working off a plan on a mail server: opens its folder, makes sure that its UIDs still mean what they meant, and takes slice after slice. What is
// done with a slice is in the files of the jobs; here is what makes it repeatable. Before the first effect of a slice it is written down how
// many of its messages are there: one that is cut and begun again counts them as often as they were, once.

import { setTimeout as sleep } from 'node:timers/promises';
import { loginOf } from '../config.ts';
import { beginRest, resting } from '../drain/gmail-rest.ts';
import { asMaildrainError, MaildrainError } from '../errors.ts';
import type { MailboxConfig, Target, Uid } from '../model.ts';
import type { Step } from '../model-admin.ts';
import { resolveSecret } from '../secrets.ts';
import { type AdminSession, openAdmin } from '../source/admin-session.ts';
import type { Mark } from '../source/repeat.ts';
import { ensureMailbox, writesRestUntil } from '../store/mailboxes.ts';
import { findPlan, type Plan, planSlice, SLICE_UIDS } from '../store/plans.ts';
import { type Begun, type LedgerPlace, lastMessageId, type PlanCursor } from '../store/slice-in-hand.ts';
import type { Turn } from './job.ts';
import { openingOf } from './opening.ts';
import { firstPace, nextPace } from './pace.ts';
import { arePlanned, stillFits } from './plan-fits.ts';

/**
 * Longest time that a server is given to come to the end of a command whose line was lost, from the beginning of its slice. Nothing in IMAP says that the
 * session has ended, and the same command meanwhile doubles messages. A slice is made to last four seconds (pace.ts).
 */
export const SETTLE_MS = 15_000;

/** A slice in hand. */
export interface Slice {
  /** All that the plan says. */
  readonly uids: readonly Uid[];
  /** Those that are there now. */
  readonly there: readonly Uid[];
  /** How many were there when it was begun the first time. */
  readonly were: number;
  /** When that was. */
  readonly begunAt: Date;
  /** Messages with a higher id were stored since; null: not written down. */
  readonly lastId: string | null;
  /** Those that were there when it was begun, as far as their ids are known; else those that are there now. */
  readonly targets: readonly Target[];
  readonly mark: Mark;
}

/** What came of a slice. */
export interface SliceOutcome {
  /** Messages that are still there although they should not be, or not as they should be. */
  readonly left: number;
  /** Of those that were there when it was begun: taken away by somebody else before they were dealt with. */
  readonly vanished?: number;
  /** Gone from the folder, and not seen where they should be. */
  readonly missing?: number;
  /** Further counts. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly notes?: readonly (string | null)[];
  /** Gmail's write quarantine began: the slice is taken up again when it is over. */
  readonly throttled?: boolean;
  /** The turn was over before all of it was done: it goes on with the next turn. */
  readonly unfinished?: boolean;
}

/** One kind of work on the messages of a plan. */
export interface PlanWork {
  /** With the `dispose` that the work needs. */
  readonly mailbox: MailboxConfig;
  /** What a message that is done counts as. */
  readonly counted: string;
  /** Once for each turn, the folder being open. */
  readonly prepare?: (admin: AdminSession, plan: Plan) => Promise<void>;
  /** Whether messages must be found again elsewhere by X-GM-MSGID after a cut. */
  readonly needsIds: (admin: AdminSession) => boolean;
  /** Absent: nothing says what becomes of a message before its slice is done. */
  readonly ledger?: () => LedgerPlace;
  /** The folder that messages go to; null: none. */
  readonly target: () => string | null;
  readonly act: (admin: AdminSession, slice: Slice) => Promise<SliceOutcome>;
  /** A slice that is repeated while the server still carries it out would double messages. */
  readonly doubles?: boolean;
  /** It can leave a slice in the middle when the signal asks: then its slices need not be short. */
  readonly endsWithin?: boolean;
  /** Whatever happens, before the connection is closed. */
  readonly finish?: () => Promise<void>;
}

/** The mailbox of a turn, which the engine sees to. */
export function mailboxOf({ mailbox, request }: Turn): MailboxConfig {
  if (mailbox === null) throw new MaildrainError('BUG', `the job ${request.kind} was run without a mailbox`);
  return mailbox;
}

export async function* overPlan(turn: Turn, work: PlanWork): AsyncGenerator<Step, void> {
  const { pen, signal, request } = turn;
  const sql = pen.client;
  const login = loginOf(work.mailbox);
  const plan = request.planId === null ? null : await findPlan(sql, request.planId);
  if (plan === null) throw new MaildrainError('PLAN_OUTDATED', 'the plan of this job is no longer there');
  if (plan.login !== login)
    throw new MaildrainError('PLAN_OUTDATED', 'the plan was made for another account than the mailbox has now');
  let { seq, at, begun, ...cursor } = readCursor(request.cursor);
  let pace = work.endsWithin === true ? SLICE_UIDS : (cursor.pace ?? firstPace(plan));
  if ((await planSlice(sql, plan.id, seq)) === null) return;
  const rest = await writesRestUntil(sql, login, new Date());
  if (rest !== null) throw resting(rest.getTime() - Date.now());
  if (begun !== null && work.doubles === true) await settled(begun, turn);
  if (signal.aborted) return;
  const password = await resolveSecret(work.mailbox.imap.password);
  const opening = openingOf(turn);
  const open = { password, folder: plan.folder, readOnly: false, signal: opening.signal };
  const admin = await openAdmin(work.mailbox, open);
  try {
    const fits = await stillFits(admin, plan);
    await work.prepare?.(admin, plan);
    opening.over();
    const place = work.ledger === undefined ? {} : { ledger: work.ledger() };
    while (!signal.aborted) {
      const next = await planSlice(sql, plan.id, seq);
      if (next === null) return;
      const uids = next.uids.slice(at, at + pace);
      const present = await admin.session.present(uids);
      const there = uids.filter((uid) => present.has(uid));
      if (!fits) await arePlanned(admin, plan, there);
      const repeated = begun !== null;
      if (begun === null) {
        begun = await beginning(admin, work, there);
        if (work.ledger !== undefined) begun = { ...begun, lastId: await lastMessageId(sql) };
        // Written down before anything happens.
        yield { done: 0, counts: {}, cursor: { seq, at, pace, begun, ...place } };
        if (signal.aborted) return;
      }
      const started = Date.now();
      const acted = work.act(admin, {
        uids,
        there,
        were: begun.there,
        begunAt: new Date(begun.at),
        lastId: begun.lastId ?? null,
        targets: targetsOf(begun, there, uids),
        mark: { targetNext: begun.targetNext ?? null, repeated, were: begun.there },
      });
      const outcome = await (work.doubles === true ? notBeforeSettled(acted, turn) : acted);
      if (outcome.throttled === true) {
        // The rest is kept in the rows of the login; a mailbox that was never drained has none yet.
        await ensureMailbox(sql, { name: work.mailbox.name, login, folder: work.mailbox.folder });
        throw await beginRest(sql, login);
      }
      if (outcome.unfinished === true) return;
      at += uids.length;
      if (at >= next.uids.length) {
        seq = next.seq;
        at = 0;
      }
      if (work.endsWithin !== true) pace = nextPace(pace, Date.now() - started);
      const counts = countsOf(work, uids.length, begun.there, outcome);
      begun = null;
      const notes = (outcome.notes ?? []).flatMap((note) => note ?? []);
      const last = at === 0 && (await planSlice(sql, plan.id, seq)) === null;
      const reached: PlanCursor = { seq, at, pace, begun, ...place };
      yield { done: uids.length, counts, cursor: reached, last, ...(notes.length === 0 ? {} : { notes }) };
    }
  } finally {
    opening.over();
    if (!pen.lost.aborted) await work.finish?.();
    await admin.close();
  }
}

/** Until the server has come to the end of what it was asked before, or the turn is over. */
async function settled({ at }: Begun, { signal, settleMs = SETTLE_MS }: Turn): Promise<void> {
  // The clock of the host that began may be ahead of ours.
  const ms = Math.min(settleMs, Date.parse(at) + settleMs - Date.now());
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

/** A slice that fails is not tried again sooner either, also when it was begun long ago and is cut once more. */
async function notBeforeSettled<T>(acted: Promise<T>, { settleMs = SETTLE_MS }: Turn): Promise<T> {
  return acted.catch((cause: unknown) => {
    const error = asMaildrainError(cause);
    const { code, message, mailbox, uid, response } = error;
    const retryAfterMs = Math.max(settleMs, error.retryAfterMs ?? 0);
    throw new MaildrainError(code, message, { mailbox, uid, response, retryAfterMs, cause });
  });
}

function readCursor(cursor: unknown): PlanCursor {
  return cursor === null || cursor === undefined
    ? { seq: null, at: 0, pace: null, begun: null }
    : (cursor as PlanCursor);
}

async function beginning(admin: AdminSession, work: PlanWork, there: readonly Uid[]): Promise<Begun> {
  const to = work.target();
  const begun: Begun = {
    there: there.length,
    at: new Date().toISOString(),
    ...(to === null ? {} : { targetNext: await admin.uidNext(to) }),
  };
  if (!work.needsIds(admin)) return begun;
  const described = await admin.session.describe(there);
  return {
    ...begun,
    emailIds: Object.fromEntries(described.flatMap(({ uid, emailId }) => (emailId === null ? [] : [[uid, emailId]]))),
  };
}

function targetsOf(begun: Begun, there: readonly Uid[], uids: readonly Uid[]): Target[] {
  const { emailIds } = begun;
  if (emailIds === undefined || Object.keys(emailIds).length < begun.there) {
    return there.map((uid) => ({ uid, emailId: emailIds?.[uid] ?? null }));
  }
  return uids.flatMap((uid) => (Object.hasOwn(emailIds, uid) ? [{ uid, emailId: emailIds[uid] ?? null }] : []));
}

function countsOf(work: PlanWork, planned: number, there: number, outcome: SliceOutcome): Record<string, number> {
  const { left, vanished = 0, missing = 0, counts = {} } = outcome;
  const done = there - left - vanished - missing;
  const all = { [work.counted]: done, gone: planned - there + vanished, left, missing, ...counts };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}
