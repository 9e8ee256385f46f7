// The embedded PostgreSQL as several processes meet it. Each "process" here is its own call of startEmbedded: all that they share is the
// directory, exactly as real ones do. Needs the optional npm package; as root it also proves the drop to an unprivileged user.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { type Embedded, startEmbedded } from '../../src/store/embedded.ts';
import { firstBlocked, parsePasswd } from '../../src/store/embedded-user.ts';
import { isServerProcess, parsePostmasterPid, readPostmasterPid } from '../../src/store/postmaster-pid.ts';

const lines: string[] = [];
const log = {
  info: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  warn: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
};
const opened: Embedded[] = [];
const dirs: string[] = [];

/** Below a directory that only we may enter: as root the server's user cannot get there by mode bits. */
async function privateStateDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'md-emb-'));
  dirs.push(dir);
  return join(dir, 'state');
}

async function start(stateDir: string): Promise<Embedded> {
  const embedded = await startEmbedded({ stateDir, log });
  opened.push(embedded);
  return embedded;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  for (const embedded of opened.splice(0)) await embedded.stop();
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe('embedded postgres', () => {
  it('serves a UTF-8 database on loopback only, and keeps its password from everyone else', async () => {
    const stateDir = await privateStateDir();
    const { url } = await start(stateDir);
    expect(await ask(url, "select current_database() || ' ' || current_setting('server_encoding')")).toBe(
      'maildrain UTF8',
    );
    expect(await ask(url, "select current_setting('listen_addresses')")).toBe('127.0.0.1');
    expect(await ask(url, "select current_setting('fsync')")).toBe('on');
    expect(statSync(join(stateDir, 'postgres/password')).mode & 0o777).toBe(0o600);
    const password = readFileSync(join(stateDir, 'postgres/password'), 'utf8').trim();
    expect(password.length).toBeGreaterThanOrEqual(32);
    expect(lines.join()).not.toContain(password);
    const pid = (await readPostmasterPid(join(stateDir, 'postgres/data')))?.pid;
    if (process.platform === 'linux') expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(password);
    await expect(ask(url.replace(password, 'wrong'), 'select 1')).rejects.toThrow('password authentication failed');
    expect(readdirSync(stateDir)).toEqual(['postgres']);
  });

  it('is one server for those who start at once; the last one out stops it, and stopping twice is harmless', async () => {
    const stateDir = await privateStateDir();
    const [a, b, c] = await Promise.all([start(stateDir), start(stateDir), start(stateDir)]);
    expect(new Set([a.url, b.url, c.url]).size).toBe(1);
    await ask(a.url, 'create table kept (n int)');
    await Promise.all([a.stop(), a.stop(), c.stop()]);
    expect(await ask(b.url, 'select count(*)::int from kept')).toBe(0);
    await b.stop();
    await expect(ask(b.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
    const again = await start(stateDir);
    expect(await ask(again.url, 'select count(*)::int from kept')).toBe(0);
  });

  it('stays up while anybody else is connected', async () => {
    const { url, stop } = await start(await privateStateDir());
    const guest = new pg.Client(url);
    guest.on('error', () => {});
    await guest.connect();
    await stop();
    expect((await guest.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await guest.end();
    const back = await start(join(dirs[0] ?? '', 'state'));
    expect(back.url).toBe(url);
  });

  it('comes back after the server was killed, with what was committed', async () => {
    const stateDir = await privateStateDir();
    const first = await start(stateDir);
    await ask(first.url, 'create table kept as select 7 as n');
    const pid = (await readPostmasterPid(join(stateDir, 'postgres/data')))?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const second = await start(stateDir);
    expect(await ask(second.url, 'select n from kept')).toBe(7);
  });

  it('starts although the pid left by another boot belongs to some other program now', async () => {
    const stateDir = await privateStateDir();
    const first = await start(stateDir);
    const dataDir = join(stateDir, 'postgres/data');
    const left = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8');
    await first.stop();
    const owner = statSync(dataDir);
    // Runs as the server's user: PostgreSQL by itself would take it for another server.
    const stranger = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {});
    try {
      writeFileSync(join(dataDir, 'postmaster.pid'), left.replace(/^\d+/, String(stranger.pid)));
      const second = await start(stateDir);
      expect(await ask(second.url, 'select 1')).toBe(1);
    } finally {
      stranger.kill();
    }
  });

  it('says what is wrong with the directory', async () => {
    const stateDir = await privateStateDir();
    mkdirSync(join(stateDir, 'postgres'), { recursive: true });
    writeFileSync(join(stateDir, 'postgres/password'), 'x');
    await expect(startEmbedded({ stateDir, log })).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES',
      message: expect.stringContaining('holds no PostgreSQL data'),
    });
    writeFileSync(join(stateDir, 'file'), '');
    await expect(startEmbedded({ stateDir: join(stateDir, 'file'), log })).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES',
      message: expect.stringMatching(/cannot write to the state directory .*EEXIST/),
    });
    expect(existsSync(join(stateDir, 'postgres/data'))).toBe(false);
  });
});

describe('postmaster.pid', () => {
  const cases = [
    {
      why: 'a server that accepts logins',
      text: '42\n/d\n1\n5433\n\n127.0.0.1\n 1 2\nready   \n',
      is: { pid: 42, port: 5433, ready: true },
    },
    {
      why: 'still starting',
      text: '42\n/d\n1\n5433\n\n127.0.0.1\n 1 2\nstarting\n',
      is: { pid: 42, port: 5433, ready: false },
    },
    { why: 'written half', text: '42\n/d\n', is: { pid: 42, port: null, ready: false } },
    { why: 'a single-user server takes no logins', text: '-42\n/d\n1\n', is: null },
    { why: 'empty after a power cut', text: '', is: null },
    { why: 'not ours to signal', text: '1\n/d\n1\n5433\n', is: null },
  ];
  it.each(cases)('$why', ({ text, is }) => expect(parsePostmasterPid(text)).toEqual(is));

  it('does not take this test for a server', async () => {
    expect(await isServerProcess(process.pid, '/somewhere/postgres/data')).toBe(false);
  });
});

describe('the server user', () => {
  it('reads accounts and leaves out what is malformed', () => {
    expect(parsePasswd('root:x:0:0::/:/bin/sh\n+::::::\nann:x:1000:100::/home/ann:/bin/sh\n')).toEqual([
      { name: 'root', uid: 0, gid: 0 },
      { name: 'ann', uid: 1000, gid: 100 },
    ]);
  });

  it('finds the directory that keeps a user out', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'md-emb-'));
    dirs.push(dir);
    expect(await firstBlocked(dir, 65_534, 65_534)).toBe(dir);
    expect(await firstBlocked('/', 65_534, 65_534)).toBe(null);
  });
});
