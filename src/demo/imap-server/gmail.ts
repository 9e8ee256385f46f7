// Gmail's rules: one stored message, and every label a mailbox (provider-quirks 1.1 to 1.3). A message has a place (All Mail, Trash or
// Spam) and labels; the entries in the mailboxes follow from these two by `sync`. Every operation changes place or labels, then syncs.

import { FOLDER_NAMES, SYSTEM_FOLDERS } from './gmail-names.ts';
import type { GmailOptions } from './options.ts';
import { no } from './parser.ts';
import { type Account, DELIMITER, type Entry, type Mailbox, type Message, type Rules } from './store.ts';

/** The account's settings; a test may change them while the server runs. */
export interface GmailSettings {
  autoExpunge: boolean;
  expungeBehavior: 'archive' | 'trash' | 'deleteForever';
  hideTrash: boolean;
  hideAll: boolean;
  trashLagMs: number;
  maxFolderSize: number | null;
  allMailCountsAsVisible: boolean;
}

export interface Gmail {
  readonly settings: GmailSettings;
  readonly rules: Rules;
  /** X-GM-LABELS as sent: without the label of the selected mailbox (provider-quirks 1.5). */
  wireLabels(message: Message, selected: Mailbox, nameToWire: (name: string) => string): string[];
  /** STORE X-GM-LABELS. Labels are UTF-8 names or `\Inbox`, `\Trash`... */
  storeLabels(message: Message, mode: 'add' | 'remove' | 'set', labels: readonly string[]): void;
}

/** Gives an account Gmail's folders and rules. */
export function makeGmail(account: Account, options: GmailOptions): Gmail {
  const settings: GmailSettings = {
    autoExpunge: options.autoExpunge ?? true,
    expungeBehavior: options.expungeBehavior ?? 'archive',
    hideTrash: options.hideTrash ?? false,
    hideAll: options.hideAll ?? false,
    trashLagMs: options.trashLagMs ?? 0,
    maxFolderSize: options.maxFolderSize ?? null,
    allMailCountsAsVisible: options.allMailCountsAsVisible ?? false,
  };
  const root = options.rootName ?? '[Gmail]';
  const names = FOLDER_NAMES[options.locale ?? 'en'];
  const labelOf = new Map<Mailbox, string>([[account.create('INBOX'), '\\Inbox']]);
  const mailboxOf = new Map<string, Mailbox>([['\\Inbox', account.mailboxes.get('INBOX') ?? account.create('INBOX')]]);
  account.create(root, ['\\Noselect', '\\HasChildren']);
  const system = new Map<string, Mailbox>();
  SYSTEM_FOLDERS.forEach(({ attribute, label }, index) => {
    const mailbox = account.create(`${root}${DELIMITER}${names[index]}`, ['\\HasNoChildren', attribute]);
    system.set(attribute, mailbox);
    if (label !== null) {
      labelOf.set(mailbox, label);
      mailboxOf.set(label, mailbox);
    }
  });
  const all = system.get('\\All');
  const trash = system.get('\\Trash');
  const spam = system.get('\\Junk');

  const labelFor = (mailbox: Mailbox): string => labelOf.get(mailbox) ?? mailbox.name;
  const mailboxFor = (label: string): Mailbox | undefined => mailboxOf.get(label) ?? account.mailboxes.get(label);

  const addLabel = (message: Message, label: string): void => {
    if (label === '\\Starred') message.flags.add('\\Flagged');
    else message.labels.add(label);
  };
  const removeLabel = (message: Message, label: string): void => {
    if (label === '\\Starred') message.flags.delete('\\Flagged');
    else message.labels.delete(label);
  };
  const shownLabels = (message: Message): string[] => {
    const labels = [...message.labels];
    return message.flags.has('\\Flagged') ? [...labels, '\\Starred'] : labels;
  };

  /** Makes the entries follow from place and labels. A label that comes back gets a new UID (provider-quirks 1.7). */
  const sync = (message: Message): void => {
    const wanted = new Set<Mailbox | undefined>();
    if (message.place === 'trash') wanted.add(trash);
    else if (message.place === 'spam') wanted.add(spam);
    else {
      for (const label of shownLabels(message)) wanted.add(mailboxFor(label));
      wanted.add(all);
    }
    for (const [mailbox, entry] of [...message.entries]) if (!wanted.has(mailbox)) mailbox.remove(entry);
    for (const mailbox of wanted) if (mailbox !== undefined && !message.entries.has(mailbox)) mailbox.add(message);
  };

  const erase = (message: Message): void => {
    for (const [mailbox, entry] of [...message.entries]) mailbox.remove(entry);
  };

  const place = (message: Message, target: Mailbox): void => {
    if (target === trash || target === spam) {
      message.place = target === trash ? 'trash' : 'spam';
      message.labels.delete('\\Inbox');
    } else {
      message.place = 'all';
      if (target !== all) addLabel(message, labelFor(target));
    }
    sync(message);
  };

  const entryIn = (message: Message, mailbox: Mailbox): Entry => message.entries.get(mailbox) ?? mailbox.add(message);

  /** The account's expunge behaviour fires when no label is left (provider-quirks 1.2). */
  const leftLastFolder = (message: Message): void => {
    if (shownLabels(message).length > 0 || (settings.allMailCountsAsVisible && !settings.hideAll)) return;
    if (settings.expungeBehavior === 'trash' && trash !== undefined) place(message, trash);
    else if (settings.expungeBehavior === 'deleteForever') erase(message);
  };

  const expunge = (entry: Entry, mailbox: Mailbox): void => {
    const { message } = entry;
    if (mailbox === trash || mailbox === spam) {
      erase(message);
      return;
    }
    if (mailbox !== all) {
      removeLabel(message, labelFor(mailbox));
      sync(message);
    }
    leftLastFolder(message);
  };

  const rules: Rules = {
    visible: (mailbox) => !(settings.hideTrash && mailbox === trash) && !(settings.hideAll && mailbox === all),
    deliver: (message, mailbox) => {
      place(message, mailbox);
      return entryIn(message, mailbox);
    },
    copy: (entry, _source, target) => {
      place(entry.message, target);
      return entryIn(entry.message, target);
    },
    move: (entry, source, target) => {
      const { message } = entry;
      if (source !== target && message.place === 'all') removeLabel(message, labelFor(source));
      place(message, target);
      return entryIn(message, target);
    },
    expunge,
    flagsChanged: (entry, mailbox) => {
      if (entry.deleted && settings.autoExpunge) {
        // Nothing happens to a message that stays, not even the flag (All Mail under "archive").
        entry.deleted = false;
        expunge(entry, mailbox);
      } else if (entry.message.entries.size > 0) sync(entry.message);
    },
    checkNewName: (name) => {
      if (name.startsWith(root)) throw no('[CANNOT] Ignoring hierarchy declaration (Failure)');
      if (/^\s|\s$|\s\s/.test(name)) throw no('[CANNOT] Invalid folder name (Failure)');
    },
    beforeDrop: (mailbox) => {
      for (const entry of [...mailbox.entries()]) {
        removeLabel(entry.message, labelFor(mailbox));
        sync(entry.message);
      }
    },
  };
  account.rules = rules;

  return {
    settings,
    rules,
    wireLabels: (message, selected, nameToWire) =>
      shownLabels(message)
        .filter((label) => label !== labelFor(selected))
        .map((label) => (label.startsWith('\\') ? `"\\${label}"` : nameToWire(label))),
    storeLabels: (message, mode, labels) => {
      if (mode === 'set') message.labels.clear();
      for (const label of labels) {
        const known = [...mailboxOf.keys(), '\\Trash', '\\Spam'].find(
          (name) => name.toLowerCase() === label.toLowerCase(),
        );
        if (known === '\\Trash' && mode !== 'remove') message.place = 'trash';
        else if (known === '\\Spam' && mode !== 'remove') message.place = 'spam';
        else if (mode === 'remove') removeLabel(message, known ?? label);
        else {
          if (known === undefined && !account.mailboxes.has(label)) account.create(label, ['\\HasNoChildren']);
          addLabel(message, known ?? label);
        }
      }
      if (message.place !== 'all') message.labels.delete('\\Inbox');
      sync(message);
    },
  };
}
