// Two drains at the same moment: of one mailbox, where the lock lets one work; of one mailbox with the lock made useless, where the keys of the
// ledger still admit each message once; and of one folder that is configured twice, where no lock can know.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { Database, Pen } from '../../src/store/pool.ts';
import { childProgram, describeWith } from '../support/fresh.ts';
import { awkwardPost, type Letter, multiset, smallLetter } from './post.ts';
import { drainOnce, type Stage, stage } from './stage.ts';

const MESSAGES = 700;
const UNTIL_EMPTY_MS = 40_000;

function manyLetters(): Letter[] {
  const internalDate = new Date('2026-03-04T05:06:07Z');
  return Array.from({ length: MESSAGES }, () => ({ why: '', raw: smallLetter(), internalDate, foreign: false }));
}

/** The same database for one who never waits for a lock: every advisory lock seems free. */
function withoutLocks(database: Database): Database {
  return {
    ...database,
    async take(): Promise<Pen> {
      const pen = await database.take();
      const query = pen.client.query.bind(pen.client) as (...args: unknown[]) => unknown;
      const client = new Proxy(pen.client, {
        get(target, name) {
          if (name !== 'query') return Reflect.get(target, name) as unknown;
          return (...args: unknown[]): unknown =>
            typeof args[0] === 'string' && args[0].includes('pg_try_advisory_lock')
              ? Promise.resolve({ rows: [{ got: true }] })
              : query(...args);
        },
      });
      return { ...pen, client };
    },
  };
}

async function folderIsEmpty(scene: Stage): Promise<void> {
  const deadline = Date.now() + UNTIL_EMPTY_MS;
  while ((await scene.look()).some(({ flags }) => !flags.includes('\\Deleted'))) {
    expect(Date.now()).toBeLessThan(deadline);
    await sleep(100);
  }
}

describeWith(['postgres', 'dovecot'], 'two drains at once', () => {
  it('of one mailbox in one process: one works, the other is told that it is busy', async () => {
    const scene = await stage();
    const letters = manyLetters();
    await scene.deliver(letters);
    const [one, other] = await Promise.all([scene.drain(), scene.drain()]);
    expect([one.outcome, other.outcome].sort()).toEqual(['busy', 'done']);
    expect(one.stored + other.stored).toBe(MESSAGES);
    await scene.expectPromiseKept(
      letters.map(({ raw }) => raw),
      [],
    );
  });

  it('of one mailbox in two processes: each message once', async () => {
    const scene = await stage();
    const letters = [...manyLetters(), ...awkwardPost().filter(({ why }) => !why.startsWith('NUL'))];
    await scene.deliver(letters);
    const { password, ...imap } = scene.mailbox.imap;
    expect(password).toBeDefined();
    const task = { url: scene.url, password: scene.server.password, mailbox: { ...scene.mailbox, imap } };
    const workers = [1, 2].map(() =>
      spawn(process.execPath, [childProgram('test/crash/kill-worker.ts'), JSON.stringify(task)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    onTestFinished(() => {
      for (const worker of workers) worker.kill('SIGKILL');
    });
    const said: string[] = [];
    await Promise.all(workers.map((worker) => once(worker.stdout, 'data')));
    for (const worker of workers) {
      worker.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()));
      worker.stdin.write('go\n');
    }
    await folderIsEmpty(scene);
    for (const worker of workers) {
      const gone = once(worker, 'exit');
      worker.kill('SIGKILL');
      await gone;
    }
    expect(said.join('')).toContain('"outcome":"busy"');
    await scene.drainToTheEnd();
    const octets = (foreign: boolean): Buffer[] => letters.filter((l) => l.foreign === foreign).map(({ raw }) => raw);
    await scene.expectPromiseKept(octets(false), octets(true));
  });

  it('of one mailbox with the lock made useless: the keys admit each message once, whoever comes second stores nothing of its batch', async () => {
    const scene = await stage();
    const letters = manyLetters();
    await scene.deliver(letters);
    const unlocked = withoutLocks(scene.database);
    const conflicts: string[] = [];
    for (let n = 0; n < 3; n++) {
      const reports = await Promise.all(
        [0, 20, 60].map((ms) => sleep(ms).then(() => drainOnce(unlocked, scene.mailbox))),
      );
      for (const { outcome, error } of reports) {
        expect(outcome).not.toBe('busy');
        if (error !== null) conflicts.push(error.code);
      }
      await scene.truth.sql.query('update maildrain.mailbox set not_before = null, stopped_at = null');
    }
    expect(new Set(conflicts)).toEqual(new Set(['DATABASE_CONFLICT']));
    await scene.drainToTheEnd();
    await scene.expectPromiseKept(
      letters.map(({ raw }) => raw),
      [],
    );
  });

  it('of one folder configured twice under two addresses: each stores what it fetched, at most once, and nothing is lost', async () => {
    const scene = await stage();
    const letters = manyLetters();
    await scene.deliver(letters);
    // Another port is another login: neither the lock nor the ledger can know that it is the same folder.
    const twin = { ...scene.mailbox, name: 'twin', imap: { ...scene.mailbox.imap, port: scene.server.port } };
    const reports = await Promise.all([scene.drain(), drainOnce(scene.database, twin)]);
    for (const { outcome } of reports) expect(outcome).not.toBe('busy');
    await scene.drainToTheEnd();
    expect(await scene.look()).toEqual([]);
    const all = multiset(await scene.stored());
    expect([...new Set(all)]).toEqual([...new Set(multiset(letters.map(({ raw }) => raw)))]);
    const { rows } = await scene.truth.sql.query(
      'select mailbox_id, digest from maildrain.message group by 1, 2 having count(*) > 1',
    );
    expect(rows).toEqual([]);
  });
});
