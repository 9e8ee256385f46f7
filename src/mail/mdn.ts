// Notifications of what became of a message in front of its reader (RFC 8098, once 3798 and 2298): displayed, deleted, and so on. They say
// nothing of delivery failures and nothing of a person's absence, and are sent from that person's own address.
import { parseAddresses } from './address.ts';
import { firstValue, parseReportFields } from './feedback-fields.ts';
import { displayText, findField } from './header.ts';
import type { Material, PartText } from './material.ts';
import { originalMessageId } from './returned.ts';
import { cut } from './text.ts';

export interface Notification {
  readonly finalRecipient: string | null;
  readonly originalMessageId: string | null;
  /** RFC 8098 3.2.6 and the older `denied` and `failed` (RFC 2298); `displayed` where the report has lost its fields. */
  readonly disposition: string;
  readonly rule: string;
  readonly part: string;
  readonly span: string;
}

/** Characters of the evidence. */
const MAX_SPAN = 500;

/** Behind the modes: `manual-action/MDN-sent-manually; displayed`. Some programs write only the type. */
const TYPE = /(?:^|;|[ \t])(displayed|deleted|dispatched|processed|denied|failed)\b/i;

/** Subjects of what a person forwards or answers. */
const PASSED_ON = /^(?:fwd?|wg|tr|rv|enc|i|doorst|vs|re|aw|sv|antw)[ \t]?:/i;

export function readMdn(material: Material): Notification | null {
  const part = material.dispositions[0];
  if (part !== undefined) return isForwarded(material, part) ? null : fromFields(material, part);
  if (material.reportType !== 'disposition-notification') return null;
  // The part was taken away by a gateway, or its words are all there is.
  const [words] = material.texts;
  return {
    finalRecipient: sender(material),
    originalMessageId: repliedTo(material),
    disposition: 'displayed',
    rule: 'rfc8098',
    part: words?.part ?? '',
    span: cut(words?.text ?? 'report-type=disposition-notification', MAX_SPAN),
  };
}

/** In a multipart/report it is the report; beside other parts of an ordinary message it may have come from a report that was forwarded. */
function isForwarded({ type, fields }: Material, { part }: PartText): boolean {
  if (type === 'multipart/report' || type.startsWith('message/') || part.includes('.')) return false;
  return PASSED_ON.test(displayText(findField(fields, 'subject')) ?? '');
}

function fromFields(material: Material, part: PartText): Notification {
  const fields = parseReportFields(part.text);
  const disposition = TYPE.exec(firstValue(fields, 'disposition') ?? '')?.[1]?.toLowerCase();
  const id = firstValue(fields, 'original-message-id');
  return {
    finalRecipient:
      addressOf(firstValue(fields, 'final-recipient')) ??
      addressOf(firstValue(fields, 'original-recipient')) ??
      sender(material),
    originalMessageId: (id === null ? null : bareId(id)) ?? repliedTo(material),
    disposition: disposition ?? 'displayed',
    rule: 'rfc8098',
    part: part.part,
    span: cut(part.text.trim(), MAX_SPAN),
  };
}

/** `rfc822; user@example.org`, in angle brackets or with a name too. */
function addressOf(value: string | null): string | null {
  if (value === null) return null;
  const address = parseAddresses(value.replace(/^[a-z0-9-]{1,20}[ \t]*;/i, ''))[0]?.address;
  return address?.includes('@') ? address : null;
}

function sender({ fields }: Material): string | null {
  return addressOf(displayText(findField(fields, 'from')));
}

function repliedTo(material: Material): string | null {
  const field = findField(material.fields, 'in-reply-to');
  return (field === null ? null : bareId(field.raw)) ?? originalMessageId(material);
}

function bareId(value: string): string | null {
  const found = /<([^<>\s]{1,998})>/.exec(value.slice(0, 2000))?.[1] ?? value.trim().split(/\s/, 1)[0] ?? '';
  return cut(found, 998) || null;
}
