// Compares what the reader says of one message with what a corpus expects: a list of checks, each right or wrong. What is not asserted is
// not checked.

import type { RecipientReport, Verdict } from '../../src/model-reading.ts';
import type { Expected, ExpectedRecipient } from './expected.ts';

/** In the order in which they are printed. */
export const MEASURES = [
  'detected',
  'recipients',
  'status',
  'reply code',
  'action',
  'delays found',
  'category',
  'hard found',
  'soft kept',
  'message-id',
  'complaints',
  'auto-replies',
  'no false alarm',
] as const;

export type Measure = (typeof MEASURES)[number];

export interface Check {
  readonly measure: Measure;
  readonly right: boolean;
  readonly expected: string;
  readonly got: string;
}

/** The collection's own words for "no reason was found": a better answer is not wrong. */
const NO_REASON: readonly (string | null)[] = [null, 'onhold', 'undefined'];
/** Categories of a corpus that are no failures; the reader gives null there. */
const NO_FAILURE: readonly string[] = ['delivered', 'complaint', 'auto-reply'];

export function score(expected: Expected, verdict: Verdict): Check[] {
  const checks: Check[] = [];
  const check = (measure: Measure, right: boolean, want: unknown, got: unknown): void =>
    void checks.push({ measure, right, expected: shown(want), got: shown(got) });

  const { kind } = verdict;
  // An automatic reply may be a notification of another sort; it must not count against an address.
  for (const alarm of ['bounce', 'complaint'] as const)
    if (expected.kind !== alarm && (kind === alarm || alarm === 'bounce'))
      check('no false alarm', kind !== alarm, expected.kind, kind);
  if (expected.kind === 'not-bounce') return checks;
  if (expected.kind === 'bounce') check('detected', kind === 'bounce', 'bounce', kind);
  if (expected.kind === 'auto-reply') check('auto-replies', kind === 'auto-reply', 'auto-reply', kind);
  if (expected.kind === 'complaint') {
    const want = `complaint ${expected.feedbackType ?? ''}`.trim();
    const got = `${kind} ${expected.feedbackType === null ? '' : (verdict.feedbackType ?? '')}`.trim();
    check('complaints', got === want, want, got);
  }

  const pairs = pair(expected.recipients, verdict.recipients);
  const named = new Set(verdict.recipients.map(({ address }) => address?.toLowerCase() ?? null));
  named.delete(null);
  const wanted = expected.recipients.filter(({ address }) => address !== null).length;
  const isExact = kind === expected.kind && pairs.every(({ report }) => report !== undefined) && named.size === wanted;
  check('recipients', isExact, expected.recipients.map(names), [...named]);
  if (expected.originalMessageId !== null) {
    const want = bare(expected.originalMessageId);
    check('message-id', verdict.originalMessageId === want, want, verdict.originalMessageId);
  }
  if (expected.kind !== 'bounce') return checks;

  for (const { recipient: want, report: got } of pairs) {
    const missing = got === undefined ? 'no such recipient' : undefined;
    check('status', got?.status === want.status, want.status, missing ?? got?.status);
    const code = want.replyCode === null ? null : Number(want.replyCode);
    check('reply code', got?.replyCode === code, code, missing ?? got?.replyCode);
    if (want.action !== null) check('action', got?.action === want.action, want.action, missing ?? got?.action);
    if (want.action === 'delayed') check('delays found', got?.action === 'delayed', 'delayed', missing ?? got?.action);
    if (want.category !== null && !NO_REASON.includes(want.reason) && !NO_FAILURE.includes(want.category))
      check('category', got?.category === want.category, want.category, missing ?? got?.category);
    if (want.hard === true) check('hard found', got?.hard === true, true, missing ?? got?.hard);
    if (want.hard === false) check('soft kept', got !== undefined && got.hard !== true, false, missing ?? got?.hard);
  }
  return checks;
}

interface Pair {
  readonly recipient: ExpectedRecipient;
  readonly report: RecipientReport | undefined;
}

/** Each expected recipient with the report on it. The address itself is taken before its alternatives, so that no report serves two. */
function pair(expected: readonly ExpectedRecipient[], reports: readonly RecipientReport[]): Pair[] {
  const free = new Set(reports);
  const take = (accepted: readonly (string | null)[]): RecipientReport | undefined => {
    for (const report of free) {
      if (!accepted.includes(report.address?.toLowerCase() ?? null)) continue;
      free.delete(report);
      return report;
    }
    return undefined;
  };
  const first = expected.map((recipient) => ({ recipient, report: take([recipient.address?.toLowerCase() ?? null]) }));
  return first.map(({ recipient, report }) => ({
    recipient,
    report:
      report ??
      take(recipient.alternatives.map((address) => address.toLowerCase())) ??
      // A message that names nobody may be given no report, or one without an address.
      (recipient.address === null && reports.length === 0 ? NOBODY : undefined),
  }));
}

const NOBODY: RecipientReport = {
  address: null,
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
  evidence: { rule: '', part: '', span: '' },
};

function names({ address, alternatives }: ExpectedRecipient): string {
  return [address ?? 'nobody', ...alternatives].join(' or ');
}

function bare(messageId: string): string {
  return messageId.trim().replace(/^<|>$/g, '');
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return String(value ?? null);
}
