// A job of a mailbox that one host's configuration lacks, as while a new one is on its way to all of them: other hosts get it, and it fails only when
// none has known the mailbox for minutes.

import { expect, it } from 'vitest';
import { runTurn, type TurnOutcome } from '../../src/admin/engine.ts';
import { MaildrainError } from '../../src/errors.ts';
import type { Database } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { counting, engine, enqueue, inbox, jobRow, storeForJobs } from './fake-jobs.ts';

const MINUTE = 60_000;
const never = new AbortController().signal;
const fine = counting(async () => ({}));

/** So much later: a turn on a host that knows the mailbox, or lacks it. */
async function turn(database: Database, id: string, knows: boolean, afterMs = 0, job = fine): Promise<TurnOutcome> {
  await database.sql.query(
    `update maildrain.admin_job set not_before = null, failing_since = failing_since - make_interval(secs => $1)`,
    [afterMs / 1000],
  );
  return runTurn(engine(database, job, {}, knows ? [inbox] : []), id, never);
}

describeWith('postgres', 'a job of a mailbox that a host does not know', () => {
  it('is left to the hosts that know it, soon and with the reason in its row', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 2);
    const left = await turn(database, id, false);
    const at = left.outcome === 'again' ? Number(left.at) - Date.now() : Number.NaN;
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(MINUTE);
    expect(await jobRow(database, id)).toMatchObject({ state: 'queued', errorCode: 'MAILBOX_UNKNOWN', failures: 0 });
    expect(await turn(database, id, true)).toEqual({ outcome: 'ended', state: 'done' });
    expect(await jobRow(database, id)).toMatchObject({ done: 2, errorCode: null });
  });

  it('fails when none has known it for ten minutes', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 1);
    expect(await turn(database, id, false)).toMatchObject({ outcome: 'again' });
    expect(await turn(database, id, false, 9 * MINUTE)).toMatchObject({ outcome: 'again' });
    expect(await turn(database, id, false, MINUTE)).toEqual({ outcome: 'ended', state: 'failed' });
    expect(await jobRow(database, id)).toMatchObject({
      errorCode: 'MAILBOX_UNKNOWN',
      error: 'there is no mailbox "inbox" any more',
    });
  });

  it('has its ten minutes also where it has failed otherwise for hours, and they are no failures of the job', async () => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 1);
    const refused = counting(async () => {
      throw new MaildrainError('COMMAND_REFUSED', 'not now');
    });
    for (let n = 0; n < 2; n++)
      expect(await turn(database, id, true, MINUTE, refused)).toMatchObject({ outcome: 'again' });
    for (let n = 0; n < 3; n++)
      expect(await turn(database, id, false, n === 0 ? 5 * 60 * MINUTE : MINUTE)).toMatchObject({ outcome: 'again' });
    // The third refusal, and not the sixth.
    expect(await turn(database, id, true, 0, refused)).toMatchObject({ outcome: 'again' });
    expect(await jobRow(database, id)).toMatchObject({ errorCode: 'COMMAND_REFUSED', failures: 3 });
  });
});
