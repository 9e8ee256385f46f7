// The shape of maildrain.yaml in zod: every key, what it may hold, what it is for, and the words that are said when it holds something
// else. The JSON Schema for editors is generated from the same tables.
// Rules between keys (tls and port, every and cron) and the reading of nested maps are in config-mailbox.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import * as z from 'zod';
import { DURATION, SIZE } from './config-values.ts';

/** One key: its type, and what to say when the value does not fit. `wrong` starts with "must be" and never repeats the value. */
export interface Field<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly wrong: string;
  readonly required?: boolean;
}
export type Fields = Readonly<Record<string, Field>>;
export type Values<F extends Fields> = { readonly [K in keyof F]?: z.output<F[K]['schema']> };

function field<S extends z.ZodType>(schema: S, description: string, wrong: string): Field<S> {
  return { schema: schema.describe(description) as S, wrong };
}
function required<S extends z.ZodType>(
  schema: S,
  description: string,
  wrong: string,
): Field<S> & { readonly required: true } {
  return { schema: schema.describe(description) as S, wrong, required: true };
}

/** Longer names and paths are accidents; IMAP servers and file systems end far below. Characters. */
const MAX_TEXT = 1000;
/** One line of text without control characters: a line break inside of an IMAP argument would be a second command. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const ONE_LINE = /^[^\u0000-\u001f\u007f]+$/;
const line = z.string().min(1).max(MAX_TEXT).regex(ONE_LINE);
/** Variables are replaced only where a deployment differs; elsewhere `${` would silently stay what it is. */
const plainLine = line.regex(/^(?!.*\$\{)/);
const noVariables = 'without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** RFC 9051 9: atom = 1*ATOM-CHAR, without "(" ")" "{" SP CTL "%" "*" DQUOTE "\" "]". The length is ours. */
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/;
/** `\All` and so on are checked against the known ones in config-mailbox.ts; a move goes to a name. */
const TARGET = /^(?!\\)/;

/** What a person can do at most in one process; Gmail allows 15 connections an account, Dovecot 10 a user and address. */
export const LIMITS = {
  everyMinMs: 5000,
  everyMaxMs: 30 * 86_400_000,
  afterMaxMs: 3650 * 86_400_000,
  graceMaxMs: 600_000,
  sizeMin: 1024,
  /** The octets of one message must fit one Buffer and one IMAP literal with room to spare. */
  sizeMax: 2 * 1024 ** 3,
} as const;

export const IMAP_FIELDS = {
  host: required(
    line,
    'Host name or IP address of the mail server; may hold ${VARIABLES}.',
    'must be a host name or an IP address',
  ),
  port: field(
    z.int().min(1).max(65_535),
    'TCP port; default 993, or 143 with `tls: starttls` or `tls: none`.',
    'must be a whole number from 1 to 65535',
  ),
  user: required(line, 'Login name; may hold ${VARIABLES}.', 'must be the login name, one line of text'),
  tls: field(
    z.enum(['implicit', 'starttls', 'none']),
    'implicit (default): TLS from the first octet. starttls (default on port 143): required, never optional. none: clear text.',
    'must be implicit, starttls or none',
  ),
  insecure: field(
    z.boolean(),
    'Allows `tls: none` to a server that is not on this machine. Password and mail can then be read on the way.',
    'must be true or false',
  ),
  caFile: field(
    plainLine,
    "PEM file with further certificate authorities, besides the system's; relative to this file.",
    `must be the path of a PEM file, ${noVariables}`,
  ),
} as const;

/** The three ways to name a secret; exactly one of them. */
export const PASSWORD_FIELDS = {
  env: field(
    z.string().max(MAX_TEXT).regex(ENV_NAME),
    'Name of the environment variable that holds the password.',
    'must be the name of an environment variable (letters, digits and _; no $)',
  ),
  file: field(
    plainLine,
    'File that holds the password, such as /run/secrets/imap; relative to this file. A line break at the end is cut off.',
    `must be the path of a file, ${noVariables}`,
  ),
  command: field(
    z.array(line).min(1).max(64),
    'Command and arguments whose first line of output is the password. Started without a shell.',
    'must be a list of words such as [pass, show, imap]; it is started without a shell',
  ),
} as const;

export const DISPOSE_WORDS = ['delete', 'trash', 'seen', 'keep'] as const;

/** The map forms of `dispose`: `{ move, create }` or `{ flag }`. */
export const DISPOSE_FIELDS = {
  move: field(
    plainLine.regex(TARGET),
    'Mailbox to move stored messages to.',
    `must be the name of a mailbox, ${noVariables}; for Trash write \`dispose: trash\``,
  ),
  create: field(z.boolean(), 'Create the target when it is missing; default false.', 'must be true or false'),
  flag: field(
    z.string().regex(KEYWORD),
    'Keyword to set on stored messages, such as $Drained.',
    'must be a keyword such as $Drained: ASCII without spaces or any of ( ) { ] % * " \\ (for \\Seen write `dispose: seen`)',
  ),
} as const;

export const MAILBOX_FIELDS = {
  name: required(
    z.string().regex(NAME),
    'Name of this mailbox in commands, logs and the database. Unique. Renaming it starts a new mailbox.',
    'must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  ),
  folder: field(
    plainLine,
    'Mailbox on the server in UTF-8, or a SPECIAL-USE attribute such as \\All; default INBOX.',
    `must be the name of a mailbox on the server, one line of text ${noVariables}`,
  ),
  every: field(
    z.string().regex(DURATION),
    'Time from one drain to the next: 30s, 1m, 2h, 1d; 5s to 30d; default 1m. Not together with cron.',
    'must be a duration such as 30s, 1m, 2h or 1d, from 5s to 30d',
  ),
  cron: field(
    z.string(),
    'When to drain, as a cron expression of 5 fields (or 6, a second first). Not together with every.',
    'must be a cron expression between quotes, for example "*/5 8-18 * * 1-5"',
  ),
  tz: field(
    z.string().max(100),
    'IANA time zone of cron; default UTC.',
    'must be an IANA time zone such as Europe/Berlin',
  ),
  forever: field(
    z.boolean(),
    'Gmail, with `dispose: delete` only: expunge in Trash as well, instead of leaving it to Gmail after 30 days.',
    'must be true or false',
  ),
  after: field(
    z.string().regex(DURATION),
    'Age at which a stored message is disposed, such as 30d; absent: at once.',
    'must be a duration such as 12h or 30d, from 1s to 3650d',
  ),
  expunge: field(
    z.enum(['safe', 'exclusive']),
    'safe (default), or exclusive: nobody else uses this mailbox, so that a plain EXPUNGE is allowed where the server has no UIDPLUS.',
    'must be safe or exclusive',
  ),
  sizeLimit: field(
    z.union([z.int().min(LIMITS.sizeMin).max(LIMITS.sizeMax), z.string().regex(SIZE)]),
    'Larger messages are held: they stay on the server and are not fetched. Octets or 50MB; 1 KB to 2 GB; default 50MB.',
    'must be a number of octets or a size such as 50MB, from 1 KB to 2 GB',
  ),
  unmatched: field(
    z.enum(['dispose', 'keep']),
    'keep: what is no bounce, complaint or automatic reply is stored and stays on the server, whatever dispose says; default dispose.',
    'must be dispose or keep',
  ),
} as const;

export const CONFIG_FIELDS = {
  postgres: required(
    line,
    'URL of the PostgreSQL database, such as ${DATABASE_URL}, or the word embedded for the server that comes from npm.',
    'must be ${DATABASE_URL}, another postgres:// URL, or embedded',
  ),
  redis: field(
    z.union([z.literal(''), line, z.null()]),
    'URL of Redis for the queue. Absent, empty, or one ${VARIABLE} that is unset: the queue runs on PostgreSQL.',
    'must be ${REDIS_URL} or another redis:// or rediss:// URL',
  ),
  connectionsPerHost: field(
    z.int().min(1).max(100),
    'Connections to one mail host at a time, over all processes; default 8.',
    'must be a whole number from 1 to 100',
  ),
  concurrency: field(
    z.int().min(1).max(64),
    'Drains at a time in one process; default 4.',
    'must be a whole number from 1 to 64',
  ),
  stateDir: field(
    plainLine,
    'Directory for the embedded PostgreSQL; relative to this file; default .maildrain beside it.',
    `must be the path of a directory, ${noVariables}`,
  ),
  logLevel: field(
    z.enum(['debug', 'info', 'warn', 'error']),
    'Least serious lines that are logged; default info. Only debug shows addresses and subjects.',
    'must be debug, info, warn or error',
  ),
  shutdownGrace: field(
    z.string().regex(DURATION),
    'Time that running drains have to finish after SIGTERM; default 30s; at most 10m.',
    'must be a duration such as 30s, from 1s to 10m',
  ),
} as const;

/** A strict zod object of a table: unknown keys are errors, only required fields must be there. */
function objectOf(fields: Fields, nested: Readonly<Record<string, z.ZodType>> = {}) {
  const leaves = Object.entries(fields).map(([key, { schema, required: needed }]) => [
    key,
    needed === true ? schema : schema.optional(),
  ]);
  return z.strictObject({ ...Object.fromEntries(leaves), ...nested });
}

/** One key of a table as the only key of a map. */
function only(fields: Fields, key: string, optional: readonly string[] = []) {
  const picked = Object.entries(fields).flatMap(([name, each]) =>
    name === key ? [[name, { ...each, required: true }]] : optional.includes(name) ? [[name, each]] : [],
  );
  return objectOf(Object.fromEntries(picked));
}

/** JSON Schema (draft 2020-12) of maildrain.yaml. Rules between keys are not in it; `maildrain config check` knows them. */
export function configJsonSchema(): Record<string, unknown> {
  const password = z
    .union([only(PASSWORD_FIELDS, 'env'), only(PASSWORD_FIELDS, 'file'), only(PASSWORD_FIELDS, 'command')])
    .describe('Where the password comes from; it never stands in this file.');
  const dispose = z
    .union([z.enum(DISPOSE_WORDS), only(DISPOSE_FIELDS, 'move', ['create']), only(DISPOSE_FIELDS, 'flag')])
    .describe('What happens on the server to a message that is stored: delete, trash, seen, keep, { move }, { flag }.');
  const imap = objectOf(IMAP_FIELDS, { password }).describe('The IMAP account.');
  const mailboxes = z.array(objectOf(MAILBOX_FIELDS, { imap, dispose })).min(1).describe('The mailboxes to drain.');
  const schema = objectOf(CONFIG_FIELDS, { mailboxes }).describe('Configuration of maildrain.');
  return { ...z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' }), title: 'maildrain.yaml' };
}
