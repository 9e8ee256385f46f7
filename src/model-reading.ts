// What the reader says of a message: its facts, and what it reports of whom.

export type Kind = 'bounce' | 'complaint' | 'auto-reply' | 'mdn' | 'other' | 'unreadable';

/** Facts about one leaf part that is an attachment or an attached message. The octets are in raw. */
export interface Attachment {
  /** IMAP part number (RFC 9051 6.4.5), for example `2.1`. */
  readonly part: string;
  readonly filename: string | null;
  /** Lower-case `type/subtype`. */
  readonly contentType: string;
  /** Octets as transferred, that is still encoded. */
  readonly size: number;
  /** SHA-256 of those octets. */
  readonly digest: Buffer;
}

/** What was done with a message for one recipient (RFC 3464 2.3.3). */
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** Why delivery failed or waits, in sixteen words. What each means, and its usual codes, is in docs/bounces.md. */
export type Category =
  | 'address-unknown'
  | 'domain-unknown'
  | 'address-moved'
  | 'mailbox-disabled'
  | 'mailbox-full'
  | 'recipient-refused'
  | 'message-too-large'
  | 'spam-content'
  | 'content-rejected'
  | 'sender-reputation'
  | 'auth-failure'
  | 'policy'
  | 'rate-limited'
  | 'network'
  | 'remote-system'
  | 'unknown';

/** Whose trouble it is: only what is the recipient's can be a reason to write to an address no more. */
export type Scope = 'recipient' | 'sender' | 'message' | 'network' | 'unknown';

/** Where a statement was found. */
export interface Evidence {
  /** The rule that spoke: `rfc3464`, or the name of a family such as `qmail`. */
  readonly rule: string;
  /** IMAP part number of the part it was found in; '' for the message's own header. */
  readonly part: string;
  /** The words themselves, at most 500 characters. */
  readonly span: string;
}

/** What a report says of one recipient. Absent is null; a code that the message does not carry is never made up. */
export interface RecipientReport {
  /** The address that failed, or was reported on. */
  readonly address: string | null;
  /** The address as it was sent to, where the report tells it apart (Original-Recipient, an alias before forwarding). */
  readonly originalAddress: string | null;
  /** Null in complaints and automatic replies. */
  readonly action: Action | null;
  /** The most specific RFC 3463 code for this recipient anywhere in the message. */
  readonly status: string | null;
  /** SMTP reply code, 200 to 599. */
  readonly replyCode: number | null;
  /** Null for what is no failure. */
  readonly category: Category | null;
  readonly scope: Scope | null;
  /** Sending again is pointless: the address or its domain does not exist, has moved, or takes no mail. Null: cannot be told, or does not apply. */
  readonly hard: boolean | null;
  /** What the server said, one line, at most 1,000 characters. */
  readonly diagnostic: string | null;
  readonly remoteMta: string | null;
  /** A delayed message is tried until then. */
  readonly retryUntil: Date | null;
  readonly evidence: Evidence;
}

/** What a message reports, when it is a report. */
export interface Verdict {
  readonly kind: Exclude<Kind, 'unreadable'>;
  /** At most 1,000. Empty for `other`. */
  readonly recipients: readonly RecipientReport[];
  /** Message-ID of the message that was reported on, without angle brackets. */
  readonly originalMessageId: string | null;
  /** Original-Envelope-Id (RFC 3464 2.2.1), xtext decoded. */
  readonly envelopeId: string | null;
  /** Complaints only, lower-case (RFC 5965 3.1). */
  readonly feedbackType: string | null;
  readonly autoReply: AutoReply | null;
  /** Fields of the returned message, lower-case names, each name once, at most 60 of 500 characters; decoded; without signatures and trace, but with Return-Path. */
  readonly originalHeaders: readonly (readonly [name: string, value: string])[];
  /** The rule that decided the kind; null for `other`. */
  readonly rule: string | null;
}

export interface AutoReply {
  readonly type: 'vacation' | 'left' | 'challenge' | 'receipt' | 'other';
  /** The day of return where it is stated, `YYYY-MM-DD`. */
  readonly until: string | null;
}

/** What the reader says of one message. Every text is free of NUL and of lone surrogates. */
export interface Reading {
  readonly kind: Kind;
  /** Version of the reader, so that stored mail can be found and read again. */
  readonly reader: number;
  /** First Message-ID without angle brackets. */
  readonly messageId: string | null;
  /** Where we were delivered to: Delivered-To, X-Original-To or Envelope-To, the first found. */
  readonly envelopeRecipient: string | null;
  /** `Name <address>` decoded. */
  readonly from: string | null;
  /** Lower-cased address of the first author, for grouping. */
  readonly fromAddress: string | null;
  readonly to: readonly string[];
  readonly subject: string | null;
  readonly sentAt: Date | null;
  /** The beginning of the text, decoded; null when there is none. */
  readonly text: string | null;
  /** Header fields in order, names as written, values unfolded, undecoded beyond UTF-8 or Latin-1. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly Attachment[];
  /** Which limit cut the reading short, if any: `depth`, `parts`, `header`; `report`: recipients may be missing. */
  readonly truncated: string | null;
  /** What it reports, when it is a report; `kind` is taken from it. */
  readonly verdict: Verdict;
}
