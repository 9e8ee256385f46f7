// What the returned message says of itself: its Message-ID, by which the report is tied to what was sent, and whom it was addressed to.
import { parseAddresses } from './address.ts';
import { type Field, fieldText, findField, messageIdOf } from './header.ts';
import type { Material } from './material.ts';
import { cut } from './text.ts';

/** Longest recipient field that is searched, characters. */
const MAX_FIELD = 8192;

/** Recipients taken; a report about a message to more of them is not made clearer by the rest. */
const MAX_RECIPIENTS = 20;

/** Characters from a Message-ID line on in which its value is looked for: the name, a fold, 998 characters. */
const MAX_LINE = 1100;

/** A header that was pasted into the text of a report. */
const PASTED_ID = /^[ \t>|*]{0,8}message-id:[ \t]*\n?[ \t>|]*(<[^<>\s]{1,998}>|[^<>\s]{1,998}@[^<>\s]{1,255})/im;

/** Without angle brackets. The returned message's own field is asked first, then the header that stands in the words. */
export function originalMessageId(material: Material): string | null {
  for (const { fields, text } of material.returned) {
    const id = messageIdOf(findField(fields, 'message-id')) ?? pastedId(text);
    if (id !== null) return id;
  }
  for (const { text } of [...material.statuses, ...material.texts]) {
    const id = pastedId(text);
    if (id !== null) return id;
  }
  return null;
}

/** Addresses of the returned message's To, or what its last server noted of the envelope, which is closer to what was sent. */
export function originalRecipients(material: Material): string[] {
  for (const { fields } of material.returned) {
    for (const key of ['x-original-to', 'x-envelope-to', 'envelope-to', 'x-rcpt-to', 'to']) {
      const addresses = addressesIn(findField(fields, key));
      if (addresses.length > 0) return addresses;
    }
  }
  return [];
}

function addressesIn(field: Field | null): string[] {
  if (field === null) return [];
  return parseAddresses(cut(fieldText(field), MAX_FIELD))
    .map(({ address }) => address)
    .filter((address) => address.includes('@'))
    .slice(0, MAX_RECIPIENTS);
}

function pastedId(text: string): string | null {
  const at = text.search(/message-id:/i);
  if (at < 0) return null;
  const lineStart = text.lastIndexOf('\n', at) + 1;
  const found = PASTED_ID.exec(text.slice(Math.max(lineStart, at - 20), at + MAX_LINE))?.[1];
  return found === undefined ? null : found.replace(/^<|>$/g, '');
}
