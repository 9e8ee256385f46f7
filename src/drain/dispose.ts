// After the commit: ask the server to take the messages away, look again, and write down what was seen. First the effect, then its
// bookkeeping; what is lost in between is found again by the next drain.

import type { MailboxConfig, Session, Uid } from '../model.ts';
import { type LedgerKey, settleRows } from '../store/ledger.ts';
import type { Sql } from '../store/pool.ts';
import { beginRest } from './gmail-rest.ts';
import { canDispose, markOf } from './policy.ts';
import { disposeRest, type Refusals } from './refusals.ts';
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
  readonly refusals: Refusals;
  resting: boolean;
}

/** What the server has done with messages that were committed, and Postgres does not know yet. */
export interface Disposed {
  readonly keys: readonly LedgerKey[];
  readonly throttled: boolean;
  /** Gmail's `forever`: seen in Trash, and not expunged there. */
  readonly inTrash: ReadonlySet<Uid>;
}

const NOTHING: Disposed = { keys: [], throttled: false, inTrash: new Set() };

export async function disposeCommitted(work: DisposeWork, committed: readonly Committed[]): Promise<void> {
  await writeDisposed(work, await disposeOnServer(work, committed));
}

/** The half that is the server's. Nothing is written, so that a transaction may be under way meanwhile. */
export async function disposeOnServer(work: DisposeWork, committed: readonly Committed[]): Promise<Disposed> {
  const owed = committed.filter((message) => message.owed);
  if (owed.length === 0 || work.resting || !canDispose(work.session.facts)) return NOTHING;
  const targets = owed.map(({ key, emailId }) => ({ uid: key.uid, emailId }));
  const outcome = await disposeRest(work.session, targets, work.refusals);
  work.tally.note(outcome.why);
  if (outcome.throttled) work.resting = true;
  const done = new Set(outcome.done);
  const keys = owed.flatMap(({ key }) => (done.has(key.uid) ? [key] : []));
  return { keys, throttled: outcome.throttled, inTrash: new Set(outcome.inTrash) };
}

/** The half that is the ledger's. */
export async function writeDisposed(work: DisposeWork, { keys, throttled }: Disposed): Promise<void> {
  if (throttled) await beginRest(work.sql, work.login);
  const mark = markOf(work.mailbox.dispose);
  await settleRows(work.sql, keys, mark === null ? 'disposed' : 'kept', mark ?? work.mailbox.dispose.kind);
  work.tally.disposed += keys.length;
}
