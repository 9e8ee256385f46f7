// Retention: deletes what has been kept as long as the policy says. Run daily by `serve`, and by hand; what would go can be seen first. It works
// from the policy in its arguments, so that its record says by what was deleted. What a slice deletes and what is written of it is one transaction:
// what was deleted cannot be counted afterwards.

import type { Retention, Step } from '../model-admin.ts';
import { inTransaction, type Sql } from '../store/pool.ts';
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
import type { AdminJob, Turn } from './job.ts';
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
  async *work(turn) {
    const { request, signal } = turn;
    const retention: Retention = readArgs(expireArgs, request.args);
    let begun = (request.cursor as Cursor | null) ?? BEGINNING;
    const now = new Date();
    if (begun.months !== null) {
      yield* expireMonths(turn, retention, now, begun);
      if (signal.aborted) return;
      begun = { ...BEGINNING, months: null };
      yield { done: 0, counts: {}, cursor: begun };
    }
    for (const [what, key] of ROWS) yield* expireRows(turn, what, cutoff(retention[key], now), begun);
    yield* expireLedger(turn, cutoff(retention.ledger, now), begun);
  },
};

function cutoff(period: number | null, now: Date): Date | null {
  return period === null ? null : new Date(now.getTime() - period);
}

async function* expireMonths(
  { pen, signal, save }: Turn,
  retention: Retention,
  now: Date,
  cursor: Cursor,
): AsyncGenerator<Step, void> {
  const sql = pen.client;
  let { months, busy } = cursor;
  for (const partition of await expiredPartitions(sql, retention, now)) {
    if (signal.aborted) return;
    const { table, parent, owed, bytes } = partition;
    if (months?.includes(table) || busy.includes(parent)) continue;
    months = [...(months ?? []), table];
    const step = { done: 1, counts: { months: 1, bytes }, cursor: { ...cursor, months, busy } };
    const dropped = owed > 0 ? 'owed' : await dropPartition(sql, partition, () => save(step));
    if (dropped === 'dropped') {
      yield step;
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

async function* expireRows(turn: Turn, what: RowWise, before: Date | null, cursor: Cursor): AsyncGenerator<Step, void> {
  for (let more = before !== null; more && before !== null && !turn.signal.aborted; ) {
    const { outcome, step } = await slice(
      turn,
      () => deleteRows(turn.pen.client, what, before),
      ({ deleted }) => (deleted === 0 ? null : { done: deleted, counts: { [what]: deleted }, cursor }),
    );
    more = outcome.more;
    if (step !== null) yield step;
  }
}

async function* expireLedger(turn: Turn, before: Date | null, cursor: Cursor): AsyncGenerator<Step, void> {
  if (before === null) return;
  let place = cursor.ledger;
  while (!turn.signal.aborted) {
    const from = place;
    const { outcome, step } = await slice(
      turn,
      () => deleteLedger(turn.pen.client, before, from),
      ({ deleted, place: ledger }) =>
        deleted === 0 && ledger === null
          ? null
          : { done: deleted, counts: deleted > 0 ? { ledger: deleted } : {}, cursor: { ...cursor, ledger } },
    );
    if (step !== null) yield step;
    place = outcome.place;
    if (place === null) return;
  }
}

async function slice<T>(
  { pen, save }: Turn,
  remove: () => Promise<T>,
  stepOf: (outcome: T) => Step | null,
): Promise<{ readonly outcome: T; readonly step: Step | null }> {
  return inTransaction(pen.client, async () => {
    const outcome = await remove();
    const step = stepOf(outcome);
    if (step !== null) await save(step);
    return { outcome, step };
  });
}
