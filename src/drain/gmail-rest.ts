// Gmail's write quarantine, for drains and jobs alike: what is written down when it begins, and what is thrown where work has to wait for its end.

import { MaildrainError } from '../errors.ts';
import { restWrites } from '../store/mailboxes.ts';
import type { Sql } from '../store/pool.ts';

/** Gmail lifts its write quarantine after about a day of little use (provider reports); every try before that prolongs it. */
const GMAIL_REST_MS = 24 * 60 * 60 * 1000;

/** `[THROTTLED]` was answered: nothing of the login writes to the server for a day. Returns what a job ends its turn with. */
export async function beginRest(sql: Sql, login: string): Promise<MaildrainError> {
  await restWrites(sql, login, new Date(Date.now() + GMAIL_REST_MS));
  return resting(GMAIL_REST_MS);
}

export function resting(ms: number): MaildrainError {
  return new MaildrainError(
    'SERVER_THROTTLED',
    'Gmail answered [THROTTLED]: writes on this account rest for a while, then the job goes on by itself',
    { retryAfterMs: ms },
  );
}
