// The signed tag of an envelope sender (VERP): what a bounce must come back to before it is believed. Anybody can send a message that looks
// like a bounce; nobody without the secret can make a tag for an address.
// A tag proves its own address and nothing else. Whoever has received our mail has a tag, for ever, and can send it again with a report that
// names others: so only the address of the tag may be held to be reported on, never another one of the same report.
// Which addresses may hold a tag is in correlation.ts.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { MaildrainError } from '../errors.ts';
import type { VerpPattern } from '../model-pipeline.ts';
import { addressIdentity } from './identity.ts';

export type Secret = Buffer | string;

/** What a tag is made for. With `id`, the tag carries that in place of the address. */
export interface TagFor {
  readonly address: string;
  /** The owner's own identifier of the recipient or the sending: lower-case letters, digits, `.`, `_` and `-`. */
  readonly id?: string | undefined;
}

/** RFC 5321 4.5.3.1.1: octets of a local part. */
export const MAX_LOCAL = 64;

/**
 * Octets of a secret. A recipient has its address and its MAC, and may try secrets at home for as long as it likes; 16 octets chosen by
 * chance are beyond that, a word is not.
 */
export const MIN_SECRET = 16;

/** Secrets that are tried: the one in use, and those before it as long as their mail may come back. */
const MAX_SECRETS = 10;

/**
 * Octets of HMAC-SHA256 that a tag carries. Tags can be tried only by sending mail, one a message: of 2^80 nobody will find one (RFC 2104 5 asks
 * for half of the hash and at least 80 bits). More would leave less of 64 octets to the address.
 */
const MAC_OCTETS = 10;
const MAC_LENGTH = 16;

/** Base32 of RFC 4648 6 in lower case: local parts come back in any case (RFC 5321 2.4), so a tag must survive that. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const MAC = /^[a-z2-7]{16}$/;

/** `local=domain`, both escaped. */
const ADDRESS_FORM = /^[a-z0-9_.-]+=[a-z0-9_.-]+$/;
/** No `=`, so that no id reads as an address; dots only between other characters (RFC 5322 3.2.3 dot-atom). */
const ID_FORM = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** A first step of its own for each form, so that no id can be chosen whose MAC is that of an address. NUL is in neither. */
const ADDRESS_CONTEXT = 'maildrain verp address v1';
const ID_CONTEXT = 'maildrain verp id v1';

/** Addresses that an id's MAC is tried with: a bounce of a tagged message reports on one address, with its aliases on a few. */
const MAX_CANDIDATES = 50;

/**
 * The tag for an address, `local=domain-MAC`, or for an id, `id-MAC`. The first secret signs. The same address has always the same tag.
 * @throws MaildrainError CONFIG_INVALID where the address, the id or the secret will not do
 */
export function signTag(secrets: Secret | readonly Secret[], { address, id }: TagFor): string {
  const [secret] = checkSecrets(secrets);
  const identity = addressIdentity(address);
  if (identity === null) throw invalid('what is to be signed for is not an e-mail address');
  if (secret === undefined) throw invalid('there is no secret to sign with');
  if (id !== undefined && !ID_FORM.test(id))
    throw invalid('an id is made of lower-case letters, digits, "_", "-" and single dots in between');
  const tag =
    id === undefined
      ? `${encodeAddress(identity)}-${macOf(secret, ADDRESS_CONTEXT, identity)}`
      : `${id}-${macOf(secret, ID_CONTEXT, id, identity)}`;
  requireRoom(tag, id !== undefined);
  return tag;
}

/**
 * The envelope sender to send with: a pattern with the tag in its place.
 * @throws MaildrainError CONFIG_INVALID as signTag(), where the local part gets too long, or where the pattern takes no signed tag
 */
export function signSender(pattern: VerpPattern, secrets: Secret | readonly Secret[], signed: TagFor): string {
  if (pattern.holds !== 'token') throw invalid('a signed tag needs a pattern with {token}');
  const local = `${pattern.before}${signTag(secrets, signed)}${pattern.after}`;
  requireRoom(local, signed.id !== undefined);
  return `${local}@${pattern.domain}`;
}

/**
 * The address that a tag proves, or null. The address form proves the one that it holds; the id form the one of `candidates` (the addresses
 * that the report names) that it was made for. Any text may come as a tag.
 * @throws MaildrainError CONFIG_INVALID where a secret will not do
 */
export function verifyTag(
  secrets: Secret | readonly Secret[],
  tag: string,
  candidates: readonly string[],
): { readonly address: string } | null {
  const keys = checkSecrets(secrets);
  if (tag.length > MAX_LOCAL) return null;
  const lower = asciiLower(tag);
  const at = lower.lastIndexOf('-');
  const [body, mac] = [lower.slice(0, Math.max(at, 0)), lower.slice(at + 1)];
  if (!MAC.test(mac)) return null;
  if (ADDRESS_FORM.test(body)) {
    const address = decodeAddress(body);
    return address !== null && proves(keys, mac, ADDRESS_CONTEXT, address) ? { address } : null;
  }
  if (!ID_FORM.test(body)) return null;
  const address = identities(candidates).find((each) => proves(keys, mac, ID_CONTEXT, body, each));
  return address === undefined ? null : { address };
}

/**
 * The secrets as a list, each long enough to resist a search.
 * @throws MaildrainError CONFIG_INVALID
 */
export function checkSecrets(secrets: Secret | readonly Secret[]): readonly Secret[] {
  const list = typeof secrets === 'string' || Buffer.isBuffer(secrets) ? [secrets] : secrets;
  if (list.length > MAX_SECRETS) throw invalid(`more than ${MAX_SECRETS} secrets for tags; leave the oldest out`);
  if (list.some((secret) => Buffer.byteLength(secret) < MIN_SECRET))
    throw invalid(
      `a secret for tags needs at least ${MIN_SECRET} octets chosen by chance, such as from: openssl rand -hex 32`,
    );
  return list;
}

/** RFC 5321 4.5.3.1.1: no server need take a longer local part. */
function requireRoom(local: string, hasId: boolean): void {
  if (local.length <= MAX_LOCAL) return;
  const advice = hasId ? 'take a shorter id' : 'give an id for this address, which then stands in its place';
  throw invalid(`the local part would have ${local.length} of at most ${MAX_LOCAL} octets; ${advice}`);
}

function invalid(text: string): MaildrainError {
  return new MaildrainError('CONFIG_INVALID', text);
}

/** The distinct identities of the first candidates. */
function identities(candidates: readonly string[]): string[] {
  const found = new Set<string>();
  for (const candidate of candidates.slice(0, MAX_CANDIDATES * 2)) {
    const identity = addressIdentity(candidate);
    if (identity !== null) found.add(identity);
    if (found.size >= MAX_CANDIDATES) break;
  }
  return [...found];
}

function proves(secrets: readonly Secret[], mac: string, ...inputs: readonly string[]): boolean {
  const given = Buffer.from(mac);
  return secrets.some((secret) => timingSafeEqual(given, Buffer.from(macOf(secret, ...inputs))));
}

function macOf(secret: Secret, ...inputs: readonly string[]): string {
  return base32(createHmac('sha256', secret).update(inputs.join('\0')).digest().subarray(0, MAC_OCTETS));
}

function base32(octets: Buffer): string {
  const bits = BigInt(`0x${octets.toString('hex')}`);
  return Array.from(
    { length: MAC_LENGTH },
    (_, n) => BASE32[Number((bits >> BigInt(5 * (MAC_LENGTH - 1 - n))) & 31n)],
  ).join('');
}

/**
 * Stands as it is: a letter, a digit, a hyphen, and a dot between two of them, which every server leaves alone. All else is `_` and two
 * hexadecimal digits for each octet of UTF-8: `%` and `!` are routes to some servers, `+` ends the name for others, `=` stands for the @, and a
 * hyphen in front reads as an option to some programs.
 */
const ESCAPED = /[^a-z0-9.-]|^-|(?<![a-z0-9-])\.|\.(?![a-z0-9-])/gu;

function encodeAddress(identity: string): string {
  const at = identity.lastIndexOf('@');
  return [identity.slice(0, at), identity.slice(at + 1)].map(escaped).join('=');
}

function escaped(text: string): string {
  return text.replace(ESCAPED, (character) => Buffer.from(character).toString('hex').replace(/../g, '_$&'));
}

/** The identity that was encoded; null for what encodeAddress() does not write, so that each address has one tag only. */
function decodeAddress(body: string): string | null {
  const [local = '', domain = ''] = body.split('=').map(unescaped);
  const identity = addressIdentity(`${local}@${domain}`);
  return identity !== null && encodeAddress(identity) === body ? identity : null;
}

function unescaped(text: string): string {
  return text.replace(/(?:_[0-9a-f]{2})+/g, (run) => Buffer.from(run.replaceAll('_', ''), 'hex').toString());
}

/** Not toLowerCase(), which makes ASCII of other letters (U+212A is a `k`). */
function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
