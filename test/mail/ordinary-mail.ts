// A seeded generator of ordinary mail: what arrives beside bounces and complaints in a mailbox that people and programs write to. The same
// seed gives the same messages. Kinds that look most like reports are here most often; ordinary.test.ts says what none of them may be read as.
import { Buffer } from 'node:buffer';
import { multipart, part } from './messages.ts';

export interface Ordinary {
  readonly name: string;
  readonly raw: Buffer;
  readonly kind: 'other' | 'auto-reply' | 'mdn';
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a kind is made of: chosen by the seed, so that each kind is written many ways. */
interface Chance {
  pick<T>(choices: readonly [T, ...T[]]): T;
  number(below: number): number;
}

interface Draft {
  readonly from: string;
  readonly subject: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly html?: string;
  /** Content-Type with its boundary `b`, and the parts between. */
  readonly multipart?: { readonly type: string; readonly parts: readonly string[] };
  readonly kind?: Ordinary['kind'];
}

const PEOPLE: readonly [string, ...string[]] = [
  'Ann Example <ann@example.org>',
  '"Müller, Jörg" <joerg@example.net>',
  'bob@example.com',
  '田中 <tanaka@example.jp>',
  'Ольга <olga@example.ru>',
];

/** A bounce as Postfix writes it, for those who quote, forward and attach one. */
const BOUNCE_WORDS = [
  'This is the mail system at host mail.example.net.',
  '',
  "I'm sorry to have to inform you that your message could not",
  "be delivered to one or more recipients. It's attached below.",
  '',
  '<gone@example.org>: host mx.example.org[192.0.2.1] said: 550 5.1.1',
  '    <gone@example.org>: Recipient address rejected: User unknown (in reply to',
  '    RCPT TO command)',
].join('\r\n');

const QMAIL_WORDS = [
  'Hi. This is the qmail-send program at mail.example.net.',
  "I'm afraid I wasn't able to deliver your message to the following addresses.",
  "This is a permanent error; I've given up. Sorry it didn't work out.",
  '',
  '<gone@example.org>:',
  '192.0.2.1 does not like recipient.',
  'Remote host said: 550 5.1.1 User unknown',
].join('\r\n');

const STATUS_FIELDS = [
  'Reporting-MTA: dns; mail.example.net',
  '',
  'Final-Recipient: rfc822; gone@example.org',
  'Action: failed',
  'Status: 5.1.1',
  'Diagnostic-Code: smtp; 550 5.1.1 User unknown',
].join('\r\n');

const WHOLE_BOUNCE = [
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

const WHOLE_COMPLAINT = [
  'From: feedback@provider.example',
  'Subject: FW: Offer',
  'Content-Type: multipart/report; report-type=feedback-report; boundary=inner',
  '',
  multipart('inner', [
    part(['Content-Type: text/plain'], 'This is an email abuse report.'),
    part(['Content-Type: message/feedback-report'], 'Feedback-Type: abuse\r\nUser-Agent: F/1\r\nVersion: 1'),
  ]),
].join('\r\n');

const quoted = (text: string): string => text.replace(/^/gm, '> ');

const LIST = ['List-Id: <list.example.org>', 'List-Unsubscribe: <https://example.org/u/1>'];
const GENERATED = ['Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'];

type Kind = (chance: Chance) => Draft;

/** By name. `as often`: how many of each hundred or so are made. */
const KINDS: readonly { readonly name: string; readonly times: number; readonly draft: Kind }[] = [
  {
    name: 'personal',
    times: 15,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick([
        'Lunch?',
        'Re: Vertrag',
        'Café ce soir ?',
        'お打ち合わせの件',
        'Встреча',
        'Vacation photos',
        'Out of office party',
        'Bounce house for Saturday',
        'Delivery tomorrow',
      ]),
      header: pick([[], ['In-Reply-To: <1@example.com>', 'References: <1@example.com>'], ['User-Agent: Mail 1']]),
      body: pick([
        'See you at noon.',
        'I am on vacation next week, so let us meet before.',
        'Ich bin ab Montag wieder im Büro. Grüße',
        'Je suis en congés jusqu’au 15 mai, à bientôt !',
        '明日から休暇です。よろしくお願いします。',
        'Завтра я в отпуске.',
        'Bob is no longer with the company, did you know?',
        'We received your message, thanks! Will call.',
      ]),
    }),
  },
  {
    name: 'reply to a bounce, quoting it',
    times: 12,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick([
        'Re: Undelivered Mail Returned to Sender',
        'AW: failure notice',
        'Re: Delivery Status Notification (Failure)',
        'RE: Undeliverable: Offer',
      ]),
      header: pick([['In-Reply-To: <b@mail.example.net>'], ['In-Reply-To: <b@mail.example.net>', 'X-Mailer: Mail 1']]),
      body: `${pick(['Any idea why this happens?', 'Who is this?', 'Bitte prüfen, danke.'])}\r\n\r\nOn Monday, Mail Delivery System wrote:\r\n${quoted(pick([BOUNCE_WORDS, QMAIL_WORDS, STATUS_FIELDS]))}`,
    }),
  },
  {
    name: 'bounce forwarded inline',
    times: 12,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick([
        'Fwd: Undelivered Mail Returned to Sender',
        'WG: failure notice',
        'TR: Undeliverable: Offer',
        'Mail problem',
      ]),
      header: pick([[], ['X-Mailer: Mail 1'], ['User-Agent: Mail 1']]),
      body: `${pick(['Can you look into this?', 'FYI', 'Kannst du das bitte ansehen?', ''])}\r\n\r\n-------- Forwarded Message --------\r\nSubject: Undelivered Mail Returned to Sender\r\nFrom: Mail Delivery System <MAILER-DAEMON@mail.example.net>\r\nTo: bob@example.com\r\n\r\n${pick([BOUNCE_WORDS, QMAIL_WORDS, `${BOUNCE_WORDS}\r\n\r\n${STATUS_FIELDS}`])}`,
    }),
  },
  {
    name: 'bounce attached',
    times: 10,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick(['Fwd: Undelivered Mail Returned to Sender', 'original as attachment', 'bounce']),
      multipart: {
        type: 'multipart/mixed',
        parts: [
          part(
            ['Content-Type: text/plain'],
            pick(['See attached.', 'What does this mean?', 'Returned mail attached, please check.']),
          ),
          part(
            [
              'Content-Type: message/rfc822',
              `Content-Disposition: ${pick(['attachment; filename=bounce.eml', 'inline'])}`,
            ],
            pick([WHOLE_BOUNCE, WHOLE_COMPLAINT]),
          ),
        ],
      },
    }),
  },
  {
    name: 'parts of a bounce carried over into a forward',
    times: 4,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: 'Fwd: Undelivered Mail Returned to Sender',
      header: ['X-Mailer: Mail 1'],
      multipart: {
        type: 'multipart/mixed',
        parts: [
          part(['Content-Type: text/plain'], 'Please check.'),
          pick([
            part(['Content-Type: message/delivery-status'], STATUS_FIELDS),
            part(['Content-Type: message/feedback-report'], 'Feedback-Type: abuse\r\nVersion: 1'),
          ]),
        ],
      },
    }),
  },
  {
    name: 'about bounces',
    times: 12,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick([
        'Bounce handling',
        'Why do I get "550 5.1.1 User unknown"?',
        'Mailer-Daemon errors since Monday',
        'Returned mail',
        'Undeliverable parcels',
        'delivery failed?',
        'Spam complaint from a customer',
        'failure notice template',
      ]),
      body: pick([
        'Our server says 550 5.1.1 <gone@example.org>: Recipient address rejected: User unknown in virtual mailbox table. Do you know why?',
        'The log: status=bounced (host mx.example.org said: 550 5.7.1 Message rejected). Delivery has failed to these recipients, it says.',
        'How does one parse "Final-Recipient: rfc822; gone@example.org" and Action: failed?',
        'Customers complain that mails could not be delivered: mailbox full (552 5.2.2).',
        'The parcel was undeliverable and returned to sender.',
      ]),
    }),
  },
  {
    name: 'human postmaster',
    times: 10,
    draft: ({ pick, number }) => ({
      from: pick([
        'Postmaster <postmaster@example.org>',
        'postmaster@example.net',
        'Mail team <postmaster@example.com>',
        'Hostmaster <hostmaster@example.org>',
      ]),
      subject: pick([
        'Maintenance on Saturday',
        'Re: blocked messages',
        'Your question about our blocklist',
        'New spam filter',
        'Re: 550 5.7.1 for our newsletter',
      ]),
      header: number(2) === 0 ? ['In-Reply-To: <q@example.com>'] : [],
      body: pick([
        'Hello,\r\n\r\nwe removed your address 192.0.2.7 from our list. Please send again.\r\n\r\nRegards, Eva',
        'Dear all,\r\n\r\nthe mail servers will be down from 8 to 9 on Saturday. Mail is queued and delivered afterwards.\r\n\r\nYour postmaster',
        `Hello,\r\n\r\nyour message was rejected because of its links.\r\n\r\n${quoted('550 5.7.1 why?')}`,
      ]),
    }),
  },
  {
    name: 'newsletter',
    times: 20,
    draft: ({ pick }) => ({
      from: pick([
        'Shop <news@example.com>',
        'noreply@example.com',
        'bounce@news.example.org',
        'Example News <no-reply@news.example.net>',
      ]),
      subject: pick([
        'delivery failed?',
        'Delivery failed? Try our new courier',
        'Out of office: five templates',
        'Your mailbox is full of offers',
        'Undeliverable joy',
        'Wir sind im Urlaub',
        'Returned mail: vintage stamps',
        'Mail delivery made easy',
        'Soldes',
        '夏季休業のお知らせ',
      ]),
      header: [
        ...LIST,
        ...pick([
          [],
          ['Precedence: bulk'],
          ['Precedence: bulk', 'Auto-Submitted: auto-generated'],
          ['Feedback-ID: 1:2:3'],
        ]),
      ],
      html: pick([
        '<h1>Delivery failed?</h1><p>With us your parcels arrive. Reply to <a href="mailto:help@example.com">help@example.com</a>. 550 shops.</p>',
        '<p>We are on vacation until 15 May. <b>user unknown</b> no more.</p>',
        '<p>Ihre Nachricht konnte nicht zugestellt werden? Kein Problem.</p>',
      ]),
    }),
  },
  {
    name: 'ticket notification',
    times: 15,
    draft: ({ pick, number }) => ({
      from: pick([
        'Support <support@example.com>',
        'JIRA <jira@example.net>',
        'Helpdesk <helpdesk@example.org>',
        'noreply@tickets.example.com',
      ]),
      subject: `[${pick(['Support', 'OPS', 'Ticket'])} #${number(9999)}] ${pick(['Mail bounces', 'Vacation calendar', 'Printer', 'Mailbox full', '550 User unknown'])}`,
      header: [
        ...GENERATED,
        ...pick([[], ['Precedence: bulk'], ['In-Reply-To: <t1@example.com>', 'References: <t1@example.com>']]),
      ],
      body: pick([
        `Bob commented:\r\n\r\n${quoted('I am on vacation until 15 May.')}\r\n\r\nView the ticket: https://example.com/t/1`,
        `Eva commented:\r\n\r\n${BOUNCE_WORDS}\r\n\r\nReply to this mail to add a comment.`,
        'The status was changed from Open to Closed. The user no longer works here.',
        'The mailbox gone@example.org is full (552 5.2.2), please raise its quota.',
      ]),
    }),
  },
  {
    name: 'code host and tracker',
    times: 12,
    draft: ({ pick, number }) => ({
      from: pick(['octo <notifications@github.example>', 'GitLab <gitlab@example.com>', 'CI <builds@example.com>']),
      subject: pick([
        'Re: [example/mailer] Bounce is not parsed (#12)',
        '[example/mailer] Run failed: CI - main',
        'Pipeline failed',
        '[example/mailer] DSN: delivery failed (PR #7)',
      ]),
      header: [
        'List-ID: example/mailer <mailer.example.github.example>',
        'Precedence: list',
        'X-GitHub-Reason: mention',
        ...(number(2) === 0 ? ['In-Reply-To: <example/mailer/issues/12@github.example>'] : []),
      ],
      body: pick([
        `Here is one:\r\n\r\n\`\`\`\r\n${WHOLE_BOUNCE}\r\n\`\`\`\r\n`,
        'Out of office replies are read as bounces.',
        'The job failed: 550 tests, 5 failed.',
      ]),
    }),
  },
  {
    name: 'DMARC aggregate report',
    times: 12,
    draft: ({ pick, number }) => {
      const id = String(number(1e6));
      const type = pick(['application/gzip', 'application/zip', 'application/x-zip-compressed']);
      const zip = part(
        [
          `Content-Type: ${type}; name="r!example.com!1!2.zip"`,
          'Content-Disposition: attachment; filename="r!example.com!1!2.zip"',
          'Content-Transfer-Encoding: base64',
        ],
        'UEsDBBQAAAAIAA==',
      );
      const words = part(
        ['Content-Type: text/plain'],
        'This is a DMARC aggregate report for example.com. Failed messages: 3.',
      );
      return {
        from: pick([
          'noreply-dmarc-support@google.example',
          'DMARC Reports <dmarcreport@microsoft.example>',
          'postmaster@example.net',
          'abuse_dmarc@abuse.aol.example',
        ]),
        subject: `Report domain: example.com Submitter: example.net Report-ID: ${id}`,
        header: pick([[], ['Auto-Submitted: auto-generated'], ['Return-Path: <>']]),
        multipart: {
          type: pick([
            'multipart/mixed',
            'multipart/report; report-type=feedback-report',
            'multipart/report; report-type="dmarc"',
          ]),
          parts: number(2) === 0 ? [zip] : [words, zip],
        },
      };
    },
  },
  {
    name: 'TLS report',
    times: 6,
    draft: ({ pick }) => ({
      from: pick(['noreply-smtp-tls-reporting@google.example', 'tlsrpt@example.net']),
      subject:
        'Report Domain: example.com Submitter: google.example Report-ID: <2026.05.04T00.00.00Z+example.com@google.example>',
      header: ['TLS-Report-Domain: example.com', 'TLS-Report-Submitter: google.example'],
      multipart: {
        type: 'multipart/report; report-type=tlsrpt',
        parts: [
          part(['Content-Type: text/plain'], 'This is an aggregate TLS report from google.example. 2 sessions failed.'),
          part(
            [
              'Content-Type: application/tlsrpt+gzip; name=r.json.gz',
              'Content-Disposition: attachment; filename=r.json.gz',
              'Content-Transfer-Encoding: base64',
            ],
            'H4sIAAAAAAAAAw==',
          ),
        ],
      },
    }),
  },
  {
    name: 'calendar',
    times: 10,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick([
        'Accepted: Planning',
        'Invitation: Vacation planning @ Mon',
        'Declined: Out of office',
        'Canceled: Review',
        'Zugesagt: Urlaub',
        'Out of Office: Ann',
      ]),
      header: pick([[], ['Auto-Submitted: auto-generated']]),
      multipart: {
        type: 'multipart/alternative',
        parts: [
          part(
            ['Content-Type: text/plain; charset=utf-8'],
            pick(['Ann has accepted this invitation.', 'Out of office, 4 to 15 May 2026', '']),
          ),
          part(
            ['Content-Type: text/calendar; charset=utf-8; method=REPLY'],
            'BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR',
          ),
        ],
      },
    }),
  },
  {
    name: 'order confirmation',
    times: 8,
    draft: ({ pick, number }) => ({
      from: pick(['Shop <orders@example.com>', 'no-reply@shop.example.org']),
      subject: pick([
        `Order ${number(99999)} received`,
        'We received your order',
        'Ihre Bestellung',
        'Delivery delayed',
        'Delivery attempt failed',
        'Your parcel could not be delivered',
      ]),
      header: pick([[], ['Auto-Submitted: auto-generated'], ['X-Auto-Response-Suppress: All']]),
      body: pick([
        'Thank you for your order. We will deliver on 15 May.',
        'Your parcel could not be delivered because the recipient was not at home: Mrs. Ann, ann@example.org.',
        'Vielen Dank für Ihre Bestellung. Rückfragen an info@example.com.',
      ]),
    }),
  },
  {
    name: 'digest of a mailing list',
    times: 10,
    draft: ({ pick, number }) => {
      const one = part([], `From: ann@example.org\r\nSubject: Bounces\r\n\r\n${BOUNCE_WORDS}`);
      const two = part([], WHOLE_BOUNCE);
      return {
        from: 'list-request@lists.example.org',
        subject: `list Digest, Vol 5, Issue ${number(99)}`,
        header: [...LIST, 'Precedence: list', 'X-Mailman-Version: 2.1'],
        ...(number(2) === 0
          ? { multipart: { type: 'multipart/digest', parts: [one, two] } }
          : {
              body: `Today's Topics:\r\n\r\n   1. Out of office (Ann)\r\n   2. Mail delivery failed (Bob)\r\n\r\n${pick([BOUNCE_WORDS, QMAIL_WORDS])}`,
            }),
      };
    },
  },
  {
    name: 'cron and monitoring',
    times: 18,
    draft: ({ pick }) => ({
      from: pick([
        'Cron Daemon <root@host.example.net>',
        'root@host.example.net',
        'nagios@example.net',
        'Monitoring <alerts@example.com>',
        'backup@example.com',
        'logwatch@host.example.net',
      ]),
      subject: pick([
        'Cron <root@host> /usr/local/bin/backup',
        '** PROBLEM Service Alert: mx/SMTP is CRITICAL **',
        'Backup failed: host',
        'Logwatch for mail.example.net',
        'FAILURE: disk sda',
        'Mail queue: 12 messages deferred',
        'pflogsumm: Postfix report',
      ]),
      header: pick([
        [],
        ['Auto-Submitted: auto-generated', 'Precedence: bulk'],
        ['X-Cron-Env: <SHELL=/bin/sh>', 'Auto-Submitted: auto-generated'],
      ]),
      body: pick([
        'Backup of /home: 5.1.1 GB, failed: 3 files. Mailbox full.',
        'Notification Type: PROBLEM\r\nService: SMTP\r\nState: CRITICAL\r\nInfo: connect to mx.example.org[192.0.2.1]:25: Connection refused',
        'message bounce detail (by relay)\r\n  mx.example.org (total: 2)\r\n    2   550 5.1.1 <gone@example.org>: User unknown',
        '-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\r\nABCDEF1234     1024 Mon May  4 10:00:00  bob@example.com\r\n(host mx.example.org said: 452 4.2.2 mailbox full)\r\n                                         gone@example.org',
      ]),
    }),
  },
  {
    name: 'account and invitation',
    times: 10,
    draft: ({ pick }) => ({
      from: pick(['Service <noreply@example.com>', 'account@example.net', 'invitations@social.example']),
      subject: pick([
        'Please confirm your email address',
        'Confirm your subscription',
        'You have been invited',
        'Password reset',
        'Your address was changed',
        'Your mailbox is almost full',
        'E-Mail-Adresse bestätigen',
      ]),
      header: pick([[], ['Auto-Submitted: auto-generated'], ['Precedence: bulk']]),
      body: pick([
        'Please confirm that you are human and click https://example.com/c/1',
        'Your mailbox ann@example.org is at 95 % of its quota. You will not be able to receive mail.',
        'Ann invited you. If you did not ask for this, ignore it.',
      ]),
    }),
  },
  {
    name: 'vacation of a person, which is an automatic reply',
    times: 10,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick([
        'Re: Undelivered Mail Returned to Sender',
        'Automatic reply: Delivery failed',
        'Abwesenheitsnotiz: Re: Angebot',
        'Auto: Offer',
      ]),
      header: [
        'Auto-Submitted: auto-replied',
        'In-Reply-To: <o@example.com>',
        ...pick([[], ['Return-Path: <>'], ['Precedence: bulk']]),
      ],
      body: pick([
        'I am on vacation until 15 May. Mail to gone@example.org is not delivered meanwhile.',
        'Ich bin nicht im Büro. In dringenden Fällen: bob@example.com.',
        'Ann is no longer with the company. Her mailbox is closed, please write to bob@example.com.',
        'We have received your message. Ticket number 550.',
      ]),
      kind: 'auto-reply',
    }),
  },
  {
    name: 'notification of reading',
    times: 4,
    draft: ({ pick }) => ({
      from: pick(PEOPLE),
      subject: pick(['Read: Offer', 'Not read: Offer', 'Gelesen: Angebot']),
      multipart: {
        type: 'multipart/report; report-type=disposition-notification',
        parts: [
          part(['Content-Type: text/plain'], 'Your message was displayed.'),
          part(
            ['Content-Type: message/disposition-notification'],
            'Final-Recipient: rfc822; ann@example.org\r\nDisposition: manual-action/MDN-sent-manually; displayed',
          ),
        ],
      },
      kind: 'mdn',
    }),
  },
];

/** All kinds, each as often as its table says. */
export function ordinaryMail(seed: number): Ordinary[] {
  const next = numbers(seed);
  const chance: Chance = {
    pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0],
    number: (below) => Math.floor(next() * below),
  };
  return KINDS.flatMap(({ name, times, draft }) =>
    Array.from({ length: times }, (_, index) => {
      const made = draft(chance);
      return {
        name: `${name} ${index + 1}: ${made.subject}`,
        raw: rendered(made, chance, index),
        kind: made.kind ?? 'other',
      };
    }),
  );
}

function rendered(draft: Draft, { pick }: Chance, index: number): Buffer {
  const header = [
    'Received: from mail.example.net ([192.0.2.9]) by mx.example.com; Mon, 4 May 2026 10:00:01 +0000',
    `From: ${encoded(draft.from)}`,
    'To: support@example.com',
    'Date: Mon, 4 May 2026 10:00:00 +0000',
    `Message-ID: <${index}@example.net>`,
    `Subject: ${word(draft.subject)}`,
    'MIME-Version: 1.0',
    ...(draft.header ?? []),
  ];
  if (draft.multipart !== undefined) {
    const { type, parts } = draft.multipart;
    return Buffer.from([...header, `Content-Type: ${type}; boundary=b`, '', multipart('b', parts)].join('\r\n'));
  }
  const body = draft.html ?? draft.body ?? '';
  const type = draft.html === undefined ? 'text/plain' : 'text/html';
  return Buffer.from([...header, ...transfer(body, type, pick(['8bit', 'base64', 'latin1', 'bare-lf']))].join('\r\n'));
}

/** The body in one of the encodings in which mail arrives. */
function transfer(body: string, type: string, how: 'base64' | '8bit' | 'latin1' | 'bare-lf'): string[] {
  if (how === 'base64') {
    const lines =
      Buffer.from(body)
        .toString('base64')
        .match(/.{1,76}/g) ?? [];
    return [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '', ...lines];
  }
  if (how === 'latin1' && [...body].every((char) => char <= '\u00ff')) {
    const text = body.replace(
      /[=\x80-\xff]/g,
      (char) => `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
    return [`Content-Type: ${type}; charset=iso-8859-1`, 'Content-Transfer-Encoding: quoted-printable', '', text];
  }
  return [`Content-Type: ${type}; charset=utf-8`, '', how === 'bare-lf' ? body.replaceAll('\r\n', '\n') : body];
}

function word(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

/** The name of `Name <address>` as an encoded word. */
function encoded(author: string): string {
  const at = author.lastIndexOf('<');
  return at <= 0 ? author : `${word(author.slice(0, at).trim())} ${author.slice(at)}`;
}
