// Suppressions whose ground has gone: the report that tipped them is no longer believed to be one (reclassify), and what is left does not suffice.
// What people made is never touched. The conditions under which reports suffice are those of suppression-rules.ts, worked out by
// suppression-plan.ts.

import type { SuppressionPolicy } from '../model-pipeline.ts';
import type { NewEvent } from './events.ts';
import type { Sql } from './pool.ts';
import { wantedFor } from './suppression-plan.ts';

/** Why and until when an address is suppressed. */
export interface StandingSuppression {
  readonly reason: string;
  /** Null: until somebody lifts it. */
  readonly until: Date | null;
}

/** What stands for these addresses. */
export async function standing(sql: Sql, addresses: readonly string[]): Promise<Map<string, StandingSuppression>> {
  const { rows } = await sql.query<{ address: string; reason: string; until: Date | null }>(
    'select address, reason, until from maildrain.suppression where address = any($1) and (until is null or until > now())',
    [addresses],
  );
  return new Map(rows.map(({ address, reason, until }) => [address, { reason, until }]));
}

/** What a message no longer says of an address. */
export interface GoneReport {
  readonly address: string;
  readonly messageId: string;
}

/**
 * Lifts suppressions that reports made and that the reports which are left would not make, and gives back the events about it. Only where the very report
 * that tipped it has just gone: one that has merely expired still counts, and so does what follows from it. The addresses' locks are held.
 */
export async function groundless(
  sql: Sql,
  gone: readonly GoneReport[],
  policy: SuppressionPolicy,
): Promise<NewEvent[]> {
  if (gone.length === 0) return [];
  const { rows } = await sql.query<{ address: string }>(
    `select s.address from maildrain.suppression s
      where s.source = 'report'
        and (s.address, s.message_id) in (select * from unnest($1::text[], $2::bigint[]))`,
    [gone.map(({ address }) => address), gone.map(({ messageId }) => messageId)],
  );
  const loose = rows.map(({ address }) => address);
  if (loose.length === 0) return [];
  const wanted = await wantedFor(sql, policy, new Date(), loose);
  const lifted = loose.filter((address) => !wanted.has(address));
  if (lifted.length === 0) return [];
  await sql.query('delete from maildrain.suppression where address = any($1)', [lifted]);
  return lifted.map((address) => ({
    type: 'suppression.removed',
    key: address,
    body: { address, why: 'reclassified' },
  }));
}
