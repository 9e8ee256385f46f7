// What a report costs grows with its length: the same phrase over and over, phrases by turns, a thousand recipients in words or in blocks.
// Each is read at two sizes, the second twice the first; what is quadratic takes four times as long, and more where it takes seconds.
import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';

const HEADER =
  'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: bounce@shop.example.org\nSubject: failure notice\n';

const words = (body: string): Buffer => Buffer.from(`${HEADER}\n${body}`);

const blocks = (count: number): Buffer => {
  const all = Array.from(
    { length: count },
    (_, i) => `Final-Recipient: rfc822; u${i}@d.example\nAction: failed\nStatus: 5.1.1\n\n`,
  );
  const said = Array.from({ length: count }, (_, i) => `<u${i}@d.example>: 550 no\n\n`);
  return Buffer.from(
    `${HEADER}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n${said.join('')}--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n${all.join('')}--b--\n`,
  );
};

const MESSAGES: [string, number, (size: number) => Buffer][] = [
  ['the same phrase on every line', 1200, (n) => words('the following recipients\n'.repeat(n))],
  [
    'two phrases by turns',
    500,
    (n) => words('the following recipients\nyour message could not be delivered\n'.repeat(n)),
  ],
  ['a label on every line', 1200, (n) => words('Could not be delivered to:\nRecipient: a@d.example\n'.repeat(n / 2))],
  [
    'recipients each with an answer',
    500,
    (n) =>
      words(
        `I'm afraid I wasn't able to deliver your message to the following addresses.\n\n${Array.from({ length: n }, (_, i) => `<u${i}@d.example>:\nno\n\n`).join('')}`,
      ),
  ],
  [
    'recipients in a bare list',
    500,
    (n) =>
      words(
        `Your message could not be delivered to the following recipients:\n\n${Array.from({ length: n }, (_, i) => `u${i}@d.example\n`).join('')}`,
      ),
  ],
  ['blocks beside words', 400, blocks],
  [
    'hidden elements without an end',
    4000,
    (n) => Buffer.from(`${HEADER}Content-Type: text/html\n\n${'<div style="display:none">a</span>'.repeat(n)}`),
  ],
];

/** The least of several readings, so that another process does not decide. */
function cost(raw: Buffer): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    read(raw);
    return performance.now() - start;
  });
  return Math.min(...times);
}

describe('the cost of a report', () => {
  it.each(MESSAGES)('%s: twice the length is no four times the time', (_name, size, make) => {
    cost(make(size));
    const [once, twice] = [cost(make(size)), cost(make(size * 2))];
    // Some milliseconds go to whatever else the machine does; quadratic, these took from half a second to four.
    expect(twice).toBeLessThan(3.5 * once + 400);
  });

  it('names every recipient where each has the phrase again', () => {
    const body = Array.from(
      { length: 60 },
      (_, i) =>
        `Your message could not be delivered to the following recipients:\n\nu${i}@d.example\n550 5.1.1 unknown\n\n`,
    );
    expect(read(words(body.join(''))).verdict.recipients.map(({ address }) => address)).toEqual(
      Array.from({ length: 60 }, (_, i) => `u${i}@d.example`),
    );
  });

  it('gives each of a thousand recipients the words that stand with it', () => {
    const body = Array.from({ length: 1000 }, (_, i) => `<u${i}@d.example>:\nno ${i}\n\n`);
    const lead = "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n";
    const { recipients } = read(words(lead + body.join(''))).verdict;
    expect(recipients).toHaveLength(1000);
    expect(recipients[700]).toMatchObject({ address: 'u700@d.example', diagnostic: 'no 700' });
  });
});
