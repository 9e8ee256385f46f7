// The one drain of a mailbox: locks, one connection to the end, passes until nothing new is listed, and what is written down afterwards.
// What happens to messages is in pass.ts; what follows from a failure is decided in decide.ts.

import { loginOf } from '../config.ts';
import { codesLike, decide, type FailureHistory } from '../decide.ts';
import { MaildrainError } from '../errors.ts';
import type { Log } from '../log.ts';
import type {
  DrainProgress,
  DrainReport,
  Listing,
  MailboxConfig,
  Outcome,
  Session,
  SessionFacts,
  Uid,
} from '../model.ts';
import { resolveSecret } from '../secrets.ts';
import { openImap } from '../source/imap-session.ts';
import { wantsStored } from '../store/events.ts';
import { countPending, forgetOldHolds, openRows, probeRows, retireUidValidity } from '../store/ledger.ts';
import { lockLoginForDrain, takeHostSlot } from '../store/lock.ts';
import {
  ensureMailbox,
  type MailboxRow,
  recordFailure,
  recordSuccess,
  setInFlight,
  setUidValidity,
  writesRestUntil,
} from '../store/mailboxes.ts';
import { ensurePartitions } from '../store/migrate.ts';
import { type Database, type Pen, type Sql, toDatabaseError } from '../store/pool.ts';
import type { Pipeline } from '../store/reports.ts';
import { failedRuns, recordRun } from '../store/runs.ts';
import { noticeAbsence } from './absence.ts';
import { Fuse } from './fuse.ts';
import { runPass } from './pass.ts';
import { markOf } from './policy.ts';
import { Refusals } from './refusals.ts';
import { OpenRows } from './settle.ts';
import { Tally } from './tally.ts';
import type { Work } from './work.ts';

/** Mail that keeps arriving, or a folder that shows only a part of itself, is taken in rounds; this bounds one drain. */
const MAX_ROUNDS = 1000;
/** Kept messages, and held ones, whose INTERNALDATE is compared to notice UIDs that were given out again. */
const PROBES = 5;
/** How long to wait for the end of an admin job's turn: it yields to a waiting drain after the slice in hand, which takes seconds. */
const TURN_PATIENCE_MS = 25_000;

export interface DrainContext {
  readonly database: Database;
  readonly connectionsPerHost: number;
  /** What is done with what stored mail reports. */
  readonly bounces: Pick<Pipeline, 'policy' | 'correlate'>;
  readonly log: Log;
  readonly onProgress?: ((progress: DrainProgress) => void) | undefined;
}

/**
 * Drains one mailbox once. Never throws: what went wrong is in the report.
 *
 * @param signal asks to stop after the batch in hand
 */
export async function drain(context: DrainContext, mailbox: MailboxConfig, signal: AbortSignal): Promise<DrainReport> {
  const tally = new Tally();
  let pen: Pen;
  try {
    pen = await context.database.take();
  } catch (error) {
    return tally.report(mailbox.name, 'failed', null, toDatabaseError(error));
  }
  try {
    return await withPen(context, mailbox, signal, tally, pen);
  } catch (error) {
    const failure = toDatabaseError(error);
    context.log.error({ mailbox: mailbox.name, code: failure.code, error: failure }, 'drain failed');
    return tally.report(mailbox.name, 'failed', null, failure);
  } finally {
    await pen.release();
  }
}

async function withPen(
  context: DrainContext,
  mailbox: MailboxConfig,
  signal: AbortSignal,
  tally: Tally,
  pen: Pen,
): Promise<DrainReport> {
  const sql = pen.client;
  const login = loginOf(mailbox);
  await ensurePartitions(sql, new Date());
  const key = { name: mailbox.name, login, folder: mailbox.folder };
  await ensureMailbox(sql, key);
  if (!(await lockLoginForDrain(sql, login, TURN_PATIENCE_MS))) return tally.report(mailbox.name, 'busy', null, null);
  // Read under the lock: the drain before us may have stopped it.
  const row = await ensureMailbox(sql, key);
  const early = notNow(mailbox, row, tally);
  if (early !== null) return early;
  const slot = Math.floor(Math.random() * context.connectionsPerHost);
  if (!(await takeHostSlot(sql, mailbox.imap.host, context.connectionsPerHost, slot))) {
    tally.note(`all ${context.connectionsPerHost} connections to ${mailbox.imap.host} are in use (connectionsPerHost)`);
    return tally.report(mailbox.name, 'waiting', null, null);
  }
  return run(context, mailbox, signal, tally, pen, row);
}

/** A mailbox that is stopped, or whose pause is not over, is left alone. */
function notNow(mailbox: MailboxConfig, row: MailboxRow, tally: Tally): DrainReport | null {
  if (row.stoppedAt !== null) {
    tally.note(
      `stopped since ${row.stoppedAt.toISOString()} (${row.stoppedCode}): "maildrain resume ${mailbox.name}" starts it again`,
    );
    return tally.report(mailbox.name, 'stopped', null, null);
  }
  if (row.notBefore !== null && row.notBefore > new Date()) {
    tally.note(`waits after ${row.lastErrorCode}: "maildrain resume ${mailbox.name}" tries at once`);
    return tally.report(mailbox.name, 'waiting', row.notBefore, null);
  }
  return null;
}

async function run(
  context: DrainContext,
  mailbox: MailboxConfig,
  signal: AbortSignal,
  tally: Tally,
  pen: Pen,
  row: MailboxRow,
): Promise<DrainReport> {
  const sql = pen.client;
  const startedAt = new Date();
  const log = context.log.child({ mailbox: mailbox.name });
  let outcome: Outcome = 'failed';
  let failure: MaildrainError | null = null;
  let retryAt: Date | null = null;
  try {
    outcome = await connected(context, mailbox, signal, tally, pen, row);
    await recordSuccess(sql, row.id);
  } catch (error) {
    // When Postgres is gone the lock is gone: that, not the cut line that followed, is what happened. A statement outside a transaction throws what
    // Postgres said, sooner than the pen knows that its connection is gone.
    failure = toDatabaseError(pen.lost.aborted ? pen.lost.reason : error);
    const history = await historyOf(context, row, failure);
    const verdict = decide(failure, history, new Date(), Math.random());
    retryAt = verdict.notBefore;
    if (verdict.stop) outcome = 'stopped';
    if (failure.code === 'ABORTED') outcome = 'partial';
    else await writeFailure(context, row, failure, verdict);
  }
  tally.pending = await countPending(context.database.sql, row.id).catch(() => tally.pending);
  const report = tally.report(mailbox.name, outcome, retryAt, failure);
  const finished = {
    job: 'drain',
    mailboxId: row.id,
    startedAt,
    finishedAt: new Date(),
    report,
    errorCode: failure?.code ?? null,
  };
  if (isWorthARow(report)) await recordRun(context.database.sql, finished).catch(() => {});
  const { notes, error, mailbox: _, ...counts } = report;
  if (failure === null) log.info({ ...counts, notes }, 'drained');
  else
    log.warn(
      { ...counts, code: failure.code, error: failure },
      outcome === 'stopped' ? 'mailbox stopped' : 'drain failed',
    );
  return report;
}

/** A look at an empty mailbox every minute would fill the table with nothing; that it took place stands in the mailbox row. */
function isWorthARow(report: DrainReport): boolean {
  const { fetched, gone, held, missing, error, outcome } = report;
  return error !== null || outcome !== 'done' || fetched + gone + held + missing > 0;
}

/** Clocks of hosts that share the work may differ by so much. */
const CLOCK_SLACK_MS = 60_000;

/** What stands of failures in the mailbox row, and how many of them were of this kind. Never throws: where Postgres is gone nothing is decided by it. */
export async function historyOf(
  context: Pick<DrainContext, 'database'>,
  row: MailboxRow,
  failure: MaildrainError,
): Promise<FailureHistory> {
  const { failures, failingSince } = row;
  const none = { failures: 0, since: null };
  if (failingSince === null) return { failures, failingSince, alike: none };
  const since = new Date(failingSince.getTime() - CLOCK_SLACK_MS);
  const counted = failedRuns(context.database.sql, row.id, codesLike(failure.code), since);
  return { failures, failingSince, alike: await counted.catch(() => none) };
}

async function writeFailure(
  context: DrainContext,
  row: MailboxRow,
  failure: MaildrainError,
  verdict: { readonly stop: boolean; readonly notBefore: Date | null },
): Promise<void> {
  const facts = { name: row.name, code: failure.code, message: failure.message, ...verdict };
  // The pen may be broken; the pool has other connections. If Postgres is gone there is nothing to write to, and the schedule tries again.
  await recordFailure(context.database, row.id, facts).catch((error: unknown) => {
    context.log.warn({ mailbox: row.name, error }, 'failure not recorded');
  });
}

async function connected(
  context: DrainContext,
  mailbox: MailboxConfig,
  signal: AbortSignal,
  tally: Tally,
  pen: Pen,
  row: MailboxRow,
): Promise<Outcome> {
  const password = await resolveSecret(mailbox.imap.password);
  if (signal.aborted) throw new MaildrainError('ABORTED', 'stopped before connecting');
  const session = await openImap(mailbox, { password, readOnly: mailbox.dispose.kind === 'keep', signal: pen.lost });
  const fuse = new Fuse(row.inFlight, session.facts.uidValidity);
  const refusals = new Refusals();
  try {
    await noticeRenumbering(pen.client, session, row, tally);
    await rounds(context, mailbox, signal, tally, pen.client, row, session, fuse, refusals);
    // At the end: what the server does not take away keeps nothing from being stored.
    tally.note(refusals.note(tally.disposed));
  } finally {
    fuse.calm();
    if (!pen.lost.aborted) await setInFlight(pen.client, row.id, fuse.state()).catch(() => {});
    await session.close();
  }
  tally.pending = await countPending(pen.client, row.id);
  const { disposal } = session.facts;
  if (tally.pending > 0 && 'why' in disposal) tally.note(disposal.why);
  const left = signal.aborted || tally.pending > 0 || tally.held > 0 || tally.missing > 0;
  return left ? 'partial' : 'done';
}

/**
 * UIDs that mean other messages than before although UIDVALIDITY is the same: UIDNEXT went back, or messages that stay have another INTERNALDATE.
 * Standards forbid it; mailboxes recreated within a second and restored backups do it.
 */
async function noticeRenumbering(sql: Sql, session: Session, row: MailboxRow, tally: Tally): Promise<void> {
  const { uidValidity } = session.facts;
  const uidNext = toldUidNext(session.facts);
  if (row.uidValidity !== uidValidity) return;
  let renumbered = row.uidNext !== null && uidNext !== null && uidNext < row.uidNext;
  if (!renumbered) {
    const probes = await probeRows(sql, row.id, uidValidity, PROBES);
    const seen = probes.length === 0 ? [] : await session.describe(probes.map((probe) => probe.uid));
    const dates = new Map<Uid, number | undefined>(seen.map((listed) => [listed.uid, listed.internalDate?.getTime()]));
    renumbered = probes.some((probe) => {
      const date = dates.get(probe.uid);
      return date !== undefined && probe.internalDate !== null && date !== probe.internalDate.getTime();
    });
  }
  if (!renumbered) return;
  await retireUidValidity(sql, row.id, uidValidity, new Date());
  tally.note('the server renumbered the mailbox without changing UIDVALIDITY; messages are recognised by their octets');
}

/** UIDNEXT, if it can be true: it is larger than every UID, and so than the number of messages. Null: the server does not say. */
function toldUidNext({ uidNext, exists }: SessionFacts): number | null {
  return uidNext !== null && uidNext > exists ? uidNext : null;
}

/**
 * Before anything is fetched: what noticeRenumbering() compares with must be known also after a crash.
 *
 * @returns the UIDNEXT that is now remembered
 */
async function rememberUids(
  work: Pick<Work, 'sql' | 'mailboxId' | 'session'>,
  listing: Listing,
  before: number,
): Promise<number> {
  const { sql, mailboxId, session } = work;
  const told = toldUidNext(session.facts);
  const last = Math.max(Number(listing.uids.at(-1) ?? 0), Number(listing.deleted.at(-1) ?? 0));
  // The server told it when the mailbox was opened; since then mail may have come.
  const next = Math.max(before, told ?? 0, last + 1);
  await setUidValidity(sql, mailboxId, session.facts.uidValidity, told === null ? null : next);
  return next;
}

async function rounds(
  context: DrainContext,
  mailbox: MailboxConfig,
  signal: AbortSignal,
  tally: Tally,
  sql: Sql,
  row: MailboxRow,
  session: Session,
  fuse: Fuse,
  refusals: Refusals,
): Promise<void> {
  const login = loginOf(mailbox);
  const here = { mailboxId: row.id, uidValidity: session.facts.uidValidity };
  const pipeline = { ...context.bounces, mailbox: mailbox.name, tellStored: await wantsStored(sql) };
  let done = 0;
  let total = 0;
  let uidNext = 0;
  let resting = (await writesRestUntil(sql, login, new Date())) !== null;
  if (resting)
    tally.note('writes on this account rest after [THROTTLED]: mail is stored and stays on the server for now');
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = tally.disposed;
    // Each round sees the same ones again.
    tally.skipped = 0;
    const listing = await session.list();
    if (round === 0) tally.listed = listing.uids.length + listing.deleted.length;
    fuse.forgetAllBut(new Set(listing.uids.concat(listing.deleted)));
    uidNext = await rememberUids({ sql, mailboxId: row.id, session }, listing, uidNext);
    const open = new OpenRows(await openRows(sql, login, row.id, session.facts.uidValidity), here);
    const fetchedBefore = tally.fetched;
    const work: Work = {
      sql,
      pool: context.database.sql,
      session,
      mailbox,
      mailboxId: row.id,
      login,
      open,
      fuse,
      refusals,
      tally,
      pipeline,
      signal,
      resting,
      onProgress(finished, more) {
        done += finished;
        total += more;
        context.onProgress?.({ done, total, bytes: tally.bytes });
      },
    };
    const result = await runPass(work, listing);
    resting = work.resting;
    if (round > 0) tally.listed += tally.fetched - fetchedBefore;
    if (signal.aborted) return;
    if (listing.complete) await noticeAbsence(work, listing, result);
    if (round === 0) await forgetOldHolds(sql, row.id, session.facts.uidValidity);
    // Another look only pays when messages went away and made room, or time passed, for others.
    const removing = markOf(mailbox.dispose) === null;
    if (!removing || tally.disposed === before) return;
  }
}
