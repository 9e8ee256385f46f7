// Ordinary mail that people write, and that their mail programs write for them: letters, questions about bounces, bounces passed on.
import { part } from './messages.ts';
import {
  BOUNCE_WORDS,
  type OrdinaryKind,
  PEOPLE,
  QMAIL_WORDS,
  quoted,
  STATUS_FIELDS,
  WHOLE_BOUNCE,
  WHOLE_COMPLAINT,
} from './ordinary-drafts.ts';

export const PEOPLE_KINDS: readonly OrdinaryKind[] = [
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
