// How long a job that comes nowhere is tried: a day of failing, and the rests that a provider names do not count.

import { expect, it } from 'vitest';
import { runTurn, type TurnOutcome } from '../../src/admin/engine.ts';
import { MaildrainError } from '../../src/errors.ts';
import type { Database } from '../../src/store/pool.ts';
import { describeWith } from '../support/fresh.ts';
import { counting, engine, enqueue, storeForJobs } from './fake-jobs.ts';

const HOUR = 60 * 60 * 1000;
const never = new AbortController().signal;
const lost = new MaildrainError('CONNECTION_LOST', 'the line broke');
const throttled = new MaildrainError('SERVER_THROTTLED', '[THROTTLED]', { retryAfterMs: 24 * HOUR });

/** A turn that fails so, after so much time has passed. */
async function failing(database: Database, id: string, afterMs: number, error: MaildrainError): Promise<TurnOutcome> {
  await database.sql.query(
    `update maildrain.admin_job set not_before = null, failing_since = failing_since - make_interval(secs => $1)`,
    [afterMs / 1000],
  );
  const job = counting(async () => {
    throw error;
  });
  return runTurn(engine(database, job), id, never);
}

describeWith('postgres', 'the patience with a job', () => {
  it.each([
    ['the rest is the first that goes wrong', []],
    ['the line has broken for hours before it', [0, 5 * HOUR]],
  ])("goes on when Gmail's rest is over and the line breaks then (%s)", async (_, before) => {
    const { database } = await storeForJobs();
    const id = await enqueue(database, 1);
    for (const ms of before) await failing(database, id, ms, lost);
    const rest = await failing(database, id, 60_000, throttled);
    expect(rest).toMatchObject({ outcome: 'again' });
    expect(await failing(database, id, 25 * HOUR, lost)).toMatchObject({ outcome: 'again' });
    // A second rest.
    expect(await failing(database, id, HOUR, throttled)).toMatchObject({ outcome: 'again' });
    expect(await failing(database, id, 25 * HOUR, lost)).toMatchObject({ outcome: 'again' });
    expect(await failing(database, id, 25 * HOUR, lost)).toEqual({ outcome: 'ended', state: 'failed' });
  });

  it.each(['MAILBOX_MISSING', 'TARGET_MISSING', 'COMMAND_REFUSED'] as const)(
    'ends when a server has said %s four times in a row, for then it is so',
    async (code) => {
      const { database } = await storeForJobs();
      const id = await enqueue(database, 1);
      const error = new MaildrainError(code, 'said by the server');
      for (let n = 0; n < 3; n++)
        expect(await failing(database, id, 60_000, error)).toMatchObject({ outcome: 'again' });
      expect(await failing(database, id, 60_000, error)).toEqual({ outcome: 'ended', state: 'failed' });
    },
  );
});
