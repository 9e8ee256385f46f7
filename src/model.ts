// The nouns every room shares, and the Session interface that stands between `drain` and the mail servers.
// Types, and the lists that types are made of: no code, no imports. What a word means is fixed in docs/how-a-drain-works.md.

/** A message's UID (RFC 9051 2.3.1.1) as text; POP3 will put its UIDL (RFC 1939 7) here. Means nothing without its UIDVALIDITY. */
export type Uid = string;

/** Where a secret comes from. The value itself never stands in a configuration. */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] }
  | { readonly value: () => string | Promise<string> };

/** How to reach one IMAP account. */
export interface ImapAccount {
  readonly host: string;
  /** 993 for `implicit`, 143 otherwise, unless configured. */
  readonly port: number;
  readonly user: string;
  readonly password: SecretSource;
  /** `implicit`: TLS from the first octet. `starttls`: RFC 9051 6.2.1, required. `none`: clear text. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM file of additional certificate authorities, absolute path; null: the system's. */
  readonly caFile: string | null;
}

/** What happens on the server to a message that is committed here. */
export type Dispose =
  // `forever`, Gmail only: expunge in Trash as well.
  | { readonly kind: 'delete'; readonly forever: boolean }
  | { readonly kind: 'trash' }
  // `create`: make the target when it is missing.
  | { readonly kind: 'move'; readonly to: string; readonly create: boolean }
  | { readonly kind: 'seen' }
  | { readonly kind: 'flag'; readonly keyword: string }
  | { readonly kind: 'keep' };

/** One configured mailbox, checked, with every default filled in. */
export interface MailboxConfig {
  readonly name: string;
  readonly imap: ImapAccount;
  /** Mailbox name in UTF-8, or a SPECIAL-USE attribute such as `\All` (RFC 6154). */
  readonly folder: string;
  /** Exactly one of `everyMs` and `cron` is set. */
  readonly everyMs: number | null;
  readonly cron: string | null;
  /** IANA time zone of `cron`. */
  readonly tz: string | null;
  readonly dispose: Dispose;
  /** Age in milliseconds (by INTERNALDATE) before a message is disposed; 0: at once. */
  readonly afterMs: number;
  /** `exclusive`: the owner asserts that nobody else uses the mailbox, so a plain EXPUNGE is allowed where UIDPLUS is missing. */
  readonly expunge: 'safe' | 'exclusive';
  /** Octets; a larger message is held, its octets never asked for. */
  readonly sizeLimit: number;
  /** `keep`: what reports nothing (kind `other` or `unreadable`) is stored and stays on the server, whatever `dispose` says. */
  readonly unmatched: 'dispose' | 'keep';
}

/** The account a mailbox belongs to: `imap://user@host:port`, lower-case host. Locks and Gmail's message ids are per login. */
export type Login = string;

// ---------------------------------------------------------------- sessions

/** What is known of the server and the selected mailbox after login. */
export interface SessionFacts {
  /** Path of the selected mailbox as the server spells it, decoded to UTF-8. */
  readonly path: string;
  readonly capabilities: readonly string[];
  readonly gmail: boolean;
  /** Decimal text; a 32-bit number in the standard, 0 has been seen. */
  readonly uidValidity: string;
  readonly uidNext: number | null;
  /** EXISTS at the time of the SELECT. */
  readonly exists: number;
  /** The server's path of `\Trash` by SPECIAL-USE, never by name. Null also where it was not asked for. */
  readonly trash: string | null;
  /** How this session would take a message off the server. */
  readonly disposal: DisposalMeans;
}

export type DisposalMeans =
  | { readonly means: 'uid-expunge' }
  // `thenExpunge`: Gmail's `forever`.
  | { readonly means: 'move'; readonly to: string; readonly thenExpunge: boolean }
  | { readonly means: 'plain-expunge' }
  // COPY, flag, UID EXPUNGE: for servers with UIDPLUS and without MOVE.
  | { readonly means: 'copy-expunge'; readonly to: string }
  // Flagged `\Deleted` and left there.
  | { readonly means: 'flag-only'; readonly why: string }
  // Nothing at all is done.
  | { readonly means: 'none'; readonly why: string }
  | { readonly means: 'mark'; readonly flag: string }
  | { readonly means: 'keep' };

/** The UIDs of a mailbox, ascending. */
export interface Listing {
  readonly uids: readonly Uid[];
  /** Those flagged `\Deleted` by whomever; not in `uids`. */
  readonly deleted: readonly Uid[];
  /** False when the server showed fewer than it says exist (folder limits): absence then proves nothing. */
  readonly complete: boolean;
}

/** What a server says of one message before its octets are asked for. */
export interface Listed {
  readonly uid: Uid;
  /** RFC822.SIZE, octets. An estimate on some servers. */
  readonly size: number;
  readonly flags: readonly string[];
  readonly internalDate: Date | null;
  /** X-GM-MSGID or EMAILID (RFC 8474). */
  readonly emailId: string | null;
  readonly threadId: string | null;
  readonly labels: readonly string[];
}

/** One message whose octets arrived whole. */
export interface Fetched extends Listed {
  readonly raw: Buffer;
}

export interface FetchOutcome {
  readonly messages: readonly Fetched[];
  /** Asked for and not answered. Not "gone": nobody has looked. */
  readonly missing: readonly Uid[];
  /** The server refused the command (NO or BAD); its words. The UIDs asked for are all in `missing` or `messages`. */
  readonly refused: string | null;
}

/** A committed message that is to be disposed. */
export interface Target {
  readonly uid: Uid;
  readonly emailId: string | null;
}

export interface DisposeOutcome {
  /** Targets that a second look showed to be gone, in Trash, or marked. */
  readonly done: readonly Uid[];
  /** Why the others are still owed; null when none are. */
  readonly why: string | null;
  /** The server said that writes rest (Gmail `[THROTTLED]`). */
  readonly throttled: boolean;
}

/** One connection to one mailbox, from login to logout. Every method throws MaildrainError. */
export interface Session {
  readonly facts: SessionFacts;
  list(): Promise<Listing>;
  /** Sizes, flags and dates. UIDs that are no longer there are left out. */
  describe(uids: readonly Uid[]): Promise<Listed[]>;
  fetch(listed: readonly Listed[]): Promise<FetchOutcome>;
  /** The octets of one message in order, in pieces of about 1 MiB. Ends early only by throwing. */
  stream(listed: Listed): AsyncIterable<Buffer>;
  /** Takes committed messages off the server, as configured, and looks again. */
  dispose(targets: readonly Target[]): Promise<DisposeOutcome>;
  /** Which of these UIDs are still in the mailbox. */
  present(uids: readonly Uid[]): Promise<Set<Uid>>;
  /** LOGOUT, or a cut when the line is dead. Never throws, never CLOSE (RFC 9051 6.4.2 expunges). */
  close(): Promise<void>;
}

// ---------------------------------------------------------------- readings

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

/** How far a report can be believed, best first. Anybody can send a message that looks like a bounce. */
export type Trust =
  // It came back to an address with our HMAC in it.
  | 'signed'
  // It names a message that is known to have been sent.
  | 'known-message'
  | 'address-only';

/** An address that reports come back to, with the place of its tag: `bounces+{token}@example.com`. */
export interface VerpPattern {
  /** `token`: a signed tag, or the owner's own. `address`: `local=domain`, as unsigned VERP writes it. */
  readonly holds: 'token' | 'address';
  /** The local part before and after the tag; lower-case ASCII. */
  readonly before: string;
  readonly after: string;
  /** A-labels. */
  readonly domain: string;
}

/** What ties a message to what was sent, as far as the message itself shows it (mail/correlation.ts). */
export interface Correlation {
  /** The tag of the address it came back to, as it stands there; null without one. */
  readonly token: string | null;
  /** The address that was written to, where the tag says so and proves it, or says so and nothing need be proved; null otherwise. */
  readonly address: string | null;
  /** The tag's HMAC is right. For a tag that names no address, `address` is the reported one that the HMAC was made for. */
  readonly signed: boolean;
  /** Fields of the returned message that the owner has named, lower-case names. */
  readonly originalHeaders: Readonly<Record<string, string>>;
}

/** Why an address may be suppressed. */
export type SuppressionCause = Category | 'complaint';

/** `after` reports within `withinMs` suppress the address for `forMs`. */
export interface SuppressionRule {
  /** 1 to 1,000; several reports of one message, or of one day, count once. */
  readonly after: number;
  /** Milliseconds; null: ever. */
  readonly withinMs: number | null;
  /** Milliseconds; null: until somebody lifts it. */
  readonly forMs: number | null;
}

export interface SuppressionPolicy {
  /** Reports of less trust suppress nobody. */
  readonly trust: Trust;
  /** The same for complaints: feedback loops send them to an address that has no tag. */
  readonly complaintTrust: Trust;
  /** Null: never for this cause. */
  readonly rules: Readonly<Record<SuppressionCause, SuppressionRule | null>>;
}

/** What a consumer can be told. docs/events.md has the body of each. */
export const EVENT_TYPES = [
  'bounce.failed',
  'bounce.delayed',
  'complaint',
  'auto-reply',
  'suppression.added',
  'suppression.removed',
  'mailbox.stopped',
  'message.held',
  'message.stored',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** One event, told at least once; `id` is the same each time. */
export interface MaildrainEvent {
  /** `evt_` and a number that rises. */
  readonly id: string;
  readonly at: Date;
  readonly type: EventType;
  /** The address or the mailbox it is about: events of one key come in order. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
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

// ---------------------------------------------------------------- reports

export type Outcome = 'done' | 'partial' | 'busy' | 'stopped' | 'waiting' | 'dry-run' | 'failed';

/** What one drain did. Counts are messages. */
export interface DrainReport {
  readonly mailbox: string;
  readonly outcome: Outcome;
  readonly listed: number;
  readonly fetched: number;
  readonly stored: number;
  /** Recognised as already stored by an earlier drain or in another mailbox of the login. */
  readonly adopted: number;
  /** Seen to be gone, in Trash, or marked, after we asked for it. */
  readonly disposed: number;
  /** Stored earlier, owed, and found to be gone from the server. */
  readonly gone: number;
  /** Left alone because another client flagged them `\Deleted`. */
  readonly skipped: number;
  /** Set aside in this drain. */
  readonly held: number;
  /** Asked for and not answered. */
  readonly missing: number;
  /** Stored, still owed to the server after this drain. */
  readonly pending: number;
  readonly bytes: number;
  readonly ms: number;
  /** What a person should know: why mail stays, what was unusual. */
  readonly notes: readonly string[];
  /** When the mailbox may be tried again, if it must wait. */
  readonly retryAt: Date | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Progress of a running drain; `total` grows when rounds are repeated. */
export interface DrainProgress {
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
}

// ---------------------------------------------------------------- admin jobs

/** Which messages a job is about. Every condition must hold; `all` stands for none, and is required then. Dates are days (UTC) where they come from SEARCH. */
export interface Criteria {
  /** INTERNALDATE before the beginning of this day, UTC. `--older-than` becomes one. */
  readonly before?: Date;
  /** INTERNALDATE at or after the beginning of this day, UTC. */
  readonly since?: Date;
  /** Substrings, compared without regard to case (RFC 9051 6.4.4). */
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  /** A field whose value contains this; '' asks that the field is there. */
  readonly header?: readonly (readonly [name: string, contains: string])[];
  /** Octets. */
  readonly larger?: number;
  readonly smaller?: number;
  readonly seen?: boolean;
  readonly flagged?: boolean;
  readonly deleted?: boolean;
  /** What the reader says; known only of messages that are stored or are read for it. */
  readonly kind?: Kind;
  /** A sequence set (RFC 9051 9): `1:100,205`. */
  readonly uid?: string;
  /** Without angle brackets. */
  readonly messageId?: string;
  /** Gmail's own search (X-GM-RAW); on the server only. */
  readonly gmail?: string;
  readonly all?: true;
}

/** How long what is stored is kept, milliseconds; null: for ever. Octets, and facts and reports, go by whole months. */
export interface Retention {
  readonly raw: number | null;
  readonly messages: number | null;
  readonly reports: number | null;
  /** Only those that every consumer has had. */
  readonly events: number | null;
  /** Drains. */
  readonly runs: number | null;
  /** Admin jobs with their plans: who asked for what, and what came of it. */
  readonly audit: number | null;
  /** Only rows of messages that are no longer on the server. */
  readonly ledger: number | null;
}

export const ADMIN_JOBS = [
  'purge',
  'empty-trash',
  'move',
  'copy',
  'flag',
  'undelete',
  'restore',
  'reclassify',
  'expire',
] as const;

export type AdminJobKind = (typeof ADMIN_JOBS)[number];

/** One slice of a job that is done and must not be forgotten. */
export interface Step {
  /** Messages (or rows) that this slice dealt with, whatever came of them. */
  readonly done: number;
  /** Added to the job's counts, by names such as `disposed`, `gone`, `stored`. */
  readonly counts: Readonly<Record<string, number>>;
  /** JSON; where the next slice begins. */
  readonly cursor: unknown;
  /** For people, each once. */
  readonly notes?: readonly string[];
  /** Nothing is left: the job is done, also where it is asked to end now. */
  readonly last?: boolean;
}
