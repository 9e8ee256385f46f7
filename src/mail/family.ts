// The shape of the rows in the families-*.ts tables: what a mail system writes before, after or around the address that failed. What a row says
// must be what that system writes in general (its source, its templates, its documentation), never what one message happened to hold.

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
