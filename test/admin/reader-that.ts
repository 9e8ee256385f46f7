// A reader whose rules are other than today's, for tests of reading stored mail again.

import { createReader, type Reader } from '../../src/mail/read.ts';
import type { Reading, Verdict } from '../../src/model-reading.ts';

/** A reader that says of each message what `say` has of its octets, and otherwise what today's says. */
export function readerThat(say: (octets: string) => Verdict | null): () => Reader {
  return () => {
    const real = createReader();
    let octets = '';
    return {
      push(chunk) {
        octets += chunk.toString('latin1');
        real.push(chunk);
      },
      end(): Reading {
        const reading = real.end();
        const said = say(octets);
        return said === null ? reading : { ...reading, kind: said.kind, verdict: said };
      },
    };
  };
}
