// Makes a plan: what a destructive job would do, counted, sampled and written down with the exact UIDs, before anything is done. Only reads the
// mailbox. What is asked of the server comes through PlanSource, so that this file knows no IMAP.

import { loginOf } from '../config.ts';
import { cleanText, cut, oneLine } from '../mail/text.ts';
import type { MailboxConfig, Uid } from '../model.ts';
import type { AdminJobKind, Criteria } from '../model-admin.ts';
import { createPlan, type NewPlan, type Plan, type PlanSample } from '../store/plans.ts';
import type { Database } from '../store/pool.ts';

/** Enough to recognise what it is about, few enough to be read. */
const SAMPLE = 10;
/** Messages described at once: what arrives is summed up and forgotten. */
const DESCRIBED_AT_ONCE = 1000;
/** A line of a terminal or two. */
const MAX_SAMPLE_TEXT = 200;

/** Where a plan looks: one folder of a mailbox's account, opened read-only. */
export interface PlanSource {
  /**
   * @param folder a path, or an attribute such as `\Trash`; null: what the job is usually about
   * @throws MaildrainError MAILBOX_MISSING with the nearest names
   */
  open(mailbox: MailboxConfig, folder: string | null): Promise<PlanFolder>;
}

/** Every method throws MaildrainError. */
export interface PlanFolder {
  /** As the server spells it. */
  readonly path: string;
  readonly uidValidity: string;
  /** Ascending, each once. */
  search(criteria: Criteria): Promise<readonly Uid[]>;
  /** RFC822.SIZE and INTERNALDATE. Those that are gone are left out. */
  describe(
    uids: readonly Uid[],
  ): Promise<readonly { readonly uid: Uid; readonly size: number; readonly internalDate: Date | null }[]>;
  /** What people recognise messages by. Those that are gone are left out. */
  sample(uids: readonly Uid[]): Promise<
    readonly {
      readonly uid: Uid;
      readonly from: string | null;
      readonly subject: string | null;
      readonly date: Date | null;
    }[]
  >;
  close(): Promise<void>;
}

export interface PlanRequest {
  readonly job: AdminJobKind;
  /** Null: what the job is usually about. */
  readonly folder: string | null;
  readonly criteria: Criteria;
  readonly args: Readonly<Record<string, unknown>>;
  /** Who asks, for the record. */
  readonly by: string;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A plan about nothing: it is shown, and nothing is kept of it. */
export interface EmptyPlan extends NewPlan {
  readonly id: null;
  readonly messages: 0;
  readonly createdAt: Date;
  readonly jobId: null;
  readonly jobState: null;
}

/** Looks and writes down what would be done; nothing is written down where there is nothing to do. @throws MaildrainError */
export async function makePlan(
  { database, source }: { readonly database: Database; readonly source: PlanSource },
  mailbox: MailboxConfig,
  request: PlanRequest,
): Promise<Plan | EmptyPlan> {
  const folder = await source.open(mailbox, request.folder);
  let plan: NewPlan;
  let uids: readonly Uid[];
  try {
    uids = await folder.search(request.criteria);
    const sums = await sumUp(folder, uids, request.onProgress);
    plan = {
      job: request.job,
      mailbox: mailbox.name,
      login: loginOf(mailbox),
      folder: folder.path,
      uidValidity: folder.uidValidity,
      criteria: request.criteria,
      args: request.args,
      messages: uids.length,
      ...sums,
      sample: await sampleOf(folder, uids),
      createdBy: request.by,
    };
  } finally {
    await folder.close();
  }
  if (uids.length === 0) return { ...plan, id: null, messages: 0, createdAt: new Date(), jobId: null, jobState: null };
  return createPlan(database, plan, uids);
}

async function sumUp(
  folder: PlanFolder,
  uids: readonly Uid[],
  onProgress: PlanRequest['onProgress'],
): Promise<Pick<NewPlan, 'bytes' | 'oldest' | 'newest'>> {
  let bytes = 0;
  let oldest: Date | null = null;
  let newest: Date | null = null;
  for (let start = 0; start < uids.length; start += DESCRIBED_AT_ONCE) {
    for (const { size, internalDate } of await folder.describe(uids.slice(start, start + DESCRIBED_AT_ONCE))) {
      bytes += size;
      if (internalDate === null) continue;
      if (oldest === null || internalDate < oldest) oldest = internalDate;
      if (newest === null || internalDate > newest) newest = internalDate;
    }
    onProgress?.(Math.min(uids.length, start + DESCRIBED_AT_ONCE), uids.length);
  }
  return { bytes, oldest, newest };
}

/** Spread over all of them, first and last included: the mistakes are at the ends. */
async function sampleOf(folder: PlanFolder, uids: readonly Uid[]): Promise<PlanSample[]> {
  const step = Math.max(1, (uids.length - 1) / (SAMPLE - 1));
  const chosen = [...new Set(Array.from({ length: SAMPLE }, (_, n) => Math.round(n * step)))].flatMap(
    (at) => uids[at] ?? [],
  );
  if (chosen.length === 0) return [];
  const described = new Map((await folder.describe(chosen)).map((each) => [each.uid, each]));
  const sampled = await folder.sample(chosen);
  return sampled.map(({ uid, from, subject, date }) => ({
    uid,
    date: described.get(uid)?.internalDate ?? date,
    from: shown(from),
    subject: shown(subject),
    size: described.get(uid)?.size ?? 0,
  }));
}

/** A field of a message as its sample has it. */
export function shown(text: string | null): string | null {
  return text === null ? null : cut(oneLine(cleanText(text)), MAX_SAMPLE_TEXT);
}
