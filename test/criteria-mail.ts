// Messages whose headers say the same thing in many ways, and criteria that meet some of them. Every needle is a piece of what some message says,
// so that searches find something, and nothing else.

import fc from 'fast-check';
import { parseCriteria } from '../src/criteria.ts';
import type { MessageFacts } from '../src/criteria-match.ts';
import { read } from '../src/mail/read.ts';
import { searchableHeaders } from '../src/mail/searchable.ts';
import type { Criteria } from '../src/model-admin.ts';

export interface Letter {
  readonly raw: Buffer;
  readonly flags: readonly string[];
  readonly internalDate: Date;
}

/** A word, and the octets with which a header says it. */
interface Said {
  readonly text: string;
  readonly written: Buffer;
}

const q = (charset: string, octets: number[]): string =>
  `=?${charset}?Q?${octets.map((octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('')}?=`;
const b = (charset: string, octets: Buffer): string => `=?${charset}?B?${octets.toString('base64')}?=`;

const WORDS: readonly Said[] = [
  ['invoice', 'invoice'],
  ['Invoice 4711', 'Invoice 4711'],
  ['50% off_now', '50% off_now'],
  ['back\\slash', 'back\\slash'],
  ['say hello', 'say hello'],
  ['NIL', 'NIL'],
  ['a {5} brace', 'a {5} brace'],
  ['star*dot.plus+', 'star*dot.plus+'],
  ['Müller', '=?utf-8?Q?M=C3=BCller?='],
  ['Müller', q('iso-8859-1', [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72])],
  ['ÜBER', b('UTF-8', Buffer.from('ÜBER'))],
  ['straße', b('utf-8', Buffer.from('straße'))],
  ['Привет', b('utf-8', Buffer.from('Привет'))],
  ['привет', q('koi8-r', [0xd0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4])],
  ['Ελλάς', b('utf-8', Buffer.from('Ελλάς'))],
  ['日本語', b('utf-8', Buffer.from('日本語'))],
  ['naïve', 'naïve'],
  ['€ 20', q('windows-1252', [0x80, 0x20, 0x32, 0x30])],
  ['two  spaces', 'two  spaces'],
  ['folded line', 'folded\r\n line'],
].map(([text, written]) => ({ text: (text ?? '').replace(/\s+/g, ' '), written: Buffer.from(written ?? '') }));

const ADDRESSES = ['ann@example.org', 'mailer-daemon@mx.example.net', 'j.doe+tag@example.org', 'bea@sub.example.com'];
/** Midnight UTC, the seconds around it, and years. */
const DAYS = ['2014-12-31', '2015-01-01', '2015-01-02', '2020-02-29', '2026-06-15'];
const FLAGS = ['\\Seen', '\\Flagged', '\\Deleted', '\\Answered'];

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** The n-th message of `count` that are all different. */
export function letter(n: number): Letter {
  const word = pick(WORDS, n);
  const other = pick(WORDS, n * 7 + 3);
  const line = (...parts: (string | Buffer)[]): Buffer =>
    Buffer.concat([...parts.map((part) => Buffer.from(part)), Buffer.from('\r\n')]);
  // A bare word as a phrase would need quotes: only encoded words and plain atoms stand before an address.
  const name = /^(=\?.*\?=|[A-Za-z]+)$/.test(other.written.toString()) ? [other.written, ' '] : [];
  const lines = [
    line('From: ', ...name, `<${pick(ADDRESSES, n)}>`),
    line('To: ', pick(ADDRESSES, n + 1), ...(n % 3 === 0 ? [', ', pick(ADDRESSES, n + 2)] : [])),
    ...(n % 11 === 0 ? [] : [line('Subject: ', word.written, ' ', other.written)]),
    ...(n % 5 === 0
      ? []
      : [line(n % 2 === 0 ? `Message-ID: <${n}@example.org>` : `Message-Id:\r\n <${n}@example.org>`)]),
    ...(n % 4 === 0 ? [line('X-Spam-Flag: YES')] : []),
    ...(n % 6 === 0 ? [line('X-Note: first'), line('x-note: Second ', String(n))] : []),
    ...(n % 9 === 0 ? [line('X-Empty:')] : []),
    line(),
    Buffer.from('x'.repeat((n * 37) % 900)),
    line(),
  ];
  const midnight = Date.parse(`${pick(DAYS, n)}T00:00:00Z`);
  const offset = pick([-1000, 0, 1000, 12 * 3_600_000, 24 * 3_600_000 - 1000], Math.floor(n / 5));
  return {
    raw: Buffer.concat(lines),
    flags: FLAGS.filter((_, bit) => (Math.floor(n / 3) >> bit) % 2 === 1),
    internalDate: new Date(midnight + offset),
  };
}

export function factsOf(uid: string, { raw, flags, internalDate }: Letter): MessageFacts {
  const reading = read(raw);
  return {
    uid,
    internalDate,
    size: raw.length,
    flags,
    kind: reading.kind,
    headers: searchableHeaders(reading.headers),
  };
}

const needle = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(), fc.constantFrom('same', 'upper', 'lower', 'nfd'))
    .map(([text, from, length, how]) => {
      const characters = Array.from(text);
      const start = from % characters.length;
      const piece = characters.slice(start, start + 1 + (length % 6)).join('');
      if (how === 'upper') return piece.toUpperCase().replaceAll('SS', 'ß');
      if (how === 'lower') return piece.toLowerCase();
      return how === 'nfd' ? piece.normalize('NFD') : piece;
    })
    .filter((text) => text.trim() !== '');

const words = needle(WORDS.map(({ text }) => text));
const addresses = needle(ADDRESSES);
const size = fc.nat(1200);
const day = fc.constantFrom(...DAYS).map((text) => new Date(`${text}T00:00:00Z`));
const uids = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 170 }), fc.nat(30)), { minLength: 1, maxLength: 5 })
  .map((ranges) => ranges.map(([first, more]) => (more === 0 ? `${first}` : `${first}:${first + more}`)).join(','))
  .map((text) => parseCriteria({ uid: text }, 'server').uid ?? '');
const field = fc.oneof(
  addresses.map((text): [string, string] => ['From', text]),
  words.map((text): [string, string] => ['SUBJECT', text]),
  fc.constantFrom<[string, string][]>(
    ['X-Spam-Flag', 'yes'],
    ['x-spam-flag', ''],
    ['X-Note', 'SECOND 1'],
    ['X-Note', 'first'],
    ['X-Empty', ''],
    ['X-Empty', 'something'],
    ['Subject', ''],
    ['message-id', '1@EXAMPLE'],
  ),
);

/** As words for parseCriteria(): at least one, none that contradict each other by themselves. */
export const criteria: fc.Arbitrary<Criteria> = fc
  .record(
    {
      before: day,
      since: day,
      from: fc.oneof(addresses, words),
      to: addresses,
      subject: words,
      header: fc.array(field, { minLength: 1, maxLength: 3 }),
      larger: size,
      smaller: size,
      seen: fc.boolean(),
      flagged: fc.boolean(),
      deleted: fc.boolean(),
      uid: uids,
      messageId: fc.nat(160).map((n) => `${n}@example.org`),
    },
    { requiredKeys: [] },
  )
  // Three criteria at most: more find nothing.
  .chain((all) =>
    fc
      .shuffledSubarray(Object.keys(all), { minLength: Math.min(1, Object.keys(all).length), maxLength: 3 })
      .map((keys): Criteria => Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key)))),
  )
  .map((some): Criteria => (Object.keys(some).length === 0 ? { all: true } : some));
