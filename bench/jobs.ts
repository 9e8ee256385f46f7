// How much memory an admin job takes by the number of its messages: npx tsx bench/jobs.ts [--messages 10000,100000] [--only a,b] [--json]. Who plans
// and who works are processes of their own, each job has a copy of one mailbox and a fresh database, and what came of it is counted. README.md says
// how to read the numbers.

import { parseArgs } from 'node:util';
import { build, runOurs } from './support/programs.ts';
import type { JobFinished, JobTask } from './support/run-job.ts';
import { type Filled, Setting } from './support/setting.ts';
import type { Task } from './support/task.ts';

const MB = 1e6;
/** Ten to one: what grows with the messages shows. */
const MESSAGES = '10000,100000';
/** Small, so that octets do not count: about what a short bounce has without the mail that came back. */
const BODY_LINES = 12;
const TARGET = 'Done';

interface JobKind {
  readonly name: string;
  readonly kind: JobTask['kind'];
  readonly args: JobTask['args'];
  /** Where the messages are afterwards. */
  readonly end: 'stored' | 'gone' | 'moved';
}

const KINDS: readonly JobKind[] = [
  { name: 'purge', kind: 'purge', args: {}, end: 'stored' },
  { name: 'purge --no-store', kind: 'purge', args: { store: false }, end: 'gone' },
  { name: 'move', kind: 'move', args: { to: TARGET, create: true }, end: 'moved' },
];

interface Line {
  readonly job: string;
  readonly messages: number;
  /** Of the process that makes the plan, and of the one that works it off. */
  readonly planPeakRssMb: number;
  readonly peakRssMb: number;
  readonly planSeconds: number;
  readonly seconds: number;
  /** The peak over that of the same job with the fewest messages. */
  readonly ratio: number;
}

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: MESSAGES },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const sizes = values.messages.split(',').map(whole);
const only = values.only?.split(',');
const unknown = only?.filter((name) => !KINDS.some((job) => job.name === name)) ?? [];
if (unknown.length > 0) throw new Error(`no job is called ${unknown.join(', ')}`);
const chosen = KINDS.filter(({ name }) => only === undefined || only.includes(name));

build();
const setting = await Setting.open();
try {
  const lines: Line[] = [];
  if (!values.json) print(row(['', 'messages', 'plan RSS MB', 'peak RSS MB', 'ratio', 'plan s', 'seconds']));
  for (const messages of sizes) {
    const filled = await setting.fill(letters(messages));
    for (const job of chosen) {
      const first = lines.find((line) => line.job === job.name);
      const line = await measure(job, filled, first?.peakRssMb ?? null);
      lines.push(line);
      if (!values.json) print(rowOf(line));
    }
    setting.empty(filled);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(lines)}\n`);
} finally {
  await setting.close();
}

function measure(job: JobKind, filled: Filled, first: number | null): Promise<Line> {
  return setting.onCopy(filled, 'maildrain', async (task) => {
    const { kind, args } = job;
    const run = (jobId: string | null): Promise<JobFinished> => {
      const half: JobTask = { ...task, kind, args, jobId };
      return runOurs('run-job', half);
    };
    const planned = await run(null);
    const worked = await run(planned.jobId);
    await check(job, task, filled);
    const peakRssMb = worked.peakRss / MB;
    return {
      job: job.name,
      messages: filled.messages,
      planPeakRssMb: planned.peakRss / MB,
      peakRssMb,
      planSeconds: planned.workMs / 1000,
      seconds: worked.workMs / 1000,
      ratio: first === null ? 1 : peakRssMb / first,
    };
  });
}

/** A bench that lost a message has measured nothing. */
async function check({ name, end }: JobKind, task: Task, { messages, octets }: Filled): Promise<void> {
  const stored = await setting.stored(task);
  const wanted = end === 'stored' ? { messages, octets } : { messages: 0, octets: 0 };
  const left = await setting.count(task, 'INBOX');
  const moved = end === 'moved' ? await setting.count(task, TARGET) : 0;
  const right = stored.messages === wanted.messages && stored.octets === wanted.octets;
  if (right && left === 0 && moved === (end === 'moved' ? messages : 0)) return;
  throw new Error(
    `${name} of ${messages}: ${stored.messages} are stored (${stored.octets} of ${octets} octets), ${left} are left, ${moved} are in ${TARGET}`,
  );
}

function* letters(count: number): Generator<Buffer> {
  for (let n = 0; n < count; n++) {
    const head = [
      'From: Bea <bea@example.net>',
      'To: Ann <ann@example.org>',
      'Date: Tue, 6 Oct 2026 10:00:00 +0200',
      `Subject: letter ${n}`,
      `Message-ID: <letter-${n}@example.net>`,
    ];
    const body = Array.from(
      { length: BODY_LINES },
      (_, line) => `Line ${line} of letter ${n}, which nobody will read.`,
    );
    yield Buffer.from([...head, '', ...body, ''].join('\r\n'));
  }
}

function rowOf({ job, messages, planPeakRssMb, peakRssMb, ratio, planSeconds, seconds }: Line): string {
  return row([
    job,
    String(messages),
    planPeakRssMb.toFixed(0),
    peakRssMb.toFixed(0),
    ratio.toFixed(2),
    planSeconds.toFixed(1),
    seconds.toFixed(1),
  ]);
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(13))).join('');
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`"${text}" is not a number of messages`);
  return Number(text);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
