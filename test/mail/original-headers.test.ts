// What is kept of the returned message's header: what the sender wrote, each name once, decoded and bounded.

import { describe, expect, it } from 'vitest';
import { parseFields } from '../../src/mail/header.ts';
import { originalHeaders } from '../../src/mail/original-headers.ts';
import { read } from '../../src/mail/read.ts';
import { message, multipart, octets, part } from './messages.ts';

function headersOf(lines: readonly string[]): [string, string][] {
  const fields = parseFields(octets(`${lines.join('\r\n')}\r\n\r\n`));
  return originalHeaders({ returned: [{ part: '3', fields, text: '' }] });
}

describe('the header of a returned message', () => {
  it('comes with the verdict on a bounce', () => {
    const raw = message(
      ['From: MAILER-DAEMON@mx.example', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b'],
      multipart('b', [
        part(['Content-Type: text/plain'], 'Not delivered.'),
        part(
          ['Content-Type: message/delivery-status'],
          'Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n',
        ),
        part(
          ['Content-Type: text/rfc822-headers'],
          'Return-Path: <bounces+x@example.com>\r\nReceived: by mx\r\nX-Campaign-ID: spring\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\n',
        ),
      ]),
    );
    expect(read(raw).verdict.originalHeaders).toEqual([
      ['return-path', '<bounces+x@example.com>'],
      ['x-campaign-id', 'spring'],
      ['subject', 'Grüße'],
    ]);
  });

  it('is not looked for in ordinary mail', () => {
    expect(read(message(['Subject: hello', 'X-Campaign-ID: a'], 'hello')).verdict.originalHeaders).toEqual([]);
  });

  it('leaves out trace, signatures and the remarks of scanners', () => {
    const left = [
      'Received',
      'DKIM-Signature',
      'ARC-Seal',
      'Received-SPF',
      'X-MS-Exchange-Organization-SCL',
      'X-Spam-Status',
    ];
    expect(headersOf([...left.map((name) => `${name}: x`), 'X-User: 7'])).toEqual([['x-user', '7']]);
  });

  it('has each name once, the topmost', () => {
    expect(headersOf(['X-User: 1', 'x-uSer: 2', 'X-Empty:', 'X-Empty: 3'])).toEqual([
      ['x-user', '1'],
      ['x-empty', '3'],
    ]);
  });

  it('is bounded in fields and characters', () => {
    const found = headersOf(
      Array.from({ length: 300 }, (_, n) => `X-${n}: ${'ü'.repeat(5000)}`).map((line) =>
        Buffer.from(line).toString('latin1'),
      ),
    );
    expect(found).toHaveLength(60);
    for (const [, value] of found) expect(value).toBe('ü'.repeat(500));
  });

  it('is one line without NUL and lone surrogates', () => {
    const [[, value = ''] = []] = headersOf(['X-A: a\0b =?utf-8?Q?c=0D=0Ad=00e?= \xed\xa0\x80']);
    expect(value).not.toMatch(/[\0\r\n\p{Cs}]/u);
    expect(value).toContain('c d');
  });
});
