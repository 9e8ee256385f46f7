// The shape of maildrain.yaml in zod: every key, what it may hold, what it is for, and the words that are said when it holds something
// else. The JSON Schema for editors is generated from the same tables.
// Rules between keys (tls and port, every and cron) and the reading of nested maps are in config-mailbox.ts. The keys around reports
// are in config-schema-reports.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import * as z from 'zod';
import { field, line, MAX_TEXT, NAME, noVariables, objectOf, only, plainLine, required } from './config-field.ts';
import {
  BOUNCES_FIELDS,
  EVENT_FIELDS,
  NEVER,
  RULE_FIELDS,
  SUPPRESSIBLE,
  SUPPRESSION_FIELDS,
} from './config-schema-reports.ts';
import { RETENTION_FIELDS } from './config-schema-retention.ts';
import { DURATION, SIZE } from './config-values.ts';

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
  /** The one in use, and those before it as long as their mail may come back (mail/verp.ts takes no more). */
  tagSecrets: 10,
  /** Standard Webhooks: the old and the new one while they are exchanged. */
  webhookSecrets: 2,
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
export const SECRET_FIELDS = {
  env: field(
    z.string().max(MAX_TEXT).regex(ENV_NAME),
    'Name of the environment variable that holds the secret.',
    'must be the name of an environment variable (letters, digits and _; no $)',
  ),
  file: field(
    plainLine,
    'File that holds the secret, such as /run/secrets/imap; relative to this file. A line break at the end is cut off.',
    `must be the path of a file, ${noVariables}`,
  ),
  command: field(
    z.array(line).min(1).max(64),
    'Command and arguments whose first line of output is the secret. Started without a shell.',
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

/** JSON Schema (draft 2020-12) of maildrain.yaml. Rules between keys are not in it; `maildrain config check` knows them. */
export function configJsonSchema(): Record<string, unknown> {
  const source = z.union([only(SECRET_FIELDS, 'env'), only(SECRET_FIELDS, 'file'), only(SECRET_FIELDS, 'command')]);
  const password = source.describe('Where the password comes from; it never stands in this file.');
  const dispose = z
    .union([z.enum(DISPOSE_WORDS), only(DISPOSE_FIELDS, 'move', ['create']), only(DISPOSE_FIELDS, 'flag')])
    .describe('What happens on the server to a message that is stored: delete, trash, seen, keep, { move }, { flag }.');
  const imap = objectOf(IMAP_FIELDS, { password }).describe('The IMAP account.');
  const mailboxes = z.array(objectOf(MAILBOX_FIELDS, { imap, dispose })).min(1).describe('The mailboxes to drain.');
  const secret = (most: number, text: string) =>
    z
      .union([source, z.array(source).min(1).max(most)])
      .optional()
      .describe(text);
  const bounces = objectOf(BOUNCES_FIELDS, {
    secret: secret(
      LIMITS.tagSecrets,
      'Where the secret of signed tags comes from, or a list: the first signs, all verify.',
    ),
  })
    .optional()
    .describe('How reports are tied to what was sent.');
  const rule = z.union([z.literal(NEVER), objectOf(RULE_FIELDS)]).optional();
  const rules = z
    .strictObject(
      Object.fromEntries(SUPPRESSIBLE.map((cause) => [cause, rule.describe(`Rule for ${cause}, or never.`)])),
    )
    .optional()
    .describe('Rules that differ from the defaults, by cause.');
  const suppression = objectOf(SUPPRESSION_FIELDS, { rules })
    .optional()
    .describe('When an address is written to no more.');
  const events = z
    .array(
      objectOf(EVENT_FIELDS, {
        secret: secret(
          LIMITS.webhookSecrets,
          'Where the whsec_ secret of a webhook comes from, or a list of two while they are exchanged.',
        ),
      }),
    )
    .optional()
    .describe('Who is told what has happened.');
  const retention = objectOf(RETENTION_FIELDS).optional().describe('How long what is stored is kept.');
  const schema = objectOf(CONFIG_FIELDS, { mailboxes, bounces, suppression, events, retention }).describe(
    'Configuration of maildrain.',
  );
  return { ...z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' }), title: 'maildrain.yaml' };
}
