// Progress on stderr: a bar for a drain, a count for what has no known end; drawn over itself on a terminal, a plain line every few seconds
// elsewhere (a log file with a thousand bars helps nobody).

import type { DrainProgress } from '../model.ts';
import type { Stream } from './output.ts';
import { bytes, count, cut, duration } from './words.ts';

/** A person sees ten pictures a second as movement. */
const REDRAW_MS = 100;
/** A drain of a few seconds needs no line at all. */
const LINE_MS = 5000;
const BAR = 24;
/** Where a terminal does not say how wide it is. */
const DEFAULT_WIDTH = 80;

export interface Progress {
  update(progress: DrainProgress): void;
  /** Takes the bar away, so that something else can be written; it comes back with the next update. */
  clear(): void;
}

/** @param now milliseconds of a clock that never goes back */
export function createProgress(stream: Stream, name: string, now: () => number = () => performance.now()): Progress {
  const terminal = stream.isTTY === true && process.env.TERM !== 'dumb';
  const started = now();
  let last = terminal ? Number.NEGATIVE_INFINITY : started;
  let drawn = false;
  return {
    update(progress) {
      const at = now();
      if (at - last < (terminal ? REDRAW_MS : LINE_MS)) return;
      last = at;
      const facts = describe(progress, at - started);
      if (!terminal) {
        stream.write(`${name}: ${facts}\n`);
        return;
      }
      const share = progress.total === 0 ? 0 : Math.min(1, progress.done / progress.total);
      const full = Math.round(share * BAR);
      const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}]`;
      // Never the last column: the line would wrap, and the next bar would not be drawn over this one.
      stream.write(`\r\u001b[K${cut(`${name} ${bar} ${facts}`, (stream.columns ?? DEFAULT_WIDTH) - 1)}`);
      drawn = true;
    },
    clear() {
      if (drawn) stream.write('\r\u001b[K');
      drawn = false;
      last = terminal ? Number.NEGATIVE_INFINITY : last;
    },
  };
}

/** `120 of 400 messages, 85/s, 12 MB, 3.3 s left` */
function describe({ done, total, bytes: octets }: DrainProgress, ms: number): string {
  const rate = ms > 0 ? (done / ms) * 1000 : 0;
  const left = rate > 0 && total > done ? `, ${duration(((total - done) / rate) * 1000)} left` : '';
  return `${count(done)} of ${count(total)} messages, ${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s, ${bytes(octets)}${left}`;
}

/** How far work without a known end has come: the count, drawn over itself on a terminal, else a line every few seconds. */
export function createCounter(
  stream: Stream,
  name: string,
  noun: string,
): { update(done: number): void; clear(): void } {
  const terminal = stream.isTTY === true && process.env.TERM !== 'dumb';
  let last = performance.now();
  let drawn = false;
  return {
    update(done) {
      if (performance.now() - last < (terminal ? REDRAW_MS : LINE_MS)) return;
      last = performance.now();
      const text = `${name}: ${count(done)} ${noun}`;
      stream.write(terminal ? `\r\u001b[K${cut(text, (stream.columns ?? DEFAULT_WIDTH) - 1)}` : `${text}\n`);
      drawn = terminal;
    },
    clear() {
      if (drawn) stream.write('\r\u001b[K');
      drawn = false;
    },
  };
}
