// What is wrong with a configuration, collected so that all of it can be told at once. A message names the place and the rule,
// never the value that stands there: a value may be a secret in the wrong place.
// The rules are in config-schema.ts and config-mailbox.ts; lines come from config-yaml.ts.

import { MaildrainError, printable } from './errors.ts';

/** Keys and list positions from the top of the document. */
export type Path = readonly (string | number)[];

/** One problem: where it is and what to do about it. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
  /** Only where there is no path yet (syntax). */
  readonly line?: number;
  /** The last step is a key that may be a piece of a secret: it gives the line and is not shown. */
  readonly hideKey?: boolean;
}

/** The line, counted from 1, on which a path (or, if it is absent, its nearest parent) stands. */
export type LineOf = (path: Path) => number;

/** A person corrects the first screens and runs the check again. */
const MAX_SHOWN = 100;

/** Longer words are not typing mistakes of our keys, and the comparison costs the product of both lengths. */
const MAX_WORD = 40;

/** What people write for our keys because other programs call them so. */
const SYNONYMS: Readonly<Record<string, string>> = {
  username: 'user',
  login: 'user',
  pass: 'password',
  passwd: 'password',
  pwd: 'password',
  server: 'host',
  hostname: 'host',
  ssl: 'tls',
  security: 'tls',
  ca: 'caFile',
  mailbox: 'folder',
  interval: 'every',
  schedule: 'cron',
  timezone: 'tz',
  action: 'dispose',
  database: 'postgres',
  databaseUrl: 'postgres',
  redisUrl: 'redis',
  accounts: 'mailboxes',
  webhooks: 'events',
  url: 'webhook',
  suppressions: 'suppression',
  duration: 'for',
  window: 'within',
  threshold: 'after',
  count: 'after',
};

/** The known word that was probably meant, or null: a synonym, or at most two typing mistakes away (one in short words). */
export function didYouMean(word: string, known: readonly string[]): string | null {
  if (word.length > MAX_WORD) return null;
  const synonym = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : undefined;
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  let best: string | null = null;
  let bestDistance = word.length <= 4 ? 2 : 3;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}

/** `mailboxes[0].imap.port` */
export function pathText(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .map(printable)
    .join('');
}

/**
 * The error that tells all problems, one per line as `file:line: path: text`, in the order of the file. Without `file` (mailboxes
 * given by a program) a line is `path: text`.
 */
export function configInvalid(problems: readonly Problem[], file?: string, lineOf: LineOf = () => 1): MaildrainError {
  const placed = problems.map((problem) => ({
    ...problem,
    line: file === undefined ? 0 : (problem.line ?? lineOf(problem.path)),
  }));
  placed.sort((a, b) => a.line - b.line);
  const lines = placed.slice(0, MAX_SHOWN).map(({ path, text, line, hideKey }) => {
    const shown = hideKey === true ? path.slice(0, -1) : path;
    const place = file === undefined ? '' : `${printable(file)}:${line}: `;
    return shown.length === 0 ? `${place}${text}` : `${place}${pathText(shown)}: ${text}`;
  });
  if (placed.length > MAX_SHOWN) lines.push(`and ${placed.length - MAX_SHOWN} more`);
  return new MaildrainError('CONFIG_INVALID', lines.join('\n'));
}
