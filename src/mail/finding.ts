// What a judge finds of one recipient, before its codes and words are weighed (cause.ts) and it becomes a RecipientReport (verdict.ts).

import type { Action, Evidence } from '../model-reading.ts';

export interface Finding {
  readonly address: string | null;
  readonly originalAddress: string | null;
  /** The report names nobody in a place of its own; the address is taken from the message that came back, or from the only one mentioned. */
  readonly isGuess?: boolean;
  /** Null: not said outright; verdict.ts asks the words. */
  readonly action: Action | null;
  /** The Status field of a delivery-status group as it stands; null without one. */
  readonly status: string | null;
  /** What a server said of this recipient, unfolded to one line; null when nothing was. */
  readonly diagnostic: string | null;
  /** What else the message says around it: weighed after the diagnostic. At most 4,000 characters. */
  readonly context: string;
  readonly remoteMta: string | null;
  readonly retryUntil: Date | null;
  readonly evidence: Evidence;
}
