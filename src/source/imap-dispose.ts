// How a committed message is taken off an IMAP server. Only UIDs of our own are ever expunged: UID EXPUNGE (RFC 4315) or MOVE (RFC 6851).
// Every effect is looked at again before it is reported; a tagged OK is no proof. Gmail's second look is in gmail.ts.
//
// A plain EXPUNGE removes what anybody flagged. imapflow sends one from messageDelete and messageMove on servers without UIDPLUS, so both
// are called here behind the means that were chosen from the capabilities, and nowhere else.

import { MaildrainError } from '../errors.ts';
import type { DisposalMeans, DisposeOutcome, MailboxConfig, Target, Uid } from '../model.ts';
import { createFolder } from './folders.ts';
import { expungeInTrash, foundInTrash } from './gmail.ts';
import { type ImapState, present, refused, search } from './imap-ask.ts';
import { sessionError } from './imap-errors.ts';
import { type UidSet, uidSets } from './uid-set.ts';

/** What the choice of means depends on. */
export interface Abilities {
  readonly path: string;
  readonly gmail: boolean;
  readonly uidplus: boolean;
  readonly move: boolean;
  readonly trash: string | null;
  /** PERMANENTFLAGS; null when the server did not say, which means all flags (RFC 9051 7.1). */
  readonly permanentFlags: ReadonlySet<string> | null;
}

/**
 * Chooses how this session takes messages off the server.
 *
 * @throws MaildrainError TRASH_MISSING, TARGET_MISSING, FLAG_NOT_KEPT: no safe way exists until a person changes something
 */
export function disposalMeans(mailbox: MailboxConfig, abilities: Abilities): DisposalMeans {
  const { dispose } = mailbox;
  switch (dispose.kind) {
    case 'keep':
      return { means: 'keep' };
    case 'seen':
      return mark('\\Seen', abilities);
    case 'flag':
      return mark(dispose.keyword, abilities);
    case 'move':
      return moveTo(dispose.to, abilities);
    case 'trash':
      return moveTo(requireTrash(abilities), abilities);
    case 'delete':
      // In Trash itself Gmail's expunge is real; anywhere else it only takes a label off.
      if (abilities.gmail && abilities.path !== abilities.trash) {
        return { means: 'move', to: requireTrash(abilities), thenExpunge: dispose.forever };
      }
      return expunge(mailbox, abilities);
  }
}

function mark(flag: string, { permanentFlags }: Abilities): DisposalMeans {
  const kept =
    permanentFlags === null ||
    permanentFlags.has('\\*') ||
    [...permanentFlags].some((f) => f.toLowerCase() === flag.toLowerCase());
  if (!kept) {
    throw new MaildrainError(
      'FLAG_NOT_KEPT',
      `this server does not store the flag ${flag} permanently, so nothing would remember it: choose another dispose`,
    );
  }
  return { means: 'mark', flag };
}

function requireTrash(abilities: Abilities): string {
  if (abilities.trash === null) {
    throw new MaildrainError(
      'TRASH_MISSING',
      abilities.gmail
        ? 'Gmail shows no mailbox with the attribute \\Trash: switch on "Show in IMAP" for Trash in the Gmail label settings. Nothing was deleted'
        : 'the server shows no mailbox with the attribute \\Trash: use dispose: delete, or dispose: { move: NAME }. Nothing was deleted',
    );
  }
  return abilities.trash;
}

function moveTo(to: string, abilities: Abilities): DisposalMeans {
  if (to === abilities.path) throw circle(to);
  if (abilities.move) return { means: 'move', to, thenExpunge: false };
  if (abilities.uidplus) return { means: 'copy-expunge', to };
  return {
    means: 'none',
    why: 'the server has neither MOVE nor UIDPLUS, so messages cannot be moved safely: they are stored and stay where they are. Use dispose: delete with expunge: exclusive if nobody else uses the mailbox, or dispose: seen',
  };
}

function circle(to: string): MaildrainError {
  return new MaildrainError(
    'TARGET_MISSING',
    `the mailbox is "${to}" itself, and moving there would go round in circles: use dispose: delete`,
  );
}

/**
 * A folder may have two names (an alias, a symbolic link), and what is moved from the one to the other would be stored again in every round. COPYUID
 * (RFC 4315) tells: our UIDVALIDITY, and UIDs that came to the open mailbox since it was opened.
 *
 * @throws MaildrainError TARGET_MISSING
 */
async function requireElsewhere(
  state: ImapState,
  to: string,
  copied: { readonly uidValidity?: bigint | undefined; readonly uidMap?: ReadonlyMap<number, number> | undefined },
): Promise<void> {
  const { uidValidity, uidNext } = state.facts;
  const landed = [...(copied.uidMap?.values() ?? [])];
  if (uidNext === null || landed.length === 0 || String(copied.uidValidity) !== uidValidity) return;
  if (landed.some((uid) => uid < uidNext)) return;
  const there = await present(state, landed.map(String));
  if (there.size === landed.length) throw circle(to);
}

function expunge(mailbox: MailboxConfig, abilities: Abilities): DisposalMeans {
  if (abilities.uidplus) return { means: 'uid-expunge' };
  if (abilities.move && abilities.trash !== null && abilities.trash !== abilities.path) {
    return { means: 'move', to: abilities.trash, thenExpunge: false };
  }
  if (mailbox.expunge === 'exclusive') return { means: 'plain-expunge' };
  return {
    means: 'flag-only',
    why: 'the server has no UIDPLUS, and a plain EXPUNGE would also remove what other clients flagged: messages are stored and flagged \\Deleted, and stay. Set expunge: exclusive if nobody else uses the mailbox',
  };
}

const RESTS = 'Gmail answered [THROTTLED]: writes on this account rest for a while';
const RESTING: DisposeOutcome = { done: [], why: RESTS, throttled: true };

function whyNotDone(lost: boolean): string {
  return lost
    ? 'moved out of the mailbox, but not found in Trash yet'
    : 'moved to Trash, and still there after expunging';
}

/** UIDs of this mailbox would hit other people's mail in another one. */
function requireOpen({ connection, facts }: ImapState): void {
  const { mailbox } = connection.client;
  if (mailbox !== false && mailbox.path === facts.path && String(mailbox.uidValidity) === facts.uidValidity) return;
  throw connection.broken() ?? new MaildrainError('MAILBOX_CHANGED', `"${facts.path}" is not open any more`);
}

/** Carries the chosen means out and looks again. */
export async function disposeOf(state: ImapState, targets: readonly Target[]): Promise<DisposeOutcome> {
  if (targets.length === 0) return { done: [], why: null, throttled: false };
  requireOpen(state);
  const { disposal } = state.facts;
  const uids = targets.map((target) => target.uid);
  switch (disposal.means) {
    case 'keep':
      return { done: uids, why: null, throttled: false };
    case 'none':
      return { done: [], why: disposal.why, throttled: false };
    case 'flag-only':
      await flag(state, uids, '\\Deleted');
      return { done: [], why: disposal.why, throttled: false };
    case 'mark':
      if (await isThrottled(state, () => flag(state, uids, disposal.flag))) return RESTING;
      return outcome(
        uids,
        await marked(state, uids, disposal.flag),
        `the server did not keep the flag ${disposal.flag}`,
      );
    case 'plain-expunge':
      return plainExpunge(state, uids);
    case 'uid-expunge':
      if (await isThrottled(state, () => uidExpunge(state, uids))) return RESTING;
      return outcome(
        uids,
        await goneFrom(state, uids),
        'the server said OK to UID EXPUNGE and the messages are still there',
      );
    case 'copy-expunge':
      return copyExpunge(state, uids, disposal.to);
    case 'move':
      return move(state, targets, disposal.to, disposal.thenExpunge);
  }
}

/** Gmail's write quarantine: OK, and nothing has happened (provider reports). Trying again prolongs it. */
async function isThrottled({ connection }: ImapState, begin: () => Promise<void>): Promise<boolean> {
  connection.takeOkCodes();
  await begin();
  return connection.takeOkCodes().includes('THROTTLED');
}

function outcome(asked: readonly Uid[], done: readonly Uid[], why: string): DisposeOutcome {
  return { done, why: done.length === asked.length ? null : why, throttled: false };
}

/** Those of the UIDs that the mailbox no longer has. */
async function goneFrom(state: ImapState, uids: readonly Uid[]): Promise<Uid[]> {
  const there = await present(state, uids);
  return uids.filter((uid) => !there.has(uid));
}

async function flag(state: ImapState, uids: readonly Uid[], name: string): Promise<void> {
  for (const set of uidSets(uids)) {
    const ok = await state.connection.client
      .messageFlagsAdd(set.text, [name], { uid: true, silent: true })
      .catch((error: unknown) => {
        throw state.connection.broken() ?? sessionError(error);
      });
    if (ok !== true) throw refused(state, 'UID STORE');
  }
}

async function marked(state: ImapState, uids: readonly Uid[], name: string): Promise<Uid[]> {
  const done: Uid[] = [];
  for (const set of uidSets(uids)) {
    done.push(...(await search(state, { uid: set.text, ...(name === '\\Seen' ? { seen: true } : { keyword: name }) })));
  }
  return done;
}

/** STORE and UID EXPUNGE of these UIDs and no others. Where it throws, some of them may be gone. */
async function uidExpunge(state: ImapState, uids: readonly Uid[]): Promise<void> {
  if (!state.connection.client.capabilities.has('UIDPLUS')) {
    throw new MaildrainError('BUG', 'UID EXPUNGE was chosen on a server without UIDPLUS');
  }
  for (const set of uidSets(uids)) await deleteSet(state, set, 'UID EXPUNGE');
}

export async function deleteSet(state: ImapState, set: UidSet, command: string): Promise<void> {
  // `silent` spares one FETCH answer for each message; imapflow hands it on to STORE.
  const options = { uid: true, silent: true };
  const ok = await state.connection.client.messageDelete(set.text, options).catch((error: unknown) => {
    throw state.connection.broken() ?? sessionError(error);
  });
  if (ok !== true) throw refused(state, command);
}

/** Without UIDPLUS, and only where the owner asserts that the mailbox is ours alone; a foreign mark stops it all the same. */
async function plainExpunge(state: ImapState, uids: readonly Uid[]): Promise<DisposeOutcome> {
  // Marks of our own may be left from a drain that was cut, or that was not allowed to expunge; they come batch by batch. Until all of
  // them have been recognised in this session nothing is expunged, and then the last batch takes the earlier ones with it.
  for (const uid of uids) state.ours.add(uid);
  const foreign = async (): Promise<boolean> =>
    (await search(state, { deleted: true })).some((uid) => !state.ours.has(uid));
  const why =
    'another client has flagged messages \\Deleted in this mailbox, and without UIDPLUS an EXPUNGE would remove them too: nothing was expunged';
  if (await foreign()) return { done: [], why, throttled: false };
  await flag(state, uids, '\\Deleted');
  if (await foreign()) return { done: [], why, throttled: false };
  for (const set of uidSets(uids)) await deleteSet(state, set, 'EXPUNGE');
  return outcome(uids, await goneFrom(state, uids), 'the server said OK to EXPUNGE and the messages are still there');
}

async function copyExpunge(state: ImapState, uids: readonly Uid[], to: string): Promise<DisposeOutcome> {
  await ensureTarget(state, to);
  for (const set of uidSets(uids)) {
    const copied = await state.connection.client.messageCopy(set.text, to, { uid: true }).catch((error: unknown) => {
      throw state.connection.broken() ?? sessionError(error);
    });
    if (copied === false || copied === undefined) throw refused(state, 'UID COPY');
    await requireElsewhere(state, to, copied);
    await deleteSet(state, set, 'UID EXPUNGE');
  }
  return outcome(
    uids,
    await goneFrom(state, uids),
    'the server said OK to UID EXPUNGE and the messages are still there',
  );
}

async function move(
  state: ImapState,
  targets: readonly Target[],
  to: string,
  thenExpunge: boolean,
): Promise<DisposeOutcome> {
  const { connection, facts } = state;
  if (!connection.client.capabilities.has('MOVE'))
    throw new MaildrainError('BUG', 'MOVE was chosen on a server without it');
  await ensureTarget(state, to);
  const landed = new Map<Uid, Uid>();
  connection.takeOkCodes();
  const uids = targets.map((target) => target.uid);
  for (const set of uidSets(uids)) {
    const moved = await connection.client.messageMove(set.text, to, { uid: true }).catch((error: unknown) => {
      throw connection.broken() ?? sessionError(error);
    });
    if (connection.takeOkCodes().includes('THROTTLED')) return RESTING;
    if (moved === false || moved === undefined) throw refused(state, 'UID MOVE');
    await requireElsewhere(state, to, moved);
    for (const [from, there] of moved.uidMap ?? []) landed.set(String(from), String(there));
  }
  const gone = await goneFrom(state, uids);
  const why = 'the server said OK to MOVE and the messages are still there';
  if (!facts.gmail || to !== facts.trash) return outcome(uids, gone, why);
  const left = new Set(gone);
  const moved = targets.filter((target) => left.has(target.uid));
  const inTrash = await foundInTrash(state, moved, landed);
  if (!thenExpunge) {
    return outcome(uids, [...inTrash.keys()], gone.length < uids.length ? why : whyNotDone(true));
  }
  const { done, throttled } = await expungeInTrash(state, inTrash);
  if (throttled) return { done, why: RESTS, throttled };
  const expunged = new Set(done);
  return {
    ...outcome(uids, done, gone.length < uids.length ? why : whyNotDone(inTrash.size < moved.length)),
    inTrash: [...inTrash.keys()].filter((uid) => !expunged.has(uid)),
  };
}

/** Makes sure the target of a move exists; creates it where the configuration says so. */
async function ensureTarget(state: ImapState, to: string): Promise<void> {
  const { mailbox, folders, connection } = state;
  if (mailbox.dispose.kind !== 'move' || folders.some((folder) => folder.path === to)) return;
  if (!mailbox.dispose.create) {
    throw new MaildrainError(
      'TARGET_MISSING',
      `the mailbox "${to}" to move to does not exist: create it, or set create: true`,
    );
  }
  await createFolder(connection, to);
}
