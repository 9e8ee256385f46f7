// The verdict on a message: which kind it is, and what it reports of whom. This file orders the judges (complaint, bounce, notification of
// reading, automatic reply), joins what two of them say of one recipient, and has explain.ts weigh the codes and words. Each judge has its
// own file and says no from the header of an ordinary message, so that ordinary mail costs nothing here.
import type { Evidence, RecipientReport, Verdict } from '../model-reading.ts';
import { readAutoReply } from './auto-reply.ts';
import { readComplaint } from './complaint.ts';
import { readDeliveryStatus, type StatusReport } from './delivery-status.ts';
import { explain } from './explain.ts';
import type { Finding } from './finding.ts';
import { findAddresses } from './found-address.ts';
import { readFreeForm } from './free-form.ts';
import type { Material } from './material.ts';
import { readMdn } from './mdn.ts';
import { withOriginalHeaders } from './original-headers.ts';
import { envelopeRecipient, isFromList, likelyRecipients, originalMessageId } from './returned.ts';
import { cut, oneLine } from './text.ts';
import { withinBounds } from './verdict-bounds.ts';

/** Recipients of one verdict. */
const MAX_RECIPIENTS = 1000;

/** Characters of a diagnostic. */
const MAX_DIAGNOSTIC = 1000;

/** Characters to which delivery-status.ts cuts an address; what is as long was one, of which nobody knows the end. */
const MAX_ADDRESS = 998;

/** Characters of words around a recipient that are weighed with it. */
const MAX_CONTEXT = 4000;

/** Lines that belong to the address above them where a report lists several: host, command and answer take up to seven. */
const LINES_BELOW = 8;

/** Blocks up to which each recipient is searched in the whole text, as a nickname is found too; with more, the text is searched once. */
const MAX_SEARCHED = 20;

/** What is said of a message that reports nothing. */
export const NOTHING: Verdict = {
  kind: 'other',
  recipients: [],
  originalMessageId: null,
  envelopeId: null,
  feedbackType: null,
  autoReply: null,
  originalHeaders: [],
  rule: null,
};

export function judge(material: Material): Verdict {
  const verdict = complaint(material) ?? bounce(material) ?? notification(material) ?? automaticReply(material);
  return verdict === null ? NOTHING : withinBounds(withOriginalHeaders(verdict, material));
}

function complaint(material: Material): Verdict | null {
  const found = readComplaint(material);
  if (found === null) return null;
  const { rule, part, span } = found;
  return {
    ...NOTHING,
    kind: 'complaint',
    recipients: found.recipients.slice(0, MAX_RECIPIENTS).map((address) => mention(address, { rule, part, span })),
    originalMessageId: found.originalMessageId ?? originalMessageId(material),
    feedbackType: found.feedbackType,
    rule,
  };
}

function notification(material: Material): Verdict | null {
  const found = readMdn(material);
  if (found === null) return null;
  const { rule, part, span } = found;
  return {
    ...NOTHING,
    kind: 'mdn',
    recipients: found.finalRecipient === null ? [] : [mention(found.finalRecipient, { rule, part, span })],
    originalMessageId: found.originalMessageId ?? originalMessageId(material),
    rule,
  };
}

function automaticReply(material: Material): Verdict | null {
  const found = readAutoReply(material);
  if (found === null) return null;
  const { rule, part, span } = found;
  return {
    ...NOTHING,
    kind: 'auto-reply',
    recipients: found.sender === null ? [] : [mention(found.sender, { rule, part, span })],
    originalMessageId: found.originalMessageId,
    autoReply: found.autoReply,
    rule,
  };
}

/** Of a recipient who is named, without anything having been done with a message. */
function mention(address: string, evidence: Evidence): RecipientReport {
  return {
    address,
    originalAddress: null,
    action: null,
    status: null,
    replyCode: null,
    category: null,
    scope: null,
    hard: null,
    diagnostic: null,
    remoteMta: null,
    retryUntil: null,
    evidence,
  };
}

function bounce(material: Material): Verdict | null {
  const status = readDeliveryStatus(material);
  const free = saysAll(status) ? null : readFreeForm(material);
  if (status === null && free === null) return null;
  const findings = status === null ? (free?.findings ?? []) : joined(material, status, free?.findings ?? []);
  const seen = new Set<string>();
  const recipients: RecipientReport[] = [];
  const weigh = weighing();
  for (const finding of findings) {
    const key = `${finding.address?.toLowerCase() ?? ''} ${finding.action ?? ''}`;
    // A report may have a block for each attempt; the first says what the others repeat.
    if (seen.has(key) || recipients.length >= MAX_RECIPIENTS) continue;
    seen.add(key);
    const whole = findings.length === 1 ? withAlias(material, finding) : finding;
    recipients.push(reportOf(whole, weigh(whole)));
  }
  return {
    ...NOTHING,
    kind: 'bounce',
    recipients,
    originalMessageId: (status === null ? free?.originalMessageId : null) ?? originalMessageId(material),
    envelopeId: status?.envelopeId ?? null,
    rule: status === null ? (free?.rule ?? null) : 'rfc3464',
  };
}

/**
 * One recipient with what was done and, in the server's own words, why. Taking the report's words apart is the dear part of judging it and would add
 * nothing: all of them are weighed with the one recipient as they are. Of several recipients they say who was answered what; of a delay, until when.
 */
function saysAll(status: StatusReport | null): boolean {
  const [finding, second] = status?.findings ?? [];
  if (finding === undefined || second !== undefined) return false;
  return finding.address?.includes('@') === true && finding.action === 'failed' && finding.diagnostic !== null;
}

/** An alias that only the trace of the returned message knows (RFC 5321 4.4). */
function withAlias(material: Material, finding: Finding): Finding {
  if (finding.originalAddress !== null || finding.address?.includes('@') !== true) return finding;
  // What took it for a list (RFC 2919) is no alias of a member.
  if (finding.isGuess === true || isFromList(material)) return finding;
  const alias = envelopeRecipient(material);
  return alias === null || same(alias, finding.address) ? finding : { ...finding, originalAddress: alias };
}

type Explained = ReturnType<typeof explain>;

/** Explains findings one after the other; a list of a thousand recipients of whom the same is said is weighed once. */
function weighing(): (finding: Finding) => Explained {
  let last: { readonly finding: Finding; readonly explanation: Explained } | null = null;
  return (finding) => {
    const isSame =
      last !== null &&
      (['status', 'action', 'diagnostic', 'context'] as const).every((key) => last?.finding[key] === finding[key]);
    if (last === null || !isSame) last = { finding, explanation: explain(finding) };
    return last.explanation;
  };
}

function reportOf(finding: Finding, explanation: Explained): RecipientReport {
  const { status, replyCode, category, scope, hard, action } = explanation;
  const isFailure = action === 'failed' || action === 'delayed';
  return {
    address: finding.address,
    originalAddress: finding.originalAddress,
    action,
    status,
    replyCode,
    category: isFailure ? category : null,
    scope: isFailure ? scope : null,
    hard: isFailure ? hard : null,
    diagnostic: finding.diagnostic === null ? null : cut(oneLine(finding.diagnostic), MAX_DIAGNOSTIC) || null,
    remoteMta: finding.remoteMta,
    retryUntil: finding.retryUntil,
    evidence: finding.evidence,
  };
}

/** The blocks of the report with what the words say of the same recipients. The blocks decide who is reported on. */
function joined(material: Material, report: StatusReport, words: readonly Finding[]): Finding[] {
  const only = report.findings.length === 1;
  const byName = indexed(words);
  const about = wordsAbout(material, only, report.findings.length);
  return report.findings.map((finding) => {
    const word = wordOn(finding, words, byName) ?? (only && words.length === 1 ? words[0] : undefined);
    const known = finding.address?.includes('@') === true || (finding.address?.length ?? 0) >= MAX_ADDRESS;
    const address = known ? finding.address : (word?.address ?? onlyOriginal(material, only) ?? finding.address);
    const alias =
      word === undefined || word.isGuess === true
        ? null
        : [word.originalAddress, word.address].find((named) => named !== null && !same(named, address));
    return {
      ...finding,
      address,
      originalAddress: finding.originalAddress ?? alias ?? null,
      diagnostic: finding.diagnostic ?? word?.diagnostic ?? null,
      remoteMta: finding.remoteMta ?? word?.remoteMta ?? null,
      retryUntil: finding.retryUntil ?? word?.retryUntil ?? null,
      context: cut(
        [finding.context, word?.diagnostic ?? '', about(finding)].filter((text) => text !== '').join('\n'),
        MAX_CONTEXT,
      ),
    };
  });
}

/** A report that names nobody is about the one its message was sent to. */
function onlyOriginal(material: Material, only: boolean): string | null {
  const [first, second] = only ? likelyRecipients(material) : [];
  return first !== undefined && second === undefined ? first : null;
}

/** Where each name is in the words first: a thousand blocks beside a thousand words would be a million comparisons. */
function indexed(words: readonly Finding[]): ReadonlyMap<string, number> {
  const byName = new Map<string, number>();
  for (const [index, { address, originalAddress }] of words.entries()) {
    for (const name of [address, originalAddress]) {
      if (name !== null && !byName.has(name.toLowerCase())) byName.set(name.toLowerCase(), index);
    }
  }
  return byName;
}

/** The first of the words that is on the recipient of a block. */
function wordOn(
  { address, originalAddress }: Finding,
  words: readonly Finding[],
  byName: ReadonlyMap<string, number>,
): Finding | undefined {
  const places = [address, originalAddress].map((name) => (name === null ? undefined : byName.get(name.toLowerCase())));
  return words[Math.min(...places.map((place) => place ?? words.length))];
}

function same(one: string, other: string | null): boolean {
  return other !== null && one.toLowerCase() === other.toLowerCase();
}

/** The report's words on a recipient: all of the first text where there is one recipient, else the lines from its address on. */
function wordsAbout(material: Material, only: boolean, blocks: number): (finding: Finding) => string {
  const text = material.texts[0]?.text ?? '';
  if (only) return () => cut(text, MAX_CONTEXT);
  const places = blocks > MAX_SEARCHED ? addressesOf(text) : null;
  const lower = text.toLowerCase();
  return ({ address }) => {
    if (address === null || address === '') return '';
    const key = address.toLowerCase();
    const at = places === null ? lower.indexOf(key) : (places.get(key) ?? -1);
    if (at < 0) return '';
    const lines = cut(text.slice(at, at + MAX_CONTEXT + 1), MAX_CONTEXT).split('\n');
    const next = lines.findIndex((line, index) => index > 0 && line.includes('@'));
    return lines.slice(0, next < 0 ? LINES_BELOW : Math.min(next, LINES_BELOW)).join('\n');
  };
}

/** Where each address of a text stands first. */
function addressesOf(text: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let start = 0;
  for (const line of text.split('\n')) {
    for (const found of line.includes('@') ? findAddresses(line) : []) {
      const key = found.address.toLowerCase();
      if (!places.has(key)) places.set(key, start + found.start);
    }
    start += line.length + 1;
  }
  return places;
}
