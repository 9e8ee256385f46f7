// Whether the UIDs of a plan still mean the messages that were shown. Another UIDVALIDITY is another folder. The same one is no proof: a folder made
// again within a second keeps it, so the sample is looked at.

import { MaildrainError } from '../errors.ts';
import type { AdminSession } from '../source/admin-session.ts';
import type { Plan, PlanSample } from '../store/plans.ts';
import { shown } from './plan.ts';

/** @throws MaildrainError PLAN_OUTDATED */
export async function stillFits(admin: AdminSession, plan: Plan): Promise<void> {
  const { session } = admin;
  if (session.facts.uidValidity !== plan.uidValidity) {
    throw new MaildrainError(
      'PLAN_OUTDATED',
      `"${plan.folder}" has another UIDVALIDITY than when the plan was made (${plan.uidValidity}, now ${session.facts.uidValidity}): its UIDs mean other messages. Make a new plan`,
    );
  }
  const known = new Map(plan.sample.map((sample) => [sample.uid, sample]));
  const others: PlanSample[] = [];
  for (const { uid, internalDate, size } of await session.describe([...known.keys()])) {
    const sample = known.get(uid);
    if (sample === undefined) continue;
    if (!sameInstant(sample.date, internalDate)) throw outdated(plan);
    if (sample.size !== size) others.push(sample);
  }
  // Exchange Online estimates RFC822.SIZE, and estimates better once a message has been fetched: the fields decide.
  const fields = new Map((await admin.samples(others.map(({ uid }) => uid))).map((each) => [each.uid, each]));
  for (const { uid, from, subject } of others) {
    const now = fields.get(uid);
    // Gone meanwhile.
    if (now === undefined) continue;
    if (shown(now.from) !== from || shown(now.subject) !== subject) throw outdated(plan);
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
