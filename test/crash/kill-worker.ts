// The process that kills.test.ts kills: drains one mailbox again and again until the end of the world. Says `ready` when it is loaded, begins at
// the first line it hears.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { drain } from '../../src/drain/drain.ts';
import type { Log } from '../../src/log.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const task = JSON.parse(process.argv[2] ?? '') as { url: string; password: string; mailbox: MailboxConfig };
const database = openDatabase(task.url, 3, () => {});
const password = { value: () => task.password };
const mailbox = { ...task.mailbox, imap: { ...task.mailbox.imap, password } };

process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (;;) {
  const report = await drain(
    { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
    mailbox,
    new AbortController().signal,
  );
  process.stdout.write(`${JSON.stringify(report)}\n`);
  if (report.fetched === 0) await sleep(10);
}
