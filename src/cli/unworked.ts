// A job that nobody works on: said to whoever follows it, and where nobody sits at a terminal the waiting has an end. A cron job that
// waits for a worker that was never started would wait for ever.

import type { Maildrain } from '../service-api.ts';
import type { Job } from '../store/admin-jobs.ts';

const LOOK_MS = 1_500;
/** A worker takes a job up within a moment; looked at twice, because between two turns a job is queued too. */
const LOOKS = 2;
/** Who works on a job says so every second. */
const SILENT_MS = 10_000;
/** Long enough for a `serve` that is started again. */
const GIVE_UP_MS = 20_000;

export interface Unworked {
  /** For a person who can do something about it. */
  readonly say: (text: string) => void;
  /** Off a terminal: nobody has come. */
  readonly onGiveUp: () => void;
}

/** Looks until `signal` aborts. Never throws. */
export function watchForWorkers(
  service: Maildrain,
  id: string,
  signal: AbortSignal,
  { say, onGiveUp }: Unworked,
): void {
  let alone = 0;
  let queued = 0;
  const look = async (): Promise<void> => {
    const job = await service.admin.jobs.find(id);
    if (job === null || signal.aborted) return;
    const waits = isWaiting(job);
    queued = waits ? queued + 1 : 0;
    alone = waits && !(await service.admin.isWorked()) ? alone + 1 : 0;
    if (signal.aborted) return;
    if (alone >= LOOKS)
      say(
        `job ${id} waits, for no worker is running: start "maildrain serve", or Ctrl-C and "maildrain jobs retry ${id} --here"`,
      );
    else if (alone === 0 && queued >= LOOKS && job.startedAt === null)
      say(`job ${id} waits: its mailbox, or the workers, are busy with something else`);
    if (alone * LOOK_MS >= GIVE_UP_MS && !isAttended()) onGiveUp();
  };
  // Postgres that is away says so where the job is followed.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** Whether nobody is at it: a job that runs has a sign of life each second, one that rests has a time. */
function isWaiting({ state, notBefore, heartbeatAt }: Job): boolean {
  if (notBefore !== null && notBefore > new Date()) return false;
  if (state === 'queued') return true;
  return state === 'running' && (heartbeatAt === null || heartbeatAt.getTime() + SILENT_MS < Date.now());
}

/** Somebody sits at a terminal. */
export function isAttended(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}
