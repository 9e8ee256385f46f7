// How a map of the configuration is read by a table: each key by itself, unknown keys with a suggestion, every problem noted and none
// thrown. The tables are in config-schema.ts and config-schema-reports.ts.

import type { Fields, Values } from './config-field.ts';
import { didYouMean, type Path, type Problem } from './config-problems.ts';
import { type Checked, durationMs, type Environment } from './config-values.ts';

/** What reading needs besides the value: where relative paths start, the variables, and the list that problems go to. */
export interface Reading {
  readonly dir: string;
  readonly env: Environment;
  readonly problems: Problem[];
}

/** Whether the value is a map of keys (and not a list, a date or another object of a program). */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** How unknown keys are told: `suggest` shows them, `near` only where one of ours is similar, `hide` never (inside of `password`). */
type Echo = 'suggest' | 'near' | 'hide';

/** A key that reads like one. Others are often values: `password:hunter2` in brackets is a key without a value. */
const KEY = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;

/**
 * The values of a map that fit their table; those that do not are reported and left out. Keys in `nested` are known here and read by
 * the caller.
 */
export function readMap<F extends Fields>(
  fields: F,
  map: Readonly<Record<string, unknown>>,
  path: Path,
  { problems }: Reading,
  nested: readonly string[] = [],
  echo: Echo = 'suggest',
): Values<F> {
  const known = [...Object.keys(fields), ...nested];
  for (const key of Object.keys(map)) {
    if (!known.includes(key)) problems.push(unknownKey(key, map[key], path, known, echo));
  }
  const values: Record<string, unknown> = {};
  for (const [key, { schema, wrong, required }] of Object.entries(fields)) {
    const value = Object.hasOwn(map, key) ? map[key] : undefined;
    if (value === undefined) {
      if (required === true) problems.push({ path: [...path, key], text: `is missing; it ${wrong}` });
      continue;
    }
    const result = schema.safeParse(value);
    if (result.success) values[key] = result.data;
    else problems.push({ path: [...path, key], text: value === null ? `is empty; it ${wrong}` : wrong });
  }
  return values as Values<F>;
}

function unknownKey(key: string, value: unknown, path: Path, known: readonly string[], echo: Echo): Problem {
  const near = didYouMean(key, known);
  const shown =
    KEY.test(key) &&
    value !== null &&
    value !== undefined &&
    (echo === 'suggest' || (echo === 'near' && near !== null));
  const advice =
    near === null || !(shown || echo === 'hide') ? `the keys here are ${known.join(', ')}` : `did you mean "${near}"?`;
  if (shown) return { path: [...path, key], text: `unknown key; ${advice}` };
  const hint = 'if it belongs to a value, put quotes around that; a colon needs a space after it';
  return {
    path: [...path, key],
    hideKey: true,
    text: `an unknown key (not shown); ${advice}${advice.endsWith('?') ? '' : `; ${hint}`}`,
  };
}

/** The value of a check, or undefined after its problem is noted. */
export function take<T>(checked: Checked<T>, path: Path, { problems }: Reading): T | undefined {
  if ('value' in checked) return checked.value;
  problems.push({ path, text: checked.wrong });
  return undefined;
}

/** A duration between bounds in milliseconds. `wrong` names the bounds. */
export function takeDuration(
  text: string | undefined,
  [min, max]: readonly [number, number],
  wrong: string,
  path: Path,
  reading: Reading,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  return take(ms !== null && ms >= min && ms <= max ? { value: ms } : { wrong }, path, reading);
}
