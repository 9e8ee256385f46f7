// The account's mailboxes, and finding the ones that matter: by SPECIAL-USE attribute (RFC 6154), never by name, for names are
// localised and a user's own label may be called "Trash".

import type { ListResponse } from 'imapflow';
import { type ErrorCode, MaildrainError, printable } from '../errors.ts';
import type { Connection } from './imap-connect.ts';
import { sessionError } from './imap-errors.ts';

export interface Folder {
  /** As the server spells it, decoded to UTF-8. */
  readonly path: string;
  readonly delimiter: string;
  /** Of the account's own namespace, such as `INBOX.`; imapflow puts it before every name that lacks it. The same for all folders of an account. */
  readonly prefix: string;
  /** Attributes such as `\Noselect`. */
  readonly attributes: readonly string[];
  /** The SPECIAL-USE attribute the server gave, such as `\Trash`; never guessed from the name. */
  readonly specialUse: string | null;
  readonly selectable: boolean;
  /** STATUS (RFC 9051 6.3.11), where it was asked for and the server answered. */
  readonly messages: number | null;
  readonly unseen: number | null;
}

/**
 * All mailboxes of the account, INBOX first.
 *
 * @param counts also asks for STATUS of each, which costs the server a look at every mailbox
 */
export async function listFolders(connection: Connection, counts = false): Promise<Folder[]> {
  const options = counts ? { statusQuery: { messages: true, unseen: true } } : {};
  const listed = await connection.client.list(options).catch((error: unknown) => {
    throw connection.broken() ?? sessionError(error);
  });
  const prefix = connection.client.namespace?.prefix ?? '';
  return listed.map((entry) => toFolder(entry, prefix));
}

/** What an answer to CREATE says of the name, and not of the server. */
const NAME_REFUSED: readonly ErrorCode[] = ['COMMAND_REFUSED', 'AUTHORIZATION_FAILED', 'MAILBOX_MISSING'];

/**
 * Makes a mailbox; one that is there by now is as good as one that was made.
 *
 * @returns its path, which may have got the prefix of the namespace
 * @throws MaildrainError TARGET_MISSING where the server does not make a mailbox of this name
 */
export async function createFolder(connection: Connection, path: string): Promise<string> {
  try {
    return (await connection.client.mailboxCreate(path)).path;
  } catch (thrown) {
    const error = connection.broken() ?? sessionError(thrown);
    if (!NAME_REFUSED.includes(error.code)) throw error;
    const said = error.response === undefined ? '' : ` ("${error.response}")`;
    throw new MaildrainError(
      'TARGET_MISSING',
      `the server does not make a mailbox "${printable(path)}"${said}: make it yourself, or name another one`,
      { cause: error, response: error.response, unlisted: true },
    );
  }
}

function toFolder(entry: ListResponse, prefix: string): Folder {
  const attributes = [...entry.flags];
  return {
    path: entry.path,
    delimiter: entry.delimiter,
    prefix,
    attributes,
    specialUse: entry.specialUseSource === 'extension' && entry.specialUse !== undefined ? entry.specialUse : null,
    selectable: !attributes.some((flag) => /^\\(noselect|nonexistent)$/i.test(flag)),
    messages: entry.status?.messages ?? null,
    unseen: entry.status?.unseen ?? null,
  };
}

/** The path that a name has in CREATE, COPY and MOVE: with the prefix of the personal namespace (RFC 2342), INBOX in any case INBOX. */
export function pathOn({ client }: Connection, name: string): string {
  return withPrefix(client.namespace?.prefix ?? '', name);
}

/** As imapflow does it. INBOX is the same in any case (RFC 9051 5.1), no other name is. */
function withPrefix(prefix: string, name: string): string {
  if (name.toUpperCase() === 'INBOX') return 'INBOX';
  return name.startsWith(prefix) ? name : prefix + name;
}

/** The path of the mailbox with this SPECIAL-USE attribute, or null when the server shows none. */
export function bySpecialUse(folders: readonly Folder[], attribute: string): string | null {
  const wanted = attribute.toLowerCase();
  return folders.find((folder) => folder.specialUse?.toLowerCase() === wanted && folder.selectable)?.path ?? null;
}

/**
 * The path that is open when this configured `folder` is: of two names it tells whether they are one mailbox.
 *
 * @returns null: no mailbox has the attribute
 */
export function openedPath(folders: readonly Folder[], wanted: string): string | null {
  const path = wanted.startsWith('\\') ? bySpecialUse(folders, wanted) : wanted;
  return path === null ? null : withPrefix(folders[0]?.prefix ?? '', path);
}

/**
 * The path that a configured `folder` means: a name, or an attribute such as `\All`.
 *
 * @throws MaildrainError MAILBOX_MISSING
 */
export function resolveFolder(folders: readonly Folder[], wanted: string): string {
  if (!wanted.startsWith('\\')) {
    const found = folders.find((folder) => folder.path === wanted);
    if (found !== undefined && !found.selectable) {
      throw new MaildrainError('MAILBOX_MISSING', `"${wanted}" only holds other mailboxes and cannot be opened`);
    }
    // Not listed is not yet missing: INBOX, and shared mailboxes outside LIST, can be opened all the same.
    return wanted;
  }
  const path = bySpecialUse(folders, wanted);
  if (path === null) {
    throw new MaildrainError(
      'MAILBOX_MISSING',
      `the server shows no mailbox with the attribute ${wanted}; on Gmail a system label can be hidden from IMAP in the settings ("Show in IMAP")`,
    );
  }
  return path;
}
