// The small languages inside of criteria: days, ages, sizes, UID sets, header fields, text. Each function is pure and answers with the value or
// with a text that says what to do. Which criterion holds which, and what contradicts what, is in criteria.ts.

import { type Checked, sizeOctets } from './config-values.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** Before that nobody had a mailbox that a server still shows; `0015` and `1015` are typing mistakes. */
const FIRST_YEAR = 1970;

/** A century. Longer ages are typing mistakes. */
const MAX_AGE_DAYS = 36_525;

/** Characters of a text that is searched for: nobody types more, and a server compares it with every message. */
const MAX_TEXT = 500;

/** Field names are short; a line of RFC 5322 2.1.1 would hold one of 997. */
const MAX_NAME = 100;

/** RFC 9051 `nz-number`: the largest UID. */
export const MAX_UID = 2 ** 32 - 1;

/** So many ranges are a mailbox of 100,000 messages with every second one named. */
const MAX_RANGES = 50_000;

/** Both ends belong to it. */
export type UidRange = readonly [first: number, last: number];

/** A day, `2015-01-01`, as its beginning in UTC. IMAP's dates have no time of day (RFC 9051 `date`). */
export function checkDay(value: string | Date): Checked<Date> {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime()) || value.getTime() % DAY_MS !== 0)
      return { wrong: 'must be the beginning of a day in UTC: searching knows days, no times of day' };
    return inYears(value);
  }
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value))
    return { wrong: 'must be a day such as 2015-01-01: searching knows days, no times of day' };
  const day = new Date(`${value}T00:00:00Z`);
  // JavaScript takes 2026-02-31 for a day in March.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== value) return { wrong: 'there is no such day' };
  return inYears(day);
}

function inYears(day: Date): Checked<Date> {
  const year = day.getUTCFullYear();
  return year >= FIRST_YEAR && year <= 9999
    ? { value: day }
    : { wrong: `must be in a year from ${FIRST_YEAR} to 9999` };
}

/** `30d`: the beginning of the day, in UTC, that was so many days ago. What came before it is at least so old. */
export function checkAge(text: string, now: Date): Checked<Date> {
  const days = /^([1-9]\d{0,6})d$/.exec(text)?.[1];
  if (days === undefined)
    return { wrong: 'must be an age in days, such as 30d: searching knows days, no times of day' };
  if (Number(days) > MAX_AGE_DAYS) return { wrong: `must be at most ${MAX_AGE_DAYS}d` };
  const at = now.getTime() - Number(days) * DAY_MS;
  return { value: new Date(at - (((at % DAY_MS) + DAY_MS) % DAY_MS)) };
}

/** Octets: `10MB`, `512 KB`, `1048576`. */
export function checkSize(value: string | number): Checked<number> {
  const octets = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : sizeOctets(value);
  if (octets === null || !Number.isSafeInteger(octets) || octets < 0)
    return { wrong: 'must be a size such as 10MB, 512KB or a number of octets' };
  return { value: octets };
}

/** Text to search for, runs of white space as one space, as servers compare it. */
export function checkText(text: string): Checked<string> {
  // The raw text is looked at: a line end must not become a space and pass.
  if (/[\p{Cc}\p{Cs}]/u.test(text)) return { wrong: 'must not hold control characters' };
  if (text.trim() === '') return { wrong: 'must not be empty' };
  if (text.length > MAX_TEXT) return { wrong: `must have at most ${MAX_TEXT} characters` };
  return { value: text.replace(/\s+/g, ' ') };
}

/** `NAME=TEXT`; an empty TEXT asks that the field is there. */
export function checkField(text: string): Checked<readonly [name: string, contains: string]> {
  const at = text.indexOf('=');
  if (at < 0) return { wrong: 'must be NAME=TEXT; NAME= alone asks that the field is there' };
  // `X-Spam: yes=1` would silently search another field.
  const name = text.slice(0, at);
  // RFC 5322 3.6.8 ftext.
  if (!/^[!-9;-~]+$/.test(name) || name.length > MAX_NAME)
    return { wrong: 'must begin with the name of a header field, such as X-Spam-Flag=YES' };
  const value = text.slice(at + 1);
  if (value === '') return { value: [name, ''] };
  const contains = checkText(value);
  return 'wrong' in contains ? contains : { value: [name, contains.value] };
}

/** A Message-ID, with or without its angle brackets. */
export function checkMessageId(text: string): Checked<string> {
  const id = text.trim().replace(/^<(.*)>$/s, '$1');
  if (id === '' || id.length > MAX_TEXT || /[\s<>\p{Cc}\p{Cs}]/u.test(id))
    return { wrong: 'must be one Message-ID, such as 4711@mail.example.org' };
  return { value: id };
}

/**
 * A sequence set (RFC 9051 9) in ascending order without overlaps. `n:*` means n and above: on the wire it would also mean the last
 * message when that is below n.
 */
export function checkUids(text: string): Checked<string> {
  const ranges: UidRange[] = [];
  for (const part of text.split(',')) {
    const found = /^(?:([1-9]\d{0,9})|([1-9]\d{0,9}):([1-9]\d{0,9}|\*)|\*:([1-9]\d{0,9}))$/.exec(part.trim());
    if (found === null)
      return {
        wrong:
          part.trim() === '*' ? 'must name numbers: * alone depends on the moment' : 'must be UIDs such as 1:100,205',
      };
    const [, single, first, last, from] = found;
    const start = Number(single ?? first ?? from);
    const end = single !== undefined ? start : last === undefined || last === '*' ? MAX_UID : Number(last);
    if (Math.max(start, end) > MAX_UID) return { wrong: `a UID is at most ${MAX_UID}` };
    ranges.push([Math.min(start, end), Math.max(start, end)]);
  }
  if (ranges.length > MAX_RANGES) return { wrong: `must have at most ${MAX_RANGES} ranges` };
  return { value: uidText(merged(ranges)) };
}

function merged(ranges: UidRange[]): UidRange[] {
  const kept: [number, number][] = [];
  for (const [first, last] of ranges.sort((a, b) => a[0] - b[0])) {
    const before = kept.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else kept.push([first, last]);
  }
  return kept;
}

function uidText(ranges: readonly UidRange[]): string {
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}:${last}`)).join(',');
}

/** The ranges of a set that checkUids() made. */
export function uidRanges(set: string): UidRange[] {
  return set.split(',').map((part) => {
    const [first, last] = part.split(':');
    return [Number(first), Number(last ?? first)];
  });
}
