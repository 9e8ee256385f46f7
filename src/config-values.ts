// The small languages inside of configuration values: durations, sizes, cron, time zones, hosts, ${VARIABLES} and database URLs.
// Each function is pure and answers with the value or with a text that says what to do; no text repeats the value.
// Which key holds which value is in config-schema.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { CronExpressionParser } from 'cron-parser';
import { didYouMean } from './config-problems.ts';

/** A value, or what is wrong with it and what to do. */
export type Checked<T> = { readonly value: T } | { readonly wrong: string };

export type Environment = Readonly<Record<string, string | undefined>>;

export const DURATION = /^[1-9]\d{0,8}[smhd]$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `1m`, `2h`, `1d`; null when it is not a duration. */
export function durationMs(text: string): number | null {
  const unit = UNIT_MS[text.slice(-1)];
  return DURATION.test(text) && unit !== undefined ? Number(text.slice(0, -1)) * unit : null;
}

export const SIZE = /^[1-9]\d{0,11} ?(?:KB|MB|GB)$/;
const UNIT_OCTETS: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** Octets of `512 KB`, `50MB`, `1GB` (powers of 1024), or of a plain number; null when it is neither. */
export function sizeOctets(size: string | number): number | null {
  if (typeof size === 'number') return Number.isInteger(size) ? size : null;
  const unit = UNIT_OCTETS[size.slice(-2)];
  return SIZE.test(size) && unit !== undefined ? Number.parseInt(size, 10) * unit : null;
}

const CRON_FIELDS = ['second', 'minute', 'hour', 'day of month', 'month', 'day of week'] as const;

/** Longer than any schedule a person writes; bounds the work of the parser. */
const MAX_CRON = 200;

/** Shortest time between two drains of a mailbox: servers count logins, and a drain of an empty mailbox takes about one second. */
export const MIN_EVERY_S = 5;

/** A cron expression of 5 or 6 fields, as BullMQ will read it. Names the first field that is wrong. */
export function checkCron(text: string): Checked<string> {
  const fields = text.trim().split(/\s+/);
  if (text.length > MAX_CRON || (fields.length !== 5 && fields.length !== 6)) {
    return {
      wrong:
        'must have 5 fields (minute, hour, day of month, month, day of week) or 6 (a second before them), for example "*/5 8-18 * * 1-5"',
    };
  }
  const names = CRON_FIELDS.slice(CRON_FIELDS.length - fields.length);
  // H spreads by a random number that would be another in each process.
  const bad = names.findIndex((_, index) => {
    const field = fields[index] ?? '';
    return /^H/i.test(field) || !cronParses(names.map((_, other) => (other === index ? field : '*')).join(' '));
  });
  if (bad >= 0)
    return {
      wrong: `the ${names[bad]} (field ${bad + 1}) is not valid; write *, numbers or names with "," "-" "/", such as */5, 8-18 or MON-FRI`,
    };
  if (!cronParses(fields.join(' '))) return { wrong: 'never happens: there is no such day in these months' };
  if (fields.length === 6 && tooOften(fields.join(' '))) {
    return { wrong: `happens more often than every ${MIN_EVERY_S} seconds; change the second (field 1)` };
  }
  return { value: fields.join(' ') };
}

function cronParses(text: string): boolean {
  try {
    // A date is asked for as well: some expressions parse and then have no next one.
    CronExpressionParser.parse(text, { tz: 'UTC' }).next();
    return true;
  } catch {
    return false;
  }
}

function tooOften(text: string): boolean {
  const seconds = CronExpressionParser.parse(text).fields.second.values;
  return seconds.some((second, index) => index > 0 && Number(second) - Number(seconds[index - 1]) < MIN_EVERY_S);
}

/** An IANA time zone that this Node knows, in the spelling that was given. */
export function checkTimeZone(text: string): Checked<string> {
  // Offsets such as +02:00 are not zones: they do not know daylight saving, and cron-parser refuses some of them.
  if (/^[A-Za-z]/.test(text)) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: text });
      return { value: text };
    } catch {
      // falls through: unknown
    }
  }
  const near = didYouMean(text, Intl.supportedValuesOf('timeZone'));
  const advice = near === null ? 'write an IANA name such as Europe/Berlin or UTC' : `did you mean "${near}"?`;
  return { wrong: `is not a time zone that this Node.js knows; ${advice}` };
}

const HOST_LABELS =
  /^(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;

/** A host name (international ones as A-labels) or an IP address, in lower case. */
export function checkHost(text: string): Checked<string> {
  const host = isIP(text) === 0 ? domainToASCII(text).toLowerCase() : text.toLowerCase();
  if (isIP(host) !== 0 || HOST_LABELS.test(host)) return { value: host };
  return { wrong: 'must be a host name or an IP address alone, without imap://, port or brackets' };
}

/** Whether clear text to this host stays on this machine. By the letter only: nothing is looked up. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

const MALFORMED = 'has a ${ that is not followed by NAME}; write ${NAME}';

function isMalformed(text: string): boolean {
  return text.replace(VARIABLE, '').includes('${');
}

/** Replaces each `${NAME}` from the environment. A variable that is unset or empty is an error: silence would connect elsewhere. */
export function interpolate(text: string, env: Environment): Checked<string> {
  if (isMalformed(text)) return { wrong: MALFORMED };
  const unset = [...text.matchAll(VARIABLE)].map((match) => match[1] ?? '').find((name) => (env[name] ?? '') === '');
  if (unset !== undefined)
    return { wrong: `the environment variable ${unset} is not set (or is empty); set it before starting maildrain` };
  return { value: text.replace(VARIABLE, (_, name: string) => env[name] ?? '') };
}

/** Whether the text is one `${NAME}` and that variable is unset or empty. */
export function isUnsetVariable(text: string, env: Environment): boolean {
  const name = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text.trim())?.[1];
  return name !== undefined && (env[name] ?? '') === '';
}

/** Query parameters that pg and ioredis read as secrets. */
const SECRET_PARAMETER = /pass|secret|token/i;

/**
 * A connection URL with one of these schemes after interpolation. A password that stands in the text itself is refused; it must come
 * by `${NAME}`. `example` is shown in messages.
 */
export function checkUrl(text: string, env: Environment, schemes: readonly string[], example: string): Checked<string> {
  if (isMalformed(text)) return { wrong: MALFORMED };
  if (hasLiteralPassword(text)) {
    return {
      wrong: `holds a password, and secrets never stand in the file; write ${example} and set the variable in the environment`,
    };
  }
  const filled = interpolate(text, env);
  if ('wrong' in filled) return filled;
  for (const match of text.matchAll(VARIABLE)) {
    const inUserinfo = text.slice(match.index + match[0].length).includes('@');
    if (inUserinfo && /[/?#@\s]/.test(env[match[1] ?? ''] ?? '')) {
      return {
        wrong: `the value of ${match[1]} has a character that ends a user name or password in a URL; percent-encode it (/ is %2F, @ is %40)`,
      };
    }
  }
  const wrong = `must be a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}, such as ${example}; percent-encode special characters in the password`;
  try {
    const url = new URL(filled.value);
    return schemes.includes(url.protocol) ? { value: filled.value } : { wrong };
  } catch {
    return { wrong };
  }
}

function hasLiteralPassword(text: string): boolean {
  const start = text.indexOf('://');
  if (start < 0) return false;
  const rest = text.slice(start + 3);
  // The last @, and no care for / ? #: a password may hold any of them unencoded.
  const userinfo = rest.slice(0, Math.max(0, rest.lastIndexOf('@'))).replace(VARIABLE, '');
  if (/:./s.test(userinfo)) return true;
  const query = rest.includes('?') ? rest.slice(rest.indexOf('?') + 1) : '';
  return [...new URLSearchParams(query)].some(
    ([name, value]) => SECRET_PARAMETER.test(name) && value.replace(VARIABLE, '') !== '',
  );
}
