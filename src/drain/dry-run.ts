// What a drain would do, without doing it: the mailbox is opened for reading only, nothing is fetched, nothing is written.

import { loginOf } from '../config.ts';
import { asMaildrainError } from '../errors.ts';
import type { DrainReport, Listing, MailboxConfig, Session } from '../model.ts';
import { resolveSecret } from '../secrets.ts';
import { checkMailbox } from '../source/check.ts';
import { openImap } from '../source/imap-session.ts';
import { isRestored, rowsFor } from '../store/ledger.ts';
import { findMailbox, type MailboxRow } from '../store/mailboxes.ts';
import type { Database } from '../store/pool.ts';
import { isDue, isSatisfied } from './policy.ts';
import { Tally } from './tally.ts';

const WINDOW = 2000;

/** Counts of a dry run, and as its error what would stand in a drain's way: `fetched` and `bytes` are what would be asked for, `held` what would be set aside. Never throws. */
export async function dryRun(database: Database, mailbox: MailboxConfig, signal: AbortSignal): Promise<DrainReport> {
  const tally = new Tally();
  try {
    const password = await resolveSecret(mailbox.imap.password);
    const check = await checkMailbox(mailbox, password);
    const [problem = null, ...others] = check.problems;
    for (const { code, message } of others) tally.note(`${code}: ${message}`);
    // A login that was refused is not tried twice.
    if (check.facts === null) return tally.report(mailbox.name, 'failed', null, problem);
    if (check.disposal !== null) tally.note(`after storing: ${check.disposal}`);
    const session = await openImap({ ...mailbox, dispose: { kind: 'keep' } }, { password, readOnly: true, signal });
    try {
      const row = await findMailbox(database.sql, {
        name: mailbox.name,
        login: loginOf(mailbox),
        folder: mailbox.folder,
      });
      await count(database, mailbox, session, await session.list(), row, tally);
    } finally {
      await session.close();
    }
    return tally.report(mailbox.name, 'dry-run', null, problem);
  } catch (error) {
    return tally.report(mailbox.name, 'failed', null, asMaildrainError(error));
  }
}

async function count(
  database: Database,
  mailbox: MailboxConfig,
  session: Session,
  listing: Listing,
  row: MailboxRow | null,
  tally: Tally,
): Promise<void> {
  const now = new Date();
  tally.listed = listing.uids.length + listing.deleted.length;
  tally.skipped = listing.deleted.length;
  let waiting = 0;
  for (let from = 0; from < listing.uids.length; from += WINDOW) {
    const uids = listing.uids.slice(from, from + WINDOW);
    const rows = row === null ? [] : await rowsFor(database.sql, row.id, session.facts.uidValidity, uids);
    for (const r of rows) if (isRestored(r)) tally.restored(r.uid);
    const settled = new Set(
      rows.flatMap((r) =>
        (r.state === 'held' && !r.released) || (r.state === 'kept' && isSatisfied(mailbox, r, now)) ? [r.uid] : [],
      ),
    );
    for (const listed of await session.describe(uids.filter((uid) => !settled.has(uid)))) {
      if (listed.size > mailbox.sizeLimit) tally.held++;
      else {
        tally.fetched++;
        tally.bytes += listed.size;
        if (!isDue(mailbox, listed.internalDate, now)) waiting++;
      }
    }
  }
  if (waiting > 0) tally.note(`${waiting} of them are not old enough yet and would stay on the server for now`);
}
