// An admin job that has ended is taken up again. Nothing else opens one; who works on it then finds the row as if it had waited (admin-jobs.ts).

import { MaildrainError } from '../errors.ts';
import { findJob, tell } from './admin-jobs.ts';
import type { Sql } from './pool.ts';

/** A note that says so begins with it. */
const TAKEN_UP = 'taken up again by ';

/**
 * Takes up a job again that failed, was cancelled, or is partly done. What failed or was cancelled goes on from its cursor; what is partly done
 * begins anew, for its slices are all behind it. Not so a copy: its messages are still where they were, and each of them would be copied once more.
 * Of the notes those stay that say who took it up, and what somebody else had made of it: the record of its end names them all.
 *
 * @returns false: it is open or done, or there is none
 * @throws MaildrainError PLAN_OUTDATED: a copy that is partly done
 */
export async function retryJob(sql: Sql, id: string, by: string): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update maildrain.admin_job
        set state = 'queued', failures = 0, failing_since = null, not_before = null, error_code = null, error = null,
            cancel_requested_at = null, cancel_requested_by = null, finished_at = null,
            cursor = case when state = 'partial' then null else cursor end,
            done = case when state = 'partial' then 0 else done end,
            counts = case when state = 'partial' then '{}' else counts end,
            notes = array(select n from unnest(notes) as n where starts_with(n, $3))
              || ($3 || $2 || to_char(now() at time zone 'UTC', ', YYYY-MM-DD HH24:MI UTC, after ') ||
                  case state when 'cancelled' then 'it was cancelled by ' || coalesce(cancel_requested_by, 'somebody')
                             when 'failed' then 'it failed with ' || coalesce(error_code, 'no code')
                             else 'it was partly done' end)
      where id = $1 and state in ('failed', 'cancelled', 'partial') and not (job = 'copy' and state = 'partial')`,
    [id, by, TAKEN_UP],
  );
  if (rowCount !== 1) {
    const job = await findJob(sql, id);
    if (job?.kind !== 'copy' || job.state !== 'partial') return false;
    throw new MaildrainError(
      'PLAN_OUTDATED',
      `job ${job.id} has copied a part of its messages, and would copy those once more: make a new plan of the others`,
    );
  }
  await tell(sql, id);
  return true;
}
