// What each kind of job takes besides its criteria, by the kind's name: checked where it is asked for, by the command line as by a program.

import type { z } from 'zod';
import { MaildrainError } from '../errors.ts';
import type { AdminJobKind } from '../model.ts';
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

/** @throws MaildrainError CONFIG_INVALID that names everything that is wrong */
export function readJobArgs(kind: AdminJobKind, args: Args): Args {
  const parsed = SCHEMAS[kind].safeParse(args);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  throw new MaildrainError('CONFIG_INVALID', `${kind}: ${wrong.join('; ')}`);
}
