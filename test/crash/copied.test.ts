// Dovecot may do a MOVE as COPY and EXPUNGE, and lines break in between: what has a copy in the target is not taken there again.

import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { awkwardPost, multiset } from './post.ts';
import { FATES, FOLDER, stage } from './stage.ts';

describeWith(
  ['postgres', 'dovecot'],
  'a MOVE that was cut when everything was copied and nothing was taken away',
  () => {
    it.each(FATES)('is finished, the folder $fate', async ({ fate }) => {
      const scene = await stage({ dispose: { kind: 'trash' } });
      const letters = awkwardPost();
      await scene.deliver(letters);
      const shown = await scene.look();
      const octets = (foreign: boolean): Buffer[] =>
        shown.filter((_, i) => letters[i]?.foreign === foreign).map(({ raw }) => raw);
      const cut = scene.imap.cutWhen({ direction: 'client', match: /UID MOVE /, when: 'before' });
      expect(await scene.drain()).toMatchObject({ outcome: 'failed', error: { code: 'CONNECTION_LOST' } });
      expect(cut.fired).toBe(true);
      const { rows } = await scene.truth.sql.query<{ uid: string }>(
        "select uid from maildrain.ledger where state = 'pending'",
      );
      expect(rows.length).toBeGreaterThan(0);
      const client = await scene.client();
      await client.command(`UID COPY ${rows.map(({ uid }) => uid).join(',')} Trash`);
      client.close();
      await scene.meet(fate);
      await scene.drainToTheEnd();
      await scene.expectPromiseKept(octets(false), octets(true));
      expect(multiset((await scene.look('Trash')).map(({ raw }) => raw))).toEqual(multiset(octets(false)));
      expect(await scene.look(FOLDER)).toHaveLength(octets(true).length);
    });
  },
);
