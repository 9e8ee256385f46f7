// read(raw): what a message says, from its octets. Pure, total, bounded: any octets give a Reading, at a cost linear in their number.
// This file decides what each part is and puts the Reading together. The walk over the octets is in scan.ts, fields in header.ts,
// addresses, dates, text and decoding in the files of those names; what kind of message it is and what it reports, in verdict.ts.
import { Buffer } from 'node:buffer';
import type { Attachment, Reading } from '../model-reading.ts';
import { formatAddress, parseAddresses } from './address.ts';
import { Both, Digest, Kept } from './body.ts';
import { parseDate } from './date.ts';
import { Gathered } from './gather.ts';
import {
  type ContentFacts,
  contentFacts,
  displayText,
  type Field,
  fieldText,
  findField,
  messageIdOf,
  parseFields,
} from './header.ts';
import { type BodyPlan, type Entity, Scanner, type Sink, type Visitor } from './scan.ts';
import { cut } from './text.ts';
import { judge, NOTHING } from './verdict.ts';

/** Raised whenever the same octets may give another Reading, so that `reclassify` finds what was read by an older one. */
export const READER_VERSION = 2;

/** Attachments recorded. More than a thousand in one message are an attack or a broken generator; the rest is in raw. */
export const MAX_ATTACHMENTS = 1000;

/** Header fields in a Reading. The longest chains of Received, ARC and DKIM fields seen have about 150. */
export const MAX_FIELDS = 500;

/** Characters of one field's value in a Reading. */
export const MAX_VALUE = 8192;

/** Longest To or From value that is searched for addresses, characters: 100 addresses of 500, and room. */
const MAX_ADDRESS_FIELD = 64 * 1024;

/** Longest subject, characters: a line of RFC 5322 2.1.1. */
const MAX_SUBJECT = 998;

/** Reads one message from its octets in order, in pieces of any size; the same Reading for any pieces. */
export interface Reader {
  push(chunk: Buffer): void;
  /** The Reading. What is pushed afterwards is ignored. */
  end(): Reading;
}

/** The Reading of one whole message. Never throws. */
export function read(raw: Uint8Array): Reading {
  const reader = createReader();
  reader.push(Buffer.isBuffer(raw) ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength));
  return reader.end();
}

/** A reader for a message that arrives in pieces. Its memory is bounded whatever the size of the message. */
export function createReader(): Reader {
  const parts = new Parts();
  const scanner = new Scanner(parts);
  let size = 0;
  let reading: Reading | null = null;
  return {
    push(chunk) {
      if (reading !== null) return;
      size += chunk.length;
      reading = unlessItThrows(() => {
        scanner.push(chunk);
        return null;
      });
    },
    end() {
      reading ??= unlessItThrows(() => {
        scanner.end();
        return assemble(parts, size);
      });
      return reading;
    },
  };
}

/**
 * The last wall around hostile mail. No octets are known that make the reader or the libraries it decodes with throw; if some do, the
 * message is unreadable and its octets are safe, instead of ending every drain of its mailbox.
 */
function unlessItThrows<T extends Reading | null>(work: () => T): T | Reading {
  try {
    return work();
  } catch {
    return UNREADABLE;
  }
}

const UNREADABLE: Reading = {
  kind: 'unreadable',
  reader: READER_VERSION,
  messageId: null,
  envelopeRecipient: null,
  from: null,
  fromAddress: null,
  to: [],
  subject: null,
  sentAt: null,
  text: null,
  headers: [],
  attachments: [],
  truncated: null,
  verdict: NOTHING,
};

type Limit = 'depth' | 'parts' | 'header' | 'report';

/** Decides what becomes of each part, and holds what was found. */
class Parts implements Visitor {
  fields: readonly Field[] = [];
  readonly attachments: Attachment[] = [];
  readonly gathered = new Gathered();
  /** The limit that was met first. */
  truncated: Limit | null = null;
  /** Stands for a body when the message has no part that could be one. */
  #preamble: Kept | null = null;
  #plain: Kept | null = null;
  #html: Kept | null = null;
  /** The first text with a file name: the body of a message that has no other. */
  #named: Kept | null = null;

  enter(entity: Entity): BodyPlan {
    const fields = parseFields(entity.header);
    if (entity.isHeaderCut) this.cut('header');
    const isMessage = entity.within === null;
    if (isMessage) this.fields = fields;
    // RFC 2046 5.1.5.
    const content = contentFacts(fields, entity.within === 'multipart/digest' ? 'message/rfc822' : 'text/plain');
    if (isMessage) this.gathered.open(fields, content);
    else this.gathered.takeHeader(entity.part, fields);
    if (!content.type.startsWith('multipart/')) {
      return { as: 'leaf', sink: this.#leaf(entity.part || '1', content, entity.within) };
    }
    if (content.boundary !== null && entity.mayEnter) {
      if (isMessage) {
        this.#preamble = new Kept(plainText(content), null);
        this.gathered.preamble = this.#preamble;
      }
      return {
        as: 'multipart',
        boundary: content.boundary,
        type: content.type,
        preamble: isMessage ? this.#preamble : null,
      };
    }
    if (content.boundary !== null) {
      this.cut('depth');
      return { as: 'leaf', sink: this.#attachment(entity.part || '1', content) };
    }
    // A multipart without a boundary is one body. RFC 2045 5.2 calls for text/plain where a Content-Type cannot be used.
    return { as: 'leaf', sink: this.#leaf(entity.part || '1', plainText(content), entity.within) };
  }

  stopped(): void {
    this.cut('parts');
  }

  cut(limit: Limit): void {
    this.truncated ??= limit;
  }

  /** The first text that is not empty, in the order of how likely it is what the author wrote. */
  text(): string | null {
    const order = this.#isHtmlFirst() ? [this.#html, this.#plain] : [this.#plain, this.#html];
    for (const kept of [...order, this.#named, this.#preamble]) {
      const text = kept?.preview() ?? null;
      if (text !== null) return text;
    }
    return null;
  }

  /** Plain text after the HTML is a list's footer or a scanner's remark, unless the two are alternatives of each other. */
  #isHtmlFirst(): boolean {
    return this.#isHtmlSeenFirst && this.#plain?.within !== 'multipart/alternative';
  }

  #isHtmlSeenFirst = false;

  /** One copy of a body serves the preview and the judges. */
  #leaf(part: string, content: ContentFacts, within: string | null): Sink | null {
    const isText = content.type === 'text/plain' || content.type === 'text/html';
    const isBody = isText && content.disposition !== 'attachment';
    const use = this.gathered.useOf(part, content, within);
    let kept = isBody ? this.#keep(content, within) : null;
    if (use !== null) {
      kept ??= this.gathered.keep(use, content, within);
      this.gathered.take(use, part, kept);
    }
    if (isBody && content.filename === null) return kept;
    const digest = this.#attachment(part, content);
    return kept === null || digest === null ? (kept ?? digest) : new Both(kept, digest);
  }

  #keep(content: ContentFacts, within: string | null): Kept | null {
    if (content.filename !== null) {
      if (this.#named !== null) return null;
      this.#named = new Kept(content, within);
      return this.#named;
    }
    if (content.type === 'text/html') {
      if (this.#html !== null) return null;
      this.#isHtmlSeenFirst = this.#plain === null;
      this.#html = new Kept(content, within);
      return this.#html;
    }
    if (this.#plain !== null) return null;
    this.#plain = new Kept(content, within);
    return this.#plain;
  }

  #attachment(part: string, content: ContentFacts): Sink | null {
    if (this.attachments.length >= MAX_ATTACHMENTS) {
      this.cut('parts');
      return null;
    }
    return new Digest(part, content, (attachment) => this.attachments.push(attachment));
  }
}

function plainText(content: ContentFacts): ContentFacts {
  return { ...content, type: 'text/plain', filename: null, disposition: '' };
}

function assemble(parts: Parts, size: number): Reading {
  const { fields } = parts;
  const headers = headerList(parts);
  const author = findField(fields, 'from');
  const [first] = addressesOf(author);
  const subject = displayText(findField(fields, 'subject'));
  const date = findField(fields, 'date');
  // A message without one header field is no message: an empty file, random octets, a lone body.
  const isMessage = fields.length > 0 && size > 0;
  if (parts.gathered.isReportCut) parts.cut('report');
  const verdict = isMessage ? judge(parts.gathered) : NOTHING;
  return {
    kind: isMessage ? verdict.kind : 'unreadable',
    reader: READER_VERSION,
    messageId: messageIdOf(findField(fields, 'message-id')),
    envelopeRecipient: envelopeRecipient(fields),
    from: first === undefined ? cutOrNull(displayText(author)) : formatAddress(first),
    fromAddress: first === undefined || first.address === '' ? null : first.address.toLowerCase(),
    to: addressesOf(findField(fields, 'to')).map(formatAddress),
    subject: cutOrNull(subject),
    sentAt: date === null ? null : parseDate(fieldText(date)),
    text: parts.text(),
    headers,
    attachments: parts.attachments,
    truncated: parts.truncated,
    verdict,
  };
}

function headerList(parts: Parts): [name: string, value: string][] {
  if (parts.fields.length > MAX_FIELDS) parts.cut('header');
  return parts.fields.slice(0, MAX_FIELDS).map((field) => {
    const value = fieldText(field);
    if (value.length > MAX_VALUE) parts.cut('header');
    return [field.name, cut(value, MAX_VALUE)];
  });
}

function addressesOf(field: Field | null): ReturnType<typeof parseAddresses> {
  return field === null ? [] : parseAddresses(cut(fieldText(field), MAX_ADDRESS_FIELD));
}

/** The topmost field is the last delivery, to us; Delivered-To before the others, as Postfix, Exim and qmail write it at delivery. */
function envelopeRecipient(fields: readonly Field[]): string | null {
  for (const key of ['delivered-to', 'x-original-to', 'envelope-to']) {
    const field = findField(fields, key);
    if (field === null) continue;
    const value = fieldText(field).trim().replace(/^<|>$/g, '').trim();
    if (value !== '') return cut(value, MAX_SUBJECT);
  }
  return null;
}

function cutOrNull(text: string | null): string | null {
  return text === null ? null : cut(text, MAX_SUBJECT);
}
