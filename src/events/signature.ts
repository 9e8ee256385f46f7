// The signature of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, version 1): HMAC-SHA256 over `id.timestamp.body`, so that a
// consumer can tell our events from anybody's and refuse old ones that are sent again.

import { createHmac } from 'node:crypto';
import { MaildrainError } from '../errors.ts';

const SECRET_PREFIX = 'whsec_';
/** The specification's bounds of a key, octets. */
const KEY_OCTETS = [24, 64] as const;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The key in a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`. @throws MaildrainError SECRET_UNAVAILABLE, without the secret */
export function signingKey(secret: string): Buffer {
  const encoded = secret.slice(SECRET_PREFIX.length);
  const key = Buffer.from(encoded, 'base64');
  const [least, most] = KEY_OCTETS;
  if (!secret.startsWith(SECRET_PREFIX) || !BASE64.test(encoded) || key.length < least || key.length > most) {
    throw new MaildrainError(
      'SECRET_UNAVAILABLE',
      `a webhook secret must be ${SECRET_PREFIX} and ${least} to ${most} octets in base64`,
    );
  }
  return key;
}

/** The three headers. Of several keys each signs: the consumer may know the old or the new one. */
export function signedHeaders(
  keys: readonly Buffer[],
  id: string,
  at: Date,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const sign = (key: Buffer) => createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => `v1,${sign(key)}`).join(' '),
  };
}
