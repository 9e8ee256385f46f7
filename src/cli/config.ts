// `config check` and `config schema`. The rules are in config.ts, one floor below the rest.

import type { Command } from 'commander';
import { type Config, configJsonSchema } from '../config.ts';
import type { Dispose, MailboxConfig } from '../model.ts';
import { configOf, type GlobalOptions, type Terminal } from './context.ts';
import { type Output, table, toJson } from './output.ts';
import { bytes, duration } from './words.ts';

export function addConfig(program: Command, terminal: Terminal): void {
  const config = program
    .command('config')
    .description('Checks the configuration file, or prints its JSON Schema.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain config check\n  $ maildrain config schema > maildrain.schema.json',
    );
  config
    .command('check')
    .description('Tells every problem of the file with its line (exit code 2), or what it says. Connects to nothing.')
    .addHelpText('after', '\nExamples:\n  $ maildrain config check --config /etc/maildrain.yaml')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const checked = configOf(options);
      if (options.json === true) await terminal.out.json(summary(checked));
      else await printConfig(terminal.out, checked);
    });
  config
    .command('schema')
    .description('Prints a JSON Schema of the file, with which editors complete and explain every key.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain config schema > maildrain.schema.json\n  then, as the first line of maildrain.yaml:\n  # yaml-language-server: $schema=maildrain.schema.json',
    )
    .action(async (_: object, command: Command) => {
      const { json } = command.optsWithGlobals<GlobalOptions>();
      await terminal.out.line(toJson(configJsonSchema(), json === true ? undefined : 2));
    });
}

/** Without URLs: those of databases hold passwords. */
function summary(config: Config): object {
  const { postgres, redis, mailboxes, ...rest } = config;
  return {
    ok: true,
    postgres: postgres === 'embedded' ? 'embedded' : 'url',
    queue: redis === null ? 'postgres' : 'redis',
    ...rest,
    mailboxes: mailboxes.map(({ imap, ...mailbox }) => ({
      ...mailbox,
      imap: { host: imap.host, port: imap.port, user: imap.user, tls: imap.tls },
    })),
  };
}

async function printConfig(out: Output, config: Config): Promise<void> {
  const database = config.postgres === 'embedded' ? `embedded Postgres in ${config.stateDir}` : 'Postgres by URL';
  await out.line(`${out.paint('green', 'ok')}: ${database}, queue on ${config.redis === null ? 'Postgres' : 'Redis'}`);
  await out.line();
  await table(
    out,
    ['MAILBOX', 'ACCOUNT', 'FOLDER', 'WHEN', 'UP TO', 'THEN'],
    config.mailboxes.map((mailbox) => [
      { text: mailbox.name },
      { text: `${mailbox.imap.user} at ${mailbox.imap.host}:${mailbox.imap.port}` },
      { text: mailbox.folder },
      {
        text:
          mailbox.everyMs !== null
            ? `every ${duration(mailbox.everyMs)}`
            : `cron ${mailbox.cron} ${mailbox.tz ?? 'UTC'}`,
      },
      { text: bytes(mailbox.sizeLimit) },
      { text: then(mailbox) },
    ]),
  );
}

function then({ dispose, afterMs, unmatched }: MailboxConfig): string {
  const what = afterMs === 0 ? disposal(dispose) : `${disposal(dispose)} when ${duration(afterMs)} old`;
  return unmatched === 'keep' && dispose.kind !== 'keep' ? `${what}; what reports nothing stays` : what;
}

function disposal(dispose: Dispose): string {
  switch (dispose.kind) {
    case 'delete':
      return dispose.forever ? 'delete for ever' : 'delete';
    case 'trash':
      return 'move to Trash';
    case 'move':
      return `move to ${dispose.to}`;
    case 'seen':
      return 'mark \\Seen, keep';
    case 'flag':
      return `mark ${dispose.keyword}, keep`;
    case 'keep':
      return 'keep';
  }
}
