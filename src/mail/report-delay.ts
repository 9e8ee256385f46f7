// Whether a report says that a message failed for good or still waits, and how long it is tried. A message that says it gave up has failed,
// whatever the cause was; one that says it goes on has not, though it may say "could not be delivered" as well.
import type { Action } from '../model.ts';
import { parseDate } from './date.ts';

/** Lower case, in the flat text of a report or its subject. Each says that the delivery goes on. */
const WAITS: readonly string[] = [
  'has not yet been delivered',
  'not been delivered yet',
  "hasn't been delivered yet",
  'not yet delivered',
  'could not yet be delivered',
  'still being retried',
  'message still undelivered',
  'delivery attempts will continue',
  'attempts will continue to be made',
  'will continue to attempt',
  'will continue to try',
  'we will continue trying',
  'continue trying to deliver',
  'will keep trying',
  "we'll keep trying",
  'will try again',
  "we'll try again",
  'will be retried',
  'will retry for',
  'will retry delivery',
  'will be attempted again',
  'will be re-attempted',
  'warning message only',
  'this is a warning message',
  'this is just a warning',
  'this is only a warning',
  'you do not need to resend',
  'advisory-only',
  'has been delayed',
  'is delayed to',
  'delivery is delayed',
  'message is delayed',
  'has been postponed',
  'delivery postponed',
  'transient non-fatal errors',
  'temporary problem delivering',
  'temporary error delivering',
  'delayed mail',
  'message delayed',
  'delivery delayed',
  'delivery status notification (delay',
  'warning: could not send message for past',
  'warning--could not send mail for past',
  'mail delivery warning',
  'wird weiterhin versucht',
  'wurde verz\u00f6gert',
  'ist verz\u00f6gert',
  'verz\u00f6gerte zustellung',
  'noch nicht zugestellt',
  'remise retard\u00e9e',
  'remise diff\u00e9r\u00e9e',
  'est retard\u00e9e',
  'a \u00e9t\u00e9 retard\u00e9e',
  'se ha retrasado',
  'entrega retrasada',
  'a\u00fan no se ha entregado',
  'seguir\u00e1 intentando',
  'est\u00e1 atrasada',
  'ainda n\u00e3o foi entregue',
  '\u00e8 in ritardo',
  'nog niet bezorgd',
  'is vertraagd',
  '\u0435\u0449\u0451 \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
  '\u0435\u0449\u0435 \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
  '\u0434\u043e\u0441\u0442\u0430\u0432\u043a\u0430 \u043e\u0442\u043b\u043e\u0436\u0435\u043d\u0430',
  '\u0437\u0430\u0434\u0435\u0440\u0436\u043a\u0430 \u0434\u043e\u0441\u0442\u0430\u0432\u043a\u0438',
  '\u914d\u4fe1\u304c\u9045\u308c',
  '\u914d\u4fe1\u304c\u9045\u5ef6',
  '\u914d\u9001\u304c\u9045\u5ef6',
  '\u518d\u9001\u3092\u7d9a\u3051',
  '\u5ef6\u8fdf',
];

/** Each says that the delivery has ended. `giving up` alone is qmail's, of one host, and there too it has ended. */
const ENDED: readonly string[] = [
  'given up',
  'gave up',
  'giving up',
  'this is a permanent error',
  'permanent fatal error',
  'failed permanently',
  'permanent failure',
  'permanent delivery failure',
  'will not be retried',
  'will no longer be tried',
  'no further delivery attempts',
  'no further attempts',
  'not going to try again',
  'too long in the queue',
  'in the queue too long',
  'removed from the queue',
  'removed from the mail queue',
  'retry timeout exceeded',
  'retry time not reached for any host after a long',
  'maximum retry',
  'undeliverable and has been returned',
];

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
  if (ENDED.some((words) => flat.includes(words))) return 'failed';
  if (WAITS.some((words) => flat.includes(words) || subject.includes(words))) return 'delayed';
  return null;
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
