// What a program can ask of admin jobs. service-admin.ts does it.

import type { ExpirePlan } from './admin/expire.ts';
import type { ExportFormat, ExportReport, ExportRequest } from './admin/export.ts';
import type { EmptyPlan } from './admin/plan.ts';
import type { ReclassifyDiff } from './admin/reclassify.ts';
import type { RestorePlan } from './admin/restore-plan.ts';
import type { VerifyOptions, VerifyReport } from './admin/verify.ts';
import type { CriteriaWords } from './criteria.ts';
import type { AdminJobKind } from './model-admin.ts';
import type { JobFilter } from './store/admin-job-list.ts';
import type { Job } from './store/admin-jobs.ts';
import type { Plan } from './store/plans.ts';
import type { StoredSum } from './store/stored-mail.ts';

/** Jobs that act on a server's messages: what they would do is planned and shown first. */
export const PLANNED_JOBS = [
  'purge',
  'empty-trash',
  'move',
  'copy',
  'flag',
  'undelete',
] as const satisfies AdminJobKind[];
export type PlannedJob = (typeof PLANNED_JOBS)[number];
/** Jobs over stored mail. */
export type StoredJob = Exclude<AdminJobKind, PlannedJob>;

/** `{ kind: 'purge', mailbox: 'bounces', criteria: { kind: 'bounce' } }`: the criteria apart, for some have the names of other words. Any other word is refused. */
export interface PlanWords {
  readonly kind: PlannedJob;
  /** Name of a configured mailbox. */
  readonly mailbox: string;
  /** A path, or an attribute such as `\Trash`; absent: what the job is usually about. */
  readonly folder?: string | undefined;
  /** Which messages, by the words of the command line. */
  readonly criteria?: CriteriaWords | undefined;
  /** What the job takes besides, such as `to` of `move`. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  /** Who asks, for the record. Default: the user of the process. */
  readonly by?: string | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** `{ kind: 'reclassify', criteria: { since: '2026-10-01' } }`. Any other word is refused. */
export interface JobWords {
  readonly kind: StoredJob;
  /** `restore`: where to, and whose mail; absent: the only one that is configured. `reclassify`: whose; absent: of all. */
  readonly mailbox?: string | undefined;
  /** Which stored messages. */
  readonly criteria?: CriteriaWords | undefined;
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  readonly by?: string | undefined;
}

export interface ExportWords {
  /** By the name under which it was drained; absent: of all mailboxes. */
  readonly mailbox?: string | undefined;
  /** Which stored messages. */
  readonly criteria?: CriteriaWords | undefined;
  readonly format: ExportFormat;
  readonly into: ExportRequest['to'];
  /** Who asks, for the record. Default: the user of the process. */
  readonly by?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ExportRequest['onProgress'];
}

export interface VerifyWords extends Partial<Pick<VerifyOptions, 'signal' | 'onProgress'>> {
  /** Who asks, for the record. Default: the user of the process. */
  readonly by?: string | undefined;
}

/** Queued admin jobs. Every method throws MaildrainError. */
export interface Admin {
  /** Looks at the mailbox and writes down what would be done; changes nothing there. `id` null: nothing matches, and there is nothing to apply. */
  plan(words: PlanWords): Promise<Plan | EmptyPlan>;
  /** Enqueues what a plan says. Returns the job's id. */
  apply(planId: string, options?: { readonly by?: string | undefined }): Promise<string>;
  /** How many stored messages a job would be about. */
  count(words: JobWords): Promise<StoredSum>;
  /** What a restore would put back, and where to; looks at the folder on its server and changes nothing. */
  restorePlan(words: Omit<JobWords, 'kind'>, signal?: AbortSignal): Promise<RestorePlan>;
  /** What a reclassify would change, slice by slice; changes nothing. */
  reclassifyDiff(words: Omit<JobWords, 'kind'>, signal?: AbortSignal): AsyncIterable<ReclassifyDiff>;
  /** What an expiry would delete now; changes nothing. */
  expirePlan(): Promise<ExpirePlan>;
  /** Writes stored mail out, here and now: it only reads. On the record, as `verify` is. */
  export(words: ExportWords): Promise<ExportReport>;
  /** Compares a mailbox on its server with what is known of it, here and now: it only reads. */
  verify(name: string, options?: VerifyWords): Promise<VerifyReport>;
  /** Enqueues a job over stored mail. Returns the job's id. `restore` looks first whether its folder is there. */
  enqueue(words: JobWords): Promise<string>;
  readonly plans: {
    list(filter?: { readonly mailbox?: string | undefined; readonly limit?: number | undefined }): Promise<Plan[]>;
    find(id: string): Promise<Plan | null>;
  };
  readonly jobs: {
    /** Newest first. */
    list(filter?: JobFilter): Promise<Job[]>;
    find(id: string): Promise<Job | null>;
    /** Asks for an end between two slices. Null: there is no such job. */
    cancel(id: string, options?: { readonly by?: string | undefined }): Promise<Job | null>;
    /** Takes up a job that failed, was cancelled or is partly done. False: it is open or done, or there is none. */
    retry(id: string, options?: { readonly by?: string | undefined }): Promise<boolean>;
  };
  /** The job now, and after every change, until it has ended. @throws MaildrainError REQUEST_INVALID: there is none */
  follow(id: string, signal?: AbortSignal): AsyncIterable<Job>;
  /** Whether any process works admin jobs. */
  isWorked(): Promise<boolean>;
  /** Works a job off in this process, without the queue. Ends with the job, or after the slice in hand when the signal asks. */
  work(id: string, signal: AbortSignal): Promise<void>;
}
