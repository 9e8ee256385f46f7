// `maildrain serve` as a process: it drains on schedule, stops when told, takes over a changed configuration and survives a broken one.

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { until } from '../support/until.ts';
import { CANARY, mailboxLines, makeWorld, message, type Running, type World } from './maildrain.ts';

async function stored(world: World): Promise<number> {
  const client = new pg.Client(world.databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from maildrain.message');
    return rows[0]?.n ?? 0;
  } finally {
    await client.end();
  }
}

const often = (world: World, name = 'bounces', user = 'ann'): string =>
  mailboxLines(name, world.imap, 'dispose: delete', user).replace('every: 1h', 'every: 5s');

async function emptied(world: World, user = 'ann', running?: Running): Promise<void> {
  await until(
    () => `mail is left: ${running?.stderr()}`,
    () => world.imap.account(user).messages().length === 0,
  );
}

async function serving(world: World): Promise<Running> {
  const running = world.start('serve', '--json');
  await running.says(/"msg":"serving"/);
  return running;
}

describeWith('postgres', 'serve', () => {
  it('migrates, drains at once and again on schedule, and ends cleanly on SIGTERM', async () => {
    const world = await makeWorld();
    world.configure(often(world));
    world.imap.account('ann').deliver(message('one'));
    const running = await serving(world);
    await emptied(world, 'ann', running);
    world.imap.account('ann').deliver(message('two'));
    await emptied(world, 'ann', running);
    const status = await world.run('status', '--json');
    expect(status.documents[0]).toMatchObject({ name: 'bounces', state: 'ok', stored: 2, owed: 0 });
    expect(Date.parse(status.documents[0].nextRunAt)).toBeGreaterThan(Date.now() - 60_000);
    world.imap.account('ann').deliver(message('three'));
    running.child.kill('SIGTERM');
    const ended = await running.ended();
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.documents).toEqual([{ pid: running.child.pid, queue: 'postgres', mailboxes: ['bounces'] }]);
    expect(ended.stderr).toContain('"msg":"database migrated"');
    expect(ended.stderr.trimEnd().split('\n').at(-1)).toContain('"msg":"stopped"');
    expect(ended.stderr + ended.stdout).not.toContain(CANARY);
    // Each message is in one of the two places.
    expect((await stored(world)) + world.imap.account('ann').messages().length).toBe(3);
  });

  it('finishes the batch in hand when it is told to stop', async () => {
    const world = await makeWorld();
    world.configure(often(world));
    for (let n = 0; n < 5; n++) world.imap.account('ann').deliver(message(`number ${n}`));
    const running = world.start('serve');
    await running.during(
      new Promise<void>((resolve) => {
        world.imap.onCommand = ({ name }) => {
          if (name !== 'UID FETCH') return undefined;
          world.imap.onCommand = undefined;
          resolve();
          return { delayMs: 1500 };
        };
      }),
    );
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(0);
    const left = world.imap.account('ann').messages().length;
    expect((await stored(world)) + left).toBe(5);
  });

  it('ends at once on a second signal', async () => {
    const world = await makeWorld();
    world.configure(often(world));
    world.imap.account('ann').deliver(message('one'));
    const running = world.start('serve');
    await running.during(
      new Promise<void>((resolve) => {
        world.imap.onCommand = ({ name }) => {
          if (name !== 'UID FETCH') return undefined;
          resolve();
          return new Promise(() => {});
        };
      }),
    );
    running.child.kill('SIGINT');
    await running.says(/stopping after the batch in hand/);
    // Sooner it would be the echo that npm makes of a Ctrl-C.
    await sleep(300);
    running.child.kill('SIGINT');
    expect((await running.ended()).code).toBe(130);
    expect(world.imap.account('ann').messages()).toHaveLength(1);
  });

  it('gives up waiting for a drain that does not end when the grace time is over', async () => {
    const world = await makeWorld();
    world.configure(often(world), 'shutdownGrace: 1s\n');
    world.imap.account('ann').deliver(message('one'));
    const running = world.start('serve');
    await running.during(
      new Promise<void>((resolve) => {
        world.imap.onCommand = ({ name }) => {
          if (name !== 'UID FETCH') return undefined;
          resolve();
          return new Promise(() => {});
        };
      }),
    );
    const told = Date.now();
    running.child.kill('SIGTERM');
    const ended = await running.ended();
    expect(Date.now() - told).toBeLessThan(30_000);
    expect(ended.signal).toBeNull();
    expect(ended.stderr).toContain('drains did not stop in time');
  });

  it('reads its mailboxes again on SIGHUP, and keeps the old ones when the file is broken', async () => {
    const world = await makeWorld();
    world.configure(often(world));
    const running = await serving(world);
    world.configure(often(world) + often(world, 'second', 'bob'), 'concurrency: 9\n');
    world.imap.account('bob').deliver(message('for the second'));
    running.child.kill('SIGHUP');
    await running.says(/"msg":"configuration read again"/);
    await running.says(/"keys":\["concurrency"\].*take effect at the next start/);
    await emptied(world, 'bob', running);

    writeFileSync(world.config, 'mailboxes: [{ nmae: x }]\n');
    running.child.kill('SIGHUP');
    await running.says(/CONFIG_INVALID.*going on as before/);
    world.imap.account('ann').deliver(message('still drained'));
    await emptied(world, 'ann', running);
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(0);
  });

  it('fails with what is wrong when the queue or the database cannot be had', async () => {
    const world = await makeWorld();
    world.configure(mailboxLines('bounces', world.imap), 'redis: redis://127.0.0.1:1\n');
    const noRedis = await world.run('serve');
    expect(noRedis.code).toBe(1);
    expect(noRedis.stderr).toMatch(/^maildrain: QUEUE_UNAVAILABLE: /m);
    const away = await makeWorld({ databaseUrl: 'postgres://127.0.0.1:1/none' });
    const noDatabase = await away.run('serve');
    expect(noDatabase.code).toBe(1);
    expect(noDatabase.stderr).toMatch(/^maildrain: DATABASE_UNAVAILABLE: /m);
  });
});
