// `verify` on the scripted server: each difference between server, ledger and octets shows under its name, and nothing is changed by looking.

import { expect, it } from 'vitest';
import { verifyMailbox } from '../../src/admin/verify.ts';
import { letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';

const verify = (there: Scene): ReturnType<typeof verifyMailbox> =>
  verifyMailbox({ ...there.look, signal: new AbortController().signal }, there.mailbox);

describeWith('postgres', 'verify', () => {
  it('of a mailbox that was never drained: all is unknown', async () => {
    const there = await scene();
    there.deliver(3);
    expect(await verify(there)).toMatchObject({
      ok: true,
      server: { listed: 3, deleted: 0, complete: true },
      listed: { unknown: { count: 3, first: ['1', '2', '3'] } },
      missing: { count: 0 },
      octets: { checked: 0 },
    });
    expect(await there.rows('select 1 from maildrain.mailbox')).toEqual([]);
  });

  it('tells owed, kept, held, unknown and missing, and what is damaged or expired', async () => {
    const there = await scene({}, { dispose: { kind: 'keep' } });
    there.deliver(6);
    there.account.deliver(letter(3_000_000));
    there.account.deliver(letter(300_000));
    await there.drain();
    expect(await verify(there)).toMatchObject({
      ok: true,
      listed: { kept: { count: 8 } },
      octets: { checked: 8, intact: 8, expired: 0, damaged: { count: 0 } },
    });

    await there.rows("update maildrain.ledger set state = 'pending', reason = null where uid = '2'");
    await there.rows("update maildrain.ledger set state = 'held', message_id = null, digest = '' where uid = '3'");
    await there.rows("update maildrain.ledger set state = 'disposed' where uid = '4'");
    there.account.expunge([1]);
    there.deliver(1);
    there.account.flag([6], ['\\Deleted']);
    const ids = (await there.rows<{ id: string }>('select id from maildrain.message order by id')).map(({ id }) => id);
    await there.rows("update maildrain.raw set bytes = 'x' where message_id = $1", [ids[0]]);
    await there.rows('delete from maildrain.raw where message_id = $1', [ids[1]]);
    await there.rows('delete from maildrain.raw where message_id = $1 and seq = 3', [ids[6]]);
    await there.rows('delete from maildrain.raw where message_id = $1 and seq = 0', [ids[7]]);
    const before = await there.rows('select * from maildrain.ledger order by uid');
    const said = there.server.events.length;

    expect(await verify(there)).toEqual({
      mailbox: 'inbox',
      folder: 'INBOX',
      uidValidity: String(there.account.uidValidity()),
      ok: false,
      server: { listed: 8, deleted: 1, complete: true },
      listed: {
        owed: { count: 1, first: ['2'] },
        kept: { count: 4, first: ['5', '6', '7', '8'] },
        held: { count: 1, first: ['3'] },
        back: { count: 1, first: ['4'] },
        unknown: { count: 1, first: ['9'] },
      },
      missing: { count: 1, first: ['1'] },
      renumbered: 0,
      octets: { checked: 8, intact: 4, expired: 1, damaged: { count: 3, first: [ids[0], ids[6], ids[7]] } },
    });
    expect(await there.rows('select * from maildrain.ledger order by uid')).toEqual(before);
    const names = there.server.events.slice(said).map(({ name }) => name);
    expect(names).toContain('EXAMINE');
    expect(names).not.toContain('SELECT');
    expect(names.filter((name) => /STORE|EXPUNGE|MOVE|COPY/.test(name))).toEqual([]);
  });

  it('counts rows of an earlier UIDVALIDITY, and needs no more than pages of a thousand', async () => {
    const there = await scene({}, { dispose: { kind: 'keep' } });
    there.deliver(2300);
    await there.drain();
    expect(await verify(there)).toMatchObject({
      ok: true,
      listed: { kept: { count: 2300 } },
      octets: { intact: 2300 },
    });
    there.account.changeUidValidity();
    expect(await verify(there)).toMatchObject({ ok: true, renumbered: 2300, listed: { unknown: { count: 2300 } } });
  });
});
