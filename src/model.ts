// The nouns every room shares, and the Session interface that stands between `drain` and the mail servers.
// Types, and the lists that types are made of: no code. What a word means is fixed in docs/how-a-drain-works.md. What mail says is in
// model-reading.ts, what follows from it in model-pipeline.ts, words of the jobs in model-admin.ts.

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
  /** Gmail's `forever`: targets that were seen in Trash, and are not expunged there. */
  readonly inTrash?: readonly Uid[];
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
  /** False: the line is broken, and nothing more can be said on it. */
  isOpen(): boolean;
  /** Which of these UIDs are still in the mailbox. */
  present(uids: readonly Uid[]): Promise<Set<Uid>>;
  /** LOGOUT, or a cut when the line is dead. Never throws, never CLOSE (RFC 9051 6.4.2 expunges). */
  close(): Promise<void>;
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
