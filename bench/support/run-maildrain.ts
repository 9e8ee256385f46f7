// The program under test, as a process of its own: one drain of one mailbox through the public API. Compiled by build.ts.

import { createMaildrain } from '../../src/index.ts';
import { finish, MAILBOX, optionsOf, readTask } from './task.ts';

const task = readTask();
const maildrain = await createMaildrain(optionsOf(task));
const startedAt = performance.now();
const report = await maildrain.drain(MAILBOX);
const endedAt = performance.now();
await maildrain.stop();
if (report.outcome !== 'done') throw new Error(`drain: ${report.outcome} ${JSON.stringify(report)}`);
finish(startedAt, endedAt);
