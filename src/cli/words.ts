// Values as people read and write them on a command line: counts, sizes, durations, instants, and dates and ids typed as arguments.

import { InvalidArgumentError } from 'commander';
import { MAX_LIMIT } from '../store/limit.ts';

/** `1,234` */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 message`, `2 messages` */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Octets as `512 B`, `3.4 KB`, `12 MB`; 1024 to the step, as in the configuration. */
export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = value;
  let at = 0;
  while (size >= 1023.5 && at < units.length - 1) {
    size /= 1024;
    at++;
  }
  return `${at > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[at]}`;
}

/** Milliseconds as `0.4 s`, `12 s`, `3m 20s`, `5h 10m`, `2d 3h`, `30d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return parts(whole, 60, 'm', 's');
  const minutes = Math.round(whole / 60);
  return minutes < 1440 ? parts(minutes, 60, 'h', 'm') : parts(Math.round(whole / 3600), 24, 'd', 'h');
}

function parts(value: number, step: number, large: string, small: string): string {
  const rest = value % step;
  return `${Math.floor(value / step)}${large}${rest === 0 ? '' : ` ${rest}${small}`}`;
}

/** `2026-10-01 12:30:00Z`; a dash for none. */
export function instant(date: Date | null): string {
  return date === null ? '-' : date.toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/** `in 40 s`, `2m 5s ago`; a dash for none. */
export function fromNow(date: Date | null, now: number = Date.now()): string {
  if (date === null) return '-';
  const ms = date.getTime() - now;
  return ms >= 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function characterWidth(character: string): number {
  return /^\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** Columns that text takes on a terminal, about: East Asian characters and emoji two, combining marks none. */
export function columnWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Text in at most so many columns, with an ellipsis where something is missing. */
export function cut(text: string, columns: number): string {
  if (columnWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** The end of a text in at most so many columns: of a path the file, of an address the domain. */
export function cutStart(text: string, columns: number): string {
  if (columnWidth(text) <= columns) return text;
  const characters = [...text];
  let width = 0;
  let from = characters.length;
  while (from > 0) {
    width += characterWidth(characters[from - 1] ?? '');
    if (width > columns - 1) break;
    from--;
  }
  return `…${characters.slice(from).join('')}`;
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `12h`, `90d`, `2w` from now, or a day or time to come. */
export function parseUntil(text: string): Date {
  const span = /^(\d{1,5})([hdw])$/.exec(text);
  const until =
    span === null
      ? parseInstant(text)
      : new Date(Date.now() + Number(span[1]) * UNIT_MS[span[2] as keyof typeof UNIT_MS]);
  if (until === null || until.getTime() <= Date.now())
    throw new InvalidArgumentError('Give a time to come: 90d, 12h, or a day such as 2027-10-01 (midnight UTC).');
  return until;
}

/** `2026-10-01` (midnight UTC), `2026-10-01T12:30Z`, or an age: `30m`, `12h`, `7d`, `2w`. */
export function parseTime(text: string): Date {
  const age = /^(\d{1,6})([mhdw])$/.exec(text);
  if (age !== null) return new Date(Date.now() - Number(age[1]) * UNIT_MS[age[2] as keyof typeof UNIT_MS]);
  const date = parseInstant(text);
  if (date === null)
    throw new InvalidArgumentError(
      'Give a day such as 2026-10-01, a time such as 2026-10-01T12:30Z, or an age: 12h, 7d.',
    );
  return date;
}

function parseInstant(text: string): Date | null {
  const day = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text);
  const date = new Date(text);
  // JavaScript takes 2026-02-31 for a day in March.
  const real = day !== null && new Date(`${day[1]}T00:00:00Z`).toJSON()?.startsWith(`${day[1]}`);
  return real !== true || Number.isNaN(date.getTime()) ? null : date;
}

/** PostgreSQL's bigint. */
const MAX_ID = 2n ** 63n - 1n;

/** The id of a stored message, decimal text. */
export function parseId(text: string): string {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > MAX_ID)
    throw new InvalidArgumentError('A message id is a whole number, as "maildrain messages list" prints it.');
  return BigInt(text).toString();
}

/** A UID or UIDL as `held` prints it: visible ASCII (RFC 9051 2.3.1.1, RFC 1939 7). */
export function parseUid(text: string, before: readonly string[] = []): string[] {
  if (!/^[!-~]{1,70}$/.test(text)) throw new InvalidArgumentError('A UID is a number, as "maildrain held" prints it.');
  return [...before, text];
}

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > MAX_LIMIT)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_LIMIT}.`);
  return limit;
}
