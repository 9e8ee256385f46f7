// Lines that are cut at no chosen point: after a time drawn from a seed, again and again, while some hundred messages are drained. What the table of
// cuts has no name for is found here. CUTS_SEED repeats what is drawn, CUTS_ROUNDS sets how many mailboxes there are.

import { expect, it } from 'vitest';
import { heldMessages, release } from '../../src/store/holds.ts';
import { describeWith } from '../support/fresh.ts';
import { deliverMany } from '../support/mail.ts';
import { randomOf } from '../support/random.ts';
import { smallLetter } from './post.ts';
import { FOLDER, type MailboxChanges, type Stage, stage } from './stage.ts';

const SEED = Number(process.env.CUTS_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.CUTS_ROUNDS ?? 8);

/** About as long as a drain of these mailboxes takes on two cores: most cuts meet one at work. */
const CUT_WITHIN_MS = 800;
/** Kept in memory with its neighbours; and streamed. */
const MIDDLING = 900_000;
const LARGE = 9 * 1024 * 1024;

const WAYS: readonly MailboxChanges[] = [
  {},
  { dispose: { kind: 'trash' } },
  { dispose: { kind: 'move', to: 'Done', create: true } },
];

interface Mail {
  readonly raw: Buffer;
  /** Flagged \Deleted by another client: not ours. */
  readonly flags?: readonly string[];
}

function draw(random: () => number): Mail[] {
  return Array.from({ length: 300 + Math.floor(random() * 500) }, () => {
    const size = random();
    const raw = smallLetter(size < 0.005 ? LARGE : size < 0.03 ? MIDDLING : 300);
    return random() < 0.01 ? { raw, flags: ['\\Deleted'] } : { raw };
  });
}

/** One to five drains, each cut after a while if it lasts so long. Returns what became of them, for people. */
async function drainUnderFire(scene: Stage, random: () => number): Promise<string[]> {
  const told: string[] = [];
  for (let left = 1 + Math.floor(random() * 5); left > 0; left--) {
    const line = random() < 0.5 ? 'imap' : 'postgres';
    const style = random() < 0.5 ? 'reset' : 'end';
    const timer = setTimeout(() => scene[line].cutAll(style), random() * CUT_WITHIN_MS);
    const { outcome, error, fetched, disposed, held } = await scene.drain();
    clearTimeout(timer);
    told.push(
      `${line} ${style}: ${outcome} ${error?.code ?? ''} ${fetched} fetched, ${disposed} disposed, ${held} held`,
    );
    if (error !== null) expect(error.code, told.join('\n')).toMatch(/^(CONNECTION_LOST|DATABASE_UNAVAILABLE)$/);
  }
  return told;
}

describeWith(['postgres', 'dovecot'], `lines cut at random (CUTS_SEED=${SEED})`, () => {
  let broken = 0;
  let held = 0;
  const rounds = Array.from({ length: ROUNDS }, (_, n) => n);

  it.each(rounds)('mailbox %i: nothing lost, nothing twice, nothing foreign touched', async (round) => {
    const random = randomOf(SEED + round);
    const scene = await stage(WAYS[round % WAYS.length]);
    const mail = draw(random);
    await deliverMany(scene.server, scene.user, mail, FOLDER);
    const told = await drainUnderFire(scene, random);
    broken += told.filter((line) => line.includes('failed')).length;
    await scene.drainToTheEnd();
    // What was alone in flight in three broken drains is held: it is still there, and a person lets it go.
    const holds = await heldMessages(scene.truth.sql, null);
    for (const { reason } of holds) expect(reason, told.join('\n')).toBe('fetch-fatal');
    expect(await scene.look()).toHaveLength(mail.filter(({ flags }) => flags !== undefined).length + holds.length);
    held += holds.length;
    await release(scene.truth.sql, scene.mailbox.name, null);
    await scene.drainToTheEnd();
    const octets = (foreign: boolean): Buffer[] =>
      mail.filter(({ flags }) => (flags !== undefined) === foreign).map(({ raw }) => raw);
    await scene.expectPromiseKept(octets(false), octets(true)).catch((error: Error) => {
      error.message += `\n${told.join('\n')}`;
      throw error;
    });
  });

  it('cuts that never met a working drain would prove nothing', () => {
    process.stdout.write(
      `random cuts: seed ${SEED}, ${ROUNDS} mailboxes, ${broken} broken drains, ${held} held and released\n`,
    );
    expect(broken).toBeGreaterThan(ROUNDS / 4);
  });
});
