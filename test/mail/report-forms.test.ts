// Forms of reports that were misread: preformatted HTML, languages without blanks, addresses with odd local parts.
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { Verdict } from '../../src/model-reading.ts';

const verdictOn = (body: string, type = 'text/plain'): Verdict =>
  read(
    Buffer.from(
      `Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: bounce@shop.example.org\nSubject: Undelivered Mail Returned to Sender\nContent-Type: ${type}; charset=utf-8\n\n${body}`,
    ),
  ).verdict;

describe('preformatted HTML', () => {
  it('keeps its lines: each recipient has its own', () => {
    const { recipients } = verdictOn(
      '<pre>I am sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n&lt;ann@d.example&gt;: host mx said: 550 5.1.1 unknown\n&lt;bob@d.example&gt;: host mx said: 552 5.2.2 full\n</pre>',
      'text/html',
    );
    expect(recipients).toMatchObject([
      { address: 'ann@d.example', status: '5.1.1' },
      { address: 'bob@d.example', status: '5.2.2' },
    ]);
  });

  it('keeps a header a header: what was sent is known, and its To is no recipient', () => {
    const verdict = verdictOn(
      '<p>Delivery has failed to these recipients or groups:</p><p>ann@d.example</p><p>Original message headers:</p><pre>Received: from a by b\nMessage-ID: &lt;m@shop.example&gt;\nTo: bob@d.example</pre>',
      'text/html',
    );
    expect(verdict).toMatchObject({ originalMessageId: 'm@shop.example', recipients: [{ address: 'ann@d.example' }] });
    expect(verdict.recipients).toHaveLength(1);
  });
});

describe('languages without blanks', () => {
  it.each([
    [
      'Japanese',
      'メールを配信できませんでした。\n\n受信者アドレス：ann@d.example\n550 5.1.1 no\n\n受信者アドレス：bob@d.example\n552 5.2.2 full\n',
    ],
    ['Chinese', '无法发送到 ann@d.example\n550 5.1.1 no\n\n无法发送到 bob@d.example\n552 5.2.2 full\n'],
  ])('%s: every occurrence of a phrase names somebody', (_language, body) => {
    expect(verdictOn(body).recipients).toMatchObject([
      { address: 'ann@d.example', status: '5.1.1' },
      { address: 'bob@d.example', status: '5.2.2' },
    ]);
  });

  it('takes the words of a reason for no further phrase', () => {
    const { recipients } = verdictOn(
      '您的邮件被退回\n\n收件人：ann@d.example\n\n退信原因：\n收件人邮箱不存在。\n550 no\n',
    );
    expect(recipients).toMatchObject([{ address: 'ann@d.example', category: 'address-unknown' }]);
  });
});

describe('odd local parts', () => {
  it.each(['=?utf-8?q?ann=', "'ann'", '/ann', 'to=ann'])('in brackets %s is the address', (local) => {
    expect(verdictOn(`<${local}@d.example>: 550 5.1.1 unknown\n`).recipients).toMatchObject([
      { address: `${local}@d.example` },
    ]);
  });

  it('outside brackets what programs write before an address is no part of it', () => {
    const { recipients } = verdictOn(
      "could not be delivered to the following recipients:\n\nrfc822=ann@d.example\n'bob@d.example'\n",
    );
    expect(recipients.map(({ address }) => address)).toEqual(['ann@d.example', 'bob@d.example']);
  });
});

describe('what is no part of the report', () => {
  it('a header that was pasted without its trace, and what stands below it', () => {
    const { recipients } = verdictOn(
      'Your message could not be delivered to ann@d.example.\n550 5.1.1 unknown\n\nFrom: Shop <news@shop.example>\nTo: list@e.example\nSubject: hi\n\nCould not be delivered to bob@d.example: 552 5.2.2 full\n',
    );
    expect(recipients.map(({ address }) => address)).toEqual(['ann@d.example']);
  });

  it('two fields in a row are words of the report', () => {
    const { recipients } = verdictOn(
      'Your message\n\nFrom: news@shop.example\nSubject: hi\n\ncould not be delivered to the following recipients:\n\nann@d.example\n',
    );
    expect(recipients.map(({ address }) => address)).toEqual(['ann@d.example']);
  });

  it.each([
    ['<div style="display:none">bob@d.example<div>x</div><br>550 5.1.1 unknown</div>'],
    ['<span style="color:red; DISPLAY : none">bob@d.example</span>'],
  ])('what HTML does not show: %s', (hidden) => {
    const { recipients } = verdictOn(
      `<p>Your message could not be delivered to the following recipients:</p><p>ann@d.example</p>${hidden}<p>550 5.1.1 unknown</p>`,
      'text/html',
    );
    expect(recipients.map(({ address }) => address)).toEqual(['ann@d.example']);
  });

  it('but what is hidden without an end is shown', () => {
    const { recipients } = verdictOn(
      '<div style="display:none"><p>Your message could not be delivered to the following recipients:</p><p>ann@d.example</p>',
      'text/html',
    );
    expect(recipients.map(({ address }) => address)).toEqual(['ann@d.example']);
  });
});

describe('the way to the domain', () => {
  it('is what SendGrid could not look up, and not the name of the sender', () => {
    const { recipients } = verdictOn(
      '<ann@d.example>: unable to get mx info: failed to get IPs from PTR record: lookup <nil>: unrecognized address\n',
    );
    expect(recipients).toMatchObject([{ address: 'ann@d.example', category: 'network', hard: false }]);
  });
});
