// Address lists as they are written in the wild.
import { describe, expect, it } from 'vitest';
import { formatAddress, MAX_ADDRESSES, parseAddresses } from '../../src/mail/address.ts';

describe('parseAddresses', () => {
  const cases: { why: string; text: string; addresses: string[] }[] = [
    { why: 'nothing', text: ' , ;', addresses: [] },
    { why: 'a bare address', text: 'ann@example.org', addresses: ['ann@example.org'] },
    {
      why: 'a name in quotes with a comma',
      text: '"Doe, John" <j@example.org>, k@example.org',
      addresses: ['Doe, John <j@example.org>', 'k@example.org'],
    },
    { why: 'quoted pairs', text: '"A \\"B\\" C" <a@example.org>', addresses: ['A "B" C <a@example.org>'] },
    {
      why: 'a name in a comment',
      text: 'j@example.org (John (Jack) Doe)',
      addresses: ['John (Jack) Doe <j@example.org>'],
    },
    {
      why: 'a comma in a comment',
      text: 'j@example.org (Doe, John), k@example.org',
      addresses: ['Doe, John <j@example.org>', 'k@example.org'],
    },
    {
      why: 'a group',
      text: 'Friends: a@x.org, B <b@x.org>; c@x.org',
      addresses: ['a@x.org', 'B <b@x.org>', 'c@x.org'],
    },
    { why: 'an empty group', text: 'undisclosed-recipients:;', addresses: [] },
    { why: 'no angle brackets', text: 'John Doe j@example.org', addresses: ['John Doe <j@example.org>'] },
    { why: 'an angle bracket that never closes', text: 'John <j@example.org', addresses: ['John <j@example.org>'] },
    {
      why: 'a quote that never closes',
      text: '"John <j@example.org>, k@example.org',
      addresses: ['John <j@example.org>', 'k@example.org'],
    },
    { why: 'a comment that never closes', text: '(John <j@example.org>', addresses: ['John <j@example.org>'] },
    { why: 'doubled angle brackets', text: '<<j@example.org>>', addresses: ['j@example.org'] },
    { why: 'a source route', text: '<@a.org,@b.org:j@example.org>', addresses: ['j@example.org'] },
    {
      why: 'encoded words',
      text: '=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_Gro=C3=9F?= <j@example.org>',
      addresses: ['Jürgen Groß <j@example.org>'],
    },
    {
      why: 'an encoded word that holds a comma',
      text: '=?utf-8?Q?Doe,_John?= <j@example.org>',
      addresses: ['Doe, John <j@example.org>'],
    },
    {
      why: 'encoded words in quotes',
      text: '"=?utf-8?B?SsO8cmdlbg==?=" <j@example.org>',
      addresses: ['Jürgen <j@example.org>'],
    },
    { why: 'a quoted local part', text: '"john doe"@example.org', addresses: ['"john doe"@example.org'] },
    { why: 'a quoted local part in brackets', text: '<"john doe"@example.org>', addresses: ['"john doe"@example.org'] },
    { why: 'semicolons for commas', text: 'a@x.org; b@x.org', addresses: ['a@x.org', 'b@x.org'] },
    { why: 'a local name', text: 'root', addresses: ['root'] },
    { why: 'a name without an address', text: 'Mail Delivery System', addresses: ['Mail Delivery System'] },
    { why: 'a name with empty brackets', text: 'Mail Delivery System <>', addresses: ['Mail Delivery System'] },
    { why: 'a domain literal with a colon', text: 'a@[IPv6:2001:db8::1]', addresses: ['a@[IPv6:2001:db8::1]'] },
    { why: 'blanks inside the brackets', text: 'A < a @ x.org >', addresses: ['A <a@x.org>'] },
    {
      why: 'a VERP address',
      text: '<bounce+ann=example.org@lists.example.net>',
      addresses: ['bounce+ann=example.org@lists.example.net'],
    },
  ];
  it.each(cases)('reads $why', ({ text, addresses }) => {
    expect(parseAddresses(text).map(formatAddress)).toEqual(addresses);
  });

  it('keeps 100 addresses', () => {
    expect(parseAddresses('a@x.org,'.repeat(500))).toHaveLength(MAX_ADDRESSES);
  });
});
