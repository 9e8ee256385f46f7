// Bounces in plain words: the one matcher for all the families of families.ts. It says no by the header for nearly all mail (report-signs.ts),
// finds the phrases of the families in the words above the returned message, and takes the addresses from the surest place that names any.
import { parseDate } from './date.ts';
import { readPastedStatus } from './delivery-status.ts';
import type { Finding } from './finding.ts';
import { findAddresses } from './found-address.ts';
import { contentFacts, fieldText, findField } from './header.ts';
import type { Material, PartText } from './material.ts';
import { type Named, SYSTEM } from './named.ts';
import { namedAlone, namedByForm, namedByLabel, namedByTranscript } from './named-by-form.ts';
import { namedBefore, namedByPhrases } from './named-by-phrases.ts';
import { once } from './once.ts';
import { PageIndex } from './page-index.ts';
import { actionInWords, retryUntil } from './report-delay.ts';
import { openPage, type Page } from './report-page.ts';
import { findPhrases, GENERAL, type Hit } from './report-phrases.ts';
import { answerAt, hasCode, hostIn, reasonIn } from './report-reason.ts';
import { readSigns, type Signs } from './report-signs.ts';
import { isOfSender, likelyRecipients, originalMessageId, pastedId } from './returned.ts';
import { readNotification } from './ses-notification.ts';
import { cut } from './text.ts';

/** Texts of a message that are tried: two languages, and the HTML forms of both. */
const MAX_TEXTS = 4;

/** Characters of context and of evidence, as Finding and Evidence say. */
const MAX_CONTEXT = 4000;
const MAX_SPAN = 500;

export interface FreeForm {
  readonly findings: Finding[];
  readonly rule: string;
  readonly originalMessageId: string | null;
}

/** What the words report; null where they are no report. */
export function readFreeForm(material: Material): FreeForm | null {
  const notification = readNotification(material);
  if (notification !== null) return notification;
  const signs = readSigns(material);
  if (signs === null) return null;
  let weak: Opened | null = null;
  for (const text of material.texts.slice(0, MAX_TEXTS)) {
    const opened = openReport(text, signs);
    if (opened === null) continue;
    if (opened.named.length > 0 && isReport(opened, signs)) return report(material, opened, signs);
    if (weak === null || opened.hits.length > weak.hits.length) weak = opened;
  }
  const inner = weak === null || weak.surety === 0 ? wrapped(material, signs) : null;
  if (inner !== null) return inner;
  weak ??= { part: '', page: openPage(''), hits: [], named: [], surety: 0 };
  if (!isReport(weak, signs)) return null;
  return report(
    material,
    { ...weak, named: lastResort(material, weak, signs) },
    signs,
    signs.failedRecipients.length === 0,
  );
}

/** A gateway that passes a report on as an attachment of its own: the words inside are read. */
function wrapped(material: Material, signs: Signs): FreeForm | null {
  if (!signs.isDaemon) return null;
  for (const { part, fields, text } of material.returned.slice(0, 1)) {
    const inner = readSigns({ ...NO_PARTS, fields, reportType: contentFacts(fields, 'text/plain').reportType });
    if (inner === null || !(inner.isDaemon || inner.isReportType)) continue;
    const whole: PartText = { part, type: 'text/plain', text };
    const status = readPastedStatus(whole);
    if (status !== null) {
      const findings = status.findings.map((finding) => ({ ...finding, isGuess: true }));
      return { findings, rule: 'rfc3464', originalMessageId: pastedId(text) };
    }
    const opened = openReport(whole, inner);
    if (opened !== null && opened.named.length > 0 && isReport(opened, inner))
      return report(material, opened, inner, true);
  }
  return null;
}

const NO_PARTS: Material = {
  fields: [],
  type: 'text/plain',
  reportType: null,
  texts: [],
  statuses: [],
  feedback: [],
  dispositions: [],
  returned: [],
};

interface Opened {
  readonly part: string;
  readonly page: Page;
  readonly hits: readonly Hit[];
  readonly named: readonly Named[];
  /** 2: a place that only reports have; 1: one that other mail may have; 0: none. */
  readonly surety: 0 | 1 | 2;
}

function openReport(text: PartText, signs: Signs): Opened | null {
  const page = openPage(text.text);
  if (page.flat === '') return null;
  const hits = findPhrases(page.flat);
  const opened = (named: readonly Named[], surety: 1 | 2): Opened | null =>
    named.length === 0 ? null : { part: text.part, page, hits, named, surety };
  const isSpoken = hits.some((hit) => PROVING.includes(hit.gives));
  return (
    opened(namedByPhrases(page, hits, ['failed', 'delayed', 'delivered']), 2) ??
    (isSpoken || signs.hasSubject ? opened(namedByForm(page), 2) : null) ??
    opened(namedByTranscript(page), 2) ??
    (signs.failedRecipients.length > 0 ? opened(failed(signs), 2) : null) ??
    opened(namedByPhrases(page, hits, ['names']), 1) ??
    opened(namedByLabel(page), 1) ??
    opened(namedBefore(page, hits), 1) ??
    opened(namedAlone(page, signs.parties), 1) ?? { part: text.part, page, hits, named: [], surety: 0 }
  );
}

const PROVING: readonly Hit['gives'][] = ['failed', 'delayed', 'delivered', 'proof', 'marks'];

function failed(signs: Signs): Named[] {
  return signs.failedRecipients.map((address) => ({ address, original: null, action: null, reason: [] }));
}

/** Whether words and header together make a report. The less the sender says it is a mail system, the more the words have to. */
function isReport(opened: Opened, signs: Signs): boolean {
  const isProven = opened.hits.some((hit) => PROVING.includes(hit.gives));
  const { hasSubject, isNullPath, isDaemon, isOnlyDaemon, isBulk } = signs;
  if (signs.isReportType || signs.failedRecipients.length > 0) return true;
  if (signs.isAnswer && isQuoting(opened)) return false;
  if (isOnlyDaemon) return isProven || hasSubject;
  // Lists put their fields into the reports that reach them, too.
  if (isBulk && !(isDaemon && hasSubject && opened.surety === 2)) return false;
  if (isNullPath && isDaemon) return isProven || hasSubject;
  // A challenge (RFC 3834 does not forbid them) waits for its sender to prove himself.
  if (isNullPath && !hasSubject && CHALLENGE.test(opened.page.flat)) return false;
  // Parcels and meals are not delivered either, and their senders have names; of mail a code speaks, or words that one system has to itself.
  if (isNullPath && signs.isNamed && !isOfMail(opened)) return false;
  if (isNullPath) return (isProven && (opened.surety === 2 || hasSubject)) || (hasSubject && opened.surety > 0);
  if (!isProven || opened.surety === 0) return false;
  if (isDaemon) return opened.surety === 2 || hasSubject;
  if (opened.surety < 2) return false;
  // A report asks nothing, has no name to sign with and no number in a ticket system.
  return hasSubject && !signs.isNamed && !/^\[|#\d/.test(signs.subject) && !/[?\uff1f](?: |$)/.test(opened.page.flat);
}

function isOfMail({ page, hits }: Opened): boolean {
  return (
    hits.some((hit) => PROVING.includes(hit.gives) && hit.family !== GENERAL) ||
    page.lines.some(({ text }) => hasCode(text))
  );
}

const CHALLENGE = /\b(?:click (?:here|on|the)|confirm (?:that|your)|verify (?:that|your)|verification)\b/;

/** Somebody's words above or below a report, instead of a report. */
function isQuoting({ page, hits }: Opened): boolean {
  const isOwn = hits.some((hit) => PROVING.includes(hit.gives) && hit.family !== GENERAL);
  return !isOwn || page.lines.some(({ text }) => /^>+ ?[^>]/.test(text) && !text.startsWith('>>>'));
}

/** A report that names nobody in a place of its own. */
function lastResort(material: Material, { page }: Opened, signs: Signs): Named[] {
  const one = (address: string): Named => ({ address, original: null, action: null, reason: [] });
  if (signs.failedRecipients.length > 0) return failed(signs);
  const mentioned = new Map<string, string>();
  for (const { text } of page.lines) {
    for (const { address } of text.includes('@') ? findAddresses(text) : []) {
      const key = address.toLowerCase();
      if (!signs.parties.has(key) && !SYSTEM.test(key)) mentioned.set(key, address);
    }
  }
  const originals = likelyRecipients(material);
  const both = originals.filter((address) => mentioned.has(address.toLowerCase()));
  if (both.length > 0) return both.map(one);
  if (mentioned.size === 1) return [...mentioned.values()].map(one);
  return (originals.length === 1 ? originals : pastedRecipients(material, page.returned)).map(one);
}

/** The To of a header that stands in the words, by the same rules as that of a returned message. */
function pastedRecipients(material: Material, text: string): string[] {
  const header = cut(text, MAX_CONTEXT);
  if (/^[ \t>|]{0,8}list-id:/im.test(header)) return [];
  const addresses = (field: RegExp): string[] =>
    findAddresses(field.exec(header)?.[1] ?? '').map(({ address }) => address);
  const found = addresses(/^[ \t>|]{0,8}to:[ \t]?([^\n]{1,1000})/im);
  const senders = addresses(/^[ \t>|]{0,8}from:[ \t]?([^\n]{1,1000})/im);
  return found.length === 1 ? found.filter((address) => !isOfSender(material, address, senders)) : [];
}

function ruleOf(hits: readonly Hit[]): string {
  const proving = hits.filter((hit) => PROVING.includes(hit.gives) && hit.family !== GENERAL);
  return (proving.find((hit) => hit.gives === 'marks') ?? proving[0])?.family ?? GENERAL;
}

function report(material: Material, opened: Opened, signs: Signs, isGuess = false): FreeForm {
  const { page, hits, part } = opened;
  const rule = ruleOf(hits);
  const said = actionInWords(page.flat, signs.subject);
  const sent = signs.date === null ? null : parseDate(signs.date);
  const isMixed = new Set(opened.named.map(({ action }) => action)).size > 1;
  const only = opened.named.length === 1;
  // What is said once is said of all.
  const areAlike = opened.named.every((named) => named.reason.length === 0);
  const index = new PageIndex(page);
  const wholePage = only || areAlike;
  const until = once(() => retryUntil(page.flat, sent, originalDate(material, page.returned)));
  const onPage = once(() => (only ? hostIn(index.words.replaceAll('\n', ' ').trim()) : null));
  const findings = opened.named.map((named): Finding => {
    const reason = bestReason(page, index, named, only);
    const action = isMixed || named.action === 'delivered' ? named.action : (said ?? named.action);
    return {
      address: named.address,
      originalAddress: named.original,
      isGuess,
      action,
      status: null,
      diagnostic: reason,
      context: contextOf(page, index, named, wholePage, reason === null ? signs.subject : ''),
      remoteMta: hostIn(named.reason.join(' ').trim()) ?? onPage(),
      retryUntil: action === 'delayed' ? until() : null,
      evidence: { rule, part, span: spanOf(page, index, named) },
    };
  });
  if (findings.length === 0) {
    findings.push({
      address: null,
      originalAddress: null,
      action: said,
      status: null,
      diagnostic: index.answers.first,
      context: cut([index.words, signs.subject].join('\n'), MAX_CONTEXT),
      remoteMta: null,
      retryUntil: null,
      evidence: {
        rule,
        part,
        span: cut(index.words.trim(), MAX_SPAN),
      },
    });
  }
  return {
    findings,
    rule,
    // Asked for only where the message has no delivery status.
    get originalMessageId() {
      return originalMessageId(material);
    },
  };
}

/** Its own lines; but an answer with a code elsewhere says more than own lines without one, where there is nobody else it could be of. */
function bestReason(page: Page, index: PageIndex, named: Named, only: boolean): string | null {
  const own = reasonIn(named.reason);
  if (own !== null && (!only || hasCode(own))) return own;
  const { answers } = index;
  const start = index.linesWith(named.address).find((line) => answers.starts.has(line));
  const elsewhere = start === undefined ? answers.first : answerAt(page.lines, start);
  return (
    (elsewhere !== null && hasCode(elsewhere) ? elsewhere : (own ?? elsewhere)) ??
    sentenceOn(page, index, named.address)
  );
}

/** `Unknown user: address` */
function sentenceOn(page: Page, index: PageIndex, address: string): string | null {
  const line = page.lines[index.linesWith(address)[0] ?? -1];
  if (line === undefined || /following (?:recipient|address)|^(?:to|cc):|^\(?(?:expanded|generated)/i.test(line.text))
    return null;
  return line.text.length - address.length >= MIN_SENTENCE ? line.text : null;
}

/** Characters beside an address that make a sentence of it. */
const MIN_SENTENCE = 12;

function contextOf(page: Page, index: PageIndex, named: Named, only: boolean, subject: string): string {
  if (only) return cut(`${index.words}\n${subject}`.trim(), MAX_CONTEXT);
  const about = index.linesWith(named.address).map((line) => page.lines[line]?.text ?? '');
  const own = [...named.reason, ...about];
  // Without an answer of its own, what the report begins with is said of each.
  if (!own.some(hasCode)) own.push(...index.preamble);
  return cut(own.join('\n').trim(), MAX_CONTEXT);
}

function spanOf(page: Page, index: PageIndex, named: Named): string {
  const own = [named.address, ...named.reason].join('\n').trim();
  if (named.reason.length > 0) return cut(own, MAX_SPAN);
  const line = index.linesWith(named.address)[0] ?? 0;
  const near = page.lines.slice(Math.max(0, line - 2), line + 3).map(({ text }) => text);
  return cut(near.join('\n').trim(), MAX_SPAN);
}

function originalDate(material: Material, pasted: string): Date | null {
  for (const { fields } of material.returned) {
    const field = findField(fields, 'date');
    const date = field === null ? null : parseDate(fieldText(field));
    if (date !== null) return date;
  }
  const line = /^[ \t>|]{0,8}date:[ \t]?([^\n]{1,200})/im.exec(cut(pasted, MAX_CONTEXT))?.[1];
  return line === undefined ? null : parseDate(line);
}
