// What a server said, out of the lines that stand around an address in a report: the reply of a remote host, of several lines perhaps, or the
// reporting server's own sentence; and the host that said it.
import type { Line } from './report-page.ts';
import { cut } from './text.ts';

/** Characters of a diagnostic before verdict.ts shortens it. */
const MAX_REASON = 2000;

/** Lines of one answer; RFC 5321 4.2.1 sets no limit, and sermons about policy have up to twenty. */
const MAX_ANSWER = 24;

/** An SMTP reply code or an enhanced status code (RFC 5321 4.2, RFC 3463 2). */
const CODE = /(?:^|[^\d.])[45]\d\d[ :,-]|(?:^|[^\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])/;
/** A line of a dialogue that is the remote host's refusal. */
const REFUSAL =
  /^(?:<<<|[a-z. ]{0,40}(?:said|replied|responded|response|returned|answer(?:ed)?|out)[^:]{0,40}:|\[?[45]\d\d[ :-])/i;
/** The answer in a dialogue, with what programs write before it. */
const REFUSED = /^(?:<<<|out:|s:|[a-z]{2,8}:)? ?[45]\d\d[ -]/i;
/** Codes of a greeting or of success are no reason. */
const ACCEPTED = /^(?:<<<|>>>|[a-z]{2,8}: )? ?[23]\d\d[ -]/i;

const LABEL =
  /^(?:reason|reason for failure|error|error message|error text|error-text|error type|diagnostic(?: |-)?code|diagnostic|problem|cause|because|because of|explanation|details|status|failure reason|reject reason|remote server replied|server response|response|following error|grund|fehler|raison|erreur|cause de l'erreur|motivo|causa|errore|reden|\u043f\u0440\u0438\u0447\u0438\u043d\u0430|\u7406\u7531|\u539f\u56e0|\u9000\u4fe1\u539f\u56e0)(?: is| was|\(s\))?\s?[:\uff1a]\s?(.*)$/i;

/** A sentence that ends where the reason begins. */
const ANNOUNCED =
  /\b(?:reasons?|because(?: of)?|errors?|problems?|cause|response(?: was)?|said|grund|gr\u00fcnden|raisons?|motivos?|motivi|redenen|\u043f\u0440\u0438\u0447\u0438\u043d\u0435)(?:\(s\))?(?: was| is)? ?:$/i;

/** Whether words hold an SMTP reply code or a status code. */
export function hasCode(words: string): boolean {
  return CODE.test(words);
}

/** Rulers, fields of the message, times, headings and promises: lines that stand among reasons and are none. */
const NO_REASON =
  /^(?:[-=*_#~+. ]{3,}$|(?:subject|sent|date|to|from|cc|message-id|message id|size|x-[a-z-]{1,30})\s?:|\d{1,2}:\d\d(?::\d\d)? [+-]\d{4}$|technical details of|message will be retried|gmail will retry|no action is required|\(?expanded from|\(?ultimately generated|\(?generated from)/i;

/** One paragraph of `lines` that is the most like an answer: the first with a code, else the first of all. Null when they are empty. */
export function reasonIn(lines: readonly string[]): string | null {
  const paragraphs: string[][] = [];
  let current: string[] = [];
  for (const line of lines) {
    if (line === '' || NO_REASON.test(line)) {
      if (current.length > 0) paragraphs.push(current);
      current = [];
    } else if (current.length < MAX_ANSWER) current.push(line);
  }
  if (current.length > 0) paragraphs.push(current);
  const at = paragraphs.findIndex((paragraph) => paragraph.some((line) => CODE.test(line)));
  if (at < 0) return joinLines(paragraphs.find((paragraph) => !isHeading(paragraph)) ?? []);
  const chosen = refusalsOf(paragraphs[at] ?? []);
  // A reply whose lines are set apart (RFC 5321 4.2.1: every line but the last has a hyphen after the code).
  for (const next of paragraphs.slice(at + 1, at + MAX_ANSWER)) {
    const code = /^(\d{3})-/.exec(chosen.at(-1) ?? '')?.[1];
    if (code === undefined || next[0]?.startsWith(code) !== true) break;
    chosen.push(...next);
  }
  return joinLines(chosen);
}

/** Of a dialogue only what was refused. */
function refusalsOf(paragraph: readonly string[]): string[] {
  const isDialogue = paragraph.some((line) => ACCEPTED.test(line)) && paragraph.some((line) => REFUSED.test(line));
  return isDialogue ? paragraph.filter((line) => REFUSED.test(line)) : [...paragraph];
}

/** `For the following reason:` */
function isHeading(paragraph: readonly string[]): boolean {
  return paragraph.length === 1 && /[:\uff1a]$/.test(paragraph[0] ?? '');
}

/** The answers of a page whose recipients have no reason of their own. */
export interface Answers {
  /** Lines with which an answer begins. */
  readonly starts: ReadonlySet<number>;
  /** The first of them, else what stands behind a label. */
  readonly first: string | null;
}

export function answersOn(lines: readonly Line[]): Answers {
  const starts = new Set<number>();
  for (let i = 0; i < lines.length; i += 1) {
    const text = lines[i]?.text ?? '';
    if (text === '' || ACCEPTED.test(text) || !(REFUSAL.test(text) || CODE.test(text))) continue;
    if (CODE.test(text) || CODE.test(lines[i + 1]?.text ?? '')) starts.add(i);
  }
  const [first] = starts;
  return { starts, first: first === undefined ? labelled(lines) : answerAt(lines, first) };
}

function labelled(lines: readonly Line[]): string | null {
  for (let i = 0; i < lines.length; i += 1) {
    const text = lines[i]?.text ?? '';
    const label = LABEL.exec(text);
    if (label === null && !ANNOUNCED.test(text)) continue;
    const rest = label?.[1] ?? '';
    let next = i + 1;
    if (rest === '') while (next < lines.length && next < i + 3 && lines[next]?.text === '') next += 1;
    return joinLines([rest, ...paragraphAt(lines, next)]);
  }
  return null;
}

/** The line and those that go on with it: the same code, or a deeper indent. */
export function answerAt(lines: readonly Line[], start: number): string | null {
  const first = lines[start];
  if (first === undefined) return null;
  const taken = [first.text];
  const code = /(\d{3})-/.exec(first.text)?.[1];
  const isOpen = first.text.endsWith(':');
  for (let i = start + 1; i < lines.length && taken.length < MAX_ANSWER; i += 1) {
    const line = lines[i];
    if (line === undefined || line.text === '') break;
    const isSame = code !== undefined && line.text.replace(/^<<< ?/, '').startsWith(code);
    if (!isSame && line.indent <= first.indent && !(isOpen && taken.length === 1)) break;
    taken.push(line.text);
  }
  return joinLines(taken);
}

function paragraphAt(lines: readonly Line[], start: number): string[] {
  const taken: string[] = [];
  for (let i = start; i < lines.length && taken.length < MAX_ANSWER; i += 1) {
    const text = lines[i]?.text ?? '';
    if (text === '') break;
    taken.push(text);
  }
  return taken;
}

function joinLines(lines: readonly string[]): string | null {
  const text = lines
    .map((line) => line.replace(/^(?:<<<|\||:) ?/, ''))
    .join(' ')
    .trim();
  return text === '' ? null : cut(text, MAX_REASON);
}

/** Words before the host that answered, lower case. */
const BEFORE_HOST: readonly string[] = [
  // sendmail
  'while talking to ',
  // Exim, Postfix, United Internet
  'host: ',
  'host ',
  // MailFoundry, MDaemon
  'server ',
  // qmail
  'connected to ',
  // Sun, MailMarshal, Microsoft
  'remote system: dns;',
  'remote-mta: ',
  'remote mta: ',
  'remote server: ',
  'remote server ',
];

/** Words behind it. */
const BEHIND_HOST: readonly string[] = [
  ' does not like recipient',
  ' failed after i sent the message',
  ' did not like our',
];

/** Google names the domain first: `by the server for the recipient domain example.org by mx.example.org.` */
const GOOGLE = 'recipient domain ';

/** Characters searched for the host. */
const HOST_REACH = 2000;

const HOST = /<?([a-z0-9](?:[a-z0-9._-]{0,250}[a-z0-9])?)/iy;

/** The remote host that the words name; null where they name none. */
export function hostIn(words: string): string | null {
  const near = cut(words, HOST_REACH);
  const lower = near.toLowerCase();
  const domain = lower.indexOf(GOOGLE);
  const by = domain < 0 ? -1 : lower.indexOf(' by ', domain);
  if (by >= 0 && by - domain < 300) return hostAt(near, by + 4);
  for (const phrase of BEHIND_HOST) {
    const at = lower.indexOf(phrase);
    // An address of the host may stand between.
    const host = at < 0 ? null : hostAt(near, lower.lastIndexOf(' ', at - 1) + 1);
    const named =
      at < 0 || host !== null ? host : hostAt(near, lower.lastIndexOf(' ', lower.lastIndexOf(' ', at - 1) - 1) + 1);
    if (named !== null) return named;
  }
  for (const phrase of BEFORE_HOST) {
    for (let at = lower.indexOf(phrase), seen = 0; at >= 0 && seen < 4; at = lower.indexOf(phrase, at + 1), seen += 1) {
      const host = hostAt(near, at + phrase.length);
      if (host !== null) return host;
    }
  }
  return null;
}

/** A name with a dot, or an address literal. */
function hostAt(text: string, at: number): string | null {
  HOST.lastIndex = at;
  const host = HOST.exec(text)?.[1] ?? '';
  return host.includes('.') && text[at + host.length] !== '@' ? host : null;
}
