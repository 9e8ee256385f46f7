// What each kind of job takes besides its criteria, by the kind's name: checked where it is asked for, by the command line as by a program.

import type { z } from 'zod';
import { isCriterion } from '../criteria.ts';
import { MaildrainError, printable } from '../errors.ts';
import type { AdminJobKind } from '../model-admin.ts';
import { emptyTrashArgs, flagArgs, moveArgs, noArgs, purgeArgs } from './server-args.ts';
import { expireArgs, reclassifyArgs, restoreArgs } from './store-args.ts';

type Args = Readonly<Record<string, unknown>>;

const SCHEMAS: Readonly<Record<AdminJobKind, z.ZodType<Args>>> = {
  purge: purgeArgs,
  'empty-trash': emptyTrashArgs,
  move: moveArgs,
  copy: moveArgs,
  flag: flagArgs,
  undelete: noArgs,
  restore: restoreArgs,
  reclassify: reclassifyArgs,
  expire: expireArgs,
};

/** @throws MaildrainError CRITERIA_INVALID: the kind of job chooses by something else, and would pass over them */
export function refuseCriteria(kind: AdminJobKind): void {
  if (kind === 'expire')
    throw new MaildrainError(
      'CRITERIA_INVALID',
      'expire takes no criteria: what goes is what the periods of "retention" say, in the configuration or in "args"',
    );
}

/**
 * What a program asks with words that nobody reads: a word that is passed over is a criterion that is lost, or an option that was meant.
 *
 * @param what the request, for the message
 * @param more what is left of it when every known word is taken
 * @throws MaildrainError CRITERIA_INVALID, REQUEST_INVALID
 */
export function refuseUnknown(what: string, more: object): void {
  const said = Object.entries(more).flatMap(([word, value]) => (value === undefined ? [] : [word]));
  if (said.length === 0) return;
  const words = said.map((word) => `"${printable(word)}"`).join(', ');
  if (said.some(isCriterion))
    throw new MaildrainError(
      'CRITERIA_INVALID',
      `${what}: ${words} must stand inside "criteria": criteria: { ${said.map(printable).join(', ')} }`,
    );
  throw new MaildrainError(
    'REQUEST_INVALID',
    `${what}: nothing is known of ${words}; what a job takes besides stands in "args"`,
  );
}

/** @throws MaildrainError REQUEST_INVALID that names everything that is wrong */
export function readJobArgs(kind: AdminJobKind, args: Args): Args {
  const parsed = SCHEMAS[kind].safeParse(args, { error: wordsOf });
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) =>
    [...path.filter((step) => typeof step === 'string'), message].join(': '),
  );
  throw new MaildrainError('REQUEST_INVALID', `${kind}: ${wrong.join('; ')}`);
}

/** What is wrong, where the schema has no words of its own. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `nothing is known of ${issue.keys.map((key) => `"${printable(key)}"`).join(', ')}`;
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${WANTED[issue.expected] ?? issue.expected}`;
    default:
      return undefined;
  }
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
};
