// Octets have expired while their message stayed on the server. When it is taken off after all, they are stored again first.

import { describe, expect, it } from 'vitest';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { expiredPartitions } from '../../src/store/retention.ts';
import { planned } from '../admin/turns.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, type MailboxChanges, type Scene, scene } from './scene.ts';

const KEEP = { raw: null, messages: null, reports: null, events: null, runs: null, audit: null, ledger: null };

/** Three small messages, and one that is streamed. */
async function keptAndExpired(changes: MailboxChanges, alsoFacts: boolean): Promise<{ there: Scene; mail: Buffer[] }> {
  const there = await scene({}, changes);
  const mail = [...Array.from({ length: 3 }, () => letter()), letter(9 * 1024 * 1024)];
  for (const raw of mail) there.account.deliver(raw, { internalDate: new Date() });
  expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 4, disposed: 0 });
  await there.database.sql.query('truncate maildrain.raw');
  if (alsoFacts) await there.database.sql.query('truncate maildrain.message, maildrain.attachment');
  return { there, mail };
}

async function expectStoredOnce(there: Scene, mail: readonly Buffer[]): Promise<void> {
  expect(there.left()).toEqual([]);
  expectSameMail(await there.stored(), mail);
  const rows = await there.rows(
    `select l.state, m.id is not null as known from maildrain.ledger l
       left join maildrain.message m on m.id = l.message_id and m.stored_at = l.stored_at and m.digest = l.digest`,
  );
  expect(rows).toEqual(mail.map(() => ({ state: 'disposed', known: true })));
  // What they reported was filed when they were stored first.
  expect(await there.rows('select 1 from maildrain.message where filed_at is null or filed_at >= stored_at')).toEqual(
    [],
  );
  expect(await there.rows('select count(*)::int as n from maildrain.message')).toEqual([{ n: mail.length }]);
}

describeWith('postgres', 'mail whose octets have expired', () => {
  describe.each([false, true])('(and all that was known of it: %s)', (alsoFacts) => {
    it.each<[string, MailboxChanges]>([
      ['kept', { dispose: { kind: 'keep' } }],
      ['unmatched', { unmatched: 'keep' }],
      ['not due', { afterMs: 60_000_000 }],
    ])('%s: is stored again before a purge takes it', async (_, changes) => {
      const { there, mail } = await keptAndExpired(changes, alsoFacts);
      const job = await planned(there.database, there.mailbox, 'purge' satisfies AdminJobKind, {
        folder: 'INBOX',
        args: { store: true },
      });
      await job.toTheEnd();
      expect(job.counts).toEqual({ disposed: 4, stored: 4 });
      await expectStoredOnce(there, mail);
    });

    it('is stored again before a drain takes it', async () => {
      const { there, mail } = await keptAndExpired({ afterMs: 60_000_000 }, alsoFacts);
      expect(await there.drain({ afterMs: 0 })).toMatchObject({ outcome: 'done', stored: 0, adopted: 4, disposed: 4 });
      await expectStoredOnce(there, mail);
    });
  });

  it('waits with the month while it is not yet due', async () => {
    const there = await scene({}, { afterMs: 60_000_000 });
    there.account.deliver(letter(), { internalDate: new Date() });
    await there.drain();
    const later = new Date(Date.now() + 40 * 24 * 60 * 60 * 1000);
    const [raw] = await expiredPartitions(there.database.sql, { ...KEEP, raw: 0 }, later);
    expect(raw).toMatchObject({ parent: 'raw', owed: 1 });
  });
});
