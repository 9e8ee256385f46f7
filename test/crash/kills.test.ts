// A worker that is killed again and again while mail keeps coming, at times drawn from a seed. CRASH_SEED repeats a run, CRASH_KILLS sets how
// many kills there are.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { heldMessages, release } from '../../src/store/holds.ts';
import { resume } from '../../src/store/mailboxes.ts';
import type { Database } from '../../src/store/pool.ts';
import { childProgram, describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { RawImap } from '../support/mail.ts';
import { randomOf } from '../support/random.ts';
import { awkwardPost, multiset } from './post.ts';
import { drainOnce, FOLDER, freshStore, mailboxOf, openForTest, storedOctets } from './stage.ts';

const KILLS = Number(process.env.CRASH_KILLS ?? 100);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);

/** Longest life at first, milliseconds; each is drawn evenly below it. */
const LIFE_MS = 700;
/** A life that stored nothing makes the next ones longer, another shorter: on any machine, about half end while connecting, half in or after a batch. */
const ADAPT = 1.05;
/** A 9 MB message now and then is enough for kills in the middle of a stream. */
const LARGE_EVERY = 60;
/** Mail comes a little more slowly than one worker takes it off when it is left alone. */
const PAUSE_MS = 60;
const MINUTES_PER_100_KILLS = 8;

type Worker = ChildProcessByStdio<Writable, Readable, null>;

describeWith(['postgres', 'dovecot'], `${KILLS} kills of a worker (CRASH_SEED=${SEED})`, () => {
  it('loses nothing, stores nothing twice, touches nothing foreign', {
    timeout: (1 + KILLS / 100) * MINUTES_PER_100_KILLS * 60_000,
  }, async () => {
    const random = randomOf(SEED);
    const server = mailServer();
    const user = freshUser();
    const url = await freshStore();
    const database = openForTest(url);
    const mailbox = mailboxOf(server, user, {});
    const delivered: Buffer[] = [];
    const foreign: Buffer[] = [];
    let stopped = false;
    const client = await RawImap.login(server, user);
    // A worker that finds no folder stops, rightly, and would wait for a person.
    await client.command(`CREATE ${FOLDER}`);
    const delivery = deliverUntil(() => stopped, client, random, delivered, foreign);
    onTestFinished(() => {
      stopped = true;
    });

    const script = childProgram('test/crash/kill-worker.ts');
    const start = (): Worker => startWorker(script, { url, password: server.password, mailbox });
    // The next one loads while this one works: most of a worker's life would be its start otherwise.
    let [worker, next] = [start(), start()];
    onTestFinished(() => {
      for (const child of [worker, next]) child.kill('SIGKILL');
    });
    let before = 0;
    let fruitful = 0;
    let owing = 0;
    let lifeMs = LIFE_MS;
    for (let kill = 0; kill < KILLS; kill++) {
      await ready(worker);
      worker.stdout.resume();
      worker.stdin.write('go\n');
      await sleep(lifeMs * random());
      const gone = once(worker, 'exit');
      worker.kill('SIGKILL');
      expect((await gone)[1]).toBe('SIGKILL');
      const { stored, owed } = await progress(database);
      if (stored > before) fruitful++;
      lifeMs *= stored > before ? 1 / ADAPT : ADAPT;
      if (owed > 0) owing++;
      before = stored;
      // A life that ended in an error of the server's (too many connections, say) asks for a pause.
      await resume(database.sql, mailbox.name);
      worker = next;
      next = start();
    }
    stopped = true;
    await delivery;

    let held = 0;
    let last: unknown;
    for (let quiet = 0, n = 0; quiet < 2; n++) {
      expect(n, `drains that came to no rest, the last: ${JSON.stringify(last)}`).toBeLessThan(200);
      await resume(database.sql, mailbox.name);
      const holds = await heldMessages(database.sql, null);
      held += holds.filter(({ released }) => !released).length;
      await release(database.sql, mailbox.name, null);
      const report = await drainOnce(database, mailbox);
      last = { report, holds };
      if (report.outcome === 'busy') await sleep(50);
      quiet = report.outcome === 'done' && holds.length === 0 ? quiet + 1 : 0;
    }
    process.stdout.write(
      `kills: seed ${SEED}, ${KILLS} kills (${fruitful} after something was stored, ${owing} before it was all disposed), ${delivered.length} messages, ${foreign.length} foreign, ${held} held and released\n`,
    );
    // Kills that never met a working drain would prove nothing.
    expect(fruitful).toBeGreaterThan(KILLS / 10);
    expect(multiset(await storedOctets(database))).toEqual(multiset(delivered));
    await client.command(`SELECT ${FOLDER}`);
    const left = (await client.command('UID SEARCH ALL')).toString('latin1');
    const deleted = (await client.command('UID SEARCH DELETED')).toString('latin1');
    client.close();
    expect(uidsIn(left)).toEqual(uidsIn(deleted));
    expect(uidsIn(left)).toHaveLength(foreign.length);
  });
});

async function progress(database: Database): Promise<{ stored: number; owed: number }> {
  const { rows } = await database.sql.query<{ stored: number; owed: number }>(
    "select count(*)::int as stored, count(*) filter (where state = 'pending')::int as owed from maildrain.ledger where message_id is not null",
  );
  return rows[0] ?? { stored: 0, owed: 0 };
}

function uidsIn(answer: string): number[] {
  return (/\* SEARCH([ \d]*)/.exec(answer)?.[1] ?? '').split(' ').filter(Boolean).map(Number);
}

function startWorker(script: string, task: object): Worker {
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  child.stdin.on('error', () => {});
  return child;
}

const loaded = new WeakMap<Worker, Promise<unknown>>();

function ready(worker: Worker): Promise<unknown> {
  const known = loaded.get(worker) ?? once(worker.stdout, 'data');
  loaded.set(worker, known);
  return known;
}

/** Delivers until told to stop, as another client would: small ones, twins, larger ones, and now and then a foreign \Deleted one. */
async function deliverUntil(
  over: () => boolean,
  client: RawImap,
  random: () => number,
  delivered: Buffer[],
  foreign: Buffer[],
): Promise<void> {
  const [, , , , , , , , large] = awkwardPost();
  let last = letterOf(0, 200);
  for (let n = 1; !over(); n++) {
    const draw = random();
    const raw =
      n % LARGE_EVERY === 0 && large !== undefined
        ? Buffer.concat([large.raw, Buffer.from(`${n}\r\n`)])
        : draw < 0.15
          ? last
          : letterOf(n, draw < 0.25 ? 60_000 + Math.floor(random() * 200_000) : 200 + Math.floor(random() * 8_000));
    // Some foreign ones are byte-identical with one of ours.
    const isForeign = draw > 0.95 || (draw < 0.03 && raw === last);
    await client.command(
      Buffer.concat([Buffer.from(`APPEND ${FOLDER}${isForeign ? ' (\\Deleted)' : ''} {${raw.length}+}\r\n`), raw]),
    );
    (isForeign ? foreign : delivered).push(raw);
    last = raw;
    await sleep(random() * PAUSE_MS);
  }
}

function letterOf(n: number, size: number): Buffer {
  const head = `From: Bea <bea@example.net>\r\nSubject: ${n}\r\n${n % 3 === 0 ? '' : `Message-ID: <${n % 7}@example.net>\r\n`}\r\n`;
  return Buffer.from(`${head}${n}\r\n${'x'.repeat(size)}\r\n`);
}
