// 5,000 messages purged to the Trash of the scripted Gmail, the line cut at random commands and the turns ended and killed at random steps; and how
// long a line the job ever says. ADMIN_SEED repeats a run.

import { expect, it } from 'vitest';
import type { Fault } from '../../src/demo/imap-server/options.ts';
import { expectSameMail, letter, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { randomOf } from '../support/random.ts';
import { planned } from './turns.ts';

const COUNT = 5000;
/** Of ten steps one is killed before it could be written down, and one ends its turn. */
const LUCK = 0.1;
/** Of five commands that move, one is cut. */
const CUT = 0.2;
const DROPS = ['before', 'after-effect', 'before-tagged', 'midway'] as const;
const MAX_TURNS = 200;
/** RFC 7162 4 advises lines of at most 8,192 octets; what is said around the UIDs must have room in it too. */
const MAX_LINE = 8_000;
/** Ten digits, as long as a UID can be. */
const LARGE_UID = 4_000_000_000;
const SEED = Number(process.env.ADMIN_SEED ?? Date.now() % 1_000_000);

describeWith('postgres', `${COUNT} messages on Gmail (ADMIN_SEED=${SEED})`, () => {
  it('are stored once and moved to Trash, and nothing else is', { timeout: 120_000 }, async () => {
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
      if (name !== 'UID MOVE' || random() >= CUT) return undefined;
      cuts++;
      return { drop: DROPS[Math.floor(random() * DROPS.length)] ?? 'before', after: Math.floor(random() * 200) };
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
});
