// How fast a mailbox is emptied, and in how much memory: npx tsx bench/drain.ts [--messages 2000] [--runs 3] [--seed 1] [--only a,b] [--json]
// [--memory] [--cpu-prof DIR]. Programs take turns (A B C A B C ...), each on a copy of one mailbox and a fresh database, and every run is
// checked. README.md says how to read the numbers.

import { parseArgs } from 'node:util';
import { mailMix, oneOf } from './support/mail-mix.ts';
import { build, type Program, programs } from './support/programs.ts';
import { type Filled, Setting } from './support/setting.ts';
import type { Finished } from './support/task.ts';

const MB = 1e6;
/** What the memory of a worker is promised to stay under, and the mailboxes it is measured on. */
const MEMORY_MESSAGES = [0, 2_000, 20_000] as const;
const MEMORY_LARGE = 100 * MB;

interface Line {
  readonly program: string;
  readonly runs: number;
  /** Medians of the runs. */
  readonly seconds: number;
  readonly startSeconds: number;
  readonly cpuSeconds: number;
  readonly messagesPerSecond: number;
  readonly mbPerSecond: number;
  /** Seconds over those of maildrain, run by run; null when maildrain did not run. */
  readonly ratio: number | null;
  /** The highest of the runs. */
  readonly peakRssMb: number;
}

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    'cpu-prof': { type: 'string' },
  },
});

build();
const profile = values['cpu-prof'];
const all = programs(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]);
const setting = await Setting.open();
try {
  if (values.memory) await memory(setting, all);
  else await speed(setting, all);
} finally {
  await setting.close();
}

async function speed(setting: Setting, all: readonly Program[]): Promise<void> {
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !all.some((program) => program.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no program is called ${unknown.join(', ')}`);
  const wanted = all.filter((program) => only === undefined || only.includes(program.name));
  const chosen = wanted.filter((program) => program.missing === null);
  const filled = await fillMix(setting, whole(values.messages));
  const failed = new Map<string, string>();
  const results = new Map<string, Finished[]>(chosen.map((program) => [program.name, []]));
  for (let run = 0; run < whole(values.runs); run++) {
    for (const program of chosen) {
      if (failed.has(program.name)) continue;
      try {
        const finished = await setting.measure(program, filled);
        results.get(program.name)?.push(finished);
        process.stderr.write(`run ${run + 1}: ${program.name} ${(finished.workMs / 1000).toFixed(2)} s\n`);
      } catch (error) {
        // The others go on: an hour of runs is not thrown away because getmail gave up in its last.
        failed.set(program.name, error instanceof Error ? error.message : String(error));
        process.exitCode = 1;
      }
    }
  }
  const complete = chosen.filter((program) => !failed.has(program.name));
  const lines = complete.map((program) => lineOf(program.name, filled, results));
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ messages: filled.messages, octets: filled.octets, lines, failed: Object.fromEntries(failed) })}\n`,
    );
    return;
  }
  print(
    `${filled.messages} messages, ${(filled.octets / MB).toFixed(0)} MB, ${values.runs} runs of each in turn, medians`,
  );
  print(row(['', 'seconds', 'start', 'messages/s', 'MB/s', 'x maildrain', 'CPU s', 'peak RSS MB']));
  for (const line of lines) {
    print(
      row([
        line.program,
        line.seconds.toFixed(2),
        line.startSeconds === 0 ? '-' : line.startSeconds.toFixed(2),
        line.messagesPerSecond.toFixed(0),
        line.mbPerSecond.toFixed(1),
        line.ratio === null ? '-' : line.ratio.toFixed(2),
        line.cpuSeconds.toFixed(2),
        line.peakRssMb.toFixed(0),
      ]),
    );
  }
  for (const { name, missing } of wanted) if (missing !== null) print(`${name}: ${missing}`);
  for (const [name, why] of failed) print(`${name} FAILED, left out: ${why}`);
}

function lineOf(program: string, filled: Filled, results: ReadonlyMap<string, readonly Finished[]>): Line {
  const runs = results.get(program) ?? [];
  const ours = results.get('maildrain');
  const seconds = median(runs.map((run) => run.workMs)) / 1000;
  // Runs beside each other in time are compared: what else the machine did weighed on both.
  const ratios = runs.flatMap((run, i) => {
    const other = ours?.[i];
    return other === undefined ? [] : [run.workMs / other.workMs];
  });
  return {
    program,
    runs: runs.length,
    seconds,
    startSeconds: median(runs.map((run) => run.startMs)) / 1000,
    cpuSeconds: median(runs.map((run) => run.cpuS)),
    messagesPerSecond: filled.messages / seconds,
    mbPerSecond: filled.octets / MB / seconds,
    ratio: ratios.length === 0 ? null : median(ratios),
    peakRssMb: Math.max(...runs.map((run) => run.peakRss)) / MB,
  };
}

/** Peak RSS of maildrain by the size of what it drains. An empty mailbox shows what Node and the libraries need. */
async function memory(setting: Setting, all: readonly Program[]): Promise<void> {
  const maildrain = all.find((program) => program.name === 'maildrain');
  if (maildrain === undefined) throw new Error('maildrain is not among the programs');
  const found: { what: string; peakRssMb: number; seconds: number }[] = [];
  const measure = async (what: string, filled: Filled): Promise<void> => {
    const { peakRss, workMs } = await setting.measure(maildrain, filled);
    found.push({ what, peakRssMb: peakRss / MB, seconds: workMs / 1000 });
    if (!values.json)
      print(
        `${what.padEnd(44)} peak RSS ${(peakRss / MB).toFixed(0).padStart(4)} MB ${(workMs / 1000).toFixed(1).padStart(7)} s`,
      );
    setting.empty(filled);
  };
  for (const messages of MEMORY_MESSAGES) {
    const filled = await fillMix(setting, messages);
    await measure(`${messages} messages of the mix, ${(filled.octets / MB).toFixed(0)} MB`, filled);
  }
  await measure(`1 message of ${MEMORY_LARGE / MB} MB`, await setting.fill([oneOf(MEMORY_LARGE, whole(values.seed))]));
  if (values.json) process.stdout.write(`${JSON.stringify(found)}\n`);
}

function fillMix(setting: Setting, messages: number): Promise<Filled> {
  const raws = function* (): Generator<Buffer> {
    for (const { raw } of mailMix(messages, whole(values.seed))) yield raw;
  };
  return setting.fill(raws());
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is not a whole number`);
  return Number(text);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(12))).join('');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
