// What a test or the demo may choose about the sample server: one switch per behaviour, so that any odd server can be put together.
// Types and defaults only. Gmail's own settings are in `gmail`; everything else applies to both personalities unless it says otherwise.

/** Languages of Gmail's system labels. The folder names are in gmail-names.ts. */
export type GmailLocale = 'en' | 'en-GB' | 'es' | 'de' | 'fr' | 'ru' | 'ja';

export interface GmailOptions {
  /** Default `en`. */
  readonly locale?: GmailLocale;
  /** Default true, as Gmail's: `\Deleted` expunges at once. */
  readonly autoExpunge?: boolean;
  /** What happens when a message leaves its last visible label. Default `archive`, as Gmail's. */
  readonly expungeBehavior?: 'archive' | 'trash' | 'deleteForever';
  /** Default `[Gmail]`. */
  readonly rootName?: '[Gmail]' | '[Google Mail]';
  /** "Show in IMAP" is off for Trash. */
  readonly hideTrash?: boolean;
  /** "Show in IMAP" is off for All Mail. */
  readonly hideAll?: boolean;
  /** So long, in milliseconds, Trash does not show to SELECT what came there. Default 0. */
  readonly trashLagMs?: number;
  /** Only that many messages of a folder, the newest, are shown by one SELECT. Default: all. */
  readonly maxFolderSize?: number;
  /** Sources disagree whether All Mail is a "visible folder". True: `expungeBehavior` never fires while it is shown. Default false. */
  readonly allMailCountsAsVisible?: boolean;
  /** Set: only this password (spaces ignored) logs in; the ordinary one is answered `NO [ALERT] Application-specific password required`. */
  readonly appPassword?: string;
}

/** PEM texts. */
export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
}

/** Which messages a per-message misbehaviour concerns. */
export type MessagePredicate = (uid: number, folder: string) => boolean;

export interface ImapServerOptions {
  /** The password of every user name; also the token of AUTHENTICATE XOAUTH2. */
  readonly password: string;
  /** 0 or absent: any free port. The address is always 127.0.0.1. */
  readonly port?: number;
  /** Present: Gmail's behaviour. */
  readonly gmail?: GmailOptions;

  // Extensions of the plain personality; each is announced and understood, or neither. All default to true. Gmail's list is fixed,
  // except that `uidplus`, `move` and `compress` set to false are left out there, too.
  readonly uidplus?: boolean;
  readonly move?: boolean;
  /** False: no attributes in LIST and no capability. */
  readonly specialUse?: boolean;
  readonly literalPlus?: boolean;
  readonly enable?: boolean;
  readonly esearch?: boolean;
  readonly idle?: boolean;
  readonly unselect?: boolean;
  readonly namespace?: boolean;
  /** LIST-EXTENDED and LIST-STATUS. */
  readonly listExtended?: boolean;
  readonly saslIr?: boolean;
  /** OBJECTID (RFC 8474). Plain personality only; default false. */
  readonly objectId?: boolean;
  /** COMPRESS=DEFLATE (RFC 4978). Default: true on Gmail, false elsewhere. */
  readonly compress?: boolean;

  /** STARTTLS is offered with this key and certificate. */
  readonly startTls?: TlsMaterial;
  /** TLS from the first octet. */
  readonly implicitTls?: TlsMaterial;
  /** LOGINDISABLED until TLS is on (for ever, without `startTls`). */
  readonly loginDisabled?: boolean;
  /** Every mailbox opens `[READ-ONLY]`, also by SELECT. */
  readonly readOnly?: boolean;
  /** Simultaneous logins of one user. Default 15 on Gmail, as Gmail's; no limit elsewhere. */
  readonly maxConnections?: number;
  /** PERMANENTFLAGS without `\*`; a keyword is accepted and silently dropped, as on Exchange Online. */
  readonly permanentFlagsNoKeywords?: boolean;
  /** RFC822.SIZE as this function of the true size: an estimate, as on Exchange Online. */
  readonly sizeEstimate?: (size: number) => number;
  /** Each fetch of a multipart message shows another boundary (same length), as Exchange does. */
  readonly rewritesMime?: boolean;
  /** A FETCH that reads octets of such a message ends with `NO [UNAVAILABLE]`; messages before it have been sent. */
  readonly refuseFetchOf?: MessagePredicate;
  /** BODY[] of such a message is an empty string. */
  readonly emptyBodyOf?: MessagePredicate;
  /** The largest literal accepted, octets. Default: 35,651,584 on Gmail, 128 MiB elsewhere. */
  readonly maxLiteral?: number;
  /** Fault injection; asked once for each command before it runs, and awaited. */
  readonly onCommand?: OnCommand;
}

export type OnCommand = (command: ReceivedCommand) => Fault | undefined | Promise<Fault | undefined>;

/** One command as it arrived. */
export interface ReceivedCommand {
  /** 1, 2, 3 ... in the order of the connections. */
  readonly connection: number;
  readonly user: string | null;
  readonly tag: string;
  /** Upper case, `UID` included: `UID FETCH`. */
  readonly name: string;
  /** What follows the name; literals appear as `{n}`, credentials as `***`. */
  readonly args: string;
  /** The selected mailbox, UTF-8. */
  readonly folder: string | null;
  readonly at: Date;
}

/** What is done to a command. Without `reply`, `drop` and `bye` the command runs as usual (after `delayMs`). */
export interface Fault {
  /** Milliseconds to wait first. */
  readonly delayMs?: number;
  /** Untagged lines (without `* ` and CRLF) sent before the answer. */
  readonly untagged?: readonly string[];
  /** Tagged answer (`NO [UNAVAILABLE] Busy`) in place of the command; with `after`, when that many messages are done. */
  readonly reply?: string;
  /** `* BYE text`, then the connection ends, in place of the command. */
  readonly bye?: string;
  /**
   * The connection is cut:
   * - `before`: the command has no effect;
   * - `after-effect`: it has its effect, and not an octet of the answer is sent;
   * - `before-tagged`: only the tagged line is not sent;
   * - `mid-literal`: FETCH, in the middle of the literal of message number `after` + 1 of the answer (after nothing, when it has none);
   * - `midway`: after `after` messages. STORE, COPY, MOVE, EXPUNGE: that many took effect, nothing is answered; FETCH: that many were sent.
   */
  readonly drop?: 'before' | 'after-effect' | 'before-tagged' | 'mid-literal' | 'midway';
  /** Messages, default 0. */
  readonly after?: number;
}

/** Gmail's APPENDLIMIT (provider-quirks 1.6). */
export const GMAIL_APPEND_LIMIT = 35_651_584;
/** Enough for the largest message of our tests (60 MB) and then some. */
export const PLAIN_LITERAL_LIMIT = 128 * 1024 * 1024;
/** Gmail: 15 connections per account (provider-quirks 1.7). */
export const GMAIL_MAX_CONNECTIONS = 15;
