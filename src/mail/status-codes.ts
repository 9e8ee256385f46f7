// Finds RFC 3463 status codes and SMTP reply codes (RFC 5321 4.2) in what people and servers write. The difficulty is what looks like one
// and is none: IP addresses, version numbers of software, dates, sizes. Only codes that stand in the text are reported.

/** Longest text searched, characters. A multi-line reply has at most a few hundred per line (RFC 5321 4.5.3.1.5) and a dozen lines. */
const MAX_SEARCHED = 4000;

/** Codes taken from one text; more are a list of somebody's, not a reply. */
const MAX_FOUND = 50;

/** Class, subject (RFC 3463 3: 0 to 7), detail; bounded repetition only, so linear. Neighbours are looked at in code. */
const STATUS = /[245]\.[0-7]\.[0-9]{1,3}/g;

/** Second digit: RFC 5321 4.2.1 has 0 to 5, but 557, 571 and their like are in use. */
const REPLY = /[245][0-7][0-9]/g;

/** `Version: 5.1.1` and the like. Products are not listed: a name before a triple makes it none, whoever's name it is (isAnnounced). */
const VERSIONED = new Set('version ver v release rel build revision rev'.split(' '));

/** A number after one of these is a code even in the middle of a sentence. */
const ANNOUNCED = new Set(
  'said says reply replied response responded error code error_code result reason status smtp returned with diagnostic because'.split(
    ' ',
  ),
);

export interface Codes {
  /** In order of appearance, each once; class 2 too. */
  readonly statuses: readonly string[];
  /** In order of appearance, each once; failures first among equals is up to the caller. */
  readonly replies: readonly number[];
}

/** The codes that stand in a text. */
export function findCodes(text: string): Codes {
  const searched = text.length > MAX_SEARCHED ? text.slice(0, MAX_SEARCHED) : text;
  const statuses: string[] = [];
  const replies: number[] = [];
  for (const match of searched.matchAll(STATUS)) {
    if (statuses.length >= MAX_FOUND) break;
    if (!isStatusAt(searched, match.index, match[0].length)) continue;
    const [first = '', subject = '', detail = ''] = match[0].split('.', 3);
    // `5.1.01` is written by some; the number is meant.
    const status = `${first}.${subject}.${Number(detail)}`;
    if (!statuses.includes(status)) statuses.push(status);
  }
  for (const match of searched.matchAll(REPLY)) {
    if (replies.length >= MAX_FOUND) break;
    if (!isReplyAt(searched, match.index)) continue;
    const reply = Number(match[0]);
    if (!replies.includes(reply)) replies.push(reply);
  }
  return { statuses, replies };
}

/** The code at the beginning of a Status field (RFC 3464 2.3.4), which may carry a comment; null when there is none. */
export function statusOfField(field: string): string | null {
  const match = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])/.exec(field.trimStart().slice(0, 20));
  if (match === null) return null;
  const [first = '', subject = '', detail = ''] = match[0].split('.', 3);
  return `${first}.${Number(subject)}.${Number(detail)}`;
}

/**
 * How much a code says. 0: x.0.0, nothing. 1: what a server writes for want of a better one, x.5.0 (sendmail and qmail for any reply
 * without a code) and x.4.7 (gave up, whatever the cause). 2: a subject without detail. 3: a detail.
 */
export function specificity(status: string): number {
  const [, subject, detail] = status.split('.', 3);
  if (subject === '0') return 0;
  if ((subject === '5' && detail === '0') || (subject === '4' && detail === '7')) return 1;
  return detail === '0' ? 2 : 3;
}

function isStatusAt(text: string, start: number, length: number): boolean {
  const before = text[start - 1] ?? ' ';
  const after = text[start + length] ?? ' ';
  // Part of a longer number, an address, a name: 192.0.2.5.1.1, 5.1.1.4, libfoo-5.1.1-2, 5.1.1a.
  if (/[0-9.A-Za-z_/@+%]/.test(before) || /[0-9A-Za-z_@%]/.test(after)) return false;
  if (after === '.' && /[0-9A-Za-z]/.test(text[start + length + 1] ?? ' ')) return false;
  // `550-5.7.1` and `550--5.7.1` continue a reply; any other name before a hyphen is a file or a package.
  if (before === '-' && /[A-Za-z.]/.test(text[start - 2] ?? ' ')) return false;
  if (after === '-' && /[0-9a-z]/.test(text[start + length + 1] ?? ' ')) return false;
  return isAnnounced(text, start);
}

/**
 * In the middle of a sentence a dotted triple is a date, a version or a section more often than a code: `on 5.1.26`, `SpamTitan 5.1.1`,
 * `RFC 5321 4.5.3`. There it counts behind a reply code or a word that announces it.
 */
function isAnnounced(text: string, start: number): boolean {
  if (!/[ \t]/.test(text[start - 1] ?? '\n')) return !VERSIONED.has(wordBefore(text, start));
  let at = start - 1;
  while (at >= 0 && (text[at] === ' ' || text[at] === '\t')) at -= 1;
  const left = text[at] ?? '\n';
  if (/[\p{L},.]/u.test(left)) {
    return ANNOUNCED.has(wordBefore(text, start)) || endsInReply(text, left === ',' || left === '.' ? at : at + 1);
  }
  return /[0-9]/.test(left) ? endsInReply(text, at + 1) : !VERSIONED.has(wordBefore(text, start));
}

/** Whether a reply code stands before a position. */
function endsInReply(text: string, end: number): boolean {
  return /(?:^|[^0-9.])[245][0-7][0-9]$/.test(text.slice(Math.max(0, end - 4), end));
}

function isReplyAt(text: string, start: number): boolean {
  const before = text[start - 1] ?? '\n';
  const after = text[start + 3] ?? '\n';
  if (/[0-9.A-Za-z_/@+%$,=&?~-]/.test(before) || !/[ \t\r\n\-:;,'"<)\]}#]/.test(after)) return false;
  // 12:30:550 and 550:12 are times or ports.
  if (after === ':' && /[0-9]/.test(text[start + 4] ?? ' ')) return false;
  if (after === '-' && /[0-9]/.test(text[start + 4] ?? ' ') && !isStatusText(text, start + 4)) return false;
  if (before === ':' && /[0-9]/.test(text[start - 2] ?? ' ')) return false;
  if (isStatusText(text, start + 4)) return true;
  let at = start - 1;
  while (at >= 0 && (text[at] === ' ' || text[at] === '\t')) at -= 1;
  const left = text[at] ?? '\n';
  // The beginning of a line or of what somebody said.
  if (/[\n\r:;<>"'([{#|]/.test(left)) return !isAmount(text, start + 3);
  return ANNOUNCED.has(wordBefore(text, start)) && !isAmount(text, start + 3);
}

function isStatusText(text: string, start: number): boolean {
  return /^[ '"#(-]{0,2}[245]\.[0-7]\.[0-9]/.test(text.slice(start, start + 7));
}

/** `500 MB`, `240 minutes`: a quantity, whatever stands before it. */
function isAmount(text: string, end: number): boolean {
  return /^ (?:[kmgt]i?b|bytes?|octets?|seconds?|secs?|minutes?|mins?|hours?|days?|messages|times|recipients|lines|percent)\b/i.test(
    text.slice(end, end + 12),
  );
}

/** The word before a position, lower-case, at most 20 characters; '' when something else stands there. */
function wordBefore(text: string, start: number): string {
  const left = text.slice(Math.max(0, start - 24), start).replace(/[ \t:=]{1,24}$/, '');
  return /[A-Za-z_-]{1,20}$/.exec(left)?.[0].toLowerCase() ?? '';
}
