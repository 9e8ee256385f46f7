// The thread that reads messages for read-messages.ts. A batch comes as one block of octets with the sizes of its messages, because a Buffer
// that is sent as it is takes all of the pool along that it is cut from.

import { Buffer } from 'node:buffer';
import { parentPort } from 'node:worker_threads';
import { read } from '../mail/read.ts';
import { type Facts, factsOf } from './facts.ts';

export interface Batch {
  readonly octets: Uint8Array;
  readonly sizes: readonly number[];
}

parentPort?.on('message', ({ octets, sizes }: Batch) => {
  const all = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  let at = 0;
  const facts = sizes.map((size): Facts => {
    const start = at;
    at += size;
    return factsOf(read(all.subarray(start, at)));
  });
  parentPort?.postMessage(facts);
});
