// Standard output that takes nothing: a full disk, a descriptor that is not open for writing. Each verb says so in one line, and what it did is done.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { CANARY, makeWorld } from './maildrain.ts';

const LETTER = 'From: Ann <ann@example.org>\r\nSubject: lunch?\r\n\r\nAt noon.\r\n';

/** `maildrain ARGS` whose standard output is this file. */
async function runInto(
  path: string,
  mode: 'r' | 'w',
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: unknown; stderr: string }> {
  const out = openSync(path, mode);
  const child = spawn(process.execPath, [inject('main'), ...args], {
    stdio: ['ignore', out, 'pipe'],
    env: { ...process.env, TEST_MAIL_PASSWORD: CANARY, ...env },
  });
  closeSync(out);
  const err: Buffer[] = [];
  child.stderr?.on('data', (piece: Buffer) => err.push(piece));
  const [code]: unknown[] = await once(child, 'close');
  return { code, stderr: Buffer.concat(err).toString() };
}

function someFiles(count: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'maildrain-full-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (let n = 0; n < count; n++) writeFileSync(join(dir, `${n}.eml`), LETTER);
  return dir;
}

const FULL = /^maildrain: OUTPUT_REFUSED: standard output cannot be written: the disk is full$/gm;

describe('standard output on a full disk', () => {
  it.each([[['--json']], [[]]])('classify %o', async (more) => {
    const { code, stderr } = await runInto('/dev/full', 'w', ['classify', someFiles(30), ...more]);
    expect(stderr.match(FULL)).toHaveLength(1);
    expect(stderr).not.toMatch(/BUG|\n\s+at |uncaught/);
    expect(code).toBe(1);
  });

  it.each([[['--help']], [['help', 'drain']], [['--version']], [['config', 'schema']]])('%o', async (args) => {
    const { code, stderr } = await runInto('/dev/full', 'w', args);
    expect(stderr.match(FULL)).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('and wrong arguments beside it keep their exit code', async () => {
    const { code, stderr } = await runInto('/dev/full', 'w', ['status', '--json', '--config', '/nowhere.yaml']);
    expect(stderr).toContain('CONFIG_INVALID');
    expect(stderr.match(FULL)).toHaveLength(1);
    expect(code).toBe(2);
  });

  it('that takes a part of the last piece', async () => {
    const file = join(someFiles(0), 'out');
    // What `ulimit -f` allows, one block of 1,024 octets, is written in part like what a disk has room for.
    const command = 'ulimit -f 1; exec "$0" "$@"';
    const child = spawn('bash', ['-c', `${command} > "${file}"`, process.execPath, inject('main'), 'help', 'drain'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const err: Buffer[] = [];
    child.stderr.on('data', (piece: Buffer) => err.push(piece));
    const [code]: unknown[] = await once(child, 'close');
    expect(statSync(file).size).toBe(1024);
    expect(Buffer.concat(err).toString()).toContain(
      'OUTPUT_REFUSED: standard output cannot be written: the file would',
    );
    expect(code).toBe(1);
  });

  it('a descriptor that is not open for writing', async () => {
    const { code, stderr } = await runInto('/dev/null', 'r', ['classify', someFiles(2), '--json']);
    expect(stderr).toContain(
      'maildrain: OUTPUT_REFUSED: standard output cannot be written: it is not open for writing',
    );
    expect(stderr).not.toContain('BUG');
    expect(code).toBe(1);
  });
});

describeWith('postgres', 'a drain and an export into a full disk', () => {
  it('do their work, and the export does not say that anything was written', async () => {
    const world = await makeWorld();
    for (let n = 0; n < 3; n++) world.imap.account('ann').deliver(Buffer.from(LETTER));
    expect((await world.run('migrate')).code).toBe(0);
    const env = { CLI_DATABASE_URL: world.databaseUrl };
    const drained = await runInto('/dev/full', 'w', ['drain', 'bounces', '--config', world.config], env);
    expect(drained.stderr.match(FULL)).toHaveLength(1);
    expect(drained.code).toBe(1);
    expect(world.imap.account('ann').messages()).toEqual([]);
    const args = ['export', '--all', '--format', 'mbox', '--config', world.config];
    const exported = await runInto('/dev/full', 'w', args, env);
    expect(exported.stderr.match(FULL)).toHaveLength(1);
    expect(exported.stderr).not.toContain('written,');
    expect(exported.code).toBe(1);
  });
});
