// `export` and `verify` only read, run where they are asked for and are no rows of jobs; who asked for what and what came of it is on the record all the
// same, as of every job, also when they fail.

import type { ExportReport } from './admin/export.ts';
import type { VerifyReport } from './admin/verify.ts';
import { asMaildrainError, MaildrainError } from './errors.ts';
import type { Log } from './log.ts';
import type { Criteria } from './model-admin.ts';
import type { Sql } from './store/pool.ts';
import { recordAsked } from './store/runs.ts';

/** What was asked for. */
export interface Asked {
  readonly job: 'export' | 'verify';
  readonly mailbox: string | null;
  /** Of the mailbox as it is configured; null: by its name only. */
  readonly login: string | null;
  readonly requestedBy: string;
  readonly criteria: Criteria | null;
  readonly args: Readonly<Record<string, string>>;
}

/** What came of it, in the words of jobs. */
export interface Outcome {
  readonly outcome: 'done' | 'partial' | 'cancelled';
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** Does the work and puts it on the record. What cannot be recorded is warned of: the answer is there, and nobody else has it. */
export async function onRecord<T>(
  { sql, log }: { readonly sql: Sql; readonly log: Log },
  asked: Asked,
  work: () => Promise<T>,
  outcomeOf: (answer: T) => Outcome,
): Promise<T> {
  const startedAt = new Date();
  const { job, mailbox, login, ...facts } = asked;
  const record = async (came: Outcome | Failed, errorCode: string | null): Promise<void> => {
    try {
      const report = { mailbox, ...facts, error: null, ...came };
      await recordAsked(sql, { job, mailbox, login, startedAt, report, errorCode });
    } catch (error) {
      log.warn({ job, error }, 'could not be put on the record');
    }
  };
  try {
    const answer = await work();
    await record(outcomeOf(answer), null);
    return answer;
  } catch (thrown) {
    await record(failed(thrown), asMaildrainError(thrown).code);
    throw thrown;
  }
}

interface Failed {
  readonly outcome: 'failed' | 'cancelled';
  readonly error: { readonly code: string; readonly message: string };
}

function failed(thrown: unknown): Failed {
  const { code, message } = asMaildrainError(thrown);
  const stopped = thrown instanceof MaildrainError && code === 'ABORTED';
  return { outcome: stopped ? 'cancelled' : 'failed', error: { code, message: message.toWellFormed() } };
}

export function outcomeOfExport({ written, present, expired, damaged, bytes, remains }: ExportReport): Outcome {
  const complete = expired === 0 && damaged.length === 0;
  return {
    outcome: remains !== null ? 'cancelled' : complete ? 'done' : 'partial',
    counts: { written, present, expired, damaged: damaged.length, bytes },
    notes: remains === null || remains === '' ? [] : [remains],
  };
}

export function outcomeOfVerify({ ok, server, listed, missing, renumbered, octets }: VerifyReport): Outcome {
  const found = Object.entries(listed).map(([name, { count }]) => [name, count] as const);
  return {
    outcome: ok ? 'done' : 'partial',
    counts: {
      listed: server.listed,
      ...Object.fromEntries(found),
      missing: missing.count,
      renumbered,
      checked: octets.checked,
      intact: octets.intact,
      expired: octets.expired,
      damaged: octets.damaged.count,
    },
    notes: [],
  };
}
