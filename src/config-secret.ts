// Where a secret comes from: `{ env }`, `{ file }` or `{ command }`, or in a program a function. No message shows a key or a value from here:
// whatever else stands there may be a piece of the secret. The secret itself is fetched when it is needed, in secrets.ts.

import { isAbsolute, resolve } from 'node:path';
import type { Path } from './config-problems.ts';
import { isMap, type Reading, readMap } from './config-read.ts';
import { SECRET_FIELDS } from './config-schema.ts';
import type { SecretSource } from './model.ts';

const FORMS = '{ env: NAME }, { file: PATH } or { command: [WORD, ...] }';

/** Null when something is wrong, which is then noted. */
export function readSecret(value: unknown, path: Path, reading: Reading): SecretSource | null {
  const wrong = (text: string) => {
    reading.problems.push({ path, text });
    return null;
  };
  if (value === undefined || value === null) return wrong(`is missing; write ${FORMS}`);
  // Only a program can hand over a function.
  if (typeof value === 'function') return { value: () => value() };
  if (!isMap(value)) return wrong(`must not stand here itself; write ${FORMS}`);
  const before = reading.problems.length;
  const { env, file, command } = readMap(SECRET_FIELDS, value, path, reading, [], 'hide');
  if (reading.problems.length > before) return null;
  if ([env, file, command].filter((each) => each !== undefined).length !== 1)
    return wrong(`must be exactly one of ${FORMS}`);
  if (env !== undefined) return { env };
  return file !== undefined ? { file: absolute(file, reading.dir) } : { command: command ?? [] };
}

/** One secret, or a list of up to `most` of them while one takes the place of another. */
export function readSecrets(value: unknown, most: number, path: Path, reading: Reading): SecretSource[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > most) {
    reading.problems.push({ path, text: `must be one of ${FORMS}, or a list of 1 to ${most} of them` });
    return [];
  }
  return list.flatMap((each, index) => readSecret(each, Array.isArray(value) ? [...path, index] : path, reading) ?? []);
}

/** A path of the configuration, which starts where the file is. */
export function absolute(path: string, dir: string): string {
  return isAbsolute(path) ? path : resolve(dir, path);
}
