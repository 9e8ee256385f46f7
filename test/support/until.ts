// Waiting for something to become true. The patience is for a machine that is slow and busy: nothing waits so long where it works.

import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 90_000;
const POLL_MS = 20;

/** @param what fails with it, as `never: ...` */
export async function until(what: string | (() => string), holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${typeof what === 'string' ? what : what()}`);
    await sleep(POLL_MS);
  }
}
