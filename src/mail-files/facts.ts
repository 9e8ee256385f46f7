// What is told of a message that was read from a file: of its Reading the part that says what it is. Texts, headers and attachments would
// cost more on their way between threads than reading them.

import type { Reading } from '../model-reading.ts';

export type Facts = Pick<
  Reading,
  'kind' | 'reader' | 'messageId' | 'from' | 'subject' | 'sentAt' | 'truncated' | 'verdict'
>;

export function factsOf(reading: Reading): Facts {
  const { kind, reader, messageId, from, subject, sentAt, truncated, verdict } = reading;
  return { kind, reader, messageId, from, subject, sentAt, truncated, verdict };
}
