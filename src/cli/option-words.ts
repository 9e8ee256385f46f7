// What a job takes besides its criteria, in the words in which it was asked for on the command line; an expiry's periods as the configuration has them.

import { duration } from './words.ts';

/** `--no-store --forever`; of an expiry `raw: 90d, runs: for ever`. Null: nothing was given. */
export function optionWords(kind: string, args: Readonly<Record<string, unknown>>): string | null {
  const words =
    kind === 'expire'
      ? Object.entries(args).map(([name, period]) => `${name}: ${periodWords(period)}`)
      : Object.entries(args).flatMap(([name, value]) => optionOf(name, value));
  if (words.length === 0) return null;
  return words.join(kind === 'expire' ? ', ' : ' ');
}

function periodWords(period: unknown): string {
  return typeof period === 'number' ? duration(period) : 'for ever';
}

function optionOf(name: string, value: unknown): string[] {
  const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (Array.isArray(value)) return value.flatMap((each) => optionOf(name, each));
  if (value === true) return name === 'store' ? [] : [option];
  // Storing is what a purge does unless it is told otherwise; the others are off unless they are given.
  if (value === false) return name === 'store' ? ['--no-store'] : [];
  return value === null || value === undefined ? [] : [`${option} ${quoted(String(value))}`];
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
