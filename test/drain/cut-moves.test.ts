// A drain that moves, on servers with and without MOVE, cut at each command: the next drain finishes it. Each message is in the target once, none is
// lost, and what cannot be told apart is rather there once too often.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { drain } from '../../src/drain/drain.ts';
import type { DrainReport } from '../../src/model.ts';
import { quiet } from '../admin/fake-jobs.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { expectSameMail, letter, type Scene, scene } from './scene.ts';

const WHEN = new Date('2024-05-06T07:08:09Z');
const dispose = { kind: 'move', to: 'Done', create: true } as const;

async function mover(move: boolean): Promise<Scene> {
  const there = await scene({ move }, { dispose });
  there.account.createFolder('Done');
  return there;
}

const raws = (there: Scene, folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

/** Letters, one of them without a Message-ID and one of them streamed. */
function deliverSome(there: Scene): Buffer[] {
  const nameless = Buffer.from('From: bea@example.net\r\nSubject: no id\r\n\r\nHello\r\n');
  const mail = [...Array.from({ length: 12 }, () => letter()), nameless, letter(9 * 1024 * 1024), letter()];
  for (const [day, raw] of mail.entries())
    there.account.deliver(raw, { internalDate: new Date(WHEN.getTime() + day * 86_400_000) });
  return mail;
}

function deliverTwins(there: Scene, count: number): Buffer[] {
  const twin = letter();
  return Array.from({ length: count }, () => there.account.deliver(twin, { internalDate: WHEN }).raw);
}

/** Cuts the first command of this name. */
function cutAt(
  there: Scene,
  command: string,
  fault: { drop: 'before' | 'midway' | 'after-effect'; after?: number },
): void {
  let times = 0;
  there.server.onCommand = ({ name, folder }) =>
    name === command && folder === 'INBOX' && times++ === 0 ? fault : undefined;
}

async function cutThenFinished(there: Scene): Promise<DrainReport> {
  expect(await there.drain()).toMatchObject({ outcome: 'failed', error: { code: 'CONNECTION_LOST' } });
  await there.waitOver();
  const report = await there.drain();
  expect(report).toMatchObject({ outcome: 'done', pending: 0 });
  expect(await there.rows("select 1 from maildrain.ledger where state <> 'disposed'")).toEqual([]);
  return report;
}

async function expectMoved(there: Scene, mail: readonly Buffer[]): Promise<void> {
  expectSameMail(raws(there, 'Done'), mail);
  expectSameMail(await there.stored(), mail);
  expect(there.account.messages('Done').flatMap(({ flags }) => flags)).not.toContain('\\Deleted');
}

const DROPS = [
  { drop: 'before' },
  { drop: 'midway', after: 5 },
  { drop: 'midway', after: 14 },
  { drop: 'after-effect' },
] as const;
const cuts = (['UID COPY', 'UID STORE', 'UID EXPUNGE', 'UID MOVE'] as const).flatMap((command) =>
  DROPS.flatMap((fault) => ([false, true] as const).map((anew) => ({ command, anew, ...fault }))),
);

describeWith('postgres', 'a drain that moves and is cut', () => {
  it.each(cuts)('at $command ($drop $after), new UIDVALIDITY: $anew', async ({ command, anew, ...fault }) => {
    const there = await mover(command === 'UID MOVE');
    const mail = deliverSome(there);
    const other = there.account.deliver(letter());
    there.account.flag([other.uid], ['\\Deleted']);
    // Somebody else's mail in the target is nobody's copy.
    const foreign = there.account.deliver(letter(), { folder: 'Done', internalDate: WHEN }).raw;
    cutAt(there, command, fault);
    expect(await there.drain()).toMatchObject({ outcome: 'failed', error: { code: 'CONNECTION_LOST' } });
    if (anew) there.account.changeUidValidity();
    await there.waitOver();
    // A COPY is whole or not at all; one that was done by halves all the same leaves no copy of the rest.
    expect(await there.drain()).toMatchObject({ outcome: 'done', pending: 0 });

    expectSameMail(raws(there, 'INBOX'), [other.raw]);
    expectSameMail(raws(there, 'Done'), [...mail, foreign]);
    expectSameMail(await there.stored(), mail);
    expect(await there.rows("select 1 from maildrain.ledger where state <> 'disposed'")).toEqual([]);
    expect(there.account.messages('Done').flatMap(({ flags }) => flags)).not.toContain('\\Deleted');
    expect(there.said('EXPUNGE')).toEqual([]);
  });

  it.each([1, 2])('after %i of three twins were moved takes their copies for nobody else’s', async (after) => {
    const there = await mover(true);
    const mail = deliverTwins(there, 3);
    cutAt(there, 'UID MOVE', { drop: 'midway', after });
    await cutThenFinished(there);
    await expectMoved(there, mail);
    expect(there.left()).toEqual([]);
    expect(there.said('UID EXPUNGE')).toEqual([]);
  });

  it.each([
    { command: 'UID COPY', drop: 'after-effect' },
    { command: 'UID EXPUNGE', drop: 'before' },
    { command: 'UID EXPUNGE', drop: 'midway', after: 1 },
  ] as const)('with three twins that were copied, at $command ($drop)', async ({ command, ...fault }) => {
    const there = await mover(false);
    const mail = deliverTwins(there, 3);
    cutAt(there, command, fault);
    await cutThenFinished(there);
    await expectMoved(there, mail);
    expect(there.left()).toEqual([]);
    expect(there.said('UID COPY')).toHaveLength(1);
  });

  it('expunges what a MOVE has copied and was cut before it took away', async () => {
    const there = await mover(true);
    const mail = deliverSome(there);
    let times = 0;
    there.server.onCommand = ({ name }) => {
      if (name !== 'UID MOVE' || times++ > 0) return undefined;
      for (const { raw, internalDate } of there.account.messages().slice(0, 8))
        there.account.deliver(raw, { folder: 'Done', internalDate });
      return { drop: 'before' };
    };
    await cutThenFinished(there);
    await expectMoved(there, mail);
    expect(there.left()).toEqual([]);
  });

  it('does not take for a copy what has another date', async () => {
    const there = await mover(false);
    const [raw = Buffer.alloc(0)] = deliverTwins(there, 1);
    there.account.deliver(raw, { folder: 'Done', internalDate: new Date(WHEN.getTime() + 1000) });
    cutAt(there, 'UID COPY', { drop: 'before' });
    await cutThenFinished(there);
    expectSameMail(raws(there, 'Done'), [raw, raw]);
    expect(there.left()).toEqual([]);
  });

  it('does not take the copy of a twin that was moved before for the copy of this one, and says when it cannot tell', async () => {
    const there = await mover(false);
    const [raw = Buffer.alloc(0)] = deliverTwins(there, 1);
    expect(await there.drain()).toMatchObject({ outcome: 'done', disposed: 1 });
    there.account.deliver(raw, { internalDate: WHEN });
    cutAt(there, 'UID COPY', { drop: 'before' });
    const report = await cutThenFinished(there);
    expectSameMail(raws(there, 'Done'), [raw, raw]);
    expect(there.left()).toEqual([]);
    expect(report.notes.join()).toContain('cannot be told whose');
  });

  it('does not trust a copy that somebody has flagged \\Deleted', async () => {
    const there = await mover(false);
    const mail = deliverSome(there);
    cutAt(there, 'UID COPY', { drop: 'after-effect' });
    await there.drain();
    const doomed = there.left('Done').slice(0, 3);
    there.account.flag(doomed, ['\\Deleted'], 'Done');
    await there.waitOver();
    expect(await there.drain()).toMatchObject({ outcome: 'done' });
    there.account.expunge(doomed, 'Done');
    await expectMoved(there, mail);
  });

  it('copies without the mark \\Deleted what it had marked itself', async () => {
    const there = await mover(false);
    const mail = deliverSome(there);
    cutAt(there, 'UID EXPUNGE', { drop: 'before' });
    await there.drain();
    // Somebody empties the target: then nothing there is a copy any more, and what is copied now must last.
    there.account.expunge(there.left('Done'), 'Done');
    await there.waitOver();
    expect(await there.drain()).toMatchObject({ outcome: 'done' });
    await expectMoved(there, mail);
    expect(there.left()).toEqual([]);
  });

  it.each(['EXAMINE', 'UID SEARCH'])(
    'copies once more where the target cannot be looked into (%s), and says so',
    async (name) => {
      const there = await mover(false);
      const mail = deliverTwins(there, 1);
      cutAt(there, 'UID COPY', { drop: 'after-effect' });
      await there.drain();
      await there.waitOver();
      there.server.onCommand = (command) =>
        command.name === name && (name === 'EXAMINE' || command.folder === 'Done')
          ? { reply: 'NO [NOPERM] Permission denied' }
          : undefined;
      const report = await there.drain();
      expect(report).toMatchObject({ outcome: 'done', disposed: 1 });
      expect(report.notes.join()).toContain('cannot be looked into');
      expectSameMail(raws(there, 'Done'), [...mail, ...mail]);
      expect(there.left()).toEqual([]);
    },
  );

  it('gives the server time to come to its end before it looks', async () => {
    const there = await mover(false);
    deliverSome(there);
    cutAt(there, 'UID COPY', { drop: 'after-effect' });
    await there.drain();
    await there.waitOver();
    const before = there.server.events.length;
    const stop = new AbortController();
    const context = {
      ...{ database: there.database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
      settleMs: 60 * 60_000,
    };
    const drained = drain(context, there.mailbox, stop.signal);
    const names = (): string[] => there.server.events.slice(before).map(({ name }) => name);
    await expect.poll(names).toContain('SELECT');
    await sleep(300);
    stop.abort();
    expect(await drained).toMatchObject({ outcome: 'partial', error: null });
    expect(names()).not.toContain('UID FETCH');
  });
});
