// Which configured mailboxes drain the folder that mail is put back into: they must know of it, or the next drain would take it away again. Pure.

import { type Folder, openedPath } from '../source/folders.ts';

/** Mailboxes of a login by whether they drain this folder. */
export interface FoldersDrained {
  readonly here: readonly number[];
  readonly elsewhere: readonly number[];
}

export function foldersDrained(
  mailboxes: readonly { readonly id: number; readonly folder: string }[],
  folders: readonly Folder[],
  path: string,
): FoldersDrained {
  const here = openedPath(folders, path);
  const isHere = ({ folder }: { readonly folder: string }): boolean => openedPath(folders, folder) === here;
  return {
    here: mailboxes.filter(isHere).map(({ id }) => id),
    elsewhere: mailboxes.filter((mailbox) => !isHere(mailbox)).map(({ id }) => id),
  };
}
