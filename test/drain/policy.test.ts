// What is owed for a message, and when; tables.

import { describe, expect, it } from 'vitest';
import { actsOnOpenRows, canDispose, destinyOf, isDue, isSatisfied, markOf, WAITS } from '../../src/drain/policy.ts';
import type { DisposalMeans, Dispose, SessionFacts } from '../../src/model.ts';
import { mailboxOn } from './mailbox.ts';

const DAY = 24 * 60 * 60 * 1000;
const now = new Date('2026-03-01T12:00:00Z');
const ago = (ms: number): Date => new Date(now.getTime() - ms);

describe('markOf', () => {
  const cases: readonly [Dispose, string | null, string][] = [
    [{ kind: 'keep' }, 'keep', 'kept is all that is asked'],
    [{ kind: 'seen' }, 'seen', 'marked'],
    [{ kind: 'flag', keyword: '$Done' }, 'flag:$Done', 'another keyword is another mark'],
    [{ kind: 'delete', forever: false }, null, 'taken away'],
    [{ kind: 'trash' }, null, 'taken away'],
    [{ kind: 'move', to: 'X', create: false }, null, 'taken away'],
  ];
  it.each(cases)('%o is remembered as %s (%s)', (dispose, mark) => expect(markOf(dispose)).toBe(mark));
});

describe('isDue', () => {
  const cases = [
    { afterMs: 0, date: now, due: true, why: 'no age is asked for' },
    {
      afterMs: 0,
      date: new Date(now.getTime() + DAY),
      due: true,
      why: 'no age is asked for, whatever the clock of the server',
    },
    { afterMs: DAY, date: ago(DAY - 1), due: false, why: 'a millisecond too young' },
    { afterMs: DAY, date: ago(DAY), due: true, why: 'exactly that old' },
    { afterMs: DAY, date: null, due: true, why: 'no date: the age only postpones' },
    { afterMs: DAY, date: new Date(now.getTime() + DAY), due: false, why: 'dated in the future' },
  ];
  it.each(cases)('$due: $why', ({ afterMs, date, due }) =>
    expect(isDue(mailboxOn(1, { afterMs }), date, now)).toBe(due),
  );
});

describe('destinyOf', () => {
  const cases = [
    { dispose: { kind: 'keep' }, afterMs: 0, destiny: { state: 'kept', reason: 'keep' }, why: 'nothing is owed' },
    {
      dispose: { kind: 'keep' },
      afterMs: DAY,
      destiny: { state: 'kept', reason: 'keep' },
      why: 'nothing is owed, ever',
    },
    { dispose: { kind: 'trash' }, afterMs: DAY, destiny: { state: 'kept', reason: WAITS }, why: 'too young' },
    { dispose: { kind: 'trash' }, afterMs: 0, destiny: { state: 'pending', reason: null }, why: 'at once' },
    {
      dispose: { kind: 'seen' },
      afterMs: 0,
      destiny: { state: 'pending', reason: null },
      why: 'the mark is still to be set',
    },
  ] as const;
  it.each(cases)('$destiny: $why', ({ dispose, afterMs, destiny }) =>
    expect(destinyOf(mailboxOn(1, { dispose, afterMs }), 'other', now, now)).toEqual(destiny),
  );
});

describe('isSatisfied', () => {
  const cases = [
    {
      dispose: { kind: 'keep' },
      afterMs: 0,
      reason: WAITS,
      age: DAY,
      satisfied: true,
      why: 'changed to keep: nothing more is asked',
    },
    { dispose: { kind: 'trash' }, afterMs: DAY, reason: WAITS, age: DAY - 1, satisfied: true, why: 'still too young' },
    { dispose: { kind: 'trash' }, afterMs: DAY, reason: WAITS, age: DAY, satisfied: false, why: 'old enough now' },
    {
      dispose: { kind: 'trash' },
      afterMs: 0,
      reason: 'keep',
      age: 0,
      satisfied: false,
      why: 'changed from keep to trash',
    },
    { dispose: { kind: 'seen' }, afterMs: 0, reason: 'seen', age: 0, satisfied: true, why: 'marked' },
    {
      dispose: { kind: 'flag', keyword: '$A' },
      afterMs: 0,
      reason: 'flag:$B',
      age: 0,
      satisfied: false,
      why: 'another keyword',
    },
  ] as const;
  it.each(cases)('$satisfied: $why', ({ dispose, afterMs, reason, age, satisfied }) =>
    expect(isSatisfied(mailboxOn(1, { dispose, afterMs }), { reason, internalDate: ago(age) }, now)).toBe(satisfied),
  );
});

describe('what a session can do', () => {
  const facts = (disposal: DisposalMeans): SessionFacts => ({
    path: 'INBOX',
    capabilities: [],
    gmail: false,
    uidValidity: '1',
    uidNext: 1,
    exists: 0,
    trash: null,
    disposal,
  });
  const cases: readonly [DisposalMeans, boolean, boolean, string][] = [
    [{ means: 'uid-expunge' }, true, true, 'the ordinary way'],
    [{ means: 'move', to: 'Trash', thenExpunge: false }, true, true, 'the ordinary way'],
    [{ means: 'plain-expunge' }, true, true, 'the owner asserts that nobody else is there'],
    [{ means: 'copy-expunge', to: 'X' }, true, true, 'the ordinary way without MOVE'],
    [{ means: 'mark', flag: '\\Seen' }, true, true, 'a mark'],
    [{ means: 'flag-only', why: '' }, true, false, 'flags once; looking again leads nowhere'],
    [{ means: 'none', why: '' }, false, false, 'nothing'],
    [{ means: 'keep' }, false, true, 'nothing to do, but what is owed from before is recognised'],
  ];
  it.each(cases)('%o: disposes %s, looks again %s (%s)', (means, disposes, looks) => {
    expect(canDispose(facts(means))).toBe(disposes);
    expect(actsOnOpenRows(facts(means))).toBe(looks);
  });
});
