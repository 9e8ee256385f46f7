// `messages list|show|raw|receipt`: stored mail, read back.

import type { Command } from 'commander';
import { printable } from '../errors.ts';
import type { Maildrain } from '../service-api.ts';
import { findConfigured } from '../service-mailboxes.ts';
import { DEFAULT_LIMIT } from '../store/limit.ts';
import type { MessageFilter, Receipt, StoredMessage } from '../store/messages.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode, NotThere } from './exit.ts';
import { facts, type Output, table } from './output.ts';
import { writeRaw } from './raw.ts';
import { bytes, count, cut, instant, parseId, parseLimit, parseTime } from './words.ts';

interface ListArguments extends GlobalOptions, MessageFilter {}

/** Columns for a sender, so that subjects have room. */
const SENDER_WIDTH = 32;

export function addMessages(program: Command, terminal: Terminal): void {
  const messages = program
    .command('messages')
    .description('Stored mail: lists, one message, its exact octets, the proof that it is what was fetched.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain messages list --since 7d\n  $ maildrain messages raw 42 > message.eml',
    );
  messages
    .command('list')
    .description('Stored messages, newest first.')
    .option('--mailbox <name>', 'only of this mailbox')
    .option('--from <text>', 'only where the sender contains this')
    .option('--subject <text>', 'only where the subject contains this')
    .option(
      '--since <time>',
      'stored since: 2026-10-01 (midnight UTC), 2026-10-01T12:30Z, or an age such as 7d',
      parseTime,
    )
    .option('--before <time>', 'stored before', parseTime)
    .option('--limit <n>', 'at most so many', parseLimit, DEFAULT_LIMIT)
    .option('--before-id <id>', 'only ids smaller than this: the next page', parseId)
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain messages list --mailbox bounces --since 7d
  $ maildrain messages list --from mailer-daemon --before 2026-10-01 --json
  $ maildrain messages list --before-id 4711`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<ListArguments>();
      terminal.exitCode = await withService(options, terminal, (service) => list(service, options, terminal.out));
    });
  messages
    .command('show')
    .argument('<id>', 'id of the message', parseId)
    .description('What is known of one message: sender, dates, attachments, the beginning of its text.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain messages show 42\n  $ maildrain messages show 42 --json | jq .headers',
    )
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const message = (await service.messages.find(id)) ?? noMessage(id);
        if (options.json === true) await terminal.out.json(message);
        else await printMessage(terminal.out, message);
        return EXIT.done;
      });
    });
  messages
    .command('raw')
    .argument('<id>', 'id of the message', parseId)
    .description('The exact octets of a message on stdout. On a terminal control characters are replaced.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain messages raw 42 > message.eml\n  $ maildrain messages raw 42 | sha256sum',
    )
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const message = (await service.messages.find(id)) ?? noMessage(id);
        const found = await writeRaw(terminal.out, service.messages.raw(id), options.json === true ? message : null);
        if (!found)
          throw new NotThere(
            `message ${id} is known, but its octets have expired; "maildrain messages show ${id}" shows what is kept`,
          );
        return EXIT.done;
      });
    });
  messages
    .command('receipt')
    .argument('<id>', 'id of the message', parseId)
    .description(
      "The ledger's proof: where the message was, what became of it there, and whether its octets are intact (else exit code 1).",
    )
    .addHelpText('after', '\nExamples:\n  $ maildrain messages receipt 42')
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      terminal.exitCode = await withService(options, terminal, async (service) => {
        const receipt = (await service.messages.receipt(id)) ?? noMessage(id);
        if (options.json === true) await terminal.out.json(receipt);
        else await printReceipt(terminal.out, receipt);
        return receipt.intact ? EXIT.done : EXIT.failed;
      });
    });
}

function noMessage(id: string): never {
  throw new NotThere(`there is no message ${id}; "maildrain messages list" shows those there are`);
}

async function list(service: Maildrain, options: ListArguments, out: Output): Promise<ExitCode> {
  const { mailbox, from, subject, since, before, beforeId, limit } = options;
  const messages = await service.messages.list({ mailbox, from, subject, since, before, beforeId, limit });
  // Mail of a mailbox that is no longer configured is still here; a name that nobody knows is a mistake.
  if (messages.length === 0 && mailbox !== undefined) findConfigured(service.mailboxes(), mailbox);
  if (options.json === true) {
    for (const message of messages) await out.json(message);
    return EXIT.done;
  }
  if (messages.length === 0) {
    out.note('no such messages');
    return EXIT.done;
  }
  await table(
    out,
    ['ID', 'STORED', 'MAILBOX', 'KIND', 'SIZE', 'FROM', 'SUBJECT'],
    messages.map((message) => [
      { text: message.id },
      { text: instant(message.storedAt) },
      { text: message.mailbox },
      { text: message.kind },
      { text: bytes(message.size) },
      { text: cut(message.from ?? '-', SENDER_WIDTH) },
      { text: message.subject ?? '-' },
    ]),
  );
  const oldest = messages.at(-1);
  if (messages.length === limit && oldest !== undefined) out.note(`more: the same with --before-id ${oldest.id}`);
  return EXIT.done;
}

async function printMessage(out: Output, message: StoredMessage): Promise<void> {
  const some = (values: readonly string[]): string | null => (values.length === 0 ? null : values.join(', '));
  await facts(out, [
    ['id', message.id],
    ['mailbox', message.mailbox],
    ['kind', message.kind],
    ['from', message.from],
    ['to', some(message.to)],
    ['subject', message.subject],
    ['sent', message.sentAt === null ? null : instant(message.sentAt)],
    ['received', message.internalDate === null ? null : instant(message.internalDate)],
    ['stored', instant(message.storedAt)],
    ['delivered to', message.envelopeRecipient],
    ['Message-ID', message.messageId],
    ['server id', message.emailId],
    ['labels', some(message.labels)],
    ['flags', some(message.flags)],
    ['size', `${count(message.size)} octets`],
    ['SHA-256', message.sha256],
  ]);
  if (message.attachments.length > 0) {
    await out.line();
    await table(
      out,
      ['PART', 'TYPE', 'SIZE', 'NAME'],
      message.attachments.map((part) => [
        { text: part.part },
        { text: part.contentType },
        { text: bytes(part.size) },
        { text: part.filename ?? '-' },
      ]),
    );
  }
  if (message.text === null) return;
  await out.line();
  for (const line of message.text.split(/\r?\n/)) await out.line(printable(line.replaceAll('\t', '    ')));
}

async function printReceipt(out: Output, receipt: Receipt): Promise<void> {
  const { intact, sha256Now } = receipt;
  const proof = intact
    ? out.paint('green', 'intact: octet for octet what was fetched')
    : out.paint(
        'red',
        sha256Now === null ? 'the octets have expired' : 'NOT INTACT: the octets here are not those fetched',
      );
  await out.line(`message ${receipt.id}: ${proof}`);
  await facts(out, [
    ['stored', instant(receipt.storedAt)],
    ['size', `${count(receipt.size)} octets`],
    ['SHA-256 when fetched', receipt.sha256],
    ['SHA-256 now', sha256Now],
  ]);
  await out.line();
  await table(
    out,
    ['MAILBOX', 'UIDVALIDITY', 'UID', 'STATE', 'SINCE', 'WHERE'],
    receipt.sightings.map((sighting) => [
      { text: sighting.mailbox },
      { text: sighting.uidValidity },
      { text: sighting.uid },
      { text: sighting.reason === null ? sighting.state : `${sighting.state} (${sighting.reason})` },
      { text: instant(sighting.changedAt) },
      { text: `${sighting.login} ${sighting.folder}` },
    ]),
  );
}
