// Stored bounces without a reader: a Reading as it would have said, and a batch that stores it.

import { read } from '../../src/mail/read.ts';
import type { Correlation, SuppressionPolicy, SuppressionRule } from '../../src/model-pipeline.ts';
import type { Reading, RecipientReport, Verdict } from '../../src/model-reading.ts';
import { storeBatch } from '../../src/store/batch.ts';
import type { Database } from '../../src/store/pool.ts';
import type { Pipeline } from '../../src/store/reports.ts';
import { NO_CORRELATION, NO_PIPELINE, NO_SUPPRESSION } from '../support/pipeline.ts';
import { fresh, listed } from './store.ts';

export const DAY = 24 * 60 * 60_000;

export function failure(address: string | null, changes: Partial<RecipientReport> = {}): RecipientReport {
  return {
    address,
    originalAddress: null,
    action: 'failed',
    status: '5.1.1',
    replyCode: 550,
    category: 'address-unknown',
    scope: 'recipient',
    hard: true,
    diagnostic: '550 5.1.1 unknown user',
    remoteMta: 'mx.example.net',
    retryUntil: null,
    evidence: { rule: 'rfc3464', part: '2', span: 'Status: 5.1.1' },
    ...changes,
  };
}

export function verdict(recipients: readonly RecipientReport[], changes: Partial<Verdict> = {}): Verdict {
  return {
    kind: 'bounce',
    recipients,
    originalMessageId: null,
    envelopeId: null,
    feedbackType: null,
    autoReply: null,
    originalHeaders: [],
    rule: 'rfc3464',
    ...changes,
  };
}

/** One message that reports so, and when the server received it. */
export interface Post {
  readonly verdict: Verdict;
  readonly at?: Date;
  readonly correlation?: Correlation;
}

let uid = 0;

/** Stores messages in one batch, as a drain would. Returns their ids. */
export async function store(
  database: Database,
  mailboxId: number,
  posts: readonly Post[],
  changes: Partial<Pipeline> & { readonly now?: Date } = {},
): Promise<string[]> {
  const { now = new Date(), ...pipeline } = changes;
  const correlations = new Map<Reading, Correlation>();
  const messages = posts.map(({ verdict: said, at, correlation }) => {
    const raw = Buffer.from(`Subject: ${uid}\r\n\r\n${uid}\r\n`);
    const reading: Reading = { ...read(raw), kind: said.kind, verdict: said };
    if (correlation !== undefined) correlations.set(reading, correlation);
    uid += 1;
    return fresh(String(uid), raw, { reading, listed: listed(String(uid), { internalDate: at ?? now }) });
  });
  const pen = await database.take();
  try {
    return await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now,
      fresh: messages,
      adopted: [],
      inFlight: null,
      pipeline: {
        ...NO_PIPELINE,
        correlate: (reading) => correlations.get(reading) ?? NO_CORRELATION,
        ...pipeline,
      },
    });
  } finally {
    await pen.release();
  }
}

export function policyOf(
  rules: Partial<Record<keyof SuppressionPolicy['rules'], Partial<SuppressionRule>>>,
  trust: SuppressionPolicy['trust'] = 'address-only',
): SuppressionPolicy {
  const given = Object.entries(rules).map(([cause, rule]) => [
    cause,
    { after: 1, withinMs: null, forMs: null, ...rule },
  ]);
  return { trust, complaintTrust: trust, rules: { ...NO_SUPPRESSION.rules, ...Object.fromEntries(given) } };
}

export async function suppressed(database: Database): Promise<Record<string, { reason: string; until: Date | null }>> {
  const { rows } = await database.sql.query<{ address: string; reason: string; until: Date | null }>(
    'select address, reason, until from maildrain.suppression order by address',
  );
  return Object.fromEntries(rows.map(({ address, reason, until }) => [address, { reason, until }]));
}

/** Types and keys of the outbox, in order. */
export async function told(database: Database): Promise<string[]> {
  const { rows } = await database.sql.query<{ line: string }>(
    `select type || ' ' || key as line from maildrain.event order by id`,
  );
  return rows.map(({ line }) => line);
}
