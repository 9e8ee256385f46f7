// `export`: stored mail as files for other programs, here and now. How each format looks is in admin/.

import { setImmediate } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { EXPORT_FORMATS, type ExportFormat, type ExportProgress, type ExportReport } from '../admin/export.ts';
import type { CriteriaWords } from '../criteria.ts';
import { printable } from '../errors.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { addCriteriaOptions, criteriaWords } from './criteria-options.ts';
import { EXIT, UsageError } from './exit.ts';
import { createProgressOf, perSecond, rateWords, type Shown } from './progress.ts';
import { bytes, count, plural } from './words.ts';

type Given = GlobalOptions &
  CriteriaWords & { readonly mailbox?: string; readonly format: ExportFormat; readonly output?: string };

/** Damaged messages that are named; all are in `--json`. */
const MAX_NAMED = 20;

export function addExport(program: Command, terminal: Terminal): void {
  const command = program
    .command('export')
    .description('Writes stored mail out, in constant memory. Reads only; overwrites nothing.')
    .option('--mailbox <name>', 'of this mailbox only')
    .addOption(
      new Option('--format <format>', 'mbox, ndjson: one file or stdout. maildir, eml: a directory')
        .choices(EXPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .option('--output <path>', 'file or directory to make; without it stdout (mbox, ndjson)');
  addCriteriaOptions(command, 'stored')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain export --all --format mbox --output mail.mbox
  $ maildrain export --mailbox office --since 2026-01-01 --format maildir --output Maildir
  $ maildrain export --kind bounce --format ndjson | jq .subject`,
    )
    .action(async (_: object, verb: Command) => {
      const options = verb.optsWithGlobals<Given>();
      const { format, output } = options;
      if (output === undefined && (format === 'maildir' || format === 'eml'))
        throw new UsageError(`${format} is a directory: give --output`);
      if (output === undefined && format === 'mbox' && terminal.out.terminal)
        throw new UsageError('mail is not written to a terminal: give --output, or send it on with |');
      if (output === undefined && options.json === true)
        throw new UsageError('--json reports on stdout, where the mail would be: give --output');
      await write(options, terminal);
    });
}

async function write(options: Given, terminal: Terminal): Promise<void> {
  const { mailbox, format, output } = options;
  const { out } = terminal;
  const progress = createProgressOf<ExportProgress>(terminal.stderr, 'export', shown);
  terminal.beforeLog = progress.clear;
  const into =
    output === undefined ? { write: async (octets: Buffer): Promise<void> => out.octets(octets) } : { path: output };
  terminal.exitCode = await withService(
    options,
    terminal,
    async (service, signal) => {
      // The reader has gone (`| head`): there is nobody to write for.
      const gone = new AbortController();
      const report = await service.admin.export({
        mailbox,
        criteria: criteriaWords(options),
        format,
        into,
        signal: AbortSignal.any([signal, gone.signal]),
        onProgress: (now) => {
          if (out.closed) gone.abort();
          progress.update(now);
        },
      });
      progress.clear();
      // An error of what was written last is told a turn later. What may not stand there is not called written.
      await setImmediate();
      if (out.failure !== null) throw out.failure;
      if (options.json === true) await out.json(report);
      else say(report, terminal);
      return report.remains !== null || report.damaged.length > 0 || report.expired > 0 ? EXIT.partly : EXIT.done;
    },
    { onSignal: () => out.note('stopping after the message in hand; once more to stop at once') },
  );
  terminal.beforeLog = () => {};
}

/** On stderr: stdout may be the mail. */
function say({ written, present, expired, damaged, bytes: octets, remains }: ExportReport, { out }: Terminal): void {
  out.note(
    `${plural(written, 'message')} written, ${bytes(octets)}${present > 0 ? `; ${count(present)} were there already` : ''}`,
  );
  if (expired > 0) out.note(`${count(expired)} left out: their octets have expired`);
  if (damaged.length > 0)
    out.note(
      `${count(damaged.length)} are damaged, their octets are not those that were stored: ${damaged.slice(0, MAX_NAMED).join(' ')}`,
    );
  if (remains !== null) out.note(`not complete${remains === '' ? '' : `: ${printable(remains)}`}`);
}

function shown({ done, total, bytes: octets }: ExportProgress, ms: number): Shown {
  const facts = `${count(done)} of ${count(total)} messages, ${rateWords(perSecond(done, ms))}, ${bytes(octets)}`;
  return { share: total === 0 ? 1 : done / total, facts };
}
