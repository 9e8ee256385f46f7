// The mail that the demo delivers: a few hundred messages of the kinds that a mailbox for bounces and one for newsletters really get, and
// the odd ones that break programs. Made from a seed, so that two runs deliver the same octets.

import { createHash } from 'node:crypto';
import iconv from 'iconv-lite';

export type SampleMailbox = 'bounces' | 'news';

export interface Sample {
  readonly mailbox: SampleMailbox;
  /** What is special about it, in a few words. */
  readonly kind: string;
  readonly raw: Buffer;
}

/** Messages larger than this are held by the demo's mailboxes; octets. */
export const SAMPLE_SIZE_LIMIT = 512 * 1024;
export const OVERSIZED = 'larger than sizeLimit';
export const FOREIGN = "another client's, flagged \\Deleted";
export const EIGHT_BIT = '8-bit octets in no declared charset';

/** SHA-256 in hex. */
export function digestOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** A random number generator with a seed (mulberry32): numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The day of the first sample message. A fixed one, so that the octets are the same in every run. */
const FIRST_DAY = Date.UTC(2026, 0, 5, 8, 0, 0);
const MINUTE_MS = 60_000;

const WORDS =
  'invoice order garden river window paper train coffee summer update delivery ticket report season market bicycle kitchen letter music station harvest library morning village'.split(
    ' ',
  );
const FIRST_NAMES = ['ann', 'bela', 'chidi', 'dorota', 'emre', 'fatima', 'goran', 'hanna', 'ines', 'jun'];
const RELAYS = [
  'mx1.post.example',
  'mx2.post.example',
  'relay.north.example',
  'smtp.campus.example',
  'mail.old.example',
];
const SHOPS = ['Harbour Books', 'Green Wheels', 'Café Zürich', 'Nordlicht Lampen', 'Fern & Moss', 'Daily Digest'];

/** The things one message is made of. */
class Writer {
  readonly random: () => number;
  #count = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick(list: readonly string[]): string {
    return list[this.below(list.length)] ?? '';
  }

  words(count: number): string {
    return Array.from({ length: count }, () => this.pick(WORDS)).join(' ');
  }

  /** Lines of text of some 70 characters. */
  text(lines: number): string {
    return Array.from({ length: lines }, () => this.words(10)).join('\r\n');
  }

  address(domain: string): string {
    return `${this.pick(FIRST_NAMES)}.${this.pick(WORDS)}${this.below(90) + 10}@${domain}`;
  }

  octets(count: number): Buffer {
    return Buffer.from(Uint8Array.from({ length: count }, () => this.below(256)));
  }

  /** Message-ID and Date, another one each time. */
  stamp(): string[] {
    const n = this.#count++;
    const date = new Date(FIRST_DAY + n * 7 * MINUTE_MS).toUTCString().replace('GMT', '+0000');
    return [`Message-ID: <${n}.${this.below(1e9).toString(36)}@sample.example>`, `Date: ${date}`];
  }
}

function message(headers: readonly string[], body: string | Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${headers.join('\r\n')}\r\n\r\n`),
    Buffer.isBuffer(body) ? body : Buffer.from(body),
  ]);
}

function base64(octets: Buffer): string {
  return octets.toString('base64').replace(/.{76}/g, '$&\r\n');
}

/** RFC 2047 in Base64, for headers of any charset. */
function encodedWord(charset: string, text: string): string {
  return `=?${charset}?B?${iconv.encode(text, charset).toString('base64')}?=`;
}

function quotedPrintable(text: string): string {
  const encoded = [...Buffer.from(text)].map((octet) =>
    (octet >= 33 && octet <= 126 && octet !== 61) || octet === 32
      ? String.fromCharCode(octet)
      : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`,
  );
  let line = '';
  const lines: string[] = [];
  for (const piece of encoded) {
    if (line.length + piece.length > 75) {
      lines.push(`${line}=`);
      line = '';
    }
    line += piece;
  }
  return [...lines, line].join('\r\n');
}

const MIME = 'MIME-Version: 1.0';
const UTF8_TEXT = 'Content-Type: text/plain; charset=utf-8';
const SUBSCRIBER = 'To: reader@sample.example';

/** A delivery status notification (RFC 3464). */
function bounce(w: Writer): Buffer {
  const relay = w.pick(RELAYS);
  const recipient = w.address('customers.example');
  const [status, words] = w.random() < 0.7 ? ['5.1.1', 'User unknown'] : ['4.2.2', 'Mailbox full'];
  const boundary = `dsn-${w.below(1e9)}`;
  const parts = [
    `${UTF8_TEXT}\r\n\r\nYour message to ${recipient} could not be delivered: ${words}.\r\n${w.text(8)}\r\n`,
    `Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; ${relay}\r\n\r\nFinal-Recipient: rfc822; ${recipient}\r\nAction: ${status?.startsWith('5') ? 'failed' : 'delayed'}\r\nStatus: ${status}\r\nDiagnostic-Code: smtp; ${status?.startsWith('5') ? 550 : 452} ${status} ${words}\r\n`,
    `Content-Type: message/rfc822\r\n\r\nFrom: shop@sample.example\r\nTo: ${recipient}\r\nSubject: Your ${w.words(2)}\r\nMessage-ID: <o${w.below(1e9)}@sample.example>\r\n\r\n${w.text(20 + w.below(60))}\r\n`,
  ];
  const headers = [
    `From: Mail Delivery System <mailer-daemon@${relay}>`,
    'To: bounces@sample.example',
    'Subject: Undelivered Mail Returned to Sender',
    ...w.stamp(),
    'Auto-Submitted: auto-replied',
    MIME,
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
  ];
  return message(headers, multipart(boundary, parts));
}

function multipart(boundary: string, parts: readonly string[]): string {
  return `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
}

function autoReply(w: Writer): Buffer {
  const headers = [
    `From: ${w.address('customers.example')}`,
    'To: bounces@sample.example',
    'Subject: Out of office',
    ...w.stamp(),
    'Auto-Submitted: auto-replied',
  ];
  return message(headers, `I am away until ${w.words(1)}.\r\n${w.text(3)}\r\n`);
}

function newsletter(w: Writer): Buffer {
  const shop = w.pick(SHOPS);
  const boundary = `alt-${w.below(1e9)}`;
  const rows = Array.from(
    { length: 15 + w.below(40) },
    () => `<tr><td><a href="https://sample.example/${w.below(1e6)}">${w.words(6)}</a> – ${w.words(8)}…</td></tr>`,
  );
  const parts = [
    `${UTF8_TEXT}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quotedPrintable(`${shop} – ${w.words(12)}`)}\r\n`,
    `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quotedPrintable(`<html><body><table>${rows.join('')}</table></body></html>`)}\r\n`,
  ];
  const headers = [
    `From: ${encodedWord('utf-8', shop)} <news@${shop
      .normalize('NFD')
      .replace(/[^A-Za-z]/g, '')
      .toLowerCase()}.example>`,
    SUBSCRIBER,
    `Subject: ${encodedWord('utf-8', `${w.words(3)} – ${w.words(2)}`)}`,
    ...w.stamp(),
    'List-Unsubscribe: <https://sample.example/leave>',
    MIME,
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
  ];
  return message(headers, multipart(boundary, parts));
}

function withAttachment(w: Writer): Buffer {
  const boundary = `mix-${w.below(1e9)}`;
  const parts = [
    `${UTF8_TEXT}\r\n\r\n${w.text(3)}\r\n`,
    // RFC 2231: a file name in UTF-8.
    `Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''Rechnung%20M%C3%A4rz%20${w.below(900)}.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(w.octets(20_000 + w.below(120_000)))}\r\n`,
  ];
  const headers = [
    `From: Accounts <accounts@${w.pick(['billing', 'ledger'])}.example>`,
    SUBSCRIBER,
    `Subject: Invoice ${w.below(90_000)}`,
    ...w.stamp(),
    MIME,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
  ];
  return message(headers, multipart(boundary, parts));
}

/** Charset, and a sentence that it can say. */
const CHARSETS: readonly (readonly [string, string])[] = [
  ['shift_jis', '請求書をお送りします'],
  ['koi8-r', 'Письмо не доставлено'],
  ['windows-1252', 'Déjà vu: 5 € “so to speak”'],
  ['gb18030', '您的订单已发货'],
  ['iso-8859-2', 'Zażółć gęślą jaźń'],
  ['euc-kr', '주문이 발송되었습니다'],
];

function oddCharset(w: Writer, index: number): Buffer {
  const [charset, sentence] = CHARSETS[index % CHARSETS.length] ?? ['utf-8', ''];
  const headers = [
    `From: ${encodedWord(charset, sentence)} <world@letters.example>`,
    SUBSCRIBER,
    `Subject: ${encodedWord(charset, sentence)}`,
    ...w.stamp(),
    MIME,
    `Content-Type: text/plain; charset=${charset}`,
    'Content-Transfer-Encoding: 8bit',
  ];
  return message(headers, iconv.encode(`${sentence}\r\n${w.text(4)}\r\n`, charset));
}

function eightBit(w: Writer): Buffer {
  const headers = ['From: Café <old@printer.example>', SUBSCRIBER, 'Subject: Grüße', ...w.stamp()];
  // Octets of every value but NUL, which no IMAP client may append (RFC 9051 9, literal).
  const all = Buffer.from(
    Array.from({ length: 255 }, (_, octet) => octet + 1).filter((octet) => octet !== 10 && octet !== 13),
  );
  return message(headers, Buffer.concat([all, Buffer.from(`\r\n${w.text(2)}\r\n`)]));
}

function withoutMessageId(w: Writer): Buffer {
  return message(['From: scanner@office.example', SUBSCRIBER, `Subject: Scan ${w.below(1e6)}`], `${w.text(5)}\r\n`);
}

function sharedMessageId(w: Writer): Buffer {
  return message(
    ['From: list@forum.example', SUBSCRIBER, 'Subject: Digest', 'Message-ID: <same@forum.example>'],
    `${w.words(5)} ${w.below(1e9)}\r\n${w.text(6)}\r\n`,
  );
}

/** 300 nested multiparts: past every limit of a reader, and mail all the same. */
function nested(w: Writer): Buffer {
  const depth = 300;
  let body = '';
  for (let i = 0; i < depth; i++) body += `--n${i}\r\nContent-Type: multipart/mixed; boundary=n${i + 1}\r\n\r\n`;
  const headers = ['From: deep@puzzle.example', SUBSCRIBER, 'Subject: Matryoshka', ...w.stamp(), MIME];
  return message([...headers, 'Content-Type: multipart/mixed; boundary=n0'], `${body}${w.words(5)}\r\n`);
}

function longLine(w: Writer): Buffer {
  return message(
    ['From: cron@machine.example', SUBSCRIBER, 'Subject: One line of 100,000 characters', ...w.stamp()],
    `${w.words(16_000).slice(0, 100_000)}\r\n`,
  );
}

function oversized(w: Writer): Buffer {
  return message(
    ['From: holiday@photos.example', 'To: bounces@sample.example', 'Subject: All our pictures', ...w.stamp()],
    `${w.text(SAMPLE_SIZE_LIMIT / 60)}\r\n`,
  );
}

/** The message that another client has flagged \Deleted before anything was drained. */
export function foreignMessage(seed: number): Sample {
  const w = new Writer(seed ^ 0x5eed);
  const headers = [
    'From: colleague@sample.example',
    'To: bounces@sample.example',
    'Subject: Wait, I am still reading this',
  ];
  return { mailbox: 'bounces', kind: FOREIGN, raw: message([...headers, ...w.stamp()], `${w.text(4)}\r\n`) };
}

/** How often each kind comes. */
const PLAN: readonly (readonly [SampleMailbox, string, number, (w: Writer, index: number) => Buffer])[] = [
  ['bounces', 'bounce', 170, bounce],
  ['bounces', 'auto-reply', 30, autoReply],
  ['news', 'newsletter', 110, newsletter],
  ['news', 'attachment', 30, withAttachment],
  ['news', 'odd charset', 24, oddCharset],
  ['news', EIGHT_BIT, 8, eightBit],
  ['news', 'no Message-ID', 6, withoutMessageId],
  ['news', 'shared Message-ID', 6, sharedMessageId],
  ['news', '300 levels of nesting', 1, nested],
  ['news', 'one line of 100,000 characters', 1, longLine],
  ['bounces', OVERSIZED, 1, oversized],
];

/** All messages in the order of their delivery. Two of them are byte-identical. */
export function sampleMail(seed: number): Sample[] {
  const w = new Writer(seed);
  const samples = PLAN.flatMap(([mailbox, kind, count, make]) =>
    Array.from({ length: count }, (_, index): Sample => ({ mailbox, kind, raw: make(w, index) })),
  );
  const twin = samples.find(({ kind }) => kind === 'auto-reply');
  if (twin !== undefined) samples.push({ ...twin, kind: 'byte-identical to another' });
  // Fisher and Yates.
  for (let i = samples.length - 1; i > 0; i--) {
    const other = w.below(i + 1);
    const [a, b] = [samples[i], samples[other]];
    if (a !== undefined && b !== undefined) [samples[i], samples[other]] = [b, a];
  }
  return samples;
}
