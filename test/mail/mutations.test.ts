// Reports of real servers, damaged and crossed with each other as hostile mail may be: whatever comes of them is read, within bounds, in words
// that can be stored.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';

const CORPUS = resolve(import.meta.dirname, '../corpus');
const MESSAGES = readdirSync(CORPUS)
  .filter((name) => name.endsWith('.eml'))
  .map((name) => readFileSync(join(CORPUS, name)));

/** A report takes less than one millisecond; what takes a thousand times as long would be a way to stop a drain. */
const MAX_MS = 2_000;

const PIECES = [
  '\0',
  '\r',
  '\n\n',
  '--',
  '@',
  '<',
  '"',
  '=?utf-8?B?AA==?=',
  '\ud800',
  'Status: 5.1.1\r\n',
  'Final-Recipient: rfc822;',
  '>'.repeat(99),
];

const message = fc.constantFrom(...MESSAGES);
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (raw: Buffer, share: number): number => Math.floor(share * raw.length);

type Change = (raw: Buffer) => Buffer;
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat({ max: 255 })).map(
    ([share, octet]): Change =>
      (raw) => {
        const copy = Buffer.from(raw);
        if (copy.length > 0) copy[Math.min(at(copy, share), copy.length - 1)] = octet;
        return copy;
      },
  ),
  fc.tuple(place, place).map(
    ([from, to]): Change =>
      (raw) =>
        Buffer.concat([raw.subarray(0, at(raw, Math.min(from, to))), raw.subarray(at(raw, Math.max(from, to)))]),
  ),
  fc.tuple(place, place, fc.integer({ min: 2, max: 40 })).map(
    ([from, to, times]): Change =>
      (raw) => {
        const piece = raw.subarray(at(raw, Math.min(from, to)), at(raw, Math.max(from, to)));
        return Buffer.concat([raw, ...Array.from({ length: times }, () => piece)]);
      },
  ),
  fc.tuple(place, fc.constantFrom(...PIECES)).map(
    ([share, piece]): Change =>
      (raw) =>
        Buffer.concat([raw.subarray(0, at(raw, share)), Buffer.from(piece), raw.subarray(at(raw, share))]),
  ),
  fc.tuple(message, place, place).map(
    ([other, cut, join_]): Change =>
      (raw) =>
        Buffer.concat([raw.subarray(0, at(raw, cut)), other.subarray(at(other, join_))]),
  ),
);

/** Every text in a value. */
function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (value !== null && typeof value === 'object' && !(value instanceof Uint8Array))
    for (const inner of Object.values(value)) yield* texts(inner);
}

it('damaged reports are read in time, and in words that can be stored', () => {
  fc.assert(
    fc.property(message, fc.array(change, { minLength: 1, maxLength: 8 }), (raw, changes) => {
      const damaged = changes.reduce<Buffer>((octets, one) => one(octets), raw).subarray(0, 400_000);
      const began = performance.now();
      const reading = read(damaged);
      expect(performance.now() - began).toBeLessThan(MAX_MS);
      expect(reading.verdict.recipients.length).toBeLessThanOrEqual(1000);
      for (const text of texts(reading)) expect(text.includes('\0') || /\p{Surrogate}/u.test(text)).toBe(false);
      for (const { address, status, replyCode, diagnostic } of reading.verdict.recipients) {
        expect(Buffer.byteLength(address ?? '')).toBeLessThanOrEqual(998);
        expect(diagnostic?.length ?? 0).toBeLessThanOrEqual(1000);
        expect(status ?? '5.0.0').toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
        expect(replyCode ?? 550).toBeGreaterThanOrEqual(200);
      }
    }),
    { numRuns: 3000 },
  );
});
