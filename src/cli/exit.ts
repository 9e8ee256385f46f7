// What the exit code of the process says. Scripts and cron rely on it: docs and tests know the same table.

import type { ErrorCode } from '../errors.ts';
import type { DrainReport } from '../model.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong arguments or configuration: trying again cannot help. */
  usage: 2,
  /** A mailbox is stopped until a person resumes it. */
  stopped: 3,
  /** Something is held, or still owed to a server; `suppressions check`: at least one is suppressed. */
  partly: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Wrong arguments: what commander cannot know, such as a mailbox name that is missing. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** Asked for rightly, and not there. */
export class NotThere extends Error {
  readonly code = 'NOT_THERE';
}

const WRONG: readonly (ErrorCode | 'USAGE' | 'NOT_THERE')[] = [
  'USAGE',
  'CONFIG_INVALID',
  'CRITERIA_INVALID',
  'REQUEST_INVALID',
  'PLAN_APPLIED',
  'MAILBOX_UNKNOWN',
];

export function exitOfError(code: ErrorCode | 'USAGE' | 'NOT_THERE'): ExitCode {
  if (code === 'MAILBOX_STOPPED') return EXIT.stopped;
  return WRONG.includes(code) ? EXIT.usage : EXIT.failed;
}

export function exitOfDrain({ outcome, error }: Pick<DrainReport, 'outcome' | 'error'>): ExitCode {
  switch (outcome) {
    case 'done':
      return EXIT.done;
    // What a dry run has found would end the drain.
    case 'dry-run':
      return error === null ? EXIT.done : EXIT.failed;
    // Another drain has it in hand, or it must wait: its mail is still there.
    case 'partial':
    case 'busy':
    case 'waiting':
      return EXIT.partly;
    case 'stopped':
      return EXIT.stopped;
    case 'failed':
      return EXIT.failed;
  }
}

/** By how much a person is needed. */
const GRAVITY: readonly ExitCode[] = [EXIT.done, EXIT.partly, EXIT.failed, EXIT.stopped, EXIT.usage];

export function worst(codes: readonly ExitCode[]): ExitCode {
  return GRAVITY[Math.max(0, ...codes.map((code) => GRAVITY.indexOf(code)))] ?? EXIT.failed;
}
