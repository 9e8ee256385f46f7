// What a policy would have made of the reports that are there, had it been in force when they came, against the suppressions that stand. Says what
// a change of the policy means before it is made; changes nothing. The conditions are those of suppression-rules.ts.

import type { SuppressionCause, SuppressionPolicy } from '../model-pipeline.ts';
import type { Sql } from './pool.ts';
import { causeSql, NO_COMPLAINTS, trustsFrom } from './suppression-rules.ts';

/** What the policy would have otherwise for one address. */
export interface PlannedChange {
  readonly address: string;
  readonly change: 'add' | 'remove' | 'lengthen' | 'shorten';
  /** Why it would be suppressed; of `remove`: why it is. */
  readonly reason: string;
  /** Until when it would be suppressed; null: until somebody lifts it, or not at all (`remove`). */
  readonly until: Date | null;
  /** What stands now. */
  readonly was: { readonly reason: string; readonly until: Date | null } | null;
}

/** Addresses worked out by one statement: well within the time that a statement may take, also where each has hundreds of reports. */
const PAGE = 500;

interface Row {
  address: string;
  stands: boolean;
  source: string | null;
  was_reason: string | null;
  was_until: Date | null;
  /** The report that tipped what stands has not expired. */
  grounded: boolean;
  cause: SuppressionCause | null;
  until: Date | null;
}

/**
 * In the order of addresses and in constant memory. What people made never changes; what stands by a report that has expired is not
 * taken back for want of it. Each page is of its own moment.
 *
 * @param onPage told how many addresses have been looked at
 */
export async function* planSuppressions(
  sql: Sql,
  policy: SuppressionPolicy,
  now: Date,
  onPage: (addresses: number) => void = () => {},
): AsyncGenerator<PlannedChange> {
  let after = '';
  let looked = 0;
  for (;;) {
    const addresses = await nextAddresses(sql, after);
    const last = addresses.at(-1);
    if (last === undefined) return;
    for (const row of await compare(sql, policy, now, addresses)) {
      const change = changeOf(row);
      if (change !== null) yield change;
    }
    looked += addresses.length;
    onPage(looked);
    if (addresses.length < PAGE) return;
    after = last;
  }
}

/** Those of some addresses that the policy would have suppressed now, by the reports that are there. */
export async function wantedFor(
  sql: Sql,
  policy: SuppressionPolicy,
  now: Date,
  addresses: readonly string[],
): Promise<Set<string>> {
  const rows = await compare(sql, policy, now, addresses);
  return new Set(rows.flatMap(({ address, cause }) => (cause === null ? [] : [address])));
}

/** The next addresses that are reported on, or suppressed by reports. */
async function nextAddresses(sql: Sql, after: string): Promise<string[]> {
  const { rows } = await sql.query<{ address: string }>(
    `(select distinct address from maildrain.delivery_report where address > $1 order by address limit $2)
     union
     (select address from maildrain.suppression where address > $1 and source = 'report' order by address limit $2)
     order by address limit $2`,
    [after, PAGE],
  );
  return rows.map(({ address }) => address);
}

/**
 * One pass over the reports of these addresses. What tips is a day whose `after`-th day before it is within the window, as in suppression-rules.ts;
 * of all that tips an address the longest counts, for a suppression is only ever made longer. A delivery ends what counts before it: each stretch between
 * two of them is counted for itself.
 */
async function compare(
  sql: Sql,
  policy: SuppressionPolicy,
  now: Date,
  addresses: readonly string[],
): Promise<readonly Row[]> {
  const rules = Object.entries(policy.rules).flatMap(([cause, rule]) => (rule === null ? [] : [{ cause, ...rule }]));
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  const { rows } = await sql.query<Row>(
    `with rule as (
       select cause, after, make_interval(secs => within_s) as within, make_interval(secs => for_s) as lasts
         from unnest($5::text[], $6::int[], $7::float8[], $8::float8[]) as r (cause, after, within_s, for_s)),
     report as (
       select d.address, d.reported_at, d.stored_at, ${causeSql('d', '$4')} as cause,
              count(*) filter (where d.action = 'delivered') over (partition by d.address order by d.reported_at, d.action is not distinct from 'delivered') as stretch
         from maildrain.delivery_report d where d.address = any($1) and d.trust = any(case d.kind when 'complaint' then $9::text[] else $3::text[] end)),
     day as (
       select r.address, r.cause, r.stretch, max(r.reported_at) as last, min(r.stored_at) as stored_at
         from report r left join maildrain.address_reset a on a.address = r.address
        where r.cause is not null and (a.at is null or r.reported_at > a.at)
        group by r.address, r.cause, r.stretch, (r.reported_at at time zone 'UTC')::date),
     counted as (
       select day.*, rule.after, rule.within, day.last + rule.lasts as until,
              lag(day.last, rule.after - 1) over (partition by day.address, day.cause, day.stretch order by day.last) as first
         from day join rule on rule.cause = day.cause),
     wanted as (
       select distinct on (address) address, cause, until
         from counted
        where (until is null or until > $2::timestamptz) and first is not null
          and (after = 1 or within is null or first > last - within)
        order by address, until desc nulls first, stored_at, last)
     select p.address, s.address is not null as stands, s.source, s.reason as was_reason, s.until as was_until,
            exists (select from maildrain.delivery_report d where d.address = s.address and d.message_id = s.message_id) as grounded,
            w.cause, w.until
       from unnest($1::text[]) as p (address)
       left join maildrain.suppression s on s.address = p.address and (s.until is null or s.until > $2::timestamptz)
       left join wanted w on w.address = p.address
      order by p.address`,
    [
      addresses,
      now,
      trustsFrom(policy.trust),
      NO_COMPLAINTS,
      rules.map(({ cause }) => cause),
      rules.map(({ after }) => after),
      rules.map(({ withinMs }) => seconds(withinMs)),
      rules.map(({ forMs }) => seconds(forMs)),
      trustsFrom(policy.complaintTrust),
    ],
  );
  return rows;
}

function changeOf({ address, ...row }: Row): PlannedChange | null {
  const { cause, until } = row;
  if (!row.stands) return cause === null ? null : { address, change: 'add', reason: cause, until, was: null };
  if (row.source !== 'report') return null;
  const was = { reason: row.was_reason ?? '', until: row.was_until };
  const longer = cause === null ? -1 : compareUntil(until, was.until);
  if (longer === 0 || (longer < 0 && !row.grounded)) return null;
  if (cause === null) return { address, change: 'remove', reason: was.reason, until: null, was };
  return { address, change: longer > 0 ? 'lengthen' : 'shorten', reason: cause, until, was };
}

/** Null is for ever, and as long as another for ever. */
function compareUntil(a: Date | null, b: Date | null): number {
  const [mine, other] = [a, b].map((date) => date?.getTime() ?? Number.MAX_SAFE_INTEGER);
  return (mine ?? 0) - (other ?? 0);
}
