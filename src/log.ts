// One JSON line per event on stderr (data belongs to stdout). The only file that knows pino. What goes in is reduced first: errors to
// four facts, secrets and foreign objects to a mark; pino by itself copies every property of an error, pg's `detail` holds the row
// and ioredis' `command` its arguments.

import pino, { type Logger } from 'pino';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Values beside the message; any depth, reduced before they are written. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every room logs through. Messages are fixed strings, values are fields, an error is the field `error`. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log that adds these fields to each line. */
  child(fields: LogFields): Log;
}

/** Where lines go: anything with `write`; each call is one whole line. */
export interface LogDestination {
  write(line: string): void;
}

const STDERR = 2;

/** A chain longer than this repeats itself (an error that is its own cause does). */
const MAX_CAUSES = 5;
/** `fields.report.error.cause` is four deep. */
const MAX_DEPTH = 6;
/** A batch has at most some hundred UIDs; more of a list is cut and counted. */
const MAX_ITEMS = 200;
/** Characters. A stack has about 1,000. */
const MAX_TEXT = 4000;

const REDACTED = '[redacted]';
const SECRET_KEYS = new Set([
  'password',
  'pass',
  'passwd',
  'secret',
  'token',
  'authorization',
  'accesstoken',
  'refreshtoken',
  'credentials',
]);
/** Written by pino itself; a field of that name would make a line with the key twice. */
const PINO_KEYS = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg']);

/** Keys compare without case, `_` and `-`: accessToken, access_token, Access-Token. */
function isSecretKey(key: string): boolean {
  return SECRET_KEYS.has(key.toLowerCase().replace(/[_-]/g, ''));
}

/** Takes the user and password out of URLs: connection errors like to repeat them. Masked before it is cut, so that no half is left. */
function clean(text: string): string {
  const masked = text.slice(0, 2 * MAX_TEXT).replace(/:\/\/[^\s"'<>]*@/g, `://${REDACTED}@`);
  return masked.length > MAX_TEXT ? `${masked.slice(0, MAX_TEXT)}…` : masked;
}

/** What is logged of an error: code, message, stack and the causes' same. Nothing else, whatever it carries. */
export interface ErrorLine {
  readonly code?: string | number;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorLine;
}

/** Any thrown value as the facts that may be written. */
export function errorLine(thrown: unknown, depth = 1): ErrorLine {
  if (!(thrown instanceof Error))
    return { message: typeof thrown === 'string' ? clean(thrown) : `a thrown ${typeof thrown}` };
  const code: unknown = 'code' in thrown ? thrown.code : undefined;
  const cause = thrown.cause;
  return {
    ...(typeof code === 'string' ? { code: clean(code) } : typeof code === 'number' ? { code } : {}),
    message: clean(String(thrown.message)),
    ...(typeof thrown.stack === 'string' ? { stack: clean(thrown.stack) } : {}),
    ...(cause === undefined || cause === null || depth >= MAX_CAUSES ? {} : { cause: errorLine(cause, depth + 1) }),
  };
}

/** A value as it may be written: plain data, bounded, without secrets. Objects with behaviour (clients, sockets) become their name. */
function reduce(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return errorLine(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof URL) return clean(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} octets]`;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Set) return reduce([...value], depth);
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => reduce(item, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `and ${value.length - MAX_ITEMS} more`] : items;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor?.name ?? 'object'}]`;
  return reduceFields(value as LogFields, depth + 1);
}

function reduceFields(fields: LogFields, depth: number): Record<string, unknown> {
  const entries = Object.entries(fields)
    .slice(0, MAX_ITEMS)
    .map(([key, value]) => [key, isSecretKey(key) && value !== undefined ? REDACTED : reduce(value, depth)]);
  return Object.fromEntries(entries);
}

/** The top level of a line. */
function lineFields(fields: LogFields): Record<string, unknown> {
  const reduced = Object.entries(reduceFields(fields instanceof Error ? { error: fields } : fields, 0));
  return Object.fromEntries(reduced.map(([key, value]) => [PINO_KEYS.has(key) ? `${key}_` : key, value]));
}

/** Lines of `level` and more serious ones, to stderr unless a destination is given. */
export function createLogger(options: { readonly level: Level; readonly destination?: LogDestination }): Log {
  const logger = pino(
    {
      name: 'maildrain',
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Synchronous: the last line before a crash is the one that is needed.
    options.destination ?? pino.destination({ dest: STDERR, sync: true }),
  );
  return wrap(logger);
}

function wrap(logger: Logger): Log {
  const write = (level: Level) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](lineFields(fields), clean(message));
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(logger.child(lineFields(fields))),
  };
}

const nothing = () => {};

/** Says nothing: for the library without a logger, and for tests. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLog };
