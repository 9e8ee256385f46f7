// The process that jobs-killed.test.ts kills: works one admin job off with the engine, turn after turn, as a worker of the queue does. Says `ready`
// when it is loaded, begins at the first line it hears.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTurn } from '../../src/admin/engine.ts';
import type { AdminJob } from '../../src/admin/job.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import type { Log } from '../../src/log.ts';
import type { MailboxConfig } from '../../src/model.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';

/** What the process before this one has left locked is free when its connections are seen to be closed. */
const BUSY_MS = 20;

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const task = JSON.parse(process.argv[2] ?? '') as {
  url: string;
  password: string;
  mailbox: MailboxConfig;
  jobId: string;
  settleMs: number;
};
const database = openDatabase(task.url, 4, () => {});
const password = { value: () => task.password };
const mailbox = { ...task.mailbox, imap: { ...task.mailbox.imap, password } };

/** The job, but for the pause before a slice that was cut is repeated. */
function impatient(kind: AdminJobKind): AdminJob {
  const job = jobOf(kind);
  return { ...job, work: (turn) => job.work({ ...turn, settleMs: task.settleMs }) };
}

process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (;;) {
  const turn = await runTurn(
    {
      context: { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
      jobOf: impatient,
      mailboxes: () => [mailbox],
    },
    task.jobId,
    new AbortController().signal,
  );
  if (turn.outcome === 'ended' || turn.outcome === 'unknown') break;
  if (turn.outcome === 'busy') await sleep(BUSY_MS);
  else if (turn.at !== null) await sleep(Math.max(0, turn.at.getTime() - Date.now()));
}
await database.close();
process.exit(0);
