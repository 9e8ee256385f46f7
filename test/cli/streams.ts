// Streams that keep what is written to them, in place of stdout and stderr.

import { Writable } from 'node:stream';
import type { Stream } from '../../src/cli/output.ts';

export type Keeping = Stream & { text(): string };

/** With `columns` it is a terminal of that width. */
export function keeping(columns?: number): Keeping {
  let kept = '';
  const stream = new Writable({
    write(piece, _, done) {
      kept += String(piece);
      done();
    },
  });
  return Object.assign(stream, { text: () => kept, ...(columns === undefined ? {} : { isTTY: true, columns }) });
}
