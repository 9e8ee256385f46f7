// Whether the UIDs of a plan still mean the messages that were shown. Another UIDVALIDITY is another folder. The same one is no proof: a folder made
// again within a second keeps it, so the sample is looked at; where nothing of it is left, the times of what is there.

import { MaildrainError } from '../errors.ts';
import type { Uid } from '../model.ts';
import type { AdminSession } from '../source/admin-session.ts';
import type { Plan, PlanSample } from '../store/plans.ts';
import { shown } from './plan.ts';

/**
 * @returns whether anything of the sample is left and says so; else what is there has to be looked at (arePlanned)
 * @throws MaildrainError PLAN_OUTDATED
 */
export async function stillFits(admin: AdminSession, plan: Plan): Promise<boolean> {
  const { session } = admin;
  if (session.facts.uidValidity !== plan.uidValidity) {
    throw new MaildrainError(
      'PLAN_OUTDATED',
      `"${plan.folder}" has another UIDVALIDITY than when the plan was made (${plan.uidValidity}, now ${session.facts.uidValidity}): its UIDs mean other messages. Make a new plan`,
    );
  }
  const known = new Map(plan.sample.map((sample) => [sample.uid, sample]));
  const others: PlanSample[] = [];
  const left = await session.describe([...known.keys()]);
  const unseen = new Set(known.keys());
  for (const { uid, internalDate, size } of left) {
    unseen.delete(uid);
    const sample = known.get(uid);
    if (sample === undefined) continue;
    if (!sameInstant(sample.date, internalDate)) throw outdated(plan);
    if (sample.size !== size) others.push(sample);
  }
  const { uidNext, exists } = session.facts;
  // A folder never gives a UID back, and the last message of a plan is in its sample. A UIDNEXT that cannot be, or that a message denies, says nothing.
  if (uidNext !== null && uidNext > exists && [...unseen].some((uid) => Number(uid) >= uidNext)) throw outdated(plan);
  // Exchange Online estimates RFC822.SIZE, and estimates better once a message has been fetched: the fields decide.
  const fields = new Map((await admin.samples(others.map(({ uid }) => uid))).map((each) => [each.uid, each]));
  for (const { uid, from, subject } of others) {
    const now = fields.get(uid);
    // Gone meanwhile.
    if (now === undefined) continue;
    if (shown(now.from) !== from || shown(now.subject) !== subject) throw outdated(plan);
  }
  return left.length > 0;
}

/**
 * Whether these can be messages of the plan, for one of whose sample nothing is left: all of its messages arrived between its oldest and its newest.
 *
 * @throws MaildrainError PLAN_OUTDATED
 */
export async function arePlanned({ session }: AdminSession, plan: Plan, uids: readonly Uid[]): Promise<void> {
  const { oldest, newest } = plan;
  if (oldest === null || newest === null) return;
  for (const { internalDate } of await session.describe(uids)) {
    if (internalDate !== null && (internalDate < oldest || internalDate > newest)) throw outdated(plan);
  }
}

function outdated({ folder }: Plan): MaildrainError {
  return new MaildrainError(
    'PLAN_OUTDATED',
    `the server gave the UIDs of "${folder}" to other messages since the plan was made. Make a new plan`,
  );
}

/** The date of a sample is the Date field's where the server gives no INTERNALDATE. */
function sameInstant(planned: Date | null, internalDate: Date | null): boolean {
  return planned === null || internalDate === null || planned.getTime() === internalDate.getTime();
}
