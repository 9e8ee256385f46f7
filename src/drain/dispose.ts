// After the commit: ask the server to take the messages away, look again, and write down what was seen. First the effect, then its
// bookkeeping; what is lost in between is found again by the next drain.

import type { MailboxConfig, Session, Target } from '../model.ts';
import { countAlike, type LedgerKey, settleRows } from '../store/ledger.ts';
import type { Sql } from '../store/pool.ts';
import { beginRest } from './gmail-rest.ts';
import { canDispose, copiesElsewhere, markOf } from './policy.ts';
import type { Tally } from './tally.ts';

/** A message whose row is committed. Nothing else is ever disposed. */
export interface Committed {
  readonly key: LedgerKey;
  readonly emailId: string | null;
  /** An earlier drain may have begun to take it away. Null: it cannot have, or its copy could not be recognised. */
  readonly begun?: { readonly size: number; readonly internalDate: Date } | null;
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
  const outcome = await work.session.dispose(await targetsOf(work, owed));
  for (const note of [outcome.why, outcome.note ?? null]) if (note !== null) work.tally.note(note);
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

/** Where a copy may have been made before, with what it looks like; the ledger knows how many others look the same. */
async function targetsOf({ sql, session, login }: DisposeWork, owed: readonly Committed[]): Promise<Target[]> {
  const begun = copiesElsewhere(session.facts) ? owed.filter((message) => (message.begun ?? null) !== null) : [];
  const alike =
    begun.length === 0
      ? []
      : await countAlike(
          sql,
          login,
          begun.map(({ key }) => key.digest),
          owed.map(({ key }) => key),
        );
  return owed.map(({ key, emailId, begun: seen }) => {
    if (begun.length === 0 || seen === null || seen === undefined) return { uid: key.uid, emailId };
    const { size, internalDate } = seen;
    const others = alike.find(
      (row) => row.digest.equals(key.digest) && row.internalDate?.getTime() === internalDate.getTime(),
    );
    return { uid: key.uid, emailId, begun: { digest: key.digest, size, internalDate, others: others?.count ?? 0 } };
  });
}
