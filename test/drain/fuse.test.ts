// The fuse alone, and with real processes that die each time a certain message is fetched.

import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Fuse } from '../../src/drain/fuse.ts';
import { MaildrainError } from '../../src/errors.ts';
import { heldMessages, release } from '../../src/store/holds.ts';
import type { InFlight } from '../../src/store/mailboxes.ts';
import { childProgram, describeWith } from '../support/fresh.ts';
import { covers, expectSameMail, letter, PASSWORD, type Scene, scene, USER } from './scene.ts';

/** What a drain that died while fetching `uids` leaves to the next. */
function died(saved: InFlight | null, uids: readonly string[], uidValidity = '1'): InFlight | null {
  const fuse = new Fuse(saved, uidValidity);
  fuse.light(uids);
  return fuse.state();
}

describe('the fuse', () => {
  it('remembers nothing of a drain that ended well', () => {
    const fuse = new Fuse(null, '1');
    fuse.light(['1', '2']);
    fuse.clear(['1', '2']);
    expect(fuse.state()).toBeNull();
  });

  it('suspects all that was in flight together, and condemns none of it however often that happens', () => {
    let saved: InFlight | null = null;
    for (let i = 0; i < 5; i++) saved = died(saved, ['1', '2', '3']);
    const fuse = new Fuse(saved, '1');
    expect(['1', '2', '3', '4'].map((uid) => fuse.suspects(uid))).toEqual([true, true, true, false]);
    expect(['1', '2', '3'].map((uid) => fuse.isFatal(uid))).toEqual([false, false, false]);
  });

  it('condemns what was found alone in flight twice', () => {
    const together = died(null, ['1', '2']);
    const once = died(together, ['2']);
    expect(new Fuse(once, '1').isFatal('2')).toBe(false);
    const twice = died(once, ['2']);
    const fuse = new Fuse(twice, '1');
    expect(fuse.isFatal('2')).toBe(true);
    expect(fuse.isFatal('1')).toBe(false);
    expect(fuse.suspects('1')).toBe(true);
  });

  it('gives the only message of a mailbox the same two chances', () => {
    const first = died(null, ['9']);
    const second = died(first, ['9']);
    expect(new Fuse(second, '1').isFatal('9')).toBe(false);
    expect(new Fuse(died(second, ['9']), '1').isFatal('9')).toBe(true);
  });

  it('forgets what arrived after all', () => {
    const fuse = new Fuse(died(died(null, ['1', '2']), ['2']), '1');
    fuse.light(['2']);
    fuse.clear(['2']);
    expect(fuse.state()).toEqual({ uidValidity: '1', active: [], found: { 1: 0 } });
  });

  it('does not suspect what the server answered without, and goes on knowing it', () => {
    const fuse = new Fuse(died(null, ['1', '2']), '1');
    fuse.light(['1']);
    fuse.setAside(['1']);
    fuse.light(['2']);
    expect(fuse.state()).toEqual({ uidValidity: '1', active: ['2'], found: { 1: 0, 2: 0 } });
  });

  it('is void under another UIDVALIDITY', () => {
    const fuse = new Fuse(died(died(null, ['1', '2']), ['2']), '2');
    expect(fuse.suspects('2')).toBe(false);
    expect(fuse.state()).toBeNull();
  });

  it('forgets what is no longer listed', () => {
    const fuse = new Fuse(died(null, ['1', '2']), '1');
    fuse.forgetAllBut(new Set(['2']));
    expect(fuse.suspects('1')).toBe(false);
    expect(fuse.suspects('2')).toBe(true);
  });

  it('counts a refusal like a death alone, once in a drain', () => {
    const fuse = new Fuse(null, '1');
    fuse.light(['5']);
    fuse.refuse('5');
    expect(fuse.wasRefused('5')).toBe(true);
    const next = new Fuse(fuse.state(), '1');
    expect(next.wasRefused('5')).toBe(false);
    next.light(['5']);
    next.refuse('5');
    expect(next.isFatal('5')).toBe(true);
  });

  const ends = [
    { error: new MaildrainError('CONNECTION_LOST', 'x'), blamed: true, why: 'a line that broke while it was fetched' },
    { error: new MaildrainError('PROTOCOL_ERROR', 'x'), blamed: true, why: 'an answer imapflow cannot read' },
    { error: new Error('x'), blamed: true, why: 'a defect of ours' },
    { error: new MaildrainError('OVER_QUOTA', 'x'), blamed: false, why: 'the account' },
    { error: new MaildrainError('SERVER_THROTTLED', 'x'), blamed: false, why: 'the server' },
    { error: null, blamed: false, why: 'an error from elsewhere, such as Postgres' },
  ];
  it.each(ends)('after a drain that ended by $why: message blamed $blamed', ({ error, blamed }) => {
    const fuse = new Fuse(null, '1');
    fuse.light(['1']);
    if (error !== null) fuse.blow(error);
    fuse.calm();
    expect(new Fuse(fuse.state(), '1').suspects('1')).toBe(blamed);
  });

  it('says what will be left once more has been looked after', () => {
    const fuse = new Fuse(null, '1');
    fuse.light(['1', '2']);
    expect(fuse.state(['1'])).toEqual({ uidValidity: '1', active: ['2'], found: {} });
    expect(fuse.state(['1', '2'])).toBeNull();
  });
});

/** Drains in a child that is killed whenever it asks for octets of `fatal`. Answers whether it was. */
async function drainAndDie(there: Scene, fatal: number): Promise<boolean> {
  const env = {
    ...process.env,
    CHILD_URL: there.url,
    CHILD_PORT: String(there.server.port),
    CHILD_USER: USER,
    CHILD_PASSWORD: PASSWORD,
    CHILD_LIMIT: String(there.mailbox.sizeLimit),
  };
  const program = childProgram('test/drain/drain-child.ts');
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let killed = false;
  there.server.onCommand = ({ name, args }) => {
    if (name !== 'UID FETCH' || !args.includes('BODY.PEEK[') || !covers(args, fatal)) return undefined;
    killed = true;
    child.kill('SIGKILL');
    return { drop: 'before' };
  };
  const code = await new Promise((done) => child.on('close', done));
  there.server.onCommand = undefined;
  if (!killed && code !== 0) throw new Error(`the child ended with ${code}`);
  // The lock is free once Postgres has noticed.
  for (let i = 0; i < 200; i++) {
    const [{ n } = { n: 1 }] = await there.rows<{ n: number }>(
      `select count(*)::int as n from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    if (n === 0) break;
    await new Promise((later) => setTimeout(later, 20));
  }
  return killed;
}

describeWith('postgres', 'a message that kills the process each time it is fetched', () => {
  it.each([
    { fatal: 4, count: 9, deaths: 3, why: 'among others: once with them, twice alone' },
    { fatal: 1, count: 1, deaths: 3, why: 'the only one' },
  ])('($why) is held, and everything else is stored', async ({ fatal, count, deaths }) => {
    const there = await scene();
    const mail = there.deliver(count);

    let died = 0;
    while (await drainAndDie(there, fatal)) {
      died++;
      expect(died).toBeLessThanOrEqual(deaths);
      expect(await heldMessages(there.database.sql, null)).toEqual([]);
    }

    expect(died).toBe(deaths);
    expect(await heldMessages(there.database.sql, null)).toMatchObject([{ uid: String(fatal), reason: 'fetch-fatal' }]);
    expect(there.left()).toEqual([fatal]);
    expectSameMail(await there.stored(), [...mail.slice(0, fatal - 1), ...mail.slice(fatal)]);
    expect((await there.standing()).in_flight).toBeNull();

    expect(await drainAndDie(there, fatal)).toBe(false);
    await release(there.database.sql, 'inbox', null);
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1, disposed: 1 });
    expectSameMail(await there.stored(), mail);
  });

  it('does not wait in front of what is dear to fetch again: that is off the server before', async () => {
    const there = await scene();
    const large = Buffer.concat([letter(), Buffer.alloc(9 * 1024 * 1024, 'large \r\n')]);
    there.account.deliver(large, { folder: 'INBOX' });
    there.deliver(1);
    expect(await drainAndDie(there, 2)).toBe(true);
    expect(there.left()).toEqual([1, 2]);
    // Both are suspects now, and fetched alone.
    expect(await drainAndDie(there, 2)).toBe(true);
    expect(there.left()).toEqual([2]);
    expectSameMail(await there.stored(), [large]);
  });

  it('is held also behind one that the server refuses to send', async () => {
    const there = await scene({ refuseFetchOf: (uid) => uid === 2 });
    const mail = there.deliver(9);
    there.server.onCommand = ({ name, args }) =>
      name === 'UID FETCH' && args.includes('BODY.PEEK[') && covers(args, 5) ? { drop: 'before' } : undefined;
    for (let i = 0; i < 6; i++) {
      await there.drain();
      await there.waitOver();
    }
    const held = await heldMessages(there.database.sql, null);
    expect(new Map(held.map(({ uid, reason }) => [uid, reason]))).toEqual(
      new Map([
        ['2', 'fetch-refused'],
        ['5', 'fetch-fatal'],
      ]),
    );
    expectSameMail(
      await there.stored(),
      mail.filter((_, i) => i !== 1 && i !== 4),
    );
  });
});

describeWith('postgres', 'a drain that is asked to stop', () => {
  it('ends with the batch in hand: a large message behind it is not begun, and not suspected', async () => {
    const there = await scene();
    there.deliver(3);
    there.account.deliver(letter(9 * 1024 * 1024));
    expect(await there.drainOneBatch()).toMatchObject({ outcome: 'partial', stored: 3, disposed: 3, error: null });
    expect(there.fetches()).toHaveLength(1);
    expect((await there.standing()).in_flight).toBeNull();
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1 });
  });
});
