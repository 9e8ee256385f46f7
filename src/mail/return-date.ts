// The day on which somebody is back, as an automatic reply states it, in many languages and forms: every day that is named in the words is
// found, and the one that a word of return or of "until" belongs to is taken. A weekday or "next week" is no date, and 04/05 is one only
// where the text or its language tells the order. Words and names of months are in date-words.ts.
import {
  BACK_AFTER,
  BACK_BEFORE,
  BACK_BEFORE_ENGLISH,
  MONTHS,
  RANGE_WORDS,
  UNTIL_AFTER,
  UNTIL_BEFORE,
  UNTIL_BEFORE_ENGLISH,
} from './date-words.ts';
import { phraseIn } from './reply-phrases.ts';

/** `return-only`: a word of return must stand by the day, because nothing else says that somebody is away. */
type Wanted = 'any' | 'return-only';

/** Days named in one text; a reply with more of them is a calendar. */
const MAX_DAYS = 40;

/** Characters before a day in which its word is looked for, and between the two: "back in the office on Monday, the". */
const BEFORE = 70;
const MAX_GAP = { back: 45, until: 32 } as const;

/** Characters after a day. */
const AFTER = 45;

/** A word behind a day that another day follows belongs to the first only if it stands close to it. */
const CLOSE = 12;

/** A day without a year is of the year in which it is next; replies that were forgotten are up to two months old. */
const FORGOTTEN_DAYS = 60;

const MS_PER_DAY = 86_400_000;

/** What is taken for a year that somebody means. */
const FIRST_YEAR = 1990;
const LAST_YEAR = 2100;

interface Day {
  readonly start: number;
  readonly end: number;
  readonly year: number | null;
  readonly month: number;
  readonly day: number;
  /** Written as two numbers that may stand in either order; `month` is the first. */
  readonly isEither: boolean;
  /** The later one of `10-31 July`. */
  readonly isRangeEnd: boolean;
}

/** `YYYY-MM-DD`, or null. `text` has passed through comparable(); ` | ` stands between its paragraphs. */
export function returnDate(text: string, sentAt: Date | null, wanted: Wanted): string | null {
  const days = daysIn(text);
  const order = orderIn(text, days);
  let best: { readonly score: number; readonly date: string } | null = null;
  for (const [index, day] of days.entries()) {
    const { score, isEnglish } = scoreOf(text, days, index);
    if (score < (wanted === 'any' ? 1 : 3) || (best !== null && score <= best.score)) continue;
    const date = written(day, order ?? (isEnglish ? null : 'day-month'), sentAt);
    if (date !== null) best = { score, date };
  }
  return best?.date ?? null;
}

// ---------------------------------------------------------------- finding days

const DAY_FORMS: readonly {
  readonly pattern: RegExp;
  readonly read: (found: RegExpExecArray) => Partial<Day> | null;
}[] = [
  // 2026-05-12, 2026/5/12, 2026. 5. 12., 2026年5月12日, 2026년 5월 12일
  {
    pattern: /(\d{4}) ?[-/.年년] ?(\d{1,2}) ?[-/.月월] ?(\d{1,2})(?!\d)(?: ?[日일])?/y,
    read: ([, year, month, day]) => ({ year: Number(year), month: Number(month), day: Number(day) }),
  },
  {
    pattern: /(\d{1,2}) ?[月월] ?(\d{1,2})(?: ?[日일])?/y,
    read: ([, month, day]) => ({ month: Number(month), day: Number(day) }),
  },
  // 12.5.2026, 12. 5. 2026, 12.05., and 12.05 where it is no time of day.
  {
    pattern: /(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})(?![\d:])/y,
    read: ([, day, month, year]) => ({ ...ordered(Number(day), Number(month)), year: fullYear(year) }),
  },
  { pattern: /(\d{1,2})\. ?(\d{1,2})\./y, read: ([, day, month]) => ordered(Number(day), Number(month)) },
  {
    pattern: /(\d{1,2})\.(\d{2})(?![\d.:%]| ?(?:uhr|h\b|am\b|pm\b|eur|usd|€|\$))/y,
    read: ([, day, month]) => ordered(Number(day), Number(month)),
  },
  {
    pattern: /(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})(?![\d/])/y,
    read: ([, first, second, year]) => ({ ...either(Number(first), Number(second)), year: fullYear(year) }),
  },
  {
    pattern: /(\d{1,2})\/(\d{1,2})(?![\d/])/y,
    // "24/7" is a promise.
    read: ([whole, first, second]) => (whole === '24/7' ? null : either(Number(first), Number(second))),
  },
  {
    pattern: /(\d{1,2})-(\d{1,2})-(\d{4})(?!\d)/y,
    read: ([, first, second, year]) => ({ ...either(Number(first), Number(second)), year: Number(year) }),
  },
  // 12 May 2026, 12th of May, 12. Mai, 12 de mayo de 2026, 12-May-2026, 1er mai
  {
    pattern:
      /(\d{1,2})(?:st|nd|rd|th|er|ste|de|e|o|a|:e|-?го|\.)?(?: ?- ?| ?)(?:of |de |di |d'|den |the )?(\p{L}{3,14})(?:\.?(?:,? | ?-|, ?| de | del )(\d{4})(?!\d))?/uy,
    read: ([, day, name, year]) => named(name, Number(day), year),
  },
  {
    pattern: /(\d{1,2}) thang (\d{1,2})(?: nam (\d{4}))?/y,
    read: ([, day, month, year]) => ({
      day: Number(day),
      month: Number(month),
      year: year === undefined ? null : Number(year),
    }),
  },
];

/** May 12th, 2026; July 10-31; "dec. 24". */
const MONTH_FIRST =
  /(\p{L}{3,14})\.? (?:the )?(\d{1,2})(?:st|nd|rd|th)?(?![\d:/])(?: ?(-|to|through|until|thru) ?(\d{1,2})(?:st|nd|rd|th)?(?![\d:/]))?(?:,? (\d{4})(?!\d))?/uy;

/** Every day that is named, in order. Each number and each word is tried once against patterns of bounded length. */
function daysIn(text: string): Day[] {
  const days: Day[] = [];
  const token = /\d+|\p{L}+/gu;
  for (let found = token.exec(text); found !== null && days.length < MAX_DAYS; found = token.exec(text)) {
    const start = found.index;
    const [word] = found;
    const read = /^\d/.test(word) ? numberFirst(text, start, word) : monthFirst(text, start, word);
    if (read === null) continue;
    const { year = null, month = 0, day = 0, isEither = false, isRangeEnd = false } = read;
    if (!isDay(month, day) && !(isEither && isDay(day, month))) continue;
    if (year !== null && (year < FIRST_YEAR || year > LAST_YEAR)) continue;
    token.lastIndex = read.end;
    days.push({ start, end: read.end, year, month, day, isEither, isRangeEnd });
  }
  return days;
}

type Read = Partial<Day> & { readonly end: number };

function numberFirst(text: string, start: number, digits: string): Read | null {
  if (digits.length > 4) return null;
  for (const { pattern, read } of DAY_FORMS) {
    pattern.lastIndex = start;
    const found = pattern.exec(text);
    const day = found === null ? null : read(found);
    if (day !== null) return { ...day, end: pattern.lastIndex };
  }
  return null;
}

function monthFirst(text: string, start: number, word: string): Read | null {
  const month = MONTHS.get(word);
  if (month === undefined) return null;
  MONTH_FIRST.lastIndex = start;
  const found = MONTH_FIRST.exec(text);
  if (found === null) return null;
  const [, , first, , last, year] = found;
  const isRangeEnd = last !== undefined;
  return {
    month,
    day: Number(last ?? first),
    year: year === undefined ? null : Number(year),
    isRangeEnd,
    end: MONTH_FIRST.lastIndex,
  };
}

function named(name: string | undefined, day: number, year: string | undefined): Partial<Day> | null {
  const month = MONTHS.get(name ?? '');
  return month === undefined ? null : { day, month, year: year === undefined ? null : Number(year) };
}

/** Dots separate day from month wherever they are used, but for Americans who write them. */
function ordered(first: number, second: number): Partial<Day> {
  return second > 12 ? { day: second, month: first } : { day: first, month: second };
}

function either(first: number, second: number): Partial<Day> {
  return { month: first, day: second, isEither: true };
}

function fullYear(digits: string | undefined): number {
  return digits?.length === 2 ? 2000 + Number(digits) : Number(digits);
}

function isDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// ---------------------------------------------------------------- weighing them

/** 3: somebody is back on that day; 2: away until then; 1: the end of a range; 0: some other day. */
function scoreOf(text: string, days: readonly Day[], index: number): { score: number; isEnglish: boolean } {
  const day = days[index];
  if (day === undefined) return { score: 0, isEnglish: true };
  const before = text.slice(Math.max(0, day.start - BEFORE), day.start);
  if (standsBefore(before, BACK_BEFORE, MAX_GAP.back)) return { score: 3, isEnglish: false };
  if (standsBefore(before, BACK_BEFORE_ENGLISH, MAX_GAP.back)) return { score: 3, isEnglish: true };
  if (isBackAfter(text, day, days[index + 1])) return { score: 3, isEnglish: true };
  if (standsBefore(before, UNTIL_BEFORE, MAX_GAP.until)) return { score: 2, isEnglish: false };
  if (standsBefore(before, UNTIL_BEFORE_ENGLISH, MAX_GAP.until)) return { score: 2, isEnglish: true };
  const after = text
    .slice(day.end, day.end + AFTER)
    .replace(/^ ?\([^()]{1,5}\)/, '')
    .replace(/^ ?[月火水木金土日]曜日/, '')
    .trimStart();
  const until = UNTIL_AFTER.find((word) => after.startsWith(word));
  if (until !== undefined && !/^[a-z]/.test(after.slice(until.length))) return { score: 2, isEnglish: false };
  return { score: day.isRangeEnd || endsRange(before, text, days[index - 1], day) ? 1 : 0, isEnglish: true };
}

/** One of the words stands before, in the same sentence, with no other number between. */
function standsBefore(before: string, words: readonly string[], maxGap: number): boolean {
  return words.some((word) => {
    const at = before.lastIndexOf(word);
    if (at < 0 || (at > 0 && isLetter(before.charAt(at - 1)) && isLetter(word.charAt(0)))) return false;
    const gap = before.slice(at + word.length);
    if (gap.length > maxGap || (isLetter(gap.charAt(0)) && isLetter(word.charAt(word.length - 1)))) return false;
    // A point after a short word is that of an abbreviated weekday.
    return !/[\d|!?;。]|^\.|\p{L}{5}\. /u.test(gap);
  });
}

function isBackAfter(text: string, day: Day, next: Day | undefined): boolean {
  const isFollowed = next !== undefined && next.start < day.end + AFTER;
  const rest = text.slice(day.end, isFollowed ? Math.min(next.start, day.end + CLOSE) : day.end + AFTER);
  const sentence = rest.split(/[|!?;。]|\. |, (?:und|and|et|y) /, 1)[0] ?? '';
  return phraseIn(sentence, BACK_AFTER) !== null;
}

/** `10 May - 12 May`, and `10. bis 12. Mai`. */
function endsRange(before: string, text: string, previous: Day | undefined, day: Day): boolean {
  if (previous !== undefined && day.start - previous.end <= CLOSE * 2) {
    const tokens = text
      .slice(previous.end, day.start)
      .split(/[\s,().]+/)
      .filter((word) => word !== '');
    return tokens.length <= 5 && tokens.some((word) => RANGE_WORDS.has(word));
  }
  const first = /(?:^|[^\d:])\d{1,2}(?:st|nd|rd|th|er|e|o|\.)? ?(\S{1,7}) ?(?:the |den |le |el |il )?$/.exec(
    before,
  )?.[1];
  return first !== undefined && RANGE_WORDS.has(first);
}

function isLetter(char: string): boolean {
  // Chinese and Japanese words touch the days.
  return /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}]/u.test(char);
}

type Order = 'day-month' | 'month-day';

/** The order that a day of this text shows, or that its script has; null where nothing tells. */
function orderIn(text: string, days: readonly Day[]): Order | null {
  for (const { isEither, month, day } of days) {
    if (isEither && month > 12) return 'day-month';
    if (isEither && day > 12) return 'month-day';
  }
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Hangul}]/u.test(text) ? 'month-day' : null;
}

function written(day: Day, order: Order | null, sentAt: Date | null): string | null {
  const isSwapped = day.isEither && (order === 'day-month' || day.month > 12);
  if (day.isEither && order === null && day.month !== day.day && day.month <= 12 && day.day <= 12) return null;
  const month = isSwapped ? day.day : day.month;
  const date = isSwapped ? day.month : day.day;
  if (day.year !== null) return format(day.year, month, date);
  if (sentAt === null) return null;
  const year = sentAt.getUTCFullYear();
  const isPast = Date.UTC(year, month - 1, date) < sentAt.getTime() - FORGOTTEN_DAYS * MS_PER_DAY;
  return format(isPast ? year + 1 : year, month, date);
}

/** Null for 31 February. */
function format(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.toISOString().slice(0, 10) : null;
}
