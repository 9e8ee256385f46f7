// Messages that a server lists and does not send: one is held and the others go on; all is the server's trouble, and nobody is held.

import { expect, it } from 'vitest';
import { heldMessages, release } from '../../src/store/holds.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, type Scene, scene } from './scene.ts';

describeWith('postgres', 'a message that is listed and not sent', () => {
  const uidBad = 3;
  const ways = [
    {
      why: 'NO [UNAVAILABLE], for ever',
      options: (broken: () => boolean) => ({ refuseFetchOf: (uid: number) => broken() && uid === uidBad }),
    },
    {
      why: 'an empty body',
      options: (broken: () => boolean) => ({ emptyBodyOf: (uid: number) => broken() && uid === uidBad }),
    },
  ];

  it.each(ways)(
    '($why) is held after the second drain, the others are stored at once, and release works',
    async ({ options }) => {
      let broken = true;
      const there = await scene(options(() => broken));
      const mail = there.deliver(6);
      const bad = mail[uidBad - 1] ?? letter();

      const first = await there.drain();
      expect(first).toMatchObject({ outcome: 'partial', stored: 5, disposed: 5, missing: 1, held: 0, error: null });
      expect(there.left()).toEqual([uidBad]);

      const second = await there.drain();
      expect(second).toMatchObject({ outcome: 'partial', stored: 0, held: 1, missing: 0, error: null });
      expect(await heldMessages(there.database.sql, ['inbox'])).toMatchObject([
        { uid: String(uidBad), reason: 'fetch-refused', released: false, size: bad.length },
      ]);
      expect(await there.standing()).toMatchObject({ failures: 0, stopped_at: null, not_before: null });

      const fetches = there.fetches().length;
      mail.push(...there.deliver(1));
      expect(await there.drain()).toMatchObject({ stored: 1, held: 0, missing: 0 });
      expect(there.fetches()).toHaveLength(fetches + 1);

      broken = false;
      expect(await release(there.database.sql, 'inbox', [String(uidBad)])).toEqual([String(uidBad)]);
      expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1, disposed: 1 });
      expectSameMail(await there.stored(), mail);
      expect(await heldMessages(there.database.sql, null)).toEqual([]);
      expect(there.left()).toEqual([]);
    },
  );

  it.each([
    { why: 'NO [UNAVAILABLE]', key: 'refuseFetchOf' },
    { why: 'empty bodies', key: 'emptyBodyOf' },
  ])('is held also where there are two of them, and new mail is stored all the while ($why)', async ({ key }) => {
    const there = await scene({ [key]: (uid: number) => uid === 3 || uid === 5 });
    const mail = there.deliver(6).filter((_, i) => i !== 2 && i !== 4);
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 4, missing: 2, error: null });
    mail.push(...there.deliver(1));
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 1, held: 2, missing: 0, error: null });
    expect(await heldMessages(there.database.sql, null)).toMatchObject([
      { uid: '3', reason: 'fetch-refused' },
      { uid: '5', reason: 'fetch-refused' },
    ]);
    expectSameMail(await there.stored(), mail);
  });

  it('is held also where only such ones are left', async () => {
    const there = await scene({ refuseFetchOf: (uid) => uid === 1 || uid === 2 });
    there.deliver(4);
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 2, missing: 2, error: null });
    expect(await there.drain()).toMatchObject({ outcome: 'partial', held: 2, error: null });
  });

  it('is one of many: the server’s trouble, also where it has sent others before, and nobody is held', async () => {
    let sending = 30;
    const there = await scene({ refuseFetchOf: (uid) => uid > sending });
    const mail = there.deliver(60);
    for (; sending < 60; sending += 10) {
      expect(await there.drain()).toMatchObject({ outcome: 'failed', held: 0, error: { code: 'SERVER_UNAVAILABLE' } });
      expect(await there.standing()).toMatchObject({ not_before: expect.any(Date) });
      await there.waitOver();
    }
    expect(await there.drain()).toMatchObject({ outcome: 'done', held: 0 });
    expectSameMail(await there.stored(), mail);
  });

  it('is held again when its release did not help, and again after two drains', async () => {
    const there = await scene({ refuseFetchOf: (uid) => uid === 1 });
    there.deliver(2);
    const held = async (): Promise<boolean> =>
      (await heldMessages(there.database.sql, null)).some(({ released }) => !released);
    await there.drain();
    await there.drain();
    expect(await held()).toBe(true);

    await release(there.database.sql, 'inbox', null);
    await there.drain();
    expect(await held()).toBe(false);
    await there.drain();
    expect(await held()).toBe(true);
  });

  it('and that a person takes away meanwhile is no longer held', async () => {
    const there = await scene({ refuseFetchOf: (uid) => uid === 1 });
    there.deliver(2);
    await there.drain();
    await there.drain();
    there.account.expunge([1]);
    expect(await there.drain()).toMatchObject({ outcome: 'done' });
    expect(await heldMessages(there.database.sql, null)).toEqual([]);
  });

  it('(too large for memory) is held in the same way', async () => {
    const there = await scene({ refuseFetchOf: (uid) => uid === 1 });
    there.account.deliver(letter(9 * 1024 * 1024));
    const mail = there.deliver(2);
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 2, missing: 1 });
    expect(await there.drain()).toMatchObject({ outcome: 'partial', held: 1 });
    expectSameMail(await there.stored(), mail);
  });

  const all: readonly { why: string; make: () => Promise<Scene> }[] = [
    { why: 'NO [UNAVAILABLE]', make: () => scene({ refuseFetchOf: () => true }) },
    { why: 'empty bodies', make: () => scene({ emptyBodyOf: () => true }) },
  ];

  it.each(all)(
    'is one of all ($why): SERVER_UNAVAILABLE with a pause, nobody is held, however often',
    async ({ make }) => {
      const there = await make();
      there.deliver(4);
      for (let i = 1; i <= 3; i++) {
        const report = await there.drain();
        expect(report).toMatchObject({ outcome: 'failed', stored: 0, held: 0, error: { code: 'SERVER_UNAVAILABLE' } });
        expect(await there.standing()).toMatchObject({ failures: i, stopped_at: null, not_before: expect.any(Date) });
        await there.waitOver();
      }
      expect(there.left()).toHaveLength(4);
      expect(await there.ledger()).toEqual([]);
    },
  );

  it('of a message of no octets is a message of no octets', async () => {
    const there = await scene();
    there.account.deliver(Buffer.alloc(0));
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1, disposed: 1 });
    expectSameMail(await there.stored(), [Buffer.alloc(0)]);
  });
});
