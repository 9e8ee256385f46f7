// Retention: deletes what has been kept as long as the policy says. Run daily by `serve`, and by hand; what would go can be seen first. It works
// from the policy in its arguments, so that its record says by what was deleted.

import type { Retention, Step } from '../model-admin.ts';
import type { Sql } from '../store/pool.ts';
import {
  countRows,
  deleteLedger,
  deleteRows,
  dropPartition,
  expiredPartitions,
  type LedgerPlace,
  type Partition,
  type RowWise,
} from '../store/retention.ts';
import type { AdminJob } from './job.ts';
import { readArgs } from './server-args.ts';
import { expireArgs } from './store-args.ts';

/** What is deleted row by row, and the period it goes by. Jobs before their plans, which they refer to. */
const ROWS: readonly (readonly [RowWise, keyof Retention])[] = [
  ['events', 'events'],
  ['runs', 'runs'],
  ['audit', 'audit'],
  ['jobs', 'audit'],
  ['plans', 'audit'],
];

/** What would go, or stays although it is old enough. */
export interface ExpirePlan {
  readonly partitions: readonly Partition[];
  /** Rows by kind; none: zero, or kept for ever. */
  readonly rows: Readonly<Record<RowWise | 'ledger', number>>;
}

/** Looks and changes nothing. */
export async function planExpire(sql: Sql, retention: Retention, now = new Date()): Promise<ExpirePlan> {
  const count = (what: RowWise | 'ledger', period: number | null): Promise<number> | number =>
    period === null ? 0 : countRows(sql, what, new Date(now.getTime() - period));
  return {
    partitions: await expiredPartitions(sql, retention, now),
    rows: {
      events: await count('events', retention.events),
      runs: await count('runs', retention.runs),
      audit: await count('audit', retention.audit),
      jobs: await count('jobs', retention.audit),
      plans: await count('plans', retention.audit),
      ledger: await count('ledger', retention.ledger),
    },
  };
}

/** What is behind the job. Rows need no cursor: what was deleted is not found again. */
interface Cursor {
  /** Months that were tried, each once: one that is in use goes with the next job. Null: all were. */
  readonly months: readonly string[] | null;
  /** Tables of which a month was in use. Whoever reads them all, such as pg_dump, is not asked month by month. */
  readonly busy: readonly Partition['parent'][];
  readonly ledger: LedgerPlace | null;
}

const BEGINNING: Cursor = { months: [], busy: [], ledger: null };

export const expire: AdminJob = {
  kind: 'expire',
  needsMailbox: false,
  async *work({ request, pen, signal }) {
    const sql = pen.client;
    const retention: Retention = readArgs(expireArgs, request.args);
    let begun = (request.cursor as Cursor | null) ?? BEGINNING;
    const now = new Date();
    if (begun.months !== null) {
      yield* expireMonths(sql, retention, now, begun, signal);
      if (signal.aborted) return;
      begun = { ...BEGINNING, months: null };
      yield { done: 0, counts: {}, cursor: begun };
    }
    for (const [what, key] of ROWS) yield* expireRows(sql, what, cutoff(retention[key], now), begun, signal);
    yield* expireLedger(sql, cutoff(retention.ledger, now), begun, signal);
  },
};

function cutoff(period: number | null, now: Date): Date | null {
  return period === null ? null : new Date(now.getTime() - period);
}

async function* expireMonths(
  sql: Sql,
  retention: Retention,
  now: Date,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<Step, void> {
  let { months, busy } = cursor;
  for (const partition of await expiredPartitions(sql, retention, now)) {
    if (signal.aborted) return;
    const { table, parent, owed, bytes } = partition;
    if (months?.includes(table) || busy.includes(parent)) continue;
    months = [...(months ?? []), table];
    const dropped = owed > 0 ? 'owed' : await dropPartition(sql, partition);
    if (dropped === 'dropped') {
      yield { done: 1, counts: { months: 1, bytes }, cursor: { ...cursor, months, busy } };
      continue;
    }
    // Octets that nobody else has: the server's are taken off because these are here.
    let note = `${table} stays: ${owed > 0 ? owed : 'some'} of its messages are still owed to their server`;
    if (dropped === 'busy') {
      busy = [...busy, parent];
      note = `${table} is in use: it goes the next time, and later months of its table with it`;
    }
    yield { done: 0, counts: {}, cursor: { ...cursor, months, busy }, notes: [note] };
  }
}

async function* expireRows(
  sql: Sql,
  what: RowWise,
  before: Date | null,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<Step, void> {
  for (let more = before !== null; more && before !== null && !signal.aborted; ) {
    const outcome = await deleteRows(sql, what, before);
    more = outcome.more;
    if (outcome.deleted > 0) yield { done: outcome.deleted, counts: { [what]: outcome.deleted }, cursor };
  }
}

async function* expireLedger(
  sql: Sql,
  before: Date | null,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<Step, void> {
  if (before === null) return;
  let place = cursor.ledger;
  while (!signal.aborted) {
    const outcome = await deleteLedger(sql, before, place);
    place = outcome.place;
    if (outcome.deleted > 0 || place !== null)
      yield {
        done: outcome.deleted,
        counts: outcome.deleted > 0 ? { ledger: outcome.deleted } : {},
        cursor: { ...cursor, ledger: place },
      };
    if (place === null) return;
  }
}
