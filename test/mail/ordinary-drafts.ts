// What the kinds of ordinary mail are made of: the shape of a draft, people, and the bounces and complaints that people quote, forward and attach.
import { multipart, part } from './messages.ts';

/** What a kind is made of: chosen by the seed, so that each kind is written many ways. */
export interface Chance {
  pick<T>(choices: readonly [T, ...T[]]): T;
  number(below: number): number;
}

export interface Draft {
  readonly from: string;
  readonly subject: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly html?: string;
  /** Content-Type with its boundary `b`, and the parts between. */
  readonly multipart?: { readonly type: string; readonly parts: readonly string[] };
  readonly kind?: 'other' | 'auto-reply' | 'mdn';
}

export const PEOPLE: readonly [string, ...string[]] = [
  'Ann Example <ann@example.org>',
  '"Müller, Jörg" <joerg@example.net>',
  'bob@example.com',
  '田中 <tanaka@example.jp>',
  'Ольга <olga@example.ru>',
];

/** A bounce as Postfix writes it, for those who quote, forward and attach one. */
export const BOUNCE_WORDS = [
  'This is the mail system at host mail.example.net.',
  '',
  "I'm sorry to have to inform you that your message could not",
  "be delivered to one or more recipients. It's attached below.",
  '',
  '<gone@example.org>: host mx.example.org[192.0.2.1] said: 550 5.1.1',
  '    <gone@example.org>: Recipient address rejected: User unknown (in reply to',
  '    RCPT TO command)',
].join('\r\n');

export const QMAIL_WORDS = [
  'Hi. This is the qmail-send program at mail.example.net.',
  "I'm afraid I wasn't able to deliver your message to the following addresses.",
  "This is a permanent error; I've given up. Sorry it didn't work out.",
  '',
  '<gone@example.org>:',
  '192.0.2.1 does not like recipient.',
  'Remote host said: 550 5.1.1 User unknown',
].join('\r\n');

export const STATUS_FIELDS = [
  'Reporting-MTA: dns; mail.example.net',
  '',
  'Final-Recipient: rfc822; gone@example.org',
  'Action: failed',
  'Status: 5.1.1',
  'Diagnostic-Code: smtp; 550 5.1.1 User unknown',
].join('\r\n');

export const WHOLE_BOUNCE = [
  'Return-Path: <>',
  'From: MAILER-DAEMON@mail.example.net',
  'To: bob@example.com',
  'Subject: Undelivered Mail Returned to Sender',
  'Content-Type: multipart/report; report-type=delivery-status; boundary=inner',
  'MIME-Version: 1.0',
  '',
  multipart('inner', [
    part(['Content-Type: text/plain'], BOUNCE_WORDS),
    part(['Content-Type: message/delivery-status'], STATUS_FIELDS),
    part(
      ['Content-Type: message/rfc822'],
      'From: bob@example.com\r\nTo: gone@example.org\r\nSubject: Hi\r\nMessage-ID: <hi@example.com>\r\n\r\nHi',
    ),
  ]),
].join('\r\n');

export const WHOLE_COMPLAINT = [
  'From: feedback@provider.example',
  'Subject: FW: Offer',
  'Content-Type: multipart/report; report-type=feedback-report; boundary=inner',
  '',
  multipart('inner', [
    part(['Content-Type: text/plain'], 'This is an email abuse report.'),
    part(['Content-Type: message/feedback-report'], 'Feedback-Type: abuse\r\nUser-Agent: F/1\r\nVersion: 1'),
  ]),
].join('\r\n');

export const quoted = (text: string): string => text.replace(/^/gm, '> ');

export const LIST = ['List-Id: <list.example.org>', 'List-Unsubscribe: <https://example.org/u/1>'];
export const GENERATED = ['Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'];

export type Kind = (chance: Chance) => Draft;

export interface OrdinaryKind {
  readonly name: string;
  /** How many are made. */
  readonly times: number;
  readonly draft: Kind;
}
