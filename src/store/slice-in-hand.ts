// Counts are written down slice by slice, so a job that ends in the middle of one has done something that no count says. What is known of it is read
// here when the job ends, for its notes and for the record. It is added to no count: `jobs retry` takes the same slice up again and counts all of it.

import { printable } from '../errors.ts';
import type { Uid } from '../model.ts';
import { planSlice } from './plans.ts';
import type { Sql } from './pool.ts';

/** What was there of a slice of a plan when it was begun the first time. */
export interface Begun {
  readonly there: number;
  /** ISO 8601, by the clock of the host that began it. */
  readonly at: string;
  /** The highest id of a message that was stored then. Clocks of hosts differ, ids are Postgres's. */
  readonly lastId?: string;
  /** X-GM-MSGID by UID, where a message must be found again after it has left the folder. */
  readonly emailIds?: Readonly<Record<Uid, string>>;
  /** UIDNEXT of the folder that messages go to. */
  readonly targetNext?: number | null;
}

/** Where the ledger says what becomes of each message. */
export interface LedgerPlace {
  readonly mailboxId: number;
  /** A configured mailbox drains the folder: what stays owed is its drain's. */
  readonly drained: boolean;
}

/** Where the next slice of a plan begins, and what is known of it if it has been begun. */
export interface PlanCursor {
  /** Of the stretches of the plan, the last that is done. */
  readonly seq: number | null;
  /** How many of the next one are done. */
  readonly at: number;
  /** How many are taken at once; null: nothing was done yet. */
  readonly pace: number | null;
  readonly begun: Begun | null;
  /** Absent: nothing says what becomes of a message before its slice is done. */
  readonly ledger?: LedgerPlace;
}

/** A part of a slice that is done, or may be. */
export interface InHand {
  /** For the record. */
  readonly counts: Readonly<Record<string, number>>;
  /** For people. */
  readonly note: string;
}

interface Ended {
  readonly id: string;
  readonly kind: string;
  readonly mailbox: string | null;
  readonly planId: string | null;
  readonly cursor: unknown;
}

/** Of the messages that are stored the highest id. */
export async function lastMessageId(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ id: string }>(`select coalesce(max(id), 0)::text as id from maildrain.message`);
  return rows[0]?.id ?? '0';
}

/** What a job that has ended did of a slice that it did not come to the end of. Null: nothing. */
export async function sliceInHand(sql: Sql, ended: Ended): Promise<InHand | null> {
  const { id, kind, planId, cursor } = ended;
  if (kind === 'restore') return putBack(sql, id);
  const place = planId === null ? null : (cursor as PlanCursor | null);
  if (planId === null || place === null || place.begun === null) return null;
  const { begun, ledger } = place;
  if (begun.there === 0) return null;
  if (ledger !== undefined) return takenOff(sql, planId, place, begun, ledger.mailboxId);
  const note = `${endedWithin(begun.there)}: any of them may be done already, and nothing says which`;
  return { counts: { messages: begun.there }, note: note + (await leftFlagged(sql, ended, begun)) };
}

/** What was flagged and not expunged: no connection is there to lift the flag, and drains leave flagged mail alone. */
async function leftFlagged(sql: Sql, { kind, mailbox, planId }: Ended, { emailIds }: Begun): Promise<string> {
  // Ids are written down where messages are moved to Trash instead.
  if ((kind !== 'purge' && kind !== 'empty-trash') || emailIds !== undefined) return '';
  const { rows } = await sql.query<{ folder: string }>('select folder from maildrain.plan where id = $1', [planId]);
  const command = `maildrain undelete ${mailbox} --folder '${printable(rows[0]?.folder ?? 'INBOX')}' --all`;
  return `; some may be left flagged \\Deleted: "${command}" brings them back`;
}

function endedWithin(messages: number): string {
  return `it ended within a slice of ${messages} ${messages === 1 ? 'message' : 'messages'}, which the counts leave out`;
}

/** A purge that stores: the ledger knows each message. */
async function takenOff(
  sql: Sql,
  planId: string,
  { seq, at, pace }: PlanCursor,
  begun: Begun,
  mailboxId: number,
): Promise<InHand | null> {
  const slice = await planSlice(sql, planId, seq);
  const uids = slice?.uids.slice(at, pace === null ? undefined : at + pace) ?? [];
  // Octets that were stored again have the id they had. Rows have the clock of the host where they were stored, and that of Postgres when they change.
  const { rows } = await sql.query<{ stored: number; disposed: number }>(
    `select count(*) filter (where l.stored_at >= $4 and l.message_id is not null or l.message_id > $5)::int as stored,
            count(*) filter (where l.state = 'disposed' and l.reason is distinct from 'gone'
                               and (l.stored_at >= $4 or l.changed_at >= $4 or l.message_id > $5))::int as disposed
       from maildrain.ledger l join maildrain.plan p on p.id = $1
      where l.mailbox_id = $2 and l.uidvalidity = p.uidvalidity and l.uid = any($3::text[])`,
    [planId, mailboxId, uids, begun.at, begun.lastId ?? null],
  );
  const { stored = 0, disposed = 0 } = rows[0] ?? {};
  if (stored === 0 && disposed === 0) return null;
  const note = `${endedWithin(begun.there)}: ${stored} of them were stored in it, and ${disposed} were seen to be gone`;
  return { counts: { messages: begun.there, stored, disposed }, note };
}

/** A restore: each message has a row of its own. Those of which nothing was said to the server are gone by now. */
async function putBack(sql: Sql, id: string): Promise<InHand | null> {
  const { rows } = await sql.query<{ restored: number; onTheWay: number }>(
    `select count(*) filter (where uid is not null)::int as restored, count(*) filter (where uid is null)::int as "onTheWay"
       from maildrain.restore where job_id = $1 and state = 'sending' and said`,
    [id],
  );
  const { restored = 0, onTheWay = 0 } = rows[0] ?? {};
  if (restored === 0 && onTheWay === 0) return null;
  const unsure = onTheWay === 0 ? '' : `, and ${onTheWay} more ${onTheWay === 1 ? 'was' : 'were'} on the way`;
  return {
    counts: { restored, onTheWay },
    note: `it ended within a slice, which the counts leave out: ${restored} of its messages were put back${unsure}`,
  };
}
