// Complaints that are not in the Abuse Reporting Format: Microsoft's Junk Mail Reporting Program, AOL before it, SpamCop, XARF, and Amazon's
// notifications in JSON. A table of forms with the evidence each needs; what they are about is read in complaint.ts.
import { displayText, type Field, findField } from './header.ts';
import type { Material } from './material.ts';

export interface Form {
  readonly rule: string;
  readonly feedbackType: string;
  readonly part: string;
  readonly span: string;
}

interface JsonComplaint extends Form {
  readonly recipients: string[];
  readonly originalMessageId: string | null;
}

interface KnownForm {
  readonly rule: string;
  /** Of the sender's From. */
  readonly from: RegExp | null;
  readonly subject: RegExp | null;
  /** A field that the message has, or the returned one. */
  readonly field: string | null;
  readonly returnedField: string | null;
  /** Words at the beginning of its text. */
  readonly words: RegExp | null;
  readonly needsReturned: boolean;
}

const ANY = { from: null, subject: null, field: null, returnedField: null, words: null, needsReturned: true } as const;

/** All that a form names must be there. One piece of evidence alone is in ordinary mail too: Hotmail also writes its field into what it delivers. */
const FORMS: readonly KnownForm[] = [
  // Hotmail and Outlook.com: multipart/mixed with nothing but the message.
  { ...ANY, rule: 'jmrp', subject: /^complaint about message from\b/i },
  { ...ANY, rule: 'jmrp', from: /\bstaff@(?:hotmail|outlook|live|msn)\.com\b/i },
  {
    ...ANY,
    rule: 'jmrp',
    from: /@(?:[a-z0-9-]{1,63}\.){0,5}(?:hotmail|outlook|live|msn|microsoft)\.com\b/i,
    returnedField: 'x-hmxmroriginalrecipient',
  },
  // AOL: "Client TOS Notification" and, later, "Email Feedback Report for IP".
  { ...ANY, rule: 'aol-feedback', from: /\bscomp@(?:[a-z0-9-]{1,63}\.){0,3}aol\.(?:net|com)\b/i },
  { ...ANY, rule: 'aol-feedback', subject: /^(?:client tos notification|email feedback report for ip\b)/i },
  // Validity (Return Path) for Comcast, Cox, Terra and others; NetEase, Tencent, mail.ru and Yandex for themselves.
  {
    ...ANY,
    rule: 'feedback-loop',
    from: /\b(?:feedback-?loop|fbl(?:[-_.][a-z0-9]{1,30})?|abuse-?reports?|spam-?reports?|complaints?|arf|feedback)@/i,
    subject:
      /(?:\b(?:abuse|spam|complaint|junk|feedback loop|fbl|feedback)[ -]?(?:report|complaint|notification)?\b|垃圾邮件|投诉|жалоб)/iu,
  },
  // https://www.spamcop.net/fom-serve/cache/13.html: one report per address, the message quoted in the words.
  {
    ...ANY,
    rule: 'spamcop',
    from: /@(?:reports|bounces|devnull)\.spamcop\.net\b/i,
    subject: /^\[spamcop \(/i,
    needsReturned: false,
  },
  { ...ANY, rule: 'xarf', field: 'x-arf', words: /^report-type[ \t]*:[ \t]*(?:spam|abuse|e-?mail)/im },
  { ...ANY, rule: 'xarf', field: 'x-xarf', words: /^report-type[ \t]*:[ \t]*(?:spam|abuse|e-?mail)/im },
];

/** Characters of the words that are searched. */
const LOOK = 4000;

/** Longest notification in JSON that is parsed, characters. Amazon's hold the message's header, at most 10 kB (SES) of it. */
const MAX_JSON = 60_000;

/** Told from the header alone, so that ordinary mail costs nothing. */
export function hasFormsOfOthers(fields: readonly Field[]): boolean {
  const from = displayText(findField(fields, 'from'))?.slice(0, 1000) ?? '';
  const subject = subjectOf(fields);
  return FORMS.some((form) => matchesHeader(form, fields, from, subject)) || isNotification(fields);
}

export function providerForm(material: Material): Form | null {
  const from = displayText(findField(material.fields, 'from'))?.slice(0, 1000) ?? '';
  const subject = subjectOf(material.fields);
  for (const form of FORMS) {
    if (!matchesHeader(form, material.fields, from, subject)) continue;
    const [returned] = material.returned;
    if (form.needsReturned && returned === undefined) continue;
    const { returnedField, words } = form;
    if (returnedField !== null && (returned === undefined || findField(returned.fields, returnedField) === null))
      continue;
    if (words !== null && !material.texts.some(({ text }) => words.test(text.slice(0, LOOK)))) continue;
    return { rule: form.rule, feedbackType: 'abuse', part: '', span: `From: ${from}\nSubject: ${subject}` };
  }
  return null;
}

function matchesHeader(form: KnownForm, fields: readonly Field[], from: string, subject: string): boolean {
  if (form.from !== null && !form.from.test(from)) return false;
  if (form.subject !== null && !form.subject.test(subject)) return false;
  return form.field === null || findField(fields, form.field) !== null;
}

function subjectOf(fields: readonly Field[]): string {
  return displayText(findField(fields, 'subject'))?.slice(0, 1000) ?? '';
}

/** Amazon SNS puts its ids into every message it sends. */
function isNotification(fields: readonly Field[]): boolean {
  return findField(fields, 'x-amz-sns-message-id') !== null;
}

/** Amazon SES through SNS: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html. */
export function complainedJson(material: Material): JsonComplaint | null {
  if (!isNotification(material.fields)) return null;
  for (const { part, text } of material.texts) {
    const open = text.indexOf('{');
    const close = text.slice(0, MAX_JSON).lastIndexOf('}');
    if (open < 0 || close < open) continue;
    const body = text.slice(open, close + 1);
    const found = complaintIn(parsed(body) ?? parsed(body.replace(/\n/g, '')));
    if (found !== null) return { ...found, rule: 'amazon-sns', part, span: body };
  }
  return null;
}

function complaintIn(
  outer: unknown,
): { recipients: string[]; feedbackType: string; originalMessageId: string | null } | null {
  // Subscribed as email-json, the notification is a string within another.
  const wrapped = property(outer, 'Message');
  const value = typeof wrapped === 'string' ? parsed(wrapped.slice(0, MAX_JSON)) : outer;
  const kind = property(value, 'notificationType') ?? property(value, 'eventType');
  if (kind !== 'Complaint') return null;
  const complaint = property(value, 'complaint');
  const people = property(complaint, 'complainedRecipients');
  const type = property(complaint, 'complaintFeedbackType');
  const id = property(property(property(value, 'mail'), 'commonHeaders'), 'messageId');
  return {
    recipients: (Array.isArray(people) ? people : [])
      .map((person: unknown) => property(person, 'emailAddress'))
      .filter((address) => typeof address === 'string'),
    feedbackType: typeof type === 'string' && /^[a-z-]{1,60}$/i.test(type) ? type.toLowerCase() : 'abuse',
    originalMessageId: typeof id === 'string' ? id.replace(/^<|>$/g, '').slice(0, 998) || null : null,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
