// What a finding means: the code and the category, whose trouble it is, whether sending again is pointless, and what was done. Words go over
// codes, because servers use one code for many causes (5.7.1 above all) and the words of the diagnostic go over those around it. Codes come
// from status-codes.ts, phrases from causes.ts, the meaning of codes from enhanced-codes.ts; this file weighs them.
import type { Action, Category, Scope } from '../model-reading.ts';
import { actionSaid } from './action-words.ts';
import type { Cause } from './cause.ts';
import { CAUSES } from './causes.ts';
import { categoryOfCode } from './enhanced-codes.ts';
import type { Finding } from './finding.ts';
import { once } from './once.ts';
import { Phrases } from './phrase-index.ts';
import { type Stage, stageOf } from './smtp-stage.ts';
import { type Spelled, spell } from './spelling.ts';
import { type Codes, findCodes, specificity, statusOfField } from './status-codes.ts';

export interface Explanation {
  readonly status: string | null;
  readonly replyCode: number | null;
  readonly category: Category;
  readonly scope: Scope;
  readonly hard: boolean;
  readonly action: Action;
}

/** Where two causes are equally well said, the one that stands first: what is seldom said without meaning it. */
const ORDER: readonly Category[] = [
  'mailbox-full',
  'message-too-large',
  'mailbox-disabled',
  'address-moved',
  'auth-failure',
  'recipient-refused',
  'domain-unknown',
  'address-unknown',
  'sender-reputation',
  'rate-limited',
  'spam-content',
  'content-rejected',
  'policy',
  'network',
  'remote-system',
  'unknown',
];

const SCOPES: Readonly<Record<Category, Scope>> = {
  'address-unknown': 'recipient',
  'domain-unknown': 'recipient',
  'address-moved': 'recipient',
  'mailbox-disabled': 'recipient',
  'mailbox-full': 'recipient',
  'recipient-refused': 'recipient',
  'message-too-large': 'message',
  'spam-content': 'message',
  'content-rejected': 'message',
  'sender-reputation': 'sender',
  'auth-failure': 'sender',
  policy: 'sender',
  'rate-limited': 'sender',
  network: 'network',
  'remote-system': 'network',
  unknown: 'unknown',
};

/** A disabled mailbox can be enabled again (unpaid, unused, locked), a full one emptied: sending again is not pointless. */
const HARD: ReadonlySet<Category> = new Set<Category>(['address-unknown', 'domain-unknown', 'address-moved']);

/** Weights of cause.ts. */
const WAITING = 0;
const VAGUE = 1;
const USUAL = 2;
const OUTRIGHT = 3;
const PROVIDER = 4;

/** Places where a status is looked up in one text. */
const MAX_TRIES = 20;

/** specificity() of a code with a detail. */
const DETAILED = 3;

/** Where a returned header begins in the words around a recipient: nothing below it is about the refusal, and DKIM alone would read as codes. */
const HEADER = /^(?:received|return-path|dkim-signature):/im;

const PHRASES = new Phrases<Cause>();
for (const cause of CAUSES) PHRASES.add(cause, cause.phrases);

/** A text that is weighed, taken apart as far as somebody asks. */
interface Words {
  readonly text: () => string;
  readonly codes: () => Codes;
  readonly spelled: () => Spelled;
  readonly causes: () => ReadonlySet<Cause>;
}

function wordsOf(find: () => string): Words {
  const text = once(find);
  const spelled = once(() => spell(text()));
  return {
    text,
    spelled,
    codes: once(() => findCodes(text())),
    causes: once(() => PHRASES.find(spelled())),
  };
}

export function explain(finding: Finding): Explanation {
  const field = finding.status === null ? null : statusOfField(finding.status);
  const said = wordsOf(() => finding.diagnostic ?? '');
  // The words around a diagnostic are long, and mostly it says all by itself.
  const around = wordsOf(() => aboveHeader(finding.context));
  const action = finding.action ?? actionOf([said, around]);
  const isSuccess = action !== 'failed' && action !== 'delayed';
  const status = chosenStatus(field, said, around, isSuccess);
  const replyCode = chosenReply(status, [said, around], isSuccess);
  const category = isSuccess ? 'unknown' : categoryOf(finding, said, around, status, replyCode, action);
  return {
    status,
    replyCode,
    category,
    scope: SCOPES[category],
    // Who still tries does not find it pointless.
    hard: HARD.has(category) && action === 'failed',
    action,
  };
}

/**
 * The diagnostic's most specific code, unless the Status field is more specific; the words around are asked only where the diagnostic has none.
 */
function chosenStatus(field: string | null, said: Words, around: Words, isSuccess: boolean): string | null {
  const fits = (status: string): boolean => isSuccess === status.startsWith('2');
  const saids = said.codes().statuses.filter(fits);
  if (saids.length > 0) return best(saids, field, true);
  return best(around.codes().statuses.filter(fits), field, false);
}

function best(statuses: readonly string[], field: string | null, isSaid: boolean): string | null {
  let chosen = isSaid ? null : field;
  for (const status of isSaid && field !== null ? [...statuses, field] : statuses)
    if (chosen === null || specificity(status) > specificity(chosen)) chosen = status;
  return chosen;
}

/** The reply of the diagnostic, at best the one that carries the chosen status; else the same of the words around. */
function chosenReply(status: string | null, texts: readonly Words[], isSuccess: boolean): number | null {
  const fits = (reply: number): boolean => (isSuccess ? reply < 300 : reply >= 400);
  for (const { text, codes } of texts) {
    const reply = (status === null ? undefined : replyBefore(text(), status, fits)) ?? codes().replies.find(fits);
    if (reply !== undefined) return reply;
  }
  return null;
}

function replyBefore(text: string, status: string, fits: (reply: number) => boolean): number | undefined {
  let at = text.indexOf(status);
  for (let tries = 0; at >= 0 && tries < MAX_TRIES; tries++) {
    const reply = Number(/(?<!\d)[245]\d\d(?=[ -]['"#(]{0,2}$)/.exec(text.slice(Math.max(0, at - 7), at))?.[0]);
    if (fits(reply)) return reply;
    at = text.indexOf(status, at + 1);
  }
  return undefined;
}

function aboveHeader(text: string): string {
  const at = text.search(HEADER);
  return at > 0 ? text.slice(0, at) : text;
}

/** A report without a word about it is of a failure, and a failure code belies `delivered`, which may be said of others. */
function actionOf(texts: readonly Words[]): Action {
  const said = actionSaid(texts.map(({ spelled }) => spelled()));
  return said === null || (said === 'delivered' && texts.some(({ codes }) => isCoded(codes()))) ? 'failed' : said;
}

function isCoded({ statuses, replies }: Codes): boolean {
  return statuses.some((status) => !status.startsWith('2')) || replies.some((reply) => reply >= 400);
}

function categoryOf(
  finding: Finding,
  said: Words,
  around: Words,
  status: string | null,
  replyCode: number | null,
  action: Action,
): Category {
  // The search for the command is the dearest of all, and most findings do not depend on it.
  const stage = once(() => stageOf(`${finding.context}\n${finding.diagnostic ?? ''}`));
  const judged = (cause: Cause | null): Category | null => (cause === null ? null : byStage(cause, status, stage));
  const code = status === null ? null : categoryOfCode(status);
  const isTelling =
    status !== null &&
    code !== null &&
    !status.endsWith('.7.1') &&
    (specificity(status) === DETAILED || HARD.has(code));
  const vague = judged(strongest(said.causes, VAGUE));
  // Microsoft refuses with 5.4.1: who says no has answered, so the network is not to blame.
  const isRefusal = code === 'network' && vague === 'policy' && replyCode !== null && replyCode >= 500;
  return (
    judged(strongest(said.causes, OUTRIGHT)) ??
    judged(strongest(around.causes, PROVIDER)) ??
    unlessDoubtful(strongest(said.causes, USUAL), strongest(around.causes, OUTRIGHT), judged) ??
    (finding.diagnostic === null ? judged(strongest(around.causes, USUAL)) : null) ??
    (isTelling && !isRefusal ? byStage({ category: code, weight: USUAL, phrases: '' }, null, stage) : null) ??
    vague ??
    judged(strongest(around.causes, USUAL)) ??
    judged(strongest(said.causes, WAITING)) ??
    (status !== null && specificity(status) > 0 ? code : null) ??
    judged(strongest(around.causes, WAITING)) ??
    byReply(replyCode, stage) ??
    (action === 'delayed' ? 'network' : 'unknown')
  );
}

/** Words that may be a pretence give way to what the report says outright about the recipient. */
function unlessDoubtful(
  cause: Cause | null,
  outright: Cause | null,
  judged: (cause: Cause | null) => Category | null,
): Category | null {
  const category = judged(cause);
  if (cause?.who !== true || category !== 'recipient-refused' || outright === null) return category;
  const better = judged(outright);
  return better !== null && SCOPES[better] === 'recipient' ? better : category;
}

function strongest(causes: Words['causes'], atLeast: number): Cause | null {
  let best: Cause | null = null;
  for (const cause of causes()) {
    if (cause.weight < atLeast) continue;
    const lead = best === null ? 1 : cause.weight - best.weight;
    if (best === null || lead > 0 || (lead === 0 && ORDER.indexOf(cause.category) < ORDER.indexOf(best.category)))
      best = cause;
  }
  return best;
}

/**
 * Who is unknown depends on the command that was answered. HELO: the host that sends. MAIL: the sender. RCPT, or a code that says so: the
 * recipient. After DATA, and where neither is known, it is what filters say who do not want to tell (docomo and au do): the address may well
 * exist.
 */
function byStage(cause: Cause, status: string | null, stage: () => Stage | null): Category {
  const { category } = cause;
  if (!HARD.has(category)) return category;
  const answered = stage();
  if (answered === 'connect') return 'sender-reputation';
  if (answered === 'mail') return 'policy';
  if (cause.who !== true) return category;
  // x.1.0 to x.1.3, x.1.6, x.1.10: the code tells whose address it is.
  const code = status === null ? null : categoryOfCode(status);
  if (code !== null && HARD.has(code)) return code;
  return answered === 'rcpt' ? category : 'recipient-refused';
}

/** What is left where nobody said anything but a number and a command. */
function byReply(replyCode: number | null, stage: () => Stage | null): Category | null {
  if (replyCode === null) return null;
  if (replyCode === 552) return 'mailbox-full';
  if (replyCode === 551) return 'address-moved';
  if (replyCode === 421 || replyCode === 451 || replyCode === 452) return 'remote-system';
  if (replyCode >= 500 && replyCode <= 504) return 'remote-system';
  if (stage() === 'connect') return 'sender-reputation';
  if (stage() === 'mail') return 'policy';
  if (stage() === 'rcpt') return 'recipient-refused';
  return null;
}
