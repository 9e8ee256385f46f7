// `status` and `resume`: how every mailbox and every consumer of events is doing, and starting a stopped mailbox again.

import type { Command } from 'commander';
import { printable } from '../errors.ts';
import type { MailboxStatus } from '../service-api.ts';
import type { SinkBacklog } from '../store/deliveries.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type Cell, type Colour, type Output, table } from './output.ts';
import { count, duration, fromNow, instant } from './words.ts';

/** A service that is well starts a run within seconds, one with all its drains busy within a minute or two. */
const OVERDUE_MS = 120_000;

const STATE_COLOURS: Readonly<Partial<Record<MailboxStatus['state'], Colour>>> = {
  ok: 'green',
  stopped: 'red',
  failing: 'yellow',
  waiting: 'yellow',
  gone: 'dim',
};

export function addStatus(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description(
      'Every mailbox: state, last success, lag, owed, held, stored, next run, and why; then every consumer of events. Exit code 3 when a mailbox is stopped.',
    )
    .option('--consumers', 'only the consumers of events: what waits for each, since when, and why')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain status
  $ maildrain status --json | jq -r 'select(.state == "stopped").name'
  $ maildrain status --consumers --json | jq -r 'select(.waiting > 1000).name'`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { consumers?: boolean }>();
      terminal.exitCode = await withService(options, terminal, async (service) => {
        if (options.consumers === true) {
          const consumers = await service.consumers();
          if (options.json === true) for (const consumer of consumers) await terminal.out.json(consumer);
          else if (consumers.length > 0) await printConsumers(terminal.out, consumers);
          else terminal.out.note('no consumer of events is registered');
          return EXIT.done;
        }
        const mailboxes = await service.status();
        // One line for each mailbox, and nothing else among them: programs count them.
        if (options.json === true) for (const mailbox of mailboxes) await terminal.out.json(mailbox);
        else {
          await printStatus(terminal.out, mailboxes.filter(isOfInterest));
          const closed = mailboxes.filter((mailbox) => !isOfInterest(mailbox)).length;
          if (closed > 0)
            terminal.out.note(
              `not shown: ${count(closed)} no longer configured, with nothing owed or held (--json lists them)`,
            );
          const consumers = await service.consumers();
          if (consumers.length > 0) await terminal.out.line();
          if (consumers.length > 0) await printConsumers(terminal.out, consumers);
        }
        return stoppedOrDone(mailboxes);
      });
    });
  program
    .command('resume')
    .argument('<name>', 'mailbox')
    .description('Starts a stopped mailbox again and forgets its failures and pauses.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain resume bounces\n  $ maildrain resume bounces && maildrain drain bounces',
    )
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const resumed = await service.resume(name);
        if (options.json === true) await terminal.out.json({ mailbox: name, resumed });
        else
          await terminal.out.line(
            resumed
              ? `${name}: its next run is due as scheduled; "maildrain drain ${name}" runs it now`
              : `${name}: was never drained; nothing to resume`,
          );
        return EXIT.done;
      });
    });
}

function stoppedOrDone(mailboxes: readonly MailboxStatus[]): ExitCode {
  return mailboxes.some((mailbox) => mailbox.state === 'stopped') ? EXIT.stopped : EXIT.done;
}

/** Of a mailbox that is no longer configured only what is still open. */
function isOfInterest({ state, owed, held }: MailboxStatus): boolean {
  return state !== 'gone' || owed > 0 || held > 0;
}

async function printStatus(out: Output, mailboxes: readonly MailboxStatus[]): Promise<void> {
  await table(
    out,
    ['MAILBOX', 'STATE', 'LAST SUCCESS', 'LAG', 'OWED', 'HELD', 'STORED', 'NEXT RUN'],
    mailboxes.map((mailbox): Cell[] => {
      const colour = STATE_COLOURS[mailbox.state];
      return [
        { text: mailbox.name },
        { text: mailbox.state, ...(colour === undefined ? {} : { colour }) },
        { text: instant(mailbox.lastOkAt) },
        { text: mailbox.lagMs === null ? '-' : duration(mailbox.lagMs) },
        { text: count(mailbox.owed) },
        { text: count(mailbox.held) },
        { text: count(mailbox.stored) },
        { text: mailbox.state === 'stopped' ? 'never' : nextRun(mailbox) },
      ];
    }),
  );
  if (mailboxes.some(({ nextRunAt }) => isOverdue(nextRunAt)))
    out.note('runs are overdue: no "maildrain serve" is working, or it has more to do than it can');
  // Sentences do not fit into a column of a terminal.
  const reasons = mailboxes.flatMap((mailbox) => {
    const reason = why(mailbox);
    return reason === null ? [] : [`${mailbox.name}: ${reason}`];
  });
  if (reasons.length > 0) await out.line();
  for (const reason of reasons) await out.line(printable(reason));
}

async function printConsumers(out: Output, consumers: readonly SinkBacklog[]): Promise<void> {
  await table(
    out,
    ['CONSUMER', 'WAITING', 'OLDEST', 'RESTING', 'LAST ERROR'],
    consumers.map(({ name, waiting, oldest, resting, lastError }): Cell[] => [
      { text: name },
      { text: count(waiting) },
      { text: instant(oldest) },
      { text: count(resting) },
      { text: lastError ?? '-', ...(lastError === null ? {} : { colour: 'yellow' }) },
    ]),
  );
}

function nextRun({ nextRunAt, notBefore }: MailboxStatus): string {
  if (notBefore !== null && notBefore.getTime() > Date.now()) return fromNow(notBefore);
  if (nextRunAt === null) return '-';
  if (isOverdue(nextRunAt)) return 'overdue';
  return nextRunAt.getTime() <= Date.now() ? 'due' : fromNow(nextRunAt);
}

function isOverdue(nextRunAt: Date | null): boolean {
  return nextRunAt !== null && nextRunAt.getTime() < Date.now() - OVERDUE_MS;
}

function why(mailbox: MailboxStatus): string | null {
  const { state, name, stoppedCode, lastErrorCode, lastError, writesNotBefore, failures } = mailbox;
  if (state === 'stopped') return `${stoppedCode}: ${lastError ?? ''}; afterwards: maildrain resume ${name}`;
  if (state === 'gone') return `no longer configured (${mailbox.login}, ${mailbox.folder})`;
  if (failures > 0) return `${lastErrorCode}: ${lastError ?? ''} (${count(failures)} in a row)`;
  if (writesNotBefore !== null && writesNotBefore.getTime() > Date.now())
    return `writes rest until ${instant(writesNotBefore)}; mail is stored and stays on the server`;
  return mailbox.held > 0 ? `${count(mailbox.held)} held: maildrain held ${name}` : null;
}
