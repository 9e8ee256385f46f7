// Plans: what a destructive job would do, as somebody saw it, with the exact UIDs. Applying reads them back slice by slice and never
// searches again. How a plan is made is in admin/plan.ts.

import type { Uid } from '../model.ts';
import type { AdminJobKind, Criteria } from '../model-admin.ts';
import { limitOf } from './limit.ts';
import { type Database, inTransaction, type Sql } from './pool.ts';

/**
 * UIDs in one slice. Ten digits and a comma each make at most 5,500 octets, so that a slice always fits into one command (RFC 7162 4 advises lines of
 * at most 8,192 octets); and servers take a STORE or MOVE of so many within seconds.
 */
export const SLICE_UIDS = 500;
/** Slices written by one statement. */
const SLICES_AT_ONCE = 200;

export interface PlanSample {
  readonly uid: Uid;
  readonly date: Date | null;
  readonly from: string | null;
  readonly subject: string | null;
  readonly size: number;
}

export interface NewPlan {
  readonly job: AdminJobKind;
  readonly mailbox: string;
  readonly login: string;
  readonly folder: string;
  readonly uidValidity: string;
  readonly criteria: Criteria;
  readonly args: Readonly<Record<string, unknown>>;
  readonly messages: number;
  readonly bytes: number;
  /** INTERNALDATE. */
  readonly oldest: Date | null;
  readonly newest: Date | null;
  readonly sample: readonly PlanSample[];
  readonly createdBy: string;
}

export interface Plan extends NewPlan {
  readonly id: string;
  readonly createdAt: Date;
  /** The latest job that applies it, or did. */
  readonly jobId: string | null;
  readonly jobState: string | null;
}

/** A stretch of a plan. */
export interface PlanSlice {
  /** Its place; the cursor of a job that has done it. */
  readonly seq: number;
  /** For example `3:7,9`; at most 8,000 octets. */
  readonly text: string;
  /** The same, ascending. */
  readonly uids: readonly Uid[];
}

interface SqlRow {
  id: string;
  job: AdminJobKind;
  mailbox: string;
  login: string;
  folder: string;
  uidvalidity: string;
  criteria: Record<string, unknown>;
  args: Record<string, unknown>;
  messages: number;
  bytes: string;
  oldest: Date | null;
  newest: Date | null;
  sample: (Omit<PlanSample, 'date'> & { date: string | null })[];
  created_at: Date;
  created_by: string;
  job_id: string | null;
  job_state: string | null;
}

const COLUMNS = `p.id, p.job, p.mailbox, p.login, p.folder, p.uidvalidity, p.criteria, p.args, p.messages, p.bytes, p.oldest, p.newest, p.sample,
  p.created_at, p.created_by, j.id as job_id, j.state as job_state`;
const FROM = `maildrain.plan p left join lateral (
  select id, state from maildrain.admin_job where plan_id = p.id order by id desc limit 1) j on true`;

function toPlan(row: SqlRow): Plan {
  return {
    id: row.id,
    job: row.job,
    mailbox: row.mailbox,
    login: row.login,
    folder: row.folder,
    uidValidity: row.uidvalidity,
    criteria: readCriteria(row.criteria),
    args: row.args,
    messages: row.messages,
    bytes: Number(row.bytes),
    oldest: row.oldest,
    newest: row.newest,
    sample: row.sample.map((each) => ({ ...each, date: each.date === null ? null : new Date(each.date) })),
    createdAt: row.created_at,
    createdBy: row.created_by,
    jobId: row.job_id,
    jobState: row.job_state,
  };
}

/** Criteria as they come back from jsonb, where dates are text. */
export function readCriteria(stored: Record<string, unknown>): Criteria {
  const dates = Object.fromEntries(
    ['before', 'since'].flatMap((key) => (typeof stored[key] === 'string' ? [[key, new Date(stored[key])]] : [])),
  );
  return { ...stored, ...dates };
}

/**
 * Stores a plan and its UIDs in one transaction.
 *
 * @param uids ascending, each once
 */
export async function createPlan(database: Database, plan: NewPlan, uids: readonly Uid[]): Promise<Plan> {
  const pen = await database.take();
  try {
    return await inTransaction(pen.client, async () => {
      const { rows } = await pen.client.query<{ id: string; created_at: Date }>(
        `insert into maildrain.plan (job, mailbox, login, folder, uidvalidity, criteria, args, messages, bytes, oldest, newest, sample, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id, created_at`,
        [
          plan.job,
          plan.mailbox,
          plan.login,
          plan.folder,
          plan.uidValidity,
          JSON.stringify(plan.criteria),
          JSON.stringify(plan.args),
          plan.messages,
          plan.bytes,
          plan.oldest,
          plan.newest,
          JSON.stringify(plan.sample),
          plan.createdBy,
        ],
      );
      const made = rows[0];
      if (made === undefined) throw new Error('a plan was not made');
      await writeUids(pen.client, made.id, uids);
      return { ...plan, id: made.id, createdAt: made.created_at, jobId: null, jobState: null };
    });
  } finally {
    await pen.release();
  }
}

async function writeUids(sql: Sql, planId: string, uids: readonly Uid[]): Promise<void> {
  const slices: { text: string; n: number }[] = [];
  for (let start = 0; start < uids.length; start += SLICE_UIDS) {
    const part = uids.slice(start, start + SLICE_UIDS);
    slices.push({ text: sequenceSet(part), n: part.length });
  }
  for (let start = 0; start < slices.length; start += SLICES_AT_ONCE) {
    const part = slices.slice(start, start + SLICES_AT_ONCE);
    await sql.query(
      `insert into maildrain.plan_uids (plan_id, seq, uids, messages)
       select $1, $2 + ord - 1, uids, messages from unnest($3::text[], $4::int[]) with ordinality as s (uids, messages, ord)`,
      [planId, start, part.map(({ text }) => text), part.map(({ n }) => n)],
    );
  }
}

/** RFC 9051 9 `sequence-set` of ascending UIDs. */
function sequenceSet(uids: readonly Uid[]): string {
  const ranges: string[] = [];
  let from = 0;
  for (let at = 1; at <= uids.length; at++) {
    if (at < uids.length && Number(uids[at]) === Number(uids[at - 1]) + 1) continue;
    ranges.push(at - 1 === from ? `${uids[from]}` : `${uids[from]}:${uids[at - 1]}`);
    from = at;
  }
  return ranges.join(',');
}

/** The UIDs of a sequence set of ours. */
function membersOf(text: string): Uid[] {
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  });
}

/** The first slice after `seq` (null: the first of all); null: none is left. */
export async function planSlice(sql: Sql, planId: string, after: number | null): Promise<PlanSlice | null> {
  const { rows } = await sql.query<{ seq: number; uids: string }>(
    'select seq, uids from maildrain.plan_uids where plan_id = $1 and seq > $2 order by seq limit 1',
    [planId, after ?? -1],
  );
  const row = rows[0];
  return row === undefined ? null : { seq: row.seq, text: row.uids, uids: membersOf(row.uids) };
}

export async function findPlan(sql: Sql, id: string): Promise<Plan | null> {
  const { rows } = await sql.query<SqlRow>(`select ${COLUMNS} from ${FROM} where p.id = $1`, [id]);
  return rows[0] === undefined ? null : toPlan(rows[0]);
}

/** Newest first. */
export async function listPlans(
  sql: Sql,
  { mailbox = null, limit }: { readonly mailbox?: string | null | undefined; readonly limit?: number | undefined },
): Promise<Plan[]> {
  const { rows } = await sql.query<SqlRow>(
    `select ${COLUMNS} from ${FROM} where ($1::text is null or p.mailbox = $1) order by p.id desc limit $2`,
    [mailbox, limitOf(limit)],
  );
  return rows.map(toPlan);
}
