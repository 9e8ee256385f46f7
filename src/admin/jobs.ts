// Every kind of admin job by its name. A kind without a job does not compile.

import type { AdminJobKind } from '../model.ts';
import { emptyTrash } from './empty-trash.ts';
import type { AdminJob } from './job.ts';
import { purge } from './purge.ts';

export const JOBS: Readonly<Partial<Record<AdminJobKind, AdminJob>>> = {
  purge,
  'empty-trash': emptyTrash,
};
