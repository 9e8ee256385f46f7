// A tag proves the address it was made for, in any case, under any of the secrets, and no other address; what was not signed proves nothing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressIdentity } from '../../src/mail/identity.ts';
import { checkSecrets, MAX_LOCAL, MIN_SECRET, signTag, verifyTag } from '../../src/mail/verp.ts';

const SECRET = 'correct horse battery staple';
const OTHER = 'another secret, twice as long as it need be';

/** RFC 5322 3.2.3. */
const DOT_ATOM = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

const localPart = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."abz09.-_+=!#$%&'*/?^`{|}~"), minLength: 1, maxLength: 14 }),
  fc.string({ unit: fc.constantFrom(...'aü.δ例-='), minLength: 1, maxLength: 5 }),
  fc
    .string({ unit: fc.constantFrom(...'a @<>"\\,;'), minLength: 1, maxLength: 6 })
    .map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`),
);
const domain = fc.constantFrom(
  'example.org',
  'EXAMPLE.org',
  'a-b.example',
  'x_1.example',
  'bücher.example',
  '[192.0.2.1]',
  'localhost',
);
const address = fc.tuple(localPart, domain).map((both) => both.join('@'));

function tagOrNull(signed: { address: string; id?: string }, secret = SECRET): string | null {
  try {
    return signTag(secret, signed);
  } catch (error) {
    if (error instanceof Error && /octets/.test(error.message)) return null;
    throw error;
  }
}

describe('a tag with its address', () => {
  it('looks like classic VERP with a MAC behind it', () => {
    expect(signTag(SECRET, { address: 'Ann.Lee@Example.ORG' })).toMatch(/^ann\.lee=example\.org-[a-z2-7]{16}$/);
  });

  // Computed with Python's hmac and base64.b32encode.
  it('stays what it is: mail that is on its way comes back to it', () => {
    expect(signTag(SECRET, { address: 'ann@example.org' })).toBe('ann=example.org-udn5kjaboi7hhlba');
    expect(signTag(SECRET, { address: 'ann@example.org', id: 'c7.u42' })).toBe('c7.u42-lkztynrdyh5kgc5w');
  });

  it.each([
    ['a plus tag', 'ann+news@example.org', 'ann_2bnews=example.org'],
    ['a hyphen', 'ann-lee@example.org', 'ann-lee=example.org'],
    ['a hyphen in front', '-ann-@example.org', '_2dann-=example.org'],
    ['an equals sign', 'a=b@example.org', 'a_3db=example.org'],
    ['an underscore', 'a_2b@example.org', 'a_5f2b=example.org'],
    ['dots that no atom has', '.a..b.@example.org', '_2ea_2e_2eb_2e=example.org'],
    ['quotes', '"a b"@example.org', '_22a_20b_22=example.org'],
    ['UTF-8', 'ü@bücher.example', '_c3_bc=xn--bcher-kva.example'],
    ['an address literal', 'a@[192.0.2.1]', 'a=_5b192.0.2.1_5d'],
  ])('escapes what a server could misread: %s', (_, given, start) => {
    const tag = signTag(SECRET, { address: given });
    expect(tag.slice(0, -17)).toBe(start);
    expect(verifyTag(SECRET, tag, [])).toEqual({ address: addressIdentity(given) });
  });

  it('proves its address, whatever that is, in any case, and is a local part', () => {
    let proven = 0;
    fc.assert(
      fc.property(address, fc.infiniteStream(fc.boolean()), (given, coin) => {
        const identity = addressIdentity(given);
        fc.pre(identity !== null);
        const tag = tagOrNull({ address: given });
        if (tag === null) return;
        proven += 1;
        expect(tag).toMatch(DOT_ATOM);
        expect(tag.length).toBeLessThanOrEqual(MAX_LOCAL);
        const mangled = [...tag].map((char) => (coin.next().value ? char.toUpperCase() : char)).join('');
        expect(verifyTag(SECRET, mangled, [])).toEqual({ address: identity });
        expect(verifyTag(OTHER, tag, [identity ?? ''])).toBeNull();
      }),
      { numRuns: 2000 },
    );
    expect(proven).toBeGreaterThan(500);
  });

  it('differs for two addresses', () => {
    fc.assert(
      fc.property(address, address, (one, two) => {
        const [first, second] = [addressIdentity(one), addressIdentity(two)];
        fc.pre(first !== null && second !== null && first !== second);
        const tag = tagOrNull({ address: one });
        fc.pre(tag !== null);
        expect(tagOrNull({ address: two })).not.toBe(tag);
        expect(verifyTag(SECRET, tag ?? '', [two])).toEqual({ address: first });
      }),
    );
  });

  it('proves nothing once a character of it is another', () => {
    const tag = signTag(SECRET, { address: 'ann@example.org' });
    fc.assert(
      fc.property(fc.nat({ max: tag.length - 1 }), fc.constantFrom(...'abcxyz279=-._+'), (at, char) => {
        fc.pre(tag[at] !== char);
        expect(verifyTag(SECRET, tag.slice(0, at) + char + tag.slice(at + 1), ['ann@example.org'])).toBeNull();
      }),
    );
  });

  it('cannot be given to another address', () => {
    const mac = signTag(SECRET, { address: 'mallory@example.net' }).slice(-16);
    for (const forged of [
      `ann=example.org-${mac}`,
      `mallory=example.net-x-${mac}`,
      `x-${mac}`,
      `ann-${mac}`,
      `-${mac}`,
      mac,
    ])
      expect(verifyTag(SECRET, forged, ['ann@example.org', 'mallory@example.net'])).toBeNull();
  });

  it('has one spelling: escapes that need not be are not taken', () => {
    const mac = signTag(SECRET, { address: 'ann@example.org' }).slice(-16);
    expect(verifyTag(SECRET, `ann=example.org-${mac}`, [])).not.toBeNull();
    for (const other of ['_61nn=example.org', 'ann=example_2eorg', '_61_6e_6e=example.org'])
      expect(verifyTag(SECRET, `${other}-${mac}`, [])).toBeNull();
  });
});

describe('a tag with an id', () => {
  it('proves the one of the reported addresses that it was made for', () => {
    const tag = signTag(SECRET, { address: 'Ann@example.org', id: 'u42' });
    expect(tag).toMatch(/^u42-[a-z2-7]{16}$/);
    expect(verifyTag(SECRET, tag.toUpperCase(), ['x', 'bob@example.org', 'ANN@example.org'])).toEqual({
      address: 'ann@example.org',
    });
  });

  it('proves no other address', () => {
    const id = fc.stringMatching(/^[a-z0-9_-]{1,10}(\.[a-z0-9_-]{1,10})?$/);
    fc.assert(
      fc.property(id, fc.emailAddress(), fc.array(fc.emailAddress()), (given, own, others) => {
        const tag = signTag(SECRET, { address: own, id: given });
        const foreign = others.filter((each) => addressIdentity(each) !== addressIdentity(own));
        expect(verifyTag(SECRET, tag, foreign)).toBeNull();
        expect(verifyTag(SECRET, tag, [])).toBeNull();
        expect(verifyTag(SECRET, tag, [...foreign, own])).toEqual({ address: addressIdentity(own) });
      }),
    );
  });

  it('does not prove another id', () => {
    const mac = signTag(SECRET, { address: 'ann@example.org', id: 'u42' }).slice(-16);
    expect(verifyTag(SECRET, `u43-${mac}`, ['ann@example.org'])).toBeNull();
  });

  it('stands for an address that is too long itself', () => {
    const long = `${'a'.repeat(60)}@example.org`;
    expect(() => signTag(SECRET, { address: long })).toThrow(/89 of at most 64 octets; give an id/);
    expect(verifyTag(SECRET, signTag(SECRET, { address: long, id: '7' }), [long])).toEqual({ address: long });
  });

  it.each(['', 'A', 'a b', 'a=b', 'a+b', '.a', 'a.', 'a..b', 'ü', 'a@b', 'a\n'])('is refused: %j', (id) => {
    expect(() => signTag(SECRET, { address: 'ann@example.org', id })).toThrow(/an id is made of/);
  });

  it('is refused when it is too long', () => {
    expect(() => signTag(SECRET, { address: 'ann@example.org', id: 'a'.repeat(60) })).toThrow(/take a shorter id/);
  });
});

describe('secrets', () => {
  it('rotate: the first signs, all verify', () => {
    const old = signTag(OTHER, { address: 'ann@example.org' });
    const tag = signTag([SECRET, OTHER], { address: 'ann@example.org' });
    expect(tag).toBe(signTag(SECRET, { address: 'ann@example.org' }));
    expect(verifyTag([SECRET, OTHER], old, [])).toEqual({ address: 'ann@example.org' });
    expect(verifyTag([SECRET], old, [])).toBeNull();
    expect(verifyTag([], old, [])).toBeNull();
  });

  it('are the same as text and as octets', () => {
    expect(signTag(Buffer.from(SECRET), { address: 'a@b.org' })).toBe(signTag(SECRET, { address: 'a@b.org' }));
  });

  it.each([
    ['one that could be guessed', 'x'.repeat(MIN_SECRET - 1)],
    ['an empty one', ''],
    ['a short one behind a good one', [SECRET, 'short']],
    ['too many', Array.from({ length: 11 }, () => SECRET)],
  ])('are refused without being shown: %s', (_, secret) => {
    expect(() => checkSecrets(secret)).toThrow(/secrets? for tags/);
    expect(() => checkSecrets(secret)).not.toThrow(/short|xxx/);
    expect(() => signTag(secret, { address: 'a@b.org' })).toThrow();
    expect(() => verifyTag(secret, 'a', [])).toThrow();
  });

  it('and addresses are needed to sign', () => {
    expect(() => signTag([], { address: 'ann@example.org' })).toThrow(/no secret/);
    expect(() => signTag(SECRET, { address: 'ann' })).toThrow(/not an e-mail address/);
  });
});

describe('any text as a tag', () => {
  it('proves nothing and does no harm', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: fc.constantFrom(...'a2=-_.\u212a'), maxLength: 70 }),
      fc.string({ unit: fc.constantFrom(...'a2=-_.'), maxLength: 40 }).map((text) => `${text}-abcdefghij234567`),
    );
    fc.assert(
      fc.property(hostile, (tag) => {
        expect(verifyTag(SECRET, tag, ['ann@example.org'])).toBeNull();
      }),
      { numRuns: 3000 },
    );
  });

  it('is bounded in time, however many candidates there are', () => {
    const many = Array.from({ length: 100_000 }, (_, n) => `u${n}@example.org`);
    const tag = signTag(SECRET, { address: 'u99999@example.org', id: '1' });
    const started = performance.now();
    for (let n = 0; n < 20; n += 1)
      expect(
        verifyTag(
          Array.from({ length: 10 }, () => OTHER),
          tag,
          many,
        ),
      ).toBeNull();
    verifyTag(SECRET, '-'.repeat(10_000_000), []);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
