// Cases in which the next server refuses. The texts are ours, in the manner of the servers that use such codes.

import { type Case, refused } from './case.ts';

const FEW: readonly string[] = ['postfix', 'exim'];
const ESMTP: readonly string[] = ['postfix', 'exim', 'sendmail', 'opensmtpd'];
/** Those that look for the hosts of a domain themselves. */
const DIRECT: readonly string[] = [...ESMTP, 'dma'];

function once(name: string, to: Case['to'][number], more: Partial<Case> = {}): Case {
  return { name, to: [to], run: 'stays', ...more };
}

/** A temporary refusal until the server gives up. */
function givenUp(name: string, to: Case['to'][number], more: Partial<Case> = {}): Case {
  return { name, to: [{ ...to, action: 'failed', notify: 'FAILURE' }], run: 'gives-up', ...more };
}

const FULL = '452 4.2.2 The mailbox of this account is over quota, please try again later';

export const refusals: readonly Case[] = [
  // ---- the address
  once(
    'unknown-user',
    refused(
      'kim.lee@shop.example.com',
      'rcpt',
      '550 5.1.1 <kim.lee@shop.example.com>: Recipient address rejected: User unknown in virtual mailbox table',
      'address-unknown',
    ),
  ),
  once('unknown-user-no-code', refused('pat@shop.example.com', 'rcpt', '550 No such user here', 'address-unknown')),
  once(
    'unknown-user-many-lines',
    refused(
      'sam.ro@mailhost.example.net',
      'rcpt',
      [
        '550-5.1.1 The account that you tried to reach does not exist. Please check',
        "550-5.1.1 the recipient's address for typing errors or unnecessary spaces.",
        '550 5.1.1 See https://support.example.net/?p=NoSuchUser for more',
      ],
      'address-unknown',
    ),
    { only: DIRECT },
  ),
  once(
    'unknown-user-policy-code',
    refused(
      'old.hand@firm.example',
      'rcpt',
      '554 5.7.1 <old.hand@firm.example>: recipient does not exist here',
      'address-unknown',
    ),
    { only: ['exim'] },
  ),
  once(
    'unknown-user-utf8-text',
    refused(
      'erika@firma.example',
      'rcpt',
      '550 5.1.1 Empf\u00e4nger unbekannt (user unknown): erika@firma.example',
      'address-unknown',
    ),
    { only: ['postfix', 'exim', 'dma'] },
  ),
  once(
    'unknown-user-10',
    refused(
      'ann.o@tenant.example.com',
      'rcpt',
      '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
      'address-unknown',
    ),
    { only: ['postfix'] },
  ),
  once(
    'unknown-user-at-end',
    refused(
      'late.bird@relay.example.net',
      'end',
      '550 5.1.1 <late.bird@relay.example.net> no mailbox here by that name',
      'address-unknown',
    ),
    { only: ['exim'] },
  ),
  once(
    'moved',
    refused(
      'mover@shop.example.com',
      'rcpt',
      '551 5.1.6 User has moved; please try <mover@new.example.com>',
      'address-moved',
    ),
    {
      only: ['postfix', 'sendmail'],
    },
  ),
  once(
    'disabled',
    refused(
      'ex.colleague@shop.example.com',
      'rcpt',
      '550 5.2.1 The account that you tried to reach is disabled',
      'mailbox-disabled',
    ),
    { only: ['postfix', 'exim', 'opensmtpd', 'dma', 'nullmailer'] },
  ),
  once(
    'domain-not-here',
    refused(
      'info@parked.example.net',
      'rcpt',
      '550 5.1.2 Domain parked.example.net does not exist on this server: bad destination system address',
      'domain-unknown',
    ),
    { only: ['exim'] },
  ),
  // ---- the mailbox
  once(
    'full',
    refused(
      'hoarder@shop.example.com',
      'rcpt',
      '552 5.2.2 <hoarder@shop.example.com>: Mailbox is full / quota exceeded',
      'mailbox-full',
    ),
  ),
  once(
    'full-no-code',
    refused(
      'packrat@shop.example.com',
      'end',
      '552 Requested mail action aborted: exceeded storage allocation, mailbox full',
      'mailbox-full',
    ),
    { only: ['exim', 'opensmtpd'] },
  ),
  once('full-delayed', refused('slowly@shop.example.com', 'rcpt', FULL, 'mailbox-full'), {
    only: ['postfix', 'exim', 'sendmail', 'opensmtpd'],
  }),
  givenUp('full-gave-up', refused('never@shop.example.com', 'rcpt', FULL, 'mailbox-full'), { only: ESMTP }),
  // ---- the sender
  once(
    'blocked',
    refused(
      'desk@blocks.example.com',
      'banner',
      '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example.net',
      'sender-reputation',
    ),
    { only: DIRECT },
  ),
  once(
    'no-reverse-name',
    refused(
      'desk@ptr.example.com',
      'mail',
      '550 5.7.25 The IP address sending this message does not have a PTR record',
      'sender-reputation',
    ),
    { only: ['exim'] },
  ),
  once(
    'spf',
    refused(
      'desk@spf.example.com',
      'mail',
      '550 5.7.23 The message was rejected because of Sender Policy Framework violation',
      'auth-failure',
    ),
    { only: ['postfix', 'sendmail'] },
  ),
  once(
    'dmarc',
    refused(
      'desk@dmarc.example.com',
      'end',
      [
        '550-5.7.26 Unauthenticated email from news.example.org is not accepted due to',
        "550-5.7.26 domain's DMARC policy. Please contact the administrator of",
        '550 5.7.26 news.example.org domain if this was a legitimate mail.',
      ],
      'auth-failure',
    ),
    { only: ['postfix', 'opensmtpd'] },
  ),
  once(
    'sender-domain',
    refused(
      'desk@strict.example.com',
      'mail',
      '553 5.1.8 <bounces@news.example.org>: Sender address rejected: Domain not found',
      'policy',
    ),
    { only: ['exim'] },
  ),
  once(
    'relay-denied',
    refused(
      'who@elsewhere.example.net',
      'rcpt',
      '554 5.7.1 <who@elsewhere.example.net>: Relay access denied',
      'policy',
    ),
    { only: ['postfix', 'sendmail', 'dma'] },
  ),
  // ---- the message
  once(
    'spam',
    refused(
      'prim@filter.example.com',
      'end',
      '550 5.7.1 Message rejected as spam by content filtering',
      'spam-content',
    ),
    { only: ['postfix', 'exim', 'sendmail', 'dma'] },
  ),
  once(
    'virus',
    refused(
      'clean@filter.example.com',
      'end',
      '554 5.7.1 virus found in message: Eicar-Test-Signature',
      'content-rejected',
    ),
    { only: ['exim'] },
  ),
  once(
    'local-policy',
    refused(
      'rules@filter.example.com',
      'end',
      '550 5.7.0 Administrative prohibition: message refused by our local policy',
      'policy',
    ),
    { only: ['sendmail', 'opensmtpd'] },
  ),
  once(
    'too-large',
    refused('small@shop.example.com', 'end', '552 5.3.4 Message size exceeds fixed limit', 'message-too-large'),
    { only: ['exim', 'sendmail', 'opensmtpd', 'nullmailer'] },
  ),
  once(
    'too-large-declared',
    { ...refused('tiny@narrow.example.com', 'network', [], 'message-too-large'), action: 'failed' },
    {
      only: ['postfix'],
      kilobytes: 6,
    },
  ),
  // ---- the other server
  once(
    'transaction-failed',
    refused(
      'ops@broken.example.com',
      'data',
      '554 5.3.0 Error: internal server error, transaction failed',
      'remote-system',
    ),
    { only: FEW },
  ),
  once(
    'disk-full',
    refused('ops@storage.example.com', 'mail', '452 4.3.1 Insufficient system storage', 'remote-system'),
    {
      only: ['postfix', 'sendmail'],
    },
  ),
  once(
    'greylisted',
    refused('grey@shop.example.com', 'rcpt', '451 4.7.1 Greylisting in action, please come back in 300 seconds'),
    {
      only: ['opensmtpd'],
    },
  ),
  once(
    'rate-limited',
    refused(
      'busy@shop.example.com',
      'rcpt',
      '450 4.7.28 Our system has detected an unusual rate of mail from your IP address',
      'rate-limited',
    ),
    { only: ['postfix', 'exim'] },
  ),
  givenUp(
    'too-many-connections',
    refused(
      'desk@crowded.example.com',
      'banner',
      '421 4.3.2 Too many concurrent connections from your IP address, try again later',
      'rate-limited',
    ),
    { only: ['postfix', 'exim'] },
  ),
  once(
    'cut-connection',
    { ...refused('desk@hangup.example.com', 'data', [], 'network'), action: 'delayed' },
    { only: ['postfix', 'sendmail'] },
  ),
];
