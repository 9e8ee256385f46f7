// `migrate`: the database's schema brought to this program's version, or only looked at.

import type { Command } from 'commander';
import type { Maildrain } from '../service-api.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';

interface MigrateArguments extends GlobalOptions {
  readonly dryRun?: boolean;
}

export function addMigrate(program: Command, terminal: Terminal): void {
  program
    .command('migrate')
    .description(
      'Makes or updates the tables (schema "maildrain"). "serve" does it too. Safe to run twice, and at once.',
    )
    .option('--dry-run', 'show the versions, change nothing')
    .addHelpText('after', '\nExamples:\n  $ maildrain migrate --dry-run\n  $ maildrain migrate')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<MigrateArguments>();
      terminal.exitCode = await withService(options, terminal, (service) => migrate(service, options, terminal.out));
    });
}

async function migrate(service: Maildrain, options: MigrateArguments, out: Output): Promise<ExitCode> {
  const ran = options.dryRun === true ? [] : await service.migrate();
  const state = await service.schema();
  if (options.json === true) {
    await out.json({ ran, ...state });
    return EXIT.done;
  }
  for (const name of ran) await out.line(`ran ${name}`);
  await out.line(
    state.version === 0
      ? `the database has no tables of maildrain yet; "maildrain migrate" makes them (version ${state.ours})`
      : `the database is at version ${state.version}, this program at ${state.ours}${advice(state)}`,
  );
  return EXIT.done;
}

function advice({ version, ours, tooNew }: { version: number; ours: number; tooNew: boolean }): string {
  if (tooNew) return ': too new for this program, update maildrain on this host';
  if (version < ours) return ': run "maildrain migrate"';
  return version > ours ? ': newer, and this program can work with it' : '';
}
