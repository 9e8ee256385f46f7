// What every drain does with what mail reports, from the configuration: the policy, and the tags with their secrets, which are asked for once.

import type { Config } from './config.ts';
import type { DrainContext } from './drain/drain.ts';
import { correlate } from './mail/correlation.ts';
import { checkSecrets } from './mail/verp.ts';
import { resolveSecret } from './secrets.ts';

/**
 * @returns asks for the secrets at its first call, and again only after it failed
 * @throws MaildrainError SECRET_UNAVAILABLE, or CONFIG_INVALID for a secret that is too short
 */
export function bounceRules({
  bounces,
  suppression,
}: Pick<Config, 'bounces' | 'suppression'>): () => Promise<DrainContext['bounces']> {
  let asked: Promise<DrainContext['bounces']> | null = null;
  const ask = async (): Promise<DrainContext['bounces']> => {
    const secrets = await Promise.all(bounces.secrets.map((source) => resolveSecret(source)));
    if (secrets.length > 0) checkSecrets(secrets);
    const rules = { patterns: bounces.patterns, headers: bounces.headers, secrets };
    return { policy: suppression, correlate: (reading) => correlate(reading, rules) };
  };
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}
