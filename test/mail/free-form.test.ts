import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { Reading } from '../../src/model-reading.ts';
import { SAMPLES } from './free-form-messages.ts';

const message = (header: string, body: string, type = 'text/plain; charset=utf-8'): Buffer =>
  Buffer.from(
    `${encoded(header)}MIME-Version: 1.0\nContent-Type: ${type}\nContent-Transfer-Encoding: 8bit\n\n${body}`,
    'utf8',
  );

/** Header fields of a real message are ASCII (RFC 2047). */
function encoded(header: string): string {
  return header.replace(/[^\n]*[\u0080-\uffff][^\n]*/g, (line) => {
    const colon = line.indexOf(': ');
    return `${line.slice(0, colon)}: =?UTF-8?B?${Buffer.from(line.slice(colon + 2)).toString('base64')}?=`;
  });
}

function addresses(reading: Reading): (string | null)[] {
  return reading.verdict.recipients.map(({ address }) => address);
}

describe('bounces in plain words', () => {
  it.each(SAMPLES.map((sample) => [`${sample.server}: ${sample.why}`, sample] as const))('%s', (_name, sample) => {
    const reading = read(message(sample.header, sample.body));
    expect(reading.kind).toBe('bounce');
    expect(addresses(reading)).toEqual(sample.addresses);
    const [first] = reading.verdict.recipients;
    expect(reading.verdict.recipients.map(({ action }) => action)).toEqual(sample.addresses.map(() => sample.action));
    if (sample.says !== undefined) expect(first?.diagnostic).toContain(sample.says);
    if (sample.host !== undefined) expect(first?.remoteMta).toBe(sample.host);
    if (sample.alias !== undefined) expect(first?.originalAddress).toBe(sample.alias);
    if (sample.rule !== undefined) expect(reading.verdict.rule).toBe(sample.rule);
    if (sample.messageId !== undefined) expect(reading.verdict.originalMessageId).toBe(sample.messageId);
    if (sample.retryUntil !== undefined) expect(first?.retryUntil?.toISOString()).toBe(sample.retryUntil);
    // The words themselves, for a person to look at.
    expect(first?.evidence.span.length).toBeGreaterThan(0);
    expect(first?.diagnostic ?? '').not.toMatch(/[\r\n]/);
  });

  it('an alias that only the trace of the returned message knows', () => {
    const header = 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n';
    const body = `--b\nContent-Type: text/plain\n\n${QMAIL}\n--b\nContent-Type: message/rfc822\n\nReceived: from a by b for <sales@shop.example>; Mon, 6 Mar 2023 10:00:00 +0000\nTo: list@lists.example\n\nHello\n--b--\n`;
    expect(read(message(header, body, 'multipart/mixed; boundary=b')).verdict.recipients).toMatchObject([
      { address: 'ann@dest.example', originalAddress: 'sales@shop.example' },
    ]);
  });

  it('a report whose HTML alone says who it is about', () => {
    const header =
      'Return-Path: <>\nFrom: postmaster@dest.example\nTo: bounce@shop.example.org\nSubject: Undeliverable: Hello\n';
    const html =
      '<html><body><p>Delivery has failed to these recipients or groups:</p><p>Ann (<a href="mailto:ann@dest.example">ann@dest.example</a>)<br>The mailbox is full.</p></body></html>';
    const reading = read(message(header, html, 'text/html; charset=utf-8'));
    expect(reading.kind).toBe('bounce');
    expect(addresses(reading)).toEqual(['ann@dest.example']);
  });
});

const QMAIL = `Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ann@dest.example>:
Sorry, no mailbox here by that name. (#5.1.1)
`;

describe('what is no bounce', () => {
  const person = (subject: string, more = ''): string =>
    `Return-Path: <kim@home.example>\nFrom: Kim <kim@home.example>\nTo: help@shop.example.org\nSubject: ${subject}\n${more}`;
  it.each([
    [
      'a forwarded bounce',
      person('Fwd: failure notice'),
      `What does this mean?\n\n-------- Forwarded message --------\nFrom: MAILER-DAEMON@mx.example.org\n\n${QMAIL}`,
    ],
    [
      'an answer to a bounce that quotes it',
      person('Re: failure notice', 'In-Reply-To: <1@mx.example.org>\n'),
      `Please fix this.\n\n${QMAIL.replace(/^/gm, '> ')}`,
    ],
    [
      'an answer with the bounce below it',
      person('Re: Undelivered Mail Returned to Sender', 'In-Reply-To: <1@mx.example.org>\n'),
      `Please fix this.\n\n${QMAIL}`,
    ],
    [
      'a question about a bounce',
      person('Mail delivery problem'),
      'Hi, my mail to a customer was returned to me with "user unknown". Can you help? Kim\n',
    ],
    [
      'a person at postmaster who answers',
      'From: Jo <postmaster@dest.example>\nTo: help@shop.example.org\nSubject: Re: your question\nIn-Reply-To: <2@shop.example.org>\n',
      'The mailbox ann@dest.example does not exist any more, her colleague is bob@dest.example.\n\n> could not be delivered to ann@dest.example?\n',
    ],
    [
      'a parcel that could not be delivered',
      'Return-Path: <news@parcel.example>\nFrom: Parcel <delivery@parcel.example>\nTo: ann@dest.example\nSubject: Delivery failed: we missed you\nList-Unsubscribe: <https://parcel.example/u>\n',
      'We could not deliver your parcel. Questions? Write to help@parcel.example.\n',
    ],
    [
      'a newsletter about delivery',
      'Return-Path: <b@news.example>\nFrom: Mail Weekly <weekly@news.example>\nTo: ann@dest.example\nSubject: Why mail is undeliverable\nList-Id: <weekly.news.example>\n',
      'A message could not be delivered to ann@dest.example? Five reasons why.\n',
    ],
    [
      'a vacation from the empty path',
      'Return-Path: <>\nFrom: Ann <ann@dest.example>\nTo: bounce@shop.example.org\nSubject: Automatic reply: Your order\nAuto-Submitted: auto-replied\n',
      'I am away until Monday. Please write to bob@dest.example.\n',
    ],
    [
      'a ticket system',
      'Return-Path: <support@tickets.example>\nFrom: Support <support@tickets.example>\nTo: ann@dest.example\nSubject: [#4711] Mail delivery to ann@dest.example\n',
      'Your request has been received. We will look at it soon.\n',
    ],
  ])('%s', (_name, header, body) => {
    const reading = read(message(header, body));
    expect(reading.kind).not.toBe('bounce');
    expect(reading.verdict.recipients.filter(({ action }) => action !== null)).toEqual([]);
  });
});

describe('hostile words', () => {
  const header = 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n';
  const lead = "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n";
  // A megabyte each; what is quadratic in it takes minutes, so that seconds of room on any machine still tell.
  const SIZE = 1_000_000;
  it.each([
    ['at signs', '@'.repeat(SIZE)],
    ['addresses without an end', 'a@b.'.repeat(SIZE / 4)],
    ['one long local part', 'a'.repeat(SIZE)],
    ['brackets that open', '<'.repeat(SIZE)],
    ['brackets and at signs', '<@'.repeat(SIZE / 2)],
    ['quotation marks', '"@'.repeat(SIZE / 2)],
    ['address lines', '<ann@dest.example>:\n'.repeat(SIZE / 20)],
    ['different address lines', Array.from({ length: SIZE / 25 }, (_, n) => `<a${n}@dest.example>: no\n`).join('')],
    ['phrases again and again', 'could not be delivered to '.repeat(SIZE / 26)],
    ['phrases and addresses', 'could not be delivered to a@b.example the following recipient '.repeat(SIZE / 63)],
    ['refusals', '550-5.1.1 no\n'.repeat(SIZE / 13)],
    ['transcripts', '>>> RCPT TO:<ann@dest.example>\n'.repeat(SIZE / 31)],
    ['blank lines', '\n'.repeat(SIZE)],
    ['blanks', ' '.repeat(SIZE)],
    ['rulers', '-'.repeat(SIZE)],
    ['digits', '5.'.repeat(SIZE / 2)],
    ['hosts', 'a.'.repeat(SIZE / 2)],
    ['hosts in words', 'host a.a.a.a '.repeat(SIZE / 13)],
    ['message ids', 'message-id: <\n'.repeat(SIZE / 14)],
    ['promises', 'will be retried until '.repeat(SIZE / 22)],
    ['letters without blanks', '\u914d'.repeat(SIZE / 3)],
    ['open JSON', `{"notificationType":"Bounce",${'{"a":['.repeat(SIZE / 6)}`],
  ])('%s', (_name, body) => {
    for (const from of [header, header.replace('MAILER-DAEMON@mx.example.org', 'no-reply@sns.amazonaws.com')]) {
      const start = performance.now();
      const reading = read(message(from, lead + body));
      expect(performance.now() - start).toBeLessThan(5000);
      expect(reading.verdict.recipients.length).toBeLessThanOrEqual(1000);
    }
  });
});
