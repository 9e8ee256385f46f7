// `expire`: deletes what has been kept as long as `retention` says. What would go is shown first.

import type { Command } from 'commander';
import type { ExpirePlan } from '../admin/expire.ts';
import { printable } from '../errors.ts';
import { addRunOptions, type RunOptions } from './admin-run.ts';
import { type Terminal, withOpenService } from './context.ts';
import type { Output } from './output.ts';
import { confirmAndRun } from './stored-jobs.ts';
import { bytes, count, plural } from './words.ts';

export function addExpire(program: Command, terminal: Terminal): void {
  const command = program
    .command('expire')
    .description('Deletes what has been kept as long as `retention` says. `serve` does it once a day.')
    .option('--dry-run', 'show what would go; change nothing');
  addRunOptions(command)
    .addHelpText('after', '\nExamples:\n  $ maildrain expire --dry-run\n  $ maildrain expire --yes --here')
    .action(async (_: object, verb: Command) => {
      const options = verb.optsWithGlobals<RunOptions>();
      terminal.exitCode = await withOpenService(options, terminal, async (service) => {
        const plan = await service.admin.expirePlan();
        const months = plan.partitions.filter(({ owed }) => owed === 0).length;
        const rows = Object.values(plan.rows).reduce((sum, n) => sum + n, 0);
        const sentence = `delete ${plural(months, 'monthly table')} and ${plural(rows, 'row')}`;
        return confirmAndRun(service, options, terminal, {
          words: { kind: 'expire' },
          sentence,
          summary: plan,
          isEmpty: months + rows === 0,
          show: () => print(terminal.out, sentence, plan),
        });
      });
    });
}

async function print(out: Output, sentence: string, { partitions, rows }: ExpirePlan): Promise<void> {
  await out.line(`${out.paint('bold', 'expire')}: ${sentence}`);
  for (const { table, bytes: octets, owed } of partitions) {
    const stays = owed === 0 ? '' : `, stays: ${count(owed)} of its messages are still owed to their server`;
    await out.line(`  ${printable(table)}: ${bytes(octets)}${stays}`);
  }
  for (const [what, n] of Object.entries(rows)) if (n > 0) await out.line(`  ${printable(what)}: ${plural(n, 'row')}`);
}
