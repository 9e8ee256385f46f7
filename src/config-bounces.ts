// The `bounces` map: which addresses reports come back to, what their tags are signed with, and which fields of the returned message are kept.
// The tables are in config-schema-reports.ts; tags are made and read in mail/verp.ts and mail/correlation.ts.

import type { Path } from './config-problems.ts';
import { isMap, type Reading, readMap, take } from './config-read.ts';
import { LIMITS } from './config-schema.ts';
import { BOUNCES_FIELDS, PATTERN } from './config-schema-reports.ts';
import { readSecrets } from './config-secret.ts';
import { type Checked, checkHost } from './config-values.ts';
import type { SecretSource } from './model.ts';
import type { VerpPattern } from './model-pipeline.ts';

/** What ties reports to what was sent; as CorrelationRules of mail/correlation.ts, with secrets that are still to be fetched. */
export interface BouncesConfig {
  readonly patterns: readonly VerpPattern[];
  /** The first signs, all verify. */
  readonly secrets: readonly SecretSource[];
  /** Lower-case names, each once. */
  readonly headers: readonly string[];
}

const NOTHING: BouncesConfig = { patterns: [], secrets: [], headers: [] };

/** Null when something is wrong, which is then noted. */
export function readBounces(value: unknown, path: Path, reading: Reading): BouncesConfig | null {
  if (value === undefined) return NOTHING;
  if (!isMap(value)) {
    const needed = 'a map with verp, secret or headers';
    reading.problems.push({ path, text: value === null ? `is empty; it must be ${needed}` : `must be ${needed}` });
    return null;
  }
  const before = reading.problems.length;
  const at = (key: string) => [...path, key];
  const values = readMap(BOUNCES_FIELDS, value, path, reading, ['secret'], 'near');
  const patterns = (values.verp ?? []).flatMap(
    (text, index) => take(parsePattern(text), [...at('verp'), index], reading) ?? [],
  );
  const secrets = value.secret === undefined ? [] : readSecrets(value.secret, LIMITS.tagSecrets, at('secret'), reading);
  // With a wrong verp it is not known what it would have held.
  const isVerpRead = value.verp === undefined || values.verp !== undefined;
  if (value.secret !== undefined && isVerpRead && !(values.verp ?? []).some((text) => text.includes('{token}'))) {
    reading.problems.push({
      path: at('secret'),
      text: 'has a meaning only with a {token} in verp, such as "bounces+{token}@example.com"; add one or remove it',
    });
  }
  if (reading.problems.length > before) return null;
  return { patterns, secrets, headers: [...new Set((values.headers ?? []).map((name) => name.toLowerCase()))] };
}

/** `bounces+{token}@example.com` taken apart. */
export function parsePattern(text: string): Checked<VerpPattern> {
  const [, before = '', holds, after = ''] = PATTERN.exec(text) ?? [];
  if (holds !== 'token' && holds !== 'address') return { wrong: BOUNCES_FIELDS.verp.wrong };
  // RFC 5322 3.2.3 dot-atom; a tag neither begins nor ends with a dot.
  if (`${before}x${after}`.split('.').includes(''))
    return { wrong: 'has a dot at an end of its local part, or two in a row; no mail can be sent to that' };
  const domain = checkHost(text.slice(text.lastIndexOf('@') + 1));
  if ('wrong' in domain || /^[\d.]+$|\.$/.test(domain.value))
    return { wrong: 'must end in @ and a domain name, such as @example.com' };
  return {
    value: { holds, before: before.toLowerCase(), after: after.toLowerCase(), domain: domain.value },
  };
}
