// `maildrain drain` as a process: what people and scripts see of a drain, its exit codes, and that no secret shows.

import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { until } from '../support/until.ts';
import { CANARY, mailboxLines, makeWorld, message, type World } from './maildrain.ts';

function deliver(world: World, messages: number, user = 'ann'): void {
  for (let n = 1; n <= messages; n++) world.imap.account(user).deliver(message(`number ${n}`));
}

const onServer = (world: World, user = 'ann'): number => world.imap.account(user).messages().length;

async function query<T extends pg.QueryResultRow>(world: World, text: string): Promise<T[]> {
  const client = new pg.Client(world.databaseUrl);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

describeWith('postgres', 'drain', () => {
  it('on a first use makes the tables, drains, and reports in words or as one JSON document', async () => {
    const world = await makeWorld();
    deliver(world, 3);
    const first = await world.run('drain', 'bounces');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^bounces: done\n {2}listed 3, fetched 3, stored 3, disposed 3; \d+ B in [\d.]+ s\n$/);
    expect(onServer(world)).toBe(0);

    deliver(world, 2);
    const second = await world.run('drain', 'bounces', '--json');
    expect(second.code).toBe(0);
    expect(second.documents).toEqual([
      {
        mailbox: 'bounces',
        outcome: 'done',
        listed: 2,
        fetched: 2,
        stored: 2,
        adopted: 0,
        disposed: 2,
        gone: 0,
        skipped: 0,
        held: 0,
        missing: 0,
        pending: 0,
        bytes: expect.any(Number),
        ms: expect.any(Number),
        notes: [],
        retryAt: null,
        error: null,
      },
    ]);
  });

  it('--dry-run says what it would do, and neither the server nor the database changes', async () => {
    const world = await makeWorld();
    deliver(world, 4);
    const early = await world.run('drain', 'bounces', '--dry-run');
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toMatch(/^maildrain: SCHEMA_MISSING: .*maildrain migrate/);
    expect(await query(world, "select 1 from pg_namespace where nspname = 'maildrain'")).toEqual([]);

    expect((await world.run('migrate')).code).toBe(0);
    const dry = await world.run('drain', 'bounces', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^bounces: dry run, nothing was changed\n {2}listed 4, would be fetched 4; \d+ B\n/);
    expect(dry.stdout).toContain('note: after storing: flagged \\Deleted and removed by UID EXPUNGE');
    expect(onServer(world)).toBe(4);
    expect(await query(world, 'select id from maildrain.message')).toEqual([]);
    expect(await query(world, 'select id from maildrain.mailbox')).toEqual([]);
  });

  it('--dry-run fails with what would stand in its way, and tries a login once', async () => {
    const world = await makeWorld();
    await world.run('migrate');
    world.configure(mailboxLines('moved', world.imap, 'dispose: { move: Nowhere }'));
    deliver(world, 1);
    const moved = await world.run('drain', 'moved', '--dry-run');
    expect(moved.code).toBe(1);
    expect(moved.stdout).toMatch(
      /^moved: dry run, nothing was changed\n {2}listed 1, .*\n {2}TARGET_MISSING: [^\n]*"Nowhere"[^\n]*\n$/,
    );
    let logins = 0;
    world.imap.onCommand = ({ name }) => {
      if (!/^(LOGIN|AUTHENTICATE)$/.test(name)) return undefined;
      logins++;
      return { reply: 'NO [AUTHENTICATIONFAILED] No' };
    };
    const wrong = await world.run('drain', 'moved', '--dry-run');
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/^moved: failed\n {2}AUTHENTICATION_FAILED: [^\n]*\n$/);
    expect(logins).toBe(1);
  });

  it('with --all drains every mailbox one after the other, and the worst of them gives the exit code', async () => {
    const world = await makeWorld();
    world.configure(
      mailboxLines('good', world.imap) +
        mailboxLines('absent', world.imap, 'dispose: delete\nfolder: Nowhere', 'bob') +
        mailboxLines('big', world.imap, 'dispose: delete\nsizeLimit: 2KB', 'carl'),
    );
    deliver(world, 2);
    deliver(world, 1, 'carl');
    world.imap.account('carl').deliver(message('large', 'x'.repeat(5000)));
    const all = await world.run('drain', '--all', '--json');
    expect(all.documents.map(({ mailbox, outcome }) => [mailbox, outcome])).toEqual([
      ['good', 'done'],
      ['absent', 'failed'],
      ['big', 'partial'],
    ]);
    expect(all.documents[1].error.code).toBe('MAILBOX_MISSING');
    expect(all.documents[2].held).toBe(1);
    expect(all.code).toBe(1);
    const held = await world.run('drain', 'big');
    expect(held.code).toBe(0);
    const waits = await world.run('drain', 'absent');
    expect(waits.code).toBe(4);
    expect(waits.stdout).toContain('waits; nothing done');
    expect(waits.stdout).toContain('"maildrain resume absent" tries at once');
  });

  it('--enqueue leaves the drain to a service', async () => {
    const world = await makeWorld();
    deliver(world, 1);
    const put = await world.run('drain', 'bounces', '--enqueue', '--json');
    expect(put.code).toBe(0);
    expect(put.documents).toEqual([{ mailbox: 'bounces', job: expect.any(String) }]);
    expect(put.stderr).toContain('no worker is running: they wait for "maildrain serve"');
    expect(onServer(world)).toBe(1);
  });

  it('is not begun when one of the names is unknown', async () => {
    const world = await makeWorld();
    deliver(world, 1);
    const ended = await world.run('drain', 'bounces', 'bouncse', '--json');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/MAILBOX_UNKNOWN: there is no mailbox "bouncse" \(did you mean "bounces"\?\)/);
    expect(ended.documents).toEqual([
      { error: { code: 'MAILBOX_UNKNOWN', message: expect.stringContaining('bouncse') } },
    ]);
    expect(onServer(world)).toBe(1);
  });

  it('with a refused login says what to do, and shows no password anywhere', async () => {
    const world = await makeWorld({ imap: { password: 'another' } });
    deliver(world, 1);
    const ended = await world.run('drain', 'bounces', '--log-level', 'debug');
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(
      /^bounces: failed\n {2}AUTHENTICATION_FAILED: .+\n {2}tried again in .+ at the earliest/,
    );
    expect(ended.stderr).toContain('drain failed');
    expect(ended.stdout + ended.stderr).not.toContain(CANARY);
  });

  it('leaves the password in no output, process title or row', async () => {
    const world = await makeWorld();
    deliver(world, 30);
    let held: () => void = () => {};
    const reached = new Promise<void>((resolve) => {
      world.imap.onCommand = async ({ name }) => {
        if (name !== 'UID FETCH') return undefined;
        resolve();
        await new Promise<void>((go) => {
          held = go;
        });
        return undefined;
      };
    });
    const running = world.start('drain', 'bounces', '--json', '--log-level', 'debug');
    await running.during(reached);
    const title = execFileSync('ps', ['-o', 'args=', '-p', String(running.child.pid)], { encoding: 'utf8' });
    world.imap.onCommand = undefined;
    held();
    const ended = await running.ended();
    expect(ended.code).toBe(0);
    expect(title.trim()).toBe('maildrain drain');
    for (const text of [title, ended.stdout, ended.stderr]) expect(text).not.toContain(CANARY);
    expect(ended.stderr).toContain('"msg":"drained"');
    const tables = await query<{ name: string }>(
      world,
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 'maildrain%'`,
    );
    expect(tables.length).toBeGreaterThan(5);
    for (const { name } of tables)
      expect(await query(world, `select 1 from ${name} t where t::text like '%${CANARY}%'`), name).toEqual([]);
  });

  it('after one SIGINT finishes the batch in hand; the rest stays for the next drain', async () => {
    const world = await makeWorld();
    // More than one batch, whatever its size is in messages: batches are bounded in octets too.
    const body = `${'x'.repeat(998)}\r\n`.repeat(1000);
    for (let n = 0; n < 40; n++) world.imap.account('ann').deliver(message(`big ${n}`, body));
    const running = world.start('drain', 'bounces', '--json');
    await until(
      () => `nothing was expunged: ${running.stderr()}`,
      () => world.imap.events.some(({ name }) => name === 'UID EXPUNGE'),
    );
    running.child.kill('SIGINT');
    const ended = await running.ended();
    const [report] = ended.documents;
    expect(ended.stderr).toContain('stopping after the batch in hand; once more to stop at once');
    expect(ended.code).toBe(4);
    expect(report.outcome).toBe('partial');
    expect(report.stored).toBeGreaterThan(0);
    expect(report.pending).toBe(0);
    expect(onServer(world)).toBe(40 - report.disposed);
    const rest = await world.run('drain', 'bounces', '--json');
    expect(rest.documents[0].stored).toBe(40 - report.stored);
    expect(await query(world, 'select count(*)::int as n from maildrain.message')).toEqual([{ n: 40 }]);
  });

  it('after a second signal ends at once', async () => {
    const world = await makeWorld();
    deliver(world, 1);
    const reached = new Promise<void>((resolve) => {
      world.imap.onCommand = ({ name }) => {
        if (name !== 'UID FETCH') return undefined;
        resolve();
        return new Promise(() => {});
      };
    });
    const running = world.start('drain', 'bounces');
    await running.during(reached);
    running.child.kill('SIGTERM');
    await running.says(/once more to stop at once/);
    // Sooner it would be the echo that npm makes of a Ctrl-C.
    await sleep(300);
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(143);
    expect(onServer(world)).toBe(1);
  });

  it('without a database says so, and touches no mail', async () => {
    const world = await makeWorld({ databaseUrl: 'postgres://nobody:secret-in-url@127.0.0.1:1/none' });
    deliver(world, 1);
    const ended = await world.run('drain', 'bounces');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^maildrain: DATABASE_UNAVAILABLE: Postgres cannot be reached/);
    expect(ended.stderr).not.toContain('secret-in-url');
    expect(onServer(world)).toBe(1);
  });
});
