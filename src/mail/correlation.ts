// What ties a message to what was sent: the tag of the address that it came back to, and fields of the returned message that the owner has
// named. Pure and bounded; tags are made and verified in verp.ts, and how far a report is believed for it is decided where reports are stored.
// `signed` is about `address` and nothing else. A tag can be replayed by everyone who ever held a message with it, in a report on whomever they
// like: what such a report says of other addresses is worth no more than any stranger's word.

import type { Correlation, VerpPattern } from '../model-pipeline.ts';
import type { Reading } from '../model-reading.ts';
import { parseAddresses } from './address.ts';
import { addressIdentity, domainIdentity } from './identity.ts';
import { type Secret, verifyTag } from './verp.ts';

export interface CorrelationRules {
  readonly patterns: readonly VerpPattern[];
  /** With none, no tag is signed. */
  readonly secrets: readonly Secret[];
  /** Names of fields of the returned message, in any case. */
  readonly headers: readonly string[];
}

/** Where the server that delivered to us writes the address it delivered to, as in Reading.envelopeRecipient. */
const ENVELOPE_FIELDS = new Set(['delivered-to', 'x-original-to', 'envelope-to']);

/** Addresses that are looked at. A bounce comes to one; a To field has up to a hundred (address.ts). */
const MAX_ADDRESSES = 150;

/** Tags that are verified: each costs an HMAC for each secret, and with an id also for each reported address. */
const MAX_VERIFIED = 8;

/** Characters of a tag. Local parts end at 64 octets (RFC 5321 4.5.3.1.1), and some servers pass longer ones on. */
const MAX_TAG = 250;

/** Characters of the returned message's To that are searched for addresses an id may stand for. */
const MAX_TO = 500;

interface Tag {
  readonly text: string;
  readonly holds: VerpPattern['holds'];
}

type Tie = Pick<Correlation, 'token' | 'address' | 'signed'>;

const NO_TIE: Tie = { token: null, address: null, signed: false };

export function correlate(reading: Reading, rules: CorrelationRules): Correlation {
  return { ...bestTie(reading, rules), originalHeaders: namedHeaders(reading, rules.headers) };
}

/** The first tag that proves its address; else the first that names one; else the first. */
function bestTie(reading: Reading, { patterns, secrets }: CorrelationRules): Tie {
  if (patterns.length === 0) return NO_TIE;
  let best = NO_TIE;
  let verified = 0;
  for (const tag of tagsOf(reading, patterns)) {
    if (tag.holds === 'address') {
      const address = verpAddress(tag.text);
      if (best.address === null && address !== null) best = { token: tag.text, address, signed: false };
    } else {
      if (best.token === null) best = { ...NO_TIE, token: tag.text };
      if (secrets.length === 0 || verified >= MAX_VERIFIED) continue;
      verified += 1;
      const proven = verifyTag(secrets, tag.text, reportedAddresses(reading));
      if (proven !== null) return { token: tag.text, address: proven.address, signed: true };
    }
  }
  return best;
}

/** The distinct tags of the addresses that the message came back to, the surest place first. */
function tagsOf(reading: Reading, patterns: readonly VerpPattern[]): Tag[] {
  const tags = new Map<string, Tag>();
  const addresses = new Set(recipientsOf(reading));
  for (const address of [...addresses].slice(0, MAX_ADDRESSES)) {
    for (const pattern of patterns) {
      const text = tagIn(address, pattern);
      if (text !== null && !tags.has(`${pattern.holds} ${text}`))
        tags.set(`${pattern.holds} ${text}`, { text, holds: pattern.holds });
    }
  }
  return [...tags.values()];
}

/** Addresses that we were delivered to, that were written to, and, where the report has lost them, the one that the message was sent from. */
function* recipientsOf({ envelopeRecipient, headers, to, verdict }: Reading): Generator<string> {
  if (envelopeRecipient !== null) yield bare(envelopeRecipient);
  for (const [name, value] of headers) if (ENVELOPE_FIELDS.has(name.toLowerCase())) yield bare(value);
  for (const address of to) yield bare(address);
  // RFC 5321 4.4: the last server writes the envelope sender there, and many return the message as they have it.
  for (const [name, value] of verdict.originalHeaders) if (name === 'return-path') yield bare(value);
}

/** The address of `Name <address>`, or the text itself. */
function bare(text: string): string {
  const close = text.lastIndexOf('>');
  const open = text.lastIndexOf('<', close);
  return (close > open && open >= 0 ? text.slice(open + 1, close) : text).trim();
}

/** What stands in the place of the tag, as it is written; null where the address is none of the pattern. */
export function tagIn(address: string, { before, after, domain }: VerpPattern): string | null {
  const at = address.lastIndexOf('@');
  const end = at - after.length;
  if (end <= before.length || end - before.length > MAX_TAG) return null;
  // Cut by the pattern's length first: lower case may change the length of letters that are not ASCII.
  if (address.slice(0, before.length).toLowerCase() !== before) return null;
  if (address.slice(end, at).toLowerCase() !== after) return null;
  const tag = address.slice(before.length, end);
  return /^[!-~]+$/.test(tag) && domainIdentity(address.slice(at + 1)) === domain ? tag : null;
}

/** The address in unsigned VERP, `local=domain`; the domain has no `=`. */
function verpAddress(tag: string): string | null {
  const at = tag.lastIndexOf('=');
  const domain = tag.slice(at + 1);
  // No top-level domain but an A-label has a hyphen: this is a signed tag that another pattern has refused.
  const top = domain.slice(domain.lastIndexOf('.') + 1).toLowerCase();
  if (at < 1 || (top.includes('-') && !top.startsWith('xn--'))) return null;
  return addressIdentity(`${tag.slice(0, at)}@${domain}`);
}

/** Addresses that a tag with an id may have been made for: those reported on, and whom the returned message was written to. */
function reportedAddresses({ verdict }: Reading): string[] {
  const to = verdict.originalHeaders.find(([name]) => name === 'to')?.[1].slice(0, MAX_TO) ?? '';
  return [
    ...verdict.recipients.slice(0, MAX_ADDRESSES).flatMap(({ originalAddress, address }) => [originalAddress, address]),
    ...parseAddresses(to).map(({ address }) => address),
  ].filter((address) => address !== null);
}

function namedHeaders({ verdict }: Reading, names: readonly string[]): Record<string, string> {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(verdict.originalHeaders.filter(([name]) => wanted.has(name)));
}
