// Recipients that stand behind, below or before a phrase, and the lines that belong to each. The phrases are data in families.ts; free-form.ts asks.
import type { Action } from '../model-reading.ts';
import { type FoundAddress, findAddresses } from './found-address.ts';
import {
  alias,
  collectReason,
  END_OF_LIST,
  EXPANDED,
  Gathering,
  type Named,
  note,
  noteAlias,
  ORIGINAL_LABEL,
  RECIPIENT_LABEL,
} from './named.ts';
import type { Page } from './report-page.ts';
import type { Hit } from './report-phrases.ts';

/** Lines with words between a heading and the first address below it. */
const MAX_LINES_BEFORE = 6;

/** Lines within which a phrase that comes again names somebody: its own, an empty one, the first of a list. */
const LINES_TO_NAME = 3;

/** Characters between the words of a sentence and its address. */
const MAX_GAP = 90;

/** Characters that hold that and the longest address (found-address.ts: 200, 255, and its brackets). */
const MAX_NEAR = MAX_GAP + 500;

/**
 * Characters read behind all phrases of a page together. A page has 48 K, and each phrase is followed to where it names the next: ten pages
 * are more than any report needs, and end what phrases that name nobody would make of it, a page for each of a thousand.
 */
const MAX_WALKED = 10 * 48 * 1024;

/** Exchange says when it was, behind the address. */
const WHEN = /^on (?:\w{3},|\d{1,2}\/)/;

/** Blanks by which the lines of one list differ; reasons are two or more deeper. */
const RAGGED = 1;

/** What ends the part of a sentence in which its recipient stands. */
const TURN = /[.!?] |\b(?:because|from|by)\b/i;

const BULLET = /^(?:[-*>+\u2022\u00b7=#|~:]{1,10} ?|\d{1,3}[.)] ?|rcpt(?: to)?: ?)?/i;

/** From the phrases that are followed by recipients. */
export function namedByPhrases(page: Page, hits: readonly Hit[], kinds: readonly Hit['gives'][]): Named[] {
  const named = new Gathering();
  let end = 0;
  const wanted = hits.filter((hit) => kinds.includes(hit.gives) && !isField(page, hit));
  const repeats = repeatsOf(page, wanted);
  const budget = { characters: MAX_WALKED };
  for (const [index, hit] of wanted.entries()) {
    if (hit.start < end) continue;
    end = hit.end;
    const action = hit.gives === 'failed' || hit.gives === 'delayed' || hit.gives === 'delivered' ? hit.gives : null;
    const next = wanted
      .slice(index + 1, index + 30)
      .find((other) => other.gives !== hit.gives && other.start >= hit.end);
    const stop = Math.min(
      next === undefined ? page.lines.length : page.place(next.start).line,
      repeats[index] ?? page.lines.length,
    );
    if (budget.characters > 0) behind(page, hit, action, stop, named, budget);
  }
  return named.all();
}

/** The line on which the same phrase stands again and names somebody: from there on its next occurrence is asked. */
function repeatsOf(page: Page, hits: readonly Hit[]): (number | undefined)[] {
  const lines = new Map<string, number>();
  const repeats: (number | undefined)[] = [];
  for (let index = hits.length - 1; index >= 0; index -= 1) {
    const hit = hits[index];
    if (hit === undefined) continue;
    const words = page.flat.slice(hit.start, hit.end);
    repeats[index] = lines.get(words);
    const { line } = page.place(hit.start);
    // A reason may have the words as well, and is the reason of who was named before.
    if (page.lines.slice(line, line + LINES_TO_NAME).some(({ text }) => text.includes('@'))) lines.set(words, line);
  }
  return repeats;
}

/** `Your message` above a quoted `To:` is no phrase. */
function isField(page: Page, hit: Hit): boolean {
  return page.flat.startsWith(' to', hit.end - 3) && page.flat[hit.end] === ':' && page.place(hit.end - 2).column === 0;
}

/** The addresses in the sentence after the phrase and at the beginning of lines below it. */
function behind(
  page: Page,
  hit: Hit,
  action: Action | null,
  stop: number,
  named: Gathering,
  budget: { characters: number },
): void {
  const from = page.place(hit.end - 1);
  const { lines } = page;
  let current: Named | null = null;
  let indent = -1;
  let wordy = 0;
  let above: string[] = [];
  let isSentence = true;
  // Named in the middle of a sentence: no list follows.
  let isInline = false;
  let isClosed = false;
  let gap = 0;
  const take = (found: FoundAddress, text: string): void => {
    current = named.add(found.address, action);
    const rest = text.slice(found.end).replace(/^[>"')\]]?[ ,;:.]*/, '');
    if (current === null) return;
    noteAlias(current, text.slice(found.end));
    if (rest !== '' && !WHEN.test(rest)) note(current, rest);
  };
  for (let i = from.line; i < lines.length && i <= Math.max(stop, from.line); i += 1) {
    const line = lines[i];
    if (line === undefined) break;
    const isFirst = i === from.line;
    if (!isFirst && i >= stop) break;
    const text = isFirst ? line.text.slice(from.column + 1) : line.text;
    budget.characters -= text.length + 1;
    if (budget.characters < 0) break;
    if (text === '') {
      if (current !== null) note(current, '');
      if (!isFirst) isSentence = false;
      above = [];
      continue;
    }
    if (!isFirst && END_OF_LIST.test(text)) break;
    const found = findAddresses(text);
    const [first] = found;
    if (isSentence && first !== undefined && gap + first.start <= MAX_GAP && !TURN.test(text.slice(0, first.start))) {
      // In the sentence itself: all of an enumeration, the others belong to the reason.
      let upTo = first.end;
      take(first, text);
      for (const more of found.slice(1)) {
        if (!/^[\s,;&<>"']*(?:and|und|et|y|e)?[\s<"']*$/i.test(text.slice(upTo, more.start))) break;
        take(more, text);
        upTo = more.end;
      }
      isSentence = false;
      isInline = isFirst;
      if (!isFirst) indent = line.indent;
      continue;
    }
    if (isSentence) {
      gap += text.length + 1;
      if (gap > MAX_GAP || /[.:!?]$/.test(text) || /[.!?] /.test(text)) isSentence = false;
    }
    const isBelow = !isFirst && !(isInline && lines[i - 1]?.text === '');
    if (!isBelow && !isFirst) isClosed = true;
    const opening = isBelow && !isClosed ? openingAddress(text, found) : null;
    const listed: Named | null = current;
    if (opening !== null && listed !== null && (EXPANDED.test(text) || ORIGINAL_LABEL.test(text))) {
      alias(listed, opening.address);
    } else if (opening !== null && (indent < 0 || line.indent <= indent + RAGGED)) {
      indent = Math.max(indent, line.indent);
      take(opening, EXPANDED.test(text) ? '' : text);
      // sendmail and Exim name a program first, then whose it is.
      if (EXPANDED.test(text)) for (const before of above) collectReason(current, before);
    } else if (listed !== null) {
      noteAlias(listed, text);
      note(listed, text);
    } else if (!isFirst) {
      above.push(text);
      wordy += 1;
      if (wordy > MAX_LINES_BEFORE) break;
    }
  }
}

/** The address with which a line begins, or that stands behind a label of recipients or a display name there. */
function openingAddress(text: string, found: readonly FoundAddress[]): FoundAddress | null {
  const [first, second] = found;
  if (first === undefined) return null;
  // An address as the name of an address.
  if (second?.isBracketed && !first.isBracketed && text.slice(first.end, second.start).trim() === '') {
    return openingAddress(text, [second]) ?? second;
  }
  const bullet = BULLET.exec(text)?.[0].length ?? 0;
  const before = text.slice(Math.min(bullet, first.start), first.start);
  if (/^["'(<[{]{0,2}$/.test(before) || /^c=\w/i.test(before)) return first;
  const label = RECIPIENT_LABEL.exec(text.slice(bullet));
  if (label !== null && first.start - bullet <= label[0].length + 2) return first;
  if (EXPANDED.test(text) || ORIGINAL_LABEL.test(text)) return first;
  // `Name <address>`, as Exchange and Microsoft 365 write it.
  return first.isBracketed && before.length <= 60 && !/[.:;,!?]/.test(before) && text.slice(first.end).trim() === ''
    ? first
    : null;
}

/** From the phrases that stand behind their recipient. */
export function namedBefore(page: Page, hits: readonly Hit[]): Named[] {
  const named = new Gathering();
  for (const hit of hits) {
    if (hit.gives !== 'after') continue;
    const at = page.place(hit.start);
    let near = page.lines[at.line]?.text.slice(0, at.column) ?? '';
    for (let above = at.line - 1, seen = 0; above >= 0 && seen < 3 && !near.includes('@'); above -= 1, seen += 1) {
      const text = page.lines[above]?.text ?? '';
      if (/[.!?]$/.test(text)) break;
      near = `${text} ${near}`;
    }
    // No more than an address within reach of the phrase takes, for a line may have a hundred phrases.
    near = near.slice(-MAX_NEAR);
    const last = findAddresses(near).at(-1);
    if (last !== undefined && near.length - last.end <= MAX_GAP) {
      collectReason(named.add(last.address, null), page.lines[at.line]?.text ?? '');
    }
  }
  return named.all();
}
