// Messages that can be taken for one another: byte-identical ones, and ones that share a Message-ID and the second of their arrival. Each row
// is a crash after which one of them stands where the other was expected.

import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { arm, type CutPoint, IMAP_CUTS, POSTGRES_CUTS } from './cuts.ts';
import { awkwardPost, type Letter, smallLetter } from './post.ts';
import { type Fate, stage } from './stage.ts';

const DAY = new Date('2026-03-04T05:06:07Z');
const NEXT_DAY = new Date('2026-03-05T05:06:07Z');

function pointNamed(name: string): CutPoint {
  const point = [...IMAP_CUTS, ...POSTGRES_CUTS].find((candidate) => candidate.name === name);
  if (point === undefined) throw new Error(`no cut "${name}"`);
  return point;
}

function at(raw: Buffer, internalDate = DAY, foreign = false): Letter {
  return { why: '', raw, internalDate, foreign };
}

/** A fresh pair of messages that differ in one letter of the body, and one that parts batches. */
function parts(): { twin: Buffer; first: Buffer; other: Buffer; large: Buffer } {
  const large = awkwardPost().find(({ why }) => why === 'streamed')?.raw;
  if (large === undefined) throw new Error('no large message');
  const first = smallLetter();
  const other = Buffer.from(first);
  other.write('y', first.indexOf('xxx'));
  return { twin: smallLetter(), first, other, large };
}

const cases: {
  why: string;
  post: (mail: ReturnType<typeof parts>) => Letter[];
  cut: string;
  fate: Fate;
  /** Delivered between the cut and the next drain. */
  later?: (mail: ReturnType<typeof parts>) => Letter[];
}[] = [
  {
    why: 'the second twin is not stored yet when the first is expunged and the answer lost',
    post: ({ twin, large }) => [at(twin), at(large), at(twin)],
    cut: 'UID EXPUNGE sent, answer lost',
    fate: 'unchanged',
  },
  {
    why: 'the second twin arrives after the first was expunged and the answer lost',
    post: ({ twin }) => [at(twin)],
    cut: 'UID EXPUNGE sent, answer lost',
    fate: 'unchanged',
    later: ({ twin }) => [at(twin)],
  },
  {
    why: 'a foreign \\Deleted twin of the same second stays when ours was expunged and the answer lost',
    post: ({ twin }) => [at(twin), at(twin, DAY, true)],
    cut: 'UID EXPUNGE sent, answer lost',
    fate: 'unchanged',
  },
  {
    why: 'a foreign \\Deleted twin of the same second stays when ours was expunged and that was not recorded',
    post: ({ twin }) => [at(twin), at(twin, DAY, true)],
    cut: 'OK received and not recorded',
    fate: 'unchanged',
  },
  {
    why: 'a foreign \\Deleted twin comes to stand at the UID that ours had',
    post: ({ twin, first }) => [at(twin), at(first), at(twin, NEXT_DAY, true)],
    cut: 'before STORE',
    fate: 'reversed',
  },
  {
    why: 'a foreign \\Deleted twin is all that is left under a new UIDVALIDITY',
    post: ({ twin }) => [at(twin), at(twin, NEXT_DAY, true)],
    cut: 'UID EXPUNGE sent, answer lost',
    fate: 'new UIDVALIDITY',
  },
  {
    why: 'the second twin, not stored yet, comes to stand at the UID of the first, which is disposed',
    post: ({ twin, large }) => [at(twin), at(large), at(twin, NEXT_DAY)],
    cut: 'UID EXPUNGE of the streamed message sent, answer lost',
    fate: 'recreated',
  },
  {
    why: 'the second twin, stored and still owed, comes to stand at the UID of the first, which is disposed',
    post: ({ twin, large }) => [at(twin), at(large), at(twin)],
    cut: 'STORE of the last batch sent, answer lost',
    fate: 'recreated',
  },
  {
    why: 'a message not stored yet stands where a stored one with its Message-ID was',
    post: ({ first, large, other }) => [at(first), at(large), at(other)],
    cut: 'before STORE',
    fate: 'reversed',
  },
  {
    why: 'two stored messages with one Message-ID change places',
    post: ({ first, other }) => [at(first), at(other)],
    cut: 'before STORE',
    fate: 'reversed',
  },
  {
    why: 'rows of UIDs that the smaller folder no longer reaches are found again',
    post: ({ first, large, other, twin }) => [at(twin), at(large), at(first), at(other)],
    cut: 'STORE of the last batch sent, answer lost',
    fate: 'recreated',
  },
];

describeWith(['postgres', 'dovecot'], 'messages that look alike', () => {
  it.each(cases)('$why', async ({ post, cut: name, fate, later }) => {
    const point = pointNamed(name);
    const scene = await stage(point.changes);
    const mail = parts();
    const letters = [...post(mail)];
    await scene.deliver(letters);
    const cut = arm(scene, point);
    await scene.drain();
    expect(cut.fired).toBe(true);
    await scene.meet(fate);
    if (later !== undefined) {
      letters.push(...later(mail));
      await scene.deliver(later(mail));
    }
    await scene.drainToTheEnd();
    const octets = (foreign: boolean): Buffer[] => letters.filter((l) => l.foreign === foreign).map(({ raw }) => raw);
    await scene.expectPromiseKept(octets(false), octets(true));
  });
});
