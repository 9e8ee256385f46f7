#!/usr/bin/env node
// The `maildrain` program: guards around the process, and the way out. The verbs are put together in program.ts.

import { setImmediate } from 'node:timers/promises';
import { asMaildrainError } from '../errors.ts';
import { createLogger } from '../log.ts';
import type { Terminal } from './context.ts';
import { EXIT } from './exit.ts';
import { createOutput } from './output.ts';
import { runProgram, sayUnwritten } from './program.ts';
import { openStdout } from './stdout.ts';

// What nobody caught leaves the process in a state that nobody knows: say it and end. What was committed stays, the rest is done again.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (thrown: unknown) => {
    createLogger({ level: 'error' }).error({ event, error: asMaildrainError(thrown) }, 'unexpected error, exiting');
    process.exit(EXIT.failed);
  });
}

const stdout = openStdout();
const terminal: Terminal = {
  out: createOutput(stdout, process.stderr, process.env),
  stderr: process.stderr,
  beforeLog: () => {},
  exitCode: EXIT.done,
};
await runProgram(process.argv.slice(2), terminal);
// A pipe takes what was written in its own time; then nothing may keep the process (a mail server that does not hang up, say).
await new Promise<void>((resolve) => {
  if (terminal.out.closed) resolve();
  else stdout.write('', () => resolve());
});
// An error of what was written last is told after its callback.
await setImmediate();
sayUnwritten(terminal);
process.exit(terminal.exitCode);
