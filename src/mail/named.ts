// The recipients that a report names, while they are gathered: each once, with its alias and the lines that belong to it. Where they are
// looked for is in named-by-phrases.ts and named-by-form.ts.
import type { Action } from '../model-reading.ts';
import { findAddresses } from './found-address.ts';

export interface Named {
  readonly address: string;
  /** The alias it was sent to. */
  original: string | null;
  /** What the place says was done; null: nothing. */
  readonly action: Action | null;
  /** Lines that stand with it, empty ones between paragraphs. */
  readonly reason: string[];
}

/** Recipients of one report, as many as a Verdict holds. */
const MAX_NAMED = 1000;

/** Lines kept with one recipient. */
const MAX_REASON_LINES = 40;

/** Where a list of recipients ends. */
export const END_OF_LIST =
  /^(?:[-=*#_ ]{0,80})(?:(?:session )?transcript|session transcript|server message|smtp command|additional information|for (?:further|more) (?:assistance|information|help)|please (?:contact|reply|direct|do not|check)|no action is required|non-delivered information|error detail|unsent message|system contact|if you (?:do|have|need|feel|think|believe)|this (?:report|message) was (?:generated|created)|troubleshooting|possible (?:causes|reasons)|what you can|message header|original message|original sender|sent by|copyright|disclaimer)/i;

/** What stands for a recipient before a colon. */
export const RECIPIENT_LABEL =
  /^(?:(?:failed|failing|original|final|undeliverable|unreachable|intended|invalid|rejected|bounced|affected|smtp|target mail|destination|e-?mail|mail|delivery|error)[- ])?(?:recipients?|address(?:es)?|rcpt(?: to)?|destination|user|to|e-?mail|for|empf\u00e4nger(?:adresse)?|destinataires?|destinatarios?|destinat\u00e1rios?|\u5b9b\u5148(?:\u30a2\u30c9\u30ec\u30b9)?|\u6536\u4ef6\u4eba(?:\u5730\u5740)?|\u53d7\u4fe1\u8005)(?:\(s\)|\(es\))?(?: address)?\s?[:\uff1a]\s?/i;

export const ORIGINAL_LABEL = /^\(?(?:original(?:ly)? (?:address|addressed|recipient)(?: to)?|alias)\b/i;
export const EXPANDED =
  /^\(?(?:expanded from|ultimately generated from|generated (?:from|by)|originally addressed to|originally to|forwarded from|alias of|via)\b/i;
const EXPANDED_WITHIN =
  /\((?:expanded from|generated from|ultimately generated from|originally addressed to|original address|originally to):? /i;

export function note(named: Named, text: string): void {
  const { reason } = named;
  if (reason.length >= MAX_REASON_LINES) return;
  // A report in two languages says the same twice.
  if (text === '' ? reason.at(-1) !== '' : !reason.includes(text)) reason.push(text);
}

export function noteAlias(named: Named, text: string): void {
  if (named.original !== null) return;
  const at = EXPANDED_WITHIN.exec(text)?.index ?? (EXPANDED.test(text) ? 0 : -1);
  const [first] = at < 0 ? [] : findAddresses(text.slice(at));
  if (first !== undefined) alias(named, first.address);
}

export function alias(named: Named, address: string): void {
  if (named.original === null && address.toLowerCase() !== named.address.toLowerCase()) named.original = address;
}

export function collectReason(named: Named | null, text: string): void {
  if (named !== null) note(named, text);
}

/** Recipients in the order in which they are named, each once. */
export class Gathering {
  readonly #named = new Map<string, Named>();

  add(address: string, action: Action | null): Named | null {
    const key = address.toLowerCase();
    const known = this.#named.get(key);
    if (known !== undefined) return known;
    if (this.#named.size >= MAX_NAMED) return null;
    const named: Named = { address, original: null, action, reason: [] };
    this.#named.set(key, named);
    return named;
  }

  /** Without the servers' own addresses, unless they are all there is. */
  all(): Named[] {
    const all = [...this.#named.values()];
    const people = all.filter(({ address }) => !SYSTEM.test(address));
    return people.length > 0 ? people : all;
  }
}

/** Whom reports tell to write to. */
export const SYSTEM =
  /^(?:mailer-daemon|postmaster|abuse|support|help|helpdesk|hostmaster|admin|administrator|root|noc|no-?reply)@/i;
