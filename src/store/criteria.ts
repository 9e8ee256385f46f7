// Criteria as a condition over stored mail, with parameters only. Text means what it means in criteria-match.ts: decoded, without regard to case,
// whatever the locale of the database: as a regular expression that is made of nothing but character classes in hexadecimal, which no needle can
// break out of. From, To and Subject are compared as the reader has decoded them too; the encoded words of other fields are not looked into.

import { caseless, caseVariants, headerTests } from '../criteria-match.ts';
import { uidRanges } from '../criteria-values.ts';
import { MaildrainError } from '../errors.ts';
import type { Criteria } from '../model-admin.ts';
import { RESTORING } from './ledger.ts';

/** A condition, and the values of its parameters. */
export interface Where {
  /** In parentheses of its own; `$n` count on from `firstParameter`. */
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** Encoded words (RFC 2047 2), to be blanked out: their letters are none of the text's. */
const ENCODED_WORD = '=\\?[^?\\s]+\\?[bqBQ]\\?[^?]*\\?=';

/** Where the reader keeps a field decoded; expressions over the row. */
const DECODED: Readonly<Record<string, (message: string) => string>> = {
  from: (message) => `${message}.from_header`,
  to: (message) => `array_to_string(${message}.to_addresses, ', ')`,
  subject: (message) => `${message}.subject`,
};

/**
 * The condition for rows of `maildrain.message`.
 *
 * @param message the alias of `maildrain.message` in the statement
 * @param firstParameter the number of the first parameter that is free in it
 * @throws MaildrainError CRITERIA_INVALID for `--gmail`
 */
export function whereOf(criteria: Criteria, message = 'm', firstParameter = 1): Where {
  if (criteria.gmail !== undefined)
    throw new MaildrainError('CRITERIA_INVALID', "--gmail is Gmail's own search and works on its server only");
  const params: unknown[] = [];
  const parameter = (value: unknown): string => `$${firstParameter - 1 + params.push(value)}`;
  const conditions: string[] = [];
  const { before, since, larger, smaller, kind, uid } = criteria;
  if (before !== undefined) conditions.push(`${message}.internal_date < ${parameter(before)}::timestamptz`);
  if (since !== undefined) conditions.push(`${message}.internal_date >= ${parameter(since)}::timestamptz`);
  if (larger !== undefined) conditions.push(`${message}.size > ${parameter(larger)}::bigint`);
  if (smaller !== undefined) conditions.push(`${message}.size < ${parameter(smaller)}::bigint`);
  if (kind !== undefined) conditions.push(`${message}.kind = ${parameter(kind)}::text`);
  for (const key of ['seen', 'flagged', 'deleted'] as const) {
    const wanted = criteria[key];
    if (wanted === undefined) continue;
    const flag = parameter(`\\${key}`);
    conditions.push(
      `${wanted ? '' : 'not '}exists (select from unnest(${message}.flags) as flag where lower(flag collate "C") = ${flag}::text)`,
    );
  }
  for (const [name, contains] of headerTests(criteria))
    conditions.push(fieldCondition(message, name.toLowerCase(), contains, parameter));
  if (uid !== undefined) conditions.push(uidCondition(message, uid, parameter));
  // `all`, and nothing else: parseCriteria() lets no criteria pass that are none.
  if (conditions.length === 0 && criteria.all !== true) throw new MaildrainError('BUG', 'a search without criteria');
  return { sql: conditions.length === 0 ? '(true)' : `(${conditions.join(' and ')})`, params };
}

function fieldCondition(
  message: string,
  name: string,
  contains: string,
  parameter: (value: unknown) => string,
): string {
  const key = parameter(name);
  const field = `select from jsonb_array_elements(${message}.headers) as field where lower((field ->> 0) collate "C") = ${key}::text`;
  if (contains === '') return `exists (${field})`;
  const pattern = parameter(patternOf(contains));
  const words = parameter(ENCODED_WORD);
  const written = `exists (${field} and normalize(regexp_replace(field ->> 1, ${words}::text, chr(1), 'g'), nfkd) ~ ${pattern}::text)`;
  const decoded = DECODED[name];
  return decoded === undefined ? written : `(${written} or normalize(${decoded(message)}, nfkd) ~ ${pattern}::text)`;
}

/** A regular expression of PostgreSQL (ARE) that finds the text as caseless() would, in text that is NFKD. */
export function patternOf(text: string): string {
  return Array.from(caseless(text), (character) =>
    // Folded header lines keep their white space in the row.
    character === ' ' ? '\\s+' : `[${caseVariants(character).map(escaped).join('')}]`,
  ).join('');
}

/** A character by its number: inside of a class nothing of it can be an operator. */
function escaped(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
}

/**
 * Over the ledger: a message has a UID in each mailbox in which it was seen. A POP3 UIDL is no number and in no set; and of what is being put back the
 * row has the message's id where its UID will be.
 */
function uidCondition(message: string, set: string, parameter: (value: unknown) => string): string {
  const ranges = uidRanges(set);
  const first = parameter(ranges.map(([low]) => low));
  const last = parameter(ranges.map(([, high]) => high));
  return `exists (select from maildrain.ledger seen
    join unnest(${first}::bigint[], ${last}::bigint[]) as range (low, high)
      on case when seen.uid ~ '^[0-9]{1,10}$' then seen.uid::bigint end between range.low and range.high
    where seen.message_id = ${message}.id and seen.uidvalidity not like ${parameter(`${RESTORING}%`)}::text)`;
}
