// Complaints: a person pressed "this is spam", and the provider says so. In the Abuse Reporting Format (RFC 5965), in what providers made of it
// and in forms of their own (complaint-forms.ts). A report of a failed authentication (RFC 6591) comes in the same format: its feedback type
// tells it apart. DMARC aggregate reports and complaints that a person forwards are not complaints.
import { parseAddresses } from './address.ts';
import { complainedJson, type Form, hasFormsOfOthers, providerForm } from './complaint-forms.ts';
import { firstValue, parseReportFields, type ReportFields } from './feedback-fields.ts';
import { type Field, fieldText, findField, messageIdOf } from './header.ts';
import type { Material, PartText, Returned } from './material.ts';
import { isSentByMachine } from './sender.ts';
import { cut } from './text.ts';

export interface Complaint {
  /** Who complained, as far as the report names them; often nobody, because providers redact. */
  readonly recipients: string[];
  /** Lower-case (RFC 5965 3.1 and its registry). */
  readonly feedbackType: string;
  readonly originalMessageId: string | null;
  readonly rule: string;
  readonly part: string;
  readonly span: string;
}

/** Recipients of one complaint, as many as a Verdict holds. */
const MAX_RECIPIENTS = 1000;

/** Characters of the evidence. */
const MAX_SPAN = 500;

/** Longest address field that is searched, characters. */
const MAX_FIELD = 8192;

/** What a provider means that sends its feedback without a type. */
const USUAL_TYPE = 'abuse';

/** Where a report names the complainant, best first. Removal-Recipient is what opt-out reports of older drafts write. */
const RECIPIENT_FIELDS = ['original-rcpt-to', 'x-original-rcpt-to', 'removal-recipient', 'original-recipient'] as const;

/**
 * Where the message complained about names its recipient, best first. Its To is the address that was written to; the others were added
 * on the way to the mailbox, behind an alias too.
 */
const RETURNED_FIELDS = ['x-hmxmroriginalrecipient', 'to'] as const;
const DELIVERY_FIELDS = ['x-apparently-to', 'delivered-to', 'x-original-to', 'envelope-to', 'x-rcpt-to'] as const;

/** What stands in the place of a local part that a provider keeps to itself. */
const REDACTED =
  /^(?:\[?redacted\]?|x{3,}|\*+|hidden|undisclosed(?:[-_ ]?recipients?)?|anonym(?:ous|i[sz]ed)|removed|privacy|recipient|user-?redacted)@/i;

export function readComplaint(material: Material): Complaint | null {
  const feedback = feedbackPart(material);
  if (feedback !== null) return fromFeedback(material, feedback);
  if (material.reportType === 'feedback-report' && material.returned.length > 0) {
    // Its fields were lost on the way, or never written.
    return fromForm(material, { rule: 'arf', feedbackType: USUAL_TYPE, part: '', span: 'report-type=feedback-report' });
  }
  if (!hasFormsOfOthers(material.fields)) return null;
  const json = complainedJson(material);
  if (json !== null) return { ...json, recipients: named(json.recipients), span: cut(json.span, MAX_SPAN) };
  const form = isForwarded(material) ? null : providerForm(material);
  return form === null ? null : fromForm(material, form);
}

/** The part that holds the fields; null where there is none, or where somebody has forwarded it. */
function feedbackPart(material: Material): PartText | null {
  const [part] = material.feedback;
  if (part !== undefined) return isForwarded(material) ? null : part;
  if (material.reportType !== 'feedback-report') return null;
  // In the words of a report that has lost its parts.
  return material.texts.find(({ text }) => /^feedback-type[ \t]*:/im.test(text)) ?? null;
}

/**
 * Mail programs carry the parts of a report over into what they forward "inline"; a report that is one itself is a multipart/report, or was
 * made by a program that does not give a mail program's name.
 */
function isForwarded({ type, fields }: Material): boolean {
  if (type === 'multipart/report' || type.startsWith('message/') || isSentByMachine(fields)) return false;
  return ['x-mailer', 'user-agent', 'in-reply-to', 'references', 'thread-index'].some((key) => findField(fields, key));
}

function fromFeedback(material: Material, part: PartText): Complaint {
  const fields = parseReportFields(fromType(part.text));
  const written = RECIPIENT_FIELDS.flatMap((key) => fields.get(key) ?? []);
  const recipients = named(written.flatMap((value) => addressesIn(value)));
  return {
    recipients: recipients.length > 0 ? recipients : fromReturned(material.returned),
    feedbackType: feedbackType(fields),
    originalMessageId: originalId(material.returned) ?? idOf(firstValue(fields, 'original-message-id', 'message-id')),
    rule: 'arf',
    part: part.part,
    span: cut(part.text.trim(), MAX_SPAN),
  };
}

/** The fields may stand below words. */
function fromType(text: string): string {
  const at = text.search(/^(?:feedback-type|user-agent|version|abuse-type)[ \t]*:/im);
  return at <= 0 ? text : text.slice(at);
}

function feedbackType(fields: ReportFields): string {
  const type = /^[a-z][a-z0-9_-]{0,60}/.exec((firstValue(fields, 'feedback-type') ?? '').toLowerCase())?.[0];
  if (type !== undefined) return type;
  return fields.has('auth-failure') ? 'auth-failure' : USUAL_TYPE;
}

function fromForm(material: Material, form: Form): Complaint {
  return {
    recipients: fromReturned(material.returned),
    feedbackType: form.feedbackType,
    originalMessageId: originalId(material.returned),
    rule: form.rule,
    part: form.part,
    span: cut(form.span, MAX_SPAN),
  };
}

/** The complainant as the message complained about names them: nobody where it was written to several and does not say whom it reached. */
function fromReturned(returned: readonly Returned[]): string[] {
  const [message] = returned;
  if (message === undefined) return [];
  const fields = message.fields.length > 0 ? message.fields : [];
  const delivered = DELIVERY_FIELDS.flatMap((key) => fieldAddresses(fields, key));
  for (const key of RETURNED_FIELDS) {
    const addresses = named(fieldAddresses(fields, key));
    if (addresses.length === 1) return addresses;
    const reached = addresses.filter((address) => delivered.some((other) => isSame(other, address)));
    if (reached.length > 0) return reached.slice(0, 1);
  }
  return named(delivered).slice(0, 1);
}

function fieldAddresses(fields: readonly Field[], key: string): string[] {
  const field = findField(fields, key);
  if (field === null) return [];
  // Yahoo: `X-Apparently-To: user@example.com via 192.0.2.1; date`.
  const text = cut(fieldText(field), MAX_FIELD);
  return addressesIn(key === 'x-apparently-to' ? (text.split(/[\s;]/, 1)[0] ?? '') : text);
}

/** `<user@example.com>`, `rfc822; user@example.com`, and lists of them. */
function addressesIn(value: string): string[] {
  const text = cut(value, MAX_FIELD).replace(/^[ \t]*(?:rfc822|utf-8)[ \t]*;/i, '');
  return parseAddresses(text).map(({ address }) => address);
}

/** Each once, without what is no address or has been made unreadable. */
function named(addresses: readonly string[]): string[] {
  const seen = new Map<string, string>();
  for (const address of addresses) {
    const isAddress = /^[^@\s].*@[^@\s]+$/.test(address) && !REDACTED.test(address);
    if (isAddress && !seen.has(address.toLowerCase())) seen.set(address.toLowerCase(), address);
    if (seen.size >= MAX_RECIPIENTS) break;
  }
  return [...seen.values()];
}

function originalId(returned: readonly Returned[]): string | null {
  for (const { fields } of returned) {
    const id = messageIdOf(findField(fields, 'message-id'));
    if (id !== null) return id;
  }
  return null;
}

function idOf(value: string | null): string | null {
  return value === null ? null : cut(value.replace(/^<|>.*$/g, '').trim(), 998) || null;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
