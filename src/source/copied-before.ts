// A drain that was cut between the COPY (or MOVE) and its bookkeeping has left messages owed whose copies may be in the target already. Before such
// messages are taken there again, this looks whether their copies are: the same octets and the same INTERNALDATE, which COPY and MOVE keep (RFC 9051
// 6.4.7). What is not surely a copy is taken there once more: a copy too many harms nobody. The jobs' slices are looked after in repeat.ts.

import { MaildrainError } from '../errors.ts';
import type { Listed, Target, Uid } from '../model.ts';
import { digests } from './digests.ts';
import { inMailbox } from './gmail.ts';
import { type ImapState, present } from './imap-ask.ts';
import { describe } from './imap-fetch.ts';
import { searchUids } from './search.ts';
import { uidSets } from './uid-set.ts';

/** What is still to be done with messages that are on their way to another folder. */
export interface Remainder {
  /** Their copies were seen in the target just now: they may be expunged here. */
  readonly copied: readonly Uid[];
  /** Still here, and to be taken there. */
  readonly open: readonly Uid[];
  /** What a person should know; null: nothing. */
  readonly note: string | null;
}

type Begun = Target & Required<Pick<Target, 'begun'>>;

const DAY_MS = 24 * 60 * 60 * 1000;
/** Sizes and dates are asked for so many at a time: the target may be an archive of a million. */
const WINDOW = 2000;

export async function remainderOf(state: ImapState, targets: readonly Target[], to: string): Promise<Remainder> {
  const uids = targets.map(({ uid }) => uid);
  const begun = targets.filter((target): target is Begun => target.begun !== undefined);
  // On Gmail a message is stored once, however often it is moved. Without UIDPLUS what has a copy could not be expunged here.
  const looks = begun.length > 0 && !state.facts.gmail && state.connection.client.capabilities.has('UIDPLUS');
  if (!looks) return { copied: [], open: uids, note: null };
  const { copies, note } = await copiesIn(state, begun, to);
  // Asked after the look: the session before, which may have lived longer than its line, writes to the target, and to open it mostly waits for that.
  const here = await present(state, uids);
  const copied = uids.filter((uid) => here.has(uid) && copies.has(uid));
  const open = uids.filter((uid) => here.has(uid) && !copies.has(uid));
  const ours = new Set(begun.map(({ uid }) => uid));
  await unflag(
    state,
    open.filter((uid) => ours.has(uid)),
  );
  return { copied, open, note };
}

/** A copy takes the flags along: one that the drain before has flagged \Deleted would be expunged in the target by whoever expunges there next. */
async function unflag({ connection }: ImapState, uids: readonly Uid[]): Promise<void> {
  for (const set of uidSets(uids))
    await connection.client.messageFlagsRemove(set.text, ['\\Deleted'], { uid: true, silent: true }).catch(() => false);
  const broken = connection.broken();
  if (broken !== null) throw broken;
}

interface Seen {
  readonly copies: ReadonlySet<Uid>;
  readonly note: string | null;
}

async function copiesIn(state: ImapState, begun: readonly Begun[], to: string): Promise<Seen> {
  try {
    const found = await inMailbox(state, to, true, () => alikeIn(state, begun));
    return pair(begun, found, to);
  } catch (error) {
    const alive = state.connection.broken() === null;
    if (!alive || !(error instanceof MaildrainError) || !CLOSED.includes(error.code)) throw error;
    // A SELECT that fails leaves no mailbox open (RFC 9051 6.3.2).
    await inMailbox(state, state.facts.path, false, async () => {});
    const note = `"${to}" cannot be looked into, so what an earlier drain may have copied there was copied once more`;
    return { copies: new Set(), note };
  }
}

/** Folders that one may put into and not look into (RFC 4314: `i` without `r`), and servers that will not search. */
const CLOSED: readonly string[] = ['COMMAND_REFUSED', 'AUTHORIZATION_FAILED', 'SEARCH_REFUSED'];

/** How many messages the open target has of each kind. */
async function alikeIn(state: ImapState, begun: readonly Begun[]): Promise<Map<string, number>> {
  const wanted = new Set(begun.map(({ begun: { size, internalDate } }) => `${size} ${internalDate.getTime()}`));
  const candidates: Listed[] = [];
  for (const { since, before } of days(begun.map(({ begun: { internalDate } }) => internalDate))) {
    const uids = await searchUids(state, { since, before, deleted: false });
    for (let from = 0; from < uids.length; from += WINDOW)
      for (const listed of await describe(state, uids.slice(from, from + WINDOW)))
        if (wanted.has(`${listed.size} ${listed.internalDate?.getTime()}`)) candidates.push(listed);
  }
  const dates = new Map(candidates.map(({ uid, internalDate }) => [uid, internalDate]));
  const found = new Map<string, number>();
  for (const [uid, digest] of await digests(state, candidates)) {
    const kind = kindOf(digest, dates.get(uid) ?? null);
    found.set(kind, (found.get(kind) ?? 0) + 1);
  }
  return found;
}

/**
 * Days around the dates, those that touch as one. A day more on either side: SEARCH compares the date as the server writes it, in whatever time zone
 * (RFC 9051 6.4.4).
 */
function days(dates: readonly Date[]): { since: Date; before: Date }[] {
  const starts = [...new Set(dates.map((date) => Math.floor(date.getTime() / DAY_MS)))].sort((a, b) => a - b);
  const spans: { first: number; last: number }[] = [];
  for (const start of starts) {
    const last = spans.at(-1);
    if (last !== undefined && start - 1 <= last.last + 1) last.last = start + 1;
    else spans.push({ first: start - 1, last: start + 1 });
  }
  return spans.map(({ first, last }) => ({ since: new Date(first * DAY_MS), before: new Date((last + 1) * DAY_MS) }));
}

/** Each copy stands for one message; those that others like it may have left there stand for none of ours. */
function pair(begun: readonly Begun[], found: ReadonlyMap<string, number>, to: string): Seen {
  const free = new Map(found);
  const copies = new Set<Uid>();
  let doubtful = 0;
  for (const { uid, begun: mine } of begun) {
    const kind = kindOf(mine.digest.toString('hex'), mine.internalDate);
    const left = free.get(kind) ?? 0;
    if (left > mine.others) {
      copies.add(uid);
      free.set(kind, left - 1);
    } else if (left > 0) doubtful++;
  }
  const note =
    doubtful === 0
      ? null
      : `messages of which "${to}" has the like were copied there once more: it cannot be told whose copies those are`;
  return { copies, note };
}

function kindOf(digest: string, internalDate: Date | null): string {
  return `${digest} ${internalDate?.getTime()}`;
}
