// What follows from a failure: pauses, stops, and above all that an account is never locked out by us.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECISIONS, decide, type FailureHistory } from '../src/decide.ts';
import { ERROR_CODES, type ErrorCode, MaildrainError } from '../src/errors.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const start = new Date('2026-03-01T00:00:00Z').getTime();

const none: FailureHistory = { failures: 0, failingSince: null, alike: { failures: 0, since: null } };

/** A mailbox that is drained every 5 s and always fails: when it tried, and whether it stopped. */
function simulate(code: ErrorCode, forMs: number, random: () => number): { tries: number[]; stopped: boolean } {
  const tries: number[] = [];
  let history: FailureHistory = none;
  let notBefore = 0;
  for (let at = 0; at < forMs; at += 5 * SECOND) {
    if (at < notBefore) continue;
    tries.push(at);
    const now = new Date(start + at);
    const verdict = decide(new MaildrainError(code, 'x'), history, now, random());
    if (verdict.stop) return { tries, stopped: true };
    notBefore = verdict.notBefore === null ? 0 : verdict.notBefore.getTime() - start;
    const failures = history.failures + 1;
    const since = history.failingSince ?? now;
    history = { failures, failingSince: since, alike: { failures, since } };
  }
  return { tries, stopped: false };
}

describe('a week of drains every 5 s', () => {
  const logins = ['AUTHENTICATION_FAILED', 'AUTHORIZATION_FAILED', 'CREDENTIAL_EXPIRED'] as const;

  it.each(logins)('%s: at most 6 logins, never 5 within ten minutes, and then the mailbox stops', (code) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (randoms) => {
        const { tries, stopped } = simulate(code, 7 * DAY, () => randoms.next().value ?? 0);
        expect(stopped).toBe(true);
        expect(tries.length).toBeLessThanOrEqual(6);
        expect(tries.length).toBeGreaterThanOrEqual(5);
        for (const at of tries) {
          expect(tries.filter((other) => other >= at && other < at + 10 * MINUTE).length).toBeLessThan(5);
        }
        expect(tries.at(-1)).toBeGreaterThanOrEqual(20 * MINUTE);
      }),
      { numRuns: 200 },
    );
  });

  it('one refused login among good ones never stops a mailbox', () => {
    for (let i = 0; i < 1000; i++) {
      const verdict = decide(new MaildrainError('AUTHENTICATION_FAILED', 'x'), none, new Date(start), i / 1000);
      expect(verdict.stop).toBe(false);
      expect((verdict.notBefore?.getTime() ?? 0) - start).toBeGreaterThanOrEqual(1.5 * MINUTE);
    }
  });

  it('a refused login after a day without a network is the first refused login', () => {
    const history = { ...none, failures: 60, failingSince: new Date(start) };
    const verdict = decide(new MaildrainError('AUTHENTICATION_FAILED', 'x'), history, new Date(start + DAY), 0.5);
    expect(verdict).toEqual({ stop: false, notBefore: new Date(start + DAY + HOUR) });
  });

  const patient: readonly [ErrorCode, number][] = [
    ['CONNECTION_LIMIT', 400],
    ['SERVER_UNAVAILABLE', 450],
    ['SERVER_THROTTLED', 230],
    ['OVER_QUOTA', 50],
    ['CONNECTION_LOST', 450],
  ];
  it.each(patient)('%s: keeps trying, at most %i times', (code, most) => {
    const { tries, stopped } = simulate(code, 7 * DAY, () => 0);
    expect(stopped).toBe(false);
    expect(tries.length).toBeLessThanOrEqual(most + 100);
    expect(tries.at(-1)).toBeGreaterThan(6 * DAY);
  });
});

describe('every code', () => {
  it('has a decision, and no decision is for a code that does not exist', () => {
    expect(Object.keys(DECISIONS).sort()).toEqual([...ERROR_CODES].sort());
  });

  it.each(ERROR_CODES)('%s: pauses grow, are bounded, and keep what a provider names', (code) => {
    const decision = DECISIONS[code];
    const pauses = Array.from({ length: 40 }, (_, failures) => {
      const { notBefore } = decide(
        new MaildrainError(code, 'x'),
        { ...none, failures, failingSince: new Date(start) },
        new Date(start),
        0.5,
      );
      return notBefore === null ? null : notBefore.getTime() - start;
    });
    if (!('firstMs' in decision)) {
      expect(pauses.every((pause) => pause === null)).toBe(true);
      return;
    }
    expect(pauses[0]).toBe(decision.firstMs);
    expect(pauses.at(-1)).toBe(decision.maxMs);
    for (const [i, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(pauses[i - 1] ?? 0);
    const named = decide(new MaildrainError(code, 'x', { retryAfterMs: 2 * DAY + 7 }), none, new Date(start), 0.99);
    expect((named.notBefore?.getTime() ?? 0) - start).toBe(2 * DAY + 7);
    const short = decide(new MaildrainError(code, 'x', { retryAfterMs: 1 }), none, new Date(start), 0.5);
    expect((short.notBefore?.getTime() ?? 0) - start).toBe(decision.firstMs);
  });

  const stops: readonly [ErrorCode, boolean, string][] = [
    ['TRASH_MISSING', true, 'every further drain would store and never dispose'],
    ['FLAG_NOT_KEPT', true, 'nothing would remember the mark'],
    ['MAILBOX_MISSING', false, 'servers say so while they restart'],
    ['BUG', false, 'the schedule tries again'],
    ['DATABASE_UNAVAILABLE', false, 'it comes back'],
    ['ABORTED', false, 'we were asked to stop'],
  ];
  it.each(stops)('%s stops the mailbox at once: %s (%s)', (code, stop) => {
    expect(decide(new MaildrainError(code, 'x'), none, new Date(start), 0.5).stop).toBe(stop);
  });

  it('jitter is at most a quarter, so that mailboxes that failed together come back apart', () => {
    const at = (random: number): number =>
      (decide(new MaildrainError('CONNECTION_LOST', 'x'), none, new Date(start), random).notBefore?.getTime() ?? 0) -
      start;
    expect(at(0)).toBe(3750);
    expect(at(0.5)).toBe(5000);
    expect(at(0.999999)).toBe(6249);
  });
});
