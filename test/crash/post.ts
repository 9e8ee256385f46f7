// The mail of the crash tests: what tends to be lost, doubled or mangled. Each set is made anew, so that no two tests share a digest.

import { createHash, randomBytes } from 'node:crypto';

/** Just above what a drain keeps in memory at once (pass.ts, BATCH_OCTETS): such a message is streamed into Postgres. */
const STREAMED = 9 * 1024 * 1024;

/** More than half of it: no two of these come in one batch. */
const HALF_A_BATCH = 5 * 1024 * 1024;

export interface Letter {
  readonly why: string;
  readonly raw: Buffer;
  readonly internalDate: Date;
  /** Flagged \Deleted by another client before the first drain: it is not ours to store, and must stay. */
  readonly foreign: boolean;
}

/** INTERNALDATE of everything that arrived in one second; what tells messages apart must be something else. */
const ONE_SECOND = new Date('2026-03-04T05:06:07Z');
const ANOTHER_DAY = new Date('2026-02-01T10:00:00Z');

function letter(
  id: string,
  body: string | Buffer,
  headers: readonly string[] = [`Message-ID: <${id}@example.net>`],
): Buffer {
  const head = ['From: Bea <bea@example.net>', 'To: Ann <ann@example.org>', `Subject: ${id}`, ...headers, '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), Buffer.from(body)]);
}

/** A small message like no other. */
export function smallLetter(size = 300): Buffer {
  const id = randomBytes(8).toString('hex');
  return letter(id, `${'x'.repeat(Math.max(0, size - 120))} ${id}\r\n`);
}

/** The messages of one crash test, in the order of their delivery. The large one parts the small ones into two batches. */
export function awkwardPost(): Letter[] {
  const id = randomBytes(6).toString('hex');
  const plain = letter(`plain-${id}`, 'nothing special\r\n');
  const twin = letter(`twin-${id}`, 'one of two\r\n');
  const large = letter(`large-${id}`, Buffer.alloc(STREAMED, 'large \r\n'));
  const ours = (why: string, raw: Buffer): Letter => ({ why, raw, internalDate: ONE_SECOND, foreign: false });
  const foreign = (why: string, raw: Buffer): Letter => ({ why, raw, internalDate: ANOTHER_DAY, foreign: true });
  const shared = [`Message-ID: <shared-${id}@example.net>`];
  return [
    ours('plain', plain),
    ours('one of two byte-identical messages', twin),
    foreign('byte-identical with one of ours', plain),
    ours('a shared Message-ID', letter(`first-${id}`, 'the first\r\n', shared)),
    ours('a shared Message-ID, other octets', letter(`first-${id}`, 'the other\r\n', shared)),
    ours('the other of two byte-identical messages', twin),
    ours('no Message-ID', letter(`anonymous-${id}`, 'who am I\r\n', [])),
    ours('NUL, bare LF and 8-bit', letter(`binary-${id}`, Buffer.from('a\0b\nc\r\n\xff\xfe\n', 'latin1'))),
    ours('streamed', large),
    foreign('by another client', letter(`foreign-${id}`, 'not for us\r\n')),
    ours('after the large one', letter(`late-${id}`, 'last but one\r\n')),
    ours('shares its Message-ID with one in another batch', letter(`first-${id}`, 'the third\r\n', shared)),
  ];
}

/** Three batches, none of them streamed: while one is stored the next is on its way. */
export function threeBatches(): Letter[] {
  const large = (): Letter => ({
    why: 'large',
    raw: smallLetter(HALF_A_BATCH),
    internalDate: ONE_SECOND,
    foreign: false,
  });
  const small = awkwardPost().filter(({ raw }) => raw.length < HALF_A_BATCH);
  return [...small.slice(0, 5), large(), ...small.slice(5, 8), large(), ...small.slice(8), large()];
}

export function digestOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** Digests sorted: each counts as often as it occurs. */
export function multiset(mail: readonly Buffer[]): string[] {
  return mail.map(digestOf).sort();
}
