// The header of the returned message, so far as it says what was sent: the owner's own fields (a campaign, a user) and the addresses that
// tie the report to a sending. What servers wrote on the way, and signatures, are left out; they are long, and they are in raw.

import type { Verdict } from '../model-reading.ts';
import { displayText } from './header.ts';
import type { Material } from './material.ts';
import { cut } from './text.ts';

/** Fields kept. What a sender writes has some thirty, with the campaign fields of a mailing service. */
const MAX_FIELDS = 60;

/** Characters of a value that are kept. */
const MAX_VALUE = 500;

/** Octets of a value that are decoded: the characters that are kept may stand there as encoded words, six octets each and more. */
const MAX_RAW = 4000;

/** What servers and scanners add (RFC 5321 4.4, RFC 8601, RFC 7208 9.1, RFC 8617) and what signs (RFC 6376). Return-Path stays: it has the tag. */
const NOT_SENT = new Set([
  'received',
  'x-received',
  'received-spf',
  'authentication-results',
  'x-authentication-results',
  'original-authentication-results',
  'arc-seal',
  'arc-message-signature',
  'arc-authentication-results',
  'dkim-signature',
  'x-google-dkim-signature',
  'domainkey-signature',
  'x-gm-message-state',
  'x-google-smtp-source',
  'x-forefront-antispam-report',
  'x-ironport-av',
  'x-spam-status',
  'x-spam-report',
]);

/** Fields of Microsoft's servers, thirty and more to a message. */
const NOT_SENT_PREFIXES = ['x-ms-exchange-', 'x-microsoft-antispam', 'x-proofpoint-'];

/** One line of printable ASCII, blanks single. */
const PLAIN = /^(?:[!-~]| (?! ))*$/;

/** The verdict with the header of the message that it reports on. */
export function withOriginalHeaders(verdict: Verdict, material: Material): Verdict {
  return { ...verdict, originalHeaders: originalHeaders(material) };
}

/** Lower-case names, each once (its topmost field), decoded values of one line. The first returned message that has a header is taken. */
export function originalHeaders({ returned }: Pick<Material, 'returned'>): [name: string, value: string][] {
  const fields = returned.find((message) => message.fields.length > 0)?.fields ?? [];
  const found = new Map<string, string>();
  for (const { key, raw, name } of fields) {
    if (found.size >= MAX_FIELDS) break;
    if (found.has(key) || NOT_SENT.has(key) || NOT_SENT_PREFIXES.some((prefix) => key.startsWith(prefix))) continue;
    // Most values need no decoding, and each report has some thirty of them.
    const value = PLAIN.test(raw) && !raw.includes('=?') ? raw : displayText({ key, name, raw: beginning(raw) });
    if (value !== null && value !== '') found.set(key, cut(value, MAX_VALUE));
  }
  return [...found];
}

/** Without half of a UTF-8 character at the end, which would have the whole value taken for windows-1252. */
function beginning(raw: string): string {
  return raw.length <= MAX_RAW ? raw : raw.slice(0, MAX_RAW).replace(/[\u0080-\u00ff]{1,4}$/, '');
}
