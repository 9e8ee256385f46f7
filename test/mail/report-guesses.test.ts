// Whom a report is about that names nobody, or somebody else: what is guessed from the returned message may be suppressed, so that lists and
// the sender's own addresses are never guessed, and a guess is never the alias of who is named.
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { Verdict } from '../../src/model-reading.ts';

const HEADER =
  'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: bounce@shop.example\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n';

/** A report of words, one block or none, and the header that came back. */
function verdictOn(words: string, final: string | null, returned: string): Verdict {
  const block =
    final === null
      ? ''
      : `--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ${final}\nAction: failed\nStatus: 5.1.1\n\n`;
  const type = final === null ? 'multipart/mixed' : 'multipart/report; report-type=delivery-status';
  return read(
    Buffer.from(
      `${HEADER}Content-Type: ${type}; boundary=b\n\n--b\nContent-Type: text/plain\n\n${words}\n${block}--b\nContent-Type: message/rfc822\n\n${returned}\n\nHello\n--b--\n`,
    ),
  ).verdict;
}

const UNNAMED = 'Your message could not be delivered: 550 5.1.1 user unknown';
const FROM = 'From: Shop <news@shop.example>';

describe('a report that names its recipient', () => {
  it.each([
    ['a list that the message was sent to', `${FROM}\nList-Id: <all.lists.shop.example>\nTo: all@lists.shop.example`],
    [
      'a list in its trace',
      'Received: from a by b for <all@lists.else.example>; Mon, 6 Mar 2023 10:00:00 +0000\nList-Id: <all.lists.else.example>',
    ],
    ['its sender in Bcc mail', `${FROM}\nTo: news@shop.example`],
    ['somebody the header alone knows', `${FROM}\nTo: someone@else.example`],
  ])('has no alias from %s', (_what, returned) => {
    expect(verdictOn(UNNAMED, 'ann@d.example', returned).recipients).toMatchObject([
      { address: 'ann@d.example', originalAddress: null },
    ]);
  });

  it('does not take one from a report inside it', () => {
    const inner =
      'From: MAILER-DAEMON@y.example\nTo: bounce@shop.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=i\n\n--i\n\nx\n--i\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; y\n\nFinal-Recipient: rfc822; bob@y.example\nAction: failed\nStatus: 5.1.1\n\n--i--';
    expect(verdictOn('failed', 'ann@d.example', inner).recipients).toMatchObject([
      { address: 'ann@d.example', originalAddress: null },
    ]);
  });

  it('keeps what is too long for an address instead of another address', () => {
    const [recipient] = verdictOn('failed', `${'a'.repeat(1200)}@d.example`, `${FROM}\nTo: bob@d.example`).recipients;
    expect(recipient?.address).toMatch(/^a+$/);
  });
});

describe('a report that names nobody', () => {
  it.each<[string, string, string | null]>([
    ['the only recipient of what came back', `${FROM}\nTo: ann@d.example`, 'ann@d.example'],
    ['nobody where there are two', `${FROM}\nTo: ann@d.example, bob@d.example`, null],
    ['nobody where one of two is of the sender', `${FROM}\nTo: ann@d.example, all@shop.example`, null],
    ['nobody where it went to a list', `${FROM}\nList-Id: <all.d.example>\nTo: all@d.example`, null],
    ["nobody in the sender's domain", 'From: news@else.example\nTo: all@lists.else.example', null],
    ['nobody in the domain the report came to', 'To: all@lists.shop.example', null],
  ])('is about %s', (_whom, returned, address) => {
    expect(verdictOn(UNNAMED, null, returned).recipients.map((one) => one.address)).toEqual([address]);
  });
});
