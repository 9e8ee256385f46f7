// `demo`: the sample run, which is in demo/. It is loaded only when asked for: nobody who drains real mail needs the sample server.

import type { Command } from 'commander';
import type { GlobalOptions, Terminal } from './context.ts';
import { listenForSignals } from './signals.ts';

interface DemoArguments extends GlobalOptions {
  readonly keep?: boolean;
}

export function addDemo(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .description(
      'Shows the whole thing on sample mail: a database, a mail server, a drain on schedule. Needs no configuration.',
    )
    .option('--keep', 'leave it running until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  $ maildrain demo\n  $ maildrain demo --keep')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<DemoArguments>();
      const { runDemo } = await import('../demo/demo.ts');
      const interruption = listenForSignals(() => {});
      try {
        const { exitCode } = await runDemo({
          keep: options.keep === true,
          json: options.json === true,
          out: (line) => void terminal.out.line(line),
          signal: interruption.signal,
        });
        terminal.exitCode = exitCode;
      } finally {
        interruption.release();
      }
    });
}
