// From a case and a report that came back to what a reader must say of it. Cause, category and action are the script's; the message is
// only asked, by the plainest of means, which recipients it is about and what its Status fields are, and is refused where it contradicts
// the script.

import type { Action, Case, Recipient } from './case.ts';

export interface ExpectedRecipient {
  readonly address: string;
  /** The address as it was sent to, where that is another. */
  readonly originalAddress: string | null;
  /** Other addresses that are right too. */
  readonly alternatives: readonly string[];
  readonly action: Action;
  /** The most precise code in the message; null when it has none. */
  readonly status: string | null;
  /** Codes that are as true: a server that gives up states one of its own beside the refusal. */
  readonly statusAlternatives?: readonly string[];
  readonly dsnStatus: string | null;
  /** Absent: not asserted. */
  readonly replyCode?: string | null | undefined;
  /** Null for a failure: not asserted. */
  readonly category: string | null;
  readonly hard: boolean | null;
}

export interface Expected {
  readonly file: string;
  readonly source: string;
  readonly family: string;
  readonly kind: 'bounce';
  readonly recipients: readonly ExpectedRecipient[];
  readonly originalMessageId: string | null;
  readonly envelopeId: string | null;
}

/** One recipient block of a delivery status. */
interface Block {
  readonly names: readonly string[];
  readonly action: string;
  readonly status: string;
}

/** Sending again is pointless; `hard` follows the category. */
const HARD: readonly (string | null | undefined)[] = ['address-unknown', 'domain-unknown', 'address-moved'];

/** Gave up after a while: as true as the last refusal. Any other code beside the refusal's own is only less precise. */
const EXPIRED: readonly string[] = ['4.4.7', '5.4.7'];

/** Throws when the message contradicts the script. */
export function expectedOf(
  one: Case,
  raw: Buffer,
  more: {
    readonly file: string;
    readonly server: string;
    readonly messageId: string;
    readonly answersItself: boolean;
    readonly differs: Partial<ExpectedRecipient>;
  },
): Expected {
  const text = raw.toString('utf8').replaceAll('\r\n', '\n');
  const blocks = blocksOf(text);
  const about =
    blocks.length > 0
      ? blocks.map((block) => ({ block, recipient: recipientOf(one, block) }))
      : one.to.filter(({ action }) => action !== null).map((recipient) => ({ block: null, recipient }));
  if (blocks.length === 0 && about.length > 1)
    throw new Error('several recipients, and no delivery status to tell them apart');
  return {
    file: more.file,
    source: 'made',
    family: more.server,
    kind: 'bounce',
    recipients: about.map(({ recipient, block }) => ({
      ...expectedRecipient(recipient, block, text),
      ...(more.answersItself && recipient.reply.length === 0 ? { replyCode: undefined } : {}),
      ...more.differs,
    })),
    originalMessageId: text.toLowerCase().includes(`<${more.messageId.toLowerCase()}>`) ? more.messageId : null,
    envelopeId: /^Original-Envelope-Id:/im.test(text) ? (one.envid ?? null) : null,
  };
}

/** Which of a case's recipients a report tells of, with what was done: `address action` each. */
export function told(one: Case, raw: Buffer): string[] {
  const blocks = blocksOf(raw.toString('utf8').replaceAll('\r\n', '\n'));
  if (blocks.length === 0) return one.to.map(({ to, action }) => `${to} ${action}`);
  return blocks.map((block) => `${recipientOf(one, block).to} ${block.action}`);
}

function expectedRecipient(recipient: Recipient, block: Block | null, text: string): ExpectedRecipient {
  const { to, final = to, original = null, reply, category } = recipient;
  const action = block?.action ?? recipient.action;
  if (action === null || (block !== null && !isScripted(recipient, block.action)))
    throw new Error(`the script wants ${recipient.action} for ${to}, the report says ${action}`);
  const [line = ''] = reply;
  // Of success, servers give the answer to RCPT TO or to the end of data, or none.
  const isSaid =
    recipient.stage === 'accept'
      ? /^Diagnostic-Code:\s*smtp;\s*250/im.test(text)
      : line !== '' && stands(text, line.slice(0, 3));
  const own = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3}) /.exec(line)?.[1] ?? null;
  const dsnStatus = block?.status ?? null;
  // Where a server turns a final refusal into a temporary one, its own code says what becomes of the message.
  const isTurned = own !== null && dsnStatus !== null && own[0] !== dsnStatus[0] && action === 'delayed';
  const status = own !== null && stands(text, own) && !isTurned ? own : dsnStatus;
  const isFailure = action === 'failed' || action === 'delayed';
  const sent = original ?? (final === to ? null : to);
  return {
    address: final,
    originalAddress: sent,
    alternatives: [...new Set([to, ...(original === null ? [] : [original])])].filter((name) => name !== final),
    action: action as Action,
    status,
    ...(isTurned && stands(text, own) ? { statusAlternatives: [own] } : {}),
    ...(dsnStatus !== null && dsnStatus !== status && EXPIRED.includes(dsnStatus)
      ? { statusAlternatives: [dsnStatus] }
      : {}),
    dsnStatus,
    replyCode: isSaid ? line.slice(0, 3) : null,
    category: isFailure ? (category ?? null) : null,
    hard: isFailure ? HARD.includes(category) : null,
  };
}

/** Whether a code stands by itself in the text, and not within a number, an address or a boundary. */
function stands(text: string, code: string): boolean {
  return new RegExp(`(?<![\\w.])${code.replaceAll('.', '\\.')}(?=[ -]\\D|[ -]\\d\\.|\\s|$)`, 'm').test(text);
}

/** A warning may come before what the script is about, where the server does not ask NOTIFY. */
function isScripted({ action, stage }: Recipient, stated: string): boolean {
  if (action === stated) return true;
  // An alias that is expanded here and its members are two events of RFC 3464 2.3.3; servers name them as they like.
  const taken: readonly (string | null)[] = ['delivered', 'relayed', 'expanded'];
  return stage === 'accept' && taken.includes(action) && taken.includes(stated);
}

function recipientOf(one: Case, { names }: Block): Recipient {
  const found = one.to.find(({ to, final = to }) => names.includes(plain(final)) || names.includes(plain(to)));
  if (found === undefined) throw new Error(`the report is about ${names.join(', ')}, whom the script does not know`);
  return found;
}

/** The recipient blocks of RFC 3464 2.3, found by their own field names rather than by the structure of the message. */
function blocksOf(text: string): Block[] {
  const unfolded = text.replace(/\n[ \t]+/g, ' ');
  return unfolded
    .split(/\n\s*\n/)
    .filter((block) => /^Final-Recipient:/im.test(block) && /^Action:/im.test(block))
    .map((block) => ({
      names: [...block.matchAll(/^(?:Final-Recipient|Original-Recipient|X-Actual-Recipient):[^;\n]*;(.*)$/gim)].map(
        ([, name = '']) => plain(name),
      ),
      action: (/^Action:\s*([a-z]+)/im.exec(block)?.[1] ?? '').toLowerCase(),
      status: /^Status:\s*(\d\.\d+\.\d+)/im.exec(block)?.[1] ?? '',
    }));
}

/** For comparison: case, angle brackets, and the encoding of RFC 6533 3 set aside. */
function plain(address: string): string {
  const decoded = address
    .trim()
    .replace(/^<|>$/g, '')
    .replace(/\\x\{([0-9A-F]+)\}/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return decoded.toLowerCase();
}
