// UID sets: nothing added, nothing left out, no line too long.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uidSets } from '../../src/source/uid-set.ts';

/** What a server makes of a set. */
function members(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const [low = 0, high = low] = range.split(':').map(Number);
    return Array.from({ length: high - low + 1 }, (_, i) => low + i);
  });
}

describe('uidSets', () => {
  const cases: readonly [readonly string[], readonly string[], string][] = [
    [[], [], 'no UIDs, no set: an empty set would be a syntax error'],
    [['7'], ['7'], 'one'],
    [['1', '2', '3'], ['1:3'], 'consecutive ones are a range'],
    [['1', '3', '5'], ['1,3,5'], 'gaps stay gaps: a range would take in messages of others'],
    [['10', '9', '2', '1'], ['1:2,9:10'], 'by number, not by text'],
    [['4294967294', '4294967295'], ['4294967294:4294967295'], 'the largest there are'],
  ];
  it.each(cases)('%o gives %o: %s', (uids, texts) => expect(uidSets(uids).map(({ text }) => text)).toEqual(texts));

  const anyUids = fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 4294967295 })), {
    maxLength: 4000,
    size: 'max',
  });

  it('covers exactly the UIDs, each once, and each line is under 8,000 octets', () => {
    fc.assert(
      fc.property(anyUids, (numbers) => {
        const uids = numbers.map(String);
        const sets = uidSets(uids);
        const wanted = [...numbers].sort((a, b) => a - b);
        expect(sets.flatMap(({ text }) => members(text))).toEqual(wanted);
        expect(sets.flatMap((set) => set.uids)).toEqual(wanted.map(String));
        for (const { text, uids: own } of sets) {
          expect(text.length).toBeLessThan(8000);
          expect(members(text).map(String)).toEqual(own);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('needs few sets: every second one of 4,000 large UIDs fits into six', () => {
    const uids = Array.from({ length: 4000 }, (_, i) => String(4_000_000_000 + 2 * i));
    expect(uidSets(uids).length).toBeLessThanOrEqual(6);
    expect(uidSets(Array.from({ length: 100_000 }, (_, i) => String(i + 1)))).toHaveLength(1);
  });
});
