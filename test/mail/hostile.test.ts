// Mail made to hurt, and mail nobody made: the reader answers for any octets, keeps within its limits, and gives the same Reading
// however the octets are cut into chunks. Sizes are chosen so that anything quadratic would run into the test time limit.
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ADDRESSES } from '../../src/mail/address.ts';
import { MAX_KEPT, TEXT_PREVIEW } from '../../src/mail/body.ts';
import { createReader, MAX_ATTACHMENTS, MAX_FIELDS, MAX_VALUE, read } from '../../src/mail/read.ts';
import { MAX_DEPTH } from '../../src/mail/scan.ts';
import type { Reading } from '../../src/model-reading.ts';
import { message, mixed, multipart, octets, part } from './messages.ts';

const MB = 1024 * 1024;

function readInChunks(raw: Buffer, sizes: readonly number[]): Reading {
  const reader = createReader();
  for (let pos = 0, i = 0; pos < raw.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    // A copy that is destroyed afterwards, as a socket's buffer may be: nothing may be kept of a chunk.
    const chunk = Buffer.from(raw.subarray(pos, pos + size));
    reader.push(chunk);
    chunk.fill(0x2d);
    pos += size;
  }
  return reader.end();
}

/** `levels` multiparts inside each other, an image in the innermost. */
function nested(levels: number): Buffer {
  const pieces = ['Subject: deep\r\n'];
  for (let i = 0; i < levels; i += 1) pieces.push(`Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`);
  pieces.push('Content-Type: image/png\r\n\r\nx\r\n');
  for (let i = levels - 1; i >= 0; i -= 1) pieces.push(`--b${i}--\r\n`);
  return octets(pieces.join(''));
}

describe('limits', () => {
  it('enters 100 levels of multiparts', () => {
    const { attachments, truncated } = read(nested(MAX_DEPTH));
    expect(attachments).toMatchObject([
      { part: Array(MAX_DEPTH).fill(1).join('.'), contentType: 'image/png', size: 1 },
    ]);
    expect(truncated).toBeNull();
  });

  it.each([MAX_DEPTH + 1, 20_000])('takes what lies below level 100 as one attachment (%i levels)', (levels) => {
    const { subject, attachments, truncated } = read(nested(levels));
    expect(attachments).toMatchObject([{ contentType: 'multipart/mixed' }]);
    expect(truncated).toBe('depth');
    expect(subject).toBe('deep');
  });

  it('records 1,000 of 9,999 attachments and still finds the text behind them', () => {
    const parts = [...Array(9_999).fill(part(['Content-Type: image/png'], 'x')), part([], 'hello')];
    const { attachments, truncated, text } = read(mixed(parts));
    expect(attachments).toHaveLength(MAX_ATTACHMENTS);
    expect(attachments.at(-1)?.part).toBe(String(MAX_ATTACHMENTS));
    expect(truncated).toBe('parts');
    expect(text).toBe('hello');
  });

  it('stops looking after 10,000 parts', () => {
    const parts = [...Array(10_000).fill(part(['X: y'], '')), part(['Content-Type: image/png'], 'x')];
    expect(read(mixed(parts))).toMatchObject({ attachments: [], truncated: 'parts' });
  });

  it('passes over a million empty parts', () => {
    expect(read(message(['Content-Type: multipart/mixed; boundary=b'], '--b\n'.repeat(1_000_000))).truncated).toBe(
      'parts',
    );
  });

  it.each([
    ['of 5 MB in one line', `X: ${'x'.repeat(5 * MB)}`],
    ['of 5 MB in folded lines', `X: ${'x\r\n '.repeat(MB)}`],
    ['of 5 MB in short fields', 'X: y\r\n'.repeat(800_000)],
    ['of 5 MB without a colon', 'x'.repeat(5 * MB)],
    ['of 5 MB of bare CR', '\r'.repeat(5 * MB)],
  ])('keeps a bounded part of a header %s', (_why, header) => {
    const reading = read(octets(`Subject: s\r\n${header}\r\n\r\nbody`));
    expect(reading).toMatchObject({ subject: 's', truncated: 'header', text: 'body' });
    expect(reading.headers.length).toBeLessThanOrEqual(MAX_FIELDS);
    for (const [, value] of reading.headers) expect(value.length).toBeLessThanOrEqual(MAX_VALUE);
  });

  it('keeps a bounded part of the header of a part, and finds its end', () => {
    const reading = read(mixed([part(['Content-Type: image/png', `X: ${'x'.repeat(MB)}`], 'x'), part([], 'text')]));
    expect(reading).toMatchObject({ truncated: 'header', text: 'text' });
  });

  it.each([
    ['one encoded word', `=?utf-8?Q?${'=41'.repeat(350_000)}?=`],
    ['many encoded words', '=?utf-8?Q?=41?= '.repeat(65_000)],
    ['many folded encoded words', '=?utf-8?B?QQ==?=\r\n '.repeat(50_000)],
    ['beginnings of encoded words', '=?utf-8?Q?'.repeat(100_000)],
    ['question marks', '=?'.repeat(500_000)],
    ['blanks between encoded words', `=?utf-8?Q?A?=${' '.repeat(MB)}=?utf-8?Q?B?=`],
  ])('reads a header of 1 MB of %s', (_why, value) => {
    const reading = read(message([`Subject: ${value}`, 'X: y'], 'body'));
    expect(reading.subject?.length).toBeLessThanOrEqual(998);
    expect(reading.text).toBe('body');
  });

  it.each([
    ['quotes', '"'],
    ['open comments', '('],
    ['open and closed comments', '()'],
    ['open angle brackets', '<'],
    ['colons', ':'],
    ['colons after an at sign', 'a@b:'],
    ['backslashes', '\\'],
    ['encoded word beginnings', '=?a?q?'],
    ['words', 'a '],
    ['addresses', 'a@b.org, '],
  ])('reads addresses from 200 KB of %s', (_why, piece) => {
    const value = piece.repeat(Math.ceil(200_000 / piece.length));
    const reading = read(message([`From: ${value}`, `To: ${value}`, `Content-Type: text/plain; x=${value}`], 'body'));
    expect(reading.to.length).toBeLessThanOrEqual(MAX_ADDRESSES);
    expect(reading.text).toBe('body');
  });

  it.each([
    ['unclosed elements', '<div>'],
    ['nested tables', '<table><tr><td>'],
    ['open angle brackets', '<'],
    ['open comments', '<!--'],
    ['open style elements', '<style>'],
    ['ampersands', '&'],
    ['entities', '&#65;'],
    ['blanks in elements', '<b> </b>'],
  ])('reads HTML of many %s', (_why, piece) => {
    const html = `<p>hello ${piece.repeat(200_000)}`;
    expect(read(message(['Content-Type: text/html'], html)).text).toMatch(/^hello/);
  });

  it('reads lines of 100 KB and more', () => {
    const line = 'x'.repeat(150_000);
    const reading = read(mixed([part([], line), part(['Content-Type: image/png'], `${line}\r\n--${line}\r\n`)]));
    expect(reading.text).toHaveLength(TEXT_PREVIEW);
    expect(reading.attachments).toMatchObject([{ size: 2 * line.length + 6 }]);
  });

  it('reads a body of nothing but beginnings of delimiters', () => {
    const body = '\n--b\r--'.repeat(300_000);
    expect(read(message(['Content-Type: multipart/mixed; boundary=bb'], body)).text).toContain('--b');
  });
});

/** Pieces of mail, so that random concatenations get past the first line. */
const PIECES = [
  'Subject: s\r\n',
  'From: a@b.org\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: multipart/alternative; boundary="b--"\r\n',
  'Content-Type: text/html; charset=utf-8\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: image/png; name="=?utf-8?B?w7w=?="\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: quoted-printable\n',
  "Content-Disposition: attachment; filename*0*=utf-8''%C3%BC\r\n",
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  ' ',
  '\t',
  '\0',
  '-',
  '--',
  '--b',
  '--b--',
  '--b\r\n',
  '--b--\r\n',
  '\r\n--b',
  '\n--b\n',
  '\r\n--b--',
  '--b \t\r\n',
  '--bb\r\n',
  '--b----\r\n',
  'hello',
  '<p>a&amp;b',
  '=C3=BC',
  '=\r\n',
  'w7w=',
  '\xc3\xbc',
  '\xe9',
  '\xed\xa0\x80',
  '=?utf-8?Q?=C3?=',
  'x'.repeat(600),
  `--${'b'.repeat(600)}\r\n`,
];

const mailLike = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => octets(pieces.join('')));
const anyOctets = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

/** A real-looking message with some octets replaced, removed or doubled. */
const mutated = fc
  .array(fc.tuple(fc.nat(), fc.constantFrom('set', 'remove', 'repeat'), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 20,
  })
  .map((edits) => {
    let raw = realistic();
    for (const [where, how, octet] of edits) {
      const at = where % (raw.length + 1);
      const middle = how === 'set' ? [octet] : how === 'repeat' ? raw.subarray(at, at + octet) : [];
      const after = how === 'repeat' ? at : at + (how === 'remove' ? octet : 1);
      raw = Buffer.concat([raw.subarray(0, at), Buffer.from(middle), raw.subarray(after)]);
    }
    return raw;
  });

function realistic(): Buffer {
  const inner = multipart('in', [
    part(['Content-Type: text/plain; charset=utf-8'], 'Gr\xc3\xbc\xc3\x9fe'),
    part(['Content-Type: text/html'], '<p>hi'),
  ]);
  return mixed([
    part(['Content-Type: multipart/alternative; boundary="in"'], inner),
    part(['Content-Type: image/png; name=a.png', 'Content-Transfer-Encoding: base64'], 'AAAA\r\nBBBB'),
    part(['Content-Type: message/rfc822'], 'Subject: inner\r\n\r\nhello'),
  ]);
}

/** Everything a Reading promises whatever was read. */
function expectSound(reading: Reading, raw: Buffer): void {
  const texts = [
    reading.messageId,
    reading.envelopeRecipient,
    reading.from,
    reading.fromAddress,
    reading.subject,
    reading.text,
    ...reading.to,
    ...reading.headers.flat(),
  ];
  for (const text of [
    ...texts,
    ...reading.attachments.flatMap(({ filename, contentType, part }) => [filename, contentType, part]),
  ]) {
    if (text === null) continue;
    expect(text).not.toContain('\0');
    expect(text).not.toMatch(/\p{Surrogate}/u);
  }
  expect(reading.text?.length ?? 0).toBeLessThanOrEqual(TEXT_PREVIEW);
  expect(reading.attachments.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(raw.length);
  for (const { digest } of reading.attachments) expect(digest).toHaveLength(32);
  expect(reading.kind).toBe(reading.headers.length === 0 ? 'unreadable' : 'other');
}

describe('any octets', () => {
  it.each([
    ['random octets', anyOctets],
    ['pieces of mail', mailLike],
    ['damaged mail', mutated],
  ])('give a sound Reading, the same for any chunks: %s', (_why, messages) => {
    fc.assert(
      fc.property(messages, chunkSizes, (raw, sizes) => {
        const whole = read(raw);
        expectSound(whole, raw);
        expect(readInChunks(raw, sizes)).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it.each([1, 2, 3, 5, 7, 64, 1000])('give the same Reading in chunks of %i', (size) => {
    const raws = [
      realistic(),
      mixed([part([], 'a'), part(['Content-Type: image/png'], `\r\n--b-\r\n--\r\n-${'x'.repeat(700)}`)]),
      nested(30),
    ];
    for (const raw of raws) expect(readInChunks(raw, [size])).toEqual(read(raw));
  });

  it('of more than the kept size give the same text in chunks', () => {
    const raw = message(
      ['Content-Type: text/html'],
      `<style>${'x'.repeat(MAX_KEPT - 200)}</style>${'hello '.repeat(1000)}`,
    );
    expect(readInChunks(raw, [1000])).toEqual(read(raw));
  });

  it('pushed after the end are ignored', () => {
    const reader = createReader();
    reader.push(octets('Subject: s\r\n'));
    const reading = reader.end();
    reader.push(octets('To: a@b.org\r\n'));
    expect(reader.end()).toEqual(reading);
  });
});

describe('a streamed message', () => {
  it('of 100 MB takes no memory that grows with it', () => {
    const reader = createReader();
    reader.push(octets('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\n'));
    const chunk = Buffer.alloc(MB, 'A line of text that is not a delimiter\r\n--');
    for (let i = 0; i < 20; i += 1) reader.push(chunk);
    const before = process.memoryUsage();
    for (let i = 0; i < 80; i += 1) reader.push(chunk);
    const after = process.memoryUsage();
    expect(after.rss - before.rss).toBeLessThan(50 * MB);
    expect(reader.end().attachments).toMatchObject([{ size: 100 * MB }]);
  });
});
