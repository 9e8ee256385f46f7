// The program under test, as a process of its own: one drain of one mailbox through the public API. Compiled by build.ts.

import { createMaildrain } from '../../src/index.ts';
import { finish, readTask } from './task.ts';

const task = readTask();
const maildrain = await createMaildrain({
  postgres: task.databaseUrl,
  mailboxes: [
    {
      name: 'bench',
      imap: { host: task.host, port: task.port, user: task.user, password: () => task.password, tls: 'none' },
      dispose: 'delete',
      sizeLimit: task.sizeLimit,
    },
  ],
  logLevel: 'error',
});
const startedAt = performance.now();
const report = await maildrain.drain('bench');
const endedAt = performance.now();
await maildrain.stop();
if (report.outcome !== 'done') throw new Error(`drain: ${report.outcome} ${JSON.stringify(report)}`);
finish(startedAt, endedAt);
