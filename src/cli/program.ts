// The command line as a whole: global options, the verbs, help, and what is said when something is wrong. What the verbs do is in their
// own files.

import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { asMaildrainError, printable } from '../errors.ts';
import { addBounces } from './bounces.ts';
import { addCheck } from './check.ts';
import { addClassify } from './classify.ts';
import { addConfig } from './config.ts';
import type { Terminal } from './context.ts';
import { addDemo } from './demo.ts';
import { addDrain } from './drain.ts';
import { EXIT, exitOfError, NotThere, UsageError } from './exit.ts';
import { addExpire } from './expire.ts';
import { addExport } from './export.ts';
import { addHeld } from './held.ts';
import { addJobs } from './jobs.ts';
import { addMessages } from './messages.ts';
import { addMigrate } from './migrate.ts';
import { addPlans } from './plans.ts';
import { addReclassify } from './reclassify.ts';
import { addServe } from './serve.ts';
import { addServerJobs } from './server-jobs.ts';
import { addStatus } from './status.ts';
import { addStoredJobs } from './stored-jobs.ts';
import { addSuppressions } from './suppressions.ts';
import { addVerify } from './verify.ts';
import { addVerp } from './verp.ts';

const ABOUT = `
First steps:
  $ maildrain demo                         the whole thing on a sample mailbox, nothing to set up
  $ maildrain config check                 is the configuration right?
  $ maildrain check                        does the login work, what would happen to the mail?
  $ maildrain drain bounces --dry-run      what would a drain do?
  $ maildrain serve                        drains every mailbox on its schedule
  $ maildrain purge NAME --before 2015-01-01 --dry-run   what would a job on the server do?

Exit codes:
  0 done   1 failed   2 usage or configuration   3 a mailbox is stopped   4 partly done (something held or still owed),
  or an address is suppressed (suppressions check)`;

/** Parses the arguments and runs the verb. Never throws: what went wrong is said and is in `terminal.exitCode`. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<void> {
  const program = buildProgram(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    terminal.beforeLog();
    if (error instanceof CommanderError) {
      // Help and --version arrive here too, with 0. Commander has already said what there is to say, to people.
      terminal.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      if (error.exitCode === 0 || !args.includes('--json')) return;
      const message = printable(error.message.replace(/^error: /, ''));
      await terminal.out.json({ error: { code: 'USAGE', message } });
      return;
    }
    await fail(error, args.includes('--json'), terminal);
  }
}

/** At the end: what should stand on stdout and does not, whatever verb wrote it. Its work went on and is done. */
export function sayUnwritten(terminal: Terminal): void {
  const { failure } = terminal.out;
  if (failure === null) return;
  // A signal, a stopped mailbox and wrong arguments say more.
  if (terminal.exitCode === EXIT.done || terminal.exitCode === EXIT.partly)
    terminal.exitCode = exitOfError(failure.code);
  terminal.beforeLog();
  terminal.out.note(`maildrain: ${failure.code}: ${printable(failure.message)}`);
}

async function fail(error: unknown, json: boolean, terminal: Terminal): Promise<void> {
  const { code, message } = error instanceof UsageError || error instanceof NotThere ? error : asMaildrainError(error);
  terminal.exitCode = exitOfError(code);
  // It is said at the end.
  if (error === terminal.out.failure) return;
  const lines = message.split('\n').map(printable);
  terminal.out.note(
    lines.length === 1 ? `maildrain: ${code}: ${lines[0]}` : `maildrain: ${code}:\n${lines.join('\n')}`,
  );
  if (json) await terminal.out.json({ error: { code, message } });
}

/** @internal exported for the test that reads every verb's help */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('maildrain')
    .description('Empties mailboxes into Postgres: nothing lost, nothing twice, nothing foreign touched.')
    .usage('VERB [NAME] [options]')
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError('(maildrain VERB --help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.out.octets(text),
      writeErr: (text) => terminal.out.note(safeLines(text)),
    })
    .addOption(new Option('--config <file>', 'configuration file (default: $MAILDRAIN_CONFIG, else ./maildrain.yaml)'))
    .option('--json', 'one JSON document on stdout, or one per line where it is a list')
    .addOption(
      new Option('--log-level <level>', 'least serious log lines on stderr').choices([
        'debug',
        'info',
        'warn',
        'error',
      ]),
    )
    .version(version(), '--version', 'print the version')
    // `ps` shows the verb and none of its arguments.
    .hook('preAction', (_, verb) => {
      process.title = `maildrain ${verb.name()}`;
    })
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', ABOUT);
  addServe(program, terminal);
  addDrain(program, terminal);
  addCheck(program, terminal);
  addStatus(program, terminal);
  addHeld(program, terminal);
  addMessages(program, terminal);
  addBounces(program, terminal);
  addSuppressions(program, terminal);
  addVerp(program, terminal);
  addServerJobs(program, terminal);
  addStoredJobs(program, terminal);
  addReclassify(program, terminal);
  addExpire(program, terminal);
  addExport(program, terminal);
  addVerify(program, terminal);
  addPlans(program, terminal);
  addJobs(program, terminal);
  addClassify(program, terminal);
  addMigrate(program, terminal);
  addConfig(program, terminal);
  addDemo(program, terminal);
  program.helpCommand('help [verb]', 'print the help of a verb');
  return program;
}

/** Arguments are repeated in error messages. */
function safeLines(text: string): string {
  return text.trimEnd().split('\n').map(printable).join('\n');
}

function version(): string {
  const read: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown';
}
