// Each job on 5,000 messages of the scripted Gmail, the line cut at random commands and the turns ended and killed at random steps; and how long a
// line a purge ever says. ADMIN_SEED repeats a run.

import { expect, it } from 'vitest';
import type { Fault } from '../../src/demo/imap-server/options.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { expectSameMail, letter, type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { randomOf } from '../support/random.ts';
import { storedRun } from './stored-turns.ts';
import { planned } from './turns.ts';

const COUNT = 5000;
/** Of ten steps one is killed before it could be written down, and one ends its turn. */
const LUCK = 0.1;
/** Of five commands that change something, one is cut; of a purge the first one in any case. */
const CUT = 0.2;
const CHANGES = ['UID MOVE', 'UID COPY', 'UID STORE', 'UID EXPUNGE'];
/** An APPEND is cut more rarely: each is of one message. */
const CUT_APPEND = 0.005;
const DROPS = ['before', 'after-effect', 'before-tagged', 'midway'] as const;
const MAX_TURNS = 200;
/** RFC 7162 4 advises lines of at most 8,192 octets; what is said around the UIDs must have room in it too. */
const MAX_LINE = 8_000;
/** Ten digits, as long as a UID can be. */
const LARGE_UID = 4_000_000_000;
const SEED = Number(process.env.ADMIN_SEED ?? Date.now() % 1_000_000);

describeWith('postgres', `${COUNT} messages on Gmail (ADMIN_SEED=${SEED})`, () => {
  it('are stored once and moved to Trash, and nothing else is', { timeout: 300_000 }, async () => {
    const there = await scene({ gmail: {} });
    const foreign = letter();
    there.account.deliver(foreign, { folder: '\\Trash' });
    const mail = there.deliver(2 * COUNT);
    there.account.renumber('INBOX', { start: LARGE_UID });
    // No two of the plan stand side by side: no range makes their set shorter.
    const job = await planned(there.database, there.mailbox, 'purge', {
      folder: 'INBOX',
      pick: (_, index) => index % 2 === 0,
    });
    const late = there.deliver(3);
    const random = randomOf(SEED);
    let cuts = 0;
    there.server.onCommand = ({ name }): Fault | undefined => {
      if (name !== 'UID MOVE' || (cuts > 0 && random() >= CUT)) return undefined;
      cuts++;
      return cut(random);
    };

    for (let turns = 0; turns < MAX_TURNS && job.done < COUNT; turns++) {
      await job.turn(() => {
        const luck = random();
        return luck < LUCK ? 'kill' : luck < 2 * LUCK ? 'abort' : undefined;
      });
    }

    expect(cuts).toBeGreaterThan(0);
    expect(job.counts).toEqual({ disposed: COUNT, stored: COUNT });
    const chosen = mail.filter((_, index) => index % 2 === 0);
    const others = mail.filter((_, index) => index % 2 === 1);
    expectSameMail(await there.stored(), chosen);
    const octets = (folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);
    expectSameMail(octets('\\Trash'), [...chosen, foreign]);
    expectSameMail(octets('INBOX'), [...others, ...late]);
    expect(await there.rows('select state, count(*)::int as n from maildrain.ledger group by state')).toEqual([
      { state: 'disposed', n: COUNT },
    ]);
    const lines = there.server.events.map(({ tag, name, args }) => `${tag} ${name} ${args}\r\n`.length);
    const longest = Math.max(...lines);
    // Sets that were never long would prove nothing.
    expect(longest).toBeGreaterThan(MAX_LINE / 2);
    expect(longest).toBeLessThanOrEqual(MAX_LINE);
  });

  it('are copied, flagged, moved, brought back, thrown away for ever, and restored', { timeout: 300_000 }, async () => {
    const there = await scene({ gmail: {} });
    const mail = there.deliver(COUNT);
    const random = randomOf(SEED);
    const octets = (folder: string): Buffer[] => there.account.messages(folder).map(({ raw }) => raw);
    const work = (kind: AdminJobKind, args: object, folder: string): Promise<Record<string, number>> =>
      worked(there, random, kind, args, folder);

    expect(await work('copy', { to: 'Copies', create: true }, 'INBOX')).toEqual({ copied: COUNT });
    expectSameMail(octets('Copies'), mail);
    expectSameMail(octets('INBOX'), mail);
    expect(await work('flag', { add: ['\\Flagged'] }, 'Copies')).toEqual({ flagged: COUNT });
    expect(new Set(there.account.messages('INBOX').map(({ flags }) => flags.join(' ')))).toEqual(
      new Set(['\\Flagged']),
    );
    // Out of Trash every other label is off.
    expect(await work('move', { to: '\\Trash' }, 'Copies')).toEqual({ moved: COUNT });
    expectSameMail(octets('\\Trash'), mail);
    expect([...octets('INBOX'), ...octets('Copies'), ...octets('\\All')]).toEqual([]);
    expect(await work('undelete', {}, '\\Trash')).toEqual({ undeleted: COUNT });
    expectSameMail(octets('INBOX'), mail);

    expect(await there.drain()).toMatchObject({ stored: COUNT, disposed: COUNT });
    expect(await work('empty-trash', {}, '\\Trash')).toEqual({ disposed: COUNT });
    for (const folder of ['INBOX', 'Copies', '\\Trash', '\\All']) expect(octets(folder)).toEqual([]);

    const back = await storedRun(there.database, there.mailbox, 'restore');
    there.server.onCommand = ({ name }) => (name === 'APPEND' && random() < CUT_APPEND ? cut(random) : undefined);
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      const end = await back.turn((abort) => {
        if (random() < 0.02) abort();
        if (random() < 0.02) throw new Error('killed');
      });
      if (end === 'ended') break;
    }
    there.server.onCommand = undefined;
    expect(back.counts).toEqual({ restored: COUNT });
    expectSameMail(octets('INBOX'), mail);
    expect(await there.drain()).toMatchObject({ stored: 0, disposed: 0 });
    expectSameMail(octets('INBOX'), mail);
  });
});

function cut(random: () => number): Fault {
  return { drop: DROPS[Math.floor(random() * DROPS.length)] ?? 'before', after: Math.floor(random() * 200) };
}

/** Turn by turn to the end. Returns what it counted. */
async function worked(
  there: Scene,
  random: () => number,
  kind: AdminJobKind,
  args: object,
  folder: string,
): Promise<Record<string, number>> {
  const job = await planned(there.database, there.mailbox, kind, { folder, args: { ...args } });
  there.server.onCommand = ({ name }) => (CHANGES.includes(name) && random() < CUT ? cut(random) : undefined);
  for (let turns = 0; turns < MAX_TURNS && job.done < COUNT; turns++)
    await job.turn(() => {
      const luck = random();
      return luck < LUCK ? 'kill' : luck < 2 * LUCK ? 'abort' : undefined;
    });
  there.server.onCommand = undefined;
  expect(job.done).toBe(COUNT);
  return job.counts;
}
