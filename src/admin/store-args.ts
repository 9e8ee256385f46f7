// What each job over stored mail takes besides its criteria, checked where it enters: from the command line, and again when it comes back from its
// row. How they are read is in server-args.ts.

import { z } from 'zod';
import { NAME } from '../config-field.ts';
import { DEFAULT_RETENTION } from '../config-retention.ts';
import { folderName } from './server-args.ts';

export const restoreArgs = z.strictObject({
  /** A path, or an attribute such as `\Archive`; absent: the folder that the mailbox drains. */
  folder: folderName.optional(),
});

export const reclassifyArgs = z.strictObject({
  /** By the name under which the mail was drained; absent: of all mailboxes. */
  mailbox: z.string().regex(NAME, 'a name as in the configuration is wanted').optional(),
  /** Only what a reader of a lower version has read; absent: of a lower version than today's. */
  readerBefore: z.int().min(1).max(1_000_000).optional(),
});

const period = (otherwise: number | null) => z.int().min(0).nullable().default(otherwise);

/** The policy as it was configured when the job was asked for, so that its record says by what was deleted. Milliseconds; null: for ever. */
export const expireArgs = z.strictObject({
  raw: period(DEFAULT_RETENTION.raw),
  messages: period(DEFAULT_RETENTION.messages),
  reports: period(DEFAULT_RETENTION.reports),
  events: period(DEFAULT_RETENTION.events),
  runs: period(DEFAULT_RETENTION.runs),
  audit: period(DEFAULT_RETENTION.audit),
  ledger: period(DEFAULT_RETENTION.ledger),
});
