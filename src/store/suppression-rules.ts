// The suppression policy, applied to reports in the transaction that stores them. The rules themselves are data (SuppressionPolicy); what is
// counted is what stands in delivery_report, so that any two drains of any two hosts come to the same end.

import type { SuppressionCause, SuppressionPolicy, SuppressionRule, Trust } from '../model-pipeline.ts';
import type { Report } from './delivery-reports.ts';
import type { NewEvent } from './events.ts';
import type { Sql } from './pool.ts';

/** Feedback reports that are no complaint of a person: a failed authentication (RFC 6591), and "this was not spam". */
export const NO_COMPLAINTS: readonly string[] = ['auth-failure', 'not-spam'];

/** Least trust first. */
const TRUSTS: readonly Trust[] = ['address-only', 'known-message', 'signed'];

/**
 * Addresses locked one by one. Postgres has room for some 6,400 locks in all by default; a batch with more addresses than this takes the lock of them
 * all instead.
 */
const MAX_LOCKS = 300;

/** The kinds of trust that a policy accepts. */
export function trustsFrom(least: Trust): Trust[] {
  return TRUSTS.slice(TRUSTS.indexOf(least));
}

/**
 * Makes everything that is said of these addresses wait for the end of this transaction elsewhere. So counts are right, and the events of one address
 * get their ids in the order in which they become visible.
 */
export async function lockAddresses(sql: Sql, addresses: readonly string[]): Promise<void> {
  const distinct = [...new Set(addresses)];
  if (distinct.length === 0) return;
  if (distinct.length > MAX_LOCKS) {
    await sql.query(`select pg_advisory_xact_lock(hashtextextended('maildrain:addresses', 0))`);
    return;
  }
  // In one order everywhere, or two transactions would wait for each other. The sort makes the shared lock the first of them.
  await sql.query(
    `with every as materialized (select pg_advisory_xact_lock_shared(hashtextextended('maildrain:addresses', 0)))
     select pg_advisory_xact_lock(h)
       from (select distinct hashtextextended('maildrain:address:' || a, 0) as h from every, unnest($1::text[]) as a order by h) as locks`,
    [distinct],
  );
}

/** Why a report may suppress its address; null: it may not. */
export function causeOf({ verdict, recipient }: Pick<Report, 'verdict' | 'recipient'>): SuppressionCause | null {
  if (verdict.kind === 'complaint') return NO_COMPLAINTS.includes(verdict.feedbackType ?? '') ? null : 'complaint';
  if (verdict.kind !== 'bounce' || recipient?.action !== 'failed' || recipient.scope !== 'recipient') return null;
  return recipient.category;
}

interface Candidate {
  readonly address: string;
  readonly cause: SuppressionCause;
  readonly rule: SuppressionRule;
  readonly report: Report;
}

/** Suppresses what the rules say, and returns the events about it. The reports are written already, their addresses locked. */
export async function applyPolicy(
  sql: Sql,
  now: Date,
  policy: SuppressionPolicy,
  reports: readonly Report[],
): Promise<NewEvent[]> {
  const trusts = trustsFrom(policy.trust);
  const ofComplaints = trustsFrom(policy.complaintTrust);
  const believed = reports.filter(({ trust, verdict }) =>
    (verdict.kind === 'complaint' ? ofComplaints : trusts).includes(trust),
  );
  const candidates = believed.flatMap((report): Candidate[] => {
    const cause = causeOf(report);
    const rule = cause === null ? null : policy.rules[cause];
    return cause === null || rule === null || report.address === null
      ? []
      : [{ address: report.address, cause, rule, report }];
  });
  return candidates.length === 0 ? [] : suppress(sql, now, [trusts, ofComplaints], candidates);
}

/** SQL: why a row of delivery_report may suppress its address, as causeOf() has it. `harmless` is the parameter with NO_COMPLAINTS. */
export function causeSql(report: string, harmless: string): string {
  return `case when ${report}.kind = 'complaint' and coalesce(${report}.feedback_type, '') <> all(${harmless}) then 'complaint'
       when ${report}.kind = 'bounce' and ${report}.action = 'failed' and ${report}.scope = 'recipient' then ${report}.category end`;
}

/** Whether the report `d` is one of those that the cause `c.cause` counts; $2 and $10 are the accepted trusts, $3 the harmless feedback types. */
const COUNTS = `d.address = c.address and d.trust = any(case c.cause when 'complaint' then $10::text[] else $2::text[] end) and (c.reset_at is null or d.reported_at > c.reset_at)
  and ${causeSql('d', '$3')} = c.cause`;

/**
 * Mail is not drained in the order in which it was received, so that a new report may be the first of those that count, not the last: each day's last
 * report around the new ones is tried as the end of a window. A delivery shows that the address took mail: what was reported before it does not count with
 * what was reported after it. A suppression is only ever made longer by a report; one that a person made, or lifted after the report, stays as it is.
 */
async function suppress(
  sql: Sql,
  now: Date,
  [trusts, ofComplaints]: readonly [trusts: readonly Trust[], ofComplaints: readonly Trust[]],
  candidates: readonly Candidate[],
): Promise<NewEvent[]> {
  const { rows } = await sql.query<{ address: string; reason: string; until: Date | null; message_id: string }>(
    `with reported as (
       select address, cause, after, make_interval(secs => within_s) as within, make_interval(secs => for_s) as lasts,
              min(reported_at) as first, max(reported_at) as last
         from unnest($4::text[], $5::text[], $6::timestamptz[], $7::int[], $8::float8[], $9::float8[])
           as r (address, cause, reported_at, after, within_s, for_s)
        group by address, cause, after, within_s, for_s),
     c as (select reported.*, r.at as reset_at from reported left join maildrain.address_reset r using (address)),
     tipped as (
       select distinct on (c.address) c.address, c.cause, w.message_id, w.reported_at + c.lasts as until
         from c cross join lateral (
           select distinct on ((d.reported_at at time zone 'UTC')::date) d.reported_at, d.message_id
             from maildrain.delivery_report d
            where ${COUNTS} and d.reported_at >= c.first and (c.within is null or d.reported_at < c.last + c.within)
            order by (d.reported_at at time zone 'UTC')::date, d.reported_at desc) as w
           cross join lateral (
           select max(d.reported_at) as at from maildrain.delivery_report d
            where d.address = c.address and d.trust = any($2) and d.action = 'delivered' and d.reported_at < w.reported_at) as delivered
        where (c.lasts is null or w.reported_at + c.lasts > $1::timestamptz)
          and (c.after = 1 or c.after <= (
            select count(distinct (d.reported_at at time zone 'UTC')::date)
              from maildrain.delivery_report d
             where ${COUNTS} and d.reported_at <= w.reported_at and (c.within is null or d.reported_at > w.reported_at - c.within)
                and (delivered.at is null or d.reported_at > delivered.at)))
        order by c.address, until desc nulls first, w.reported_at)
     insert into maildrain.suppression as s (address, reason, source, since, until, message_id)
     select address, cause, 'report', $1::timestamptz, until, message_id from tipped order by address
     on conflict (address) do update
        set reason = excluded.reason, source = excluded.source, until = excluded.until, message_id = excluded.message_id, note = null,
            since = case when s.until <= $1 then excluded.since else s.since end
      where s.until <= $1 or (s.source = 'report' and s.until is not null and (excluded.until is null or excluded.until > s.until))
     returning address, reason, until, message_id`,
    [
      now,
      trusts,
      NO_COMPLAINTS,
      candidates.map(({ address }) => address),
      candidates.map(({ cause }) => cause),
      candidates.map(({ report }) => report.reportedAt),
      candidates.map(({ rule }) => rule.after),
      candidates.map(({ rule }) => (rule.withinMs === null ? null : rule.withinMs / 1000)),
      candidates.map(({ rule }) => (rule.forMs === null ? null : rule.forMs / 1000)),
      ofComplaints,
    ],
  );
  return rows.map(({ address, reason, until, message_id }) => ({
    type: 'suppression.added',
    key: address,
    body: { address, reason, until, messageId: message_id },
  }));
}
