// Which addresses are one address. Reports, suppressions and tags all compare by this: lower case, the domain as A-labels (RFC 5890
// 2.3.2.1), and nothing cleverer. Plus tags and dots stay: what they mean is the receiving server's business (RFC 5321 2.3.11), and a
// wrong guess would suppress somebody else.

import { domainToASCII } from 'node:url';

/** Octets in UTF-8: 64 of local part, the @, 255 of domain (RFC 5321 4.5.3.1), with no regard to how the two share them. */
export const MAX_IDENTITY_OCTETS = 320;

/** RFC 1035 2.3.4 in text: 255 octets with their lengths are 253 characters. */
const MAX_DOMAIN = 253;

/** RFC 5322 3.2.3 atext and RFC 6532 3.2, with dots anywhere: carriers have given out `a..b@` and `a.@`. No blank, no control. */
const ATOMS = /^(?:[a-z0-9!#$%&'*+\-/=?^_`{|}~.]|[^\p{ASCII}\p{Cc}\p{Cs}\p{Z}])+$/u;

/** RFC 5321 4.1.2 Quoted-string. Each character fits one branch only, so it cannot backtrack. */
const QUOTED = /^"(?:[ !#-[\]-~]|\\[ -~]|[^\p{ASCII}\p{Cc}\p{Cs}\p{Z}])+"$/u;

/** Letters, digits, hyphens, and the underscore that some hosts have. No edge of a label is looked at: the server took it. */
const LABELS = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/** RFC 5321 4.1.3: `[192.0.2.1]`, `[ipv6:2001:db8::1]`. */
const LITERAL = /^\[[a-z0-9.:-]{1,100}\]$/;

/** ASCII that a domain cannot have. domainToASCII() reads it as a piece of a URL: `b.org/x` would become `b.org`, `%62` a `b`. */
const FOREIGN_ASCII = /[^a-z0-9_.\-\u0080-\u{10ffff}]/u;

/** The identity of an address, or null for what is no address. The identity of an identity is itself. */
export function addressIdentity(text: string): string | null {
  // Before anything else is done with it: a UTF-16 unit is at least one octet.
  if (text.length > MAX_IDENTITY_OCTETS) return null;
  // The last one: a quoted local part may hold an @.
  const at = text.lastIndexOf('@');
  if (at < 1) return null;
  const local = text.slice(0, at).toLowerCase();
  if (!ATOMS.test(local) && !QUOTED.test(local)) return null;
  const domain = domainIdentity(text.slice(at + 1));
  if (domain === null) return null;
  const identity = `${local}@${domain}`;
  return Buffer.byteLength(identity) > MAX_IDENTITY_OCTETS ? null : identity;
}

/** A domain in lower case and A-labels; null for what is none. */
export function domainIdentity(text: string): string | null {
  if (text.length > MAX_DOMAIN) return null;
  const lower = text.toLowerCase();
  if (LITERAL.test(lower)) return lower;
  if (FOREIGN_ASCII.test(lower)) return null;
  // ASCII is left to itself: an xn-- label that decodes to nothing is still the name that was written to.
  const ascii = /^\p{ASCII}*$/u.test(lower) ? lower : domainToASCII(lower);
  if (ascii.length > MAX_DOMAIN || !LABELS.test(ascii)) return null;
  // RFC 3696 2: no top-level domain is a number, so that no name can be taken for an IP address.
  return /(?:^|\.)\d+$/.test(ascii) ? null : ascii;
}
