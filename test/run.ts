// `npm test`: types, lint, then every test; `npm test -- some/filter` passes the filter on to vitest. Ends with what was skipped and why,
// and with one line of counts. Nothing is skipped silently, and a run in which no test ran has failed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Tally {
  passed: number;
  failed: number;
  /** Names, with the reason in the name of the group. */
  skipped: string[];
}

/** What is read of vitest's JSON report. */
interface Report {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; ancestorTitles: string[]; title: string }[];
  }[];
}

const ROOT = resolve(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules/.bin');

function section(title: string): void {
  process.stdout.write(`\n=== ${title} ===\n`);
}

function run(program: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(join(BIN, program), args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) process.stdout.write(`${program}: ${error.message}\n`);
  return status === 0;
}

/** One test in the count, for what has no tests of its own. */
function check(title: string, program: string, args: readonly string[]): Tally {
  section(title);
  const ok = run(program, args);
  process.stdout.write(`${title}: ${ok ? 'ok' : 'FAILED'}\n`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [] };
}

function vitest(args: readonly string[]): Tally {
  section('tests');
  const dir = mkdtempSync(join(tmpdir(), 'md-run-'));
  const file = join(dir, 'report.json');
  try {
    const ok = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args]);
    const tally = count(read(file));
    // Something went wrong outside every test: the set-up, an unhandled rejection, a worker that died.
    if (!ok && tally.failed === 0) tally.failed = 1;
    if (tally.passed + tally.failed === 0) {
      process.stdout.write('no test ran\n');
      tally.failed = 1;
    }
    return tally;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function read(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { testResults: [] };
  }
}

function count(report: Report): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  for (const file of report.testResults) {
    for (const { status, ancestorTitles, title } of file.assertionResults) {
      if (status === 'passed') tally.passed++;
      else if (status === 'failed') tally.failed++;
      else tally.skipped.push([file.name.replace(`${ROOT}/`, ''), ...ancestorTitles, title].join(' > '));
    }
    // A file that could not be loaded has no tests to count.
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) tally.failed++;
  }
  return tally;
}

const tallies = [
  check('types', 'tsc', ['--noEmit']),
  check('lint', 'biome', ['check', '--error-on-warnings', '.']),
  vitest(process.argv.slice(2)),
];
const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
const skipped = tallies.flatMap((tally) => tally.skipped);

section('result');
for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
