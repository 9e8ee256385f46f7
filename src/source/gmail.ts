// Gmail (capability X-GM-EXT-1): one stored message under several labels. Deleting takes a label off and archives; only a message that is in
// Trash has been deleted. So what was moved there is looked up there by X-GM-MSGID, which is the same in every mailbox.
// Which mailbox is Trash is decided in folders.ts, the move itself is in imap-dispose.ts.

import { MaildrainError } from '../errors.ts';
import type { Target, Uid } from '../model.ts';
import { type ImapState, present, search } from './imap-ask.ts';
import { sessionError } from './imap-errors.ts';
import { uidSets } from './uid-set.ts';

/**
 * Looks in Trash for messages that were moved there.
 *
 * @param landed source UID to Trash UID, from COPYUID (RFC 4315); entries may be missing
 * @returns source UID to Trash UID of those that are really there
 */
export async function foundInTrash(
  state: ImapState,
  targets: readonly Target[],
  landed: ReadonlyMap<Uid, Uid>,
): Promise<Map<Uid, Uid>> {
  return targets.length === 0 ? new Map() : foundIn(state, requireTrash(state), targets, landed);
}

/** The same in any mailbox. What has no id that stays with it (X-GM-MSGID, EMAILID) is looked for where COPYUID says, and nowhere else. */
export async function foundIn(
  state: ImapState,
  path: string,
  targets: readonly Target[],
  landed: ReadonlyMap<Uid, Uid>,
): Promise<Map<Uid, Uid>> {
  return inMailbox(state, path, true, async () => {
    const emailIds = await emailIdsOf(
      state,
      targets.flatMap((target) => landed.get(target.uid) ?? []),
    );
    const found = new Map<Uid, Uid>();
    for (const target of targets) {
      const there = landed.get(target.uid);
      if (there !== undefined && emailIds.get(there) === target.emailId) found.set(target.uid, there);
      else if (target.emailId !== null) {
        const uid = (await search(state, { emailId: target.emailId })).at(-1);
        if (uid !== undefined) found.set(target.uid, uid);
      }
    }
    return found;
  });
}

/** What came of an expunge in Trash. */
interface Expunged {
  /** Source UIDs of those that are gone from Trash. */
  readonly done: readonly Uid[];
  /** Gmail's write quarantine began in the middle of it. */
  readonly throttled: boolean;
}

/** Deletes for ever what foundInTrash() has found, by the UIDs it has in Trash: source UIDs would hit other people's mail there. */
export async function expungeInTrash(state: ImapState, inTrash: ReadonlyMap<Uid, Uid>): Promise<Expunged> {
  if (inTrash.size === 0) return { done: [], throttled: false };
  return inMailbox(state, requireTrash(state), false, async () => {
    const { connection } = state;
    const there = [...inTrash.values()];
    let throttled = false;
    connection.takeOkCodes();
    for (const set of uidSets(there)) {
      // UIDPLUS is always there on Gmail; without it messageDelete would send a plain EXPUNGE.
      if (throttled || !connection.client.capabilities.has('UIDPLUS')) break;
      await connection.client.messageDelete(set.text, { uid: true });
      throttled = connection.takeOkCodes().includes('THROTTLED');
    }
    const left = await present(state, there);
    return { done: [...inTrash].flatMap(([source, uid]) => (left.has(uid) ? [] : [source])), throttled };
  });
}

/** Null: it is there and has none. */
export async function emailIdsOf(state: ImapState, uids: readonly Uid[]): Promise<Map<Uid, string | null>> {
  const emailIds = new Map<Uid, string | null>();
  for (const set of uidSets(uids)) {
    for await (const row of state.connection.client.fetch(set.text, { uid: true }, { uid: true })) {
      emailIds.set(String(row.uid), row.emailId ?? null);
    }
  }
  return emailIds;
}

function requireTrash(state: ImapState): string {
  if (state.facts.trash === null)
    throw new MaildrainError('TRASH_MISSING', 'Gmail shows no mailbox with the attribute \\Trash');
  return state.facts.trash;
}

/**
 * Opens another mailbox for a while, then the first one again, also when the work failed: UIDs of the first one would hit other people's mail there.
 * Where that cannot be, or it is not the same any more, nothing more is said on the connection.
 */
export async function inMailbox<T>(
  state: ImapState,
  path: string,
  readOnly: boolean,
  work: () => Promise<T>,
): Promise<T> {
  const { connection } = state;
  // SELECT of another mailbox deselects the first without expunging (RFC 9051 6.3.2); CLOSE would not.
  const working = connection.client.mailboxOpen(path, { readOnly }).then(work);
  const failure = await working.then(
    () => null,
    (error: unknown) => connection.broken() ?? sessionError(error),
  );
  await comeBack(state);
  if (failure !== null) throw failure;
  return working;
}

async function comeBack(state: ImapState): Promise<void> {
  const why = await whyNotBack(state);
  if (why === null) return;
  state.connection.cut(why);
  throw why;
}

async function whyNotBack({ connection, facts }: ImapState): Promise<MaildrainError | null> {
  try {
    const { uidValidity } = await connection.client.mailboxOpen(facts.path);
    if (String(uidValidity) === facts.uidValidity) return null;
    return new MaildrainError('MAILBOX_CHANGED', 'the mailbox got a new UIDVALIDITY in the middle of the drain');
  } catch (error) {
    const { message } = sessionError(error);
    const lost = new MaildrainError('CONNECTION_LOST', `"${facts.path}" could not be opened again: ${message}`);
    return connection.broken() ?? lost;
  }
}
