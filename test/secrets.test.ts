// Secrets arrive exactly, and no failure to get one repeats it: each failing source here has a canary in everything it prints or throws.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MaildrainError } from '../src/errors.ts';
import type { SecretSource } from '../src/model.ts';
import { resolveSecret } from '../src/secrets.ts';

const CANARY = 'canary-5d1e';
let dir = '';
const at = (name: string) => join(dir, name);
const node = (...args: string[]): SecretSource => ({ command: [process.execPath, ...args] });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'maildrain-secrets-'));
  writeFileSync(at('plain'), CANARY);
  writeFileSync(at('newline'), `${CANARY}\n`);
  writeFileSync(at('crlf'), `${CANARY}\r\n`);
  writeFileSync(at('spaces'), ` ${CANARY} \n\n`);
  writeFileSync(at('empty'), '\n');
  writeFileSync(at('most'), `${'x'.repeat(64 * 1024 - 1)}\n`);
  writeFileSync(at('large'), CANARY.repeat(6000));
  writeFileSync(at('binary'), Buffer.concat([Buffer.from(CANARY), Buffer.from([0xff])]));
  writeFileSync(at('not-executable'), CANARY);
  chmodSync(at('not-executable'), 0o600);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a secret', () => {
  const cases: readonly (readonly [reason: string, source: () => SecretSource, secret: string])[] = [
    ['from a variable, as it is', () => ({ env: 'SPACED' }), ` ${CANARY} `],
    ['from a file', () => ({ file: at('plain') }), CANARY],
    ['from a file with a line break at its end', () => ({ file: at('newline') }), CANARY],
    ['from a file with a Windows line break', () => ({ file: at('crlf') }), CANARY],
    ['from a file: spaces and a second line break belong to it', () => ({ file: at('spaces') }), ` ${CANARY} \n`],
    ['from a file of 64 KiB', () => ({ file: at('most') }), 'x'.repeat(64 * 1024 - 1)],
    ['from a file in /proc, which claims to be empty', () => ({ file: '/proc/sys/kernel/ostype' }), 'Linux'],
    ['from the first line of a command', () => node('-e', `console.log('${CANARY}\\r\\nuser: ann')`), CANARY],
    ['from a command without a line break', () => node('-e', `process.stdout.write('pässwörd')`), 'pässwörd'],
    [
      'from a command: arguments are not seen by a shell',
      () => node('-p', 'process.argv[1]', '$HOME; `id`'),
      '$HOME; `id`',
    ],
    ['from a function', () => ({ value: () => CANARY }), CANARY],
    ['from a function that takes its time', () => ({ value: async () => CANARY }), CANARY],
  ];
  it.each(cases)('%s', async (_, source, secret) => {
    expect(await resolveSecret(source(), { env: { SPACED: ` ${CANARY} ` } })).toBe(secret);
  });

  it('is asked for each time, so that a changed one works', async () => {
    writeFileSync(at('changing'), 'one');
    const first = await resolveSecret({ file: at('changing') });
    writeFileSync(at('changing'), 'two');
    expect([first, await resolveSecret({ file: at('changing') })]).toEqual(['one', 'two']);
  });
});

describe('a secret that cannot be had is told without repeating anything', () => {
  const exe = process.execPath;
  const scream = `console.log('${CANARY}'); console.error('${CANARY}');`;
  const cases: readonly (readonly [reason: string, source: () => SecretSource, message: () => string])[] = [
    ['variable unset', () => ({ env: 'UNSET' }), () => 'the environment variable UNSET is not set'],
    ['variable empty', () => ({ env: 'EMPTY' }), () => 'the environment variable EMPTY is empty'],
    ['file missing', () => ({ file: at('none') }), () => `the secret file ${at('none')} cannot be read (ENOENT)`],
    ['file is a directory', () => ({ file: dir }), () => `the secret file ${dir} cannot be read (EISDIR)`],
    ['file empty', () => ({ file: at('empty') }), () => `the secret file ${at('empty')} is empty`],
    ['file too large', () => ({ file: at('large') }), () => `the secret file ${at('large')} is larger than 64 KiB`],
    ['file without end', () => ({ file: '/dev/zero' }), () => 'the secret file /dev/zero is larger than 64 KiB'],
    ['file not text', () => ({ file: at('binary') }), () => `the secret file ${at('binary')} is not UTF-8 text`],
    [
      'command missing',
      () => ({ command: ['no-such-program', CANARY] }),
      () => 'the secret command no-such-program could not be started (ENOENT)',
    ],
    [
      'command not executable',
      () => ({ command: [at('not-executable'), CANARY] }),
      () => `the secret command ${at('not-executable')} could not be started (EACCES)`,
    ],
    [
      'command with an argument that no system takes',
      () => ({ command: [exe, `${CANARY}\0`] }),
      () => `the secret command ${exe} could not be started (ERR_INVALID_ARG_VALUE)`,
    ],
    [
      'command with arguments too long',
      () => ({ command: [exe, CANARY.repeat(1_000_000)] }),
      () => `the secret command ${exe} could not be started (E2BIG)`,
    ],
    [
      'command fails',
      () => node('-e', `${scream} process.exitCode = 3`),
      () => `the secret command ${exe} ended with exit code 3`,
    ],
    [
      'command ends by a signal',
      () => node('-e', `${scream} process.kill(process.pid, 'SIGTERM')`),
      () => `the secret command ${exe} ended with signal SIGTERM`,
    ],
    [
      'command says nothing',
      () => node('-e', `console.error('${CANARY}')`),
      () => `the secret command ${exe} printed an empty first line`,
    ],
    [
      'command starts with an empty line',
      () => node('-e', `console.log('\\n${CANARY}')`),
      () => `the secret command ${exe} printed an empty first line`,
    ],
    [
      'command prints without end',
      () => node('-e', `for (;;) require('fs').writeSync(1, '${CANARY}'.repeat(1000))`),
      () => `the secret command ${exe} printed more than 64 KiB and was ended`,
    ],
    [
      'command hangs',
      () => node('-e', `${scream} setInterval(() => {}, 1000)`),
      () => `the secret command ${exe} gave no answer within 2 s and was ended`,
    ],
    [
      'function throws',
      () => ({ value: () => Promise.reject(new Error(CANARY)) }),
      () => 'the password function failed (no system code)',
    ],
    [
      'function throws a system error',
      () => ({ value: () => Promise.reject(Object.assign(new Error(CANARY), { code: 'ECONNREFUSED' })) }),
      () => 'the password function failed (ECONNREFUSED)',
    ],
    ['function returns nothing', () => ({ value: () => '' }), () => 'the password function did not return a text'],
    [
      'function returns another thing',
      () => ({ value: () => JSON.parse('{}') }),
      () => 'the password function did not return a text',
    ],
    [
      'function hangs',
      () => ({ value: () => new Promise<string>(() => {}) }),
      () => 'the password function gave no answer within 2 s',
    ],
  ];
  it.each(cases)('%s', async (_, source, message) => {
    const error: unknown = await resolveSecret(source(), { env: { EMPTY: '' }, timeoutMs: 2000 }).catch(
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(MaildrainError);
    expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', message: message() });
    // Everything that a careless log could print.
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(CANARY);
  });

  it('a command that leaves a child behind with the pipe is given up all the same, and ended', async () => {
    const script = `
      const { spawn } = require('child_process');
      require('fs').writeFileSync(process.argv[1], String(process.pid));
      spawn(process.execPath, ['-e', 'setTimeout(() => {}, 4000)'], { stdio: 'inherit' });
      setInterval(() => {}, 1000);`;
    const started = Date.now();
    await expect(resolveSecret(node('-e', script, at('pid')), { timeoutMs: 1500 })).rejects.toThrow(
      'gave no answer within 1.5 s',
    );
    expect(Date.now() - started).toBeLessThan(3500);
    const pid = Number(readFileSync(at('pid'), 'utf8'));
    await expect.poll(() => alive(pid)).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
