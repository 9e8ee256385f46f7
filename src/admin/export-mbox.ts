// A message as mbox (RFC 4155, with the quoting of mboxrd, which alone can be undone): a From_ line, the message with its line ends as LF, an
// empty line. So the octets come back exactly when every line of the message ended in CRLF, which mail on the wire does.

import type { StoredFacts } from '../store/stored-mail.ts';

/** A tail without its line end is kept back up to so many octets; of a longer one only what may still become ">From ". */
const MAX_KEPT = 1024;
/** RFC 4155 names the sender of the envelope; of one that is not known, or has spaces in it, it is this. */
const NOBODY = 'MAILER-DAEMON';

export async function* mboxLines(message: StoredFacts, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from(`From ${senderOf(message)} ${asctime(message.internalDate ?? message.storedAt)}\n`, 'latin1');
  // One character for each octet: nothing is decoded.
  let kept = '';
  let line: Line = 'begins';
  for await (const piece of pieces) {
    const text: string = kept + piece.toString('latin1');
    const cut = cutOf(text, line);
    kept = text.slice(cut);
    if (cut === 0) continue;
    const ready = text.slice(0, cut);
    yield quoted(ready, line);
    line = lineAfter(ready, line);
  }
  if (kept !== '') yield quoted(kept, line);
  yield Buffer.from(kept === '' && line === 'begins' ? '\n' : '\n\n');
}

/** Where what was said of a message so far has ended: at the beginning of a line, after nothing but `>` of one, or further on in it. */
type Line = 'begins' | 'quotes' | 'goes on';

/** How much of a text can be said without knowing what follows it. */
function cutOf(text: string, line: Line): number {
  const end = text.lastIndexOf('\n') + 1;
  const tail = text.length - end;
  if (tail <= MAX_KEPT) return end;
  if (end > 0 || line !== 'goes on') {
    // One `>` more says the same wherever it stands among the others, so that all but the last word can go.
    const word = /^>*(F?|Fr|Fro|From)$/.exec(text.slice(end))?.[1];
    if (word !== undefined) return text.length - word.length;
  }
  // A CR at the end may belong to an LF that is still to come.
  return text.length - (text.endsWith('\r') ? 1 : 0);
}

function lineAfter(said: string, before: Line): Line {
  if (said.endsWith('\n')) return 'begins';
  const isBegun = !said.includes('\n') && before === 'goes on';
  return !isBegun && /^>*$/.test(said.slice(said.lastIndexOf('\n') + 1)) ? 'quotes' : 'goes on';
}

function quoted(text: string, line: Line): Buffer {
  // Without the flag `m`, which takes a CR for the end of a line.
  const lines = text.replaceAll('\r\n', '\n').replace(/(?<=\n)(?=>*From )/g, '>');
  return Buffer.from(line !== 'goes on' && /^>*From /.test(lines) ? `>${lines}` : lines, 'latin1');
}

function senderOf({ fromAddress }: StoredFacts): string {
  return fromAddress !== null && /^[!-~]{1,320}$/.test(fromAddress) ? fromAddress : NOBODY;
}

/** `Thu Nov 24 18:22:48 1986`, in UTC. */
function asctime(date: Date): string {
  const [day, number, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${time} ${year}`;
}
