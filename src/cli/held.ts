// `held` and `release`: messages set aside on the server, and freeing them.

import type { Command } from 'commander';
import type { Maildrain } from '../service-api.ts';
import { findConfigured } from '../service-mailboxes.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type Output, table } from './output.ts';
import { bytes, count, instant, parseUid, plural } from './words.ts';

interface ReleaseArguments extends GlobalOptions {
  readonly all?: boolean;
}

export function addHeld(program: Command, terminal: Terminal): void {
  program
    .command('held')
    .argument('[name]', 'mailbox; without it, all')
    .description(
      'Messages set aside on the server (too large, or not to be fetched), with the reason. They are not stored.',
    )
    .addHelpText('after', '\nExamples:\n  $ maildrain held\n  $ maildrain held bounces --json')
    .action(async (name: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, (service) => held(service, name, options, terminal.out));
    });
  program
    .command('release')
    .argument('<name>', 'mailbox')
    .argument('[uids...]', 'UIDs of held messages', parseUid)
    .description('Frees held messages: the next drain tries them again, whatever their size.')
    .option('--all', 'all held messages of the mailbox')
    .addHelpText('after', '\nExamples:\n  $ maildrain release bounces 4711 4712\n  $ maildrain release bounces --all')
    .action(async (name: string, given: string[] | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<ReleaseArguments>();
      const uids = given ?? [];
      if (options.all === true && uids.length > 0) throw new UsageError('name UIDs or give --all, not both');
      if (options.all !== true && uids.length === 0)
        throw new UsageError(`name the UIDs to release, or give --all ("maildrain held ${name}" lists them)`);
      terminal.exitCode = await withService(options, terminal, (service) =>
        release(service, name, options.all === true ? null : uids, options, terminal.out),
      );
    });
}

async function held(
  service: Maildrain,
  name: string | undefined,
  options: GlobalOptions,
  out: Output,
): Promise<ExitCode> {
  const messages = await service.held(name === undefined ? undefined : [name]);
  // A mailbox that is no longer configured may still have held messages; one that nobody knows is a mistake.
  if (messages.length === 0 && name !== undefined) findConfigured(service.mailboxes(), name);
  if (options.json === true) {
    for (const message of messages) await out.json(message);
    return EXIT.done;
  }
  if (messages.length === 0) {
    out.note('nothing is held');
    return EXIT.done;
  }
  await table(
    out,
    ['MAILBOX', 'UID', 'SIZE', 'RECEIVED', 'HELD SINCE', 'REASON'],
    messages.map((message) => [
      { text: message.mailbox },
      { text: message.uid },
      { text: message.size === null ? '-' : bytes(message.size) },
      { text: instant(message.internalDate) },
      { text: instant(message.heldAt) },
      { text: `${message.reason ?? '-'}${message.released ? ', released: tried again at the next drain' : ''}` },
    ]),
  );
  return EXIT.done;
}

async function release(
  service: Maildrain,
  name: string,
  uids: readonly string[] | null,
  options: GlobalOptions,
  out: Output,
): Promise<ExitCode> {
  const released = await service.release(name, uids ?? undefined);
  const unknown = (uids ?? []).filter((uid) => !released.includes(uid));
  if (options.json === true) await out.json({ mailbox: name, released, unknown });
  else await out.line(`${name}: ${plural(released.length, 'message')} released`);
  if (unknown.length > 0) out.note(`${count(unknown.length)} not held: ${unknown.slice(0, 20).join(' ')}`);
  return unknown.length > 0 ? EXIT.failed : EXIT.done;
}
