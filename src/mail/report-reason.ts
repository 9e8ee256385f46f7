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
/** Codes of a greeting or of success are no reason. */
const ACCEPTED = /^(?:<<<|>>>|[a-z]{2,8}: )? ?[23]\d\d[ -]/i;

const LABEL =
  /^(?:reason|reason for failure|error|error message|error text|error-text|error type|diagnostic(?: |-)?code|diagnostic|problem|cause|because|because of|explanation|details|status|failure reason|reject reason|remote server replied|server response|response|following error|grund|fehler|raison|erreur|cause de l'erreur|motivo|causa|errore|reden|\u043f\u0440\u0438\u0447\u0438\u043d\u0430|\u7406\u7531|\u539f\u56e0|\u9000\u4fe1\u539f\u56e0)(?: is| was|\(s\))?\s?[:\uff1a]\s?(.*)$/i;

/** One paragraph of `lines` that is the most like an answer: the first with a code, else the first of all. Null when they are empty. */
export function reasonIn(lines: readonly string[]): string | null {
  const paragraphs: string[][] = [];
  let current: string[] = [];
  for (const line of lines) {
    if (line === '') {
      if (current.length > 0) paragraphs.push(current);
      current = [];
    } else if (current.length < MAX_ANSWER) current.push(line);
  }
  if (current.length > 0) paragraphs.push(current);
  const at = paragraphs.findIndex((paragraph) => paragraph.some((line) => CODE.test(line)));
  if (at < 0) return joinLines(paragraphs.find((paragraph) => !isHeading(paragraph)) ?? []);
  const chosen = [...(paragraphs[at] ?? [])];
  // A reply whose lines are set apart (RFC 5321 4.2.1: every line but the last has a hyphen after the code).
  for (const next of paragraphs.slice(at + 1, at + MAX_ANSWER)) {
    const code = /^(\d{3})-/.exec(chosen.at(-1) ?? '')?.[1];
    if (code === undefined || next[0]?.startsWith(code) !== true) break;
    chosen.push(...next);
  }
  return joinLines(chosen);
}

/** `For the following reason:` */
function isHeading(paragraph: readonly string[]): boolean {
  return paragraph.length === 1 && /[:\uff1a]$/.test(paragraph[0] ?? '');
}

/** The answer in a page whose recipients have no reason of their own: in a transcript, or behind a label. `address` goes before others. */
export function reasonOnPage(lines: readonly Line[], address: string | null): string | null {
  const wanted = address?.toLowerCase() ?? null;
  let first = -1;
  for (let i = 0; i < lines.length; i += 1) {
    const text = lines[i]?.text ?? '';
    if (text === '' || ACCEPTED.test(text) || !(REFUSAL.test(text) || CODE.test(text))) continue;
    if (!CODE.test(text) && !CODE.test(lines[i + 1]?.text ?? '')) continue;
    if (first < 0) first = i;
    if (wanted !== null && text.toLowerCase().includes(wanted)) return answerAt(lines, i);
  }
  if (first >= 0) return answerAt(lines, first);
  for (let i = 0; i < lines.length; i += 1) {
    const label = LABEL.exec(lines[i]?.text ?? '');
    if (label === null) continue;
    const rest = label[1] ?? '';
    let next = i + 1;
    if (rest === '') while (next < lines.length && next < i + 3 && lines[next]?.text === '') next += 1;
    return joinLines([rest, ...paragraphAt(lines, next)]);
  }
  return null;
}

/** The line and those that go on with it: the same code, or a deeper indent. */
function answerAt(lines: readonly Line[], start: number): string | null {
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

const HOST = '([a-z0-9](?:[a-z0-9._-]{0,250}[a-z0-9])?)';
/** Words before and after the host that answered. */
const HOSTS: readonly RegExp[] = [
  // Exim, Postfix.
  new RegExp(`\\bhost:? ${HOST} ?[[(][0-9a-f.:]{3,45}[\\])]`, 'i'),
  // 1&1, Courier and others.
  new RegExp(`\\bhost: ${HOST}`, 'i'),
  // Google.
  new RegExp(`\\brecipient domain \\S{1,253} by ${HOST}`, 'i'),
  // sendmail.
  new RegExp(`\\bwhile talking to ${HOST}`, 'i'),
  // DragonFly.
  new RegExp(`^${HOST} \\[[0-9a-f.:]{3,45}\\] did not like`, 'i'),
  // MailFoundry, MDaemon.
  new RegExp(`\\bserver ${HOST} ?[[(][0-9a-f.:]{3,45}`, 'i'),
  // qmail.
  new RegExp(`\\bconnected to ${HOST} but`, 'i'),
  new RegExp(`${HOST} does not like recipient`, 'i'),
  new RegExp(`${HOST} failed after i sent the message`, 'i'),
  new RegExp(`\\bremote host ${HOST} said`, 'i'),
  // Sun, Microsoft.
  new RegExp(`\\bremote system: dns; ?${HOST}`, 'i'),
  new RegExp(`\\bremote[- ]mta: ?(?:dns; ?|<)?${HOST}`, 'i'),
  new RegExp(`^${HOST} #<?${HOST} #[45]`, 'i'),
];

/** Characters searched for the host. */
const HOST_REACH = 1000;

/** The remote host that the words name; null where they name none. */
export function hostIn(words: string): string | null {
  const near = cut(words, HOST_REACH);
  for (const pattern of HOSTS) {
    const host = pattern.exec(near)?.[1];
    if (host?.includes('.')) return host;
  }
  return null;
}
