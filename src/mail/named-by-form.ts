// Recipients that a report names without a phrase: by the form of a line, in a transcript, behind a label, alone on a line. free-form.ts asks, the
// surest place first.
import { findAddresses } from './found-address.ts';
import { collectReason, END_OF_LIST, Gathering, type Named, note, noteAlias, RECIPIENT_LABEL } from './named.ts';
import type { Page } from './report-page.ts';

/** Lines that tell by their own form: `<address>: reason`, a transcript, a label. */
export function namedByForm(page: Page): Named[] {
  const named = new Gathering();
  const { lines } = page;
  let current: Named | null = null;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i];
    if (line === undefined) break;
    const { text } = line;
    if (text === '' || !text.includes('@')) {
      const listed: Named | null = current;
      if (listed !== null && text !== '' && END_OF_LIST.test(text)) current = null;
      else if (listed !== null) note(listed, text);
      continue;
    }
    const found = findAddresses(text);
    const [first] = found;
    const listed: Named | null = current;
    if (first === undefined) continue;
    // Postfix and qmail: the address in brackets, an alias in parentheses, a colon.
    const after = text.slice(first.end);
    const isQuoted = text.charAt(0) === '"' || text.charAt(0) === "'";
    if (
      (first.isBracketed &&
        first.start === 0 &&
        /^(?: \((?:expanded|generated) from:? [^()]{1,400}\))?:(?: |$)/.test(after)) ||
      (isQuoted && first.start <= 1 && /^["']?:(?: |$)/.test(after))
    ) {
      current = named.add(first.address, null);
      if (current !== null) {
        noteAlias(current, after);
        const rest = after.slice(after.search(/:(?: |$)/) + 1).trim();
        if (rest !== '') note(current, rest);
      }
      continue;
    }
    if (listed !== null) {
      noteAlias(listed, text);
      note(listed, text);
    }
  }
  return named.all();
}

/** What a session says: `>>> RCPT TO:<address>` with a refusal, `550 <address>... reason`. */
export function namedByTranscript(page: Page): Named[] {
  const named = new Gathering();
  const { lines } = page;
  // The sender may be refused, and is named then as a recipient is.
  const senders = new Set(lines.map(({ text }) => senderOf(text)));
  for (let i = 0; i < lines.length; i += 1) {
    const text = lines[i]?.text ?? '';
    if (!text.includes('@')) continue;
    const [first] = findAddresses(text);
    if (first === undefined || senders.has(first.address.toLowerCase())) continue;
    const before = text.slice(0, first.start);
    if (/\brcpt to: ?<?$/i.test(before)) {
      const refusal = lines
        .slice(i + 1, i + 4)
        .find((line) => /^(?:<<<|[a-z]{2,20}:|[a-z ]{2,40}:)? ?[45]\d\d[ -]/i.test(line.text));
      if (refusal !== undefined) collectReason(named.add(first.address, null), refusal.text);
    } else if (
      /^(?:<<< )?[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?<?$/.test(before) &&
      /^ ?(?:\.\.\.|:)/.test(text.slice(first.end))
    ) {
      const one = named.add(first.address, null);
      // What the remote host said, of which this is sendmail's summary.
      const answer = lines[i - 1]?.text ?? '';
      if (/^<<< ?[45]\d\d/.test(answer)) collectReason(one, answer);
      collectReason(one, text);
    }
  }
  return named.all();
}

function senderOf(text: string): string | null {
  const at = text.search(/\bmail from:/i);
  return at < 0 ? null : (findAddresses(text.slice(at))[0]?.address.toLowerCase() ?? null);
}

/** Lines with a label for recipients. */
export function namedByLabel(page: Page): Named[] {
  const named = new Gathering();
  for (const { text } of page.lines) {
    const label = text.includes('@') ? RECIPIENT_LABEL.exec(text) : null;
    if (label === null || /^to\s?:/i.test(text)) continue;
    for (const { address } of findAddresses(text.slice(label[0].length))) named.add(address, null);
  }
  return named.all();
}

/** Lines that are an address and nothing else. `parties` are those the report is between. */
export function namedAlone(page: Page, parties: ReadonlySet<string>): Named[] {
  const named = new Gathering();
  for (const { text } of page.lines) {
    if (!text.includes('@')) continue;
    const [first] = findAddresses(text);
    const isAlone =
      first !== undefined &&
      /^[-*\u2022 <"'(]*$/.test(text.slice(0, first.start)) &&
      /^[>"') .,;]*$/.test(text.slice(first.end));
    if (isAlone && !parties.has(first.address.toLowerCase())) named.add(first.address, null);
  }
  return named.all();
}
