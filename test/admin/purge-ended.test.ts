// A purge of a folder that no drain is about ends before it is done: nothing is owed for ever, and a purge that follows takes it up.

import { describe, expect, it } from 'vitest';
import { loginOf } from '../../src/config.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { cancelJob, enqueueJob, finishJob, saveStep } from '../../src/store/admin-jobs.ts';
import { type Dropped, dropPartition, expiredPartitions, type Partition } from '../../src/store/retention.ts';
import { drainOnce, expectSameMail, letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { storedRun } from './stored-turns.ts';
import { type JobRun, planned } from './turns.ts';

const KEEP = { raw: null, messages: null, reports: null, events: null, runs: null, audit: null, ledger: null };
const DAY = 24 * 60 * 60_000;

/** Three messages there, and a purge whose line is cut at the first such command. */
async function cutPurge(
  there: Scene,
  folder: string,
  command: string,
  drop: 'before' | 'after-effect',
  args: Record<string, unknown> = {},
): Promise<{ job: JobRun; mail: Buffer[] }> {
  if (folder !== 'INBOX' && !there.account.folders().includes(folder)) there.account.createFolder(folder);
  const mail = Array.from({ length: 3 }, () => letter());
  for (const raw of mail) there.account.deliver(raw, { folder });
  const job = await planned(there.database, there.mailbox, 'purge', { folder, args });
  let cut = 0;
  there.server.onCommand = ({ name }) => (name === command && cut++ === 0 ? { drop } : undefined);
  expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
  return { job, mail };
}

/** Two messages that were drained and put back, and a purge of them whose line is cut at the first such command. */
async function purgeOfRestored(
  folder: string,
  command: string,
  drop: 'before' | 'after-effect',
  args: Record<string, unknown> = {},
  isGmail = false,
): Promise<{ there: Scene; job: JobRun; mail: Buffer[] }> {
  const there = await scene(
    isGmail ? { gmail: {} } : {},
    isGmail ? { dispose: { kind: 'delete', forever: true } } : {},
  );
  if (folder !== 'INBOX') there.account.createFolder(folder);
  const mail = there.deliver(2);
  await there.drain();
  await (await storedRun(there.database, there.mailbox, 'restore', { args: { folder } })).toTheEnd();
  const job = await planned(there.database, there.mailbox, 'purge', { folder, args });
  let cut = 0;
  there.server.onCommand = ({ name }) => (name === command && cut++ === 0 ? { drop } : undefined);
  expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
  return { there, job, mail };
}

/** The row that the job has, as the engine's own would be. */
async function rowOf({ database, mailbox }: Scene, { plan, cursor, done, counts }: JobRun): Promise<string> {
  const id = await enqueueJob(database.sql, {
    kind: 'purge',
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    planId: plan.id,
    criteria: null,
    args: plan.args,
    total: plan.messages,
    requestedBy: 'test',
  });
  await saveStep(database.sql, id, cursor, { done, counts, notes: [] });
  return id;
}

const statesOf = async (there: Scene): Promise<string[]> =>
  (await there.ledger()).map(({ state, reason }) => `${state} ${reason}`);

/** Months of octets that are to go, some months from now. */
function expired({ database }: Scene): Promise<Partition[]> {
  return expiredPartitions(database.sql, { ...KEEP, raw: DAY }, new Date(Date.now() + 70 * DAY));
}

async function owed(there: Scene): Promise<number> {
  return (await expired(there)).reduce((sum, month) => sum + month.owed, 0);
}

describeWith('postgres', 'a purge that ended', () => {
  describe.each(['cancelled', 'failed', 'partial'] as const)('(%s)', (state) => {
    it('owes nothing in a folder that is not drained; the next one stores again what has expired, and takes it', async () => {
      const there = await scene();
      const { job, mail } = await cutPurge(there, 'Archive', 'UID STORE', 'before');
      const id = await rowOf(there, job);
      expect(await statesOf(there)).toEqual(mail.map(() => 'pending null'));
      expect(await owed(there)).toBe(3);
      if (state === 'cancelled') expect(await cancelJob(there.database, id, 'ann')).toMatchObject({ state });
      else await finishJob(there.database.sql, id, { state, error: null });
      expect(await statesOf(there)).toEqual(mail.map(() => 'kept purge'));
      expect(await owed(there)).toBe(0);
      await there.rows('truncate maildrain.raw');
      const next = await planned(there.database, there.mailbox, 'purge', { folder: 'Archive' });
      await next.toTheEnd();
      expect(next.counts).toEqual({ disposed: 3, stored: 3 });
      expectSameMail(await there.stored(), mail);
      expect(there.left('Archive')).toEqual([]);
      expect(await statesOf(there)).toEqual(mail.map(() => 'disposed delete'));
    });
  });

  it('leaves what it owes to the drain of its folder', async () => {
    const there = await scene();
    expect(await there.drain()).toMatchObject({ outcome: 'done' });
    const { job, mail } = await cutPurge(there, 'INBOX', 'UID STORE', 'before');
    await cancelJob(there.database, await rowOf(there, job), 'ann');
    expect(await statesOf(there)).toEqual(mail.map(() => 'pending null'));
    expect(await there.drain()).toMatchObject({ adopted: 3, disposed: 3 });
  });

  it('and is done owes and keeps nothing', async () => {
    const there = await scene();
    const { job, mail } = await cutPurge(there, 'Archive', 'UID STORE', 'before');
    const id = await rowOf(there, job);
    await job.toTheEnd();
    await finishJob(there.database.sql, id, { state: 'done', error: null });
    expect(await statesOf(there)).toEqual(mail.map(() => 'disposed delete'));
  });

  it.each([false, true])(
    'and goes on finds in Trash what it had moved, unless its octets are gone meanwhile (%s)',
    async (expired) => {
      const there = await scene({ gmail: {} });
      const { job, mail } = await cutPurge(there, 'Archive', 'UID MOVE', 'after-effect', { forever: true });
      await cancelJob(there.database, await rowOf(there, job), 'ann');
      expect(there.account.messages('\\Trash')).toHaveLength(3);
      if (expired) await there.rows('truncate maildrain.raw');
      await job.toTheEnd();
      expect(there.account.messages('\\Trash')).toHaveLength(expired ? 3 : 0);
      expect(job.counts).toEqual(expired ? { gone: 3 } : { disposed: 3, stored: 3 });
      if (!expired) expectSameMail(await there.stored(), mail);
    },
  );

  it('and goes on owes again what it takes out of Trash: its octets do not expire meanwhile', async () => {
    const there = await scene({ gmail: {} });
    const { job, mail } = await cutPurge(there, 'Archive', 'UID MOVE', 'after-effect', { forever: true });
    await cancelJob(there.database, await rowOf(there, job), 'ann');
    const [month] = await expired(there);
    if (month === undefined) throw new Error('no month expires');
    const dropped: Dropped[] = [];
    there.server.onCommand = async ({ name, folder }) => {
      if (name !== 'UID STORE' || folder === 'Archive') return undefined;
      const pen = await there.database.take();
      dropped.push(await dropPartition(pen.client, month));
      await pen.release();
      return undefined;
    };
    await job.toTheEnd();
    expect(dropped).toEqual(['owed']);
    expect(there.left('\\Trash')).toEqual([]);
    expect(job.counts).toEqual({ disposed: 3, stored: 3 });
    expectSameMail(await there.stored(), mail);
  });

  describe.each(['INBOX', 'Archive'])('and had to take what was put back (%s)', (folder) => {
    it('leaves it to no drain, and to a purge that follows', async () => {
      const { there, mail, job } = await purgeOfRestored(folder, 'UID STORE', 'before');
      await cancelJob(there.database, await rowOf(there, job), 'ann');
      expect((await statesOf(there)).slice(-2)).toEqual(mail.map(() => 'kept restored'));
      expect(await there.drain()).toMatchObject({ adopted: 0, disposed: 0 });
      expect(there.left(folder)).toHaveLength(2);
      const next = await planned(there.database, there.mailbox, 'purge', { folder });
      await next.toTheEnd();
      expect(next.counts).toEqual({ disposed: 2, alreadyStored: 2 });
      expect(there.left(folder)).toEqual([]);
      expectSameMail(await there.stored(), mail);
    });
  });

  it('and had put in Trash what was put back before goes on there', async () => {
    const { there, mail, job } = await purgeOfRestored('INBOX', 'UID MOVE', 'after-effect', { forever: true }, true);
    expect(there.left('\\Trash')).toHaveLength(2);
    await cancelJob(there.database, await rowOf(there, job), 'ann');
    await job.toTheEnd();
    expect(there.left('\\Trash')).toEqual([]);
    expect(job.counts).toEqual({ disposed: 2, alreadyStored: 2 });
    expectSameMail(await there.stored(), mail);
  });

  it('owes nothing either in a folder that a mailbox drained which is no longer configured', async () => {
    const there = await scene();
    there.account.createFolder('Archive');
    await drainOnce(there.database, { ...there.mailbox, name: 'archive', folder: 'Archive' });
    const { job, mail } = await cutPurge(there, 'Archive', 'UID STORE', 'before');
    await cancelJob(there.database, await rowOf(there, job), 'ann');
    expect(await there.ledger()).toMatchObject(
      mail.map(() => ({ mailbox: 'archive', state: 'kept', reason: 'purge' })),
    );
  });
});

describeWith('postgres', 'a purge of a folder that another mailbox of the login drains', () => {
  async function drained(changes: Partial<MailboxConfig>): Promise<{ there: Scene; other: MailboxConfig }> {
    const there = await scene();
    there.account.createFolder('Archive');
    const other: MailboxConfig = { ...there.mailbox, name: 'archive', folder: 'Archive', ...changes };
    there.deliver(3, 'Archive');
    await drainOnce(there.database, other);
    return { there, other };
  }

  it('stores nothing twice', async () => {
    const { there } = await drained({ dispose: { kind: 'keep' } });
    const mail = await there.stored();
    const purge = await planned(there.database, there.mailbox, 'purge', { folder: 'Archive' });
    await purge.toTheEnd();
    expect(purge.counts).toEqual({ disposed: 3, alreadyStored: 3 });
    expectSameMail(await there.stored(), mail);
  });

  it('uses the rows of the one that was drained last where several were, and of a configured one before them', async () => {
    const { there } = await drained({ dispose: { kind: 'keep' }, name: 'former' });
    const later: MailboxConfig = { ...there.mailbox, name: 'later', folder: 'Archive', dispose: { kind: 'keep' } };
    await drainOnce(there.database, later);
    const pick =
      (uid: string): ((other: string) => boolean) =>
      (other) =>
        other === uid;
    const purge = async (mailbox: MailboxConfig, uid: string): Promise<void> => {
      const job = await planned(there.database, mailbox, 'purge', { folder: 'Archive', pick: pick(uid) });
      expect((await job.toTheEnd()).counts).toEqual({ disposed: 1, alreadyStored: 1 });
    };
    await purge(there.mailbox, '1');
    await purge({ ...later, name: 'former' }, '2');
    const taken = (await there.ledger()).filter(({ state }) => state === 'disposed');
    expect(taken.map(({ mailbox, uid }) => [mailbox, uid])).toEqual([
      ['former', '2'],
      ['later', '1'],
    ]);
  });

  it('owes nothing for ever when it is cancelled', async () => {
    const { there, other } = await drained({ dispose: { kind: 'keep' } });
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'Archive' });
    let cut = 0;
    there.server.onCommand = ({ name }) => (name === 'UID STORE' && cut++ === 0 ? { drop: 'before' } : undefined);
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await cancelJob(there.database, await rowOf(there, job), 'ann');
    await there.drain();
    await drainOnce(there.database, other);
    expect((await there.ledger()).filter(({ state }) => state === 'pending')).toEqual([]);
  });
});
