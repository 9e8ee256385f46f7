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
    expect(patience.succeeded()).toEqual({ downSince: 1_000_000, keys: ['a', 'b', 'c', 'd', 'e'] });
    expect([patience.width(now, 8), patience.restMs(now), patience.well]).toEqual([8, 0, true]);
  });

  it('that is back at the first knock was never away: it takes twice as many keys the next time, which go by their own pauses', () => {
    const patience = new Patience();
    const numbers: number[] = [];
    for (let n = 0; n < 8; n++) {
      let failures = 1;
      while (patience.failed(`k${failures}`, n * HOUR, 0) === null) failures++;
      numbers.push(failures);
      expect(patience.succeeded()).toEqual({ downSince: n * HOUR, keys: [] });
    }
    expect(numbers).toEqual([3, 6, 12, 24, 48, 96, 100, 100]);
    // Really away: from then on three are enough again.
    let now = 9 * HOUR;
    for (let n = 0; n < 110; n++) {
      now += 60_000;
      patience.failed(`k${n}`, now, 0);
    }
    expect(patience.succeeded()?.keys).toHaveLength(110);
    expect(['a', 'b', 'c'].map((key) => patience.failed(key, now, 0))).toEqual([null, null, 'down']);
  });

  it('that asks for a pause gets it, an hour at most, though others are taken meanwhile', () => {
    const patience = new Patience();
    patience.asked(30_000, 0);
    patience.asked(10_000, 0);
    expect(patience.succeeded()).toBeNull();
    expect([patience.restMs(10_000), patience.width(29_999, 8), patience.width(30_000, 8)]).toEqual([20_000, 0, 8]);
    patience.asked(24 * HOUR, 0);
    expect(patience.restMs(0)).toBe(HOUR);
  });
});
