// Rows of delivery_report: one for each recipient that a stored message reports on. Which address a report counts against is decided here.

import { addressIdentity } from '../mail/identity.ts';
import type { Correlation, Trust } from '../model-pipeline.ts';
import type { Reading, RecipientReport, Verdict } from '../model-reading.ts';
import { copyIn } from './copy.ts';
import type { Sql } from './pool.ts';

/** A message that is being stored in this transaction. */
export interface Stored {
  readonly id: string;
  readonly size: number;
  readonly internalDate: Date | null;
  readonly reading: Reading;
}

/** One row of delivery_report. */
export interface Report {
  readonly messageId: string;
  readonly n: number;
  readonly reportedAt: Date;
  readonly verdict: Verdict;
  readonly recipient: RecipientReport | null;
  /** The identity it counts against; null where nobody is named. */
  readonly address: string | null;
  readonly correlation: Correlation;
  readonly trust: Trust;
}

/** The rows of one message. One that reports without naming anybody has one row, so that it is counted. */
export function reportsOf(message: Stored, now: Date, correlation: Correlation): Report[] {
  const { verdict } = message.reading;
  if (verdict.kind === 'other' || message.reading.kind === 'unreadable') return [];
  const { internalDate } = message;
  const shared = {
    messageId: message.id,
    // A server's clock that is ahead must not carry a report past the window it is counted in.
    reportedAt: internalDate === null || internalDate > now ? now : internalDate,
    verdict,
    correlation: affordable(correlation, verdict.recipients.length),
  };
  const recipients: readonly (RecipientReport | null)[] = verdict.recipients.length === 0 ? [null] : verdict.recipients;
  return recipients.map((recipient, n) => ({
    ...shared,
    n,
    recipient,
    ...whose(recipient, recipients, correlation),
  }));
}

/** The quoted fields stand in every row and every event. Characters of them all together; a stranger decides how many recipients a report names. */
const MAX_QUOTED = 1_000_000;

function affordable(correlation: Correlation, recipients: number): Correlation {
  const quoted = JSON.stringify(correlation.originalHeaders).length * recipients;
  return quoted > MAX_QUOTED ? { ...correlation, originalHeaders: {} } : correlation;
}

/**
 * Whom a report counts against, and how surely. The address that was written to is the one that a list holds; where it was forwarded to is not.
 * A tag speaks for one address: of several recipients only for that one, and for none of them if it names another (a list that was expanded).
 */
function whose(
  recipient: RecipientReport | null,
  all: readonly (RecipientReport | null)[],
  correlation: Correlation,
): { address: string | null; trust: Trust } {
  const named = [recipient?.originalAddress, recipient?.address].map((address) =>
    address === null || address === undefined ? null : addressIdentity(address),
  );
  const tagged = correlation.address;
  if (tagged !== null && (all.length === 1 || named.includes(tagged)))
    return { address: tagged, trust: correlation.signed ? 'signed' : 'address-only' };
  return { address: named.find((address) => address !== null) ?? null, trust: 'address-only' };
}

const REPORT_COPY = `copy maildrain.delivery_report (message_id, stored_at, n, mailbox_id, reported_at, kind, recipient, original_recipient, address,
  action, status, reply_code, category, scope, hard, diagnostic, remote_mta, retry_until, original_message_id, envelope_id, feedback_type, auto_reply,
  token, trust, original_headers, rule, part, span) from stdin (format binary)`;

/** Writes the rows, by binary COPY. Call inside a transaction. */
export function copyReports(sql: Sql, mailboxId: number, now: Date, reports: readonly Report[]): Promise<void> {
  return copyIn(sql, REPORT_COPY, async (copy) => {
    for (const { messageId, n, reportedAt, verdict, recipient, address, correlation, trust } of reports) {
      copy.row(28);
      copy.int8(messageId);
      copy.timestamptz(now);
      copy.int4(n);
      copy.int4(mailboxId);
      copy.timestamptz(reportedAt);
      copy.text(verdict.kind);
      copy.text(recipient?.address ?? null);
      copy.text(recipient?.originalAddress ?? null);
      copy.text(address);
      copy.text(recipient?.action ?? null);
      copy.text(recipient?.status ?? null);
      copy.int4(recipient?.replyCode ?? null);
      copy.text(recipient?.category ?? null);
      copy.text(recipient?.scope ?? null);
      copy.bool(recipient?.hard ?? null);
      copy.text(recipient?.diagnostic ?? null);
      copy.text(recipient?.remoteMta ?? null);
      copy.timestamptz(recipient?.retryUntil ?? null);
      copy.text(verdict.originalMessageId);
      copy.text(verdict.envelopeId);
      copy.text(verdict.feedbackType);
      copy.jsonb(verdict.autoReply);
      copy.text(correlation.token);
      copy.text(trust);
      copy.jsonb(correlation.originalHeaders);
      copy.text(verdict.rule);
      copy.text(recipient?.evidence.part ?? '');
      copy.text(recipient?.evidence.span ?? '');
      await copy.breathe();
    }
  });
}
