// A slice on a slow server does not keep a drain of the same login from its turn.

import { describe, expect, it } from 'vitest';
import { runTurn } from '../../src/admin/engine.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { firstPace, nextPace } from '../../src/admin/pace.ts';
import { loginOf } from '../../src/config.ts';
import { enqueueJob } from '../../src/store/admin-jobs.ts';
import { lockLoginForDrain } from '../../src/store/lock.ts';
import { expectSameMail, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { jobRow, quiet, sleep } from './fake-jobs.ts';
import { planFor } from './turns.ts';

const MB = 1024 * 1024;
const never = new AbortController().signal;

describe('the pace of a plan', () => {
  it.each([
    { messages: 5000, bytes: 5000 * 4000, first: 100 },
    { messages: 10, bytes: 10 * 16 * MB, first: 2 },
    { messages: 10, bytes: 10 * 100 * MB, first: 1 },
    { messages: 0, bytes: 0, first: 100 },
  ])('begins by the size of its messages: %o', ({ first, ...plan }) => {
    expect(firstPace(plan)).toBe(first);
  });

  it('follows the server, and neither stands still nor outgrows a command', () => {
    expect(nextPace(100, 50)).toBe(200);
    expect(nextPace(400, 50)).toBe(500);
    expect(nextPace(100, 4000)).toBe(100);
    expect(nextPace(100, 3000)).toBe(133);
    expect(nextPace(100, 40_000)).toBe(10);
    expect(nextPace(1, 600_000)).toBe(1);
  });
});

/** How many messages a command is about. */
function countOf(args: string): number {
  const [set = ''] = args.split(' ');
  return set.split(',').reduce((sum, range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return sum + last - first + 1;
  }, 0);
}

describeWith('postgres', 'a job on a server that moves slowly', () => {
  it.each([
    { kind: 'move', args: { to: 'Done', create: true }, command: 'UID MOVE', counted: 'moved' },
    { kind: 'copy', args: { to: 'Done', create: true }, command: 'UID COPY', counted: 'copied' },
    { kind: 'flag', args: { add: ['\\Seen'] }, command: 'UID STORE', counted: 'flagged' },
    { kind: 'purge', args: { store: false }, command: 'UID EXPUNGE', counted: 'disposed' },
  ] as const)(
    '$kind: a drain that waits has the login long before it gives up',
    async ({ kind, args, command, counted }) => {
      const there = await scene();
      const mail = there.deliver(700);
      const { database, mailbox } = there;
      const plan = await planFor(database, mailbox, kind, { folder: 'INBOX', args });
      const id = await enqueueJob(database.sql, {
        kind,
        mailbox: mailbox.name,
        login: loginOf(mailbox),
        planId: plan.id,
        criteria: { all: true },
        args,
        total: 700,
        requestedBy: 'ann',
      });
      let slow = 50;
      const asked: number[] = [];
      there.server.onCommand = ({ name, args: said }) => {
        if (name !== command) return undefined;
        asked.push(countOf(said));
        return { delayMs: slow * countOf(said) };
      };
      const context = { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet };
      const options = { context, jobOf, mailboxes: () => [mailbox] };
      const turn = runTurn(options, id, never);
      await until('the server is asked', () => asked.length > 0);
      const pen = await database.take();
      const start = Date.now();
      expect(await lockLoginForDrain(pen.client, loginOf(mailbox), 25_000)).toBe(true);
      expect(Date.now() - start).toBeLessThan(14_000);
      expect(await turn).toEqual({ outcome: 'again', at: null });
      await pen.release();
      const { done } = await jobRow(database, id);
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThan(700);

      slow = 0;
      for (let turns = 0; turns < 20 && (await runTurn(options, id, never)).outcome !== 'ended'; turns++)
        await sleep(10);
      expect(await jobRow(database, id)).toMatchObject({ state: 'done', counts: { [counted]: 700 } });
      if (kind === 'move' || kind === 'copy')
        expectSameMail(
          there.account.messages('Done').map(({ raw }) => raw),
          mail,
        );
      // Quick again, it takes more at once.
      expect(Math.max(...asked)).toBeLessThanOrEqual(500);
      expect(asked.at(-1)).toBeGreaterThan(50);
    },
  );
});
