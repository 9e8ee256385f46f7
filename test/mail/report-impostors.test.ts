// Mail that sounds like a report and is none: a display name is not a mail system, an empty return path is not a proof, and what could not be
// delivered may be a parcel.
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import { isSentByMachine } from '../../src/mail/sender.ts';

function kindOf(path: string, from: string, subject: string, body: string): string {
  return read(
    Buffer.from(`Return-Path: <${path}>\nFrom: ${from}\nTo: bounce@shop.example\nSubject: ${subject}\n\n${body}\n`),
  ).verdict.kind;
}

const NAMES = 'Your message could not be delivered to the following recipients: ann@d.example';

describe('no report is', () => {
  it.each([
    [
      'a carrier',
      'news@c.example',
      'Best Mail Delivery Service <info@c.example>',
      'Undeliverable parcel',
      'Your parcel was undeliverable. Recipient: ann@d.example.',
    ],
    [
      'a newsletter about mail',
      'n@esp.example',
      'Mail Delivery Weekly <weekly@esp.example>',
      'Why mail delivery failed',
      NAMES,
    ],
    [
      'a phish',
      'x@evil.example',
      'Mail Delivery System <it@evil.example>',
      'Undelivered Mail: 5 pending',
      'messages could not be delivered to your mailbox bounce@shop.example. Click here.',
    ],
    [
      'a meal',
      '',
      'Meals <no-reply@meals.example>',
      'Delivery failed',
      'Your lunch could not be delivered to ann@d.example.',
    ],
    [
      'a parcel in German',
      '',
      'Paketdienst <info@p.example>',
      'Zustellung fehlgeschlagen',
      'Ihr Paket konnte nicht zugestellt werden. Kontakt: ann@d.example',
    ],
  ])('%s', (_what, path, from, subject, body) => {
    expect(kindOf(path, from, subject, body)).not.toBe('bounce');
  });
});

describe('a report is still', () => {
  it.each([
    ['one of a name without an envelope', '', 'Mail Delivery System <it@d.example>', NAMES],
    [
      "one of a daemon's address with an envelope of its own",
      'x@d.example',
      'Mail Delivery System <mailer-daemon@d.example>',
      NAMES,
    ],
    ['one of a named sender with a code', '', 'Example Hosting <info@h.example>', `${NAMES}\n550 5.1.1 User unknown`],
  ])('%s', (_what, path, from, body) => {
    expect(kindOf(path, from, 'Undelivered Mail Returned to Sender', body)).toBe('bounce');
  });
});

describe('sent by a machine', () => {
  it.each([
    ['Ann <ann@mailer-daemon.example>', false],
    ['Bob <bob@bounces.shop.example>', false],
    ['Postmaster <pm@d.example>', true],
    ['<mailer-daemon@d.example>', true],
  ])('%s: %s', (from, expected) => {
    expect(isSentByMachine([{ name: 'From', key: 'from', raw: ` ${from}` }])).toBe(expected);
  });
});
