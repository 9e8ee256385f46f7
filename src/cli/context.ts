// What every verb starts from: the global options, the configuration, a log that suits the verb, and the service, opened and closed.

import { type Config, type LogLevel, loadConfig } from '../config.ts';
import { printable } from '../errors.ts';
import { createLogger, type Log, type LogDestination } from '../log.ts';
import { openService } from '../service.ts';
import type { Maildrain } from '../service-api.ts';
import type { Output, Stream } from './output.ts';
import { listenForSignals } from './signals.ts';

/** The options that every verb has. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
}

/** What the process gives to the verbs. */
export interface Terminal {
  readonly out: Output;
  readonly stderr: Stream;
  /** Written before a log line, so that a progress bar does not share its line. */
  beforeLog: () => void;
  /** What the process ends with; verbs set it. */
  exitCode: number;
}

export function configOf(options: GlobalOptions): Config {
  return loadConfig(options.config === undefined ? {} : { path: options.config });
}

/** One-shot verbs log what is unusual only: their result is on stdout. Whoever asks for a level wants the whole of it. */
export function quietLog(options: GlobalOptions, terminal: Terminal): Log {
  const write: LogDestination['write'] = (line) => {
    terminal.beforeLog();
    terminal.stderr.write(terminal.stderr.isTTY === true || options.logLevel === undefined ? forPeople(line) : line);
  };
  return createLogger({ level: options.logLevel ?? 'warn', destination: { write } });
}

/** A log line without what only a machine wants of it. */
function forPeople(line: string): string {
  const fields: Record<string, unknown> = JSON.parse(line);
  const { level, msg, mailbox, code, error } = fields;
  const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  const text = [mailbox, msg, code, said].filter((part) => typeof part === 'string').join(': ');
  return `${String(level)}: ${printable(text)}\n`;
}

/**
 * Opens the service, does `work`, closes it.
 *
 * @param work is told of SIGINT and SIGTERM by `signal`; with `patient` it is waited for, otherwise it is left where it is
 * @returns what `work` returned, or the exit code of the signal that cut it short
 */
export async function withService<T extends number>(
  options: GlobalOptions,
  terminal: Terminal,
  work: (service: Maildrain, signal: AbortSignal) => Promise<T>,
  patient: { readonly onSignal: () => void } | null = null,
): Promise<number> {
  const config = configOf(options);
  const interruption = listenForSignals(() => patient?.onSignal());
  try {
    const service = await openService({ ...config, log: quietLog(options, terminal) });
    try {
      const working = work(service, interruption.signal);
      if (patient !== null) return await working;
      return await Promise.race([working, interrupted(interruption)]);
    } finally {
      await service.stop();
    }
  } finally {
    interruption.release();
  }
}

/** The same for work that listens to signals itself. */
export async function withOpenService(
  options: GlobalOptions,
  terminal: Terminal,
  work: (service: Maildrain) => Promise<number>,
): Promise<number> {
  const service = await openService({ ...configOf(options), log: quietLog(options, terminal) });
  try {
    return await work(service);
  } finally {
    await service.stop();
  }
}

function interrupted({ signal, exitCode }: { signal: AbortSignal; exitCode(): number | null }): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(exitCode() ?? 1);
    signal.addEventListener('abort', () => resolve(exitCode() ?? 1), { once: true });
  });
}
