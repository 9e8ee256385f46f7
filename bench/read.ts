// How fast the reader is on generated mail (support/mail-mix.ts): npx tsx bench/read.ts [messages] [seed]. Only `read` is timed.
import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { read } from '../src/mail/read.ts';
import { mailMix, SIZES } from './support/mail-mix.ts';

const count = Number(process.argv[2] ?? 2000);
const seed = Number(process.argv[3] ?? 1);
const messages = [...mailMix(count, seed)];

// Once to warm up, as in a worker that has been running for a while.
for (const { raw } of messages.slice(0, 400)) read(raw);

const lines: [label: string, count: number, octets: number, ms: number][] = [];
for (const group of Object.keys(SIZES)) {
  const raws = messages.filter((message) => message.group === group).map((message) => message.raw);
  lines.push([group, raws.length, ...time(raws, (raw) => void read(raw))]);
}
const all = messages.map((message) => message.raw);
lines.push(['all', all.length, ...time(all, (raw) => void read(raw))]);
lines.push(['SHA-256 of all', all.length, ...time(all, (raw) => void createHash('sha256').update(raw).digest())]);
for (const [label, n, octets, ms] of lines) {
  const mb = octets / 1e6;
  console.log(
    `${label.padEnd(15)} ${String(n).padStart(6)} messages ${mb.toFixed(1).padStart(8)} MB ${ms.toFixed(1).padStart(8)} ms ` +
      `${(ms / Math.max(n, 1)).toFixed(4).padStart(9)} ms/message ${((mb / ms) * 1000).toFixed(0).padStart(6)} MB/s`,
  );
}

/** Octets and milliseconds of one pass. */
function time(raws: readonly Buffer[], work: (raw: Buffer) => void): [octets: number, ms: number] {
  const startedAt = process.hrtime.bigint();
  for (const raw of raws) work(raw);
  const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
  return [raws.reduce((sum, raw) => sum + raw.length, 0), ms];
}
