// How long a consumer is left alone: pauses that grow, and a rest of everything when several keys in a row fail.

import { describe, expect, it } from 'vitest';
import { Patience, pauseMs } from '../../src/events/patience.ts';

const HOUR = 3_600_000;

describe('the pause of a key', () => {
  it('doubles from 1 to 2 seconds up to an hour, and differs from key to key', () => {
    const pauses = [1, 2, 3, 4, 11, 12, 50, 5_000].map((failures) => pauseMs(failures, false, 0));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 1_024_000, HOUR / 2, HOUR / 2, HOUR / 2]);
    expect(pauseMs(1, false, 1)).toBe(2_000);
    expect(pauseMs(5_000, false, 1)).toBe(HOUR);
  });

  it('begins with a minute for what was refused', () => {
    expect([1, 2, 9].map((failures) => pauseMs(failures, true, 0))).toEqual([60_000, 120_000, HOUR / 2]);
  });
});

describe('a consumer', () => {
  it('is not down because one key fails again and again, nor when others succeed between', () => {
    const patience = new Patience();
    for (let n = 0; n < 10; n++) expect(patience.failed('a', n, 0)).toBeNull();
    expect(patience.failed('b', 10, 0)).toBeNull();
    expect(patience.succeeded()).toBeNull();
    expect(patience.failed('c', 11, 0)).toBeNull();
    expect(patience.width(11, 8)).toBe(8);
  });

  it('is down when three keys fail in a row: said once; then one key after each rest, of a minute at most', () => {
    const patience = new Patience();
    let now = 1_000_000;
    expect(['a', 'b', 'c'].map((key) => patience.failed(key, now, 1))).toEqual([null, null, 'down']);
    // In flight with the others: no second failure.
    expect(patience.failed('d', now, 1)).toBeNull();
    const rests: number[] = [];
    for (let n = 0; n < 8; n++) {
      const rest = patience.restMs(now);
      rests.push(rest);
      expect(patience.width(now, 8)).toBe(0);
      now += rest;
      expect(patience.width(now, 8)).toBe(1);
      expect(patience.failed('e', now, 1)).toBeNull();
    }
    expect(rests).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(patience.succeeded()).toBe(1_000_000);
    expect([patience.width(now, 8), patience.restMs(now), patience.well]).toEqual([8, 0, true]);
  });
});
