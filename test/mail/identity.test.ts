// Two addresses are one only by case and by the spelling of the domain; what is no address has no identity, whatever it is.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressIdentity, domainIdentity, MAX_IDENTITY_OCTETS } from '../../src/mail/identity.ts';

const same: readonly (readonly [reason: string, text: string, identity: string])[] = [
  ['lower case', 'Ann.Lee@Example.ORG', 'ann.lee@example.org'],
  ['a U-label', 'ann@BÜCHER.example', 'ann@xn--bcher-kva.example'],
  ['an A-label', 'ann@XN--BCHER-KVA.example', 'ann@xn--bcher-kva.example'],
  ['an ideographic full stop', 'ann@例え。テスト', 'ann@xn--r8jz45g.xn--zckzah'],
  ['a local part in UTF-8', 'ΔΟΚΙΜΉ@παράδειγμα.example', 'δοκιμή@xn--hxajbheg2az3al.example'],
  ['a plus tag stays', 'ann+News@example.org', 'ann+news@example.org'],
  ['dots stay', 'a.n.n@gmail.com', 'a.n.n@gmail.com'],
  ['two dots of a Japanese carrier', 'a..b.@docomo.example', 'a..b.@docomo.example'],
  ['a quoted local part', '"Ann Lee"@example.org', '"ann lee"@example.org'],
  ['an @ inside of quotes', '"a@b"@example.org', '"a@b"@example.org'],
  ['an address literal', 'ann@[IPv6:2001:DB8::1]', 'ann@[ipv6:2001:db8::1]'],
  ['no dot', 'root@localhost', 'root@localhost'],
  ['an underscore in a host name', 'a@mail_1.example.org', 'a@mail_1.example.org'],
  ['the characters that atoms have', "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"],
];

const none: readonly (readonly [reason: string, text: string])[] = [
  ['nothing', ''],
  ['no @', 'ann'],
  ['no local part', '@example.org'],
  ['no domain', 'ann@'],
  ['angle brackets', '<ann@example.org>'],
  ['a blank before', ' ann@example.org'],
  ['a blank inside', 'ann lee@example.org'],
  ['a line break at the end', 'ann@example.org\n'],
  ['a line break in the local part', 'ann\r\nrcpt@example.org'],
  ['NUL', 'a\0nn@example.org'],
  ['two @', 'a@b@example.org'],
  ['an open quote', '"ann@example.org'],
  ['a quote inside of quotes', '"a"b"@example.org'],
  ['empty quotes', '""@example.org'],
  ['a path behind the domain', 'ann@example.org/x'],
  ['a port behind the domain', 'ann@example.org:25'],
  ['a query behind a U-label', 'ann@bücher.example?x'],
  ['a percent-encoded U-label', 'ann@%62ücher.example'],
  ['a fullwidth slash', 'ann@example.org／ü'],
  ['an IP address without brackets', 'ann@192.0.2.1'],
  ['fullwidth digits that are an IP address', 'ann@１９２.0.2.1'],
  ['an empty label', 'ann@example..org'],
  ['a dot at the end', 'ann@example.org.'],
  ['a label of 64', `ann@${'a'.repeat(64)}.org`],
  ['a lone surrogate', 'a\ud800@example.org'],
  ['a no-break space', 'a\u00a0b@example.org'],
  ['too long', `${'a'.repeat(400)}@example.org`],
  ['too long in octets', `${'ü'.repeat(160)}@example.org`],
];

describe('the identity of an address', () => {
  it.each(same)('is by case and A-labels: %s', (_, text, identity) => {
    expect(addressIdentity(text)).toBe(identity);
  });

  it.each(none)('is null: %s', (_, text) => {
    expect(addressIdentity(text)).toBeNull();
  });

  it('is the identity of itself, bounded, and one line', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 20 }))
        .map((both) => both.join('@')),
      fc.tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.domain()).map((both) => both.join('@')),
      fc.emailAddress(),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const identity = addressIdentity(text);
        if (identity === null) return;
        expect(addressIdentity(identity)).toBe(identity);
        expect(Buffer.byteLength(identity)).toBeLessThanOrEqual(MAX_IDENTITY_OCTETS);
        expect(identity).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
      { numRuns: 3000 },
    );
  });

  it('is there for every ordinary address, and the same in any case', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        expect(addressIdentity(address.toUpperCase())).toBe(address.toLowerCase());
      }),
    );
  });

  it('is told in linear time', () => {
    const started = performance.now();
    for (const piece of ['"', '\\', '.', '@', 'ü', 'a.', '\\"', '[']) {
      addressIdentity(`${piece.repeat(100_000)}@example.org`);
      addressIdentity(`"${piece.repeat(150)}`);
      addressIdentity(`a@${piece.repeat(150)}`);
      domainIdentity(piece.repeat(100_000));
    }
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
