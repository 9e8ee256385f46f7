// A job that ends in the middle of a slice: its notes and the record say what the slice has done all the same, and a retry counts each message once.

import { expect, it, vi } from 'vitest';
import { runTurn, type TurnOutcome } from '../../src/admin/engine.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { loginOf } from '../../src/config.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { retryJob } from '../../src/store/admin-job-retry.ts';
import { cancelJob, enqueueJob, type Job } from '../../src/store/admin-jobs.ts';
import { letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { engine, jobRow, sleep } from './fake-jobs.ts';
import { planFor } from './turns.ts';

const never = new AbortController().signal;
/** Longer than the engine waits before it looks whether somebody cancels. */
const SEEN_MS = 2_000;

interface Running {
  readonly id: string;
  turn(): Promise<TurnOutcome>;
  row(): Promise<Job>;
  /** Of the record: one for each end. */
  reports(): Promise<Record<string, unknown>[]>;
}

async function running(
  there: Scene,
  kind: AdminJobKind,
  args: Record<string, unknown> = {},
  folder = 'INBOX',
): Promise<Running> {
  const { database, mailbox } = there;
  const plan = kind === 'restore' ? null : await planFor(database, mailbox, kind, { folder, args });
  const id = await enqueueJob(database.sql, {
    kind,
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    planId: plan?.id ?? null,
    criteria: { all: true },
    args,
    total: plan?.messages ?? null,
    requestedBy: 'ann',
  });
  const options = engine(database, jobOf(kind), {}, [mailbox]);
  return {
    id,
    turn: () => runTurn(options, id, never),
    row: () => jobRow(database, id),
    reports: async () =>
      (await there.rows<{ report: Record<string, unknown> }>('select report from maildrain.run order by id'))
        .map(({ report }) => report)
        .filter((report) => report.jobId === id),
  };
}

/** Refuses a command for good from its n-th time on. */
function refusing({ server }: Scene, command: string, nth: number): void {
  let times = 0;
  server.onCommand = ({ name }) =>
    name === command && ++times >= nth ? { reply: 'NO [OVERQUOTA] no room' } : undefined;
}

/** The line breaks before a command is done, from its n-th time on. */
function losing({ server }: Scene, command: string, nth: number): void {
  let times = 0;
  server.onCommand = ({ name }) => (name === command && ++times >= nth ? { drop: 'before' } : undefined);
}

/** Somebody cancels while the server has a command that says so for the n-th time in hand. */
function cancelling(there: Scene, { id }: Running, words: string, nth: number): void {
  let times = 0;
  there.server.onCommand = async ({ name, args }) => {
    if (!`${name} ${args}`.includes(words) || ++times !== nth) return undefined;
    await cancelJob(there.database, id, 'bea');
    await sleep(SEEN_MS);
    return undefined;
  };
}

async function toTheEnd(there: Scene, job: Running): Promise<TurnOutcome> {
  for (let n = 0; n < 20; n++) {
    const turn = await job.turn();
    if (turn.outcome === 'ended') return turn;
    // More than a day goes by.
    await there.rows(
      `update maildrain.admin_job set not_before = null, failing_since = failing_since - interval '30 hours'`,
    );
  }
  throw new Error('it does not end');
}

describeWith('postgres', 'a job that ends within a slice', () => {
  it.each(['cancelled', 'failed'] as const)(
    'says what a purge has stored and taken off, and a retry counts each message once (%s)',
    async (state) => {
      const there = await scene();
      for (let n = 0; n < 450; n++) there.account.deliver(letter());
      const job = await running(there, 'purge');
      if (state === 'cancelled') cancelling(there, job, 'BODY.PEEK[]', 1);
      else losing(there, 'UID EXPUNGE', 2);
      expect(await toTheEnd(there, job)).toEqual({ outcome: 'ended', state });
      const taken = 450 - there.left().length;
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(450);
      const stored = (await there.stored()).length;
      const note = `it ended within a slice of 450 messages, which the counts leave out: ${stored} of them were stored in it, and ${taken} were seen to be gone`;
      expect((await job.row()).notes).toContain(note);
      expect(await job.reports()).toMatchObject([
        { outcome: state, inHand: { messages: 450, stored, disposed: taken }, notes: expect.arrayContaining([note]) },
      ]);

      there.server.onCommand = undefined;
      expect(await retryJob(there.database.sql, job.id, 'cat')).toBe(true);
      expect(await toTheEnd(there, job)).toEqual({ outcome: 'ended', state: 'done' });
      expect(await job.row()).toMatchObject({ done: 450, counts: { disposed: 450, stored: 450 } });
      expect((await job.row()).notes).toEqual([expect.stringContaining('taken up again by cat')]);
      expect((await job.reports())[1]).toMatchObject({ outcome: 'done', inHand: null });
    },
  );

  it('says what a purge has stored also where its last turn had a slower clock than its first', async () => {
    const there = await scene();
    there.deliver(3);
    const job = await running(there, 'purge');
    losing(there, 'UID FETCH', 2);
    expect(await job.turn()).toMatchObject({ outcome: 'again' });
    expect(await there.stored()).toEqual([]);
    losing(there, 'UID STORE', 1);
    await there.rows('update maildrain.admin_job set not_before = null');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60_000 });
    await job.turn().finally(() => vi.useRealTimers());
    await cancelJob(there.database, job.id, 'bea');
    expect((await job.row()).notes).toEqual([
      'it ended within a slice of 3 messages, which the counts leave out: 3 of them were stored in it, and 0 were seen to be gone',
    ]);
  });

  it.each(['cancelled', 'failed'] as const)(
    'says what a restore has put back, and a retry counts and sends each message once (%s)',
    async (state) => {
      const there = await scene();
      there.deliver(20);
      await there.drain();
      const job = await running(there, 'restore');
      if (state === 'cancelled') cancelling(there, job, 'APPEND', 8);
      else refusing(there, 'APPEND', 9);
      expect(await toTheEnd(there, job)).toEqual({ outcome: 'ended', state });
      const back = there.left().length;
      expect(back).toBe(8);
      // The one that is refused is not called put back.
      const onTheWay = state === 'failed' ? 1 : 0;
      expect((await job.row()).notes).toEqual([
        `it ended within a slice, which the counts leave out: 8 of its messages were put back${onTheWay > 0 ? ', and 1 more was on the way' : ''}`,
      ]);
      expect(await job.reports()).toMatchObject([{ inHand: { restored: 8, onTheWay } }]);

      there.server.onCommand = undefined;
      await retryJob(there.database.sql, job.id, 'cat');
      expect(await toTheEnd(there, job)).toEqual({ outcome: 'ended', state: 'done' });
      expect(await job.row()).toMatchObject({ counts: { restored: 20 } });
      expect((await job.row()).notes).toEqual([expect.stringContaining('taken up again by cat')]);
      expect(there.left()).toHaveLength(20);
    },
  );

  it('says how many messages were on the way when the line broke', async () => {
    const there = await scene();
    there.deliver(3);
    await there.drain();
    const job = await running(there, 'restore');
    let times = 0;
    there.server.onCommand = ({ name }) => (name === 'APPEND' && ++times === 2 ? { drop: 'after-effect' } : undefined);
    expect(await job.turn()).toMatchObject({ outcome: 'again' });
    expect(await cancelJob(there.database, job.id, 'bea')).toMatchObject({
      state: 'cancelled',
      notes: [
        'it ended within a slice, which the counts leave out: 1 of its messages were put back, and 1 more was on the way',
      ],
    });
    expect(there.left()).toHaveLength(2);
  });

  it.each([
    ['move', { to: 'Done' }, 'UID MOVE'],
    ['copy', { to: 'Done' }, 'UID COPY'],
    ['flag', { add: ['\\Seen'], remove: [] }, 'UID STORE'],
    ['purge', { store: false, forever: false }, 'UID EXPUNGE'],
    ['empty-trash', {}, 'UID EXPUNGE'],
  ] as const)(
    'says that any message of the slice may be done where nothing says which (%s)',
    async (kind, args, command) => {
      const there = await scene();
      const folder = kind === 'empty-trash' ? 'Trash' : 'INBOX';
      there.deliver(3, folder);
      there.account.createFolder('Done');
      const job = await running(there, kind, args, folder);
      refusing(there, command, 1);
      expect(await toTheEnd(there, job)).toEqual({ outcome: 'ended', state: 'failed' });
      const flags = kind === 'purge' || kind === 'empty-trash';
      const left = `; some may be left flagged \\Deleted: "maildrain undelete inbox --folder '${folder}' --all" brings them back`;
      expect((await job.row()).notes).toEqual([
        `it ended within a slice of 3 messages, which the counts leave out: any of them may be done already, and nothing says which${flags ? left : ''}`,
      ]);
      expect(await job.reports()).toMatchObject([{ inHand: { messages: 3 } }]);
    },
  );

  it('has nothing to add where its slices are all behind it, or none is begun', async () => {
    const there = await scene();
    there.deliver(3);
    const untouched = await running(there, 'purge');
    expect(await cancelJob(there.database, untouched.id, 'bea')).toMatchObject({ notes: [], done: 0 });
    const done = await running(there, 'purge');
    await toTheEnd(there, done);
    expect(await done.row()).toMatchObject({ state: 'done', notes: [], counts: { disposed: 3, stored: 3 } });
    expect((await done.reports()).map(({ inHand }) => inHand)).toEqual([null]);
  });
});
