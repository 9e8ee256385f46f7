// One drain in a process of its own, for tests that measure or kill it. Prints one JSON document: the report and the peak of resident memory.

import { readFileSync } from 'node:fs';
import { drain } from '../../src/drain/drain.ts';
import { openDatabase } from '../../src/store/pool.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { mailboxOn } from './mailbox.ts';

const need = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
};

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const database = openDatabase(need('CHILD_URL'), 4, () => {});
const mailbox = mailboxOn(Number(need('CHILD_PORT')), { sizeLimit: Number(need('CHILD_LIMIT')) });
const report = await drain(
  { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet },
  mailbox,
  new AbortController().signal,
);
await database.close();
// Not getrusage's maxRSS: a spawned process begins with its parent's, and the parent here holds the whole message.
const highWater = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
process.stdout.write(JSON.stringify({ report, peak: Number(highWater) * 1024 }));
