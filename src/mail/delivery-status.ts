// Delivery status notifications (RFC 3464, with the addresses of RFC 6533): every block about a recipient, wherever its fields ended up. Servers
// put them into parts of a wrong type, leave out the part around them, the empty lines between them or the per-message fields, and fold
// without indenting; all of that is read. What the words mean is for explain.ts, what becomes of it for verdict.ts.
import type { Action } from '../model-reading.ts';
import { parseAddresses } from './address.ts';
import { parseDate } from './date.ts';
import type { Finding } from './finding.ts';
import type { Material, PartText } from './material.ts';
import { readSigns } from './report-signs.ts';
import { isSentByMachine } from './sender.ts';
import { cut, oneLine } from './text.ts';

export interface StatusReport {
  /** At most MAX_GROUPS. */
  readonly findings: readonly Finding[];
  /** Original-Envelope-Id (RFC 3464 2.2.1), xtext decoded. */
  readonly envelopeId: string | null;
  /** Part number of the part in which the fields stood. */
  readonly part: string;
}

/** Recipients of one report, as many as a Verdict holds. */
const MAX_GROUPS = 1000;

/** Characters of one line that are looked at, and of one unfolded value. */
const MAX_LINE = 2000;

/** Characters of the evidence. */
const MAX_SPAN = 500;

/** Fields of RFC 3464 2.2 and 2.3 and those that servers add; another word before a colon is taken for a line that lost its indent. */
const FIELD =
  /^(reporting-mta|original-envelope-id|dsn-gateway|received-from-mta|arrival-date|original-recipient|final-recipient|action|status|remote-mta|diagnostic-code|last-attempt-date|final-log-id|will-retry-until|x-[a-z0-9-]{1,60}|[a-z]{1,30}-[a-z0-9-]{1,40})[ \t]*:/i;

/** Where a group may begin in words that are not the fields' own part. */
const GROUP = /^(?:final|original)-recipient[ \t]*:/im;

/** RFC 3464 2.3.4, with blanks in it and words around it. `15.1.1`, `5.1.1.1` and the address 192.5.1.1 hold none. */
const STATUS = /(?<![\d.])[245]\s?\.\s?\d{1,3}\s?\.\s?\d{1,3}(?!\d|\.\d)/;

const ACTIONS: Readonly<Record<string, Action>> = {
  failed: 'failed',
  failure: 'failed',
  fail: 'failed',
  expired: 'failed',
  delayed: 'delayed',
  delay: 'delayed',
  delivered: 'delivered',
  relayed: 'relayed',
  expanded: 'expanded',
};

type Group = Map<string, string>;

/** The report, or null where there is none. */
export function readDeliveryStatus(material: Material): StatusReport | null {
  for (const status of material.statuses) {
    const report = readFields(status);
    if (report !== null) return isForwarded(material) ? null : report;
  }
  // A multipart/report that lost its parts, or fields pasted below the words.
  if (material.type !== 'multipart/report' && !isReporter(material)) return null;
  for (const text of material.texts) {
    const report = readPastedStatus(text);
    if (report !== null) return report;
  }
  return null;
}

/** The report whose parts stand unopened in a text: inside an attached report, or where a boundary was lost. */
export function readPastedStatus(text: PartText): StatusReport | null {
  const at = text.text.search(GROUP);
  const report = at < 0 ? null : readFields({ part: text.part, type: text.type, text: fromParagraph(text.text, at) });
  return report?.findings.some((finding) => finding.action !== null || finding.status !== null) ? report : null;
}

/** Fields may be quoted by any machine, a ticket system for one; only what reports on its own account is believed. */
function isReporter(material: Material): boolean {
  const signs = readSigns(material);
  return signs !== null && (signs.isNullPath || signs.isDaemon) && !signs.isAnswer && !signs.isBulk;
}

/** Mail programs that forward "inline" carry the parts of a bounce over into an ordinary message. */
function isForwarded(material: Material): boolean {
  return (
    material.type !== 'multipart/report' && !material.type.startsWith('message/') && !isSentByMachine(material.fields)
  );
}

/** The paragraph around `at` begins the fields: Reporting-MTA may stand above the recipient. */
function fromParagraph(text: string, at: number): string {
  const reporting = text.toLowerCase().lastIndexOf('reporting-mta', at);
  if (reporting >= 0 && at - reporting < MAX_LINE) return text.slice(reporting);
  const blank = text.lastIndexOf('\n\n', at);
  return text.slice(blank < 0 ? 0 : blank + 2);
}

function readFields(status: PartText): StatusReport | null {
  const groups = groupsOf(status.text);
  const recipients = groups.filter((group) => isRecipient(group)).slice(0, MAX_GROUPS);
  if (recipients.length === 0) return null;
  const envelopeId = groups.find((group) => group.has('original-envelope-id'))?.get('original-envelope-id') ?? null;
  return {
    findings: recipients.map((group) => findingOf(group, status.part)),
    envelopeId: envelopeId === null ? null : cut(decodeXtext(envelopeId.trim()), 998) || null,
    part: status.part,
  };
}

function isRecipient(group: Group): boolean {
  return (
    group.has('final-recipient') ||
    group.has('original-recipient') ||
    group.has('x-actual-recipient') ||
    group.has('action')
  );
}

/**
 * Groups by empty lines, mended: an empty line within a group does not end it, and a second Final-Recipient begins a new one without an empty line.
 */
function groupsOf(text: string): Group[] {
  const groups: Group[] = [];
  let group: Group = new Map();
  let name = '';
  let isAfterBlank = false;
  const close = (): void => {
    if (group.size > 0) groups.push(group);
    group = new Map();
    name = '';
  };
  for (let pos = 0; pos <= text.length && groups.length <= MAX_GROUPS; ) {
    const lineEnd = text.indexOf('\n', pos);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const line = text.slice(pos, Math.min(end, pos + MAX_LINE)).trimEnd();
    pos = end + 1;
    if (line.trim() === '') {
      isAfterBlank = true;
      continue;
    }
    // The end of a part in a message whose boundary was lost.
    if (line.startsWith('--') && isRecipient(group)) break;
    const first = line.charCodeAt(0);
    const found = first === 0x20 || first === 0x09 ? null : FIELD.exec(line);
    if (found === null) {
      if (name !== '' && !isAfterBlank) {
        const value = group.get(name) ?? '';
        if (value.length < MAX_LINE) group.set(name, cut(`${value} ${line.trim()}`, MAX_LINE));
      }
      continue;
    }
    const key = (found[1] ?? '').toLowerCase();
    if (startsGroup(group, key, isAfterBlank)) close();
    isAfterBlank = false;
    name = key;
    if (!group.has(key)) group.set(key, line.slice(found[0].length).trim());
    else name = '';
  }
  close();
  return groups;
}

/** Whether a field begins the next recipient. */
function startsGroup(group: Group, key: string, isAfterBlank: boolean): boolean {
  if (group.size === 0) return false;
  const isAddress = key === 'final-recipient' || key === 'original-recipient';
  if (isAfterBlank) return isAddress ? true : group.has(key) || !isRecipient(group);
  return isAddress && group.has(key) && isRecipient(group);
}

function findingOf(group: Group, part: string): Finding {
  const final = addressOf(group.get('final-recipient'));
  const original = addressOf(group.get('original-recipient'));
  const actual = addressOf(group.get('x-actual-recipient'));
  const address = firstAddress([final, actual, original]);
  const diagnostic = afterType(group.get('diagnostic-code'));
  const retry = group.get('will-retry-until');
  const action = /^[a-z]+/.exec((group.get('action') ?? '').toLowerCase())?.[0] ?? '';
  const status = STATUS.exec(group.get('status') ?? '')?.[0].replace(/\s/g, '') ?? null;
  return {
    address,
    originalAddress: original?.includes('@') && !isSame(original, address) ? original : null,
    action: Object.hasOwn(ACTIONS, action) ? (ACTIONS[action] ?? null) : null,
    status,
    diagnostic,
    context: cut(
      oneLine(
        [...group]
          .filter(([key]) => key.startsWith('x-'))
          .map(([, value]) => value)
          .join(' '),
      ),
      MAX_LINE,
    ),
    remoteMta: afterType(group.get('remote-mta')),
    retryUntil: retry === undefined ? null : parseDate(retry),
    evidence: {
      rule: 'rfc3464',
      part,
      span: cut([...group].map(([key, value]) => `${key}: ${value}`).join('\n'), MAX_SPAN),
    },
  };
}

/** A local name without a domain is what sendmail says of its own users; an address is better where there is one. */
function firstAddress(candidates: readonly (string | null)[]): string | null {
  return (
    candidates.find((candidate) => candidate?.includes('@')) ??
    candidates.find((candidate) => candidate !== null) ??
    null
  );
}

function isSame(one: string, other: string | null): boolean {
  return other !== null && one.toLowerCase() === other.toLowerCase();
}

/** `rfc822; user@example.org`, and what servers make of it: no type, angle brackets, a comment behind it. */
function addressOf(value: string | undefined): string | null {
  if (value === undefined) return null;
  const semicolon = value.indexOf(';');
  const type = semicolon < 0 ? '' : value.slice(0, semicolon).trim().toLowerCase();
  const hasType = /^[a-z0-9-]{1,20}$/.test(type);
  const text = (hasType ? value.slice(semicolon + 1) : value).trim();
  if (text === '') return null;
  const unwrapped = /^[^\s"<>(),;:]+@[^\s"<>(),;:]+$/.test(text) ? text : (parseAddresses(text)[0]?.address ?? text);
  const bare = unwrapped === '' ? text : unwrapped;
  return decodeAddress(cut(bare, 998), type);
}

/**
 * RFC 6533 3: `\x{XX}` in an utf-8 address written in ASCII, where it stands for what is not ASCII and for blank, backslash, `+` and `=`.
 * An `@` or a comma written so would make another address of it. RFC 3461 4: `+2B` and `+3D`, which a server left in xtext.
 */
function decodeAddress(address: string, type: string): string {
  const text = address.includes('\\x{')
    ? address.replace(/\\x\{([0-9a-fA-F]{1,6})\}/g, (whole, hex) => codePoint(hex) ?? whole)
    : address;
  return type === 'x400'
    ? text
    : text.replace(/\+(?:2B|3D)(?=[^@\s]{0,200}@)/g, (code) => (code === '+2B' ? '+' : '='));
}

function codePoint(hex: string): string | null {
  const code = Number.parseInt(hex, 16);
  if (code < 0xa0) return ' \\+='.includes(String.fromCharCode(code)) ? String.fromCharCode(code) : null;
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? null : String.fromCodePoint(code);
}

/** RFC 3461 4. */
function decodeXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (whole, hex) => {
    const code = Number.parseInt(hex, 16);
    return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : whole;
  });
}

/** What stands behind the type of `smtp; 550 ...` or `dns; host`; one line. */
function afterType(value: string | undefined): string | null {
  if (value === undefined) return null;
  const typed = /^[ \t]*[a-z0-9-]{1,20}[ \t]*;/i.exec(value);
  const text = oneLine(typed === null ? value : value.slice(typed[0].length));
  return text === '' ? null : cut(text, MAX_LINE);
}
