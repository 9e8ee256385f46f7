// A message as mbox (RFC 4155, with the quoting of mboxrd, which alone can be undone): a From_ line, the message with its line ends as LF, an
// empty line. So the octets come back exactly when every line of the message ended in CRLF, which mail on the wire does.

import type { StoredFacts } from '../store/stored-mail.ts';

/** A tail without its line end is kept back so long as it may begin with ">From ". A longer line does so at its beginning or not at all. */
const MAX_KEPT = 1024;
/** RFC 4155 names the sender of the envelope; of one that is not known, or has spaces in it, it is this. */
const NOBODY = 'MAILER-DAEMON';

export async function* mboxLines(message: StoredFacts, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from(`From ${senderOf(message)} ${asctime(message.internalDate ?? message.storedAt)}\n`, 'latin1');
  // One character for each octet: nothing is decoded.
  let kept = '';
  let isMidLine = false;
  for await (const piece of pieces) {
    const text: string = kept + piece.toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    // A CR at the end may belong to an LF that is still to come.
    const cut = text.length - end <= MAX_KEPT ? end : text.length - (text.endsWith('\r') ? 1 : 0);
    kept = text.slice(cut);
    if (cut === 0) continue;
    const ready = text.slice(0, cut);
    yield quoted(ready, isMidLine);
    isMidLine = !ready.endsWith('\n');
  }
  if (kept !== '') yield quoted(kept, isMidLine);
  yield Buffer.from(kept === '' && !isMidLine ? '\n' : '\n\n');
}

function quoted(text: string, isMidLine: boolean): Buffer {
  // Without the flag `m`, which takes a CR for the end of a line.
  const lines = text.replaceAll('\r\n', '\n').replace(/(?<=\n)(?=>*From )/g, '>');
  return Buffer.from(!isMidLine && /^>*From /.test(lines) ? `>${lines}` : lines, 'latin1');
}

function senderOf({ fromAddress }: StoredFacts): string {
  return fromAddress !== null && /^[!-~]{1,320}$/.test(fromAddress) ? fromAddress : NOBODY;
}

/** `Thu Nov 24 18:22:48 1986`, in UTC. */
function asctime(date: Date): string {
  const [day, number, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${time} ${year}`;
}
