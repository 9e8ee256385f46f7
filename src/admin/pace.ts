// How many messages of a plan are worked off at once. A slice cannot be left in the middle, and a drain of the same login waits for its end, for
// seconds and not for ever (drain.ts). Servers differ: one moves 500 messages in a blink, another copies each octet by octet. So the first slice is
// small, the more so the larger the messages of the plan are, and each one after it is as large as the time of the one before allows.

import { type Plan, SLICE_UIDS } from '../store/plans.ts';

/** Of the first slice. A server that copies 5 MB in a second is slow, and done with so many in some seconds. */
const FIRST_MESSAGES = 100;
const FIRST_OCTETS = 32 * 1024 * 1024;
/** How long a slice should last: a drain that waits has the login after one or two of them, and what a command costs by itself hardly counts. */
const AIM_MS = 4_000;

/** How many messages the first slice of a plan has. */
export function firstPace({ messages, bytes }: Pick<Plan, 'messages' | 'bytes'>): number {
  const average = Math.max(1, bytes / Math.max(1, messages));
  return Math.max(1, Math.min(FIRST_MESSAGES, Math.floor(FIRST_OCTETS / average)));
}

/** How many the next one has, after one of so many that lasted so long: at most twice as many. */
export function nextPace(pace: number, ms: number): number {
  const aimed = Math.floor((pace * AIM_MS) / Math.max(1, ms));
  return Math.max(1, Math.min(SLICE_UIDS, pace * 2, aimed));
}
