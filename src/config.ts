// maildrain.yaml to a checked Config, or one error that tells every problem with its file, line and path. The only way in: what is
// configured is trusted everywhere else. Mailboxes are read in config-mailbox.ts, the tables of keys are in config-schema.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type BouncesConfig, readBounces } from './config-bounces.ts';
import { type EventSinkConfig, readEvents } from './config-events.ts';
import { readMailboxes } from './config-mailbox.ts';
import { configInvalid } from './config-problems.ts';
import { isMap, type Reading, readMap, take, takeDuration } from './config-read.ts';
import { readRetention } from './config-retention.ts';
import { CONFIG_FIELDS, LIMITS } from './config-schema.ts';
import { readSuppression } from './config-suppression.ts';
import { type Checked, checkUrl, type Environment, interpolate, isUnsetVariable } from './config-values.ts';
import { parseYaml } from './config-yaml.ts';
import { MaildrainError, printable } from './errors.ts';
import type { MailboxConfig } from './model.ts';
import type { Retention } from './model-admin.ts';
import type { SuppressionPolicy } from './model-pipeline.ts';

export type { BouncesConfig } from './config-bounces.ts';
export type { EventSinkConfig } from './config-events.ts';
export { loginOf } from './config-imap.ts';
export { checkMailboxes } from './config-mailbox.ts';
export { checkRetention } from './config-retention.ts';
export { configJsonSchema } from './config-schema.ts';

/** What the configuration says of reports: how they are believed, whom they suppress, who hears of it. */
export interface ReportsConfig {
  readonly bounces: BouncesConfig;
  readonly suppression: SuppressionPolicy;
  readonly events: readonly EventSinkConfig[];
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The whole configuration, checked, with every default filled in. */
export interface Config extends ReportsConfig {
  /** `embedded`: the server that comes from npm, with its files in `stateDir`. */
  readonly postgres: 'embedded' | { readonly url: string };
  /** Null: the queue runs on Postgres. */
  readonly redis: string | null;
  readonly mailboxes: readonly MailboxConfig[];
  /** 1 to 100, over all processes. */
  readonly connectionsPerHost: number;
  /** Drains at a time in one process, 1 to 64. */
  readonly concurrency: number;
  /** Absolute path. */
  readonly stateDir: string;
  readonly logLevel: LogLevel;
  readonly shutdownGraceMs: number;
  readonly retention: Retention;
}

const DEFAULT_FILE = 'maildrain.yaml';
/** 10,000 mailboxes written out take about 3 MiB. */
const MAX_FILE = 16 * 1024 * 1024;
/** Half of Gmail's 15 connections an account, so that people can still read their mail. */
const DEFAULT_CONNECTIONS_PER_HOST = 8;
/** A drain waits for the network most of its time; four keep one core busy (two batches of each in memory). */
const DEFAULT_CONCURRENCY = 4;
const DEFAULT_GRACE_MS = 30_000;

const HOW_TO_START =
  'copy maildrain.example.yaml to maildrain.yaml and change it, or name a file with --config or MAILDRAIN_CONFIG';

/**
 * Reads and checks the configuration file: `path`, else the variable MAILDRAIN_CONFIG, else `maildrain.yaml` in `cwd`.
 * @throws MaildrainError CONFIG_INVALID with all problems, one per line
 */
export function loadConfig(
  options: { readonly path?: string; readonly env?: Environment; readonly cwd?: string } = {},
): Config {
  const env = options.env ?? process.env;
  const file = options.path ?? (env.MAILDRAIN_CONFIG || DEFAULT_FILE);
  const absolute = resolve(options.cwd ?? '.', file);
  return parseConfig(readText(absolute, file), { file, env, dir: dirname(absolute) });
}

function readText(absolute: string, file: string): string {
  let octets: Buffer;
  try {
    octets = readFileSync(absolute);
  } catch (error) {
    throw new MaildrainError('CONFIG_INVALID', `${printable(file)}: ${whyUnreadable(error)}`, { cause: error });
  }
  if (octets.length > MAX_FILE)
    throw new MaildrainError('CONFIG_INVALID', `${printable(file)}: is larger than 16 MiB; is it a configuration?`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    throw new MaildrainError('CONFIG_INVALID', `${printable(file)}: is not UTF-8 text; save it as UTF-8`);
  }
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no such file; ${HOW_TO_START}`;
  if (code === 'EISDIR') return 'is a directory; name the file in it';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user; change its permissions';
  return `cannot be read (${typeof code === 'string' ? code : 'unknown reason'})`;
}

/**
 * Checks the text of a configuration file. `file` is shown in messages; relative paths in the text start at `dir` (default: where
 * `file` is).
 * @throws MaildrainError CONFIG_INVALID with all problems, one per line
 */
export function parseConfig(
  text: string,
  options: { readonly file: string; readonly env: Environment; readonly dir?: string },
): Config {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw configInvalid(parsed.problems, options.file);
  const reading: Reading = { dir: options.dir ?? dirname(resolve(options.file)), env: options.env, problems: [] };
  const config = readConfig(parsed.value, reading);
  if (config === null) throw configInvalid(reading.problems, options.file, parsed.lineOf);
  return config;
}

/** Null when there are problems, which are then all in `reading`. */
function readConfig(root: unknown, reading: Reading): Config | null {
  const { problems } = reading;
  if (!isMap(root)) {
    const text = root === null ? 'is empty' : 'must be a map of keys';
    problems.push({
      path: [],
      text: `the configuration ${text}; it needs postgres and mailboxes (see maildrain.example.yaml)`,
    });
    return null;
  }
  const values = readMap(CONFIG_FIELDS, root, [], reading, [
    'mailboxes',
    'bounces',
    'suppression',
    'events',
    'retention',
  ]);
  const postgres =
    values.postgres === undefined
      ? undefined
      : take(checkPostgres(values.postgres, reading.env), ['postgres'], reading);
  const redis = take(checkRedis(values.redis ?? null, reading.env), ['redis'], reading);
  const mailboxes = readList(root.mailboxes, reading);
  const reports = readReports(root, reading);
  const retention = readRetention(root.retention, ['retention'], reading);
  const grace = [1000, LIMITS.graceMaxMs] as const;
  const graceMs = takeDuration(
    values.shutdownGrace,
    grace,
    CONFIG_FIELDS.shutdownGrace.wrong,
    ['shutdownGrace'],
    reading,
  );
  if (problems.length > 0 || postgres === undefined || redis === undefined || reports === null || retention === null)
    return null;
  const stateDir = values.stateDir ?? '.maildrain';
  return {
    postgres,
    redis,
    mailboxes,
    ...reports,
    connectionsPerHost: values.connectionsPerHost ?? DEFAULT_CONNECTIONS_PER_HOST,
    concurrency: values.concurrency ?? DEFAULT_CONCURRENCY,
    stateDir: isAbsolute(stateDir) ? stateDir : resolve(reading.dir, stateDir),
    logLevel: values.logLevel ?? 'info',
    shutdownGraceMs: graceMs ?? DEFAULT_GRACE_MS,
    retention,
  };
}

/** Null when there are problems. */
function readReports(map: Readonly<Record<string, unknown>>, reading: Reading): ReportsConfig | null {
  const bounces = readBounces(map.bounces, ['bounces'], reading);
  // A secret that was written wrong is still meant: its absence is not a second problem.
  const canSign = isMap(map.bounces) && map.bounces.secret !== undefined;
  const suppression = readSuppression(map.suppression, canSign, ['suppression'], reading);
  const events = readEvents(map.events, ['events'], reading);
  return bounces === null || suppression === null ? null : { bounces, suppression, events };
}

/**
 * What a program gives around reports, in the words of maildrain.yaml. A secret may also be a function that returns it or a promise of it.
 * @throws MaildrainError CONFIG_INVALID with all problems
 */
export function checkReports(
  input: { readonly bounces?: unknown; readonly suppression?: unknown; readonly events?: unknown },
  options: { readonly env?: Environment; readonly cwd?: string } = {},
): ReportsConfig {
  const reading: Reading = { dir: resolve(options.cwd ?? '.'), env: options.env ?? process.env, problems: [] };
  const reports = readReports({ ...input }, reading);
  if (reports === null || reading.problems.length > 0) throw configInvalid(reading.problems);
  return reports;
}

function readList(value: unknown, reading: Reading): MailboxConfig[] {
  if (Array.isArray(value) && value.length > 0) return readMailboxes(value, ['mailboxes'], reading);
  const state =
    value === undefined
      ? 'is missing; it must be'
      : value === null || Array.isArray(value)
        ? 'is empty; it must be'
        : 'must be';
  reading.problems.push({ path: ['mailboxes'], text: `${state} a list of at least one mailbox (- name: ...)` });
  return [];
}

function checkPostgres(text: string, env: Environment): Checked<Config['postgres']> {
  const filled = interpolate(text, env);
  if (text === 'embedded' || ('value' in filled && filled.value === 'embedded')) return { value: 'embedded' };
  const url = checkUrl(text, env, ['postgres:', 'postgresql:'], 'postgres://user:${PASSWORD}@host/database');
  return 'wrong' in url ? url : { value: { url: url.value } };
}

/** Absent, empty, or one variable that is unset or empty: no Redis. So one file serves machines with and without it. */
function checkRedis(text: string | null, env: Environment): Checked<string | null> {
  if (text === null || text.trim() === '' || isUnsetVariable(text, env)) return { value: null };
  return checkUrl(text, env, ['redis:', 'rediss:'], 'redis://:${PASSWORD}@host:6379');
}
