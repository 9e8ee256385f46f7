// Header blocks and fields (RFC 5322 2.2): names, unfolded values, Content-Type and its kin with their parameters. Fields keep their
// octets as a Latin-1 string, because a boundary is octets; fieldText() makes text of them. Addresses and dates have their own files.
import type { Buffer } from 'node:buffer';
import libmime from 'libmime';
import { decodeHeaderOctets, decodeWords } from './decode.ts';
import { cleanText, cut, oneLine, trimBlanks } from './text.ts';

/** Longest field name taken for one: a line of RFC 5322 2.1.1 holds no longer one. */
const MAX_NAME = 998;

/** Longest Content-Type or Content-Disposition that is parsed, characters. A file name of 255 octets in RFC 2231 form needs 1,000. */
const MAX_STRUCTURED = 8192;

/** Longest boundary that the scanner can match; RFC 2046 5.1.1 allows 70. */
const MAX_BOUNDARY = 500;

/** Longest file name kept, characters; file systems allow 255 octets. */
const MAX_FILENAME = 1000;

export interface Field {
  /** As written. */
  readonly name: string;
  /** Lower-cased name. */
  readonly key: string;
  /** Unfolded value, octets as a Latin-1 string. */
  readonly raw: string;
}

/** What a part's header says of its body. All names lower-case. */
export interface ContentFacts {
  /** `type/subtype`; the default of RFC 2045 5.2 or RFC 2046 5.1.5 where none is given or it cannot be read. */
  readonly type: string;
  readonly charset: string;
  readonly encoding: string;
  /** `attachment`, `inline`, other, or '' without a Content-Disposition. */
  readonly disposition: string;
  readonly filename: string | null;
  /** Octets as a Latin-1 string; null when there is none that can be used. */
  readonly boundary: string | null;
  /** `report-type` of a multipart/report (RFC 6522); null without. */
  readonly reportType: string | null;
}

/**
 * The fields of a header block, in order. A line that is neither a field nor a continuation is left out with its continuations (an mbox
 * `From ` line, a broken fold); what follows it is still read.
 */
export function parseFields(block: Buffer): Field[] {
  const text = block.toString('latin1');
  const fields: Field[] = [];
  let name = '';
  let value = '';
  const close = (): void => {
    if (name !== '') fields.push({ name, key: name.toLowerCase(), raw: trimBlanks(value) });
  };
  for (let pos = 0; pos < text.length; ) {
    const lineEnd = text.indexOf('\n', pos);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const first = text.charCodeAt(pos);
    const line = trimBlanks(text.slice(pos, end));
    if (first === 0x20 || first === 0x09) {
      if (name !== '' && line !== '') value += ` ${line}`;
    } else {
      close();
      const colon = line.indexOf(':');
      name = colon > 0 ? trimBlanks(line.slice(0, Math.min(colon, MAX_NAME + 1))) : '';
      // RFC 5322 3.6.8: printable ASCII, no space inside.
      if (name.length > MAX_NAME || !/^[!-9;-~]+$/.test(name)) name = '';
      value = name === '' ? '' : line.slice(colon + 1);
    }
    pos = end + 1;
  }
  close();
  return fields;
}

/** The first field of that name (lower-case), or null. */
export function findField(fields: readonly Field[], key: string): Field | null {
  for (const field of fields) if (field.key === key) return field;
  return null;
}

/** A field's value as text of one line: UTF-8 if it is, else windows-1252. Encoded words stay as they are. */
export function fieldText(field: Field): string {
  // Nearly every field is printable ASCII and done here.
  if (/^[\t\x20-\x7e]*$/.test(field.raw)) return field.raw;
  return cleanText(decodeHeaderOctets(field.raw)).replace(/[\r\n]+/g, ' ');
}

/** What fields with encoded words say: each judge asks for the subject and the author, and decoding them is dear. */
const SHOWN = new WeakMap<Field, string>();

/** A field's value for a person: encoded words decoded, one line. Empty is null. */
export function displayText(field: Field | null): string | null {
  if (field === null) return null;
  const text = SHOWN.get(field) ?? shown(field);
  return text === '' ? null : text;
}

function shown(field: Field): string {
  const text = oneLine(cleanText(decodeWords(fieldText(field))));
  if (field.raw.includes('=?')) SHOWN.set(field, text);
  return text;
}

/** The first message id of a Message-ID field, without its angle brackets; null when there is none. At most 998 characters. */
export function messageIdOf(field: Field | null): string | null {
  if (field === null) return null;
  const text = fieldText(field);
  const open = text.indexOf('<');
  const close = text.indexOf('>', open + 1);
  const id = open >= 0 && close > open ? text.slice(open + 1, close) : text.replace(/^<+/, '').split(/\s/, 1)[0];
  const bounded = cut((id ?? '').trim(), 998);
  return bounded === '' ? null : bounded;
}

/** Reads the Content- fields of a part. `fallback` is the type of a part that gives none. */
export function contentFacts(fields: readonly Field[], fallback: string): ContentFacts {
  const type = parseParameters(findField(fields, 'content-type'));
  const disposition = parseParameters(findField(fields, 'content-disposition'));
  const encoding = findField(fields, 'content-transfer-encoding');
  // Up to the first blank: senders forget the semicolon after the type.
  const named = /^[!-.0-~]{1,127}\/[!-.0-~]{1,127}(?![^ \t])/.exec(type.value.slice(0, 300).toLowerCase())?.[0];
  const boundary = trimTrailing(type.params.get('boundary') ?? '');
  return {
    type: named ?? fallback,
    charset: (type.params.get('charset') ?? '').slice(0, 100),
    encoding: encoding === null ? '' : (/^[a-z0-9-]+/.exec(encoding.raw.slice(0, 100).toLowerCase())?.[0] ?? ''),
    disposition: disposition.value.toLowerCase().slice(0, 100),
    filename: filenameOf(disposition, 'filename') ?? filenameOf(type, 'name'),
    boundary: boundary === '' || boundary.length > MAX_BOUNDARY ? null : boundary,
    reportType: type.params.get('report-type')?.trim().slice(0, 100).toLowerCase() ?? null,
  };
}

interface Parameters {
  readonly value: string;
  readonly params: ReadonlyMap<string, string>;
  /** Names of those that RFC 2231 encoded and libmime has decoded. */
  readonly decoded: ReadonlySet<string>;
}

const NO_PARAMETERS: Parameters = { value: '', params: new Map(), decoded: new Set() };

function parseParameters(field: Field | null): Parameters {
  if (field === null) return NO_PARAMETERS;
  try {
    const parsed = libmime.parseHeaderValue(field.raw.slice(0, MAX_STRUCTURED), { stripComments: true });
    return {
      value: parsed.value,
      params: new Map(Object.entries(parsed.params)),
      decoded: new Set(parsed.decodedParams),
    };
  } catch {
    return NO_PARAMETERS;
  }
}

/** RFC 2231, or what senders do instead: encoded words (RFC 2047 5 forbids them here) and bare 8-bit octets. */
function filenameOf(parameters: Parameters, name: string): string | null {
  const raw = parameters.params.get(name);
  if (raw === undefined) return null;
  const text = parameters.decoded.has(name) ? raw : decodeWords(decodeHeaderOctets(raw));
  const filename = cut(oneLine(cleanText(text)), MAX_FILENAME);
  return filename === '' ? null : filename;
}

/** A boundary does not end in a blank (RFC 2046 5.1.1). */
function trimTrailing(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end);
}
