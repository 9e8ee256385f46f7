// The octets of one message on stdout: exactly, as base64 in JSON, or readable where stdout is a terminal, which would obey what a stranger
// has written into a mail.

import { printable } from '../errors.ts';
import type { StoredMessage } from '../store/messages.ts';
import { type Output, toJson } from './output.ts';

/** Longest piece of a line that is shown at once on a terminal, characters. */
const MAX_LINE = 64 * 1024;

/**
 * @param json the message whose octets they are, for a JSON document; null: the octets themselves
 * @returns false when there were no octets at all, and nothing was written. An empty message has one empty piece
 */
export async function writeRaw(
  out: Output,
  octets: AsyncIterable<Buffer>,
  json: Pick<StoredMessage, 'id' | 'size' | 'sha256'> | null,
): Promise<boolean> {
  if (json !== null) return writeJson(out, octets, json);
  if (out.terminal) return writeReadable(out, octets);
  let found = false;
  for await (const piece of octets) {
    found = true;
    await out.octets(piece);
    if (out.closed) break;
  }
  return found;
}

async function writeJson(
  out: Output,
  octets: AsyncIterable<Buffer>,
  { id, size, sha256 }: Pick<StoredMessage, 'id' | 'size' | 'sha256'>,
): Promise<boolean> {
  let rest: Buffer | null = null;
  for await (const piece of octets) {
    if (rest === null) await out.octets(`${toJson({ id, size, sha256 }).slice(0, -1)},"base64":"`);
    const all: Buffer = rest === null ? piece : Buffer.concat([rest, piece]);
    // Three octets make four characters; what is over waits for the next piece.
    const whole = all.length - (all.length % 3);
    await out.octets(all.toString('base64', 0, whole));
    rest = all.subarray(whole);
    if (out.closed) break;
  }
  if (rest === null) return false;
  await out.octets(`${rest.toString('base64')}"}\n`);
  return true;
}

async function writeReadable(out: Output, octets: AsyncIterable<Buffer>): Promise<boolean> {
  const decoder = new TextDecoder();
  let line: string | null = null;
  for await (const piece of octets) {
    const lines: string[] = ((line ?? '') + decoder.decode(piece, { stream: true })).split('\n');
    line = lines.pop() ?? '';
    for (const each of lines) await out.line(printable(each.replace(/\r$/, '').replaceAll('\t', '    ')));
    if (line.length > MAX_LINE) {
      await out.octets(printable(line));
      line = '';
    }
    if (out.closed) break;
  }
  if (line === null) return false;
  if (line !== '') await out.line(printable(line));
  out.note('(shown for reading; redirect it to a file for the exact octets)');
  return true;
}
