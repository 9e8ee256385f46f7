// Cases about routes, addresses and options: names without hosts, silent hosts, loops, aliases, several recipients, DSN parameters of
// RFC 3461, addresses of RFC 6531, and reports of success.

import { type Case, type Recipient, refused, taken, unreached } from './case.ts';

const LONG = 'a.very.long.local.part.of.exactly.sixty-four.octets.as.rfc5321.s';
const ESMTP: readonly string[] = ['postfix', 'exim', 'sendmail', 'opensmtpd'];
const UNKNOWN = '550 5.1.1 User unknown';

function unknown(to: string, more: Partial<Recipient> = {}): Recipient {
  return { ...refused(to, 'rcpt', UNKNOWN, 'address-unknown'), ...more };
}

function one(name: string, to: Recipient, more: Partial<Case> = {}): Case {
  return { name, to: [to], run: 'stays', ...more };
}

export const routes: readonly Case[] = [
  // ---- names and hosts (zones in names.ts)
  one('no-such-domain', unreached('kim@nowhere.example.net', 'failed', 'domain-unknown'), { only: [...ESMTP, 'dma'] }),
  one('domain-without-host', unreached('kim@empty.example.net', 'failed', 'domain-unknown'), {
    only: ['postfix', 'exim'],
  }),
  one('null-mx', unreached('kim@nullmx.example.net', 'failed', 'domain-unknown'), {
    only: ['postfix', 'exim', 'sendmail'],
  }),
  one('loop', unreached('kim@loop.example.net', 'failed', 'network'), { only: ['postfix', 'exim', 'sendmail'] }),
  one('connection-refused', unreached('kim@closed.example.net', 'delayed', 'network'), {
    only: ['postfix', 'opensmtpd'],
  }),
  one('no-answer-delayed', unreached('kim@silent.example.net', 'delayed', 'network'), { only: ['exim'] }),
  one(
    'name-server-fails',
    { ...unreached('kim@servfail.example.net', 'failed', 'network'), notify: 'FAILURE' },
    { run: 'gives-up', only: ['postfix', 'sendmail'] },
  ),
  one(
    'no-answer-gave-up',
    { ...unreached('kim@silent.example.net', 'failed', 'network'), notify: 'FAILURE' },
    { run: 'gives-up', only: ['postfix', 'exim'] },
  ),
  one(
    'refused-gave-up',
    { ...unreached('kim@closed.example.net', 'failed', 'network'), notify: 'FAILURE' },
    { run: 'gives-up', only: ['sendmail'] },
  ),
  // ---- addresses
  one('long-local-part', unknown(`${LONG}@shop.example.com`), { only: ['postfix', 'exim', 'sendmail'] }),
  one('quoted-local-part', unknown('"john doe"@shop.example.com'), { only: ['postfix', 'exim', 'sendmail'] }),
  one('odd-local-part', unknown("o'neil+tag=1/x%y@shop.example.com"), { only: ['exim', 'opensmtpd'] }),
  one('address-literal', unknown('root@[198.51.100.200]'), { only: ['postfix'] }),
  one('capitals', unknown('Kim.LEE@Shop.Example.COM'), { only: ['postfix'] }),
  one('utf8-address', unknown('h\u00e5kan@utf8.example.net'), { only: ['postfix', 'exim'], utf8: true }),
  one(
    'utf8-domain',
    unknown(
      '\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae@\u03c0\u03b1\u03c1\u03ac\u03b4\u03b5\u03b9\u03b3\u03bc\u03b1.example',
    ),
    { only: ['postfix'], utf8: true },
  ),
  one(
    'utf8-not-offered',
    { ...unreached('j\u00f6rg@plain.example.com', 'failed'), stage: 'network' },
    { only: ['postfix'], utf8: true },
  ),
  // ---- aliases
  one('alias', unknown('gone@shop.example.com', { to: 'staff@mail.example.org', final: 'gone@shop.example.com' }), {
    only: ['postfix', 'exim', 'sendmail', 'opensmtpd'],
  }),
  one(
    'alias-full',
    {
      ...refused('stuffed@shop.example.com', 'rcpt', '552 5.2.2 Over quota', 'mailbox-full'),
      to: 'team@mail.example.org',
      final: 'stuffed@shop.example.com',
      original: 'team@lists.example.org',
    },
    { only: ['postfix', 'sendmail'] },
  ),
  one(
    'local-pipe-unknown',
    { ...unreached('oldscript@mail.example.org', 'failed', 'address-unknown') },
    { only: ['postfix', 'exim', 'sendmail'] },
  ),
  one('local-unknown', unreached('nobody.here@mail.example.org', 'failed', 'address-unknown'), { only: ['postfix'] }),
  // ---- several recipients
  {
    name: 'mixed',
    run: 'stays',
    only: ESMTP,
    to: [
      unknown('one@shop.example.com'),
      taken('two@shop.example.com', 'FAILURE', null),
      refused('three@shop.example.com', 'rcpt', '552 5.2.2 Mailbox full', 'mailbox-full'),
      unreached('four@nowhere.example.net', 'failed', 'domain-unknown'),
    ],
  },
  {
    name: 'mixed-hosts',
    run: 'stays',
    only: ['postfix', 'exim', 'sendmail', 'opensmtpd'],
    to: [
      unknown('five@shop.example.com'),
      refused('six@filter.example.com', 'end', '554 5.7.1 This message looks like spam', 'spam-content'),
      refused('seven@mailhost.example.net', 'rcpt', '550 5.2.1 Account disabled', 'mailbox-disabled'),
      refused(
        'eight@tenant.example.com',
        'rcpt',
        '550 5.7.1 Not authorized: this recipient takes no mail from outside the organization',
        'policy',
      ),
      taken('nine@relay.example.net', 'FAILURE', null),
    ],
  },
  {
    name: 'mixed-actions',
    run: 'stays',
    only: ['postfix', 'sendmail', 'exim'],
    to: [
      unknown('ten@shop.example.com', { notify: 'SUCCESS,FAILURE' }),
      taken('eleven@shop.example.com', 'SUCCESS,FAILURE', 'relayed'),
    ],
  },
  // ---- RFC 3461
  one(
    'envid-orcpt',
    unknown('gone@shop.example.com', { notify: 'FAILURE', original: 'Customer+7@lists.example.org' }),
    { envid: 'QQ 314+159=265', only: ['postfix', 'exim', 'sendmail'], ret: 'HDRS' },
  ),
  one('ret-full', unknown('fuller@shop.example.com', { notify: 'FAILURE' }), {
    ret: 'FULL',
    kilobytes: 1,
    only: ['exim'],
  }),
  one('ret-headers', unknown('header@shop.example.com', { notify: 'FAILURE,DELAY' }), {
    ret: 'HDRS',
    kilobytes: 1,
    only: ['postfix'],
  }),
  one(
    'notify-delay',
    {
      ...refused('later@shop.example.com', 'rcpt', '450 4.2.0 Mailbox is locked by another process', 'remote-system'),
      notify: 'DELAY',
      category: undefined,
    },
    { envid: 'delay-1', only: ['postfix', 'sendmail'] },
  ),
  one('success-relayed', taken('happy@shop.example.com', 'SUCCESS', 'relayed'), {
    envid: 'success-1',
    only: ['postfix', 'exim', 'sendmail', 'opensmtpd'],
  }),
  one(
    'success-delivered',
    { ...taken('keeper@mail.example.org', 'SUCCESS', 'delivered') },
    { only: ['exim', 'opensmtpd'] },
  ),
  one('success-expanded', { ...taken('everyone@mail.example.org', 'SUCCESS', 'expanded') }, { only: ['postfix'] }),
  // ---- the returned message
  one('folded-message-id', unknown('fold@shop.example.com'), {
    messageId: 'Message-ID:\r\n <folded.2026@news.example.org>',
    only: ['exim', 'dma'],
  }),
];
