// What stored mail reported, read back: lists and counts over delivery_report. Writing is in delivery-reports.ts.

import type { Trust } from '../model-pipeline.ts';
import type { Action, AutoReply, Category, Scope, Verdict } from '../model-reading.ts';
import type { Sql } from './pool.ts';

/** What one report says of one recipient. */
export interface StoredReport {
  /** Place in the list: give it as `cursor` for what comes after. */
  readonly cursor: string;
  /** The stored message, decimal text. */
  readonly messageId: string;
  readonly mailbox: string;
  readonly reportedAt: Date;
  readonly kind: Exclude<Verdict['kind'], 'other'>;
  /** The identity that the report counts against; null where nobody is named. */
  readonly address: string | null;
  readonly recipient: string | null;
  readonly originalRecipient: string | null;
  readonly action: Action | null;
  readonly status: string | null;
  readonly replyCode: number | null;
  readonly category: Category | null;
  readonly scope: Scope | null;
  readonly hard: boolean | null;
  readonly diagnostic: string | null;
  readonly remoteMta: string | null;
  readonly retryUntil: Date | null;
  readonly originalMessageId: string | null;
  readonly envelopeId: string | null;
  readonly feedbackType: string | null;
  readonly autoReply: AutoReply | null;
  readonly token: string | null;
  readonly trust: Trust;
  readonly originalHeaders: Readonly<Record<string, string>>;
  readonly rule: string | null;
}

/** Which reports. What is absent is not asked for. */
export interface ReportConditions {
  readonly kind?: string | undefined;
  readonly action?: string | undefined;
  readonly category?: string | undefined;
  /** An identity (mail/identity.ts). */
  readonly address?: string | undefined;
  /** Of exactly this domain, in lower case and A-labels. */
  readonly domain?: string | undefined;
  readonly mailbox?: string | undefined;
  /** Reported since then, and before then. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface ReportFilter extends ReportConditions {
  /** `cursor` of the last report of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Parameters $1 to $8. A report is stored after it was made, so the condition on stored_at costs nothing and leaves out old partitions. */
const CONDITIONS = `($1::text is null or d.kind = $1)
        and ($2::text is null or d.action = $2)
        and ($3::text is null or d.category = $3)
        and ($4::text is null or d.address = $4)
        and ($5::text is null or right(d.address, length($5) + 1) = '@' || $5)
        and ($6::text is null or b.name = $6)
        and ($7::timestamptz is null or (d.reported_at >= $7 and d.stored_at >= $7))
        and ($8::timestamptz is null or d.reported_at < $8)`;

function parametersOf({ kind, action, category, address, domain, mailbox, since, until }: ReportConditions): unknown[] {
  return [kind, action, category, address, domain, mailbox, since, until].map((value) => value ?? null);
}

/** Whether text is a cursor of this list. */
export function isReportCursor(text: string): boolean {
  return /^\d{1,18}\.\d{1,9}$/.test(text);
}

/** Newest first, in the order of storing. @param filter with a cursor for which isReportCursor() is true */
export async function listReports(sql: Sql, filter: ReportFilter): Promise<StoredReport[]> {
  const [messageId, n] = filter.cursor?.split('.') ?? [];
  const { rows } = await sql.query<StoredReport>(
    `select d.message_id || '.' || d.n as cursor, d.message_id as "messageId", b.name as mailbox, d.reported_at as "reportedAt", d.kind, d.address,
            d.recipient, d.original_recipient as "originalRecipient", d.action, d.status, d.reply_code as "replyCode", d.category, d.scope, d.hard,
            d.diagnostic, d.remote_mta as "remoteMta", d.retry_until as "retryUntil", d.original_message_id as "originalMessageId",
            d.envelope_id as "envelopeId", d.feedback_type as "feedbackType", d.auto_reply as "autoReply", d.token, d.trust,
            d.original_headers as "originalHeaders", d.rule
       from maildrain.delivery_report d join maildrain.mailbox b on b.id = d.mailbox_id
      where ${CONDITIONS}
        and ($9::bigint is null or (d.message_id, d.n) < ($9, $10::int))
      order by d.message_id desc, d.n desc limit $11`,
    [...parametersOf(filter), messageId ?? null, n ?? null, filter.limit],
  );
  return rows;
}

/** What reports can be counted by; the SQL is all that ever stands in its place. */
const GROUPS = {
  domain: `substring(d.address from '[^@]*$')`,
  category: 'd.category',
  day: `to_char(d.reported_at at time zone 'UTC', 'YYYY-MM-DD')`,
  mailbox: 'b.name',
  status: 'd.status',
  mta: 'lower(d.remote_mta)',
} as const;

export type ReportGroup = keyof typeof GROUPS;

export const REPORT_GROUPS = Object.keys(GROUPS) as readonly ReportGroup[];

export interface ReportStatsFilter extends ReportConditions {
  readonly by: ReportGroup;
  readonly limit: number;
}

/** Counts of one domain, category, day (UTC), mailbox, status or reporting server. */
export interface ReportStats {
  /** Null: the reports that name none. */
  readonly key: string | null;
  readonly reports: number;
  readonly failed: number;
  readonly delayed: number;
  /** By persons: not the reports of a failed authentication, and not "this was no spam". */
  readonly complaints: number;
  /** Different addresses. */
  readonly addresses: number;
}

/** Most reports first; days newest first. */
export async function reportStats(sql: Sql, filter: ReportStatsFilter): Promise<ReportStats[]> {
  const { rows } = await sql.query<{ [K in keyof ReportStats]: K extends 'key' ? string | null : string }>(
    `select ${GROUPS[filter.by]} as key, count(*) as reports, count(*) filter (where d.kind = 'bounce' and d.action = 'failed') as failed,
            count(*) filter (where d.kind = 'bounce' and d.action = 'delayed') as delayed,
            count(*) filter (where d.kind = 'complaint' and coalesce(d.feedback_type, '') not in ('auth-failure', 'not-spam')) as complaints, count(distinct d.address) as addresses
       from maildrain.delivery_report d join maildrain.mailbox b on b.id = d.mailbox_id
      where ${CONDITIONS}
      group by 1 order by ${filter.by === 'day' ? 'key desc' : 'reports desc, key'} limit $9`,
    [...parametersOf(filter), filter.limit],
  );
  return rows.map(({ key, reports, failed, delayed, complaints, addresses }) => ({
    key,
    reports: Number(reports),
    failed: Number(failed),
    delayed: Number(delayed),
    complaints: Number(complaints),
    addresses: Number(addresses),
  }));
}
