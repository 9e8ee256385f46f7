// What the tables of keys are made of: one key with its type and its words, and the texts that many keys hold.
// The tables are in config-schema.ts and config-schema-reports.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import * as z from 'zod';

/** One key: its type, and what to say when the value does not fit. `wrong` starts with "must be" and never repeats the value. */
export interface Field<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly wrong: string;
  readonly required?: boolean;
}
export type Fields = Readonly<Record<string, Field>>;
export type Values<F extends Fields> = { readonly [K in keyof F]?: z.output<F[K]['schema']> };

export function field<S extends z.ZodType>(schema: S, description: string, wrong: string): Field<S> {
  return { schema: schema.describe(description) as S, wrong };
}
export function required<S extends z.ZodType>(
  schema: S,
  description: string,
  wrong: string,
): Field<S> & { readonly required: true } {
  return { schema: schema.describe(description) as S, wrong, required: true };
}

/** Longer names and paths are accidents; IMAP servers and file systems end far below. Characters. */
export const MAX_TEXT = 1000;
/** One line of text without control characters: a line break inside of an IMAP argument would be a second command. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const ONE_LINE = /^[^\u0000-\u001f\u007f]+$/;
export const line = z.string().min(1).max(MAX_TEXT).regex(ONE_LINE);
/** Variables are replaced only where a deployment differs; elsewhere `${` would silently stay what it is. */
export const plainLine = line.regex(/^(?!.*\$\{)/);
export const noVariables = 'without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)';

/** Names of mailboxes, consumers of events and queues. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A strict zod object of a table: unknown keys are errors, only required fields must be there. */
export function objectOf(fields: Fields, nested: Readonly<Record<string, z.ZodType>> = {}) {
  const leaves = Object.entries(fields).map(([key, { schema, required: needed }]) => [
    key,
    needed === true ? schema : schema.optional(),
  ]);
  return z.strictObject({ ...Object.fromEntries(leaves), ...nested });
}

/** One key of a table as the only key of a map. */
export function only(fields: Fields, key: string, optional: readonly string[] = []) {
  const picked = Object.entries(fields).flatMap(([name, each]) =>
    name === key ? [[name, { ...each, required: true }]] : optional.includes(name) ? [[name, each]] : [],
  );
  return objectOf(Object.fromEntries(picked));
}
