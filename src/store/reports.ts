// What stored messages report of whom, written in the transaction that stores them: rows of delivery_report, what follows from them for
// suppressions, and the events about both.

import type { Correlation, SuppressionPolicy } from '../model-pipeline.ts';
import type { Reading } from '../model-reading.ts';
import { copyReports, type Report, reportsOf, type Stored } from './delivery-reports.ts';
import { type NewEvent, writeEvents } from './events.ts';
import type { Sql } from './pool.ts';
import { applyPolicy, lockAddresses } from './suppression-rules.ts';

/** How the mail of one mailbox is worked up beyond storing it. */
export interface Pipeline {
  /** The mailbox's name, for events. */
  readonly mailbox: string;
  readonly policy: SuppressionPolicy;
  readonly correlate: (reading: Reading) => Correlation;
  /** Somebody wants to hear of every stored message. */
  readonly tellStored: boolean;
}

/** Events written by one statement: with everything they may quote, some MB at most. */
const EVENTS_AT_ONCE = 200;

/** Files what the messages report. Call inside the storing transaction, before the ledger is written. */
export async function fileReports(
  sql: Sql,
  { mailboxId, now, pipeline }: { readonly mailboxId: number; readonly now: Date; readonly pipeline: Pipeline },
  messages: readonly Stored[],
): Promise<void> {
  const reports = await trusted(
    sql,
    messages.flatMap((message) => reportsOf(message, now, pipeline.correlate(message.reading))),
  );
  // Built slice by slice: a message of 70 KB can report on a thousand recipients, and each event repeats what is common to them.
  const tell = async <T>(items: readonly T[], eventsOf: (item: T) => readonly NewEvent[]): Promise<void> => {
    for (let from = 0; from < items.length; from += EVENTS_AT_ONCE)
      await writeEvents(sql, now, items.slice(from, from + EVENTS_AT_ONCE).flatMap(eventsOf));
  };
  if (reports.length > 0) {
    await lockAddresses(
      sql,
      reports.flatMap(({ address }) => address ?? []),
    );
    await copyReports(sql, mailboxId, now, reports);
    const added = await applyPolicy(sql, now, pipeline.policy, reports);
    await tell([...reports, ...added], (one) => ('type' in one ? [one] : eventOf(one, pipeline.mailbox)));
  }
  if (pipeline.tellStored) await tell(messages, (message) => [storedEvent(message, pipeline.mailbox)]);
}

/** Events about reports, of one mailbox. */
export function bounceEvents(reports: readonly Report[], mailbox: string): NewEvent[] {
  return reports.flatMap((report) => eventOf(report, mailbox));
}

/** Raises the trust of reports that name a message which is known to have been sent. */
export async function trusted(sql: Sql, reports: readonly Report[]): Promise<Report[]> {
  const ids = reports.flatMap(({ trust, verdict }) =>
    trust === 'signed' ? [] : [verdict.originalMessageId ?? [], verdict.envelopeId ?? []].flat(),
  );
  if (ids.length === 0) return [...reports];
  const { rows } = await sql.query<{ message_id: string }>(
    'select message_id from maildrain.sent_message where message_id = any($1)',
    [[...new Set(ids)]],
  );
  const known = new Set(rows.map((row) => row.message_id));
  return reports.map((report) => {
    const { originalMessageId, envelopeId } = report.verdict;
    const isKnown = known.has(originalMessageId ?? '') || known.has(envelopeId ?? '');
    return isKnown && report.trust === 'address-only' ? { ...report, trust: 'known-message' } : report;
  });
}

/** None for what nobody need act on: deliveries, relays, notifications of reading. */
function eventOf(report: Report, mailbox: string): NewEvent[] {
  const { verdict, recipient, address, correlation, trust, messageId } = report;
  const common = {
    messageId,
    mailbox,
    address,
    recipient: recipient?.address ?? null,
    originalRecipient: recipient?.originalAddress ?? null,
    originalMessageId: verdict.originalMessageId,
    envelopeId: verdict.envelopeId,
    token: correlation.token,
    trust,
    originalHeaders: correlation.originalHeaders,
    rule: verdict.rule,
  };
  const key = address ?? mailbox;
  if (verdict.kind === 'complaint')
    return [{ type: 'complaint', key, body: { ...common, feedbackType: verdict.feedbackType } }];
  if (verdict.kind === 'auto-reply')
    return [{ type: 'auto-reply', key, body: { ...common, autoReply: verdict.autoReply } }];
  const action = recipient?.action;
  if (verdict.kind !== 'bounce' || (action !== 'failed' && action !== 'delayed')) return [];
  const { status, replyCode, category, scope, hard, diagnostic, remoteMta, retryUntil } = recipient ?? {};
  const facts = { status, replyCode, category, scope, hard, diagnostic, remoteMta };
  return action === 'failed'
    ? [{ type: 'bounce.failed', key, body: { ...common, ...facts } }]
    : [{ type: 'bounce.delayed', key, body: { ...common, ...facts, retryUntil: retryUntil ?? null } }];
}

function storedEvent({ id, size, reading }: Stored, mailbox: string): NewEvent {
  return { type: 'message.stored', key: mailbox, body: { messageId: id, mailbox, kind: reading.kind, size } };
}
