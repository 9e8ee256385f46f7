// The text of a report as the matcher reads it: lines without ragged blanks, the same words as one lower-case string so that a phrase
// is found although a server broke it over two lines, and the place where the returned message begins, of which nothing is believed.

import { decodeOctal } from './found-address.ts';
import { END_LINES, ENDS } from './report-ends.ts';
import { cut } from './text.ts';

/** Characters of text looked at. A report with a hundred recipients and their reasons has 20,000. */
const MAX_TEXT = 48 * 1024;

/** Longest line a pattern sees; SMTP replies end at 512 octets (RFC 5321 4.5.3.1.5), but HTML parts come as one line. */
const MAX_LINE = 2000;

export interface Line {
  /** Blanks at both ends removed, runs of blanks made one. */
  readonly text: string;
  /** Width of the blanks before it. */
  readonly indent: number;
}

export interface Page {
  /** Up to the returned message. */
  readonly lines: readonly Line[];
  /** Those lines in lower case, joined by single blanks, typographic apostrophes made plain. */
  readonly flat: string;
  /** The returned message, or what the report quotes of it. */
  readonly returned: string;
  /** Line and column of a position in `flat`. */
  place(position: number): { readonly line: number; readonly column: number };
}

export function openPage(text: string): Page {
  const all = cut(text, MAX_TEXT).split('\n');
  const lines: Line[] = [];
  const starts: number[] = [];
  let flat = '';
  let returned = '';
  let hasWords = false;
  for (let i = 0; i < all.length; i += 1) {
    const raw = cut(all[i] ?? '', MAX_LINE);
    const line = tidy(raw);
    const lower = fold(line.text);
    if (hasWords && (endsReport(lower, raw) || isHeader(all, i))) {
      returned = all.slice(i).join('\n');
      break;
    }
    hasWords ||= lower !== '';
    lines.push(line);
    starts.push(flat.length);
    if (lower !== '') flat += `${lower} `;
  }
  return { lines, flat, returned, place: (position) => place(starts, position) };
}

/** A blank that is no single space. */
const RAGGED = / {2}|[^\S ]|[\u200b\ufeff]/;

function tidy(raw: string): Line {
  // Most lines have single spaces only, and replacing each of them by itself is dear.
  const text = decodeOctal((RAGGED.test(raw) ? raw.replace(/[\s\u200b\ufeff]+/g, ' ') : raw).trim());
  let indent = 0;
  while (indent < raw.length && /[\s\u00a0]/.test(raw.charAt(indent))) indent += 1;
  return { text, indent };
}

/** Lower case for comparing. Some letters get longer by it, which moves columns by one or two in a language nobody has leads in. */
export function fold(text: string): string {
  return text.toLowerCase().replace(/[\u2018\u2019\u02bc]/g, "'");
}

/** A line after which the returned message stands, or the first line of its header. */
function endsReport(lower: string, raw: string): boolean {
  // A header that comes without an announcement: its first lines are the trace (RFC 5322 3.6.7).
  if (/^>? ?(?:received|return-path|dkim-signature|x-received|delivered-to):/i.test(raw)) return true;
  const words = lower.replace(/^[-=*_#>:+~|. ]{1,200}/, '');
  if (words === '') return false;
  const plain = words.replace(/[-=*_#:+~|. ]{1,200}$/, '');
  return END_LINES.has(plain) || ENDS.some((end) => words.startsWith(end));
}

/** Lines of a header that are looked at for From and Subject. */
const MAX_HEADER_LINES = 12;

/** Fields in a row that make a header; two stand in the words of reports. */
const MIN_FIELDS = 3;

/** A header that somebody pasted without its trace: fields in a row, From and Subject (RFC 5322 3.6) among them. */
function isHeader(lines: readonly string[], start: number): boolean {
  const names = new Set<string>();
  for (let i = start; i < lines.length && i < start + MAX_HEADER_LINES; i += 1) {
    const line = (lines[i] ?? '').slice(0, 100);
    const name = /^>? ?([a-z][a-z-]{1,40}):(?:[ \t]|$)/i.exec(line)?.[1];
    if (name !== undefined) names.add(name.toLowerCase());
    // A fold (RFC 5322 2.2.3) goes on with a field; the first line is none.
    else if (i === start || !/^[ \t]+\S/.test(line)) break;
  }
  return names.size >= MIN_FIELDS && names.has('from') && names.has('subject');
}

function place(starts: readonly number[], position: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return { line: low, column: position - (starts[low] ?? 0) };
}
