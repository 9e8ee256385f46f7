// The other side of an account: what a test or the demo does to it without speaking IMAP, as mail arriving, as another client, or as a
// server that misbehaves. Everything takes effect at once and is told to open sessions as the standard says, unless it says "unnoticed".

import { changeFlags } from './change.ts';
import type { Gmail, GmailSettings } from './gmail.ts';
import type { Account, Entry, Mailbox } from './store.ts';

export interface Delivery {
  /** A mailbox name in UTF-8, or a SPECIAL-USE attribute such as `\All`. Created when missing (a label, on Gmail). Default INBOX. */
  readonly folder?: string;
  /** Default now. Whole seconds, as INTERNALDATE is. */
  readonly internalDate?: Date;
  readonly flags?: readonly string[];
  /** Gmail only: further user labels, created when missing. */
  readonly labels?: readonly string[];
}

/** One message of one mailbox as it stands on the server. */
export interface MessageOnServer {
  readonly uid: number;
  /** `\Deleted` included. */
  readonly flags: readonly string[];
  readonly emailId: string;
  readonly threadId: string;
  /** User labels and `\Inbox`...; empty on an ordinary server. */
  readonly labels: readonly string[];
  readonly internalDate: Date;
  readonly raw: Buffer;
}

export interface AccountControl {
  readonly user: string;
  /** Gmail's settings, to read and to change; null on an ordinary server. */
  readonly gmail: GmailSettings | null;
  /** Every write is answered `OK [THROTTLED]` and does nothing. */
  throttled: boolean;
  /** Octets that may still be fetched; at 0 or less: BYE [OVERQUOTA], and no login. null: no limit. */
  bandwidthLeft: number | null;
  /** Sessions logged in now. */
  readonly connections: number;
  deliver(raw: Buffer, delivery?: Delivery): MessageOnServer;
  /** Names of all mailboxes that can be opened, UTF-8, hidden ones included. */
  folders(): string[];
  /** The name of a mailbox given by name or attribute. Throws when there is none. */
  path(folder: string): string;
  uidValidity(folder?: string): number;
  /** Ascending by UID. Hidden mailboxes can be looked into. */
  messages(folder?: string): MessageOnServer[];
  /** Sets or removes flags as another client would; on Gmail with auto-expunge `\Deleted` takes effect. Unknown UIDs are ignored. */
  flag(uids: readonly number[], flags: readonly string[], folder?: string): void;
  unflag(uids: readonly number[], flags: readonly string[], folder?: string): void;
  /** Takes messages away as another client's expunge would, flagged or not. */
  expunge(uids: readonly number[], folder?: string): void;
  createFolder(folder: string, options?: { attributes?: readonly string[]; uidValidity?: number }): void;
  /** Its sessions end with BYE at their next command. */
  deleteFolder(folder: string): void;
  /** Deleted and made again, empty, UIDs from 1; `sameUidValidity` as Dovecot does within one second. Its sessions end. Gmail: labels only. */
  recreateFolder(folder: string, options: { sameUidValidity: boolean }): void;
  /** Another UIDVALIDITY, UIDs from 1, the same messages. Its sessions end. */
  changeUidValidity(folder?: string): void;
  /** Unnoticed: other UIDs under the same UIDVALIDITY, from `start` (default UIDNEXT); `reverse` gives an old UID to another message. */
  renumber(folder?: string, options?: { start?: number; reverse?: boolean }): void;
}

/** What delivering needs from the server: ids are given out there. */
export type Deliver = (
  account: Account,
  mailbox: Mailbox,
  raw: Buffer,
  options: { internalDate: Date; flags: readonly string[]; labels?: readonly string[] },
) => Entry;

export function controlOf(account: Account, gmail: Gmail | null, deliver: Deliver): AccountControl {
  const lookUp = (folder: string): Mailbox | undefined =>
    account.mailboxes.get(folder) ??
    [...account.mailboxes.values()].find((mailbox) => mailbox.attributes.includes(folder));
  const existing = (folder: string): Mailbox => {
    const mailbox = lookUp(folder);
    if (mailbox === undefined) throw new Error(`no mailbox ${folder}`);
    return mailbox;
  };
  const describe = (entry: Entry): MessageOnServer => ({
    uid: entry.uid,
    flags: entry.deleted ? [...entry.message.flags, '\\Deleted'] : [...entry.message.flags],
    emailId: entry.message.emailId,
    threadId: entry.message.threadId,
    labels: [...entry.message.labels],
    internalDate: entry.message.internalDate,
    raw: entry.message.raw,
  });
  const each = (uids: readonly number[], folder: string, act: (entry: Entry, mailbox: Mailbox) => void): void => {
    const mailbox = existing(folder);
    const wanted = new Set(uids);
    for (const entry of mailbox.entries()) if (wanted.has(entry.uid) && !entry.gone) act(entry, mailbox);
    account.changed();
  };
  const mark = (uids: readonly number[], flags: readonly string[], folder: string, mode: 'add' | 'remove'): void =>
    each(uids, folder, (entry, mailbox) => {
      changeFlags(entry, mode, flags);
      account.rules.flagsChanged(entry, mailbox);
    });
  const recreate = (folder: string, sameUidValidity: boolean): void => {
    const old = existing(folder);
    if (gmail !== null && (old.name === 'INBOX' || old.attributes.some((name) => !name.startsWith('\\Has')))) {
      throw new Error('Gmail: only user labels can be made again');
    }
    account.drop(old);
    account.create(old.name, old.attributes, sameUidValidity ? old.uidValidity : account.nextUidValidity());
    account.changed();
  };
  return {
    user: account.user,
    gmail: gmail?.settings ?? null,
    get throttled() {
      return account.throttled;
    },
    set throttled(value: boolean) {
      account.throttled = value;
    },
    get bandwidthLeft() {
      return account.bandwidthLeft;
    },
    set bandwidthLeft(value: number | null) {
      account.bandwidthLeft = value;
    },
    get connections() {
      return account.connections;
    },
    deliver(raw, delivery = {}) {
      const folder = delivery.folder ?? 'INBOX';
      const labels = delivery.labels ?? [];
      const mailbox = lookUp(folder) ?? account.create(folder, ['\\HasNoChildren']);
      for (const label of labels) if (!account.mailboxes.has(label)) account.create(label, ['\\HasNoChildren']);
      const internalDate = new Date(Math.floor((delivery.internalDate ?? new Date()).getTime() / 1000) * 1000);
      const entry = deliver(account, mailbox, raw, { internalDate, flags: delivery.flags ?? [], labels });
      account.changed();
      return describe(entry);
    },
    folders: () =>
      [...account.mailboxes.values()].filter((mailbox) => mailbox.selectable).map((mailbox) => mailbox.name),
    path: (folder) => existing(folder).name,
    uidValidity: (folder = 'INBOX') => existing(folder).uidValidity,
    messages: (folder = 'INBOX') => existing(folder).entries().map(describe),
    flag: (uids, flags, folder = 'INBOX') => mark(uids, flags, folder, 'add'),
    unflag: (uids, flags, folder = 'INBOX') => mark(uids, flags, folder, 'remove'),
    expunge: (uids, folder = 'INBOX') => each(uids, folder, (entry, mailbox) => account.rules.expunge(entry, mailbox)),
    createFolder(folder, options = {}) {
      if (account.mailboxes.has(folder)) throw new Error(`mailbox ${folder} exists`);
      account.create(folder, options.attributes ?? [], options.uidValidity);
    },
    deleteFolder(folder) {
      account.drop(existing(folder));
      account.changed();
    },
    recreateFolder: (folder, options) => recreate(folder, options.sameUidValidity),
    changeUidValidity(folder = 'INBOX') {
      const mailbox = existing(folder);
      mailbox.uidValidity = account.nextUidValidity();
      mailbox.renumber(1, false);
      mailbox.life += 1;
      account.changed();
    },
    renumber(folder = 'INBOX', options = {}) {
      const mailbox = existing(folder);
      mailbox.renumber(options.start ?? mailbox.uidNext, options.reverse ?? false);
    },
  };
}
