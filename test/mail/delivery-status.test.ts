import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { RecipientReport, Verdict } from '../../src/model-reading.ts';

interface Parts {
  readonly header?: string;
  readonly words?: string;
  /** With the part's own header. */
  readonly status?: string;
  readonly returned?: string;
}

const WORDS = 'This is the mail system at host mx.example.org.\n';
const STATUS = 'Content-Type: message/delivery-status\n\n';
const RETURNED =
  'Content-Type: message/rfc822\n\nMessage-ID: <sent-1@shop.example.org>\nTo: ann@dest.example\nSubject: Hello\n\nHello\n';

function report({ header, words = WORDS, status = '', returned = RETURNED }: Parts): Verdict {
  const top =
    header ??
    'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: bounce@shop.example.org\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n';
  const parts = [`Content-Type: text/plain; charset=utf-8\n\n${words}`, status, returned].filter((part) => part !== '');
  return read(Buffer.from(`${top}MIME-Version: 1.0\n\n${parts.map((part) => `--b\n${part}\n`).join('')}--b--\n`))
    .verdict;
}

const group = (fields: string): string => `${STATUS}Reporting-MTA: dns; mx.example.org\n\n${fields}`;

const FAILED = 'Final-Recipient: rfc822; ann@dest.example\nAction: failed\nStatus: 5.1.1\n';

describe('delivery status notifications (RFC 3464)', () => {
  const cases: readonly (readonly [why: string, fields: string, expected: Partial<RecipientReport>])[] = [
    [
      'the fields as in RFC 3464 2.3',
      FAILED,
      { address: 'ann@dest.example', action: 'failed', status: '5.1.1', originalAddress: null },
    ],
    ['the type may be missing', FAILED.replace('rfc822; ', ''), { address: 'ann@dest.example' }],
    [
      'the address may stand in angle brackets',
      FAILED.replace('ann@dest.example', '<ann@dest.example>'),
      { address: 'ann@dest.example' },
    ],
    [
      'an original recipient is the address that was sent to',
      `Original-Recipient: rfc822;sales@shop.example.org\n${FAILED}`,
      { address: 'ann@dest.example', originalAddress: 'sales@shop.example.org' },
    ],
    [
      'the same address twice is no alias',
      `Original-Recipient: rfc822;Ann@Dest.example\n${FAILED}`,
      { address: 'ann@dest.example', originalAddress: null },
    ],
    [
      'a delay with its end (RFC 3464 2.3.9)',
      'Final-Recipient: rfc822; ann@dest.example\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Sat, 11 Mar 2023 10:00:00 +0000\n',
      { action: 'delayed', status: '4.4.1', retryUntil: new Date('2023-03-11T10:00:00Z') },
    ],
    [
      'success is no failure',
      'Final-Recipient: rfc822; ann@dest.example\nAction: delivered\nStatus: 2.0.0\n',
      { action: 'delivered', category: null, hard: null },
    ],
    [
      'relayed into a network without reports',
      'Final-Recipient: rfc822; ann@dest.example\nAction: relayed\nStatus: 2.0.0\n',
      { action: 'relayed', category: null },
    ],
    [
      'expanded by a list',
      'Final-Recipient: rfc822; ann@dest.example\nAction: expanded (to multi-recipient alias)\nStatus: 2.0.0\n',
      { action: 'expanded' },
    ],
    [
      'names of fields in any case',
      FAILED.toUpperCase().replace('ANN@DEST.EXAMPLE', 'ann@dest.example'),
      { address: 'ann@dest.example', action: 'failed' },
    ],
    [
      'a diagnostic over folded lines',
      `${FAILED}Remote-MTA: dns; mx1.dest.example\nDiagnostic-Code: smtp; 550 5.1.1 <ann@dest.example>:\n    Recipient address rejected:\n\tUser unknown\n`,
      {
        diagnostic: '550 5.1.1 <ann@dest.example>: Recipient address rejected: User unknown',
        remoteMta: 'mx1.dest.example',
      },
    ],
    [
      'a diagnostic folded without an indent',
      `${FAILED}Diagnostic-Code: smtp; 550 5.1.1 <ann@dest.example>\nRecipient address rejected\n`,
      { diagnostic: '550 5.1.1 <ann@dest.example> Recipient address rejected' },
    ],
    ['a remark behind the status', FAILED.replace('5.1.1', '5.1.1 (bad mailbox)'), { status: '5.1.1' }],
    ['blanks in the status', FAILED.replace('5.1.1', '5. 1. 1'), { status: '5.1.1' }],
    ['a full stop behind the status', FAILED.replace('5.1.1', '5.1.1.'), { status: '5.1.1' }],
    ['a longer number is no status', FAILED.replace('5.1.1', '15.1.1'), { status: null }],
    ['nor is an address', FAILED.replace('5.1.1', 'host 192.5.1.1'), { status: null }],
    ['nor four numbers', FAILED.replace('5.1.1', '5.1.1.1'), { status: null }],
    [
      'an UTF-8 address of RFC 6533',
      FAILED.replace('rfc822; ann@dest.example', 'utf-8; \u00e4nn@dest.example'),
      { address: '\u00e4nn@dest.example' },
    ],
    [
      'the same in ASCII (RFC 6533 3, utf-8-addr-xtext)',
      FAILED.replace('rfc822; ann@dest.example', 'utf-8; \\x{E4}nn@dest.example'),
      { address: '\u00e4nn@dest.example' },
    ],
    [
      'ASCII that RFC 6533 3 has written so',
      FAILED.replace('rfc822; ann@dest.example', 'utf-8; ann\\x{2B}a\\x{3D}b@dest.example'),
      { address: 'ann+a=b@dest.example' },
    ],
    [
      'no other ASCII, which would make another address of it',
      FAILED.replace('rfc822; ann@dest.example', 'utf-8; ann\\x{40}bank.example\\x{2C}b@dest.example'),
      { address: 'ann\\x{40}bank.example\\x{2C}b@dest.example' },
    ],
    [
      'xtext that a server left in (RFC 3461 4)',
      `Original-Recipient: rfc822;sales+2Bnews@shop.example.org\n${FAILED}`,
      { originalAddress: 'sales+news@shop.example.org' },
    ],
    [
      'only an original recipient',
      'Original-Recipient: rfc822;ann@dest.example\nAction: failed\nStatus: 5.1.1\n',
      { address: 'ann@dest.example' },
    ],
    [
      'a local name is completed by the words',
      FAILED.replace('ann@dest.example', 'ann'),
      { address: 'ann@dest.example' },
    ],
    [
      'an address in quotation marks',
      FAILED.replace('ann@dest.example', '"ann lee"@dest.example'),
      { address: '"ann lee"@dest.example' },
    ],
  ];
  it.each(cases)('%s', (_why, fields, expected) => {
    const verdict = report({ status: group(fields) });
    expect(verdict).toMatchObject({ kind: 'bounce', rule: 'rfc3464', originalMessageId: 'sent-1@shop.example.org' });
    expect(verdict.recipients).toHaveLength(1);
    expect(verdict.recipients[0]).toMatchObject(expected);
  });

  it('every block is reported, in order', () => {
    const blocks = Array.from({ length: 30 }, (_, n) => FAILED.replace('ann@', `ann${n}@`)).join('\n');
    expect(report({ status: group(blocks) }).recipients.map(({ address }) => address)).toEqual(
      Array.from({ length: 30 }, (_, n) => `ann${n}@dest.example`),
    );
  });

  it('blocks without empty lines between them', () => {
    const verdict = report({ status: group(FAILED + FAILED.replace('ann@', 'bob@')) });
    expect(verdict.recipients.map(({ address }) => address)).toEqual(['ann@dest.example', 'bob@dest.example']);
  });

  it('one failed, one still tried', () => {
    const late = 'Final-Recipient: rfc822; bob@dest.example\nAction: delayed\nStatus: 4.2.2\n';
    expect(
      report({ status: group(`${FAILED}\n${late}`) }).recipients.map(({ address, action }) => [address, action]),
    ).toEqual([
      ['ann@dest.example', 'failed'],
      ['bob@dest.example', 'delayed'],
    ]);
  });

  it('the envelope id is decoded from xtext', () => {
    const status = `${STATUS}Original-Envelope-Id: order+2B4711+3Dx\nReporting-MTA: dns; mx.example.org\n\n${FAILED}`;
    expect(report({ status }).envelopeId).toBe('order+4711=x');
  });

  it('the id in a line of a transcript of MDaemon', () => {
    const words = `${WORDS} Mon 2026-03-02 09:15:01: *  Message-ID: <sent-2@shop.example.org>\n`;
    expect(report({ words, status: group(FAILED), returned: '' }).originalMessageId).toBe('sent-2@shop.example.org');
  });

  it('at most a thousand recipients', () => {
    const blocks = Array.from({ length: 1500 }, (_, n) => `Final-Recipient: a${n}@d.example\nAction: failed\n`).join(
      '\n',
    );
    expect(report({ status: group(blocks) }).recipients).toHaveLength(1000);
  });
});

describe('what has too little in it', () => {
  it('an unknown user without a code or the command is refused, not gone (docs/bounces.md)', () => {
    const fields = FAILED.replace('5.1.1', '5.0.0');
    const refused = report({ status: group(`${fields}Diagnostic-Code: smtp; 550 User unknown\n`) });
    expect(refused.recipients).toMatchObject([{ category: 'recipient-refused', hard: false }]);
    const answered = report({
      words: '<ann@dest.example>: host mx said: 550 User unknown (in reply to RCPT TO command)\n',
      status: group(`${fields}Diagnostic-Code: smtp; 550 User unknown (in reply to RCPT TO command)\n`),
    });
    expect(answered.recipients).toMatchObject([{ category: 'address-unknown', hard: true }]);
  });
});

describe('large reports', () => {
  const blocks = (count: number): string =>
    Array.from(
      { length: count },
      (_, n) =>
        `Final-Recipient: rfc822; user${n}@dest.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.dest.example\nDiagnostic-Code: smtp; 550 5.1.1 <user${n}@dest.example>: Recipient address rejected: User unknown in virtual mailbox table\n`,
    ).join('\n');

  it('a thousand recipients are all there', () => {
    const status = group(blocks(1000));
    expect(status.length).toBeGreaterThan(200_000);
    expect(new Set(report({ status }).recipients.map(({ address }) => address)).size).toBe(1000);
  });

  it('what is left out of a report is said', () => {
    const status = `${group(FAILED)}X-Filler: ${'x'.repeat(998)}\n`.padEnd(1_200_000, `X-Filler: ${'x'.repeat(998)}\n`);
    const reading = read(
      Buffer.from(
        `Return-Path: <>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nwords\n--b\n${status}\n--b--\n`,
      ),
    );
    expect(reading.truncated).toBe('report');
    expect(reading.verdict.recipients).toHaveLength(1);
  });

  it('so are its ninth part and those after it', () => {
    const parts = Array.from({ length: 9 }, (_, n) => group(FAILED.replace('ann', `a${n}`)));
    const whole = (count: number): string =>
      `Return-Path: <>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nwords\n${parts
        .slice(0, count)
        .map((one) => `--b\n${one}\n`)
        .join('')}--b--\n`;
    expect(read(Buffer.from(whole(8))).truncated).toBeNull();
    expect(read(Buffer.from(whole(9))).truncated).toBe('report');
  });

  it.each([
    ['text/plain', 'words'],
    ['text/html', '<p>words'],
    ['message/rfc822', 'Subject: returned'],
  ])('the fields are found behind twenty parts of %s', (type, body) => {
    const parts = Array(20).fill(`Content-Type: ${type}\n\n${body}\n`).join('\n--b\n');
    expect(report({ status: `${parts}\n--b\n${group(FAILED)}` }).recipients).toMatchObject([
      { address: 'ann@dest.example', status: '5.1.1' },
    ]);
  });
});

describe('reports in a wrong form', () => {
  const fields = `Reporting-MTA: dns; mx.example.org\n\n${FAILED}`;
  const cases: readonly (readonly [why: string, parts: Parts])[] = [
    [
      'base64',
      {
        status: `Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n${Buffer.from(fields).toString('base64')}\n`,
      },
    ],
    [
      'quoted-printable',
      {
        status: `Content-Type: message/delivery-status\nContent-Transfer-Encoding: quoted-printable\n\n${fields.replace('ann@', 'a=6En@')}`,
      },
    ],
    ['a status part of another type', { status: `Content-Type: text/plain; name=status.txt\n\n${fields}` }],
    ['a status part of an unknown type', { status: `Content-Type: application/octet-stream\n\n${fields}` }],
    [
      'message/global-delivery-status (RFC 6533)',
      { status: `Content-Type: message/global-delivery-status\n\n${fields}` },
    ],
    ['no words at all', { words: '', status: `${STATUS}${fields}` }],
    [
      'the returned header alone (RFC 6522)',
      { status: `${STATUS}${fields}`, returned: RETURNED.replace('message/rfc822', 'text/rfc822-headers') },
    ],
    [
      'a returned message whose part has no empty line',
      {
        status: `${STATUS}${fields}`,
        returned:
          'Received: from a by b; Mon, 6 Mar 2023 10:00:00 +0000\nMessage-ID: <sent-1@shop.example.org>\nFrom: a@shop.example.org\nDate: Mon, 6 Mar 2023 10:00:00 +0000\n\nHello\n',
      },
    ],
    [
      'multipart/mixed',
      {
        header:
          'From: MAILER-DAEMON@mx.example.org\nSubject: Returned mail\nContent-Type: multipart/mixed; boundary=b\n',
        status: `${STATUS}${fields}`,
      },
    ],
    ['fields pasted into the words', { words: `${WORDS}\n${fields}` }],
    [
      'a boundary that never comes',
      {
        header:
          'From: MAILER-DAEMON@mx.example.org\nSubject: Returned mail\nContent-Type: multipart/report; report-type=delivery-status; boundary=other\n',
        status: `${STATUS}${fields}`,
      },
    ],
  ];
  it.each(cases)('%s', (_why, parts) => {
    const verdict = report(parts);
    expect(verdict.kind).toBe('bounce');
    expect(verdict.recipients.map(({ address, action, status }) => [address, action, status])).toEqual([
      ['ann@dest.example', 'failed', '5.1.1'],
    ]);
    expect(verdict.originalMessageId).toBe('sent-1@shop.example.org');
  });

  it('a gateway passes a report on inside its own', () => {
    const inner = `From: MAILER-DAEMON@inner.example\nMessage-ID: <report-1@inner.example>\nSubject: Delivery Status Notification (Failure)\nContent-Type: multipart/report; report-type=delivery-status; boundary=i\n\n--i\nContent-Type: text/plain\n\nSorry.\n\n--i\n${STATUS}${fields}\n--i\n${RETURNED}\n--i--\n`;
    const verdict = report({
      header:
        'From: postmaster@gateway.example\nTo: bounce@shop.example.org\nSubject: Delivery Status Notification (Failure)\nContent-Type: multipart/mixed; boundary=b\n',
      words: 'This e-mail is confidential.\n',
      returned: `Content-Type: message/rfc822\n\n${inner}`,
    });
    expect(verdict).toMatchObject({ kind: 'bounce', originalMessageId: 'sent-1@shop.example.org' });
    expect(verdict.recipients).toMatchObject([{ address: 'ann@dest.example', action: 'failed', status: '5.1.1' }]);
  });

  it('a report that says nothing of anybody is about whom its message was sent to', () => {
    const verdict = report({ status: `${STATUS}Reporting-MTA: dns; mx.example.org\n` });
    expect(verdict).toMatchObject({ kind: 'bounce' });
    expect(verdict.recipients.map(({ address }) => address)).toEqual(['ann@dest.example']);
  });
});

describe('a report in somebody\u2019s mail', () => {
  const person =
    'Return-Path: <kim@home.example>\nFrom: Kim <kim@home.example>\nTo: help@shop.example.org\nSubject: Fwd: Undelivered Mail\n';
  it.each([
    [
      'forwarded with its parts',
      {
        header: `${person}Content-Type: multipart/mixed; boundary=b\n`,
        words: 'What is this?\n',
        status: group(FAILED),
      },
    ],
    [
      'attached whole',
      {
        header: `${person}Content-Type: multipart/mixed; boundary=b\n`,
        words: 'What is this?\n',
        returned: `Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@mx.example.org\nSubject: Undelivered Mail\nContent-Type: multipart/report; report-type=delivery-status; boundary=i\n\n--i\n${group(FAILED)}\n--i--\n`,
      },
    ],
    [
      'pasted',
      {
        header: `${person}Content-Type: multipart/mixed; boundary=b\n`,
        words: `What is this?\n\n${FAILED}`,
        returned: '',
      },
    ],
  ])('%s is no bounce', (_why, parts) => {
    expect(report(parts).kind).not.toBe('bounce');
  });
});
