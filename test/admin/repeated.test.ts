// A slice whose line was lost and that is begun again, of a move or a copy above all, on the scripted server: the session before may have done all of it, or may still be at
// it, as Dovecot's is. Nothing is there twice, nothing is lost, and where that cannot be helped it is said.

import { expect, it, vi } from 'vitest';
import type { ImapServerOptions } from '../../src/demo/imap-server/options.ts';
import { expectSameMail, letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { type JobRun, planned, sourceFor } from './turns.ts';

const raws = (there: Scene, folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);

async function filled(options: Partial<ImapServerOptions>, mail: readonly Buffer[]): Promise<Scene> {
  const there = await scene(options);
  for (const raw of mail) there.account.deliver(raw);
  there.account.createFolder('Done');
  return there;
}

const jobOn = (there: Scene, kind: 'move' | 'copy', args = {}): Promise<JobRun> =>
  planned(there.database, there.mailbox, kind, { folder: 'INBOX', args: { to: 'Done', ...args } });

/** What the session before does while the slice is repeated: its copies show in the target, and the originals are still shown to us. */
function stillAtIt(there: Scene, also: readonly Buffer[] = []): void {
  let times = 0;
  there.server.onCommand = ({ name, folder }) => {
    if ((name !== 'UID MOVE' && name !== 'UID COPY') || folder !== 'INBOX') return undefined;
    times++;
    if (times === 1) return { drop: 'before' };
    if (times === 2)
      for (const raw of [...raws(there, 'INBOX'), ...also]) there.account.deliver(raw, { folder: 'Done' });
    return undefined;
  };
}

const letters = (count: number): Buffer[] => Array.from({ length: count }, () => letter());

describeWith('postgres', 'a slice that is repeated', () => {
  const twin = letter();
  const mail = [...letters(20), twin, twin];

  it.each([
    { kind: 'move', move: true },
    { kind: 'move', move: false },
    { kind: 'copy', move: true },
  ] as const)(
    'while the session before is still at it doubles nothing ($kind, MOVE: $move)',
    async ({ kind, move }) => {
      const there = await filled({ move }, mail);
      const job = await jobOn(there, kind);
      const others = [letter(), letter()];
      stillAtIt(there, others);

      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      await job.toTheEnd();

      expectSameMail(raws(there, 'Done'), [...mail, ...others]);
      expectSameMail(raws(there, 'INBOX'), kind === 'move' ? [] : mail);
      expect(job.counts).toMatchObject({ [kind === 'move' ? 'moved' : 'copied']: 22 });
      expect(job.counts.missing).toBeUndefined();
    },
  );

  it('counts what is there twice where the server has no UIDPLUS to take it off again', async () => {
    const some = letters(20);
    const there = await filled({ uidplus: false }, some);
    const job = await jobOn(there, 'move');
    stillAtIt(there);
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await job.toTheEnd();
    expect(job.counts).toEqual({ moved: 20, twice: 20 });
    expect([...job.notes].join()).toContain('twice');
    expectSameMail(raws(there, 'Done'), [...some, ...some]);
  });

  it('expunges what has a copy and is still here, and moves the rest', async () => {
    const there = await filled({}, mail);
    const job = await jobOn(there, 'move');
    let times = 0;
    there.server.onCommand = ({ name }) => {
      if (name !== 'UID MOVE' || times++ > 0) return undefined;
      // Copied, and cut before anything was taken away.
      for (const raw of mail.slice(0, 15)) there.account.deliver(raw, { folder: 'Done' });
      return { drop: 'before' };
    };
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await job.toTheEnd();
    expect(job.counts).toEqual({ moved: 22 });
    expectSameMail(raws(there, 'Done'), mail);
    expect(there.left()).toEqual([]);
    expect(there.said('UID MOVE').at(-1)).toMatch(/^16:22 /);
  });

  it.each([1, 2])(
    'does not take the copy of a message that is gone for that of its twin (%i twins gone)',
    async (after) => {
      const alike = [twin, twin, twin];
      const there = await filled({}, alike);
      const job = await jobOn(there, 'move');
      let times = 0;
      there.server.onCommand = ({ name }) =>
        name === 'UID MOVE' && times++ === 0 ? { drop: 'midway', after } : undefined;
      expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
      await job.toTheEnd();
      expect(job.counts).toEqual({ moved: 3 });
      expectSameMail(raws(there, 'Done'), alike);
      expect(there.said('UID EXPUNGE')).toEqual([]);
    },
  );

  it('asks the folder itself what came: STATUS may say old numbers while another session writes', async () => {
    const there = await filled({}, mail);
    const job = await jobOn(there, 'copy');
    let times = 0;
    there.server.onCommand = ({ name }) => {
      if (name === 'UID COPY' && times++ === 0) return { drop: 'after-effect' };
      if (name === 'STATUS' && times > 0) return { untagged: ['STATUS "Done" (UIDNEXT 1)'], reply: 'OK Stale' };
      return undefined;
    };
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await job.toTheEnd();
    expect(job.counts).toEqual({ copied: 22 });
    expectSameMail(raws(there, 'Done'), mail);
  });

  it.each(['move', 'copy'] as const)(
    'waits before it sends a %s again, and only so long after it was begun',
    async (kind) => {
      const there = await filled({}, mail);
      const job = await jobOn(there, kind);
      job.settleMs = 60 * 60_000;
      // The first time nothing is waited for.
      let steps = 0;
      await job.turn(() => (++steps === 1 ? 'abort' : undefined));
      const before = there.server.events.length;
      // The turn is over before the pause is.
      expect(await job.turn(undefined, AbortSignal.timeout(300))).toBeNull();
      expect(there.server.events.length).toBe(before);
      expect(job.done).toBe(0);
      const cursor = job.cursor as { begun: { at: string } };
      const at = new Date(Date.parse(cursor.begun.at) - job.settleMs).toISOString();
      job.cursor = { ...cursor, begun: { ...cursor.begun, at } };
      await job.toTheEnd();
      expectSameMail(raws(there, 'Done'), mail);
    },
  );
});

describeWith('postgres', 'a purge whose slice another host takes up', () => {
  it('counts what it has stored, though the clock there is slower', async () => {
    const there = await scene();
    const mail = there.deliver(3);
    const job = await planned(there.database, there.mailbox, 'purge', { folder: 'INBOX' });
    await job.turn(() => 'abort');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60_000 });
    await job.toTheEnd().finally(() => vi.useRealTimers());
    expect(job.counts).toEqual({ disposed: 3, stored: 3 });
    expectSameMail(await there.stored(), mail);
  });
});

describeWith('postgres', 'copies on a server with OBJECTID', () => {
  it.each([
    { kind: 'copy', drop: 'before', after: 0 },
    { kind: 'copy', drop: 'midway', after: 7 },
    { kind: 'copy', drop: 'after-effect', after: 0 },
    { kind: 'move', drop: 'before', after: 0 },
    { kind: 'move', drop: 'midway', after: 7 },
    { kind: 'move', drop: 'after-effect', after: 0 },
  ] as const)('older copies are not taken for ours ($kind, cut: $drop)', async ({ kind, drop, after }) => {
    const mail = letters(12);
    const there = await filled({ objectId: true, move: false }, mail);
    await (await jobOn(there, 'copy')).toTheEnd();
    const job = await jobOn(there, kind);
    let times = 0;
    there.server.onCommand = ({ name }) => (name === 'UID COPY' && times++ === 0 ? { drop, after } : undefined);
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await job.toTheEnd();
    expect(job.counts).toEqual({ [kind === 'move' ? 'moved' : 'copied']: 12 });
    expectSameMail(raws(there, 'Done'), [...mail, ...mail]);
    expectSameMail(raws(there, 'INBOX'), kind === 'move' ? [] : mail);
  });

  it.each(['move', 'copy'] as const)('two messages with one EMAILID are two copies (%s)', async (kind) => {
    const mail = letters(4);
    const there = await filled({ objectId: true, move: false }, mail);
    // Copied into its own folder, each is there twice under one EMAILID.
    await (await jobOn(there, 'copy', { to: 'Aside', create: true })).toTheEnd();
    const back = await planned(there.database, there.mailbox, 'copy', { folder: 'Aside', args: { to: 'INBOX' } });
    await back.toTheEnd();
    const job = await jobOn(there, kind);
    let times = 0;
    there.server.onCommand = ({ name }) =>
      name === 'UID COPY' && times++ === 0 ? { drop: 'midway', after: 4 } : undefined;
    expect(await job.turn()).toMatchObject({ code: 'CONNECTION_LOST' });
    await job.toTheEnd();
    expectSameMail(raws(there, 'Done'), [...mail, ...mail]);
    expectSameMail(raws(there, 'INBOX'), kind === 'move' ? [] : [...mail, ...mail]);
    expect(job.counts).toEqual({ [kind === 'move' ? 'moved' : 'copied']: 8 });
  });
});

describeWith('postgres', 'targets that are none', () => {
  it.each(['\\Trash', '\\Junk', '[Gmail]/Trash'])('copy to %s of Gmail is refused', async (to) => {
    const there = await scene({ gmail: {} });
    const mail = there.deliver(3);
    const args = { to };
    const refusal = { code: 'REQUEST_INVALID', message: expect.stringContaining('Copy to another folder') };
    await expect(sourceFor(there, 'copy', args).open(there.mailbox, 'INBOX')).rejects.toMatchObject(refusal);
    const job = await planned(there.database, there.mailbox, 'copy', { folder: 'INBOX', args });
    expect(await job.turn()).toMatchObject(refusal);
    expectSameMail(raws(there, 'INBOX'), mail);
    // Elsewhere Trash is a folder like any other.
    const plain = await scene({});
    plain.deliver(1);
    const copy = await planned(plain.database, plain.mailbox, 'copy', { folder: 'INBOX', args: { to: '\\Trash' } });
    expect((await copy.toTheEnd()).counts).toEqual({ copied: 1 });
  });

  it.each([
    ['move', { to: 'inbox' }],
    ['copy', { to: 'Inbox' }],
    ['move', { to: 'iNBOX', create: true }],
    ['copy', { to: 'inbox', create: true }],
  ] as const)('INBOX is INBOX in any case (%s, %o)', async (kind, args) => {
    const there = await scene({});
    const mail = there.deliver(3);
    const refusal = { code: 'TARGET_MISSING', message: expect.stringContaining('"INBOX" already') };
    await expect(sourceFor(there, kind, args).open(there.mailbox, 'INBOX')).rejects.toMatchObject(refusal);
    await expect(sourceFor(there, kind, args).open(there.mailbox, 'inbox')).rejects.toMatchObject(refusal);
    const job = await planned(there.database, there.mailbox, kind, { folder: 'inbox', args });
    expect(await job.turn()).toMatchObject(refusal);
    expectSameMail(raws(there, 'INBOX'), mail);
  });

  it.each([true, false])(
    'a name that gets the prefix of the namespace is the folder itself (create: %s)',
    async (create) => {
      const there = await scene({});
      there.server.onCommand = ({ name }) =>
        name === 'NAMESPACE' ? { untagged: ['NAMESPACE (("INBOX." ".")) NIL NIL'], reply: 'OK Completed' } : undefined;
      there.account.deliver(letter(), { folder: 'INBOX.Done' });
      const job = await planned(there.database, there.mailbox, 'move', {
        folder: 'INBOX.Done',
        args: { to: 'Done', create },
      });
      expect(await job.turn()).toMatchObject({ code: 'TARGET_MISSING', message: expect.stringContaining('already') });
      expect(there.left('INBOX.Done')).toEqual([1]);
    },
  );
});
