// How values, tables, JSON and progress look, on a terminal and elsewhere.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT, exitOfDrain, worst } from '../../src/cli/exit.ts';
import { optionWords } from '../../src/cli/option-words.ts';
import { createOutput, table, toJson } from '../../src/cli/output.ts';
import { createProgress, createProgressOf } from '../../src/cli/progress.ts';
import { writeRaw } from '../../src/cli/raw.ts';
import { bytes, columnWidth, cut, cutStart, duration, parseId, parseTime } from '../../src/cli/words.ts';
import { keeping } from './streams.ts';

describe('JSON', () => {
  it('holds nothing that a terminal obeys, and reads back as the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = toJson({ text });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(json).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}/u);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
    expect(toJson('\u202e\u009b\u{e0041}')).toBe('"\\u202e\\u009b\\udb40\\udc41"');
  });
});

describe('the options of a job', () => {
  it.each([
    ['purge', { store: true, forever: false }, null],
    ['purge', { store: false, forever: true }, '--no-store --forever'],
    ['empty-trash', { junk: true }, '--junk'],
    ['move', { to: "Bob's", create: true }, `--to 'Bob'\\''s' --create`],
    ['flag', { add: ['\\Seen', '$Done'], remove: [] }, `--add '\\Seen' --add '$Done'`],
    ['undelete', {}, null],
    ['restore', { folder: 'Archive/2025' }, '--folder Archive/2025'],
    ['reclassify', { mailbox: 'office', readerBefore: 3 }, '--mailbox office --reader-before 3'],
    ['expire', { raw: 7_776_000_000, events: 43_200_000, ledger: null }, 'raw: 90d, events: 12h, ledger: for ever'],
  ])('of %s are in the words that were typed', (kind, args, words) => {
    expect(optionWords(kind, args)).toBe(words);
  });
});

describe('a table', () => {
  const rows = [
    [{ text: '日本' }, { text: 'a\u001b[2Jb', colour: 'red' as const }],
    [{ text: 'plain' }, { text: 'a subject that goes on and on' }],
  ];

  it('has straight columns also with wide characters, and no escape sequence of a value', async () => {
    const stdout = keeping();
    await table(createOutput(stdout, keeping(), {}), ['NAME', 'SUBJECT'], rows);
    expect(stdout.text()).toBe('NAME   SUBJECT\n日本   a\ufffd[2Jb\nplain  a subject that goes on and on\n');
  });

  it('is cut where a terminal ends, and coloured there unless NO_COLOR is set', async () => {
    const cases = [
      { env: {}, coloured: true },
      { env: { NO_COLOR: '1' }, coloured: false },
      { env: { NO_COLOR: '' }, coloured: true },
      { env: { TERM: 'dumb' }, coloured: false },
    ];
    for (const { env, coloured } of cases) {
      const stdout = keeping(20);
      await table(createOutput(stdout, keeping(), env), ['NAME', 'SUBJECT'], rows);
      expect(stdout.text().includes('\u001b[31m'), JSON.stringify(env)).toBe(coloured);
      expect(stdout.text()).toContain('plain  a subject th…\n');
    }
  });
});

describe('progress', () => {
  it('is one line drawn over itself on a terminal: done, total, rate, time left; cleared for other output', () => {
    let ms = 0;
    const stderr = keeping(100);
    const progress = createProgress(stderr, 'bounces', () => ms);
    ms = 2000;
    progress.update({ done: 100, total: 400, bytes: 3 * 1024 * 1024 });
    ms = 2050;
    progress.update({ done: 105, total: 400, bytes: 3_200_000 });
    progress.clear();
    expect(stderr.text()).toBe(
      '\r\u001b[Kbounces [######------------------] 100 of 400 messages, 50/s, 3.0 MB, 6.0 s left\r\u001b[K',
    );
  });

  it('never fills the last column of a narrow terminal', () => {
    const stderr = keeping(30);
    createProgress(stderr, 'bounces').update({ done: 1, total: 2, bytes: 10 });
    expect(columnWidth(stderr.text().replace('\r\u001b[K', ''))).toBe(29);
  });

  it('takes a terminal that does not know its width for one of 80 columns', () => {
    const stderr = keeping(0);
    createProgress(stderr, 'bounces').update({ done: 1, total: 2, bytes: 10 });
    expect(stderr.text()).toContain('1 of 2 messages');
  });

  it('has no bar where nobody knows how much there is', () => {
    const stderr = keeping(80);
    createProgressOf(stderr, 'classify', (done: number) => ({ share: null, facts: `${done} messages` })).update(7);
    expect(stderr.text()).toBe('\r\u001b[Kclassify: 7 messages');
  });

  it('is a plain line every five seconds elsewhere, and none for a short drain', () => {
    let ms = 0;
    const stderr = keeping();
    const progress = createProgress(stderr, 'bounces', () => ms);
    for (ms = 0; ms <= 12_000; ms += 100) progress.update({ done: ms / 100, total: 1000, bytes: ms * 10 });
    progress.clear();
    expect(stderr.text()).toBe(
      'bounces: 50 of 1,000 messages, 10/s, 49 KB, 1m 35s left\nbounces: 100 of 1,000 messages, 10/s, 98 KB, 1m 30s left\n',
    );
  });
});

describe('raw octets on a terminal', () => {
  it('are shown as text without anything that the terminal would obey, whatever the pieces', async () => {
    const raw = Buffer.from('Subject: \u001b]0;owned\u0007\r\n\r\nä\ttab\nno end \u009b2J');
    for (const size of [1, 3, 1000]) {
      const stdout = keeping(80);
      const stderr = keeping(80);
      const pieces = async function* (): AsyncGenerator<Buffer> {
        for (let at = 0; at < raw.length; at += size) yield raw.subarray(at, at + size);
      };
      expect(await writeRaw(createOutput(stdout, stderr, {}), pieces(), null)).toBe(true);
      expect(stdout.text()).toBe('Subject: \ufffd]0;owned\ufffd\n\nä    tab\nno end \ufffd2J\n');
      expect(stderr.text()).toContain('redirect it to a file for the exact octets');
    }
  });
});

describe('words', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KB'],
    [52_428_800, '50 MB'],
    [10_189, '10 KB'],
    [5e15, '4547 TB'],
  ])('%d octets are %s', (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [0, '0.0 s'],
    [9_900, '9.9 s'],
    [59_700, '1m'],
    [200_000, '3m 20s'],
    [3_599_900, '1h'],
    [86_399_999, '1d'],
    [2_592_000_000, '30d'],
    [97_200_000, '1d 3h'],
    [-5, '0.0 s'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('cut text at columns, not at characters', () => {
    expect(cut('日本語', 5)).toBe('日本…');
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
    expect(cutStart('Maildir/cur/12', 7)).toBe('…cur/12');
    expect(cutStart('日本語', 5)).toBe('…本語');
    expect(cutStart('abc', 3)).toBe('abc');
  });

  it('read days as midnight UTC, times with their zone, ages from now, and ids without leading zeros', () => {
    expect(parseTime('2026-10-01').toISOString()).toBe('2026-10-01T00:00:00.000Z');
    expect(parseTime('2026-10-01T12:30+02:00').toISOString()).toBe('2026-10-01T10:30:00.000Z');
    expect(Math.abs(parseTime('7d').getTime() - (Date.now() - 7 * 86_400_000))).toBeLessThan(5000);
    expect(parseId('007')).toBe('7');
  });
});

describe('exit codes', () => {
  it('say what became of a drain; of several the worst counts, a stopped mailbox before a failed one', () => {
    const outcomes = ['done', 'dry-run', 'partial', 'busy', 'waiting', 'stopped', 'failed'] as const;
    expect(outcomes.map((outcome) => exitOfDrain({ outcome, error: null }))).toEqual([0, 0, 4, 4, 4, 3, 1]);
    const error = { code: 'TARGET_MISSING', message: 'the mailbox "Done" to move to does not exist' };
    expect(exitOfDrain({ outcome: 'dry-run', error })).toBe(EXIT.failed);
    expect(worst([])).toBe(EXIT.done);
    expect(worst([EXIT.done, EXIT.partly, EXIT.done])).toBe(EXIT.partly);
    expect(worst([EXIT.partly, EXIT.failed])).toBe(EXIT.failed);
    expect(worst([EXIT.stopped, EXIT.failed])).toBe(EXIT.stopped);
  });
});
