// The keys of maildrain.yaml around what mail reports: `bounces`, `suppression` and `events`. Tables as in config-schema.ts; the rules between
// keys are in config-bounces.ts, config-suppression.ts and config-events.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import * as z from 'zod';
import { field, line, NAME, required } from './config-field.ts';
import { DURATION } from './config-values.ts';
import { EVENT_TYPES, type SuppressionCause } from './model-pipeline.ts';

/** Nobody has more ways to send than this; each costs a comparison for each address that is looked at. */
const MAX_PATTERNS = 20;

/** Local part with one {token} or {address}, then a domain. 30 octets around it leave a tag the most of 64 (RFC 5321 4.5.3.1.1). */
export const PATTERN =
  /^([A-Za-z0-9_+=.-]{0,30})\{(token|address)\}([A-Za-z0-9_+=.-]{0,30})@[A-Za-z0-9.\u0080-\uffff-]{1,253}$/;

/** RFC 5322 3.6.8, of a length that people write. */
const FIELD_NAME = /^[!-9;-~]{1,76}$/;
const MAX_FIELD_NAMES = 20;

export const BOUNCES_FIELDS = {
  verp: field(
    z.array(z.string().max(320).regex(PATTERN)).min(1).max(MAX_PATTERNS),
    'Addresses that reports come back to, with the place of the tag: bounces+{token}@example.com, or bounces+{address}@example.com for local=domain.',
    `must be a list of 1 to ${MAX_PATTERNS} addresses such as bounces+{token}@example.com or bounces+{address}@example.com, between quotes`,
  ),
  headers: field(
    z.array(z.string().regex(FIELD_NAME)).min(1).max(MAX_FIELD_NAMES),
    'Fields of the returned message that are kept with each report, such as X-Campaign-ID.',
    `must be a list of 1 to ${MAX_FIELD_NAMES} names of header fields, such as [X-Campaign-ID]`,
  ),
} as const;

export const SUPPRESSION_FIELDS = {
  trust: field(
    z.enum(['signed', 'known-message', 'address-only']),
    'How far a report must be believed to suppress anybody; default signed where bounces.secret is set, else address-only.',
    'must be signed, known-message or address-only',
  ),
  complaintTrust: field(
    z.enum(['signed', 'known-message', 'address-only']),
    'The same for complaints: feedback loops send them to an address that has no tag. Default as trust.',
    'must be signed, known-message or address-only',
  ),
} as const;

export const NEVER = 'never';
export const FOREVER = 'forever';

/** What is the recipient's. Reports of other causes are about the sender, the message or the network, and suppress nobody. */
export const SUPPRESSIBLE = [
  'address-unknown',
  'domain-unknown',
  'address-moved',
  'mailbox-disabled',
  'mailbox-full',
  'recipient-refused',
  'complaint',
] as const satisfies readonly SuppressionCause[];

/** A number of reports beyond this is never reached within any window: several of one day count once. */
const MAX_AFTER = 1000;
const SPAN = z.union([z.literal(FOREVER), z.string().regex(DURATION)]);

/** The map form of a rule. */
export const RULE_FIELDS = {
  after: field(
    z.int().min(1).max(MAX_AFTER),
    'Reports that suppress the address; several of one message or of one day count once.',
    `must be a whole number from 1 to ${MAX_AFTER}`,
  ),
  within: field(
    SPAN,
    'Time in which they must come, such as 30d, or forever.',
    'must be a duration such as 30d, from 1d to 3650d, or forever',
  ),
  for: field(
    SPAN,
    'Time that the address is suppressed, such as 90d, or forever: until somebody lifts it.',
    'must be a duration such as 90d, from 1h to 3650d, or forever',
  ),
} as const;

export const EVENT_FIELDS = {
  name: required(
    z.string().regex(NAME),
    'Name of this consumer. Unique. Renaming it starts a new one, which hears of nothing that was before.',
    'must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  ),
  types: field(
    z.array(z.enum(EVENT_TYPES)).min(1),
    'Types of events that it hears of; default all but message.stored.',
    `must be a list of ${EVENT_TYPES.join(', ')}`,
  ),
  queue: field(
    z.string().regex(NAME),
    'BullMQ queue that your own worker consumes. Not together with webhook.',
    'must be the name of a queue: 1 to 64 letters, digits, ".", "_" or "-"',
  ),
  webhook: field(
    line,
    'URL that events are posted to, signed as Standard Webhooks; may hold ${VARIABLES}. Not together with queue.',
    'must be an https:// or http:// URL',
  ),
  allowPrivateRedirects: field(
    z.boolean(),
    'Lets the webhook redirect to addresses of private networks; default false.',
    'must be true or false',
  ),
} as const;
