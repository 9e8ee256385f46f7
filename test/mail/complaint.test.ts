// Complaints in the Abuse Reporting Format and in the forms of providers, and what looks like one.
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import { message, multipart, part } from './messages.ts';

const ABOUT = [
  'Return-Path: <bounce@example.com>',
  'From: Shop <news@example.com>',
  'To: ann@example.org',
  'Subject: Offer',
  'Message-ID: <offer@example.com>',
  '',
  'Buy.',
].join('\r\n');

interface Arf {
  fields?: readonly string[];
  about?: string | null;
  header?: readonly string[];
  type?: string;
}

function arf({
  fields = [],
  about = ABOUT,
  header = [],
  type = 'multipart/report; report-type=feedback-report',
}: Arf): Buffer {
  return message(
    [
      'From: <feedback@provider.example>',
      'To: abuse@example.com',
      'Subject: FW: Offer',
      ...header,
      `Content-Type: ${type}; boundary=b`,
    ],
    multipart('b', [
      part(['Content-Type: text/plain'], 'This is an email abuse report.'),
      ...(fields.length === 0 ? [] : [part(['Content-Type: message/feedback-report'], fields.join('\r\n'))]),
      ...(about === null ? [] : [part(['Content-Type: message/rfc822'], about)]),
    ]),
  );
}

const ABUSE = ['Feedback-Type: abuse', 'User-Agent: Feedback/1.0', 'Version: 1'];

describe('the Abuse Reporting Format (RFC 5965)', () => {
  const cases: { why: string; given: Arf; type: string; recipients: string[]; id?: string | null }[] = [
    {
      why: 'the recipient that the report names',
      given: { fields: [...ABUSE, 'Original-Rcpt-To: <Ann@Example.org>'] },
      type: 'abuse',
      recipients: ['Ann@Example.org'],
    },
    {
      why: 'each of several, once',
      given: {
        fields: [
          ...ABUSE,
          'Original-Rcpt-To: a@example.org',
          'Original-Rcpt-To: rfc822; b@example.org',
          'Original-Rcpt-To: A@example.org',
        ],
      },
      type: 'abuse',
      recipients: ['a@example.org', 'b@example.org'],
    },
    {
      why: 'nobody named: whom the message was sent to',
      given: { fields: ABUSE },
      type: 'abuse',
      recipients: ['ann@example.org'],
    },
    {
      why: 'redacted: whom the message was sent to',
      given: { fields: [...ABUSE, 'Original-Rcpt-To: redacted@provider.example'] },
      type: 'abuse',
      recipients: ['ann@example.org'],
    },
    {
      why: 'redacted everywhere',
      given: { fields: ABUSE, about: ABOUT.replace('ann@', 'redacted@') },
      type: 'abuse',
      recipients: [],
    },
    {
      why: 'sent to several, one of whom it reached',
      given: {
        fields: ABUSE,
        about: `Delivered-To: bob@example.org\r\n${ABOUT.replace('To: ann@example.org', 'To: ann@example.org, bob@example.org')}`,
      },
      type: 'abuse',
      recipients: ['bob@example.org'],
    },
    {
      why: 'sent to several: nobody knows who complained',
      given: { fields: ABUSE, about: ABOUT.replace('To: ann@example.org', 'To: ann@example.org, bob@example.org') },
      type: 'abuse',
      recipients: [],
    },
    {
      why: 'a type in capitals, with a comment',
      given: { fields: ['Feedback-Type: Opt-Out (list)', 'Version: 1', 'Removal-Recipient: ann@example.org'] },
      type: 'opt-out',
      recipients: ['ann@example.org'],
    },
    {
      why: 'RFC 6591',
      given: { fields: ['Feedback-Type: auth-failure', 'Auth-Failure: dmarc', 'Original-Rcpt-To: ann@example.org'] },
      type: 'auth-failure',
      recipients: ['ann@example.org'],
    },
    {
      why: 'no type, but a failed authentication',
      given: { fields: ['Version: 1', 'Auth-Failure: spf'] },
      type: 'auth-failure',
      recipients: ['ann@example.org'],
    },
    { why: 'the part with the fields is missing', given: {}, type: 'abuse', recipients: ['ann@example.org'] },
    {
      why: 'in a multipart/mixed',
      given: { fields: ABUSE, type: 'multipart/mixed' },
      type: 'abuse',
      recipients: ['ann@example.org'],
    },
    {
      why: 'without the message, but with its id',
      given: {
        fields: [...ABUSE, 'Original-Rcpt-To: ann@example.org', 'Original-Message-ID: <x@example.com>'],
        about: null,
      },
      type: 'abuse',
      recipients: ['ann@example.org'],
      id: 'x@example.com',
    },
  ];
  it.each(cases)('$why', ({ given, type, recipients, id = 'offer@example.com' }) => {
    const { verdict } = read(arf(given));
    expect(verdict).toMatchObject({ kind: 'complaint', feedbackType: type, originalMessageId: id });
    expect(verdict.recipients.map(({ address }) => address)).toEqual(recipients);
  });

  it('says where it stood', () => {
    const [recipient] = read(arf({ fields: [...ABUSE, 'Original-Rcpt-To: ann@example.org'] })).verdict.recipients;
    expect(recipient).toMatchObject({ action: null, hard: null, evidence: { rule: 'arf', part: '2' } });
    expect(recipient?.evidence.span).toContain('Feedback-Type: abuse');
  });
});

function attached(header: readonly string[], about: string, words: string | null = null): Buffer {
  return message(
    [...header, 'To: abuse@example.com', 'Content-Type: multipart/mixed; boundary=b'],
    multipart('b', [
      ...(words === null ? [] : [part(['Content-Type: text/plain'], words)]),
      part(['Content-Type: message/rfc822'], about),
    ]),
  );
}

const HOTMAIL = `X-HmXmrOriginalRecipient: ann@hotmail.example\r\n${ABOUT}`;

describe('forms of providers', () => {
  const cases: { why: string; raw: Buffer; rule: string; recipients: string[] }[] = [
    {
      why: 'Hotmail',
      raw: attached(['From: staff@hotmail.com', 'Subject: complaint about message from 192.0.2.1'], HOTMAIL),
      rule: 'jmrp',
      recipients: ['ann@hotmail.example'],
    },
    {
      why: 'Hotmail without its own field',
      raw: attached(['From: staff@hotmail.com', 'Subject: complaint about message from 192.0.2.1'], ABOUT),
      rule: 'jmrp',
      recipients: ['ann@example.org'],
    },
    {
      why: 'AOL',
      raw: attached(['From: scomp@aol.net', 'Subject: Email Feedback Report for IP 192.0.2.1'], ABOUT),
      rule: 'aol-feedback',
      recipients: ['ann@example.org'],
    },
    {
      why: 'a feedback loop in a form of its own',
      raw: attached(['From: fbl@provider.example', 'Subject: Spam report'], ABOUT, 'A user complained.'),
      rule: 'feedback-loop',
      recipients: ['ann@example.org'],
    },
    {
      why: 'SpamCop',
      raw: message(
        ['From: 123@reports.spamcop.net', 'Subject: [SpamCop (192.0.2.1) id:123]Offer'],
        '[ SpamCop V5 ]\r\nThis message is brief for your comfort.',
      ),
      rule: 'spamcop',
      recipients: [],
    },
    {
      why: 'Amazon SES through SNS, as a string within its notification',
      raw: message(
        [
          'From: AWS Notifications <no-reply@sns.amazonaws.example>',
          'Subject: AWS Notification Message',
          'x-amz-sns-message-id: 1',
        ],
        JSON.stringify({
          Type: 'Notification',
          Message: JSON.stringify({
            notificationType: 'Complaint',
            complaint: {
              complainedRecipients: [{ emailAddress: 'ann@example.org' }, {}, 7],
              complaintFeedbackType: 'Abuse',
            },
            mail: { commonHeaders: { messageId: '<offer@example.com>' } },
          }),
        }),
      ),
      rule: 'amazon-sns',
      recipients: ['ann@example.org'],
    },
  ];
  it.each(cases)('$why', ({ raw, rule, recipients }) => {
    const { verdict } = read(raw);
    expect(verdict).toMatchObject({ kind: 'complaint', feedbackType: 'abuse', rule });
    expect(verdict.recipients.map(({ address }) => address)).toEqual(recipients);
  });
});

describe('what is no complaint', () => {
  const cases: { why: string; raw: Buffer }[] = [
    {
      why: 'a complaint forwarded inline by a person',
      raw: arf({ fields: ABUSE, type: 'multipart/mixed', header: ['From: Bob <bob@example.com>', 'X-Mailer: Mail 1'] }),
    },
    {
      why: 'a message from Hotmail forwarded by a person',
      raw: attached(['From: Bob <bob@example.com>', 'Subject: Fwd: complaint'], HOTMAIL, 'See below.'),
    },
    {
      why: 'a person who reports spam to the abuse desk, with a mail program',
      raw: attached(['From: abuse@example.org', 'Subject: Spam report', 'User-Agent: Mail 1'], ABOUT, 'Please stop.'),
    },
    {
      why: 'the subject without a message',
      raw: message(['From: Bob <bob@example.com>', 'Subject: Abuse report'], 'Hello.'),
    },
    { why: 'a report about nothing, as DMARC aggregates are labelled by some', raw: arf({ about: null }) },
    {
      why: 'a delivery notification in JSON',
      raw: message(['From: a@b.example', 'x-amz-sns-message-id: 1'], '{"notificationType":"Delivery","mail":{}}'),
    },
    {
      why: 'broken JSON',
      raw: message(['From: a@b.example', 'x-amz-sns-message-id: 1'], '{"notificationType":"Complaint",'),
    },
  ];
  it.each(cases)('$why', ({ raw }) => {
    expect(read(raw).kind).toBe('other');
  });
});
