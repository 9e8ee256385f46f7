// Sets and lifts flags of what a plan lists, and `undelete`: it lifts \Deleted, and on Gmail, where a deleted message is one in Trash, it moves
// messages back from there.

import { loginOf } from '../config.ts';
import { WAITS } from '../drain/policy.ts';
import { MaildrainError } from '../errors.ts';
import type { Target, Uid } from '../model.ts';
import type { Step } from '../model-admin.ts';
import type { AdminSession } from '../source/admin-session.ts';
import { bySpecialUse } from '../source/folders.ts';
import type { FlagChange } from '../source/marks.ts';
import { leaveAlone, mailboxesOf } from '../store/restore.ts';
import { keptMailbox } from './empty-trash.ts';
import type { AdminJob, Turn } from './job.ts';
import { mailboxOf, overPlan, type Slice, type SliceOutcome } from './plan-slices.ts';
import { foldersDrained } from './restore-place.ts';
import { flagArgs, noArgs, readArgs } from './server-args.ts';

export const flag: AdminJob = {
  kind: 'flag',
  needsMailbox: true,
  work(turn) {
    const change = readArgs(flagArgs, turn.request.args);
    return overPlan(turn, {
      mailbox: keptMailbox(mailboxOf(turn)),
      counted: 'flagged',
      prepare: async (admin) => requireFlags(admin, change),
      needsIds: () => false,
      target: () => null,
      act: (admin, slice) => changeSlice(admin, slice, change),
    });
  },
};

export const undelete: AdminJob = {
  kind: 'undelete',
  needsMailbox: true,
  work(turn) {
    readArgs(noArgs, turn.request.args);
    return undeleting(turn);
  },
};

function undeleting(turn: Turn): AsyncGenerator<Step, void> {
  return overPlan(turn, {
    mailbox: keptMailbox(mailboxOf(turn)),
    counted: 'undeleted',
    needsIds: isGmailTrash,
    target: () => null,
    async act(admin, slice) {
      const outcome = isGmailTrash(admin)
        ? await takeBack(admin, slice)
        : await changeSlice(admin, slice, { add: [], remove: ['\\Deleted'] });
      await staysBack(turn, admin, slice, new Set(outcome.done));
      return outcome;
    },
  });
}

/** A slice, and which of its messages are as they should be. */
interface Changed extends SliceOutcome {
  readonly done: readonly Uid[];
}

/** What a drain had flagged, or moved to Trash, and somebody wanted back: the next drain would take it away once more. */
async function staysBack(
  turn: Turn,
  { session, folders }: AdminSession,
  { targets }: Slice,
  done: ReadonlySet<Uid>,
): Promise<void> {
  const sql = turn.pen.client;
  const login = loginOf(mailboxOf(turn));
  const { gmail, path, uidValidity } = session.facts;
  const emailIds = gmail ? targets.flatMap(({ uid, emailId }) => (done.has(uid) ? (emailId ?? []) : [])) : [];
  const { here } = foldersDrained(await mailboxesOf(sql, login), folders, path);
  await leaveAlone(sql, login, { here, uidValidity, uids: gmail ? [] : [...done], emailIds }, WAITS);
}

/** @throws MaildrainError FLAG_NOT_KEPT */
export function requireFlags({ session }: AdminSession, { add }: FlagChange): void {
  if (!session.facts.gmail || !add.some((name) => name.toLowerCase() === '\\deleted')) return;
  throw new MaildrainError(
    'FLAG_NOT_KEPT',
    'on Gmail \\Deleted is no flag: it takes the label off, and the message stays in All Mail. Use "purge"',
  );
}

async function changeSlice(admin: AdminSession, { there, were }: Slice, change: FlagChange): Promise<Changed> {
  const { done, why, throttled } = await admin.changeFlags(there, change);
  if (throttled) return { left: 0, throttled, done };
  const seen = new Set(done);
  const rest = there.filter((uid) => !seen.has(uid));
  const left = await admin.session.present(rest);
  return { left: left.size, vanished: were - there.length + rest.length - left.size, notes: [why], done };
}

/** `\Trash` of a Gmail account is open. */
export function isGmailTrash({ session: { facts } }: AdminSession): boolean {
  return facts.gmail && facts.path === facts.trash;
}

/**
 * To All Mail where it shows again under the labels it still has; to INBOX what has none, for nobody would find it in All Mail. Moving it to Trash
 * had taken INBOX off.
 */
async function takeBack(admin: AdminSession, { there, targets, mark }: Slice): Promise<Changed> {
  const all = bySpecialUse(admin.folders, '\\All');
  const labelled = new Set(
    (await admin.session.describe(there)).filter(({ labels }) => hasPlace(labels)).map(({ uid }) => uid),
  );
  const here = new Set(there);
  const goes = ({ uid }: Target): string => (all !== null && (labelled.has(uid) || !here.has(uid)) ? all : 'INBOX');
  let left = 0;
  let vanished = 0;
  let missing = 0;
  const notes: (string | null)[] = [];
  const done: Uid[] = [];
  for (const path of new Set(targets.map(goes))) {
    const asked = targets.filter((target) => goes(target) === path);
    const result = await admin.moveTo(asked, path, mark);
    done.push(...result.done);
    if (result.throttled) return { left: 0, throttled: true, done };
    left += asked.length - result.done.length - result.vanished.length - result.unseen.length;
    vanished += result.vanished.length;
    missing += result.unseen.length;
    notes.push(result.why);
  }
  return { left, vanished, missing, notes, done };
}

/** A label under which it is found again. `\Inbox` is not shown without being in INBOX; the others are marks. */
function hasPlace(labels: readonly string[]): boolean {
  return labels.some((label) => !/^\\(inbox|important|starred|trash|muted)$/i.test(label));
}
