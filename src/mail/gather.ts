// Gathers what the judges of a message look at (material.ts) while read.ts walks over its parts. Nothing is decoded before a judge asks,
// because nearly all mail is judged by its header alone. What lies inside an attached message is never looked at as the message's own: a
// bounce that somebody forwards is not a bounce.
import type { Buffer } from 'node:buffer';
import { Kept, MAX_FIELDS_KEPT, MAX_KEPT } from './body.ts';
import { decodeText, decodeTransfer } from './decode.ts';
import { type ContentFacts, contentFacts, type Field, findField, parseFields } from './header.ts';
import { htmlToText } from './html.ts';
import type { Material, PartText, Returned } from './material.ts';
import { once } from './once.ts';
import { bodyText, cleanText } from './text.ts';

/** Parts kept of each use. The words of a report stand in two languages and with alternatives in up to seven parts; the rest is there once. */
const MAX_GATHERED = 8;

/** Deepest part that may be a report's own: a gateway's multipart/mixed around the multipart/report, and a disclaimer's around that. */
const MAX_LEVELS = 3;

const STATUS = /^message\/(?:global-)?delivery-status$/;
const DISPOSITION = /^message\/(?:global-)?disposition-notification$/;
/** With the misspellings that servers are known to send. */
const RETURNED =
  /^(?:message\/(?:rfc822|global|partial|rfc822-headers?|global-headers)|text\/(?:rfc822-headers?|rfc822))$/;
/** What delivery-status fields are labelled where their own type was too much for somebody. */
const MISLABELLED =
  /^(?:application\/octet-stream|application\/x-[a-z0-9.+-]+|message\/[a-z0-9.+-]+|text\/[a-z0-9.+-]+)$/;

/** Fields that only reports have, at the beginning of a body. */
const STATUS_BODY =
  /^(?:reporting-mta|original-envelope-id|arrival-date|received-from-mta|final-recipient|original-recipient)[ \t]*:/im;
const FEEDBACK_BODY = /^feedback-type[ \t]*:/im;
const DISPOSITION_BODY = /^disposition[ \t]*:[^\n]{0,200}(?:automatic|manual)-action/im;

/** Characters of a mislabelled part that are searched for such fields. */
const BODY_LOOK = 2000;

/** Fields below which a part cannot hold a message's header: trace, id, author, date. */
const MIN_HEADER = 4;

/** What a leaf is to the judges; null: nothing. */
type Use = 'text' | 'status' | 'feedback' | 'disposition' | 'returned' | 'maybe';

interface Taken {
  readonly use: Use;
  readonly entry: GatheredText;
}

/** The text of a part, decoded when it is first asked for. */
class GatheredText implements PartText {
  readonly part: string;
  readonly type: string;
  readonly kept: Kept;
  #text: string | null = null;

  constructor(part: string, kept: Kept) {
    this.part = part;
    this.type = kept.content.type;
    this.kept = kept;
  }

  get text(): string {
    this.#text ??= this.kept.whole();
    return this.#text;
  }
}

/** A returned message, taken apart when it is first asked for. */
class GatheredMessage implements Returned {
  readonly part: string;
  readonly #opened: () => { readonly fields: readonly Field[]; readonly body: Buffer };
  readonly #text: () => string;

  constructor(part: string, kept: Kept) {
    this.part = part;
    this.#opened = once(() => {
      const octets = withoutLeadingBlanks(kept.octets());
      const end = headerEnd(octets);
      return { fields: parseFields(octets.subarray(0, end)), body: octets.subarray(end) };
    });
    this.#text = once(() => {
      const { fields, body } = this.#opened();
      const content = contentFacts(fields, 'text/plain');
      // The pieces of a multipart stay in one text: the judges look for lines, and taking it apart would be a second reader.
      const decoded = decodeText(decodeTransfer(body, content.encoding), content.charset, true);
      return cleanText(content.type === 'text/html' ? htmlToText(decoded, body.length) : bodyText(decoded));
    });
  }

  get fields(): readonly Field[] {
    return this.#opened().fields;
  }

  get text(): string {
    return this.#text();
  }
}

/** Filled while the message is walked over, read by the judges afterwards. */
export class Gathered implements Material {
  fields: readonly Field[] = [];
  type = 'text/plain';
  reportType: string | null = null;
  /** Fields of a report were left out: recipients may be missing. */
  isReportCut = false;
  readonly #taken: Taken[] = [];
  readonly #counts = new Map<Use, number>();
  #sorted: { use: Use; entry: GatheredText }[] | null = null;
  /** Stands for the text of a message that has no other. */
  preamble: Kept | null = null;

  open(fields: readonly Field[], content: ContentFacts): void {
    this.fields = fields;
    this.type = content.type;
    this.reportType = content.reportType;
  }

  /** What this leaf would be to the judges; null where nobody would look at it. `within`: the type of the multipart around it, if any. */
  useOf(part: string, content: ContentFacts, within: string | null): Use | null {
    const use = this.#wouldBe(part, content, within);
    if (use === null || (this.#counts.get(use) ?? 0) < MAX_GATHERED) return use;
    // What nobody sees is not missed among texts, but recipients are.
    if (use === 'status' || use === 'feedback') this.isReportCut = true;
    return null;
  }

  #wouldBe(part: string, content: ContentFacts, within: string | null): Use | null {
    if (within === 'multipart/digest') return null;
    const isReport = within === 'multipart/report';
    const level = part.split('.', MAX_LEVELS + 1).length;
    if (level > MAX_LEVELS) return null;
    if (content.type === 'text/plain' || content.type === 'text/html') {
      return content.disposition !== 'attachment' || isReport || within === null ? 'text' : null;
    }
    if (level > 1 && !isReport) return null;
    if (STATUS.test(content.type)) return 'status';
    if (content.type === 'message/feedback-report') return 'feedback';
    if (DISPOSITION.test(content.type)) return 'disposition';
    if (RETURNED.test(content.type)) return within === null ? null : 'returned';
    return isReport && MISLABELLED.test(content.type) ? 'maybe' : null;
  }

  /** The first part with a report's fields is kept to a thousand recipients; memory is bounded whatever the message. */
  keep(use: Use, content: ContentFacts, within: string | null): Kept {
    const isFields = use === 'status' || use === 'maybe';
    const limit = isFields && !this.#counts.has(use) ? MAX_FIELDS_KEPT : MAX_KEPT;
    const whenCut = (): void => {
      this.isReportCut = true;
    };
    return new Kept(content, within, limit, use === 'status' ? whenCut : null);
  }

  take(use: Use, part: string, kept: Kept): void {
    this.#counts.set(use, (this.#counts.get(use) ?? 0) + 1);
    this.#taken.push({ use, entry: new GatheredText(part, kept) });
  }

  /**
   * Some servers leave out the empty line between a boundary and the message they return, so that its header becomes that of the part.
   * Only a message has a trace and an id.
   */
  takeHeader(part: string, fields: readonly Field[]): void {
    if (this.#headers.length >= MAX_GATHERED || fields.length < MIN_HEADER) return;
    if (findField(fields, 'received') === null || findField(fields, 'message-id') === null) return;
    this.#headers.push({ part, fields, text: '' });
  }

  readonly #headers: Returned[] = [];

  get texts(): readonly PartText[] {
    const texts = this.#of('text');
    if (texts.length === 0 && this.preamble !== null) return [new GatheredText('', this.preamble)];
    const plain = texts.filter((text) => text.type !== 'text/html');
    return plain.length === texts.length ? texts : [...plain, ...texts.filter((text) => text.type === 'text/html')];
  }

  get statuses(): readonly PartText[] {
    return this.#of('status');
  }

  get feedback(): readonly PartText[] {
    return this.#of('feedback');
  }

  get dispositions(): readonly PartText[] {
    return this.#of('disposition');
  }

  get returned(): readonly Returned[] {
    return this.#returned ?? this.#openReturned();
  }

  #returned: readonly Returned[] | null = null;

  #openReturned(): readonly Returned[] {
    const messages = this.#of('returned').map((entry) => new GatheredMessage(entry.part, entry.kept));
    this.#returned = [...messages, ...this.#headers];
    return this.#returned;
  }

  #of(use: Use): GatheredText[] {
    this.#sorted ??= this.#taken.map(({ use: named, entry }) => ({ use: this.#settled(named, entry), entry }));
    return this.#sorted.filter((taken) => taken.use === use).map((taken) => taken.entry);
  }

  /** In a multipart/report the fields decide what a part is whose type does not say it. */
  #settled(use: Use, entry: GatheredText): Use {
    if (this.type !== 'multipart/report' || (use !== 'maybe' && !(use === 'text' && entry.part !== '1'))) return use;
    const look = entry.text.slice(0, BODY_LOOK);
    if (FEEDBACK_BODY.test(look)) return 'feedback';
    if (DISPOSITION_BODY.test(look)) return 'disposition';
    if (STATUS_BODY.test(look)) return 'status';
    return use;
  }
}

/** Octets of the header block, with the empty line behind it; all of them where there is none. */
function headerEnd(octets: Buffer): number {
  const lf = octets.indexOf('\n\n');
  const crlf = octets.indexOf('\n\r\n');
  if (lf < 0 && crlf < 0) return octets.length;
  return crlf < 0 || (lf >= 0 && lf < crlf) ? lf + 2 : crlf + 3;
}

function withoutLeadingBlanks(octets: Buffer): Buffer {
  let start = 0;
  while (start < octets.length && (octets[start] === 0x0a || octets[start] === 0x0d)) start += 1;
  return octets.subarray(start);
}
