// The house rules that can be read off the source: imports point down, each library has one place, names and header comments.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** A room is a directory of src, or a file in it; the floor it stands on. */
const FLOORS: Readonly<Record<string, number>> = {
  'model.ts': 0,
  'model-admin.ts': 0,
  'model-pipeline.ts': 0,
  'model-reading.ts': 0,
  'errors.ts': 0,
  'criteria.ts': 1,
  'criteria-match.ts': 1,
  'criteria-values.ts': 1,
  'decide.ts': 1,
  'log.ts': 1,
  'secrets.ts': 1,
  mail: 1,
  store: 2,
  source: 2,
  // Mail in files: sees neither SQL nor a mail server.
  'mail-files': 2,
  drain: 3,
  events: 3,
  // A purge stores as a drain does, so it stands upon it.
  admin: 4,
  jobs: 5,
  'service.ts': 6,
  demo: 6,
  'index.ts': 7,
  cli: 7,
};

/** The configuration is one room in several root files. */
const CONFIG_FILE = /^config(-[a-z-]+)?\.ts$/;

/** The composition root: each group of its methods may have a file. */
const SERVICE_FILE = /^service(-[a-z-]+)?\.ts$/;

/** Root files of these floors are one room: what they share is too little for a directory. */
const ROOT_ROOMS: readonly number[] = [0, 1];

/** Sideways, and meant. */
const ALLOWED: readonly { from: string; to: string; why: string }[] = [
  { from: 'demo', to: 'service.ts', why: 'the demo is a run of the service with a sample mailbox' },
];

/** Each library that the outside world comes in by, and the one place that knows it. */
const OWNERS: Readonly<Record<string, string>> = {
  imapflow: 'source',
  pg: 'store',
  'pg-copy-streams': 'store',
  'node-pg-migrate': 'store',
  bullmq: 'jobs',
  ioredis: 'jobs',
  pino: 'log.ts',
};

const VAGUE_NAME = /^(utils?|common|helpers?|misc|lib)(\.|$)/;

interface Source {
  /** Path below src, with `/`. */
  path: string;
  text: string;
}

/** The rules of one tree of files, as sentences about what breaks them. */
function breaches(sources: readonly Source[]): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const { path, text } of sources) {
    for (const part of path.split('/'))
      if (VAGUE_NAME.test(part)) found.push(`${path}: the name "${part}" says nothing`);
    if (!/^(#!.*\n)?\s*(\/\/|\/\*)/.test(text)) found.push(`${path}: no header comment`);
    if (floorOf(path) === undefined) found.push(`${path}: stands on no floor; add it to the table`);
    const below: string[] = [];
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith('.')) {
        const target = join(dirname(path), specifier).split(sep).join('/');
        // Outside src: package.json and the like.
        if (target.startsWith('..')) continue;
        below.push(target);
        const complaint = direction(path, target);
        if (complaint !== null) found.push(`${path} imports ${target}: ${complaint}`);
        continue;
      }
      const library = /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[1] ?? specifier;
      const owner = OWNERS[library];
      if (owner !== undefined && roomOf(path) !== owner && path !== owner)
        found.push(`${path} imports ${library}: only ${owner} may`);
    }
    graph.set(path, below);
  }
  return [...found, ...cycles(graph)];
}

function roomOf(path: string): string {
  const first = path.split('/')[0] ?? path;
  const floor = FLOORS[first];
  if (CONFIG_FILE.test(first)) return 'root 1';
  if (SERVICE_FILE.test(first)) return 'service.ts';
  return !path.includes('/') && floor !== undefined && ROOT_ROOMS.includes(floor) ? `root ${floor}` : first;
}

function floorOf(path: string): number | undefined {
  const first = path.split('/')[0] ?? path;
  if (SERVICE_FILE.test(first)) return FLOORS['service.ts'];
  return CONFIG_FILE.test(first) ? 1 : FLOORS[first];
}

function direction(from: string, to: string): string | null {
  const [here, there] = [floorOf(from), floorOf(to)];
  if (here === undefined || there === undefined) return null;
  if (there > here) return `upward, from floor ${here} to ${there}`;
  if (there < here || roomOf(from) === roomOf(to)) return null;
  if (ALLOWED.some((allowed) => allowed.from === roomOf(from) && allowed.to === roomOf(to))) return null;
  return `sideways, on floor ${here}`;
}

/** Specifiers of static and dynamic imports and of re-exports; comments are cut out first. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const pattern =
    /(?:^|[\s;}])(?:import|export)\b[^'"`;()]*?from\s*['"]([^'"]+)['"]|(?:^|[\s;])import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(pattern)].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
}

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) return void found.push(`circular: ${[...trail.slice(at), path].join(' -> ')}`);
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}

function sourcesBelow(dir: string): Source[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(SRC, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}

describe('the house', () => {
  const sources = sourcesBelow(SRC);

  it('was read', () => {
    expect(sources.map(({ path }) => path)).toContain('errors.ts');
    expect(sources.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(0);
  });

  it('is as the table says', () => expect(breaches(sources)).toEqual([]));
});

describe('the reading of it finds', () => {
  const ok = '// why\n';
  const cases: { why: string; files: Record<string, string>; says: string[] }[] = [
    {
      why: 'nothing in a downward import',
      files: { 'drain/a.ts': `${ok}import { x } from '../store/b.ts';`, 'store/b.ts': ok },
      says: [],
    },
    {
      why: 'an upward import, also of types and over several lines',
      files: { 'store/b.ts': `${ok}import type {\n  X,\n} from '../drain/a.ts';`, 'drain/a.ts': ok },
      says: ['store/b.ts imports drain/a.ts: upward, from floor 2 to 3'],
    },
    {
      why: 'a sideways import between rooms, by re-export and by import()',
      files: {
        'store/b.ts': `${ok}export * from '../source/c.ts';`,
        'source/c.ts': `${ok}await import('../store/d.ts');`,
        'store/d.ts': ok,
      },
      says: [
        'store/b.ts imports source/c.ts: sideways, on floor 2',
        'source/c.ts imports store/d.ts: sideways, on floor 2',
      ],
    },
    {
      why: 'nothing between root files of floor 1, and nothing in the exception',
      files: {
        'config-file.ts': `${ok}import './secrets.ts';`,
        'secrets.ts': ok,
        'demo/d.ts': `${ok}import '../service.ts';`,
        'service.ts': ok,
      },
      says: [],
    },
    {
      why: 'the service using the demo',
      files: { 'service.ts': `${ok}import '../src/demo/d.ts'; import './demo/d.ts';`, 'demo/d.ts': ok },
      says: ['service.ts imports demo/d.ts: sideways, on floor 6'],
    },
    {
      why: 'a circle inside a room',
      files: { 'mail/a.ts': `${ok}import './b.ts';`, 'mail/b.ts': `${ok}import './a.ts';` },
      says: ['circular: mail/a.ts -> mail/b.ts -> mail/a.ts'],
    },
    {
      why: 'a library outside its place, with a subpath',
      files: {
        'drain/a.ts': `${ok}import pg from 'pg';`,
        'cli/a.ts': `${ok}import x from 'bullmq/x';`,
        'log.ts': `${ok}import 'pino';`,
      },
      says: ['drain/a.ts imports pg: only store may', 'cli/a.ts imports bullmq: only jobs may'],
    },
    {
      why: 'names and headers',
      files: { 'mail/utils.ts': ok, 'mail/bare.ts': 'export {};', 'http/a.ts': ok },
      says: [
        'mail/utils.ts: the name "utils.ts" says nothing',
        'mail/bare.ts: no header comment',
        'http/a.ts: stands on no floor; add it to the table',
      ],
    },
    {
      why: 'nothing in a comment',
      files: { 'store/a.ts': `${ok}// import '../drain/a.ts';\n/* import 'bullmq'; */` },
      says: [],
    },
  ];
  it.each(cases)('$why', ({ files, says }) => {
    expect(breaches(Object.entries(files).map(([path, text]) => ({ path, text })))).toEqual(says);
  });
});
