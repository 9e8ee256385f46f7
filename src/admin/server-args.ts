// What each job on a mail server takes besides its criteria, checked where it enters: from the command line, and again when it comes back
// from its row.

import { z } from 'zod';
import { MaildrainError } from '../errors.ts';

/** Names of folders and flags that are longer cannot be meant; servers end at some hundred octets. */
const MAX_NAME = 1000;

export const folderName = z
  .string()
  .regex(/^\P{Cc}+$/u, 'must name a folder, without control characters')
  .max(MAX_NAME, `a name has at most ${MAX_NAME} characters`);
/** What a shell makes of `--add \Seen` without quotes. As a keyword it would be kept beside the flag, and mean nothing to anybody. */
const BARE = /^(Answered|Flagged|Deleted|Seen|Draft)$/i;

/** RFC 9051 9 `flag`: a system flag, or a keyword, which is an atom. `\Recent` is the server's alone. */
const flag = z
  .string()
  .max(MAX_NAME)
  .regex(
    /^(\\(Answered|Flagged|Deleted|Seen|Draft)|[^\0-\x20\x7f-\uffff(){%*"\\\]]+)$/i,
    'a flag is one of \\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft, or a keyword such as $Done: ASCII letters and digits, no spaces, no quotes, no ( ) { % * ]',
  )
  .refine((name) => !BARE.test(name), {
    error: ({ input }) => `"${String(input)}" would be a keyword: say '\\${String(input)}', in quotes, for the flag`,
  });

export const purgeArgs = z.strictObject({
  /** False: disposed without being stored. */
  store: z.boolean().default(true),
  /** Gmail: out of Trash as well. */
  forever: z.boolean().default(false),
});

export const emptyTrashArgs = z.strictObject({
  /** The folder `\Junk` in place of `\Trash`. */
  junk: z.boolean().default(false),
});

export const moveArgs = z.strictObject({
  /** A path, or an attribute such as `\Archive`. */
  to: folderName,
  create: z.boolean().default(false),
});

export const flagArgs = z
  .strictObject({ add: z.array(flag).max(50).default([]), remove: z.array(flag).max(50).default([]) })
  .refine(
    ({ add, remove }) => add.length + remove.length > 0,
    'say which flag: --add FLAG or --remove FLAG (in a program args: { add: [...], remove: [...] })',
  )
  .refine(
    ({ add, remove }) => !add.some((one) => remove.some((other) => other.toLowerCase() === one.toLowerCase())),
    'the same flag cannot be added and removed',
  );

export const noArgs = z.strictObject({});

/** @throws MaildrainError REQUEST_INVALID: a row that another version wrote */
export function readArgs<T>(schema: z.ZodType<T>, args: Readonly<Record<string, unknown>>): T {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues
    .map(({ path, message }) => `${path.join('.')}: ${message}`.replace(/^: /, ''))
    .join('; ');
  throw new MaildrainError('REQUEST_INVALID', `the job's options cannot be read: ${why}`);
}
