// A maildrain from what a program gives: checked as maildrain.yaml is, with the same defaults.

import { checkMailboxes, checkReports, checkRetention } from './config.ts';
import { MaildrainError, printable } from './errors.ts';
import { createLogger } from './log.ts';
import { openService } from './service.ts';
import type { Maildrain, MaildrainOptions } from './service-api.ts';

/**
 * A maildrain for a program of your own. Connects to nothing yet, except that `embedded` starts its server.
 *
 * @throws MaildrainError CONFIG_INVALID with every problem
 */
export async function createMaildrain(options: MaildrainOptions): Promise<Maildrain> {
  const { mailboxes } = required(options);
  return openService({
    postgres: options.postgres === 'embedded' ? 'embedded' : { url: options.postgres },
    redis: options.redis ?? null,
    mailboxes:
      typeof mailboxes === 'function' ? async () => checkMailboxes(await asked(mailboxes)) : checkMailboxes(mailboxes),
    ...checkReports(options),
    retention: checkRetention(options.retention),
    ...(options.events === undefined ? { events: null } : {}),
    onEvent: options.onEvent,
    connectionsPerHost: options.connectionsPerHost ?? 8,
    concurrency: options.concurrency ?? 4,
    stateDir: options.stateDir ?? '.maildrain',
    shutdownGraceMs: options.shutdownGraceMs ?? 30_000,
    logLevel: options.logLevel ?? 'info',
    log: options.log ?? createLogger({ level: options.logLevel ?? 'info' }),
  });
}

/** What a program without types can leave out. @throws MaildrainError CONFIG_INVALID */
function required(options: MaildrainOptions): MaildrainOptions {
  const given: Partial<MaildrainOptions> | null | undefined = options;
  const problems: string[] = [];
  if (typeof given?.postgres !== 'string' || given.postgres === '')
    problems.push("postgres: 'embedded', or the URL of a database");
  if (typeof given?.mailboxes !== 'function' && !Array.isArray(given?.mailboxes))
    problems.push('mailboxes: a list, or a function that answers one');
  if (problems.length === 0) return options;
  throw new MaildrainError('CONFIG_INVALID', `createMaildrain() needs ${problems.join('; and ')}`);
}

/** @throws MaildrainError CONFIG_INVALID where the caller's own function fails */
async function asked<T>(mailboxes: () => Promise<T> | T): Promise<T> {
  try {
    return await mailboxes();
  } catch (cause) {
    const why = printable(cause instanceof Error ? cause.message : String(cause));
    throw new MaildrainError('CONFIG_INVALID', `mailboxes() failed: ${why}`, { cause });
  }
}
