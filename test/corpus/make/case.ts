// What is sent, and what becomes of it: each case is one message whose fate the scripted server, the name server or the server under test's
// own configuration decides. The causes are known here, and expected.json is written from them.

export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** Where the scripted server says its reply. `network`: it never gets to speak; `accept`: it takes the message. */
export type Stage = 'banner' | 'mail' | 'rcpt' | 'data' | 'end' | 'network' | 'accept';

export interface Recipient {
  /** As given in RCPT TO. */
  readonly to: string;
  /** Where the server under test sends it on to, when `to` is an alias there. */
  readonly final?: string;
  /** NOTIFY of RFC 3461. */
  readonly notify?: string;
  /** ORCPT decoded; the client sends it as xtext. */
  readonly original?: string;
  readonly stage: Stage;
  /** Reply lines without the line ends. Empty at a stage: the connection is cut there. */
  readonly reply: readonly string[];
  /** Null: nothing is to be reported. */
  readonly action: Action | null;
  /** `undefined`: not asserted, reasonable readers differ. Null: no failure. */
  readonly category: string | null | undefined;
}

export interface Case {
  readonly name: string;
  readonly to: readonly Recipient[];
  /** ENVID of RFC 3461, decoded. */
  readonly envid?: string;
  readonly ret?: 'HDRS' | 'FULL';
  readonly utf8?: boolean;
  /** The run in which it is sent: `stays` keeps mail for days, `gives-up` for seconds. */
  readonly run: 'stays' | 'gives-up';
  /** Servers that take part; without: all. */
  readonly only?: readonly string[];
  /** Header lines of the message instead of the usual Message-ID. */
  readonly messageId?: string;
  /** Kilobytes of body. */
  readonly kilobytes?: number;
}

/** What the scripted server says when it has a message. */
export const TAKEN = '250 2.0.0 Ok: taken';

/** The sender of a case; its reports come to this address. */
export function senderOf(name: string): string {
  return `bounces+${name}@news.example.org`;
}

export function messageIdOf({ name }: Case, server: string): string {
  return `${name}.${server}.2026@news.example.org`;
}

/** One recipient, refused by the scripted server. */
export function refused(to: string, stage: Stage, reply: string | readonly string[], category?: string): Recipient {
  const lines = typeof reply === 'string' ? [reply] : reply;
  const isTemporary = lines[0]?.startsWith('4') ?? true;
  return { to, stage, reply: lines, action: isTemporary ? 'delayed' : 'failed', category };
}

/** One recipient that no server can be asked about. */
export function unreached(to: string, action: Action, category?: string): Recipient {
  return { to, stage: 'network', reply: [], action, category };
}

/** One recipient for whom the message is taken. */
export function taken(to: string, notify: string, action: Action | null): Recipient {
  return { to, notify, stage: 'accept', reply: [TAKEN], action, category: null };
}
