// A process that tells events until it is killed: each is appended to a file before it counts as told.

import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { callbackSender } from '../../src/events/callback.ts';
import { Pump } from '../../src/events/pump.ts';
import { silentLog } from '../../src/log.ts';
import { openDatabase } from '../../src/store/pool.ts';

const [url, file] = process.argv.slice(2);
if (url === undefined || file === undefined) throw new Error('usage: URL FILE');
const database = openDatabase(url, 4, () => {});
const sender = callbackSender(async (event) => {
  appendFileSync(file, `${JSON.stringify(event)}\n`);
  await sleep(1);
});
new Pump({ database, sink: 'a', sender, log: silentLog, timing: { pollMs: 50, standbyMs: 50 } }).start();
