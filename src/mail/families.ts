// The mail systems whose reports are read by their words, as data: what each writes before, after or around the address that failed. The
// tables stand by region and kind in the families-*.ts files; free-form.ts holds the one matcher. What a row says must be what that system
// writes in general (its source, its templates, its documentation), never what one message happened to hold.
import { ASIA } from './families-asia.ts';
import { GATEWAYS } from './families-gateways.ts';
import { MICROSOFT } from './families-microsoft.ts';
import { PROVIDERS } from './families-providers.ts';
import { UNIX } from './families-unix.ts';
import { WORDS } from './families-words.ts';

/**
 * Phrases are lower case with single blanks and plain apostrophes; each begins with a letter or digit and matches from there, also over a
 * line break, so that `the following address` finds `The following address(es)`.
 */
export interface Family {
  /** Becomes the rule of the verdict. */
  readonly name: string;
  /** Only this system writes this. Proves a report. */
  readonly marks?: readonly string[];
  /** Recipients follow, in the same sentence or as lines below, and what was done with the message. Proves a report. */
  readonly failed?: readonly string[];
  readonly delayed?: readonly string[];
  readonly delivered?: readonly string[];
  /** Recipients follow; what was done stands elsewhere. Proves nothing by itself: people write such words too. */
  readonly names?: readonly string[];
  /** The recipient stands before the words, in the same sentence. */
  readonly after?: readonly string[];
  /** Says that a delivery failed, and names nobody. */
  readonly proof?: readonly string[];
}

export const FAMILIES: readonly Family[] = [...UNIX, ...MICROSOFT, ...PROVIDERS, ...ASIA, ...GATEWAYS, ...WORDS];
