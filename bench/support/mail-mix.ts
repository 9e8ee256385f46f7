// The mail that every bench is measured on, made from a seed: 60 % bounces of 3 to 10 KB, 30 % newsletters of 20 to 80 KB, 9 % with
// attachments of 200 to 500 KB, 1 % of 2 to 5 MB. Nothing of it was ever sent by anyone.

import { Buffer } from 'node:buffer';

type Random = () => number;
export type Group = 'bounce' | 'newsletter' | 'attachment' | 'large';

/** mulberry32: small, seeded, good enough to vary mail. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const WORDS =
  'delivery mailbox Größe message recipient server über order invoice meeting please find attached weekly résumé offer';

function prose(random: Random, size: number): string {
  const words = WORDS.split(' ');
  const lines: string[] = [];
  let line = '';
  for (let length = 0; length < size; ) {
    line += `${words[Math.floor(random() * words.length)]} `;
    if (line.length < 70) continue;
    lines.push(line.trimEnd());
    length += line.length + 2;
    line = '';
  }
  return lines.join('\r\n');
}

function quotedPrintable(text: string): string {
  const escaped = text.replace(/[=\x80-\uffff]/g, (char) =>
    [...Buffer.from(char)].map((octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return escaped
    .split('\r\n')
    .map((line) => line.replace(/(.{70}[^=]{3})(?=.)/g, '$1=\r\n'))
    .join('\r\n');
}

function base64(random: Random, size: number): string {
  const octets = Buffer.alloc(Math.floor(size * 0.73));
  for (let i = 0; i + 4 <= octets.length; i += 4) octets.writeUInt32LE(Math.floor(random() * 4294967296), i);
  return octets.toString('base64').replace(/.{76}/g, '$&\r\n');
}

function received(n: number, recipient: string): string[] {
  return Array.from(
    { length: n },
    (_, i) =>
      `Received: from mx${i}.example.net (mx${i}.example.net [192.0.2.${i + 1}])\r\n\tby mail.example.org (Postfix) with ESMTPS id 4XyZ${i}abcdef\r\n\tfor <${recipient}>; Tue, 6 Oct 2026 10:0${i % 10}:00 +0200 (CEST)`,
  );
}

function build(random: Random, group: Group, size: number, n: number): Buffer {
  const b = `=_part_${n}_${Math.floor(random() * 1e9)}`;
  const head = [
    // Only reports have an empty one (RFC 5321 4.5.5); by it a reader tells most other mail at once.
    group === 'bounce' ? 'Return-Path: <>' : 'Return-Path: <news@example.net>',
    'Delivered-To: ann@example.org',
    ...received(group === 'bounce' ? 3 : 6, 'ann@example.org'),
    'Date: Tue, 6 Oct 2026 10:00:00 +0200',
    `Message-ID: <${n}.${Math.floor(random() * 1e9)}@example.net>`,
    `From: =?utf-8?Q?J=C3=BCrgen_Gro=C3=9F?= <sender${n % 50}@example.net>`,
    'To: "Ann Example" <ann@example.org>, bob@example.org',
    `Subject: =?utf-8?B?${Buffer.from(`Nachricht ${n} für Ann`).toString('base64')}?=`,
    'MIME-Version: 1.0',
  ];
  const part = (lines: string[], body: string): string => `--${b}\r\n${lines.join('\r\n')}\r\n\r\n${body}\r\n`;
  const text = 'Content-Type: text/plain; charset=utf-8';
  const parts: string[] = [];
  if (group === 'bounce') {
    head.push(`Content-Type: multipart/report; report-type=delivery-status; boundary="${b}"`);
    const user = `user${n}@example.com`;
    const answer = `550 5.1.1 <${user}>: Recipient address rejected: User unknown in virtual mailbox table`;
    const notice = `This is the mail system at host mx.example.net.\r\n\r\n${prose(random, size * 0.2)}`;
    parts.push(
      part(
        [text],
        `${notice}\r\n\r\n<${user}>: host mail.example.com[192.0.2.77] said:\r\n    ${answer} (in reply to RCPT TO command)\r\n`,
      ),
    );
    // Nine of ten name what was answered, as in a collection of real ones; without it a reader has to take the words apart.
    const diagnostic = n % 10 === 0 ? '' : `Diagnostic-Code: smtp; ${answer}\r\n`;
    parts.push(
      part(
        ['Content-Type: message/delivery-status'],
        `Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; ${user}\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mail.example.com\r\n${diagnostic}`,
      ),
    );
    const returned = [
      ...received(2, user),
      `Message-ID: <out.${n}@example.org>`,
      'From: ann@example.org',
      `To: ${user}`,
      'Subject: x',
    ];
    parts.push(part(['Content-Type: message/rfc822'], `${returned.join('\r\n')}\r\n\r\n${prose(random, size * 0.4)}`));
  } else if (group === 'newsletter') {
    const html = `<html><head><style>${'td{color:#333;padding:4px}'.repeat(100)}</style></head><body>${prose(random, size * 0.5).replaceAll('\r\n', '</p>\r\n<p style="margin:0">')}</body></html>`;
    head.push(`Content-Type: multipart/alternative; boundary="${b}"`);
    // A third of newsletters have no plain text, the dear case for a reader.
    if (n % 3 !== 0) {
      parts.push(
        part([text, 'Content-Transfer-Encoding: quoted-printable'], quotedPrintable(prose(random, size * 0.2))),
      );
    }
    parts.push(
      part(
        ['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable'],
        quotedPrintable(html),
      ),
    );
  } else {
    head.push(`Content-Type: multipart/mixed; boundary="${b}"`);
    parts.push(part([text], prose(random, 2000)));
    parts.push(
      part(
        [
          'Content-Type: application/pdf; name="report.pdf"',
          'Content-Transfer-Encoding: base64',
          'Content-Disposition: attachment; filename="report.pdf"',
        ],
        base64(random, size),
      ),
    );
  }
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${parts.join('')}--${b}--\r\n`);
}

export const SIZES: Record<Group, readonly [from: number, to: number]> = {
  bounce: [3_000, 10_000],
  newsletter: [20_000, 80_000],
  attachment: [200_000, 500_000],
  large: [2_000_000, 5_000_000],
};

function groupOf(n: number): Group {
  const place = n % 100;
  if (place === 99) return 'large';
  return place < 60 ? 'bounce' : place < 90 ? 'newsletter' : 'attachment';
}

export interface Made {
  readonly group: Group;
  readonly raw: Buffer;
}

/** Odd and not a multiple of five, so that n * STEP runs through all residues of 100: the groups come mixed, not in blocks. */
const STEP = 37;

/** `count` messages, the same for the same seed, one at a time: a large mailbox need not fit into memory. */
export function* mailMix(count: number, seed: number): Generator<Made> {
  const random = seeded(seed);
  for (let n = 0; n < count; n++) {
    const group = groupOf(n * STEP);
    const [from, to] = SIZES[group];
    yield { group, raw: build(random, group, from + random() * (to - from), n) };
  }
}

/** One message with an attachment, of about `size` octets. */
export function oneOf(size: number, seed: number): Buffer {
  return build(seeded(seed), 'large', size, 0);
}
