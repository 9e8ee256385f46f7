// Where the messages of an mbox begin and end, in the variants that programs write; the same whatever pieces the file arrives in.

import { describe, expect, it } from 'vitest';
import { type CutMessage, MessageCutter } from '../../src/mail-files/cut-messages.ts';

const FROM = 'From ann@example.org Mon Jan  5 10:00:00 2026';

/** Octets of a piece: one, a few that cut every line somewhere, all at once. */
const PIECES = [1, 7, 100_000];

function cut(text: string, size: number, maxSize = 1_000_000): CutMessage[] {
  const cutter = new MessageCutter({ form: null, onlyMail: false, maxSize });
  const octets = Buffer.from(text, 'latin1');
  const found: CutMessage[] = [];
  for (let at = 0; at < octets.length; at += size) {
    cutter.push(octets.subarray(at, at + size));
    found.push(...cutter.take());
  }
  cutter.end();
  return [...found, ...cutter.take()];
}

function texts(text: string, size: number): string[] {
  return cut(text, size).map(({ raw }) => raw?.toString('latin1') ?? 'too large');
}

describe('an mbox is cut at its From_ lines', () => {
  const cases: { why: string; mbox: string; messages: string[] }[] = [
    {
      why: 'two messages, LF; the empty line before a From_ line is the file’s',
      mbox: `${FROM}\nSubject: a\n\nA\n\n${FROM}\nSubject: b\n\nB\n\n`,
      messages: ['Subject: a\n\nA\n', 'Subject: b\n\nB\n'],
    },
    {
      why: 'two messages, CRLF',
      mbox: `${FROM}\r\nSubject: a\r\n\r\nA\r\n\r\n${FROM}\r\nSubject: b\r\n\r\nB\r\n`,
      messages: ['Subject: a\r\n\r\nA\r\n', 'Subject: b\r\n\r\nB\r\n'],
    },
    {
      why: 'a message without a body, and a last line without an end',
      mbox: `${FROM}\nSubject: a\n\n\n${FROM}\nSubject: b\n\nB`,
      messages: ['Subject: a\n\n', 'Subject: b\n\nB'],
    },
    {
      why: 'a bounce has the null sender, or MAILER-DAEMON',
      mbox: `From MAILER-DAEMON Mon Jan  5 10:00:00 2026\nSubject: a\n\nA\n\nFrom <> Mon Jan  5 10:00:00 2026\nSubject: b\n\nB\n`,
      messages: ['Subject: a\n\nA\n', 'Subject: b\n\nB\n'],
    },
    {
      why: 'Mozilla writes a dash for the sender, or nothing at all',
      mbox: `From - Mon Jan 05 10:00:00 2026\nX-Mozilla-Status: 0001\n\nA\n\nFrom \nSubject: b\n\nB\n`,
      messages: ['X-Mozilla-Status: 0001\n\nA\n', 'Subject: b\n\nB\n'],
    },
    {
      why: 'a zone, "remote from" and the like behind the time',
      mbox: `${FROM} +0100 remote from example\nSubject: a\n\nA\n\n${FROM.replace('10:00:00', '10:00')}\nSubject: b\n\nB\n`,
      messages: ['Subject: a\n\nA\n', 'Subject: b\n\nB\n'],
    },
    {
      why: 'text that begins with "From " stays text: no time, no field after it, or no empty line before it',
      mbox: `${FROM}\nSubject: a\n\nFrom here on: 10 people\n\nFrom 10:00 on\nwe met\n${FROM}\nSubject: c\n`,
      messages: [`Subject: a\n\nFrom here on: 10 people\n\nFrom 10:00 on\nwe met\n${FROM}\nSubject: c\n`],
    },
    {
      why: 'mboxrd and mboxo: one level of quoting is taken off',
      mbox: `${FROM}\nSubject: a\n\n>From here\n>>From there\n> From a reply\n`,
      messages: ['Subject: a\n\nFrom here\n>From there\n> From a reply\n'],
    },
    {
      why: 'empty lines within a text stay',
      mbox: `${FROM}\nSubject: a\n\n\n\nA\n\n\n\n${FROM}\nSubject: b\n\nB\n\n\n`,
      messages: ['Subject: a\n\n\n\nA\n\n\n', 'Subject: b\n\nB\n\n'],
    },
    {
      why: 'a line of 5,000 octets that begins with "From " is no From_ line, and nothing is lost of it',
      mbox: `${FROM}\nSubject: a\n\n${FROM}${'x'.repeat(5000)}\nX: y\n\n${FROM}\nSubject: b\n\nB\n`,
      messages: [`Subject: a\n\n${FROM}${'x'.repeat(5000)}\nX: y\n`, 'Subject: b\n\nB\n'],
    },
  ];
  it.each(cases)('$why', ({ mbox, messages }) => {
    for (const size of PIECES) expect(texts(mbox, size), `pieces of ${size}`).toEqual(messages);
  });

  it('numbers its messages from 1; one too large is counted and not kept, and the next one is whole', () => {
    const mbox = `${FROM}\nSubject: a\n\n${'a'.repeat(5000)}\n\n${FROM}\nSubject: b\n\nB\n`;
    for (const size of PIECES) {
      const [large, small] = cut(mbox, size, 1000);
      expect(large).toEqual({ number: 1, size: 5013, raw: null });
      expect(small).toMatchObject({ number: 2, size: 14 });
      expect(small?.raw?.toString()).toBe('Subject: b\n\nB\n');
    }
  });

  it('takes a time that grows with its size only, whatever is in it', () => {
    const hostile = [
      `${FROM}\nSubject: a\n\n${`\n${FROM}\n`.repeat(40_000)}`,
      `${FROM}\nSubject: a\n\n${'>From \n'.repeat(250_000)}`,
      `${FROM}\nSubject: a\n\n${'\n'.repeat(2_000_000)}`,
      `From ${'1:'.repeat(1_000_000)}`,
    ];
    for (const mbox of hostile) {
      const startedAt = performance.now();
      cut(mbox, 4096, 10_000_000);
      // Some 50 ms where nothing else runs.
      expect(performance.now() - startedAt).toBeLessThan(5000);
    }
  });
});

describe('a file that does not begin with a From_ line is one message', () => {
  const cases: { why: string; text: string }[] = [
    { why: 'LF', text: 'Subject: a\n\nA\n' },
    { why: 'CRLF', text: 'Subject: a\r\n\r\nA\r\n' },
    { why: 'one huge line', text: `Subject: ${'a'.repeat(300_000)}` },
    { why: 'a From_ line inside is text', text: `Subject: a\n\n${FROM}\nSubject: b\n\nB\n` },
    { why: 'nothing in it', text: '' },
    { why: 'a few octets without a line end', text: 'Fro' },
  ];
  it.each(cases)('$why', ({ text }) => {
    for (const size of PIECES) expect(texts(text, size)).toEqual([text]);
  });
});
