// Puts stored mail back: APPENDs the octets as they were fetched, with flags, INTERNALDATE and Gmail's labels, each message once. No server says
// whether an APPEND whose answer was lost has happened, so that each is written down before it is said (store/restore.ts), and what is in doubt
// is looked for in the folder before it is said again (restore-look.ts). The next drain leaves the messages alone.

import { setTimeout as sleep } from 'node:timers/promises';
import { loginOf } from '../config.ts';
import { beginRest } from '../drain/gmail-rest.ts';
import { WAITS } from '../drain/policy.ts';
import { type ErrorCode, MaildrainError } from '../errors.ts';
import type { MailboxConfig, Uid } from '../model.ts';
import type { Step } from '../model-admin.ts';
import { resolveSecret } from '../secrets.ts';
import { type AdminSession, openAdmin } from '../source/admin-session.ts';
import { type Appended, addLabels, append } from '../source/append.ts';
import { ensureMailbox } from '../store/mailboxes.ts';
import {
  appendedDate,
  beginSending,
  countAttempt,
  doubtfulElsewhere,
  endSending,
  forgetUnsaid,
  leaveAlone,
  mailboxesOf,
  markSaid,
  octetCounts,
  type RestoreEnd,
  type RestorePlace,
  type RestoreRow,
  recordUid,
  reopenRestore,
  restoreRows,
} from '../store/restore.ts';
import { lastMessageOf, nextPage, type StoredFacts, type Stretch } from '../store/stored-mail.ts';
import type { AdminJob, Turn } from './job.ts';
import { openingOf } from './opening.ts';
import { mailboxOf, SETTLE_MS } from './plan-slices.ts';
import { CameBack } from './restore-back.ts';
import { countsOf, endedAs, endOf, isUnseen, type Sent, UNSEEN, withUnseen } from './restore-ends.ts';
import { findAppended } from './restore-look.ts';
import { type ProvedMail, provedMail } from './restore-octets.ts';
import { otherAccounts, otherAccountsNote, ownMail } from './restore-origin.ts';
import { foldersDrained } from './restore-place.ts';
import { stillThere } from './restore-there.ts';
import { readArgs } from './server-args.ts';
import { restoreArgs } from './store-args.ts';

/** Few, so that a job is cancelled within seconds and little is in doubt after a crash. */
const SLICE = 25;
/** A message over which the server fails so often is left out: some hang up, or say that they have a bug, instead of refusing it. */
const MAX_ATTEMPTS = 3;
/** What may be the message's fault. An outage says the same, so it takes several. */
const OVER_ONE: readonly ErrorCode[] = ['CONNECTION_LOST', 'SERVER_UNAVAILABLE'];

/** What is left; null: nothing is. */
interface Cursor {
  readonly rest: Stretch | null;
}

export const restore: AdminJob = {
  kind: 'restore',
  needsMailbox: true,
  async *work(turn) {
    const { pen, signal, request } = turn;
    const mailbox = mailboxOf(turn);
    const { folder } = readArgs(restoreArgs, request.args);
    const begun = request.cursor as Cursor | null;
    const selection = ownMail(mailbox, request.criteria);
    let rest = begun === null ? { after: '0', until: await lastMessageOf(pen.client, request.id) } : begun.rest;
    if (rest === null || signal.aborted) return;
    if (begun === null) {
      // Written down before anything is sent: whoever finds no cursor begins, for the first time or anew.
      await reopenRestore(pen.client, request.id);
      const cursor: Cursor = { rest };
      const note = otherAccountsNote(selection, await otherAccounts(pen.client, selection, rest));
      yield { done: 0, counts: {}, cursor, notes: note === null ? [] : [note] };
      if (signal.aborted) return;
    }
    const password = await resolveSecret(mailbox.imap.password);
    const kept: MailboxConfig = { ...mailbox, dispose: { kind: 'keep' } };
    const opening = openingOf(turn);
    const open = { password, folder: folder ?? mailbox.folder, readOnly: false, signal: opening.signal };
    const admin = await openAdmin(kept, open);
    try {
      const restoring = new Restoring(turn, admin, await placeOf(turn, mailbox, admin));
      opening.over();
      while (rest !== null && !signal.aborted) {
        const page = await nextPage(pen.client, selection, rest, SLICE);
        const outcome = await restoring.slice(page.messages);
        // Cut short by the signal: the next turn takes the same slice up again.
        if (outcome === null) return;
        rest = page.rest;
        const cursor: Cursor = { rest };
        yield { done: page.messages.length, ...outcome, cursor, last: rest === null };
      }
    } finally {
      opening.over();
      await admin.close();
    }
  },
};

async function placeOf(turn: Turn, mailbox: MailboxConfig, { session, folders }: AdminSession): Promise<RestorePlace> {
  const sql = turn.pen.client;
  const login = loginOf(mailbox);
  const { path, uidValidity, gmail } = session.facts;
  // Also those that have not been drained yet: their first drain must know what was put back.
  for (const { name, folder } of [mailbox, ...turn.mailboxes.filter((other) => loginOf(other) === login)])
    await ensureMailbox(sql, { name, login, folder });
  const drained = foldersDrained(await mailboxesOf(sql, login), folders, path);
  const { elsewhere } = drained;
  // A folder that nobody drains has a row of its own, for what it holds may be met under another label.
  const here =
    drained.here.length > 0
      ? drained.here
      : [(await ensureMailbox(sql, { name: mailbox.name, login, folder: path })).id];
  return { jobId: turn.request.id, login, folder: path, uidValidity, here, elsewhere: gmail ? elsewhere : [] };
}

/** One turn of a restore. */
class Restoring {
  readonly #turn: Turn;
  readonly #admin: AdminSession;
  readonly #place: RestorePlace;
  /** What is appended from now on has a UID from here on. Null: the server does not say. */
  #uidNext: number | null;
  /** What the folder had when the turn came to its first message. */
  #back: CameBack | null = null;
  readonly #notes = new Set<string>();

  constructor(turn: Turn, admin: AdminSession, place: RestorePlace) {
    this.#turn = turn;
    this.#admin = admin;
    this.#place = place;
    const { uidNext, exists } = admin.session.facts;
    // UIDNEXT is larger than every UID, and so than the number of messages; a smaller one is no answer.
    this.#uidNext = uidNext !== null && uidNext > exists ? uidNext : null;
  }

  /** Restores some messages. Right also where it was begun before. Null: the signal ended it in the middle. */
  async slice(messages: readonly StoredFacts[]): Promise<Pick<Step, 'counts' | 'notes'> | null> {
    if (messages.length === 0) return { counts: {} };
    const sql = this.#turn.pen.client;
    this.#notes.clear();
    const ids = messages.map(({ id }) => id);
    const rows = new Map((await restoreRows(sql, this.#place.jobId, ids)).map((row) => [row.messageId, row]));
    const ends = new Map<string, RestoreEnd>();
    const sent: Sent[] = [];
    const open: StoredFacts[] = [];
    const unseen: StoredFacts[] = [];
    const there = await stillThere(sql, this.#admin.session, this.#place, messages);
    for (const message of messages) {
      const row = rows.get(message.id);
      const uid = there.get(message.id);
      // Ended in a slice whose cursor was lost.
      if (row !== undefined && row.state !== 'sending' && !isUnseen(row)) ends.set(message.id, endedAs(row));
      else if (uid === undefined) (row !== undefined && isUnseen(row) ? unseen : open).push(message);
      else if (row === undefined) ends.set(message.id, endOf(message, 'present', uid));
      else sent.push({ message, uid });
    }
    // Owed, or waiting for its age: a drain would take it away.
    const { here, uidValidity, login } = this.#place;
    const uids = [...ends.values()].flatMap(({ state, uid }) => (state === 'present' ? (uid ?? []) : []));
    if (uids.length > 0) await leaveAlone(sql, login, { here, uidValidity, uids, emailIds: [] }, WAITS);
    const doubtful = [
      ...open.flatMap((message) => rows.get(message.id) ?? []).filter(({ said }) => said),
      ...(await doubtfulElsewhere(
        sql,
        this.#place,
        open.map(({ id }) => id),
      )),
    ];
    if (!(await this.#settled(doubtful))) return null;
    const found = await this.#look(open, doubtful);
    sent.push(...found, ...(await this.#lookAgain(unseen, rows)));
    const seen = new Set(found.map(({ message }) => message.id));
    const back = await this.#cameBack(open.filter(({ id }) => !seen.has(id)));
    for (const [id, end] of back) ends.set(id, end);
    const toSend = open.filter(({ id }) => !seen.has(id) && !back.has(id));
    if (!(await this.#send(toSend, rows, sent, ends))) return null;
    await this.#finish(sent, ends);
    await endSending(sql, this.#place, [...ends.values()]);
    return { counts: countsOf([...ends.values()]), notes: [...this.#notes] };
  }

  /** A server whose line was lost may still come to the end of an APPEND, and shows it only then. False: the signal ended the wait. */
  async #settled(doubtful: readonly RestoreRow[]): Promise<boolean> {
    const { signal, settleMs = SETTLE_MS } = this.#turn;
    const ms = settleMs - Math.min(...doubtful.map(({ ageMs }) => ageMs));
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
    return !signal.aborted;
  }

  async #look(open: readonly StoredFacts[], doubtful: readonly RestoreRow[]): Promise<Sent[]> {
    const ids = new Set(doubtful.map(({ messageId }) => messageId));
    const wanted = open.filter(({ id }) => ids.has(id));
    if (wanted.length === 0) return [];
    const { uidValidity } = this.#place;
    const from = doubtful.map((row) => (row.uidValidity === uidValidity ? row.uidFrom : null));
    return this.#find(wanted, from.includes(null) ? null : Math.min(...from.map(Number)));
  }

  /** What is back by another way stays there: it is written down as what is put back, or the next drain would take it away. */
  async #cameBack(messages: readonly StoredFacts[]): Promise<Map<string, RestoreEnd>> {
    const sql = this.#turn.pen.client;
    const { session } = this.#admin;
    const ends = new Map<string, RestoreEnd>();
    if (messages.length === 0) return ends;
    this.#back ??= await CameBack.look(sql, session, this.#place);
    const found = await this.#back.find(session, messages);
    for (const message of messages) {
      const listed = found.get(message.id);
      if (listed === undefined) continue;
      await recordUid(sql, this.#place, message, listed.uid);
      ends.set(message.id, { ...endOf(message, 'present', listed.uid), emailId: listed.emailId });
    }
    return ends;
  }

  /** What the server has taken is never sent again by the same job, found or not. */
  async #lookAgain(unseen: readonly StoredFacts[], rows: ReadonlyMap<string, RestoreRow>): Promise<Sent[]> {
    const found = await this.#look(
      unseen,
      unseen.flatMap(({ id }) => rows.get(id) ?? []),
    );
    return withUnseen(found, unseen);
  }

  /** Finds messages that may have been appended, and writes down where. */
  async #find(wanted: readonly StoredFacts[], from: number | null): Promise<Sent[]> {
    const sql = this.#turn.pen.client;
    const uids = await findAppended(this.#admin, { sql, place: this.#place }, wanted, from);
    const found: Sent[] = [];
    for (const message of wanted) {
      const uid = uids.get(message.id);
      if (uid === undefined) continue;
      await recordUid(sql, this.#place, message, uid);
      found.push({ message, uid });
    }
    return found;
  }

  /** Appends the messages one by one. False: the signal ended it before the last. */
  async #send(
    messages: readonly StoredFacts[],
    rows: ReadonlyMap<string, RestoreRow>,
    sent: Sent[],
    ends: Map<string, RestoreEnd>,
  ): Promise<boolean> {
    const { pen, signal } = this.#turn;
    const octets = await octetCounts(pen.client, messages);
    // By how often the server has failed over them. The fewest come first: such a message keeps no other away, and a server that is ill for an hour
    // fails over many once instead of often over one.
    const byAttempts = Array.from({ length: MAX_ATTEMPTS }, (): StoredFacts[] => []);
    for (const message of messages) {
      const count = octets.get(message.id);
      const { attempts = 0, errorCode = null } = rows.get(message.id) ?? {};
      if (count === undefined) {
        ends.set(message.id, endOf(message, 'expired', null));
        this.#notes.add('the octets of some messages have expired, and only they can be put back');
      } else if (count !== message.size) this.#refuse(ends, message, 'DAMAGED', 'its stored octets are not complete');
      else if (attempts < MAX_ATTEMPTS) byAttempts[attempts]?.push(message);
      else this.#refuse(ends, message, errorCode ?? 'CONNECTION_LOST', `the server failed over it ${attempts} times`);
    }
    const ready = byAttempts.flat();
    if (ready.length === 0) return true;
    await beginSending(pen.client, this.#place, ready, this.#uidNext);
    let all = false;
    const unknown: StoredFacts[] = [];
    try {
      for await (const { message, pieces } of this.#proved(byAttempts)) {
        if (signal.aborted) return false;
        if (pieces === null) throw new MaildrainError('DATABASE_CONFLICT', 'octets expired while they were put back');
        if (pieces === 'damaged') {
          this.#refuse(ends, message, 'DAMAGED', 'its stored octets are not those that were fetched');
          continue;
        }
        await markSaid(pen.client, this.#place.jobId, message.id);
        const appended = await this.#append(message, pieces);
        this.#turn.worked();
        if (appended.outcome === 'refused') this.#refuse(ends, message, appended.code, appended.why);
        else if (appended.uid === null) unknown.push(message);
        else {
          await recordUid(pen.client, this.#place, message, appended.uid);
          sent.push({ message, uid: appended.uid });
          if (this.#uidNext !== null) this.#uidNext = Math.max(this.#uidNext, Number(appended.uid) + 1);
        }
      }
      all = true;
    } finally {
      // The rest is not sent before the next turn, if there is one: till then drains need not look out for it. Where Postgres is gone, the end of
      // the job takes it back (admin-jobs.ts).
      if (!all && !pen.lost.aborted) await forgetUnsaid(pen.client, this.#place.jobId).catch(() => {});
    }
    if (unknown.length > 0) await this.#findUnknown(unknown, sent);
    return true;
  }

  async *#proved(groups: readonly StoredFacts[][]): AsyncGenerator<ProvedMail> {
    for (const group of groups) yield* provedMail(this.#turn.context.database, group);
  }

  /** The server took them and did not say where. What cannot be found may be there all the same, and a drain will know it by its octets. */
  async #findUnknown(unknown: readonly StoredFacts[], sent: Sent[]): Promise<void> {
    sent.push(...withUnseen(await this.#find(unknown, this.#uidNext), unknown));
  }

  async #append(
    message: StoredFacts,
    pieces: AsyncIterable<Buffer>,
  ): Promise<Exclude<Appended, { outcome: 'throttled' }>> {
    const { pen } = this.#turn;
    const facts = { size: message.size, flags: message.flags, internalDate: appendedDate(message) };
    try {
      const appended = await this.#admin.ask((state) => append(state, facts, pieces));
      if (appended.outcome !== 'throttled') return appended;
    } catch (error) {
      if (error instanceof MaildrainError && OVER_ONE.includes(error.code) && !pen.lost.aborted)
        await countAttempt(pen.client, this.#place.jobId, message.id, error.code);
      throw error;
    }
    throw await beginRest(pen.client, this.#place.login);
  }

  #refuse(ends: Map<string, RestoreEnd>, message: StoredFacts, errorCode: string, why: string): void {
    ends.set(message.id, { ...endOf(message, 'refused', null), errorCode });
    this.#notes.add(`message ${message.id} was not put back: ${errorCode}: ${why}`);
  }

  /** Looks at what was appended once more, and gives Gmail's messages their labels. */
  async #finish(sent: readonly Sent[], ends: Map<string, RestoreEnd>): Promise<void> {
    const { session } = this.#admin;
    const listed = await session.describe(sent.flatMap(({ uid }) => uid ?? []));
    const there = new Map(listed.map((one) => [one.uid, one]));
    for (const { message, uid } of sent) {
      const seen = uid === null ? null : there.get(uid);
      if (seen === undefined) {
        ends.set(message.id, endOf(message, 'missing', uid));
        this.#notes.add(
          'the server took messages that are not in the folder now: another client, or a rule, moved them',
        );
        continue;
      }
      if (uid === null) this.#notes.add(UNSEEN);
      if (uid !== null && session.facts.gmail) await this.#label(message, uid);
      ends.set(message.id, { ...endOf(message, 'restored', uid), emailId: seen?.emailId ?? null });
    }
  }

  async #label({ labels }: StoredFacts, uid: Uid): Promise<void> {
    const left = await this.#admin.ask((state) => addLabels(state, uid, labels));
    // Its row is `sending` with its UID: the next turn finds it there, and gives it its labels.
    if (left === 'throttled') throw await beginRest(this.#turn.pen.client, this.#place.login);
    if (left.length > 0) this.#notes.add('Gmail did not take some of the labels that messages had');
  }
}
