// Whether a report in words says that a message failed for good or still waits, and until when it is tried. The words for the former are in
// action-words.ts.
import type { Action } from '../model-reading.ts';
import { actionSaid } from './action-words.ts';
import { parseDate } from './date.ts';
import { type Spelled, spell } from './spelling.ts';

/** Characters that are spelled at once (spelling.ts), and how far the next piece reaches back so that no phrase is cut in two. */
const PIECE = 4000;
const OVERLAP = 100;

/** Pieces of a page that are looked at: 64 KB of words. */
const MAX_PIECES = 16;

/** Where a length of time may follow that is still ahead. */
const AHEAD =
  /(?:will be retried|be retried for|will retry for|keep trying|continue to try|continue trying|continue to attempt|continue to be made|attempts will continue|try again for|trying for|message will be retried|versucht)/g;

/** Characters after such words in which the length of time stands. */
const AHEAD_REACH = 110;

const SECONDS: readonly (readonly [unit: RegExp, seconds: number])[] = [
  [/^(?:second|sekunde|segundo|secondo)/, 1],
  [/^min/, 60],
  [/^(?:hour|hr|stunde|heure|hora|or[ae]\b|uur|timm|tim|\u0447\u0430\u0441|\u6642\u9593|\u5c0f\u65f6)/, 3600],
  [/^(?:day|tag|jour|d\u00eda|dia|giorn|dag|dni|\u0434\u043d|\u65e5|\u5929)/, 86_400],
  [/^(?:week|woche|semaine|semana|settiman)/, 604_800],
];

/** Longest time that a server is believed to go on: queues are kept for days. */
const MAX_AHEAD = 60 * 86_400;

const LENGTH = /(\d{1,4}(?:[.,]\d{1,2})?) {0,2}(?:more |weitere )?(\p{L}{1,12})/gu;

/** What the words say outright; null where they leave it open. */
export function actionInWords(flat: string, subject: string): Action | null {
  const pieces: Spelled[] = [];
  for (let at = 0; at < flat.length && pieces.length < MAX_PIECES; at += PIECE - OVERLAP)
    pieces.push(spell(flat.slice(at, at + PIECE)));
  const said = actionSaid(pieces, [spell(subject)]);
  // Which of several recipients it was delivered to, the words beside each of them say.
  return said === 'delivered' ? null : said;
}

/**
 * The end of the attempts, as stated. `sent` is the date of the report. "until it is five days old" counts from the message itself, whose
 * date is `original`.
 */
export function retryUntil(flat: string, sent: Date | null, original: Date | null): Date | null {
  AHEAD.lastIndex = 0;
  for (let words = AHEAD.exec(flat); words !== null; words = AHEAD.exec(flat)) {
    const tail = flat.slice(words.index + words[0].length, words.index + words[0].length + AHEAD_REACH);
    const dated =
      /^[^.]{0,40}?until:? ((?:[a-z]{2,9}, )?\d{1,2}[ -][a-z]{3}[a-z]{0,6}[ -]\d{4} \d{1,2}:\d{2}(?::\d{2})?(?: [+-]\d{4}| [a-z]{3,4})?)/.exec(
        tail,
      );
    const date = dated === null ? null : parseDate(dated[1] ?? '');
    if (date !== null) return date;
    const seconds = lengthIn(tail);
    const isAge = / old\b/.test(tail);
    const from = isAge ? original : sent;
    if (seconds > 0 && seconds <= MAX_AHEAD && from !== null) return new Date(from.getTime() + seconds * 1000);
  }
  return null;
}

/** `1 days, 19 hours and 56 minutes`, in seconds; 0 without one. */
function lengthIn(tail: string): number {
  let total = 0;
  let end = -1;
  for (const found of tail.matchAll(LENGTH)) {
    const unit = SECONDS.find(([name]) => name.test(found[2] ?? ''));
    if (unit === undefined) continue;
    // Parts of one length stand side by side.
    if (end >= 0 && found.index - end > 6) break;
    total += Number((found[1] ?? '').replace(',', '.')) * unit[1];
    end = found.index + found[0].length;
  }
  return total;
}
