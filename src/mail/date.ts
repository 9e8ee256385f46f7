// The Date field (RFC 5322 3.3) as an instant. Senders write it in many ways; what is not understood is null, never a guess at "now".

/** Longest value looked at, characters. The longest regular one, with a comment, has about 60. */
const MAX_DATE = 200;

/** `timestamptz` reaches further, but a message from outside these years is a broken clock or a joke. */
const FIRST_YEAR = 1970;
const LAST_YEAR = 9999;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 5322 4.3, minutes. Other names, the military letters among them, mean that the zone is not known: UTC. */
const ZONES = new Map<string, number>([
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
]);

/** `Mon, 2 Jan 2006 15:04:05 -0700`, weekday, seconds and zone optional, `-` or `.` for `:` and blanks tolerated. */
const USUAL =
  /^(?:[a-z]{2,9}\.?,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z.]*[\s,-]+(\d{2,4})\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*(.*)$/i;

/** `Mon Jan  2 15:04:05 2006`, as in C's asctime, with an optional zone before or after the year. */
const ASCTIME =
  /^(?:[a-z]{2,9}\.?,?\s+)?([a-z]{3})[a-z.]*\s+(\d{1,2}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([a-z]{1,5}|[+-]\d{4})\s+)?(\d{4})\s*(.*)$/i;

/** `2006-01-02T15:04:05Z` (ISO 8601), or with a blank for the `T`. */
const ISO = /^(\d{4})-(\d{2})-(\d{2})[T\s](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(.*)$/i;

/** The instant, or null when the value cannot be read or lies outside the years 1970 to 9999. */
export function parseDate(value: string): Date | null {
  const text = value
    .slice(0, MAX_DATE)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const usual = USUAL.exec(text);
  if (usual !== null) {
    const [, day, month, year, hour, minute, second, zone] = usual;
    return instant(fullYear(year), monthOf(month), day, hour, minute, second, zone);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) {
    const [, month, day, hour, minute, second, zone, year, trailing] = asctime;
    return instant(Number(year), monthOf(month), day, hour, minute, second, zone ?? trailing);
  }
  const iso = ISO.exec(text);
  if (iso === null) return null;
  const [, year, month, day, hour, minute, second, zone] = iso;
  return instant(Number(year), Number(month) - 1, day, hour, minute, second, zone);
}

type Digits = string | undefined;

function instant(year: number, month: number, day: Digits, hour: Digits, minute: Digits, second: Digits, zone: Digits) {
  const parts = { day: Number(day), hour: Number(hour), minute: Number(minute), second: Number(second ?? 0) };
  if (month < 0 || month > 11 || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return null;
  const local = new Date(Date.UTC(year, month, parts.day, parts.hour, parts.minute, Math.min(parts.second, 59)));
  // Date.UTC makes 3 March of 31 February.
  if (parts.day < 1 || local.getUTCDate() !== parts.day) return null;
  const at = new Date(local.getTime() - zoneMinutes(zone ?? '') * 60_000);
  return at.getUTCFullYear() < FIRST_YEAR || at.getUTCFullYear() > LAST_YEAR ? null : at;
}

function zoneMinutes(zone: string): number {
  const numeric = /^(?:GMT|UTC?)?\s*([+-])(\d{2}):?(\d{2})/i.exec(zone);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    return numeric[1] === '-' ? -minutes : minutes;
  }
  return ZONES.get(zone.slice(0, 3).toUpperCase()) ?? 0;
}

function monthOf(name: Digits): number {
  return MONTHS.indexOf((name ?? '').toLowerCase());
}

/** RFC 5322 4.3: two digits below 50 are 20xx, others and three digits count from 1900. */
function fullYear(digits: Digits): number {
  const year = Number(digits);
  if (digits?.length === 2) return year < 50 ? year + 2000 : year + 1900;
  return digits?.length === 3 ? year + 1900 : year;
}
