// Mailboxes, messages and accounts in memory, and the rules of an ordinary server. Gmail's rules, where one message stands in several
// mailboxes, are in gmail.ts; what a client sees of a mailbox is view.ts.

import { no } from './parser.ts';

/** A stored message. On an ordinary server each mailbox has its own; on Gmail one stands behind entries in several mailboxes. */
export interface Message {
  readonly raw: Buffer;
  readonly internalDate: Date;
  /** Decimal on Gmail (X-GM-MSGID), letters elsewhere (EMAILID); the same after COPY and MOVE. */
  readonly emailId: string;
  readonly threadId: string;
  /** Without `\Deleted`, which belongs to the entry. */
  readonly flags: Set<string>;
  readonly entries: Map<Mailbox, Entry>;
  /** Gmail only: names of user labels, and `\Inbox`, `\Sent`, `\Draft`, `\Important`. */
  readonly labels: Set<string>;
  /** Gmail only. */
  place: 'all' | 'trash' | 'spam';
}

/** A message under a UID of one mailbox. */
export interface Entry {
  uid: number;
  readonly message: Message;
  deleted: boolean;
  /** When it came to this mailbox. */
  readonly cameAt: number;
  /** No longer in the mailbox; a session that has not been told yet may still hold it. */
  gone: boolean;
}

export class Mailbox {
  readonly name: string;
  readonly attributes: readonly string[];
  uidValidity: number;
  uidNext = 1;
  subscribed = true;
  /** Counts deletion and changes of UIDVALIDITY: a session that has selected another life of the mailbox must end. */
  life = 1;
  /** Counters by which sessions see that something changed. */
  additions = 0;
  removals = 0;
  renumberings = 0;
  #entries: Entry[] = [];
  #holes = false;

  constructor(name: string, uidValidity: number, attributes: readonly string[] = []) {
    this.name = name;
    this.uidValidity = uidValidity;
    this.attributes = attributes;
  }

  get selectable(): boolean {
    return !this.attributes.includes('\\Noselect');
  }

  /** Ascending by UID. */
  entries(): readonly Entry[] {
    if (this.#holes) {
      this.#entries = this.#entries.filter((entry) => !entry.gone);
      this.#holes = false;
    }
    return this.#entries;
  }

  add(message: Message): Entry {
    const entry: Entry = { uid: this.uidNext, message, deleted: false, cameAt: Date.now(), gone: false };
    this.uidNext += 1;
    this.#entries.push(entry);
    message.entries.set(this, entry);
    this.additions += 1;
    return entry;
  }

  remove(entry: Entry): void {
    if (entry.gone) return;
    entry.gone = true;
    entry.message.entries.delete(this);
    this.#holes = true;
    this.removals += 1;
  }

  /** New UIDs from `start` on under the same UIDVALIDITY, which no server may do and some do. Nobody is told. */
  renumber(start: number, reverse: boolean): void {
    const entries = [...this.entries()];
    if (reverse) entries.reverse();
    entries.forEach((entry, index) => {
      entry.uid = start + index;
    });
    this.#entries = entries;
    this.uidNext = start + entries.length;
    this.renumberings += 1;
  }
}

/** What an operation means on this kind of server. */
export interface Rules {
  /** False: as if the mailbox did not exist. */
  visible(mailbox: Mailbox): boolean;
  deliver(message: Message, mailbox: Mailbox): Entry;
  copy(entry: Entry, source: Mailbox, target: Mailbox): Entry;
  /** The source entry is gone afterwards unless the server keeps it there. */
  move(entry: Entry, source: Mailbox, target: Mailbox): Entry;
  expunge(entry: Entry, mailbox: Mailbox): void;
  /** Called after flags or `\Deleted` have changed. */
  flagsChanged(entry: Entry, mailbox: Mailbox): void;
  /** Throws Refusal when the name is not allowed. */
  checkNewName(name: string): void;
  beforeDrop(mailbox: Mailbox): void;
}

/** An ordinary server (RFC 3501, RFC 4315, RFC 6851). */
export function plainRules(): Rules {
  const copy = (entry: Entry, target: Mailbox): Entry => {
    const { message } = entry;
    const made = target.add({ ...message, flags: new Set(message.flags), entries: new Map(), labels: new Set() });
    made.deleted = entry.deleted;
    return made;
  };
  return {
    visible: () => true,
    deliver: (message, mailbox) => mailbox.add(message),
    copy: (entry, _source, target) => copy(entry, target),
    move: (entry, source, target) => {
      const made = copy(entry, target);
      source.remove(entry);
      return made;
    },
    expunge: (entry, mailbox) => mailbox.remove(entry),
    flagsChanged: () => undefined,
    checkNewName: () => undefined,
    beforeDrop: () => undefined,
  };
}

/** Hierarchy delimiter of every mailbox here. */
export const DELIMITER = '/';

/** UIDVALIDITY of the first mailbox of an account; each further one gets the next number. */
const FIRST_UIDVALIDITY = 1_700_000_001;

export class Account {
  readonly user: string;
  readonly mailboxes = new Map<string, Mailbox>();
  /** Sessions that wait in IDLE. */
  readonly watchers = new Set<() => void>();
  rules: Rules = plainRules();
  /** Sessions logged in. */
  connections = 0;
  /** Writes are answered `OK [THROTTLED]` and do nothing. */
  throttled = false;
  /** Octets that may still be fetched; null: no limit. */
  bandwidthLeft: number | null = null;
  #nextValidity = FIRST_UIDVALIDITY;

  constructor(user: string) {
    this.user = user;
  }

  /** A UIDVALIDITY that no mailbox of the account has had. */
  nextUidValidity(): number {
    this.#nextValidity += 1;
    return this.#nextValidity - 1;
  }

  create(name: string, attributes: readonly string[] = [], uidValidity = this.nextUidValidity()): Mailbox {
    const mailbox = new Mailbox(name, uidValidity, attributes);
    this.mailboxes.set(name, mailbox);
    return mailbox;
  }

  drop(mailbox: Mailbox): void {
    this.rules.beforeDrop(mailbox);
    for (const entry of mailbox.entries()) mailbox.remove(entry);
    mailbox.life += 1;
    this.mailboxes.delete(mailbox.name);
  }

  /** What a client can open under this name. */
  find(name: string): Mailbox | null {
    const mailbox = this.mailboxes.get(name);
    return mailbox?.selectable && this.rules.visible(mailbox) ? mailbox : null;
  }

  /** Throws Refusal with the code that fits a COPY, MOVE or APPEND (RFC 3501 7.1, TRYCREATE). */
  target(name: string): Mailbox {
    const mailbox = this.find(name);
    if (mailbox === null) throw no('[TRYCREATE] No such mailbox');
    return mailbox;
  }

  changed(): void {
    for (const watcher of this.watchers) watcher();
  }
}
