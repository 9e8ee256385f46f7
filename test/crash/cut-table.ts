// One row of the crash table, whichever line is cut: deliver, drain into the cut, let the folder meet its fate, drain again, count.

import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { arm, type CutPoint } from './cuts.ts';
import { awkwardPost, type Letter, multiset } from './post.ts';
import { FATES, stage } from './stage.ts';

export function describeCuts(title: string, points: readonly CutPoint[], post: () => Letter[] = awkwardPost): void {
  describeWith(['postgres', 'dovecot'], title, () => {
    const cases = points.flatMap((point) => FATES.map(({ fate }) => ({ name: point.name, fate, point })));
    it.each(cases)(
      '$name, the folder $fate: nothing lost, nothing twice, nothing foreign touched',
      async ({ point, fate }) => {
        const scene = await stage(point.changes);
        const letters = post();
        await scene.deliver(letters);
        const shown = await scene.look();
        const octets = (foreign: boolean): Buffer[] =>
          shown.filter((_, i) => letters[i]?.foreign === foreign).map(({ raw }) => raw);
        const cut = arm(scene, point);
        const report = await scene.drain();
        // One object: what did happen is told where the cut was not made.
        const code = point.line === 'imap' ? 'CONNECTION_LOST' : 'DATABASE_UNAVAILABLE';
        expect({ cut: cut.fired, ...report }).toMatchObject({ cut: true, outcome: 'failed', error: { code } });
        await scene.meet(fate);
        await scene.drainToTheEnd();
        await scene.expectPromiseKept(octets(false), octets(true));
        if (scene.mailbox.dispose.kind === 'trash') {
          expect(multiset((await scene.look('Trash')).map(({ raw }) => raw))).toEqual(multiset(octets(false)));
        }
      },
    );
  });
}
