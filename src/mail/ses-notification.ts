// Notifications of Amazon SES that reach a mailbox through SNS: JSON in the text of a message. What SES documents as the contents of its
// notifications (`notificationType` or `eventType`: Bounce, Delivery) is read; complaints are for complaint.ts. Line breaks that mail put
// into the JSON are taken out.
import type { Action } from '../model-reading.ts';
import type { Finding } from './finding.ts';
import { fieldText, findField } from './header.ts';
import type { Material } from './material.ts';
import { cut, oneLine } from './text.ts';

/** Characters of JSON that are parsed; a notification with all headers has up to 20,000. */
const MAX_JSON = 64 * 1024;

/** Recipients of one notification; SES takes fifty for one message. */
const MAX_NOTIFIED = 100;

const TYPE = /"(?:notificationType|eventType)"\s{0,4}:\s{0,4}"(Bounce|Delivery|DeliveryDelay)"/;

export interface Notification {
  readonly findings: Finding[];
  readonly rule: string;
  readonly originalMessageId: string | null;
}

export function readNotification(material: Material): Notification | null {
  const from = findField(material.fields, 'from');
  if (from === null || !/amazon(?:aws|ses)\.com/i.test(cut(fieldText(from), 1000))) return null;
  for (const { text, part } of material.texts.slice(0, 2)) {
    const start = text.indexOf('{');
    if (start < 0 || start > 2000) continue;
    const type = TYPE.exec(text.slice(start, start + MAX_JSON))?.[1];
    const json = type === undefined ? null : parse(text.slice(start, start + MAX_JSON));
    if (json !== null && type !== undefined) return notificationOf(json, type, part);
  }
  return null;
}

type Json = { readonly [key: string]: unknown };

function parse(text: string): Json | null {
  const footer = text.search(/\n--\s*\n/);
  const json = text.slice(0, footer < 0 ? text.length : footer);
  // Mail may have broken the line anywhere, with a blank after it where it was folded.
  for (const whole of [json, json.replace(/\n ?/g, '')]) {
    try {
      const value: unknown = JSON.parse(whole.slice(0, whole.lastIndexOf('}') + 1));
      if (isObject(value)) return value;
    } catch {
      // The other form is tried.
    }
  }
  return null;
}

function notificationOf(json: Json, type: string, part: string): Notification {
  const mail = objectOf(json.mail);
  const event = objectOf(json[type === 'Bounce' ? 'bounce' : type === 'Delivery' ? 'delivery' : 'deliveryDelay']);
  const fallback: Action = type === 'Bounce' ? 'failed' : type === 'Delivery' ? 'delivered' : 'delayed';
  const entries = [event.bouncedRecipients, event.delayedRecipients, event.recipients, mail.destination].find(
    (list): list is unknown[] => Array.isArray(list) && list.length > 0,
  );
  const subType = [textOf(event.bounceType), textOf(event.bounceSubType), textOf(event.delayType)].filter(
    (text) => text !== null,
  );
  const findings = (entries ?? []).slice(0, MAX_NOTIFIED).map((entry): Finding => {
    const recipient = isObject(entry) ? entry : {};
    const address = typeof entry === 'string' ? entry : textOf(recipient.emailAddress);
    const diagnostic = textOf(recipient.diagnosticCode) ?? textOf(event.smtpResponse);
    return {
      address: address === null ? null : cut(oneLine(address), 998),
      originalAddress: null,
      action: fallback,
      status: /^[245]\.\d{1,3}\.\d{1,3}$/.exec(textOf(recipient.status) ?? '')?.[0] ?? null,
      diagnostic: diagnostic === null ? null : cut(oneLine(diagnostic).replace(/^smtp; ?/i, ''), 2000),
      context: subType.join(' '),
      remoteMta: textOf(event.remoteMtaIp) ?? null,
      retryUntil: dateOf(event.expirationTime),
      evidence: { rule: 'amazonses', part, span: cut(JSON.stringify(entry), 500) },
    };
  });
  return { findings, rule: 'amazonses', originalMessageId: messageIdIn(mail) };
}

/** The Message-ID that the sender gave; `mail.messageId` is what SES calls the message. */
function messageIdIn(mail: Json): string | null {
  const common = textOf(objectOf(mail.commonHeaders).messageId);
  const headers = Array.isArray(mail.headers) ? mail.headers.slice(0, 200) : [];
  const field = headers.find((header) => isObject(header) && textOf(header.name)?.toLowerCase() === 'message-id');
  const id = (isObject(field) ? textOf(field.value) : null) ?? common ?? textOf(mail.messageId);
  return id === null ? null : cut(id.trim().replace(/^<|>$/g, ''), 998) || null;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown): Json {
  return isObject(value) ? value : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? cut(value, 8192) : null;
}

function dateOf(value: unknown): Date | null {
  const at = typeof value === 'string' && value.length < 40 ? new Date(value) : null;
  return at === null || Number.isNaN(at.getTime()) ? null : at;
}
