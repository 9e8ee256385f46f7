// After the commit: ask the server to take the messages away, look again, and write down what was seen. First the effect, then its
// bookkeeping; what is lost in between is found again by the next drain.

import type { MailboxConfig, Session } from '../model.ts';
import { type LedgerKey, settleRows } from '../store/ledger.ts';
import type { Sql } from '../store/pool.ts';
import { beginRest } from './gmail-rest.ts';
import { canDispose, markOf } from './policy.ts';
import type { Tally } from './tally.ts';

/** A message whose row is committed. Nothing else is ever disposed. */
export interface Committed {
  readonly key: LedgerKey;
  readonly emailId: string | null;
  /** Its row says `pending`. */
  readonly owed: boolean;
}

interface DisposeWork {
  readonly sql: Sql;
  readonly session: Session;
  readonly mailbox: MailboxConfig;
  readonly login: string;
  readonly tally: Tally;
  resting: boolean;
}

export async function disposeCommitted(work: DisposeWork, committed: readonly Committed[]): Promise<void> {
  const owed = committed.filter((message) => message.owed);
  if (owed.length === 0 || work.resting || !canDispose(work.session.facts)) return;
  const outcome = await work.session.dispose(owed.map(({ key, emailId }) => ({ uid: key.uid, emailId })));
  if (outcome.why !== null) work.tally.note(outcome.why);
  if (outcome.throttled) {
    work.resting = true;
    await beginRest(work.sql, work.login);
  }
  const done = new Set(outcome.done);
  const keys = owed.flatMap(({ key }) => (done.has(key.uid) ? [key] : []));
  const mark = markOf(work.mailbox.dispose);
  await settleRows(work.sql, keys, mark === null ? 'disposed' : 'kept', mark ?? work.mailbox.dispose.kind);
  work.tally.disposed += keys.length;
}
