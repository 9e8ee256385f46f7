// What the judges of a message see: its parts by what they are for, decoded and bounded. read.ts gathers it; verdict.ts and the judges it asks
// (delivery-status, free-form, complaint, mdn, auto-reply) read nothing else.

import type { Field } from './header.ts';

/** The text of one part. */
export interface PartText {
  /** IMAP part number. */
  readonly part: string;
  /** Lower-case `type/subtype`. */
  readonly type: string;
  /** Decoded and cleaned, line ends LF; at most MAX_KEPT octets before decoding, MAX_FIELDS_KEPT of the fields of a report. */
  readonly text: string;
}

/** A message, or its header, that came back inside this one. */
export interface Returned {
  readonly part: string;
  readonly fields: readonly Field[];
  /** The beginning of its body, decoded as far as it is cheap; '' when only the header came back. */
  readonly text: string;
}

export interface Material {
  /** The message's own header. */
  readonly fields: readonly Field[];
  /** Lower-case `type/subtype` of the message. */
  readonly type: string;
  /** `report-type` parameter of a multipart/report (RFC 6522), lower-case; null without. */
  readonly reportType: string | null;
  /** text/plain bodies in order, then text/html ones as text; the parts of the message itself, not those inside a returned message. */
  readonly texts: readonly PartText[];
  /** message/delivery-status and message/global-delivery-status (RFC 3464, RFC 6533), transfer decoding done. */
  readonly statuses: readonly PartText[];
  /** message/feedback-report (RFC 5965). */
  readonly feedback: readonly PartText[];
  /** message/disposition-notification (RFC 8098) and its global kin. */
  readonly dispositions: readonly PartText[];
  /** message/rfc822, message/global, text/rfc822-headers, message/global-headers: in order. */
  readonly returned: readonly Returned[];
}
