// The last look at a verdict before anybody stores it. The judges read JSON, fields and words, each by its own rules; here it is made sure, once for
// all of them, that Postgres can hold what they say: a single text that it refuses would keep the whole mailbox from being stored.

import { Buffer } from 'node:buffer';
import type { RecipientReport, Verdict } from '../model-reading.ts';
import { cleanText, cut } from './text.ts';

/** Octets of an id, an address, a host: a line of RFC 5322 2.1.1. An index of Postgres takes no entry of more than 2,704. */
const MAX_NAME_OCTETS = 998;

/** Characters of words. */
const MAX_WORDS = 1000;

/** Characters of the name of a rule, a feedback type, a part number. */
const MAX_LABEL = 100;

/** A year of four digits, after the beginning of mail: JSON and header fields can say any other. */
const FIRST = Date.UTC(1970, 0, 1);
const LAST = Date.UTC(9999, 11, 31);

/** The same verdict; texts and instants that nobody can store are cut or left out. */
export function withinBounds(verdict: Verdict): Verdict {
  return {
    ...verdict,
    recipients: verdict.recipients.map(recipientWithin),
    originalMessageId: name(verdict.originalMessageId),
    envelopeId: name(verdict.envelopeId),
    feedbackType: label(verdict.feedbackType),
    originalHeaders: verdict.originalHeaders.map(([key, value]) => [words(key) ?? '', words(value) ?? ''] as const),
    rule: label(verdict.rule),
  };
}

function recipientWithin(recipient: RecipientReport): RecipientReport {
  const { evidence, retryUntil } = recipient;
  return {
    ...recipient,
    address: name(recipient.address),
    originalAddress: name(recipient.originalAddress),
    diagnostic: words(recipient.diagnostic),
    remoteMta: name(recipient.remoteMta),
    retryUntil:
      retryUntil !== null && retryUntil.getTime() >= FIRST && retryUntil.getTime() <= LAST ? retryUntil : null,
    evidence: {
      rule: label(evidence.rule) ?? '',
      part: label(evidence.part) ?? '',
      span: words(evidence.span) ?? '',
    },
  };
}

function words(text: string | null): string | null {
  return text === null ? null : cleanText(cut(text, MAX_WORDS));
}

function label(text: string | null): string | null {
  return text === null ? null : cleanText(cut(text, MAX_LABEL));
}

function name(text: string | null): string | null {
  if (text === null) return null;
  let kept = cleanText(cut(text, MAX_NAME_OCTETS));
  // A character has up to three octets for each UTF-16 unit.
  while (Buffer.byteLength(kept) > MAX_NAME_OCTETS)
    kept = cut(kept, kept.length - Math.ceil((Buffer.byteLength(kept) - MAX_NAME_OCTETS) / 3));
  return kept === '' ? null : kept;
}
