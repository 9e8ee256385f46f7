// One mailbox from plain values (of YAML or of a program) to a MailboxConfig: each key by its table, then the rules between keys.
// Every rule is tried whatever else is wrong, so that all problems are told at once.
// The tables are in config-schema.ts, the account in config-imap.ts, the file around the mailboxes in config.ts.

import { resolve } from 'node:path';
import type { Values } from './config-field.ts';
import { loginOf, readImap } from './config-imap.ts';
import { configInvalid, didYouMean, type Path } from './config-problems.ts';
import { isMap, type Reading, readMap, take, takeDuration } from './config-read.ts';
import { DISPOSE_FIELDS, DISPOSE_WORDS, LIMITS, MAILBOX_FIELDS } from './config-schema.ts';
import { type Checked, checkCron, checkTimeZone, type Environment, sizeOctets } from './config-values.ts';
import type { Dispose, MailboxConfig } from './model.ts';

const DEFAULT_EVERY_MS = 60_000;
const DEFAULT_SIZE_LIMIT = 50 * 1024 * 1024;
/** The SPECIAL-USE attributes of RFC 6154 2 and RFC 8457 3. */
const SPECIAL_USE = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Important',
  '\\Junk',
  '\\Sent',
  '\\Trash',
] as const;

const DISPOSE_FORMS = `${DISPOSE_WORDS.join(', ')}, { move: NAME } or { flag: KEYWORD }`;

/** Reads a list of mailboxes; names must differ. Mailboxes with problems are left out of the result. */
export function readMailboxes(list: readonly unknown[], path: Path, reading: Reading): MailboxConfig[] {
  const first = new Map<string, number>();
  const drained = new Map<string, number>();
  return list.flatMap((item, index) => {
    const here = [...path, index];
    if (!isMap(item)) {
      reading.problems.push({ path: here, text: 'must be a map with name, imap and dispose' });
      return [];
    }
    const { name } = item;
    if (typeof name === 'string') {
      const before = first.get(name);
      if (before === undefined) first.set(name, index);
      else
        reading.problems.push({
          path: [...here, 'name'],
          text: `is the name of mailboxes[${before}] already; names must differ`,
        });
    }
    const mailbox = readMailbox(item, here, reading);
    if (mailbox === null) return [];
    const place = placeOf(mailbox);
    const twin = drained.get(place);
    if (twin === undefined) drained.set(place, index);
    // The same mailbox written twice has the same name, too, and one problem is enough.
    else if (first.get(mailbox.name) === index)
      reading.problems.push({
        path: here,
        text: `is the same account and folder as mailboxes[${twin}]; its mail would be stored twice, so keep one of them`,
      });
    return [mailbox];
  });
}

function placeOf(mailbox: MailboxConfig): string {
  return JSON.stringify([loginOf(mailbox), mailbox.folder]);
}

function readMailbox(map: Readonly<Record<string, unknown>>, path: Path, reading: Reading): MailboxConfig | null {
  const problemsBefore = reading.problems.length;
  const values = readMap(MAILBOX_FIELDS, map, path, reading, ['imap', 'dispose']);
  const at = (key: string) => [...path, key];
  const imap = readImap(map.imap, at('imap'), reading);
  const folder = values.folder === undefined ? 'INBOX' : take(checkFolder(values.folder), at('folder'), reading);
  const schedule = readSchedule(map, values, path, reading);
  const dispose = readDispose(map.dispose, values.forever, path, reading);
  if (dispose?.kind === 'keep' && values.after !== undefined) {
    reading.problems.push({
      path: at('after'),
      text: 'has no meaning with `dispose: keep`, which never takes a message away; remove one of them',
    });
  }
  if (folder !== undefined && dispose !== null && sameMailbox(dispose, folder)) {
    reading.problems.push({
      path: at('dispose'),
      text: 'moves messages to the mailbox that is drained; name another one',
    });
  }
  const afterMs =
    values.after === undefined
      ? 0
      : takeDuration(values.after, [1000, LIMITS.afterMaxMs], MAILBOX_FIELDS.after.wrong, at('after'), reading);
  const sizeLimit = readSizeLimit(values.sizeLimit, at('sizeLimit'), reading);
  if (reading.problems.length > problemsBefore) return null;
  const { name } = values;
  // Without a problem each of these is there; the test is for the compiler.
  if (!name || !imap || folder === undefined || !dispose || afterMs === undefined || sizeLimit === undefined)
    return null;
  const { expunge = 'safe', unmatched = 'dispose' } = values;
  return { name, imap, folder, ...schedule, dispose, afterMs, expunge, sizeLimit, unmatched };
}

function readSizeLimit(size: string | number | undefined, path: Path, reading: Reading): number | undefined {
  if (size === undefined) return DEFAULT_SIZE_LIMIT;
  const octets = sizeOctets(size);
  const fits = octets !== null && octets >= LIMITS.sizeMin && octets <= LIMITS.sizeMax;
  return take(fits ? { value: octets } : { wrong: MAILBOX_FIELDS.sizeLimit.wrong }, path, reading);
}

/** A name stays as it is, but INBOX in any case is INBOX (RFC 9051 5.1); an attribute gets the spelling of RFC 6154. */
function checkFolder(folder: string): Checked<string> {
  if (folder.toUpperCase() === 'INBOX') return { value: 'INBOX' };
  if (!folder.startsWith('\\')) return { value: folder };
  const attribute = SPECIAL_USE.find((known) => known.toLowerCase() === folder.toLowerCase());
  if (attribute !== undefined) return { value: attribute };
  const near = didYouMean(folder, SPECIAL_USE);
  return {
    wrong: `is not a SPECIAL-USE attribute; ${near === null ? `the known ones are ${SPECIAL_USE.join(', ')}` : `did you mean ${near}?`}`,
  };
}

/** `folder` is as checkFolder() spells it; names other than INBOX are compared by the letter. */
function sameMailbox(dispose: Dispose, folder: string): boolean {
  if (dispose.kind === 'trash') return folder === '\\Trash';
  if (dispose.kind !== 'move') return false;
  return dispose.to === folder || (folder === 'INBOX' && dispose.to.toUpperCase() === 'INBOX');
}

function readSchedule(
  map: Readonly<Record<string, unknown>>,
  values: Values<typeof MAILBOX_FIELDS>,
  path: Path,
  reading: Reading,
): Pick<MailboxConfig, 'everyMs' | 'cron' | 'tz'> {
  const bounds = [LIMITS.everyMinMs, LIMITS.everyMaxMs] as const;
  const everyMs = takeDuration(values.every, bounds, MAILBOX_FIELDS.every.wrong, [...path, 'every'], reading) ?? null;
  const cron = values.cron === undefined ? undefined : take(checkCron(values.cron), [...path, 'cron'], reading);
  const tz = values.tz === undefined ? undefined : take(checkTimeZone(values.tz), [...path, 'tz'], reading);
  if (map.every !== undefined && map.cron !== undefined) {
    reading.problems.push({
      path: [...path, 'cron'],
      text: 'stands beside every; a mailbox has one schedule, so remove one of them',
    });
  }
  if (map.tz !== undefined && map.cron === undefined) {
    reading.problems.push({ path: [...path, 'tz'], text: 'has a meaning only beside cron; remove it or write cron' });
  }
  if (cron !== undefined) return { everyMs: null, cron, tz: tz ?? 'UTC' };
  return { everyMs: everyMs ?? DEFAULT_EVERY_MS, cron: null, tz: null };
}

function readDispose(value: unknown, forever: boolean | undefined, path: Path, reading: Reading): Dispose | null {
  const here = [...path, 'dispose'];
  const dispose = disposeOf(value, here, reading);
  if (forever === true && dispose !== null && dispose.kind !== 'delete') {
    reading.problems.push({ path: [...path, 'forever'], text: 'has a meaning only with `dispose: delete`; remove it' });
  }
  return dispose?.kind === 'delete' ? { kind: 'delete', forever: forever ?? false } : dispose;
}

function disposeOf(value: unknown, path: Path, reading: Reading): Dispose | null {
  const wrong = (text: string) => {
    reading.problems.push({ path, text });
    return null;
  };
  if (value === undefined || value === null) {
    return wrong(`is missing; say what happens to stored messages on the server: ${DISPOSE_FORMS}`);
  }
  const word = DISPOSE_WORDS.find((known) => known === value);
  if (word === 'delete') return { kind: 'delete', forever: false };
  if (word !== undefined) return { kind: word };
  if (!isMap(value)) {
    const near = typeof value === 'string' ? didYouMean(value, DISPOSE_WORDS) : null;
    return wrong(near === null ? `must be ${DISPOSE_FORMS}` : `must be ${DISPOSE_FORMS}; did you mean "${near}"?`);
  }
  if (Object.hasOwn(value, 'delete'))
    return wrong('has `delete` as a map; write `dispose: delete` and, beside it, `forever: true`');
  const before = reading.problems.length;
  const { move, create, flag } = readMap(DISPOSE_FIELDS, value, path, reading);
  if (reading.problems.length > before) return null;
  if (move !== undefined && flag === undefined) return { kind: 'move', to: move, create: create ?? false };
  if (flag !== undefined && move === undefined && create === undefined) return { kind: 'flag', keyword: flag };
  return wrong(`must be ${DISPOSE_FORMS}; \`create\` goes with \`move\` only`);
}

/**
 * Mailboxes that a program gives as plain objects, in the words of maildrain.yaml. `password` may also be a function that returns the
 * password or a promise of it. Relative paths start at `cwd`. An empty list is allowed: a fleet may have no mailbox yet.
 * @throws MaildrainError CONFIG_INVALID with all problems, one per line as `mailboxes[0].imap.port: ...`
 */
export function checkMailboxes(
  input: readonly unknown[],
  options: { readonly env?: Environment; readonly cwd?: string } = {},
): MailboxConfig[] {
  const reading: Reading = { dir: resolve(options.cwd ?? '.'), env: options.env ?? process.env, problems: [] };
  const mailboxes = readMailboxes(input, ['mailboxes'], reading);
  if (reading.problems.length > 0) throw configInvalid(reading.problems);
  return mailboxes;
}
