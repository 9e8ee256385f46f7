// Mail that is in the folder again although nobody restored it: a move, an `undelete` or another client has brought it back, and no drain has met it
// since. Nothing is known of its UID, but it has the size, the INTERNALDATE and the octets of what is stored. Putting it back would double it.

import type { Listed, Session, Uid } from '../model.ts';
import type { Sql } from '../store/pool.ts';
import { appendedDate, type FolderPlace, takenUids } from '../store/restore.ts';
import type { StoredFacts } from '../store/stored-mail.ts';
import { candidates } from './restore-look.ts';

/** Messages described at once. */
const WINDOW = 1000;

export class CameBack {
  /** By what a copy of a message shares with it, and hardly any other does. */
  readonly #unknown = new Map<string, Listed[]>();

  /** Looks at all that the folder has and that nothing is known of. What is flagged \Deleted is on its way out, and not back. */
  static async look(sql: Sql, session: Session, place: FolderPlace): Promise<CameBack> {
    const found = new CameBack();
    const { uids } = await session.list();
    for (let at = 0; at < uids.length; at += WINDOW) {
      const window = uids.slice(at, at + WINDOW);
      const taken = await takenUids(sql, place, window);
      for (const listed of await session.describe(window.filter((uid) => !taken.has(uid)))) found.#add(listed);
    }
    return found;
  }

  #add(listed: Listed): void {
    if (listed.internalDate === null) return;
    const key = keyOf(listed.size, listed.internalDate);
    const there = this.#unknown.get(key);
    if (there === undefined) this.#unknown.set(key, [listed]);
    else there.push(listed);
  }

  /** How many of these messages seem to be back, their octets unread. Each copy counts for one message. */
  count(messages: readonly StoredFacts[]): number {
    return messages.filter((message) => this.#unknown.get(keyOfStored(message))?.pop() !== undefined).length;
  }

  /** Those of the messages that are back, octet for octet. Each copy is one message. */
  async find(session: Session, messages: readonly StoredFacts[]): Promise<Map<string, Listed>> {
    const found = new Map<string, Listed>();
    const open = messages.filter((message) => this.#unknown.has(keyOfStored(message)));
    const alike = new Map<Uid, Listed>();
    for (const message of open)
      for (const listed of this.#unknown.get(keyOfStored(message)) ?? []) alike.set(listed.uid, listed);
    for await (const { uid, digest } of candidates(session, [...alike.values()])) {
      const listed = alike.get(uid);
      const message = open.find((each) => !found.has(each.id) && each.digest.equals(digest));
      if (message === undefined || listed === undefined) continue;
      found.set(message.id, listed);
      const key = keyOfStored(message);
      this.#unknown.set(
        key,
        (this.#unknown.get(key) ?? []).filter((each) => each !== listed),
      );
    }
    return found;
  }
}

function keyOfStored(message: StoredFacts): string {
  return keyOf(message.size, appendedDate(message));
}

/** IMAP has whole seconds (RFC 9051 9, `date-time`). */
function keyOf(size: number, date: Date): string {
  return `${size} ${Math.floor(date.getTime() / 1000)}`;
}
