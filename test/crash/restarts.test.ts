// Postgres and Redis restarted, and killed, in the middle of drains.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { checkReports } from '../../src/config.ts';
import type { Log } from '../../src/log.ts';
import { openService } from '../../src/service.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { resume } from '../../src/store/mailboxes.ts';
import { migrate } from '../../src/store/migrate.ts';
import { readPostmasterPid } from '../../src/store/postmaster-pid.ts';
import { describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { deliverMany, look } from '../support/mail.ts';
import { WireProxy } from '../support/proxy.ts';
import { startRedis } from '../support/redis.ts';
import { multiset, smallLetter } from './post.ts';
import { drainOnce, FOLDER, freshStore, mailboxOf, openForTest, storedOctets } from './stage.ts';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** So many that a restart falls into a drain; large enough that a drain takes a second or so. */
const MESSAGES = 1_500;
const SIZE = 12_000;

describeWith(['postgres', 'dovecot'], 'a restart in the middle of drains', () => {
  it('of Postgres, twice in order and once by a crash: each message once', { timeout: 180_000 }, async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'md-restart-'));
    const log = { info() {}, warn() {} };
    let embedded = await startEmbedded({ stateDir, log });
    onTestFinished(async () => {
      await embedded.stop();
      rmSync(stateDir, { recursive: true, force: true });
    });
    await migrate(embedded.url);
    const proxy = await WireProxy.open({ port: Number(new URL(embedded.url).port), recordLimit: 0 });
    onTestFinished(() => proxy.close());
    const database = openForTest(proxy.through(embedded.url));
    const server = mailServer();
    const user = freshUser();
    const mailbox = mailboxOf(server, user, {});
    const letters = Array.from({ length: MESSAGES }, () => smallLetter(SIZE));
    await deliverMany(server, user, letters, FOLDER);

    let failed = 0;
    let over = false;
    const draining = (async (): Promise<void> => {
      while (!over) {
        const report = await drainOnce(database, mailbox);
        if (report.outcome === 'failed') failed++;
        await resume(database.sql, mailbox.name).catch(() => {});
        await sleep(20);
      }
    })();
    const dataDir = join(stateDir, 'postgres/data');
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGINT'] as const) {
      await sleep(700);
      const pid = (await readPostmasterPid(dataDir))?.pid;
      if (pid === undefined) throw new Error('no server to end');
      process.kill(pid, signal);
      const gone = (): boolean => {
        try {
          return !process.kill(pid, 0);
        } catch {
          return true;
        }
      };
      while (!gone()) await sleep(20);
      embedded = await startEmbedded({ stateDir, log });
      proxy.retarget(Number(new URL(embedded.url).port));
      // Mail goes on coming.
      const more = Array.from({ length: 200 }, () => smallLetter(SIZE));
      letters.push(...more);
      await deliverMany(server, user, more, FOLDER);
    }
    over = true;
    await draining;
    expect(failed).toBeGreaterThan(0);
    for (let n = 0, outcome = ''; outcome !== 'done'; n++) {
      expect(n).toBeLessThan(10);
      await resume(database.sql, mailbox.name);
      outcome = (await drainOnce(database, mailbox)).outcome;
    }
    expect(multiset(await storedOctets(database))).toEqual(multiset(letters));
    expect(await look(server, user, FOLDER)).toEqual([]);
  });
});

describeWith(['postgres', 'dovecot', 'redis'], 'a restart in the middle of scheduled drains', () => {
  it('of Redis, in order and by a crash: the service finds back by itself, each message once', {
    timeout: 180_000,
  }, async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const server = mailServer();
    const user = freshUser();
    const url = await freshStore();
    const mailbox = mailboxOf(server, user, { everyMs: 1_000 });
    const service = await openService({
      postgres: { url },
      redis: redis.url,
      mailboxes: [mailbox],
      ...checkReports({}),
      connectionsPerHost: 8,
      concurrency: 2,
      stateDir: tmpdir(),
      logLevel: 'error',
      shutdownGraceMs: 10_000,
      log: quiet,
    });
    onTestFinished(() => service.stop());
    const letters: Buffer[] = [];
    const deliver = async (count: number): Promise<void> => {
      const more = Array.from({ length: count }, () => smallLetter(SIZE));
      letters.push(...more);
      await deliverMany(server, user, more, FOLDER);
    };
    await deliver(MESSAGES);
    await service.start();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await sleep(800);
      await redis.restart(signal);
      await deliver(300);
    }
    // Schedules come back with the next look at the queue at the latest.
    const deadline = Date.now() + 90_000;
    while ((await look(server, user, FOLDER)).length > 0) {
      expect(Date.now()).toBeLessThan(deadline);
      await sleep(250);
    }
    await service.stop();
    expect(multiset(await storedOctets(openForTest(url)))).toEqual(multiset(letters));
  });
});
