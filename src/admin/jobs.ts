// Every kind of admin job by its name.

import { MaildrainError } from '../errors.ts';
import type { AdminJobKind } from '../model-admin.ts';
import { emptyTrash } from './empty-trash.ts';
import { expire } from './expire.ts';
import { flag, undelete } from './flag.ts';
import type { AdminJob } from './job.ts';
import { copy, move } from './move.ts';
import { purge } from './purge.ts';
import { reclassify } from './reclassify.ts';
import { restore } from './restore.ts';

const JOBS: Readonly<Partial<Record<AdminJobKind, AdminJob>>> = {
  purge,
  'empty-trash': emptyTrash,
  move,
  copy,
  flag,
  undelete,
  restore,
  reclassify,
  expire,
};

/** @throws MaildrainError BUG: a row of a kind that only a newer version knows */
export function jobOf(kind: AdminJobKind): AdminJob {
  const job = JOBS[kind];
  if (job === undefined) throw new MaildrainError('BUG', `there is no job of the kind ${kind}`);
  return job;
}
