// Which messages a job is about, from what a person typed or a program passed: every mistake is named, and nothing is left out silently, for a
// criterion that is lost makes a job touch more mail. The languages inside of the values are in criteria-values.ts; comparing a message with
// criteria is in criteria-match.ts, IMAP SEARCH in source/search.ts, SQL in store/criteria.ts.

import { didYouMean } from './config-problems.ts';
import type { Checked } from './config-values.ts';
import { checkAge, checkDay, checkField, checkMessageId, checkSize, checkText, checkUids } from './criteria-values.ts';
import { MaildrainError, printable } from './errors.ts';
import type { Criteria } from './model-admin.ts';
import type { Kind } from './model-reading.ts';

/** Criteria as they are said on the command line, and by callers of the library. What is undefined was not said. */
export interface CriteriaWords {
  readonly before?: string | Date | undefined;
  readonly since?: string | Date | undefined;
  readonly olderThan?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly larger?: string | number | undefined;
  readonly smaller?: string | number | undefined;
  readonly seen?: boolean | undefined;
  readonly unseen?: boolean | undefined;
  readonly flagged?: boolean | undefined;
  readonly deleted?: boolean | undefined;
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly messageId?: string | undefined;
  readonly gmail?: string | undefined;
  readonly all?: boolean | undefined;
}

/** Whether the messages are on a mail server or stored here: Gmail's own search is on its server only. */
export type Over = 'server' | 'stored';

export const KINDS: readonly Kind[] = ['bounce', 'complaint', 'auto-reply', 'mdn', 'other', 'unreadable'];

/** Nobody combines more, and each is one more look at every message. */
const MAX_FIELDS = 20;

/** Every word, with the name by which people know it. A Record: a word that is forgotten here does not compile. */
const NAMES: Readonly<Record<keyof CriteriaWords, string>> = {
  before: '--before',
  since: '--since',
  olderThan: '--older-than',
  from: '--from',
  to: '--to',
  subject: '--subject',
  header: '--header',
  larger: '--larger',
  smaller: '--smaller',
  seen: '--seen',
  unseen: '--unseen',
  flagged: '--flagged',
  deleted: '--deleted',
  kind: '--kind',
  uid: '--uid',
  messageId: '--message-id',
  gmail: '--gmail',
  all: '--all',
};

/** Longest piece of a wrong value that is shown again. */
const MAX_SHOWN = 60;

type Draft = { -readonly [Key in keyof Criteria]: Criteria[Key] };

/**
 * Criteria from words.
 *
 * @throws MaildrainError CRITERIA_INVALID that names everything that is wrong
 */
export function parseCriteria(words: CriteriaWords, over: Over, now: Date = new Date()): Criteria {
  if (typeof words !== 'object' || words === null || Array.isArray(words))
    throw invalid(["criteria must be an object such as { before: '2015-01-01' }"]);
  const problems = unknownWords(words);
  const draft: Draft = {};
  /** Takes a value of the right type through its check. */
  const take = <T extends string | number | Date, V>(
    key: keyof CriteriaWords,
    types: readonly string[],
    check: (value: T) => Checked<V>,
  ): V | undefined => {
    const value: unknown = words[key];
    if (value === undefined) return undefined;
    const isDate = value instanceof Date;
    if (!types.includes(isDate ? 'date' : typeof value)) {
      problems.push(`${NAMES[key]} must be a ${types.join(' or a ')}`);
      return undefined;
    }
    const checked = check(value as T);
    if ('value' in checked) return checked.value;
    problems.push(`${NAMES[key]} ${isDate ? '' : `${shown(String(value))} `}${checked.wrong}`);
    return undefined;
  };
  const set = <Key extends keyof Draft>(key: Key, value: Draft[Key] | undefined): void => {
    if (value !== undefined) draft[key] = value;
  };
  set('before', take('before', ['string', 'date'], checkDay));
  const old = take('olderThan', ['string'], (text: string) => checkAge(text, now));
  if (old !== undefined && words.before !== undefined) problems.push('give --before or --older-than, not both');
  set('before', old);
  set('since', take('since', ['string', 'date'], checkDay));
  for (const key of ['from', 'to', 'subject', 'gmail'] as const) set(key, take(key, ['string'], checkText));
  set('header', fields(words.header, problems));
  set('larger', take('larger', ['string', 'number'], checkSize));
  set('smaller', take('smaller', ['string', 'number'], checkSize));
  for (const key of ['seen', 'flagged', 'deleted'] as const) set(key, flag(words, key, problems));
  // `unseen: false`, which a program can say, is `seen`.
  const unseen = flag(words, 'unseen', problems);
  if (unseen !== undefined) {
    if (draft.seen === unseen) problems.push('--seen and --unseen contradict each other');
    draft.seen = !unseen;
  }
  set('kind', take('kind', ['string'], checkKind));
  set('uid', take('uid', ['string'], checkUids));
  set('messageId', take('messageId', ['string'], checkMessageId));
  if (flag(words, 'all', problems) === true) draft.all = true;
  // What is wrong in itself contradicts nothing.
  if (problems.length === 0) problems.push(...contradictions(draft, over));
  if (problems.length > 0) throw invalid(problems);
  return draft;
}

/** Criteria for people, on one line, safe for a terminal. */
export function describeCriteria(criteria: Criteria): string {
  const said: string[] = [];
  const quote = (text: string): string => `"${printable(text)}"`;
  if (criteria.all === true) said.push('all');
  if (criteria.before !== undefined) said.push(`before ${criteria.before.toISOString().slice(0, 10)}`);
  if (criteria.since !== undefined) said.push(`since ${criteria.since.toISOString().slice(0, 10)}`);
  for (const key of ['from', 'to', 'subject'] as const) {
    const text = criteria[key];
    if (text !== undefined) said.push(`${key} contains ${quote(text)}`);
  }
  for (const [name, contains] of criteria.header ?? [])
    said.push(contains === '' ? `has a ${printable(name)} field` : `${printable(name)} contains ${quote(contains)}`);
  if (criteria.larger !== undefined) said.push(`larger than ${octets(criteria.larger)}`);
  if (criteria.smaller !== undefined) said.push(`smaller than ${octets(criteria.smaller)}`);
  for (const key of ['seen', 'flagged', 'deleted'] as const)
    if (criteria[key] !== undefined) said.push(criteria[key] ? key : `not ${key}`);
  if (criteria.kind !== undefined) said.push(`kind ${criteria.kind}`);
  if (criteria.uid !== undefined) said.push(`UID ${clip(criteria.uid)}`);
  if (criteria.messageId !== undefined) said.push(`Message-ID <${printable(criteria.messageId)}>`);
  if (criteria.gmail !== undefined) said.push(`Gmail finds ${quote(criteria.gmail)}`);
  return said.join(', ');
}

/** The option that a criterion is said with: `--message-id`. */
export function criterionName(key: keyof Criteria): string {
  return NAMES[key];
}

/** Whether a word is the name of a criterion. */
export function isCriterion(word: string): boolean {
  return Object.hasOwn(NAMES, word);
}

function unknownWords(words: CriteriaWords): string[] {
  return Object.keys(words)
    .filter((word) => !isCriterion(word))
    .map((word) => {
      const near = didYouMean(word, Object.keys(NAMES));
      return `there is no criterion ${shown(word)}${near === null ? '' : `; did you mean "${near}"?`}`;
    });
}

function flag(
  words: CriteriaWords,
  key: 'seen' | 'unseen' | 'flagged' | 'deleted' | 'all',
  problems: string[],
): boolean | undefined {
  const value: unknown = words[key];
  if (value === undefined || typeof value === 'boolean') return value;
  problems.push(`${NAMES[key]} must be true or false`);
  return undefined;
}

function fields(given: unknown, problems: string[]): (readonly [string, string])[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given) || given.length === 0 || given.some((item) => typeof item !== 'string')) {
    problems.push('--header must be a list of NAME=TEXT');
    return undefined;
  }
  if (given.length > MAX_FIELDS) problems.push(`--header may be given at most ${MAX_FIELDS} times`);
  return given.slice(0, MAX_FIELDS).flatMap((text: string) => {
    const checked = checkField(text);
    if ('value' in checked) return [checked.value];
    problems.push(`--header ${shown(text)} ${checked.wrong}`);
    return [];
  });
}

function checkKind(text: string): Checked<Kind> {
  const kind = KINDS.find((known) => known === text);
  if (kind !== undefined) return { value: kind };
  const near = didYouMean(text, KINDS);
  const meant = near === null ? '' : `; did you mean "${near}"?`;
  return { wrong: `is no kind: it must be one of ${KINDS.join(', ')}${meant}` };
}

/** Criteria that no message can meet, and those that say nothing. */
function contradictions(criteria: Criteria, over: Over): string[] {
  const problems: string[] = [];
  const { before, since, larger, smaller } = criteria;
  if (before !== undefined && since !== undefined && since >= before)
    problems.push('no message is both since and before that: --since must be an earlier day than --before');
  if (smaller === 0) problems.push('--smaller 0: no message is smaller than nothing');
  else if (larger !== undefined && smaller !== undefined && smaller - larger < 2)
    problems.push('no size is larger and smaller than that: --smaller must be the larger of the two');
  if (criteria.gmail !== undefined && over === 'stored')
    problems.push("--gmail is Gmail's own search and works on its server only: use --from, --subject and the others");
  const others = Object.keys(criteria).filter((key) => key !== 'all');
  if (criteria.all === true && others.length > 0)
    problems.push('--all means every message: leave it out, or leave out the other criteria');
  if (criteria.all !== true && others.length === 0)
    problems.push('say which messages, for example --before 2015-01-01, or --all for every one of them');
  return problems;
}

function invalid(problems: readonly string[]): MaildrainError {
  return new MaildrainError('CRITERIA_INVALID', problems.join('; '));
}

function shown(text: string): string {
  return `"${printable(clip(text))}"`;
}

function clip(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

function octets(size: number): string {
  for (const [unit, factor] of [
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['KB', 1024],
  ] as const)
    if (size >= factor && size % factor === 0) return `${size / factor} ${unit}`;
  return `${size} octets`;
}
