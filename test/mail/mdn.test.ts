// Notifications of what became of a message (RFC 8098), as mail programs write them.
import { describe, expect, it } from 'vitest';
import { readMdn } from '../../src/mail/mdn.ts';
import { read } from '../../src/mail/read.ts';
import { message, multipart, part } from './messages.ts';

interface Mdn {
  fields: readonly string[];
  type?: string;
  header?: readonly string[];
}

const REPORT = 'multipart/report; report-type=disposition-notification';
const FIELDS = [
  'Reporting-UA: example.org; Mail 1',
  'Final-Recipient: rfc822;ann@example.org',
  'Original-Message-ID: <offer@example.com>',
  'Disposition: manual-action/MDN-sent-manually; displayed',
];

function mdn({ fields, type = REPORT, header = ['Subject: Read: Offer'] }: Mdn): Buffer {
  return message(
    ['From: Ann <ann@example.org>', ...header, `Content-Type: ${type}; boundary=b`],
    multipart('b', [
      part(['Content-Type: text/plain'], 'Your message was read.'),
      ...(fields.length === 0 ? [] : [part(['Content-Type: message/disposition-notification'], fields.join('\r\n'))]),
    ]),
  );
}

describe('a notification', () => {
  const cases: { why: string; given: Mdn; address?: string; id?: string | null }[] = [
    { why: 'after the standard', given: { fields: FIELDS } },
    {
      why: 'with Auto-Submitted, which makes it no automatic reply',
      given: { fields: FIELDS, header: ['Auto-Submitted: auto-replied'] },
    },
    { why: 'without a recipient: whoever sent it', given: { fields: FIELDS.slice(2) } },
    {
      why: 'that lost its fields',
      given: { fields: [], header: ['Subject: Read: Offer', 'In-Reply-To: <offer@example.com>'] },
    },
    { why: 'in a multipart/mixed of its own', given: { fields: FIELDS, type: 'multipart/mixed' } },
    {
      why: 'whose id is not in brackets',
      given: { fields: [...FIELDS.slice(0, 2), 'Original-Message-ID: offer@example.com'] },
    },
  ];
  it.each(cases)('$why', ({ given, address = 'ann@example.org', id = 'offer@example.com' }) => {
    const { verdict } = read(mdn(given));
    expect(verdict).toMatchObject({ kind: 'mdn', originalMessageId: id, rule: 'rfc8098', feedbackType: null });
    expect(verdict.recipients).toMatchObject([{ address, action: null, category: null, hard: null }]);
  });
});

describe('what was done', () => {
  const cases: [disposition: string, expected: string][] = [
    ['manual-action/MDN-sent-manually; displayed', 'displayed'],
    ['automatic-action/MDN-sent-automatically; deleted/error', 'deleted'],
    ['automatic-action/MDN-sent-automatically;dispatched', 'dispatched'],
    ['automatic-action/MDN-sent-automatically; processed', 'processed'],
    ['manual-action/MDN-sent-manually; denied', 'denied'],
    ['automatic-action/MDN-sent-automatically; failed', 'failed'],
    ['DISPLAYED', 'displayed'],
  ];
  it.each(cases)('%s', (disposition, expected) => {
    const text = `Final-Recipient: rfc822; ann@example.org\nDisposition: ${disposition}\n`;
    const found = readMdn({
      fields: [],
      type: 'multipart/report',
      reportType: 'disposition-notification',
      texts: [],
      statuses: [],
      feedback: [],
      dispositions: [{ part: '2', type: 'message/disposition-notification', text }],
      returned: [],
    });
    expect(found).toMatchObject({ disposition: expected, finalRecipient: 'ann@example.org', part: '2' });
  });
});

it('a notification that a person forwards inline is none', () => {
  expect(read(mdn({ fields: FIELDS, type: 'multipart/mixed', header: ['Subject: Fwd: Read: Offer'] })).kind).toBe(
    'other',
  );
});
