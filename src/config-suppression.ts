// The `suppression` map: how far a report must be believed, and after how many of them an address is written to no more. The defaults stand here as
// data, each number with its reason; what the file says is laid over them. Who counts and suppresses is store/suppression-rules.ts.

import { didYouMean, type Path } from './config-problems.ts';
import { isMap, type Reading, readMap, take, takeDuration } from './config-read.ts';
import { FOREVER, NEVER, RULE_FIELDS, SUPPRESSIBLE, SUPPRESSION_FIELDS } from './config-schema-reports.ts';
import type { Checked } from './config-values.ts';
import type { SuppressionCause, SuppressionPolicy, SuppressionRule } from './model-pipeline.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ten years; what is meant to last longer is `forever`. */
const MAX_SPAN_MS = 3650 * DAY_MS;

/** One report is enough, and no time makes it good: only a person lifts it. */
const AT_ONCE: SuppressionRule = { after: 1, withinMs: null, forMs: null };

export const DEFAULT_RULES: SuppressionPolicy['rules'] = {
  // The receiving side says that there is no such address, domain or mailbox. No further message can arrive, and each counts against the sender:
  // providers throttle those who write to many unknown recipients.
  'address-unknown': AT_ONCE,
  'domain-unknown': AT_ONCE,
  'address-moved': AT_ONCE,
  // A person who has said "this is spam" is not asked a second time. It is the one thing that feedback loops are for (RFC 6449).
  complaint: AT_ONCE,
  // Unpaid, closed or unused for long: it may be opened again, so that it is no hard failure. Most stay so, and providers turn abandoned
  // mailboxes into traps: three days of it within a quarter, and it is asked again after half a year.
  'mailbox-disabled': { after: 3, withinMs: 90 * DAY_MS, forMs: 180 * DAY_MS },
  // People come back from holidays and tidy up. Five days on which it was full within a month are a mailbox that nobody reads; after a month of
  // rest it is tried again, since a quota can be raised.
  'mailbox-full': { after: 5, withinMs: 30 * DAY_MS, forMs: 30 * DAY_MS },
  // "Not accepted" without a reason: a filter of the recipient's, or an allow list. Once may be the one message; three on different days in a
  // quarter, over at least some campaigns, are the recipient's will. Filters change, so it ends after half a year.
  'recipient-refused': { after: 3, withinMs: 90 * DAY_MS, forMs: 180 * DAY_MS },
  // Whose trouble is not the recipient's: to suppress somebody for it would lose a reader for a fault of ours, or of the network.
  'message-too-large': null,
  'spam-content': null,
  'content-rejected': null,
  'sender-reputation': null,
  'auth-failure': null,
  policy: null,
  'rate-limited': null,
  network: null,
  'remote-system': null,
  unknown: null,
};

const RULE_FORM = `${NEVER}, or { after: 3, within: 30d, for: 90d }`;

/** Null when something is wrong, which is then noted. `canSign`: there is a secret that reports can be believed by. */
export function readSuppression(
  value: unknown,
  canSign: boolean,
  path: Path,
  reading: Reading,
): SuppressionPolicy | null {
  const trust = canSign ? 'signed' : 'address-only';
  if (value === undefined) return { trust, complaintTrust: trust, rules: DEFAULT_RULES };
  if (!isMap(value)) {
    const needed = 'a map with trust or rules';
    reading.problems.push({ path, text: value === null ? `is empty; it must be ${needed}` : `must be ${needed}` });
    return null;
  }
  const before = reading.problems.length;
  const values = readMap(SUPPRESSION_FIELDS, value, path, reading, ['rules']);
  if (values.trust === 'signed' && !canSign) {
    reading.problems.push({
      path: [...path, 'trust'],
      text: 'signed needs bounces.secret: without it no report is ever signed, and nobody would be suppressed',
    });
  }
  if (values.complaintTrust === 'signed' && !canSign) {
    reading.problems.push({
      path: [...path, 'complaintTrust'],
      text: 'signed needs bounces.secret: without it no complaint is ever signed, and none would suppress anybody',
    });
  }
  const rules = readRules(value.rules, [...path, 'rules'], reading);
  if (reading.problems.length > before) return null;
  const least = values.trust ?? trust;
  return { trust: least, complaintTrust: values.complaintTrust ?? least, rules };
}

function readRules(value: unknown, path: Path, reading: Reading): SuppressionPolicy['rules'] {
  if (value === undefined) return DEFAULT_RULES;
  if (!isMap(value)) {
    reading.problems.push({ path, text: `must be a map such as { mailbox-full: ${NEVER} }` });
    return DEFAULT_RULES;
  }
  const rules: Record<SuppressionCause, SuppressionRule | null> = { ...DEFAULT_RULES };
  for (const [key, rule] of Object.entries(value)) {
    const cause = SUPPRESSIBLE.find((known) => known === key);
    if (cause === undefined) reading.problems.push({ path: [...path, key], text: whyNoCause(key) });
    else rules[cause] = readRule(rule, rules[cause], [...path, key], reading);
  }
  return rules;
}

function whyNoCause(key: string): string {
  if (Object.hasOwn(DEFAULT_RULES, key))
    return `is never the recipient's doing, so no address is suppressed for it; rules are for ${SUPPRESSIBLE.join(', ')}`;
  const near = didYouMean(key, SUPPRESSIBLE);
  return `unknown key; ${near === null ? `the keys here are ${SUPPRESSIBLE.join(', ')}` : `did you mean "${near}"?`}`;
}

/** What the rule does not say is as in `base`, the default. */
function readRule(value: unknown, base: SuppressionRule | null, path: Path, reading: Reading): SuppressionRule | null {
  if (value === NEVER) return null;
  if (!isMap(value)) {
    reading.problems.push({ path, text: `must be ${RULE_FORM}` });
    return base;
  }
  const { after = base?.after ?? 1, within, for: rests } = readMap(RULE_FIELDS, value, path, reading);
  const read = (key: 'within' | 'for', text: string | undefined, min: number, otherwise: number | null) =>
    text === undefined
      ? otherwise
      : text === FOREVER
        ? null
        : (takeDuration(text, [min, MAX_SPAN_MS], RULE_FIELDS[key].wrong, [...path, key], reading) ?? null);
  const withinMs = read('within', within, DAY_MS, base?.withinMs ?? null);
  const forMs = read('for', rests, HOUR_MS, base?.forMs ?? null);
  take(reachable(after, withinMs), [...path, 'within'], reading);
  return { after, withinMs, forMs };
}

/** Reports of one day count once. */
function reachable(after: number, withinMs: number | null): Checked<null> {
  const days = after - 1;
  return withinMs === null || withinMs >= days * DAY_MS
    ? { value: null }
    : { wrong: `is too short for ${after} reports, of which only one a day counts; it must be at least ${days}d` };
}
