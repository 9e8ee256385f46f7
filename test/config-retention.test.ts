// The `retention` map: durations and `forever`, defaults that keep mail, and every mistake with its path.

import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { checkRetention, DEFAULT_RETENTION } from '../src/config-retention.ts';

const DAY = 86_400_000;

const withRetention = (text: string) =>
  parseConfig(
    `postgres: embedded\nmailboxes:\n  - name: a\n    imap: { host: h.example, user: u, password: { env: P } }\n    dispose: keep\n${text}`,
    { file: 'maildrain.yaml', env: {} },
  ).retention;

describe('retention', () => {
  it('keeps mail, reports, the audit and the ledger for ever by default', () => {
    expect(withRetention('')).toEqual(DEFAULT_RETENTION);
    expect(DEFAULT_RETENTION).toMatchObject({ raw: null, messages: null, reports: null, audit: null, ledger: null });
    expect(checkRetention(undefined)).toEqual(DEFAULT_RETENTION);
  });

  it('takes durations, and forever in place of a default', () => {
    expect(withRetention('retention: { raw: 90d, events: forever, runs: 1d }')).toEqual({
      ...DEFAULT_RETENTION,
      raw: 90 * DAY,
      events: null,
      runs: DAY,
    });
    expect(checkRetention({ messages: '400d' }).messages).toBe(400 * DAY);
  });

  it.each([
    ['retention:', 'retention'],
    ['retention: 90d', 'retention'],
    ['retention: { raw: 12h }', 'retention.raw'],
    ['retention: { raw: 90 }', 'retention.raw'],
    ['retention: { raws: 90d }', 'did you mean "raw"'],
    ['retention: { ledger: never }', 'retention.ledger'],
  ])('refuses %s', (text, said) => {
    expect(() => withRetention(text)).toThrow(said);
  });
});
