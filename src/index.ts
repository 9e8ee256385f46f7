// The public API: re-exports only. What is not here is not promised.

export type { ExpirePlan } from './admin/expire.ts';
export type { ExportFormat, ExportProgress, ExportReport } from './admin/export.ts';
export type { EmptyPlan } from './admin/plan.ts';
export type { ReclassifyDiff } from './admin/reclassify.ts';
export type { RestorePlan } from './admin/restore-plan.ts';
export type { VerifyReport } from './admin/verify.ts';
export type { CriteriaWords } from './criteria.ts';
export { ERROR_CODES, type ErrorCode, MaildrainError } from './errors.ts';
export type { Log, LogFields } from './log.ts';
export { addressIdentity } from './mail/identity.ts';
/**
 * `readMessage(octets)`: what one message says, from its octets (a Buffer or any Uint8Array): sender, subject, dates, the beginning of its text, and in `verdict` what
 * it reports: a bounce, a complaint, an automatic reply, and of whom. Pure, never throws, and bounded: any octets give a Reading, at a cost
 * linear in their number. docs/bounces.md says what its fields mean. `READER_VERSION` is raised whenever the same octets may give another Reading.
 */
export { READER_VERSION, read as readMessage } from './mail/read.ts';
export { signTag, type TagFor, verifyTag } from './mail/verp.ts';
export type {
  Dispose,
  DrainProgress,
  DrainReport,
  ImapAccount,
  MailboxConfig,
  Outcome,
  SecretSource,
} from './model.ts';
export type { AdminJobKind, Criteria } from './model-admin.ts';
export type { EventType, MaildrainEvent } from './model-pipeline.ts';
export type {
  Action,
  Attachment,
  AutoReply,
  Category,
  Evidence,
  Kind,
  Reading,
  RecipientReport,
  Scope,
  Verdict,
} from './model-reading.ts';
export type {
  Admin,
  ExportWords,
  JobWords,
  PlannedJob,
  PlanWords,
  StoredJob,
  VerifyWords,
} from './service-admin-api.ts';
export type { DrainOptions, MailboxStatus, Maildrain, MaildrainOptions } from './service-api.ts';
export type { Bounces } from './service-bounces.ts';
export { createMaildrain } from './service-create.ts';
export type { AddSuppressions, PlanOptions, Suppressions } from './service-suppressions.ts';
export type { CheckReport } from './source/check.ts';
export type { Folder } from './source/folders.ts';
export type { JobFilter } from './store/admin-job-list.ts';
export type { Job, JobState } from './store/admin-jobs.ts';
export type { ReportFilter, ReportGroup, ReportStats, ReportStatsFilter, StoredReport } from './store/bounces.ts';
export type { SinkBacklog } from './store/deliveries.ts';
export type { HeldMessage } from './store/holds.ts';
export type { MessageFilter, MessageSummary, Receipt, StoredAttachment, StoredMessage } from './store/messages.ts';
export { migrate } from './store/migrate.ts';
export type { Plan, PlanSample } from './store/plans.ts';
export type { PlannedChange } from './store/suppression-plan.ts';
export type { Removed, Suppression, SuppressionFilter } from './store/suppressions.ts';
