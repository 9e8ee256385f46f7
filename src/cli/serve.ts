// `serve`: the service in the foreground, from start to signal. What it does is in service.ts.

import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { createLogger, type Log } from '../log.ts';
import type { MailboxConfig } from '../model.ts';
import { openService } from '../service.ts';
import type { Maildrain } from '../service-api.ts';
import { configOf, type GlobalOptions, type Terminal } from './context.ts';
import { EXIT } from './exit.ts';
import { listenForSignals } from './signals.ts';
import { count, duration } from './words.ts';

/** After the grace time: closing the queue and the database takes seconds at most. */
const CLOSING_MS = 20_000;
/** Mailboxes named at start; the rest is counted. */
const MAX_NAMED = 10;

export function addServe(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description(
      'Migrates the database, then drains every mailbox on its schedule until SIGTERM. SIGHUP reads the mailboxes again.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain serve --config /etc/maildrain.yaml
  $ kill -TERM PID     ends after the batch in hand; a second signal ends at once, and nothing is lost
  $ kill -HUP PID      reads the mailboxes of the configuration file again`,
    )
    .action(async (_: object, command: Command) => {
      terminal.exitCode = await serve(command.optsWithGlobals<GlobalOptions>(), terminal);
    });
}

async function serve(options: GlobalOptions, terminal: Terminal): Promise<number> {
  const config = configOf(options);
  const log = createLogger({ level: options.logLevel ?? config.logLevel });
  const interruption = listenForSignals((name) => log.info({ signal: name }, 'stopping after the batch in hand'));
  let service: Maildrain | null = null;
  let reload = (): void => log.warn({}, 'still starting: SIGHUP is passed over');
  process.on('SIGHUP', () => reload());
  try {
    service = await openService({ ...config, log });
    if (!interruption.signal.aborted) await unlessAborted(service.start(), interruption.signal);
    if (!interruption.signal.aborted) {
      reload = reloader(service, options, config, log);
      await announce(config, options, terminal, log);
      await aborted(interruption.signal);
    }
    await within(config.shutdownGraceMs + CLOSING_MS, service.stop(), () => {
      log.error({}, 'did not stop in time, exiting; what was in hand is taken up again at the next start');
      process.exit(EXIT.failed);
    });
    log.info({}, 'stopped');
    return EXIT.done;
  } catch (error) {
    await service?.stop();
    throw error;
  } finally {
    interruption.release();
  }
}

/** Reads the file again; a broken one changes nothing. One reload at a time, and one more after it when another signal came. */
function reloader(service: Maildrain, options: GlobalOptions, started: Config, log: Log): () => void {
  let running = false;
  let again = false;
  const reload = async (): Promise<void> => {
    try {
      const config = configOf(options);
      await service.reload(config.mailboxes);
      log.info({ mailboxes: config.mailboxes.length }, 'configuration read again');
      const restart = changedKeys(started, config);
      if (restart.length > 0) log.warn({ keys: restart }, 'these keys have changed and take effect at the next start');
    } catch (error) {
      log.error({ error }, 'configuration not taken over, going on as before');
    }
  };
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await reload();
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}

function changedKeys(before: Config, after: Config): string[] {
  const keys = Object.keys(after) as (keyof Config)[];
  return keys.filter((key) => key !== 'mailboxes' && JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

async function announce(config: Config, options: GlobalOptions, terminal: Terminal, log: Log): Promise<void> {
  const queue = config.redis === null ? 'postgres' : 'redis';
  const names = config.mailboxes.map((mailbox) => mailbox.name);
  log.info({ queue, mailboxes: names.length, pid: process.pid }, 'serving');
  if (options.json === true) await terminal.out.json({ pid: process.pid, queue, mailboxes: names });
  if (terminal.stderr.isTTY !== true) return;
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  for (const line of [
    '',
    `maildrain serves ${names.length === 1 ? '1 mailbox' : `${count(names.length)} mailboxes`} (pid ${process.pid})`,
    `  queue      ${queue === 'redis' ? 'Redis' : 'Postgres (set redis: to use Redis)'}`,
    `  database   ${config.postgres === 'embedded' ? `embedded, in ${config.stateDir}` : 'Postgres, as configured'}`,
    ...config.mailboxes.slice(0, MAX_NAMED).map((mailbox) => `  mailbox    ${mailbox.name}: ${schedule(mailbox)}`),
    ...(more === '' ? [] : [`             ${more.trim()}`]),
    '',
    'In another terminal: maildrain status, maildrain messages list. Ctrl-C stops.',
    '',
  ])
    terminal.out.note(line);
}

function schedule({ everyMs, cron, tz }: MailboxConfig): string {
  return everyMs !== null ? `every ${duration(everyMs)}` : `cron ${cron} (${tz ?? 'UTC'})`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A start that waits for a server does not keep a signal waiting; stop() ends it. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  await Promise.race([work, aborted(signal)]);
}

async function within(ms: number, work: Promise<void>, late: () => void): Promise<void> {
  const timer = setTimeout(late, ms);
  await work;
  clearTimeout(timer);
}
