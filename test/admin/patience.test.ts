// How long a job that comes nowhere is tried: a day of failing, and the rests that a provider names do not count.

import { expect, it } from 'vitest';
import { runTurn, type TurnOutcome } from '../../src/admin/engine.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { loginOf } from '../../src/config.ts';
import { MaildrainError } from '../../src/errors.ts';
import { enqueueJob } from '../../src/store/admin-jobs.ts';
import type { Database } from '../../src/store/pool.ts';
import { type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { counting, engine, enqueue, jobRow, storeForJobs } from './fake-jobs.ts';
import { planFor } from './turns.ts';

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

/** A job on all that the INBOX has. */
async function moveOf({ database, mailbox }: Scene, kind: 'move' | 'copy', args: object): Promise<string> {
  const words = { ...args };
  const plan = await planFor(database, mailbox, kind, { folder: 'INBOX', args: words });
  return enqueueJob(database.sql, {
    kind,
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    planId: plan.id,
    criteria: { all: true },
    args: words,
    total: plan.messages,
    requestedBy: 'ann',
  });
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

  it.each([
    ['move', 'UID MOVE'],
    ['copy', 'UID COPY'],
  ] as const)(
    'ends for a %s whose command always loses the line, although each try waits till the server is done',
    async (kind, command) => {
      const there = await scene();
      const { database, mailbox } = there;
      there.deliver(3);
      there.account.createFolder('Done');
      const args = { to: 'Done' };
      const id = await moveOf(there, kind, args);
      there.server.onCommand = ({ name }) => (name === command ? { drop: 'before' } : undefined);
      const options = engine(database, jobOf(kind), {}, [mailbox]);
      const turn = (): Promise<TurnOutcome> => runTurn(options, id, never);
      const later = (ms: number): Promise<unknown> =>
        there.rows(
          `update maildrain.admin_job set not_before = null, failing_since = failing_since - make_interval(secs => $1),
           cursor = jsonb_set(cursor, '{begun,at}', '"2026-01-01T00:00:00.000Z"')`,
          [ms / 1000],
        );
      expect(await turn()).toMatchObject({ outcome: 'again' });
      await later(23 * HOUR);
      expect(await turn()).toMatchObject({ outcome: 'again' });
      await later(2 * HOUR);
      expect(await turn()).toEqual({ outcome: 'ended', state: 'failed' });
      expect(await jobRow(database, id)).toMatchObject({ errorCode: 'CONNECTION_LOST' });
      expect(there.left()).toHaveLength(3);
    },
  );

  it('ends at once for a folder that the server does not make', async () => {
    const there = await scene();
    const { database, mailbox } = there;
    there.deliver(3);
    const args = { to: 'Done', create: true };
    const id = await moveOf(there, 'move', args);
    there.server.onCommand = ({ name }) =>
      name === 'CREATE' ? { reply: 'NO [CANNOT] Not below this name' } : undefined;
    const options = engine(database, jobOf('move'), {}, [mailbox]);
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'ended', state: 'failed' });
    const { errorCode, error } = await jobRow(database, id);
    expect(errorCode).toBe('TARGET_MISSING');
    expect(error).toContain('"Done" ("Not below this name")');
    expect(there.left()).toHaveLength(3);
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
