// Progress of a drain, or of other long work, on stderr: a bar that is drawn over itself on a terminal, a plain line every few seconds
// elsewhere (a log file with a thousand bars helps nobody).

import type { DrainProgress } from '../model.ts';
import { type Stream, widthOf } from './output.ts';
import { bytes, count, cut, duration } from './words.ts';

/** A person sees ten pictures a second as movement. */
const REDRAW_MS = 100;
/** A drain of a few seconds needs no line at all. */
const LINE_MS = 5000;
const BAR = 24;
/** Where a terminal does not say how wide it is. */
const DEFAULT_WIDTH = 80;

export interface Progress<P = DrainProgress> {
  update(progress: P): void;
  /** Takes the bar away, so that something else can be written; it comes back with the next update. */
  clear(): void;
}

/** What is shown of progress. */
export interface Shown {
  /** How much is done, 0 to 1; null: nobody knows how much there is, so there is no bar. */
  readonly share: number | null;
  readonly facts: string;
}

/** @param now milliseconds of a clock that never goes back */
export function createProgress(stream: Stream, name: string, now?: () => number): Progress {
  return createProgressOf(stream, name, ofDrain, now);
}

/** @param describe what is shown of `progress` after so many milliseconds */
export function createProgressOf<P>(
  stream: Stream,
  name: string,
  describe: (progress: P, ms: number) => Shown,
  now: () => number = () => performance.now(),
): Progress<P> {
  const terminal = stream.isTTY === true && process.env.TERM !== 'dumb';
  const started = now();
  let last = terminal ? Number.NEGATIVE_INFINITY : started;
  let drawn = false;
  return {
    update(progress) {
      const at = now();
      if (at - last < (terminal ? REDRAW_MS : LINE_MS)) return;
      last = at;
      const { share, facts } = describe(progress, at - started);
      if (!terminal) {
        stream.write(`${name}: ${facts}\n`);
        return;
      }
      // Never the last column: the line would wrap, and the next bar would not be drawn over this one.
      stream.write(`\r\u001b[K${cut(`${name}${bar(share)} ${facts}`, (widthOf(stream) ?? DEFAULT_WIDTH) - 1)}`);
      drawn = true;
    },
    clear() {
      if (drawn) stream.write('\r\u001b[K');
      drawn = false;
      last = terminal ? Number.NEGATIVE_INFINITY : last;
    },
  };
}

function bar(share: number | null): string {
  if (share === null) return ':';
  const full = Math.round(Math.min(1, share) * BAR);
  return ` [${'#'.repeat(full)}${'-'.repeat(BAR - full)}]`;
}

/** `120 of 400 messages, 85/s, 12 MB, 3.3 s left` */
function ofDrain({ done, total, bytes: octets }: DrainProgress, ms: number): Shown {
  const rate = perSecond(done, ms);
  const left = rate > 0 && total > done ? `, ${duration(((total - done) / rate) * 1000)} left` : '';
  const facts = `${count(done)} of ${count(total)} messages, ${rateWords(rate)}, ${bytes(octets)}${left}`;
  return { share: total === 0 ? 0 : done / total, facts };
}

export function perSecond(done: number, ms: number): number {
  return ms > 0 ? (done / ms) * 1000 : 0;
}

/** `85/s`, `0.5/s` */
export function rateWords(rate: number): string {
  return `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`;
}
