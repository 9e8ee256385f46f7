// Mail that stays on the server after it was stored (keep, seen, after), and UIDs that change under it.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Dispose } from '../../src/model.ts';
import { describeWith } from '../support/fresh.ts';
import { awkwardPost, type Letter, multiset, smallLetter } from './post.ts';
import { FATES, type Stage, stage } from './stage.ts';

const DAY_MS = 86_400_000;

function lettersOf(count: number, agesMs: (i: number) => number): Letter[] {
  return Array.from({ length: count }, (_, i) => ({
    why: '',
    raw: smallLetter(),
    internalDate: new Date(Date.now() - agesMs(i)),
    foreign: false,
  }));
}

const raws = (letters: readonly Letter[]): Buffer[] => letters.map(({ raw }) => raw);

async function expectStored(scene: Stage, letters: readonly Letter[]): Promise<void> {
  expect(multiset(await scene.stored())).toEqual(multiset(raws(letters)));
}

describeWith(['postgres', 'dovecot'], 'mail that stays', () => {
  const stays: { dispose: Dispose }[] = [
    { dispose: { kind: 'keep' } },
    { dispose: { kind: 'seen' } },
    { dispose: { kind: 'flag', keyword: 'Drained' } },
  ];
  const cases = stays.flatMap(({ dispose }) => FATES.map(({ fate }) => ({ kind: dispose.kind, fate, dispose })));

  it.each(cases)(
    '$kind, the folder $fate: nothing is stored twice, what is new is stored',
    async ({ dispose, fate }) => {
      const scene = await stage({ dispose });
      const letters = awkwardPost().filter(({ foreign, why }) => !foreign && !why.startsWith('NUL'));
      await scene.deliver(letters);
      expect(await scene.drain()).toMatchObject({ outcome: 'done', stored: letters.length });
      await scene.meet(fate);
      const late = lettersOf(2, () => 0);
      await scene.deliver(late);
      await scene.drainToTheEnd();
      expect(await scene.drain()).toMatchObject({ outcome: 'done', fetched: 0 });
      await expectStored(scene, [...letters, ...late]);
      const left = await scene.look();
      expect(multiset(left.map(({ raw }) => raw))).toEqual(multiset(raws([...letters, ...late])));
      const mark = dispose.kind === 'seen' ? '\\Seen' : dispose.kind === 'flag' ? dispose.keyword : null;
      if (mark !== null) for (const { flags } of left) expect(flags).toContain(mark);
    },
  );

  it('UIDs given out again without notice are noticed by the dates of kept mail', async () => {
    const scene = await stage({ dispose: { kind: 'keep' } });
    const letters = lettersOf(6, (i) => i * DAY_MS);
    await scene.deliver(letters);
    await scene.drain();
    await scene.meet('reversed');
    const report = await scene.drain();
    expect(report).toMatchObject({ outcome: 'done', stored: 0, adopted: 6 });
    expect(report.notes.join()).toContain('renumbered');
    await expectStored(scene, letters);
  });

  it.each(FATES)('waits for its age and is then disposed, $why', async ({ fate }) => {
    const ageMs = 30 * DAY_MS;
    const scene = await stage({ afterMs: ageMs });
    // The young ones come of age some seconds from now.
    const soonMs = 4_000;
    const letters = [...lettersOf(3, () => ageMs + DAY_MS), ...lettersOf(4, () => ageMs - soonMs)];
    await scene.deliver(letters);
    const dueAt = Date.now() + soonMs + 1_000;
    expect(await scene.drain()).toMatchObject({ stored: 7, disposed: 3 });
    expect(await scene.look()).toHaveLength(4);
    await scene.meet(fate);
    await scene.drain();
    await sleep(Math.max(0, dueAt - Date.now()));
    await scene.drainToTheEnd();
    await scene.expectPromiseKept(raws(letters), []);
  });
});
