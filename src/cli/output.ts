// Writing for people and for programs. Data goes to stdout, everything else to stderr. Whatever comes from mail or from a server is made
// safe for a terminal here or by printable(): a subject may hold escape sequences. How values look as text is in words.ts.

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { unwritable } from '../admin/export-output.ts';
import { type MaildrainError, printable } from '../errors.ts';
import { columnWidth, cut } from './words.ts';

/** What of a stream is used, so that tests can give their own. */
export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Output {
  /** One line for people on stdout. The caller has made it safe. */
  line(text?: string): Promise<void>;
  /** One JSON document on a line of stdout. */
  json(value: unknown): Promise<void>;
  /** Exact octets on stdout. */
  octets(piece: Uint8Array | string): Promise<void>;
  /** One line for people on stderr. The caller has made it safe. */
  note(text: string): void;
  /** The reader of stdout has gone (`| head`), or it cannot be written: nothing more need be said there. */
  readonly closed: boolean;
  /** Why stdout could not be written, such as a full disk: what should stand there does not. Null: a reader that has gone wanted no more. */
  readonly failure: MaildrainError | null;
  /** stdout is a terminal. */
  readonly terminal: boolean;
  /** Width of that terminal; null: not one. */
  readonly width: number | null;
  /** A word in colour on stdout, where it is wanted. */
  paint(colour: Colour, text: string): string;
}

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
export type Colour = keyof typeof COLOURS;

/** no-color.org: set and not empty. `TERM=dumb` knows no sequences. */
export function wantsColour(stream: Stream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** Columns of a terminal; null: it is none, or does not know (a pseudo-terminal that nobody has given a size says 0). */
export function widthOf(stream: Stream): number | null {
  return stream.isTTY === true && stream.columns !== undefined && stream.columns > 0 ? stream.columns : null;
}

export function createOutput(stdout: Stream, stderr: Stream, env: NodeJS.ProcessEnv): Output {
  let closed = false;
  const coloured = wantsColour(stdout, env);
  let failure: MaildrainError | null = null;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // What is written after the first error meets a stream that is destroyed: the first one says why.
    if (!closed && error.code !== 'EPIPE') failure = unwritable('standard output', error);
    closed = true;
  });
  // A closed stderr leaves nobody to tell.
  stderr.on('error', () => {});
  const write = async (piece: Uint8Array | string): Promise<void> => {
    if (closed || stdout.write(piece)) return;
    // `drain` never comes on a closed pipe.
    const waiting = new AbortController();
    const { signal } = waiting;
    await Promise.race([once(stdout, 'drain', { signal }), once(stdout, 'close', { signal })]).catch(() => {});
    waiting.abort();
  };
  return {
    line: (text = '') => write(`${text}\n`),
    json: (value) => write(`${toJson(value)}\n`),
    octets: write,
    note: (text) => void stderr.write(`${text}\n`),
    get closed() {
      return closed || stdout.destroyed;
    },
    get failure() {
      return failure;
    },
    terminal: stdout.isTTY === true,
    width: widthOf(stdout),
    paint: (colour, text) => (coloured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text),
  };
}

/** What JSON.stringify leaves as it is and a terminal obeys: DEL, C1 controls, direction overrides and other invisible characters. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu;

/** JSON on one line, of characters that any terminal only shows. Reads back as the same value. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A cell: text, and a colour that does not count for its width. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

/** Rows under a heading in columns of equal width; the last column is cut where a terminal ends. Cells are made safe here. */
export async function table(
  out: Output,
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  const safe = rows.map((row) => row.map((cell) => ({ ...cell, text: printable(cell.text) })));
  const all = [heading.map((text): Cell => ({ text, colour: 'dim' })), ...safe];
  const last = heading.length - 1;
  const widths = heading.map((_, at) => Math.max(...all.map((row) => columnWidth(row[at]?.text ?? ''))));
  const used = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const room = out.width === null ? Number.POSITIVE_INFINITY : Math.max(10, out.width - used);
  for (const row of all) {
    const cells = row.map(({ text, colour }, at) => {
      const shown = at === last ? cut(text, room) : text;
      const pad = at === last ? '' : ' '.repeat((widths[at] ?? 0) - columnWidth(shown));
      return (colour === undefined ? shown : out.paint(colour, shown)) + pad;
    });
    await out.line(cells.join('  ').trimEnd());
  }
}

/** Facts as `name  value`, one a line. Values are made safe here; those that are null are left out. */
export async function facts(
  out: Output,
  pairs: readonly (readonly [name: string, value: string | null])[],
  indent = '',
): Promise<void> {
  const shown = pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  for (const [name, value] of shown)
    await out.line(`${indent}${out.paint('dim', name.padEnd(width))}  ${printable(value)}`);
}
