// What a message is tied to: tags in the places where servers leave them, in any case, and no more trust than the signature gives.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePattern } from '../../src/config-bounces.ts';
import { type CorrelationRules, correlate } from '../../src/mail/correlation.ts';
import { read } from '../../src/mail/read.ts';
import { signSender, signTag } from '../../src/mail/verp.ts';
import type { VerpPattern } from '../../src/model-pipeline.ts';
import type { Reading, RecipientReport } from '../../src/model-reading.ts';
import { message } from './messages.ts';

const SECRET = 'correct horse battery staple';

function pattern(text: string): VerpPattern {
  const parsed = parsePattern(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.value;
}

function rules(...patterns: readonly string[]): CorrelationRules {
  return { patterns: patterns.map(pattern), secrets: [SECRET], headers: [] };
}

const TOKEN = rules('bounces+{token}@example.com');
const ADDRESS = rules('bounces+{address}@example.com');

const tagOf = (address: string, id?: string): string => signTag(SECRET, { address, id });

interface Parts {
  readonly header?: readonly string[];
  /** Reported on. */
  readonly recipients?: readonly (string | null)[];
  readonly original?: Reading['verdict']['originalHeaders'];
}

/** A bounce with these parts; its header goes through the reader. */
function bounce({ header = [], recipients = [], original = [] }: Parts): Reading {
  const reading = read(message(['From: MAILER-DAEMON@mx.example', ...header]));
  const report: RecipientReport = {
    ...{ address: null, originalAddress: null, action: 'failed', status: '5.1.1', replyCode: null },
    ...{ category: 'address-unknown', scope: 'recipient', hard: true, diagnostic: null, remoteMta: null },
    ...{ retryUntil: null, evidence: { rule: 'rfc3464', part: '2', span: '' } },
  };
  return {
    ...reading,
    kind: 'bounce',
    verdict: {
      ...reading.verdict,
      kind: 'bounce',
      recipients: recipients.map((address) => ({ ...report, address })),
      originalHeaders: original,
    },
  };
}

describe('a signed tag', () => {
  const address = 'ann@example.org';
  const sender = signSender(pattern('bounces+{token}@example.com'), SECRET, { address });
  const signed = { token: tagOf(address), address, signed: true };

  const places: readonly (readonly [place: string, parts: Parts])[] = [
    ['Delivered-To', { header: [`Delivered-To: ${sender}`] }],
    ['X-Original-To', { header: [`X-Original-To: ${sender}`] }],
    ['Envelope-To', { header: [`Envelope-To: ${sender}`] }],
    ['To', { header: [`To: Bounces <${sender}>`] }],
    ['a To of many', { header: [`To: a@example.com, "x, <y>" <b@example.com>, <${sender}>`] }],
    [
      'X-Original-To behind a Delivered-To without tag',
      { header: ['Delivered-To: bounces@example.com', `X-Original-To: ${sender}`] },
    ],
    [
      'the Return-Path of the returned message',
      { header: ['To: x@example.com'], original: [['return-path', `<${sender}>`]] },
    ],
    [
      'a local part and domain in upper case',
      { header: [`Delivered-To: ${sender.replace('bounces', 'BOUNCES').replace('example.com', 'EXAMPLE.COM')}`] },
    ],
  ];
  it.each(places)('is found in %s', (_, parts) => {
    expect(correlate(bounce(parts), TOKEN)).toEqual({ ...signed, originalHeaders: {} });
  });

  it('survives upper case, and is kept as it stands', () => {
    const reading = bounce({ header: [`Delivered-To: ${sender.toUpperCase()}`] });
    expect(correlate(reading, TOKEN)).toMatchObject({ token: signed.token.toUpperCase(), address, signed: true });
  });

  it('goes before a tag that proves nothing, wherever that stands', () => {
    const reading = bounce({ header: ['Delivered-To: bounces+opaque@example.com', `To: ${sender}`] });
    expect(correlate(reading, TOKEN)).toMatchObject(signed);
  });

  it('speaks of its own address only, whomever the report names', () => {
    const reading = bounce({
      header: [`Delivered-To: ${sender}`],
      recipients: ['victim@example.net', 'other@example.net'],
    });
    expect(correlate(reading, TOKEN)).toMatchObject(signed);
  });

  it('with an id speaks of the reported address that it was made for', () => {
    const id = `bounces+${tagOf(address, 'u42')}@example.com`;
    const found = (parts: Parts) => correlate(bounce({ header: [`To: ${id}`], ...parts }), TOKEN);
    expect(found({ recipients: ['victim@example.net', 'ANN@example.org'] })).toMatchObject({ address, signed: true });
    expect(found({ recipients: ['victim@example.net'] })).toMatchObject({ address: null, signed: false });
    expect(found({ recipients: ['forwarded@example.net'], original: [['to', 'Ann <Ann@example.org>']] })).toMatchObject(
      { address, signed: true },
    );
    expect(found({ recipients: [null] })).toMatchObject({ address: null, signed: false });
  });

  it('proves nothing without its secret, or under another one', () => {
    const reading = bounce({ header: [`Delivered-To: ${sender}`], recipients: [address] });
    const unsigned = { token: signed.token, address: null, signed: false };
    expect(correlate(reading, { ...TOKEN, secrets: [] })).toMatchObject(unsigned);
    expect(correlate(reading, { ...TOKEN, secrets: ['a secret of another house'] })).toMatchObject(unsigned);
    expect(correlate(reading, { ...TOKEN, secrets: ['a secret of another house', SECRET] })).toMatchObject(signed);
  });

  it('is not made of an unsigned one', () => {
    const forged = [
      'ann=example.org',
      'ann=example.org-',
      `ann=example.org-${'a'.repeat(16)}`,
      `ann=example.org-${tagOf('x@y.org').slice(-16)}`,
    ];
    for (const tag of forged) {
      const reading = bounce({ header: [`Delivered-To: bounces+${tag}@example.com`], recipients: [address] });
      expect(correlate(reading, TOKEN)).toMatchObject({ token: tag, address: null, signed: false });
    }
  });

  it.each([
    ['another domain', `bounces+${tagOf(address)}@example.net`],
    ['a domain below', `bounces+${tagOf(address)}@x.example.com`],
    ['another local part', `xbounces+${tagOf(address)}@example.com`],
    ['no tag', 'bounces+@example.com'],
    ['no plus', 'bounces@example.com'],
    ['no domain', `bounces+${tagOf(address)}`],
  ])('is not looked for in %s', (_, to) => {
    expect(correlate(bounce({ header: [`Delivered-To: ${to}`] }), TOKEN)).toMatchObject({
      token: null,
      address: null,
      signed: false,
    });
  });

  it('may stand in the middle, with the pattern around it, and under a U-label', () => {
    const both = rules('b-{token}-x@bücher.example');
    const to = `B-${tagOf(address)}-X@xn--bcher-kva.example`;
    expect(correlate(bounce({ header: [`To: ${to}`] }), both)).toMatchObject(signed);
  });
});

describe('an unsigned tag', () => {
  const tied = (to: string, found = ADDRESS) => correlate(bounce({ header: [`Delivered-To: ${to}`] }), found);

  it.each([
    ['plain', 'ann=example.org', 'ann@example.org'],
    ['in upper case', 'ANN=Example.ORG', 'ann@example.org'],
    ['with an equals sign of its own', 'a=b=example.org', 'a=b@example.org'],
    ['with a plus tag', 'ann+x=example.org', 'ann+x@example.org'],
  ])('of classic VERP names its address: %s', (_, tag, address) => {
    expect(tied(`bounces+${tag}@example.com`)).toMatchObject({ token: tag, address, signed: false });
  });

  it.each(['ann', '=example.org', 'ann=', 'a=b..c', 'ann=exa_mple.org-abcdefghij234567'])(
    'that is no address names none: %s',
    (tag) => {
      expect(tied(`bounces+${tag}@example.com`)).toMatchObject({ address: null, signed: false });
    },
  );

  it("of the owner's own is kept as it stands", () => {
    expect(tied('bounces+C7-Xyz.42@example.com', TOKEN)).toMatchObject({
      token: 'C7-Xyz.42',
      address: null,
      signed: false,
    });
  });

  it('and a signed one may share a pattern', () => {
    const both = rules('bounces+{address}@example.com', 'bounces+{token}@example.com');
    expect(tied('bounces+ann=example.org@example.com', both)).toMatchObject({
      address: 'ann@example.org',
      signed: false,
    });
    expect(tied(`bounces+${tagOf('ann@example.org')}@example.com`, both)).toMatchObject({
      address: 'ann@example.org',
      signed: true,
    });
    const forged = `bounces+ann=example.org-${'a'.repeat(16)}@example.com`;
    expect(tied(forged, both)).toMatchObject({ address: null, signed: false });
  });
});

describe('a sender to send with', () => {
  it('is the pattern with its tag', () => {
    expect(signSender(pattern('Bounces+{token}@EXAMPLE.com'), SECRET, { address: 'ann@example.org' })).toBe(
      `bounces+${tagOf('ann@example.org')}@example.com`,
    );
  });
  it('is refused where its local part gets too long, and for a pattern without a signed tag', () => {
    const address = `${'a'.repeat(30)}@example.org`;
    expect(tagOf(address)).toHaveLength(59);
    expect(() => signSender(pattern('bounces+{token}@example.com'), SECRET, { address })).toThrow(
      /67 of at most 64 octets; give an id/,
    );
    expect(() => signSender(pattern('bounces+{address}@example.com'), SECRET, { address })).toThrow(/\{token\}/);
  });
});

describe('fields of the returned message', () => {
  it('are those that are named, in any case', () => {
    const reading = bounce({
      original: [
        ['x-campaign-id', 'spring'],
        ['x-user', '7'],
        ['__proto__', 'x'],
        ['subject', 's'],
      ],
    });
    const found = correlate(reading, { ...TOKEN, headers: ['X-Campaign-ID', '__proto__', 'X-None'] }).originalHeaders;
    expect(Object.entries(found)).toEqual([
      ['x-campaign-id', 'spring'],
      ['__proto__', 'x'],
    ]);
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
  });
});

describe('hostile mail', () => {
  const signedFor = 'ann@example.org';
  const pieces = fc.constantFrom(
    ...[
      'bounces+',
      '@example.com',
      tagOf(signedFor),
      tagOf(signedFor, 'u1'),
      'ann=example.org',
      'victim@example.net',
      '<',
      '>',
      ' ',
      ',',
      '=',
      '-',
      'a',
      '"',
      '@',
      'ü',
      '\u212a',
    ],
  );
  const text = fc.array(pieces, { maxLength: 8 }).map((list) => list.join(''));

  it('is never signed for an address that no tag was made for', () => {
    const many = {
      ...rules('bounces+{token}@example.com', '{token}@example.com', 'bounces+{address}@example.com'),
      headers: ['to'],
    };
    fc.assert(
      fc.property(text, text, fc.array(text), text, (delivered, to, recipients, path) => {
        const header = [`Delivered-To: ${delivered}`, `To: ${to}`];
        const reading = bounce({
          header,
          recipients,
          original: [
            ['return-path', path],
            ['to', to],
          ],
        });
        const { address, signed } = correlate(reading, many);
        if (signed) expect(address).toBe(signedFor);
      }),
      { numRuns: 2000 },
    );
  });

  it('costs bounded time', () => {
    const forged = Array.from({ length: 100 }, (_, n) => `bounces+u${n}-${'a'.repeat(16)}@example.com`);
    const reading = {
      ...bounce({
        header: [
          `To: ${forged.join(', ')}`,
          ...Array.from({ length: 490 }, (_, n) => `Delivered-To: bounces+${n}-${'b'.repeat(16)}@example.com`),
        ],
        recipients: Array.from({ length: 1000 }, (_, n) => `u${n}@example.net`),
        original: [['to', '<'.repeat(500)]],
      }),
    };
    const started = performance.now();
    correlate(reading, {
      ...TOKEN,
      patterns: Array.from({ length: 20 }, () => pattern('bounces+{token}@example.com')),
    });
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('costs nothing where no pattern is configured', () => {
    expect(correlate(bounce({ header: ['To: bounces+x@example.com'] }), rules())).toEqual({
      ...{ token: null, address: null, signed: false, originalHeaders: {} },
    });
  });
});
