// What `npm pack` makes is what people install: it is packed, put into an empty project with the packages that package.json asks for and no
// others, type-checked against, imported and run.

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const MODULES = join(ROOT, 'node_modules');
const SHIPPED = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'migrations', 'docs', 'README.md'];
const ALSO = ['LICENSE', 'CHANGELOG.md', 'maildrain.example.yaml'];

interface Manifest {
  version: string;
  bin: { maildrain: string };
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

const dir = mkdtempSync(join(tmpdir(), 'md-pack-'));
const consumer = join(dir, 'consumer');
const installed = join(consumer, 'node_modules/maildrain');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

function run(program: string, args: readonly string[], cwd: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

function must(program: string, args: readonly string[], cwd: string): string {
  const { status, output } = run(program, args, cwd);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${output}`);
  return output;
}

function link(name: string): void {
  const to = join(consumer, 'node_modules', name);
  mkdirSync(dirname(to), { recursive: true });
  if (existsSync(join(MODULES, name))) symlinkSync(join(MODULES, name), to);
}

beforeAll(() => {
  // A copy, so that the build does not meet what somebody else does in `dist`.
  const copy = join(dir, 'copy');
  mkdirSync(copy);
  for (const name of [...SHIPPED, ...ALSO]) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(MODULES, join(copy, 'node_modules'));
  must('npm', ['pack', '--silent', '--pack-destination', dir], copy);
  mkdirSync(installed, { recursive: true });
  must('tar', ['-xzf', join(dir, `maildrain-${manifest.version}.tgz`), '-C', installed, '--strip-components=1'], dir);
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) link(name);
  for (const name of ['typescript', '@types/node']) link(name);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the package', () => {
  it('holds the program, its types, the migrations and the documents, and neither source nor tests', () => {
    const files = readdirSync(installed, { recursive: true }).map(String);
    for (const name of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'dist/demo/demo.js',
      'migrations/0001_mailboxes_ledger_messages.sql',
      'maildrain.example.yaml',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'docs/configuration.md',
    ]) {
      expect(files).toContain(name);
    }
    expect(files.filter((name) => /^(src|test|bench|\.)/.test(name))).toEqual([]);
  });

  it('runs as a command', () => {
    const main = join(installed, manifest.bin.maildrain);
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(must(process.execPath, [main, '--version'], consumer).trim()).toBe(manifest.version);
    expect(must(process.execPath, [main, 'config', 'schema', '--json'], consumer)).toContain('"maildrain.yaml"');
  });

  it('can be imported and reads a message, without a database', () => {
    const program = `import { createMaildrain, ERROR_CODES, MaildrainError, migrate, readMessage } from 'maildrain';
const { subject, fromAddress } = readMessage(Buffer.from('From: Ann <ann@example.org>\\r\\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\\r\\n\\r\\nHello\\r\\n'));
const refused = await createMaildrain({ postgres: 'postgres://localhost/x', mailboxes: [{ name: 'a' }] }).catch((error) => error);
console.log(JSON.stringify({ subject, fromAddress, code: refused instanceof MaildrainError && refused.code, codes: ERROR_CODES.length > 10, migrate: typeof migrate }));`;
    writeFileSync(join(consumer, 'run.js'), program);
    expect(JSON.parse(must(process.execPath, ['run.js'], consumer))).toEqual({
      subject: 'Grüße',
      fromAddress: 'ann@example.org',
      code: 'CONFIG_INVALID',
      codes: true,
      migrate: 'function',
    });
  });

  it('has no other way in', () => {
    writeFileSync(join(consumer, 'inside.js'), `import 'maildrain/dist/store/pool.js';`);
    const { status, output } = run(process.execPath, ['inside.js'], consumer);
    expect(status).not.toBe(0);
    expect(output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  const consumers: readonly { why: string; source: string; error: RegExp | null }[] = [
    {
      why: 'a program that uses what is promised type-checks',
      source: `import { createMaildrain, type DrainReport, type ErrorCode, MaildrainError, type Reading, readMessage } from 'maildrain';
const maildrain = await createMaildrain({
  postgres: 'postgres://localhost/mail',
  mailboxes: async () => [
    { name: 'bounces', imap: { host: 'imap.example.com', user: 'b', password: async () => 'x' }, dispose: 'delete' },
  ],
});
try {
  const report: DrainReport = await maildrain.drain('bounces', { onProgress: ({ done, total }) => console.log(done / total) });
  const stored: number = report.stored;
  console.log(stored, report.error?.code);
} catch (error) {
  const code: ErrorCode | null = error instanceof MaildrainError ? error.code : null;
  console.log(code);
}
for await (const piece of maildrain.messages.raw('1')) console.log(piece.length);
const reading: Reading = readMessage(Buffer.from(''));
const sentAt: Date | null = reading.sentAt;
console.log(sentAt);
await maildrain.stop();
`,
      error: null,
    },
    {
      why: 'one that misspells an option does not',
      source: `import { createMaildrain } from 'maildrain';\nawait createMaildrain({ postgres: 'embedded', mailboxes: [], conections: 3 });\n`,
      error: /conections/,
    },
  ];
  it.each(consumers)('$why', ({ source, error }) => {
    writeFileSync(join(consumer, 'check.ts'), source);
    const readme = /^```ts\n([\s\S]*?)^```/m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
    expect(readme).toContain("from 'maildrain'");
    writeFileSync(join(consumer, 'readme.ts'), readme ?? '');
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--types',
      'node',
      '--ignoreConfig',
    ];
    const { status, output } = run(
      process.execPath,
      [join(MODULES, 'typescript/bin/tsc'), ...options, 'check.ts', 'readme.ts'],
      consumer,
    );
    if (error === null) expect(output).toBe('');
    else expect(output).toMatch(error);
    expect(status === 0).toBe(error === null);
  });
});
