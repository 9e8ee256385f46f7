// STORE, COPY, MOVE, EXPUNGE: the commands that change messages. What a change means on Gmail is gmail.ts. Each takes only its `share`
// of the messages when a fault asks for it, so that a test can cut a MOVE in the middle.

import { messageFlags } from './fetch.ts';
import { copyUid } from './folders.ts';
import { located } from './locate.ts';
import { bad, keyword, listOf, no, parseFlag, type Token, textOf } from './parser.ts';
import type { Session } from './session.ts';
import type { Entry } from './store.ts';

type Mode = 'add' | 'remove' | 'set';

export async function store(session: Session, args: readonly Token[], uid: boolean): Promise<string> {
  const view = session.writableView();
  const account = session.theAccount();
  const item = /^([+-]?)(FLAGS|X-GM-LABELS)(\.SILENT)?$/.exec(keyword(args[1]));
  if (item === null) throw bad('Unknown STORE item');
  const mode: Mode = item[1] === '+' ? 'add' : item[1] === '-' ? 'remove' : 'set';
  const values = (args[2]?.kind === 'list' ? listOf(args[2]) : args.slice(2)).map(textOf);
  const onLabels = item[2] === 'X-GM-LABELS';
  if (onLabels && session.gmail === null) throw bad('Unknown STORE item');
  const flags = onLabels ? [] : values.map(parseFlag);
  const labels = onLabels ? values.map((label) => session.nameFromWire(label)) : [];
  const targets = located(session, args[0], uid);
  const share = session.share(targets.length);
  for (const { seq, entry } of targets.slice(0, share)) {
    if (entry.gone) continue;
    if (onLabels) session.gmail?.storeLabels(entry.message, mode, labels);
    else {
      changeFlags(entry, mode, keepable(session, flags));
      account.rules.flagsChanged(entry, view.mailbox);
    }
    if (item[3] !== undefined || entry.gone) continue;
    const shown = onLabels
      ? `X-GM-LABELS (${session.gmail?.wireLabels(entry.message, view.mailbox, (name) => session.nameToWire(name)).join(' ') ?? ''})`
      : `FLAGS (${messageFlags(entry).join(' ')})`;
    session.untagged(`${seq} FETCH (${uid ? `UID ${entry.uid} ` : ''}${shown})`);
    if (session.out.full) await session.out.flush();
  }
  account.changed();
  if (share < targets.length) return session.stopHere(false);
  return 'OK Stored';
}

/** Keywords are silently dropped where PERMANENTFLAGS has no `\*`. */
function keepable(session: Session, flags: readonly string[]): string[] {
  return flags.filter((flag) => flag.startsWith('\\') || session.options.permanentFlagsNoKeywords !== true);
}

/** Changes flags without any server's rules. */
export function changeFlags(entry: Entry, mode: Mode, flags: readonly string[]): void {
  const own = entry.message.flags;
  if (mode === 'set') {
    own.clear();
    entry.deleted = false;
  }
  for (const flag of flags) {
    if (flag === '\\Deleted') entry.deleted = mode !== 'remove';
    else if (mode === 'remove') own.delete(flag);
    else own.add(flag);
  }
}

export async function copy(session: Session, args: readonly Token[], uid: boolean, move: boolean): Promise<string> {
  const view = move ? session.writableView() : session.theView();
  const account = session.theAccount();
  if (session.options.readOnly === true) throw no('[NOPERM] Mailbox is read-only');
  const targets = located(session, args[0], uid);
  const target = account.target(session.nameFromWire(textOf(args[1])));
  const share = session.share(targets.length);
  const pairs: [number, Entry][] = [];
  for (const { entry } of targets.slice(0, share)) {
    if (entry.gone) continue;
    const from = entry.uid;
    pairs.push([from, account.rules[move ? 'move' : 'copy'](entry, view.mailbox, target)]);
  }
  account.changed();
  const code = copyUid(session, target, pairs);
  // A MOVE tells its COPYUID before the EXPUNGEs, in an untagged OK (RFC 6851 4.3).
  if (move && code !== '') session.untagged(`OK ${code}Moved`);
  if (share < targets.length) return session.stopHere(false);
  return move ? 'OK Moved' : `OK ${code}Copied`;
}

/** `args` has a UID set for UID EXPUNGE (RFC 4315 2.1) and nothing for EXPUNGE, which takes every `\Deleted` message. */
export async function expunge(session: Session, args: readonly Token[], uid: boolean): Promise<string> {
  const view = session.writableView();
  const account = session.theAccount();
  if (!uid && args.length > 0) throw bad('EXPUNGE takes no arguments');
  const candidates = uid ? located(session, args[0], true).map(({ entry }) => entry) : view.entries();
  const doomed = candidates.filter((entry) => entry.deleted && !entry.gone);
  const share = session.share(doomed.length);
  for (const entry of doomed.slice(0, share)) account.rules.expunge(entry, view.mailbox);
  account.changed();
  if (share < doomed.length) return session.stopHere(false);
  return 'OK Expunged';
}
