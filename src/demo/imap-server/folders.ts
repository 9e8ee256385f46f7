// SELECT and its kin, CREATE, DELETE, SUBSCRIBE, APPEND: commands about whole mailboxes. LIST and STATUS are in list.ts.

import { bad, formatSet, keyword, listOf, no, parseDateTime, parseFlag, type Token, textOf } from './parser.ts';
import type { Session } from './session.ts';
import type { Entry, Mailbox } from './store.ts';
import { View } from './view.ts';

/** Throws Refusal with the personality's words. */
export function openMailbox(session: Session, name: string): Mailbox {
  const mailbox = session.theAccount().find(name);
  if (mailbox !== null) return mailbox;
  throw no(
    session.gmail
      ? `[NONEXISTENT] Unknown Mailbox: ${session.nameToWire(name)} (Failure)`
      : `[NONEXISTENT] Mailbox doesn't exist: ${session.nameToWire(name)}`,
  );
}

export function select(session: Session, args: readonly Token[], examine: boolean): string {
  // A failed SELECT leaves nothing selected (RFC 3501 6.3.1).
  session.view = null;
  for (const parameter of args[1] === undefined ? [] : listOf(args[1])) {
    if (keyword(parameter) !== 'CONDSTORE' || !session.capable('CONDSTORE')) throw bad('Unknown SELECT parameter');
  }
  const mailbox = openMailbox(session, session.nameFromWire(textOf(args[0])));
  const readOnly = examine || session.options.readOnly === true;
  const { maxFolderSize = null, trashLagMs = 0 } = session.gmail?.settings ?? {};
  const lags = trashLagMs > 0 && mailbox.attributes.includes('\\Trash');
  const view = new View(mailbox, readOnly, maxFolderSize, lags ? Date.now() - trashLagMs : undefined);
  session.view = view;
  const keywords = session.options.permanentFlagsNoKeywords === true ? '' : ' \\*';
  const flags = '\\Answered \\Flagged \\Deleted \\Seen \\Draft';
  session.untagged(`FLAGS (${flags})`);
  session.untagged(`OK [PERMANENTFLAGS (${readOnly ? '' : `${flags}${keywords}`})] Flags permitted.`);
  session.untagged(`${view.exists} EXISTS`);
  session.untagged('0 RECENT');
  const unseen = view.entries().findIndex((entry) => !entry.message.flags.has('\\Seen'));
  if (unseen >= 0 && !session.gmail) session.untagged(`OK [UNSEEN ${unseen + 1}] First unseen.`);
  session.untagged(`OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs valid.`);
  session.untagged(`OK [UIDNEXT ${mailbox.uidNext}] Predicted next UID.`);
  if (session.gmail) session.untagged('OK [NOMODSEQ] No mod-sequences.');
  const name = session.nameToWire(mailbox.name);
  if (session.gmail) return `OK [READ-${readOnly ? 'ONLY' : 'WRITE'}] ${name} selected. (Success)`;
  return `OK [READ-${readOnly ? 'ONLY' : 'WRITE'}] ${examine ? 'Examine' : 'Select'} completed`;
}

export function unselect(session: Session): string {
  session.view = null;
  return 'OK Unselected';
}

/** Expunges silently, every `\Deleted` message, whoever flagged it (RFC 3501 6.4.2). */
export function close(session: Session): string {
  const view = session.theView();
  session.view = null;
  const account = session.theAccount();
  if (!view.readOnly && !account.throttled) {
    for (const entry of view.entries()) if (entry.deleted && !entry.gone) account.rules.expunge(entry, view.mailbox);
    account.changed();
  }
  return 'OK Closed';
}

export function create(session: Session, args: readonly Token[]): string {
  const account = session.theAccount();
  const name = session.nameFromWire(textOf(args[0])).replace(/\/$/, '');
  if (name === '' || account.mailboxes.has(name)) throw no('[ALREADYEXISTS] Mailbox already exists');
  account.rules.checkNewName(name);
  account.create(name, ['\\HasNoChildren']);
  return 'OK Created';
}

export function remove(session: Session, args: readonly Token[]): string {
  const account = session.theAccount();
  const mailbox = openMailbox(session, session.nameFromWire(textOf(args[0])));
  const system = mailbox.attributes.some((attribute) => !/^\\Has(No)?Children$/.test(attribute));
  if (mailbox.name === 'INBOX' || (session.gmail !== null && system))
    throw no('[CANNOT] This mailbox cannot be deleted');
  if (session.view?.mailbox === mailbox) session.view = null;
  account.drop(mailbox);
  account.changed();
  return 'OK Deleted';
}

export function subscribe(session: Session, args: readonly Token[], on: boolean): string {
  openMailbox(session, session.nameFromWire(textOf(args[0]))).subscribed = on;
  return 'OK Completed';
}

export function append(session: Session, args: readonly Token[]): string {
  const account = session.theAccount();
  const target = account.target(session.nameFromWire(textOf(args[0])));
  if (session.options.readOnly === true) throw no('[NOPERM] Mailbox is read-only');
  let next = 1;
  let flags: string[] = [];
  if (args[next]?.kind === 'list') {
    flags = listOf(args[next]).map((flag) => parseFlag(textOf(flag)));
    next += 1;
  }
  let internalDate = new Date();
  if (args.length === next + 2) {
    internalDate = parseDateTime(textOf(args[next]));
    next += 1;
  }
  const body = args[next];
  if (body?.kind !== 'string' || args.length !== next + 1) throw bad('APPEND needs one message');
  const entry = session.host.deliver(account, target, Buffer.from(body.octets), { internalDate, flags });
  account.changed();
  return session.capable('UIDPLUS') ? `OK [APPENDUID ${target.uidValidity} ${entry.uid}] Appended` : 'OK Appended';
}

/** `[COPYUID ...] ` of RFC 4315 3, or '' without UIDPLUS or without messages. */
export function copyUid(
  session: Session,
  target: Mailbox,
  pairs: readonly (readonly [from: number, to: Entry])[],
): string {
  if (!session.capable('UIDPLUS') || pairs.length === 0) return '';
  const from = formatSet(pairs.map(([uid]) => uid));
  const to = formatSet(pairs.map(([, entry]) => entry.uid));
  return `[COPYUID ${target.uidValidity} ${from} ${to}] `;
}
