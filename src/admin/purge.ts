// Takes the messages of a plan off the server. First they are stored as a drain stores them, and only what is committed is disposed, on the same
// connection; `store: false` disposes without storing. On Gmail they go to Trash, and with `forever` out of it.

import { loginOf } from '../config.ts';
import { disposeCommitted } from '../drain/dispose.ts';
import { Fuse } from '../drain/fuse.ts';
import { runPass } from '../drain/pass.ts';
import { Refusals } from '../drain/refusals.ts';
import { OpenRows } from '../drain/settle.ts';
import { Tally } from '../drain/tally.ts';
import type { Work } from '../drain/work.ts';
import { MaildrainError } from '../errors.ts';
import type { MailboxConfig, Uid } from '../model.ts';
import type { Step } from '../model-admin.ts';
import type { AdminSession } from '../source/admin-session.ts';
import { openedPath } from '../source/folders.ts';
import { wantsStored } from '../store/events.ts';
import { type LedgerRow, openRows, oweAgain, PURGE_ENDED, RESTORED, rowsFor, settleRows } from '../store/ledger.ts';
import { allMailboxes, ensureMailbox, type MailboxRow, setInFlight, writesRestUntil } from '../store/mailboxes.ts';
import type { Sql } from '../store/pool.ts';
import { withOctets } from '../store/renew.ts';
import type { LedgerPlace } from '../store/slice-in-hand.ts';
import type { AdminJob, Turn } from './job.ts';
import { mailboxOf, overPlan, type Slice, type SliceOutcome } from './plan-slices.ts';
import { discardSlice, findGone, maySettleLate, NOT_SEEN, takenByUs } from './purge-gone.ts';
import { purgeArgs, readArgs } from './server-args.ts';

export const purge: AdminJob = {
  kind: 'purge',
  needsMailbox: true,
  work(turn) {
    const { store, forever } = readArgs(purgeArgs, turn.request.args);
    const mailbox = purgedMailbox(mailboxOf(turn), forever);
    return store ? storing(turn, mailbox) : discarding(turn, mailbox);
  },
};

/** The mailbox as a purge sees it: all that is listed is taken, now. */
export function purgedMailbox(mailbox: MailboxConfig, forever: boolean): MailboxConfig {
  return { ...mailbox, dispose: { kind: 'delete', forever }, afterMs: 0, unmatched: 'dispose' };
}

/** A purge that could only flag its messages would leave them half deleted. @throws MaildrainError UNSAFE_EXPUNGE */
export function requirePurge({ session }: AdminSession): void {
  const { disposal } = session.facts;
  if (disposal.means !== 'flag-only' && disposal.means !== 'none') return;
  throw new MaildrainError(
    'UNSAFE_EXPUNGE',
    'the server has neither UIDPLUS nor a Trash to move to, and a plain EXPUNGE would also remove what other clients have flagged. Set expunge: exclusive if nobody else uses the mailbox',
  );
}

function discarding(turn: Turn, mailbox: MailboxConfig): AsyncGenerator<Step, void> {
  return overPlan(turn, {
    mailbox,
    counted: 'disposed',
    prepare: async (admin) => requirePurge(admin),
    // Gmail: what is gone from here is looked for in Trash.
    needsIds: (admin) => admin.session.facts.disposal.means === 'move' && admin.session.facts.gmail,
    target: () => null,
    act: (admin, slice) => discardSlice(admin, slice, turn),
  });
}

function storing(turn: Turn, mailbox: MailboxConfig): AsyncGenerator<Step, void> {
  const stores = new PurgeStore(turn, mailbox);
  return overPlan(turn, {
    mailbox,
    counted: 'disposed',
    prepare: async (admin) => {
      requirePurge(admin);
      await stores.open(admin);
    },
    endsWithin: true,
    // The ledger has them.
    needsIds: () => false,
    ledger: () => stores.ledger(),
    target: () => null,
    act: (admin, slice) => stores.act(admin, slice),
    finish: () => stores.close(),
  });
}

/** What a drain knows while it runs, for the messages of a plan. */
class PurgeStore {
  readonly #turn: Turn;
  readonly #mailbox: MailboxConfig;
  readonly #login: string;
  #row: MailboxRow | null = null;
  #drained = false;
  #fuse: Fuse | null = null;
  #open: OpenRows | null = null;

  constructor(turn: Turn, mailbox: MailboxConfig) {
    this.#turn = turn;
    this.#mailbox = mailbox;
    this.#login = loginOf(mailbox);
  }

  async open(admin: AdminSession): Promise<void> {
    this.#row = await this.#rowOf(admin);
    this.#fuse = new Fuse(this.#row.inFlight, admin.session.facts.uidValidity);
  }

  ledger(): LedgerPlace {
    return { mailboxId: this.#opened().row.id, drained: this.#drained };
  }

  /**
   * The row of a mailbox that drains the plan's folder, or did: it knows what is stored of it, and its drain knows these messages again. Its own first, then
   * that of a configured one, then the one that was drained last. Where none has been drained: a row that only purges of the folder have.
   */
  async #rowOf({ session, folders }: AdminSession): Promise<MailboxRow> {
    const sql = this.#turn.pen.client;
    const { path } = session.facts;
    const { name, folder } = this.#mailbox;
    const isHere = (other: { readonly folder: string }): boolean => openedPath(folders, other.folder) === path;
    const configured = [this.#mailbox, ...this.#turn.mailboxes].filter(
      (mailbox) => loginOf(mailbox) === this.#login && isHere(mailbox),
    );
    this.#drained = configured.length > 0;
    // Smaller is nearer.
    const rank = (row: MailboxRow): number => {
      const at = configured.findIndex((mailbox) => mailbox.name === row.name && mailbox.folder === row.folder);
      return at < 0 ? configured.length : at;
    };
    const [known] = (await allMailboxes(sql))
      .filter((row) => row.login === this.#login && row.lastRunAt !== null && isHere(row))
      .sort((a, b) => rank(a) - rank(b) || Number(b.lastRunAt) - Number(a.lastRunAt));
    return known ?? ensureMailbox(sql, { name, login: this.#login, folder: isHere(this.#mailbox) ? folder : path });
  }

  async act(admin: AdminSession, slice: Slice): Promise<SliceOutcome> {
    if (slice.mark.repeated && !(await this.#settleOwed(admin, slice, new Set(slice.there)))) return UNFINISHED;
    const work = await this.#workOf(admin);
    const { tally } = work;
    const sql = this.#turn.pen.client;
    if (slice.there.length > 0 && !work.resting) {
      await runPass(work, { uids: slice.there, deleted: [], complete: false });
      tally.note(work.refusals.note(tally.disposed));
    }
    const throttled = work.resting;
    const still = await admin.session.present(slice.there);
    if (!throttled && this.#turn.signal.aborted && still.size > 0) return UNFINISHED;
    if (!throttled && maySettleLate(admin) && !(await this.#settleOwed(admin, slice, still))) return UNFINISHED;
    const rows = await rowsFor(sql, work.mailboxId, admin.session.facts.uidValidity, slice.uids);
    const left = new Set<Uid>(still);
    const stored = await rowsWithOctets(sql, rows);
    const unseen = owedOf(rows, stored).filter(({ uid }) => !still.has(uid));
    for (const { uid } of unseen) left.add(uid);
    const fresh = stored.filter((row) => isFresh(row, slice)).length;
    // Of a slice that was cut it is not known any more which of them were there: no more than were.
    const here = new Set(slice.mark.repeated ? slice.uids : slice.there);
    const before = stored.filter((row) => !isFresh(row, slice) && here.has(row.uid)).length;
    const held = new Set(rows.flatMap(({ uid, state }) => (state === 'held' && still.has(uid) ? [uid] : [])));
    return {
      left: left.size,
      vanished: vanishedOf(slice, left, rows),
      counts: {
        stored: fresh,
        alreadyStored: Math.max(0, Math.min(before, slice.were - fresh)),
        held: held.size,
      },
      notes: [
        ...tally.notes(),
        held.size > 0 ? HELD : null,
        unseen.length > 0 && !throttled && maySettleLate(admin) ? NOT_SEEN : null,
      ],
      throttled,
    };
  }

  async close(): Promise<void> {
    if (this.#row === null || this.#fuse === null) return;
    this.#fuse.calm();
    await setInFlight(this.#turn.pen.client, this.#row.id, this.#fuse.state()).catch(() => {});
  }

  async #workOf({ session }: AdminSession): Promise<Work> {
    const { pen, context, signal } = this.#turn;
    const { row, fuse } = this.#opened();
    const sql = pen.client;
    const { uidValidity } = session.facts;
    // Once for a turn: on an account that owes many, asking before each slice would cost more than the slice.
    this.#open ??= new OpenRows(await openRows(sql, this.#login, row.id, uidValidity), {
      mailboxId: row.id,
      uidValidity,
    });
    return {
      sql,
      pool: context.database.sql,
      session,
      mailbox: this.#mailbox,
      mailboxId: row.id,
      login: this.#login,
      open: this.#open,
      fuse,
      refusals: new Refusals(),
      tally: new Tally(),
      pipeline: { ...context.bounces, mailbox: this.#mailbox.name, tellStored: await wantsStored(sql) },
      signal,
      onProgress: (done) => {
        if (done > 0) this.#turn.worked();
      },
      takesRestored: true,
      resting: (await writesRestUntil(sql, this.#login, new Date())) !== null,
    };
  }

  /**
   * What the ledger owes and the folder no longer has: a slice was cut between the server's deed and its bookkeeping, or Gmail's Trash does not show
   * yet what came there. False: the turn ended meanwhile.
   */
  async #settleOwed(admin: AdminSession, slice: Slice, here: ReadonlySet<Uid>): Promise<boolean> {
    const { session } = admin;
    const { row } = this.#opened();
    const sql = this.#turn.pen.client;
    // Of a job that ended and is taken up again, what had been put back before: where it lies in Gmail's Trash it is to leave that as well.
    const reasons = slice.mark.repeated && maySettleLate(admin) ? [PURGE_ENDED, RESTORED] : [PURGE_ENDED];
    const ask = async (): Promise<LedgerRow[]> => {
      const rows = await rowsFor(sql, row.id, session.facts.uidValidity, slice.uids);
      return owedOf(rows, await rowsWithOctets(sql, rows), reasons).filter(({ uid }) => !here.has(uid));
    };
    const asked = await ask();
    const again = asked.filter(({ state }) => state === 'kept');
    const owed = [
      ...asked.filter(({ state }) => state !== 'kept'),
      ...(again.length === 0 ? [] : await oweAgain(sql, again)),
    ];
    if (owed.length === 0) return true;
    const about = { sql, session, mailbox: this.#mailbox, login: this.#login };
    const work = { ...about, tally: new Tally(), refusals: new Refusals(), resting: false };
    await disposeCommitted(work, owed.map(committed));
    const lost = work.resting || !maySettleLate(admin) ? [] : await ask();
    if (lost.length === 0) return true;
    const found = await findGone(admin, slice, lost, this.#turn);
    if (found === null) return false;
    const gone = new Set(found.vanished);
    const taken = new Set([...found.done, ...takenByUs(admin, slice, found.nowhere, new Set(slice.there))]);
    const { kind } = this.#mailbox.dispose;
    await settleRows(
      sql,
      lost.filter(({ uid }) => taken.has(uid)),
      'disposed',
      kind,
    );
    await settleRows(
      sql,
      lost.filter(({ uid }) => gone.has(uid)),
      'disposed',
      GONE,
    );
    return true;
  }

  #opened(): { readonly row: MailboxRow; readonly fuse: Fuse } {
    if (this.#row === null || this.#fuse === null) throw new MaildrainError('BUG', 'a purge was not prepared');
    return { row: this.#row, fuse: this.#fuse };
  }
}

/** Reason of a row whose message was taken away by somebody else (drain/absence.ts, store/ledger.ts). */
const GONE = 'gone';
const UNFINISHED: SliceOutcome = { left: 0, unfinished: true };
const HELD = 'held messages stay on the server: "maildrain held" lists them';

/** Stored since the slice was begun. The turn that stored it may have another clock than the one that began it; octets stored again have the id they had. */
function isFresh({ messageId, storedAt }: LedgerRow, { begunAt, lastId }: Slice): boolean {
  return storedAt >= begunAt || (messageId !== null && lastId !== null && BigInt(messageId) > BigInt(lastId));
}

function committed(row: LedgerRow): { key: LedgerRow; emailId: string | null; owed: true } {
  return { key: row, emailId: row.emailId, owed: true };
}

/**
 * What was there, is not, and was not taken by us: the ledger does not say so. Of a slice that was begun before, all that the plan names is asked for,
 * because nobody knows any more which of it was there then.
 */
function vanishedOf({ uids, there, were, mark }: Slice, left: ReadonlySet<Uid>, rows: readonly LedgerRow[]): number {
  const ours = new Set(
    rows.flatMap(({ uid, state, reason }) => (state === 'disposed' && reason !== GONE ? [uid] : [])),
  );
  const taken = (mark.repeated ? uids : there).filter((uid) => ours.has(uid) && !left.has(uid));
  return Math.max(0, were - left.size - taken.length);
}

/** What is to be taken away; of what an earlier purge has left, that of which the octets have not expired meanwhile. */
function owedOf(
  rows: readonly LedgerRow[],
  stored: readonly LedgerRow[],
  reasons: readonly string[] = [PURGE_ENDED],
): LedgerRow[] {
  const there = new Set(stored.map(({ messageId }) => messageId));
  return rows.filter(
    ({ state, reason, messageId }) =>
      state === 'pending' || (state === 'kept' && reasons.includes(reason ?? '') && there.has(messageId)),
  );
}

/** Those whose octets are in the database: a row alone is no proof, octets expire. */
async function rowsWithOctets(sql: Sql, rows: readonly LedgerRow[]): Promise<readonly LedgerRow[]> {
  const known = rows.flatMap((row) => (row.messageId === null ? [] : [{ ...row, messageId: row.messageId }]));
  const there = await withOctets(sql, known);
  return known.filter(({ messageId }) => there.has(messageId));
}
