// A message as one line of JSON: what is known of it, and its octets as base64 at the end, so that the line can be written while they arrive.

import type { StoredFacts } from '../store/stored-mail.ts';

export async function* ndjsonLine(message: StoredFacts, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { digest, mailboxId: _, ...facts } = message;
  yield Buffer.from(`${JSON.stringify({ ...facts, sha256: digest.toString('hex') }).slice(0, -1)},"base64":"`);
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    const all: Buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    // Three octets make four characters; what is over waits for the next piece.
    const whole = all.length - (all.length % 3);
    yield Buffer.from(all.toString('base64', 0, whole), 'latin1');
    rest = all.subarray(whole);
  }
  yield Buffer.from(`${rest.toString('base64')}"}\n`);
}
