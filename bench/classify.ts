// How right the bounce reader is, and how fast, on a corpus of messages with expected readings:
// npx tsx bench/classify.ts --corpus DIR [--diff] [--only TEXT] [--measure NAME] [--json]. bench/README.md says what is compared.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printable } from '../src/errors.ts';
import { read } from '../src/mail/read.ts';
import type { Verdict } from '../src/model-reading.ts';
import { type Expected, readExpected } from './support/expected.ts';
import { type Check, MEASURES, type Measure, score } from './support/score.ts';

/** Rounds over the whole corpus that are timed; the median of them counts. */
const ROUNDS = 9;
/** Rounds before, until the compiler has seen everything twice. */
const WARM_UP = 3;

interface Judged {
  readonly expected: Expected;
  readonly raw: Buffer;
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
}

const { values } = parseArgs({
  options: {
    corpus: { type: 'string' },
    diff: { type: 'boolean', default: false },
    only: { type: 'string' },
    measure: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
if (values.corpus === undefined || !existsSync(join(values.corpus, 'expected.json'))) {
  console.error('--corpus DIR: a directory with messages and their expected.json');
  process.exit(2);
}
const { corpus, only = '' } = values;

const judged = readExpected(corpus)
  .filter(({ file, family }) => file.includes(only) || family.includes(only))
  .map((expected): Judged => {
    const raw = readFileSync(join(corpus, expected.file));
    const { verdict } = read(raw);
    return { expected, raw, verdict, checks: score(expected, verdict) };
  });
const sources = [...new Set(judged.map(({ expected }) => expected.source))].sort();
const groups = [
  ...sources.map((source) => [source, judged.filter(({ expected }) => expected.source === source)] as const),
];
if (sources.length !== 1) groups.push(['total', judged]);

if (values.json) {
  console.log(JSON.stringify(Object.fromEntries(groups.map(([name, messages]) => [name, summary(messages)]))));
} else {
  if (values.diff) printMisses();
  printTable();
}

function tally(messages: readonly Judged[], measure: Measure): { right: number; of: number } {
  const checks = messages.flatMap((message) => message.checks.filter((check) => check.measure === measure));
  return { right: checks.filter(({ right }) => right).length, of: checks.length };
}

/** Milliseconds per message, of `read` alone: the octets are in memory. */
function speed(messages: readonly Judged[]): number {
  const rounds: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const startedAt = performance.now();
    for (const { raw } of messages) read(raw);
    if (round >= 0) rounds.push(performance.now() - startedAt);
  }
  rounds.sort((a, b) => a - b);
  return (rounds[ROUNDS >> 1] ?? 0) / Math.max(1, messages.length);
}

function summary(messages: readonly Judged[]): Record<string, unknown> {
  const measures = MEASURES.map((measure) => [measure, tally(messages, measure)] as const);
  return { messages: messages.length, ...Object.fromEntries(measures), msPerMessage: speed(messages) };
}

function printTable(): void {
  const row = (name: string, cells: readonly string[]): void =>
    console.log(`${name.padEnd(16)}${cells.map((cell) => cell.padStart(20)).join('')}`);
  row(
    '',
    groups.map(([name]) => name),
  );
  row(
    'messages',
    groups.map(([, messages]) => String(messages.length)),
  );
  for (const measure of MEASURES) {
    row(
      measure,
      groups.map(([, messages]) => {
        const { right, of } = tally(messages, measure);
        return of === 0 ? '-' : `${right}/${of} ${((right / of) * 100).toFixed(1).padStart(5)} %`;
      }),
    );
  }
  row(
    'ms per message',
    groups.map(([, messages]) => speed(messages).toFixed(3)),
  );
}

/** One line a miss: file, rule that spoke, measure, expected, got. */
function printMisses(): void {
  for (const { expected, verdict, checks } of judged) {
    for (const { measure, right, expected: want, got } of checks) {
      if (right || (values.measure !== undefined && values.measure !== measure)) continue;
      console.log(printable(`${expected.file}  [${verdict.rule ?? '-'}]  ${measure}: expected ${want}, got ${got}`));
    }
  }
  console.log();
}
