// LIST, LSUB, XLIST and STATUS (RFC 3501 6.3.8, RFC 5258, RFC 5819, RFC 6154).

import { openMailbox } from './folders.ts';
import { bad, keyword, listOf, type Token, textOf } from './parser.ts';
import type { Session } from './session.ts';
import { DELIMITER, type Mailbox } from './store.ts';

/** A pattern longer than this matches nothing: names are short, and the work is the product of the two lengths. */
const MAX_PATTERN = 1000;

/** Names with wildcards: `*` matches anything, `%` anything within one level. All places in the pattern are followed at once. */
function matches(pattern: string, name: string): boolean {
  if (name === 'INBOX' && pattern.toUpperCase() === 'INBOX') return true;
  if (pattern.length > MAX_PATTERN) return false;
  const skipWildcards = (places: Set<number>): Set<number> => {
    // A set grows while it is walked, so runs of wildcards are followed to their end.
    for (const place of places) if (pattern[place] === '*' || pattern[place] === '%') places.add(place + 1);
    return places;
  };
  let places = skipWildcards(new Set([0]));
  for (const char of name.split('')) {
    const next = new Set<number>();
    for (const place of places) {
      const expected = pattern[place];
      if (expected === '*' || (expected === '%' && char !== DELIMITER)) next.add(place);
      if (expected === char && expected !== '*' && expected !== '%') next.add(place + 1);
    }
    places = skipWildcards(next);
  }
  return places.has(pattern.length);
}

function attributesOf(session: Session, mailbox: Mailbox): string[] {
  const special = session.gmail !== null || session.options.specialUse !== false;
  const shown = mailbox.attributes.filter((attribute) => special || /^\\(Noselect|Has(No)?Children)$/.test(attribute));
  return shown.some((attribute) => /^\\Has(No)?Children$/.test(attribute)) ? shown : ['\\HasNoChildren', ...shown];
}

interface Query {
  readonly patterns: readonly string[];
  readonly subscribedOnly: boolean;
  readonly specialOnly: boolean;
  readonly showSubscribed: boolean;
  readonly status: readonly Token[] | null;
}

function parseList(session: Session, args: readonly Token[]): Query {
  let rest = args;
  let subscribedOnly = false;
  let specialOnly = false;
  const extended = session.capable('LIST-EXTENDED');
  if (rest[0]?.kind === 'list') {
    if (!extended) throw bad('LIST-EXTENDED is not supported');
    for (const option of listOf(rest[0])) {
      if (keyword(option) === 'SUBSCRIBED') subscribedOnly = true;
      else if (keyword(option) === 'SPECIAL-USE') specialOnly = true;
      else if (keyword(option) !== 'REMOTE') throw bad('Unknown LIST selection option');
    }
    rest = rest.slice(1);
  }
  const reference = textOf(rest[0]);
  const pattern = rest[1];
  if (pattern === undefined) throw bad('LIST needs a pattern');
  const patterns = pattern.kind === 'list' ? pattern.items.map(textOf) : [textOf(pattern)];
  let status: readonly Token[] | null = null;
  let showSubscribed = subscribedOnly;
  if (rest[2] !== undefined) {
    if (keyword(rest[2]) !== 'RETURN' || !extended) throw bad('Unknown LIST argument');
    const options = listOf(rest[3]);
    for (let at = 0; at < options.length; at += 1) {
      const option = keyword(options[at]);
      if (option === 'STATUS') {
        at += 1;
        status = listOf(options[at]);
      } else if (option === 'SUBSCRIBED') showSubscribed = true;
      else if (option !== 'CHILDREN' && option !== 'SPECIAL-USE') throw bad('Unknown LIST return option');
    }
  }
  return { patterns: patterns.map((text) => reference + text), subscribedOnly, specialOnly, showSubscribed, status };
}

/** `word` is LIST, LSUB or XLIST. */
export function list(session: Session, args: readonly Token[], word: 'LIST' | 'LSUB' | 'XLIST'): string {
  const account = session.theAccount();
  const query = parseList(session, args);
  if (query.patterns.length === 1 && query.patterns[0] === '') {
    session.untagged(`${word} (\\Noselect) "${DELIMITER}" ""`);
    return 'OK Completed';
  }
  const patterns = query.patterns.map((pattern) => session.nameFromWire(pattern));
  const shown = [...account.mailboxes.values()].filter(
    (mailbox) => account.rules.visible(mailbox) && patterns.some((pattern) => matches(pattern, mailbox.name)),
  );
  for (const mailbox of shown) {
    const attributes = attributesOf(session, mailbox);
    if ((query.subscribedOnly || word === 'LSUB') && !mailbox.subscribed) continue;
    if (query.specialOnly && attributes.every((attribute) => /^\\(Noselect|Has(No)?Children)$/.test(attribute)))
      continue;
    if (query.showSubscribed && mailbox.subscribed) attributes.push('\\Subscribed');
    if (word === 'XLIST' && mailbox.name === 'INBOX') attributes.push('\\Inbox');
    const name = session.nameToWire(mailbox.name);
    session.untagged(`${word} (${attributes.join(' ')}) "${DELIMITER}" ${name}`);
    if (query.status !== null && mailbox.selectable) session.untagged(statusLine(session, mailbox, query.status));
  }
  return 'OK Completed';
}

function statusLine(session: Session, mailbox: Mailbox, items: readonly Token[]): string {
  const limit = session.gmail?.settings.maxFolderSize ?? Number.POSITIVE_INFINITY;
  const entries = mailbox.entries();
  const visible = entries.slice(Math.max(0, entries.length - limit));
  const values = items.map((token) => {
    const item = keyword(token);
    if (item === 'MESSAGES') return `MESSAGES ${visible.length}`;
    if (item === 'RECENT') return 'RECENT 0';
    if (item === 'UIDNEXT') return `UIDNEXT ${mailbox.uidNext}`;
    if (item === 'UIDVALIDITY') return `UIDVALIDITY ${mailbox.uidValidity}`;
    if (item === 'UNSEEN') return `UNSEEN ${visible.filter(({ message }) => !message.flags.has('\\Seen')).length}`;
    // Nobody here has mod-sequences; 0 says so (RFC 7162 3.1.7).
    if (item === 'HIGHESTMODSEQ' && session.capable('CONDSTORE')) return 'HIGHESTMODSEQ 0';
    throw bad(`Unknown STATUS item ${item}`);
  });
  return `STATUS ${session.nameToWire(mailbox.name)} (${values.join(' ')})`;
}

export function status(session: Session, args: readonly Token[]): string {
  const mailbox = openMailbox(session, session.nameFromWire(textOf(args[0])));
  session.untagged(statusLine(session, mailbox, listOf(args[1])));
  return 'OK Completed';
}
