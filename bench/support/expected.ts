// What a corpus says of its messages: expected.json, checked when it is read, so that a bench never compares with a misspelt field.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const text = z.string().nullable();

const RECIPIENT = z.object({
  address: text,
  /** Other addresses that are right too. */
  alternatives: z.array(z.string()).default([]),
  status: text,
  replyCode: text.default(null),
  action: text,
  hard: z.boolean().nullable(),
  reason: text.default(null),
  category: text,
});

const MESSAGE = z.object({
  file: z.string(),
  source: z.string(),
  family: z.string().default(''),
  kind: z.enum(['bounce', 'complaint', 'auto-reply', 'mdn', 'not-bounce']),
  recipients: z.array(RECIPIENT),
  feedbackType: text.default(null),
  originalMessageId: text.default(null),
  /** Reasonable readers may differ: left out of the scores. */
  debatable: z.boolean().default(false),
});

export type ExpectedRecipient = z.infer<typeof RECIPIENT>;
export type Expected = z.infer<typeof MESSAGE>;

/** The messages of a corpus that can be scored. */
export function readExpected(corpus: string): Expected[] {
  const all = z.array(MESSAGE).parse(JSON.parse(readFileSync(join(corpus, 'expected.json'), 'utf8')));
  return all.filter(({ debatable }) => !debatable);
}
