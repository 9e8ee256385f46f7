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

/** Places of the name that are looked at. */
const MAX_SEEN = 50;

/** Quotation marks and blanks before the name, or the time and the mark with which MDaemon begins a line: `Mon 2026-03-02 09:15:01: * `. */
const MAX_QUOTES = 40;

const NAME = 'message-id:';

/** A header that was pasted into the text of a report. */
const PASTED_ID =
  /^[ \t]{0,2}(?:[a-z]{3} )?(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?:)?[ \t>|*]{0,8}message-id:[ \t]{0,8}\n?[ \t>|]{0,8}(<[^<>\s]{1,998}>|[^<>\s]{1,998}@[^<>\s]{1,255})/i;

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

/** The envelope's only recipient in a trace field (RFC 5321 4.4); with several, servers leave it out. */
const FOR = /\sfor <([^<>\s]{3,500})>/;

/** What the last server noted of the envelope, which is closest to what failed, or the addresses of the returned message's To. */
export function originalRecipients(material: Material): string[] {
  for (const { fields } of material.returned) {
    const envelope = envelopeIn(fields);
    if (envelope !== null) return [envelope];
    for (const key of ['x-original-to', 'x-envelope-to', 'envelope-to', 'x-rcpt-to', 'to']) {
      const addresses = addressesIn(findField(fields, key));
      if (addresses.length > 0) return addresses;
    }
  }
  return [];
}

/** Fields that say who sent a message. */
const SENDERS = ['from', 'sender', 'return-path', 'reply-to'];

/**
 * Whom a report that names nobody may be about: what the returned message says, unless that is as likely a list or its own sender's address.
 * What is guessed here may be suppressed, and `announce@` of our own domain would be the worst of all addresses for it.
 */
export function likelyRecipients(material: Material): string[] {
  if (isFromList(material)) return [];
  const senders = material.returned.flatMap(({ fields }) =>
    SENDERS.flatMap((key) => addressesIn(findField(fields, key))),
  );
  const all = originalRecipients(material);
  // Without those of the sender's domain another would be left over as the only one, though the report may be about them.
  return all.some((address) => isOfSender(material, address, senders)) ? [] : all;
}

/** Whether the returned message is one of a list (RFC 2919): it was addressed to the list, its envelope to a member. */
export function isFromList(material: Material): boolean {
  return material.returned.some(({ fields }) => findField(fields, 'list-id') !== null);
}

/** Whether an address is in a domain of those who sent what came back, or of whom the report came back to. */
export function isOfSender(material: Material, address: string, senders: readonly string[]): boolean {
  const domain = domainOf(address);
  return [...senders, ...addressesIn(findField(material.fields, 'to'))]
    .map(domainOf)
    .some((own) => domain === own || domain.endsWith(`.${own}`));
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/** For whom the last server took the message, where its trace says so: an alias is known there only. */
export function envelopeRecipient(material: Material): string | null {
  const [first] = material.returned;
  return first === undefined ? null : envelopeIn(first.fields);
}

function envelopeIn(fields: readonly Field[]): string | null {
  const last = findField(fields, 'received');
  const address = last === null ? undefined : FOR.exec(cut(fieldText(last), MAX_FIELD))?.[1];
  return address?.includes('@') === true ? address : null;
}

function addressesIn(field: Field | null): string[] {
  if (field === null) return [];
  return parseAddresses(cut(fieldText(field), MAX_FIELD))
    .map(({ address }) => address)
    .filter((address) => address.includes('@'))
    .slice(0, MAX_RECIPIENTS);
}

/** Of a header that stands in a text: the first field at the beginning of a line, as the name stands in signatures (RFC 6376 3.5 `h=`) as well. */
export function pastedId(text: string): string | null {
  const lower = text.toLowerCase();
  for (
    let at = lower.indexOf(NAME), seen = 0;
    at >= 0 && seen < MAX_SEEN;
    at = lower.indexOf(NAME, at + 1), seen += 1
  ) {
    const lineStart = text.lastIndexOf('\n', at) + 1;
    if (at - lineStart > MAX_QUOTES) continue;
    const found = PASTED_ID.exec(text.slice(lineStart, at + MAX_LINE))?.[1];
    if (found !== undefined) return found.replace(/^<|>$/g, '');
  }
  return null;
}
