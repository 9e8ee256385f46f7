// The `retention` map: how long what is stored is kept. What goes by it, and how, is store/retention.ts.

import { resolve } from 'node:path';
import { configInvalid, type Path } from './config-problems.ts';
import { isMap, type Reading, readMap, takeDuration } from './config-read.ts';
import { FOREVER } from './config-schema-reports.ts';
import { RETENTION_FIELDS } from './config-schema-retention.ts';
import type { Retention } from './model-admin.ts';

const DAY_MS = 86_400_000;
/** A hundred years; what is meant to last longer is `forever`. */
const MAX_MS = 36_500 * DAY_MS;

/** Mail is kept until its owner says otherwise: it is gone from the server. What only served its moment goes. */
export const DEFAULT_RETENTION: Retention = {
  raw: null,
  messages: null,
  reports: null,
  events: 30 * DAY_MS,
  runs: 90 * DAY_MS,
  audit: null,
  ledger: null,
};

/** Null when something is wrong, which is then noted. */
export function readRetention(value: unknown, path: Path, reading: Reading): Retention | null {
  if (value === undefined) return DEFAULT_RETENTION;
  if (!isMap(value)) {
    const needed = 'a map such as { raw: 90d, messages: 400d }';
    reading.problems.push({ path, text: value === null ? `is empty; it must be ${needed}` : `must be ${needed}` });
    return null;
  }
  const before = reading.problems.length;
  const values = readMap(RETENTION_FIELDS, value, path, reading);
  const span = (key: keyof Retention): number | null => {
    const text = values[key];
    if (text === undefined) return DEFAULT_RETENTION[key];
    if (text === FOREVER) return null;
    return takeDuration(text, [DAY_MS, MAX_MS], RETENTION_FIELDS[key].wrong, [...path, key], reading) ?? null;
  };
  const retention = {
    raw: span('raw'),
    messages: span('messages'),
    reports: span('reports'),
    events: span('events'),
    runs: span('runs'),
    audit: span('audit'),
    ledger: span('ledger'),
  };
  return reading.problems.length > before ? null : retention;
}

/**
 * What a program gives as `retention`, in the words of maildrain.yaml.
 * @throws MaildrainError CONFIG_INVALID with all problems
 */
export function checkRetention(value: unknown): Retention {
  const reading: Reading = { dir: resolve('.'), env: {}, problems: [] };
  const retention = readRetention(value, ['retention'], reading);
  if (retention === null || reading.problems.length > 0) throw configInvalid(reading.problems);
  return retention;
}
