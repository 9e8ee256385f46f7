// The keys of `retention`: how long what is stored is kept. Tables as in config-schema.ts; the defaults are in config-retention.ts.

import * as z from 'zod';
import { field } from './config-field.ts';
import { FOREVER } from './config-schema-reports.ts';
import { DURATION } from './config-values.ts';

const SPAN = z.union([z.literal(FOREVER), z.string().regex(DURATION)]);
const WRONG = 'must be a duration such as 90d, from 1d to 36500d, or forever';

export const RETENTION_FIELDS = {
  raw: field(SPAN, 'The octets of messages, by whole months; default forever.', WRONG),
  messages: field(SPAN, 'What is known of messages, with their octets, by whole months; default forever.', WRONG),
  reports: field(SPAN, 'What mail reported of recipients, by whole months; default forever.', WRONG),
  events: field(SPAN, 'Events that every consumer has had; default 30d.', WRONG),
  runs: field(SPAN, 'The record of drains; default 90d.', WRONG),
  audit: field(SPAN, 'The record of admin jobs, with their plans; default forever.', WRONG),
  ledger: field(SPAN, 'Rows of the ledger about messages that are no longer on the server; default forever.', WRONG),
} as const;
