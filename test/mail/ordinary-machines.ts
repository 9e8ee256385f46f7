// Ordinary mail that machines write: newsletters, tickets, reports that are not about a message, alerts, lists.
import { part } from './messages.ts';
import {
  BOUNCE_WORDS,
  GENERATED,
  LIST,
  type OrdinaryKind,
  PEOPLE,
  QMAIL_WORDS,
  quoted,
  WHOLE_BOUNCE,
} from './ordinary-drafts.ts';

export const MACHINE_KINDS: readonly OrdinaryKind[] = [
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
];
