// Which of the messages that are to be put back are in the folder already: they were never taken off, or were put back before. Believed is what the
// ledger and earlier restores say; it counts when the server shows the message. What came back by another way is in restore-back.ts. What was sent
// and is nowhere known by its UID is looked for in restore-look.ts.

import { loginOf } from '../config.ts';
import type { MailboxConfig, Session, Uid } from '../model.ts';
import type { AdminSession } from '../source/admin-session.ts';
import type { Sql } from '../store/pool.ts';
import { believedThere, type FolderPlace, mailboxesOf } from '../store/restore.ts';
import { nextPage, type Selection, type StoredFacts, type Stretch } from '../store/stored-mail.ts';
import { CameBack } from './restore-back.ts';
import { foldersDrained } from './restore-place.ts';

/** Messages looked at together: what is known of them is a megabyte or two. */
const WINDOW = 1000;

/** Those of the messages that the folder has, by their id, and where. */
export async function stillThere(
  sql: Sql,
  session: Session,
  place: FolderPlace,
  messages: readonly Pick<StoredFacts, 'id'>[],
): Promise<Map<string, Uid>> {
  const ids = messages.map(({ id }) => id);
  const believed = await believedThere(sql, place, ids);
  const listed = await session.describe([...new Set(believed.map(({ uid }) => uid))]);
  const dates = new Map(listed.map(({ uid, internalDate }) => [uid, internalDate]));
  const there = new Map<string, Uid>();
  for (const { messageId, uid, internalDate } of believed) {
    const date = dates.get(uid);
    // Under the same UID it may be another message, in a folder that was made again within a second.
    if (date === undefined) continue;
    if (date === null || internalDate === null || date.getTime() === internalDate.getTime()) there.set(messageId, uid);
  }
  return there;
}

/** How many of a selection the folder has. Writes nothing. */
export async function countThere(
  sql: Sql,
  { session, folders }: AdminSession,
  mailbox: MailboxConfig,
  selection: Selection,
  stretch: Stretch,
): Promise<number> {
  const { path, uidValidity, exists } = session.facts;
  const login = loginOf(mailbox);
  const { here } = foldersDrained(await mailboxesOf(sql, login), folders, path);
  const place: FolderPlace = { login, folder: path, uidValidity, here };
  // A folder that is drained empty: the usual case, and nothing to look at.
  if (exists === 0) return 0;
  const back = await CameBack.look(sql, session, place);
  let count = 0;
  for (let rest: Stretch | null = stretch; rest !== null; ) {
    const page = await nextPage(sql, selection, rest, WINDOW);
    const there = await stillThere(sql, session, place, page.messages);
    count += there.size + back.count(page.messages.filter(({ id }) => !there.has(id)));
    rest = page.rest;
  }
  return count;
}
