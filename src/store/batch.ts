// The storing transaction: messages, their octets, attachment facts, what they report and ledger rows become visible together or not at all.
// Everything the drain promises rests on this file: what is committed here may be taken off the server, nothing else.

import { MaildrainError } from '../errors.ts';
import type { Listed } from '../model.ts';
import type { Reading } from '../model-reading.ts';
import { writeLedger } from './batch-ledger.ts';
import { copyAttachments, copyMessages, copyPieces, copyRaws, idAt, takeIds } from './batch-rows.ts';
import type { Stored } from './delivery-reports.ts';
import type { Adopted, Batch, Entry, Octets, StoredFor, Streamed, StreamVerdict } from './entries.ts';
import { type InFlight, setInFlight } from './mailboxes.ts';
import { inTransaction, type Sql } from './pool.ts';
import { giveOctets, moveToNow, rememberFiled, withOctets } from './renew.ts';
import { fileReports } from './reports.ts';

/**
 * Stores a batch in one transaction.
 *
 * @returns the ids of the fresh messages, in their order
 * @throws MaildrainError DATABASE_CONFLICT when another drain has written one of these rows meanwhile; nothing is stored then
 */
export function storeBatch(sql: Sql, batch: Batch): Promise<string[]> {
  return inTransaction(sql, async () => {
    const ids = await takeIds(sql, batch.fresh.length);
    if (batch.fresh.length > 0) {
      await copyMessages(
        sql,
        batch,
        batch.fresh.map((entry, i) => ({ id: idAt(ids, i), entry, reading: entry.reading })),
      );
      await copyRaws(sql, batch, ids);
      await copyAttachments(
        sql,
        batch.now,
        batch.fresh.map((fresh, i) => ({ id: idAt(ids, i), reading: fresh.reading })),
      );
      await fileReports(
        sql,
        batch,
        batch.fresh.map((fresh, i) => storedOf(idAt(ids, i), fresh, fresh.reading)),
      );
    }
    await writeLedger(sql, { ...batch, adopted: await renewExpired(sql, batch) }, ids);
    await setInFlight(sql, batch.mailboxId, batch.inFlight);
    return ids;
  });
}

/** An adopted message whose octets have expired, and that is to be taken off the server. */
interface Expired extends Adopted {
  readonly arrived: Octets;
}

async function expiredOf(sql: Sql, adopted: readonly Adopted[]): Promise<Expired[]> {
  const leaving = adopted.flatMap((entry) => (entry.arrived === null ? [] : [{ ...entry, arrived: entry.arrived }]));
  const there = await withOctets(sql, leaving);
  return [...new Map(leaving.map((entry) => [entry.messageId, entry])).values()].filter(
    ({ messageId }) => !there.has(messageId),
  );
}

/** Stores octets again that have expired. @returns the adopted messages as they are then */
async function renewExpired(sql: Sql, batch: Batch): Promise<readonly Adopted[]> {
  const expired = await expiredOf(sql, batch.adopted);
  if (expired.length === 0) return batch.adopted;
  const fresh = expired.map((entry) => {
    // Streamed octets are renewed where they are stored, and those were there a moment ago.
    if (entry.arrived.raw === null)
      throw new MaildrainError('DATABASE_CONFLICT', 'octets expired meanwhile: the next drain stores them again');
    return { ...entry, raw: entry.arrived.raw, reading: entry.arrived.reading };
  });
  const ids = expired.map(({ messageId }) => messageId);
  await copyRaws(sql, { ...batch, fresh }, ids);
  return renewFacts(sql, batch, expired);
}

/** What is known of messages goes with their octets. @returns the adopted messages of the batch as they are then */
async function renewFacts(
  sql: Sql,
  batch: StoredFor & { readonly adopted: readonly Adopted[] },
  expired: readonly Expired[],
): Promise<readonly Adopted[]> {
  const known = await moveToNow(sql, batch.now, expired);
  const unknown = expired.filter(({ messageId }) => !known.has(messageId));
  if (unknown.length > 0) {
    const rows = unknown.map((entry) => ({ id: entry.messageId, entry, reading: entry.arrived.reading }));
    await copyMessages(sql, batch, rows);
    await rememberFiled(sql, batch.now, unknown);
    await copyAttachments(sql, batch.now, rows);
  }
  const renewed = new Set(expired.map(({ messageId }) => messageId));
  return batch.adopted.map((entry) => (renewed.has(entry.messageId) ? { ...entry, storedAt: batch.now } : entry));
}

function storedOf(id: string, { size, listed }: Entry, reading: Reading): Stored {
  return { id, size, internalDate: listed.internalDate, reading };
}

/**
 * Stores one large message while it arrives, in constant memory. Whether it is new is known only at its end: if it is not, what was copied is rolled back.
 *
 * @param pieces yields the octets in order; throws when they do not all arrive
 * @param finish called when all octets have passed
 * @param judge decides what the message is
 */
export async function storeStreamed(
  sql: Sql,
  batch: StoredFor & { readonly listed: Listed; readonly inFlight: InFlight | null },
  pieces: AsyncIterable<Buffer>,
  finish: () => Streamed,
  judge: (streamed: Streamed) => Promise<StreamVerdict> | StreamVerdict,
): Promise<{ readonly verdict: StreamVerdict; readonly streamed: Streamed }> {
  const outcome = await inTransaction(
    sql,
    async () => {
      // The COPY lasts as long as the mail server takes, and a slow one takes longer than any statement may. Each of its pieces has a bound.
      await sql.query('set local statement_timeout = 0');
      const ids = await takeIds(sql, 1);
      await copyPieces(sql, batch.now, idAt(ids, 0), pieces);
      const streamed = finish();
      const verdict = await judge(streamed);
      if (verdict.verdict === 'fresh')
        await writeStreamed(sql, batch, ids, { ...streamed, ...verdict, listed: batch.listed });
      const expired = verdict.verdict === 'adopted' ? await expiredOf(sql, [verdict.adopted]) : [];
      for (const entry of expired) await renewStreamed(sql, batch, idAt(ids, 0), entry);
      return { verdict, streamed, written: verdict.verdict === 'fresh' || expired.length > 0 };
    },
    ({ written }) => written,
  );
  const { verdict, written } = outcome;
  if (!written) {
    await storeBatch(sql, { ...batch, fresh: [], adopted: verdict.verdict === 'adopted' ? [verdict.adopted] : [] });
  }
  return outcome;
}

async function writeStreamed(
  sql: Sql,
  batch: StoredFor & { readonly inFlight: InFlight | null },
  ids: readonly string[],
  entry: Entry & Streamed,
): Promise<void> {
  await copyMessages(sql, batch, [{ id: idAt(ids, 0), entry, reading: entry.reading }]);
  await copyAttachments(sql, batch.now, [{ id: idAt(ids, 0), reading: entry.reading }]);
  await fileReports(sql, batch, [storedOf(idAt(ids, 0), entry, entry.reading)]);
  await writeLedger(sql, { ...batch, fresh: [entry], adopted: [] }, ids);
  await setInFlight(sql, batch.mailboxId, batch.inFlight);
}

async function renewStreamed(
  sql: Sql,
  batch: StoredFor & { readonly inFlight: InFlight | null },
  id: string,
  entry: Expired,
): Promise<void> {
  await giveOctets(sql, batch.now, id, entry.messageId);
  const adopted = await renewFacts(sql, { ...batch, adopted: [entry] }, [entry]);
  await writeLedger(sql, { ...batch, fresh: [], adopted }, []);
  await setInFlight(sql, batch.mailboxId, batch.inFlight);
}
