// Makes the corpus: real reports by real mail servers. Run by hand, as root, on Debian 12: npx tsx test/corpus/make/make.ts [SERVER...]
// Packages are fetched and unpacked, never installed; each server runs in namespaces of its own (inside.ts) that end with it, and talks to
// a made-up internet on loopback. README.md tells the rest.

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Expected } from './expect.ts';
import type { MailServer } from './server.ts';
import { SERVERS } from './servers/servers.ts';

const CORPUS = resolve(import.meta.dirname, '..');
const EXPECTED = join(CORPUS, 'expected.json');
const RUNS = ['stays', 'gives-up'] as const;

const { values, positionals } = parseArgs({
  options: {
    /** Only cases with this in their name; nothing is kept. */
    only: { type: 'string', default: '' },
    /** A directory that stays, with packages and logs. */
    work: { type: 'string' },
  },
  allowPositionals: true,
});
if (process.getuid?.() !== 0) throw new Error('namespaces, mounts and port 25 are for root');
const work = values.work === undefined ? mkdtempSync(join(tmpdir(), 'make-corpus-')) : resolve(values.work);
const chosen = SERVERS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

try {
  const versions = new Map<string, string>();
  for (const server of chosen) {
    const tree = unpack(server, versions);
    const outs = RUNS.map((run) => runInside(server, run, tree));
    if (values.only === '') keep(server, outs);
  }
  for (const [name, version] of versions) console.log(`${name} ${version}`);
} finally {
  if (values.work === undefined) rmSync(work, { recursive: true, force: true });
}

function command(program: string, args: readonly string[], cwd = work): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The server's packages, and those it depends on that this machine has not, unpacked over one another. */
function unpack({ name, packages }: MailServer, versions: Map<string, string>): string {
  const debs = join(work, name, 'packages');
  const tree = join(work, name, 'tree');
  if (!existsSync(debs)) {
    mkdirSync(debs, { recursive: true });
    const plan = command('apt-get', ['install', '--simulate', '--no-install-recommends', ...packages]);
    const lacking = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, found = '']) => found);
    command('apt-get', ['download', ...new Set([...packages, ...lacking])], debs);
  }
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'usr'), { recursive: true });
  for (const deb of readdirSync(debs)) {
    command('dpkg-deb', ['-x', join(debs, deb), tree]);
    if (deb.startsWith(`${packages[0]}_`))
      versions.set(name, command('dpkg-deb', ['-f', join(debs, deb), 'Version']).trim());
  }
  // Debian 12 has /bin, /sbin and /lib as links; a directory of that name in an upper layer would hide the machine's.
  for (const directory of ['bin', 'sbin', 'lib']) {
    if (!existsSync(join(tree, directory))) continue;
    command('cp', ['-a', join(tree, directory), join(tree, 'usr')]);
    rmSync(join(tree, directory), { recursive: true });
  }
  return tree;
}

function runInside({ name }: MailServer, run: string, tree: string): string {
  const out = join(work, name, run);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { status } = spawnSync(
    'unshare',
    [
      '--mount',
      '--net',
      '--pid',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child',
      process.execPath,
      '--import',
      'tsx',
    ].concat(join(import.meta.dirname, 'inside.ts'), name, run, tree, out, values.only),
    { cwd: resolve(CORPUS, '../..'), stdio: 'inherit', env: { ...process.env, TZ: 'UTC' } },
  );
  if (status !== 0) throw new Error(`${name}, ${run}: failed; see ${out}/log`);
  return out;
}

/** Puts the new reports of a server in the place of its old ones. */
function keep({ name }: MailServer, outs: readonly string[]): void {
  for (const file of readdirSync(CORPUS))
    if (file.startsWith(`${name}-`) && file.endsWith('.eml')) rmSync(join(CORPUS, file));
  const made: Expected[] = [];
  for (const out of outs) {
    const entries: Expected[] = JSON.parse(readFileSync(join(out, 'expected.json'), 'utf8'));
    for (const { file } of entries) copyFileSync(join(out, file), join(CORPUS, file));
    made.push(...entries);
  }
  const old: Expected[] = existsSync(EXPECTED) ? JSON.parse(readFileSync(EXPECTED, 'utf8')) : [];
  const all = [...old.filter(({ family }) => family !== name), ...made].sort((a, b) => (a.file < b.file ? -1 : 1));
  // One message a line, so that a change shows as one line.
  writeFileSync(`${EXPECTED}.new`, `[\n${all.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`);
  renameSync(`${EXPECTED}.new`, EXPECTED);
}
