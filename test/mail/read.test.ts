// What the reader says of ordinary and odd messages, as a person would see it in the database.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TEXT_PREVIEW } from '../../src/mail/body.ts';
import { READER_VERSION, read } from '../../src/mail/read.ts';
import { message, mixed, multipart, octets, part } from './messages.ts';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

describe('the header', () => {
  const cases: { why: string; header: string[]; expected: object }[] = [
    {
      why: 'an ordinary message',
      header: [
        'From: "Ann Example" <Ann@Example.ORG>',
        'To: bob@example.org, Carl <carl@example.org>',
        'Subject: Hello',
        'Date: Tue, 6 Oct 2026 10:00:00 +0200',
        'Message-ID: <1@example.org>',
        'Delivered-To: bob@example.org',
      ],
      expected: {
        kind: 'other',
        reader: READER_VERSION,
        from: 'Ann Example <Ann@Example.ORG>',
        fromAddress: 'ann@example.org',
        to: ['bob@example.org', 'Carl <carl@example.org>'],
        subject: 'Hello',
        sentAt: new Date('2026-10-06T08:00:00Z'),
        messageId: '1@example.org',
        envelopeRecipient: 'bob@example.org',
        truncated: null,
      },
    },
    {
      why: 'encoded words, joined where one character is split over two',
      header: ['Subject: =?utf-8?B?R3LDvMM=?= =?utf-8?B?n2U=?= and =?iso-8859-1?Q?caf=E9?='],
      expected: { subject: 'Grüße and café' },
    },
    {
      why: 'Japanese in ISO-2022-JP',
      header: ['Subject: =?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?='],
      expected: { subject: 'こんにちは' },
    },
    {
      why: 'bare UTF-8 in a header (RFC 6532)',
      header: ['Subject: Gr\xc3\xbc\xc3\x9fe'],
      expected: { subject: 'Grüße' },
    },
    { why: 'bare windows-1252 in a header', header: ['Subject: \x93caf\xe9\x94'], expected: { subject: '“café”' } },
    {
      why: 'a value ending in an octet that trim() takes for a blank',
      header: ['Subject: voil\xc3\xa0'],
      expected: { subject: 'voilà' },
    },
    { why: 'a folded value', header: ['Subject: one', '\ttwo', '   three'], expected: { subject: 'one two three' } },
    {
      why: 'an unknown charset in an encoded word',
      header: ['Subject: =?x-klingon?Q?abc?='],
      expected: { subject: 'abc' },
    },
    {
      why: 'NUL inside',
      header: ['Subject: a\0b', 'From: c\0@example.org'],
      expected: { subject: 'ab', fromAddress: 'c@example.org' },
    },
    { why: 'NUL inside an encoded word', header: ['Subject: =?utf-8?Q?a=00b?='], expected: { subject: 'ab' } },
    {
      why: 'a line break inside an encoded word',
      header: ['Subject: =?utf-8?Q?a=0D=0Ab?='],
      expected: { subject: 'a b' },
    },
    { why: 'a bare CR inside a value', header: ['Subject: a\rb'], expected: { subject: 'a b' } },
    { why: 'a blank before the colon', header: ['Subject : s'], expected: { subject: 's' } },
    {
      why: 'doubled fields: the first counts',
      header: ['Subject: 1', 'Subject: 2', 'From: a@x.org', 'From: b@x.org'],
      expected: { subject: '1', fromAddress: 'a@x.org' },
    },
    {
      why: 'an mbox From line first',
      header: ['From ann@example.org Tue Oct  6 10:00:00 2026', 'Subject: s'],
      expected: { subject: 's', from: null },
    },
    {
      why: 'a line that is no field',
      header: ['Subject: s', 'nonsense here', ' and its continuation', 'To: a@x.org'],
      expected: { subject: 's', to: ['a@x.org'] },
    },
    {
      why: 'nobody named',
      header: ['To: undisclosed-recipients:;', 'From: <>'],
      expected: { to: [], from: '<>', fromAddress: null },
    },
    {
      why: 'a system account without a domain',
      header: ['From: MAILER-DAEMON (Mail System)'],
      expected: { from: 'Mail System <MAILER-DAEMON>', fromAddress: 'mailer-daemon' },
    },
    {
      why: 'Delivered-To before the others',
      header: ['X-Original-To: a@x.org', 'Delivered-To: <b@x.org>', 'Delivered-To: c@x.org'],
      expected: { envelopeRecipient: 'b@x.org' },
    },
    {
      why: 'Envelope-To where it is all there is',
      header: ['Envelope-to: a+token=b@x.org'],
      expected: { envelopeRecipient: 'a+token=b@x.org' },
    },
    {
      why: 'a Message-ID without brackets',
      header: ['Message-ID: 1@x.org (comment)'],
      expected: { messageId: '1@x.org' },
    },
    { why: 'an empty Message-ID', header: ['Message-ID: <>'], expected: { messageId: null } },
    { why: 'a date nobody can read', header: ['Date: yesterday'], expected: { sentAt: null } },
    {
      why: 'names of Object.prototype',
      header: ['__proto__: 1', 'constructor: 2', 'Content-Type: text/plain; __proto__=x'],
      expected: {
        kind: 'other',
        headers: [
          ['__proto__', '1'],
          ['constructor', '2'],
          ['Content-Type', 'text/plain; __proto__=x'],
        ],
      },
    },
  ];
  it.each(cases)('reads $why', ({ header, expected }) => {
    expect(read(message(header))).toMatchObject(expected);
  });

  it('keeps every field in order, names as written, values unfolded and encoded words undecoded', () => {
    const { headers } = read(message(['X-B: 1', 'x-a: =?utf-8?Q?=C3=BC?=', 'X-B: 2', ' 3']));
    expect(headers).toEqual([
      ['X-B', '1'],
      ['x-a', '=?utf-8?Q?=C3=BC?='],
      ['X-B', '2 3'],
    ]);
  });

  it.each([
    ['no octets', ''],
    ['an empty line', '\r\n'],
    ['a body without a header', '\r\nhello'],
    ['octets that are no message', '\x00\x01\xff\xfe\x80'],
  ])('calls %s unreadable', (_why, text) => {
    const reading = read(octets(text));
    expect(reading).toMatchObject({ kind: 'unreadable', headers: [], attachments: [], subject: null, truncated: null });
  });

  it.each([
    ['CRLF', '\r\n'],
    ['bare LF', '\n'],
    ['CRCRLF', '\r\r\n'],
  ])('reads %s line ends', (_why, eol) => {
    const lines = [
      'Subject: s',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'text',
      '--b',
      'Content-Type: a/b',
      '',
      'xx',
      '--b--',
      '',
    ];
    const reading = read(octets(lines.join(eol)));
    expect(reading).toMatchObject({ subject: 's', text: 'text' });
    expect(reading.attachments.map(({ part, contentType }) => [part, contentType])).toEqual([['2', 'a/b']]);
  });

  it('reads a header that the end of the message cuts off', () => {
    expect(read(octets('Subject: s\r\nTo: a@x.org'))).toMatchObject({ subject: 's', to: ['a@x.org'], text: null });
  });
});

describe('the text', () => {
  const cases: { why: string; header: string[]; body: string; text: string | null }[] = [
    { why: 'no Content-Type', header: [], body: 'hello\r\nworld\r\n', text: 'hello\nworld' },
    { why: 'unlabelled UTF-8', header: [], body: 'Gr\xc3\xbc\xc3\x9fe', text: 'Grüße' },
    { why: 'unlabelled windows-1252', header: [], body: '\x80 5 caf\xe9', text: '€ 5 café' },
    {
      why: 'us-ascii that is not',
      header: ['Content-Type: text/plain; charset=us-ascii'],
      body: 'caf\xe9',
      text: 'café',
    },
    {
      why: 'Latin-1 that is windows-1252',
      header: ['Content-Type: text/plain; charset=iso-8859-1'],
      body: '\x80',
      text: '€',
    },
    {
      why: 'KOI8-R',
      header: ['Content-Type: text/plain; charset=koi8-r'],
      body: '\xf0\xd2\xc9\xd7\xc5\xd4',
      text: 'Привет',
    },
    {
      why: 'ISO-2022-JP',
      header: ['Content-Type: text/plain; charset=ISO-2022-JP'],
      body: '\x1b$B$3$s$K$A$O\x1b(B',
      text: 'こんにちは',
    },
    { why: 'UTF-7', header: ['Content-Type: text/plain; charset=unicode-1-1-utf-7'], body: 'Gr+APw-n', text: 'Grün' },
    {
      why: 'a misspelt charset over windows-1252',
      header: ['Content-Type: text/plain; charset=uft-8'],
      body: 'caf\xe9',
      text: 'café',
    },
    { why: 'base64', header: ['Content-Transfer-Encoding: BASE64'], body: base64('hello'), text: 'hello' },
    {
      why: 'base64 with dirt',
      header: ['Content-Transfer-Encoding: base64 (x)'],
      body: `aGVs\r\n!!bG8=`,
      text: 'hello',
    },
    {
      why: 'quoted-printable',
      header: ['Content-Transfer-Encoding: quoted-printable', 'Content-Type: text/plain; charset=utf-8'],
      body: 'Gr=C3=BC=\r\n=C3=9Fe =ZZ',
      text: 'Grüße =ZZ',
    },
    { why: 'an unknown transfer encoding', header: ['Content-Transfer-Encoding: x-uue'], body: 'begin', text: 'begin' },
    { why: 'HTML', header: ['Content-Type: text/html'], body: '<style>p{}</style><p>a&amp;b<p>c', text: 'a&b\nc' },
    { why: 'NUL in the body', header: [], body: 'a\0b', text: 'ab' },
    {
      why: 'a lone surrogate in UTF-16',
      header: ['Content-Type: text/plain; charset=utf-16le'],
      body: 'a\0\x00\xd8b\0',
      text: 'a\uFFFDb',
    },
    { why: 'white space only', header: [], body: ' \r\n\r\n', text: null },
    { why: 'a type that is none', header: ['Content-Type: text'], body: 'hello', text: 'hello' },
    {
      why: 'a type without its semicolon',
      header: ['Content-Type: text/html charset=utf-8'],
      body: '<b>hello</b>',
      text: 'hello',
    },
    { why: 'a multipart without a boundary', header: ['Content-Type: multipart/mixed'], body: 'hello', text: 'hello' },
    {
      why: 'a multipart whose boundary never comes',
      header: ['Content-Type: multipart/mixed; boundary=b'],
      body: 'hello',
      text: 'hello',
    },
  ];
  it.each(cases)('is read from $why', ({ header, body, text }) => {
    expect(read(message(['Subject: s', ...header], body)).text).toBe(text);
  });

  const html = part(['Content-Type: text/html'], '<b>html</b>');
  const plain = part([], 'plain');
  const alternative = (parts: string[]): string =>
    part(['Content-Type: multipart/alternative; boundary=a'], multipart('a', parts));
  it.each([
    ['the plain alternative', [alternative([plain, html])], 'plain'],
    ['the plain alternative, also when it comes last', [alternative([html, plain])], 'plain'],
    ['the HTML, when the plain alternative is empty', [alternative([part([], ' '), html])], 'html'],
    ['the HTML, when the plain text is a footer', [html, plain], 'html'],
    ['the first of two texts', [plain, part([], 'footer')], 'plain'],
    ['the unnamed text', [part(['Content-Type: text/plain; name=log.txt'], 'log'), plain], 'plain'],
    ['a named text when there is no other', [part(['Content-Type: text/plain; name=body.txt'], 'named')], 'named'],
    ['no text marked as attachment', [part(['Content-Disposition: attachment'], 'attached')], null],
  ])('is %s', (_why, parts, text) => {
    expect(read(mixed(parts)).text).toBe(text);
  });

  it.each([
    ['ASCII', 'x'.repeat(100_000), ''],
    ['quoted-printable', '=C3=BC'.repeat(50_000), 'quoted-printable'],
    ['base64', base64('ü'.repeat(100_000)), 'base64'],
  ])('ends after the preview length, without half a character (%s)', (_why, body, encoding) => {
    const { text } = read(message([`Content-Transfer-Encoding: ${encoding}`], body));
    expect(text).toMatch(/^(x|ü)\1+$/);
    expect(text).toHaveLength(TEXT_PREVIEW);
  });
});

describe('attachments', () => {
  const named = (...header: string[]): string | null | undefined =>
    read(mixed([part(['Content-Type: application/pdf', ...header], 'x')])).attachments[0]?.filename;

  it('are counted and hashed as transferred, without the line end of the delimiter', () => {
    const body = 'AAAA\r\nBBBB\r\n';
    const reading = read(
      mixed([
        part(['Content-Type: text/plain'], 'hello'),
        part(
          [
            'Content-Type: Application/PDF',
            'Content-Transfer-Encoding: base64',
            'Content-Disposition: attachment; filename=a.pdf',
          ],
          body,
        ),
        part(['Content-Type: image/png'], ''),
      ]),
    );
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    expect(reading.attachments).toEqual([
      { part: '2', filename: 'a.pdf', contentType: 'application/pdf', size: 12, digest: digest(body) },
      { part: '3', filename: null, contentType: 'image/png', size: 0, digest: digest('') },
    ]);
  });

  it.each([
    ['quoted', 'Content-Disposition: attachment; filename="a b;c.pdf"', 'a b;c.pdf'],
    ['bare', 'Content-Disposition: attachment; filename=a.pdf', 'a.pdf'],
    ['of RFC 2231', "Content-Disposition: attachment; filename*=utf-8'de'Gr%C3%BC%C3%9Fe.pdf", 'Grüße.pdf'],
    [
      'of RFC 2231 in pieces',
      'Content-Disposition: attachment; filename*0*=iso-8859-1\'\'caf%E9; filename*1=" au lait"; filename*2=.pdf',
      'café au lait.pdf',
    ],
    [
      'in encoded words',
      'Content-Disposition: attachment; filename="=?utf-8?B?R3LDvMOfZQ==?= =?utf-8?Q?=2Epdf?="',
      'Grüße.pdf',
    ],
    ['in bare UTF-8', 'Content-Disposition: attachment; filename="Gr\xc3\xbc\xc3\x9fe.pdf"', 'Grüße.pdf'],
    ['in bare windows-1252', 'Content-Disposition: attachment; filename="caf\xe9.pdf"', 'café.pdf'],
    ['with NUL and line breaks', 'Content-Disposition: attachment; filename="=?utf-8?Q?a=00=0Ab?="', 'a b'],
    ['empty', 'Content-Disposition: attachment; filename=""', null],
  ])('have the file name that is written %s', (_why, header, filename) => {
    expect(named(header)).toBe(filename);
  });

  it('take the name of Content-Type where there is no file name', () => {
    const reading = read(mixed([part(['Content-Type: image/png; name="=?utf-8?Q?=C3=BC?=.png"'], 'x')]));
    expect(reading.attachments[0]?.filename).toBe('ü.png');
  });

  it('are an attached message as a whole, and not what is inside it', () => {
    const inner = `Subject: inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n${multipart('i', [part(['Content-Type: image/png'], 'x')])}`;
    const reading = read(mixed([part([], 'see below'), part(['Content-Type: message/rfc822'], inner)]));
    expect(reading.subject).toBe('s');
    expect(reading.attachments).toMatchObject([{ part: '2', contentType: 'message/rfc822', size: inner.length }]);
  });

  it('are the messages of a digest, by default', () => {
    const body = multipart('b', [part([], 'Subject: 1\r\n\r\none'), part([], 'Subject: 2\r\n\r\ntwo')]);
    const reading = read(message(['Content-Type: multipart/digest; boundary=b'], body));
    expect(reading.attachments.map(({ contentType }) => contentType)).toEqual(['message/rfc822', 'message/rfc822']);
  });

  it('are the whole message where it has one part that is no text', () => {
    const reading = read(message(['Content-Type: application/pdf; name=a.pdf'], 'xyz'));
    expect(reading).toMatchObject({ text: null, attachments: [{ part: '1', filename: 'a.pdf', size: 3 }] });
  });

  it('are numbered as IMAP numbers parts', () => {
    const inner = part(
      ['Content-Type: multipart/related; boundary=r'],
      multipart('r', [part(['Content-Type: text/html'], 'h'), part(['Content-Type: image/png'], 'x')]),
    );
    const reading = read(mixed([inner, part(['Content-Type: image/gif'], 'y')]));
    expect(reading.attachments.map((attachment) => attachment.part)).toEqual(['1.2', '2']);
  });
});

describe('boundaries', () => {
  const png = part(['Content-Type: image/png'], 'x');
  const cases: { why: string; type: string; body: string; images: number }[] = [
    {
      why: 'quoted, with blanks and specials',
      type: 'boundary="a b=?/:;(c)"',
      body: multipart('a b=?/:;(c)', [png]),
      images: 1,
    },
    {
      why: 'in pieces of RFC 2231',
      type: 'boundary*0=ab; boundary*1=cd',
      body: multipart('abcd', [png]),
      images: 1,
    },
    { why: 'followed by a comment', type: 'boundary=b (comment)', body: multipart('b', [png]), images: 1 },
    { why: 'of 8-bit octets', type: 'boundary="\xe9\xc3\xbc"', body: multipart('\xe9\xc3\xbc', [png]), images: 1 },
    {
      why: 'with blanks after the delimiter',
      type: 'boundary=b',
      body: `--b \t\r\n${png}\r\n--b--  \r\n`,
      images: 1,
    },
    { why: 'that ends in dashes', type: 'boundary="b--"', body: multipart('b--', [png, png]), images: 2 },
    {
      why: 'without the closing delimiter',
      type: 'boundary=b',
      body: multipart('b', [png, png], false),
      images: 2,
    },
    { why: 'cut off in the delimiter', type: 'boundary=b', body: `--b\r\n${png}\r\n--b`, images: 1 },
    {
      why: 'with text before and after',
      type: 'boundary=b',
      body: `preamble\r\n${multipart('b', [png])}epilogue\r\n--b\r\n${png}`,
      images: 1,
    },
    {
      why: 'that a longer line begins with',
      type: 'boundary=b',
      body: `--b\r\nContent-Type: image/png\r\n\r\n--bb\r\n--b c\r\n--b--\r\n`,
      images: 1,
    },
  ];
  it.each(cases)('are found $why', ({ type, body, images }) => {
    const { attachments } = read(message([`Content-Type: multipart/mixed; ${type}`], body));
    expect(attachments.map(({ contentType }) => contentType)).toEqual(Array(images).fill('image/png'));
  });

  it('are told apart where one begins like the other', () => {
    const inner = part(['Content-Type: multipart/mixed; boundary=bb'], multipart('bb', [png, png]));
    const reading = read(mixed([inner, png]));
    expect(reading.attachments.map((attachment) => attachment.part)).toEqual(['1.1', '1.2', '2']);
  });

  it('end inner multiparts that were not closed', () => {
    const inner = part(['Content-Type: multipart/mixed; boundary=i'], multipart('i', [png], false));
    const reading = read(mixed([inner, png]));
    expect(reading.attachments.map((attachment) => attachment.part)).toEqual(['1.1', '2']);
  });

  it('end inner multiparts that were not closed, over several levels', () => {
    const innermost = part(['Content-Type: multipart/mixed; boundary=j'], multipart('j', [png], false));
    const inner = part(['Content-Type: multipart/mixed; boundary=i'], multipart('i', [innermost], false));
    const reading = read(mixed([inner, png]));
    expect(reading.attachments.map((attachment) => attachment.part)).toEqual(['1.1.1', '2']);
  });

  it('may be the same outside and inside', () => {
    const inner = part(['Content-Type: multipart/mixed; boundary=b'], multipart('b', [png]));
    const reading = read(mixed([inner, png]));
    expect(reading.attachments.map((attachment) => attachment.part)).toEqual(['1.1', '2']);
  });

  it('end a part that has a header only', () => {
    const reading = read(
      message(
        ['Content-Type: multipart/mixed; boundary=b'],
        '--b\r\nContent-Type: image/png\r\n--b\r\nContent-Type: image/gif\r\n\r\n--b--',
      ),
    );
    expect(reading.attachments).toMatchObject([
      { part: '1', contentType: 'image/png', size: 0 },
      { part: '2', contentType: 'image/gif', size: 0 },
    ]);
  });
});
