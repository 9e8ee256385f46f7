// How many rows a list has at most: what fits into memory and a person's patience.

import { MaildrainError } from '../errors.ts';

export const MAX_LIMIT = 10_000;
export const DEFAULT_LIMIT = 50;

/** The limit as it is asked for, or the default. @throws MaildrainError REQUEST_INVALID: no whole number from 1 to MAX_LIMIT */
export function limitOf(limit: number = DEFAULT_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new MaildrainError('REQUEST_INVALID', `limit must be a whole number from 1 to ${MAX_LIMIT}`);
}
