// What a restore says beforehand of the messages that the folder has already, compared with what its job then finds.

import { expect, it } from 'vitest';
import { planRestore, type RestorePlan } from '../../src/admin/restore-plan.ts';
import type { Criteria } from '../../src/model-admin.ts';
import { lastStoredId } from '../../src/store/stored-mail.ts';
import { letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { storedRun } from './stored-turns.ts';

interface Wish {
  readonly folder?: string;
  readonly criteria?: Criteria;
}

async function planned(there: Scene, { folder, criteria = { all: true } }: Wish = {}): Promise<RestorePlan> {
  const { mailbox } = there;
  const { sql } = there.database;
  const selection = { mailbox: mailbox.name, criteria };
  const stretch = { after: '0', until: await lastStoredId(sql) };
  const args = folder === undefined ? {} : { folder };
  return planRestore(there.look, { mailbox, args, selection, stretch }, new AbortController().signal);
}

/** The job finds as many as the plan said. */
async function expectPresent(there: Scene, present: number, wish: Wish = {}): Promise<void> {
  const { messages, present: said } = await planned(there, wish);
  expect(said).toBe(present);
  const { folder, criteria } = wish;
  const args = folder === undefined ? {} : { folder };
  const run = await storedRun(there.database, there.mailbox, 'restore', { args, ...(criteria && { criteria }) });
  const { counts } = await run.toTheEnd();
  expect([counts.present ?? 0, counts.restored ?? 0]).toEqual([present, messages - present]);
}

describeWith('postgres', 'before a restore', () => {
  it.each([{}, { uidplus: false }, { gmail: {} }])('is known how many are there already (%o)', async (options) => {
    const there = await scene(options, { dispose: { kind: 'keep' } });
    for (let n = 0; n < 6; n++) {
      const internalDate = new Date(Date.UTC(2026, 2, 1 + n));
      there.account.deliver(letter(), { internalDate, folder: there.account.path('INBOX') });
    }
    await there.drain();
    expect(await planned(there)).toMatchObject({ mailbox: 'inbox', folder: 'INBOX', messages: 6, present: 6 });
    there.account.expunge(there.left().slice(0, 2));
    expect((await planned(there, { criteria: { since: new Date(Date.UTC(2026, 2, 2)) } })).present).toBe(4);
    await expectPresent(there, 4);
    // Those that were put back are there by now as well.
    expect((await planned(there)).present).toBe(6);
  });

  it('is shown by its first and its last messages', async () => {
    const there = await scene();
    for (let n = 1; n <= 25; n++)
      there.account.deliver(Buffer.from(`From: Ann <ann@example.org>\r\nSubject: number ${n}\r\n\r\n`), {
        internalDate: new Date(Date.UTC(2026, 2, n)),
      });
    await there.drain();
    const { sample } = await planned(there);
    expect(sample.map(({ subject }) => subject)).toEqual([1, 2, 3, 4, 5, 21, 22, 23, 24, 25].map((n) => `number ${n}`));
    const [first] = sample;
    expect(first).toMatchObject({ from: 'Ann <ann@example.org>', date: new Date(Date.UTC(2026, 2, 1)), size: 50 });
    const few = await planned(there, { criteria: { before: new Date(Date.UTC(2026, 2, 8)) } });
    expect(few.sample.map(({ subject }) => subject)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `number ${n}`));
    expect((await planned(there, { criteria: { subject: 'nothing like it' } })).sample).toEqual([]);
  });

  it('a folder that nobody drains counts too, and looking at it writes nothing down', async () => {
    const there = await scene();
    there.account.createFolder('Back');
    there.deliver(4);
    await there.drain();
    const rows = () => there.rows('select * from maildrain.mailbox');
    const before = await rows();
    expect((await planned(there, { folder: 'Back' })).present).toBe(0);
    expect(await rows()).toEqual(before);
    expect(there.said('EXAMINE').filter((args) => args.includes('Back'))).toHaveLength(1);
    await expectPresent(there, 0, { folder: 'Back' });
    there.account.expunge([there.left('Back')[0] ?? 0], 'Back');
    expect((await planned(there, { folder: 'Back' })).present).toBe(3);
    expect((await planned(there)).present).toBe(0);
  });

  it('in a folder that was made again nothing is believed', async () => {
    const there = await scene({}, { dispose: { kind: 'keep' } });
    for (let n = 0; n < 3; n++) there.account.deliver(letter(), { internalDate: new Date(Date.UTC(2026, 2, 1 + n)) });
    await there.drain();
    there.account.recreateFolder('INBOX', { sameUidValidity: true });
    for (let n = 0; n < 3; n++) there.account.deliver(letter(), { internalDate: new Date(Date.UTC(2026, 3, 1 + n)) });
    await expectPresent(there, 0);
  });
});
