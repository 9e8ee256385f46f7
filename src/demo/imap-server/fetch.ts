// FETCH: one answer per message, octets exactly as stored (unless an option makes the server lie). Which parts of a message a section
// names is section.ts.

import { located } from './locate.ts';
import { bad, formatDateTime, no, type Token } from './parser.ts';
import { type FetchItem, octetsOf, parseItems } from './section.ts';
import type { Session } from './session.ts';
import type { Entry } from './store.ts';
import type { Located } from './view.ts';

export async function fetch(session: Session, args: readonly Token[], uid: boolean): Promise<string> {
  const view = session.theView();
  const items = parseItems(args[1], session);
  if (args.length !== 2) throw bad('Unknown FETCH argument');
  if (uid && !items.some((item) => item.name === 'UID')) items.unshift({ name: 'UID' });
  const reads = items.some((item) => item.section !== undefined);
  const marksSeen = items.some((item) => item.marksSeen === true) && !view.readOnly;
  if (marksSeen && !items.some((item) => item.name === 'FLAGS')) items.push({ name: 'FLAGS' });
  const targets = located(session, args[0], uid);
  const share = session.share(targets.length);
  for (const [index, target] of targets.entries()) {
    if (index === share) return session.stopHere(true);
    const { entry } = target;
    if (reads && session.options.refuseFetchOf?.(entry.uid, view.mailbox.name) === true) {
      throw no('[UNAVAILABLE] UID FETCH Server error while fetching messages');
    }
    if (marksSeen && !entry.message.flags.has('\\Seen')) {
      entry.message.flags.add('\\Seen');
      session.theAccount().rules.flagsChanged(entry, view.mailbox);
    }
    await answer(session, target, items, index === session.cutLiteralOf);
    if (session.out.full) await session.out.flush();
    if (session.ending || session.socket.destroyed) break;
  }
  return 'OK Fetched';
}

async function answer(
  session: Session,
  target: Located,
  items: readonly FetchItem[],
  cutLiteral: boolean,
): Promise<void> {
  const { entry, seq } = target;
  const { out } = session;
  out.push(`* ${seq} FETCH (`);
  for (const [index, item] of items.entries()) {
    if (index > 0) out.push(' ');
    if (item.section === undefined) {
      out.push(`${item.name} ${value(session, entry, item.name)}`);
      continue;
    }
    const octets = octetsOf(session, entry, item);
    const account = session.theAccount();
    if (account.bandwidthLeft !== null) account.bandwidthLeft -= octets.length;
    out.push(`${item.name} {${octets.length}}\r\n`);
    if (cutLiteral) {
      out.push(octets.subarray(0, octets.length >> 1));
      await session.stopHere(true);
    }
    out.push(octets);
  }
  out.line(')');
}

export function messageFlags(entry: Entry): string[] {
  return entry.deleted ? [...entry.message.flags, '\\Deleted'] : [...entry.message.flags];
}

/** RFC822.SIZE as the server claims it. */
export function claimedSize(session: Session, entry: Entry): number {
  const size = entry.message.raw.length;
  return session.options.sizeEstimate?.(size) ?? size;
}

function value(session: Session, entry: Entry, name: string): string {
  const { message } = entry;
  switch (name) {
    case 'UID':
      return String(entry.uid);
    case 'FLAGS':
      return `(${messageFlags(entry).join(' ')})`;
    case 'INTERNALDATE':
      return `"${formatDateTime(message.internalDate)}"`;
    case 'RFC822.SIZE':
      return String(claimedSize(session, entry));
    case 'X-GM-MSGID':
      return message.emailId;
    case 'X-GM-THRID':
      return message.threadId;
    case 'X-GM-LABELS':
      return `(${session.gmail?.wireLabels(message, session.theView().mailbox, (name) => session.nameToWire(name)).join(' ') ?? ''})`;
    case 'EMAILID':
      return `(${message.emailId})`;
    case 'THREADID':
      return `(${message.threadId})`;
    default:
      throw bad(`Unknown FETCH item ${name}`);
  }
}
