// A line that is lost does not end what the server was asked to do: Dovecot carries a MOVE out to the end, shows nothing of it meanwhile, and a second
// MOVE takes the same messages to the target once more. IMAP has no way to ask. So a drain that takes up owed mail waits before it looks.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionFacts } from '../model.ts';
import { youngestOwedMs } from '../store/ledger.ts';
import type { Sql } from '../store/pool.ts';
import { copiesElsewhere } from './policy.ts';

/** As long as the jobs give a server to come to its end (admin/plan-slices.ts): a batch of 250 takes it seconds. */
const SETTLE_MS = 15_000;

/**
 * Until the server can be believed to have come to the end of what the drain before asked of it. Owed rows are written just before it is asked.
 *
 * @param settleMs for tests
 */
export async function untilSettled(
  sql: Sql,
  mailboxId: number,
  facts: SessionFacts,
  signal: AbortSignal,
  settleMs = SETTLE_MS,
): Promise<void> {
  if (settleMs === 0 || !copiesElsewhere(facts)) return;
  const age = await youngestOwedMs(sql, mailboxId);
  if (age === null || age >= settleMs) return;
  await sleep(settleMs - Math.max(0, age), undefined, { signal }).catch(() => {});
}
