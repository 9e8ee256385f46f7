// Asking an open IMAP mailbox, shared by imap-session.ts, imap-dispose.ts and gmail.ts: a search whose empty answer is an answer, and
// the error behind imapflow's `false`.

import type { MaildrainError } from '../errors.ts';
import type { MailboxConfig, SessionFacts, Uid } from '../model.ts';
import type { Folder } from './folders.ts';
import type { Connection } from './imap-connect.ts';
import { sessionError } from './imap-errors.ts';
import { uidSets } from './uid-set.ts';

/** What one connection knows while it lives. */
export interface ImapState {
  readonly connection: Connection;
  readonly mailbox: MailboxConfig;
  readonly folders: readonly Folder[];
  readonly facts: SessionFacts;
  /** UIDs that were handed to dispose in this session: committed, every one of them. */
  readonly ours: Set<Uid>;
}

/** UID SEARCH, ascending. An empty answer and no answer are never confused. */
export async function search(state: ImapState, query: Record<string, unknown>): Promise<Uid[]> {
  const { client } = state.connection;
  const found = await client.search(query, { uid: true }).catch((error: unknown) => {
    throw state.connection.broken() ?? sessionError(error);
  });
  if (!Array.isArray(found)) throw refused(state, 'UID SEARCH');
  return found.sort((a, b) => a - b).map(String);
}

/** The error behind a `false`: a broken line, else the server's refusal. */
export function refused(state: ImapState, command: string): MaildrainError {
  const broken = state.connection.broken();
  if (broken !== null) return broken;
  const refusal = state.connection.takeRefusal();
  return sessionError({
    responseStatus: 'NO',
    responseText: refusal === null ? `${command} was not carried out` : `${command}: ${refusal.text}`,
    serverResponseCode: refusal?.code ?? '',
  });
}

/** Which of these UIDs the open mailbox still has. */
export async function present(state: ImapState, uids: readonly Uid[]): Promise<Set<Uid>> {
  const there = new Set<Uid>();
  for (const set of uidSets(uids)) for (const uid of await search(state, { uid: set.text })) there.add(uid);
  return there;
}
