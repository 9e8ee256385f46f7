// `verify`: a mailbox on its server compared with the ledger, and the stored octets with their digests. Only reads; how is in admin/verify.ts.

import type { Command } from 'commander';
import type { Named, VerifyReport } from '../admin/verify.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT } from './exit.ts';
import { facts, type Output } from './output.ts';
import { createProgressOf, perSecond, rateWords } from './progress.ts';
import { count } from './words.ts';

/** UIDs or ids that are named on a line; all that are known are in `--json`. */
const MAX_NAMED = 10;

export function addVerify(program: Command, terminal: Terminal): void {
  program
    .command('verify')
    .argument('<name>', 'mailbox')
    .description('Compares the server with the ledger, and stored octets with their digests. Changes nothing.')
    .addHelpText('after', '\nExamples:\n  $ maildrain verify bounces\n  $ maildrain verify bounces --json | jq .octets')
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      let done = 0;
      const progress = createProgressOf<number>(terminal.stderr, name, (looked, ms) => ({
        share: null,
        facts: `looked at ${count(looked)} messages, ${rateWords(perSecond(looked, ms))}`,
      }));
      terminal.beforeLog = progress.clear;
      terminal.exitCode = await withService(options, terminal, async (service, signal) => {
        const report = await service.admin.verify(name, {
          signal,
          onProgress: (more) => {
            done += more;
            progress.update(done);
          },
        });
        progress.clear();
        if (options.json === true) await terminal.out.json(report);
        else await print(terminal.out, report);
        return report.ok ? EXIT.done : EXIT.failed;
      });
      terminal.beforeLog = () => {};
    });
}

async function print(out: Output, report: VerifyReport): Promise<void> {
  const { mailbox, ok, server, listed, missing, renumbered, octets } = report;
  await out.line(
    `${out.paint('bold', mailbox)}: ${ok ? out.paint('green', 'ok') : out.paint('red', 'not as it should be')}`,
  );
  await facts(
    out,
    [
      ['folder', `${report.folder} (UIDVALIDITY ${report.uidValidity})`],
      ['listed', `${count(server.listed)}${server.deleted > 0 ? `, ${count(server.deleted)} flagged \\Deleted` : ''}`],
      ['owed', named('UID', listed.owed, 'stored, taken off at the next drain')],
      ['kept', named('UID', listed.kept, 'stored, staying')],
      ['held', named('UID', listed.held, 'set aside, not stored')],
      ['back', named('UID', listed.back, 'taken off once, and listed again')],
      ['unknown', named('UID', listed.unknown, 'not drained yet')],
      [
        'missing',
        named(
          'UID',
          missing,
          server.complete ? 'in the ledger, not listed' : 'not listed; the server does not show all',
        ),
      ],
      ['renumbered', renumbered === 0 ? null : `${count(renumbered)} of an earlier UIDVALIDITY`],
      [
        'octets',
        `${count(octets.intact)} of ${count(octets.checked)} intact${octets.expired > 0 ? `, ${count(octets.expired)} expired` : ''}`,
      ],
      ['damaged', named('message', octets.damaged, 'not the octets that were fetched')],
    ],
    '  ',
  );
}

/** Null: there are none. */
function named(noun: string, { count: n, first }: Named, meaning: string): string | null {
  if (n === 0) return null;
  const more = n > MAX_NAMED ? ' ...' : '';
  return `${count(n)}: ${meaning} (${noun} ${first.slice(0, MAX_NAMED).join(' ')}${more})`;
}
