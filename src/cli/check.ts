// `check` and `folders`: what a server shows of an account. Neither needs the database, so that a login can be tried before there is one.

import type { Command } from 'commander';
import { printable } from '../errors.ts';
import { accountFolders, checkAccount, findConfigured } from '../service-mailboxes.ts';
import type { CheckReport } from '../source/check.ts';
import type { Folder } from '../source/folders.ts';
import { configOf, type GlobalOptions, type Terminal } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { facts, type Output, table } from './output.ts';
import { count, plural } from './words.ts';

/** Those that decide how a drain works here. */
const NOTABLE = [
  'UIDPLUS',
  'MOVE',
  'SPECIAL-USE',
  'X-GM-EXT-1',
  'OBJECTID',
  'CONDSTORE',
  'COMPRESS=DEFLATE',
  'IMAP4REV2',
];
/** Folders listed for people; an account can have thousands. */
const MAX_FOLDERS = 30;

export function addCheck(program: Command, terminal: Terminal): void {
  program
    .command('check')
    .argument('[name]', 'mailbox; without it, all')
    .description(
      'Logs in and shows what the server can do, how mail would be disposed and what is wrong. Changes nothing.',
    )
    .addHelpText('after', '\nExamples:\n  $ maildrain check\n  $ maildrain check bounces --json')
    .action(async (name: string | undefined, _: object, command: Command) => {
      terminal.exitCode = await check(name, command.optsWithGlobals<GlobalOptions>(), terminal.out);
    });
  program
    .command('folders')
    .argument('<name>', 'mailbox whose account is looked at')
    .description("The account's folders with attributes and counts.")
    .addHelpText('after', '\nExamples:\n  $ maildrain folders bounces')
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const folders = await accountFolders(findConfigured(configOf(options).mailboxes, name));
      if (options.json === true) for (const folder of folders) await terminal.out.json(folder);
      else await printFolders(terminal.out, folders);
    });
}

async function check(name: string | undefined, options: GlobalOptions, out: Output): Promise<ExitCode> {
  const { mailboxes } = configOf(options);
  const wanted = name === undefined ? mailboxes : [findConfigured(mailboxes, name)];
  let ok = true;
  for (const [at, mailbox] of wanted.entries()) {
    const report = await checkAccount(mailbox);
    ok &&= report.ok;
    if (options.json === true) await out.json(report);
    else {
      if (at > 0) await out.line();
      const { host, port, user, tls } = mailbox.imap;
      await printCheck(out, report, `${user} at ${host}:${port} (TLS: ${tls})`);
    }
  }
  return ok ? EXIT.done : EXIT.failed;
}

async function printCheck(out: Output, report: CheckReport, account: string): Promise<void> {
  const verdict = report.ok ? out.paint('green', 'ok') : out.paint('red', plural(report.problems.length, 'problem'));
  await out.line(`${out.paint('bold', report.mailbox)}: ${verdict}`);
  const seen = report.facts;
  const has = new Set(seen?.capabilities.map((name) => name.toUpperCase()));
  await facts(
    out,
    [
      ['account', account],
      ['login', seen !== null || report.folders.length > 0 ? 'ok' : 'not possible'],
      ['server', seen === null ? null : seen.gmail ? 'Gmail (X-GM-EXT-1)' : 'IMAP'],
      ['can', seen === null ? null : NOTABLE.filter((name) => has.has(name)).join(' ') || 'none of the extensions'],
      ['cannot', seen === null ? null : lacking(has)],
      ['folder', seen?.path ?? null],
      ['messages', seen === null ? null : count(seen.exists)],
      ['UIDVALIDITY', seen?.uidValidity ?? null],
      [
        'flagged \\Deleted',
        report.deleted ? `${count(report.deleted)} by other clients; a drain leaves them alone` : null,
      ],
      ['after storing', report.disposal],
    ],
    '  ',
  );
  for (const { code, message } of report.problems)
    await out.line(`  ${out.paint('red', 'problem')}: ${code}: ${printable(message)}`);
  if (report.folders.length === 0) return;
  await out.line();
  await printFolders(out, report.folders.slice(0, MAX_FOLDERS));
  const more = report.folders.length - MAX_FOLDERS;
  if (more > 0) await out.line(`and ${plural(more, 'folder')} more: maildrain folders ${report.mailbox}`);
}

function lacking(has: ReadonlySet<string>): string | null {
  const missing = ['UIDPLUS', 'MOVE', 'SPECIAL-USE'].filter((name) => !has.has(name));
  return missing.length === 0 ? null : missing.join(' ');
}

function printFolders(out: Output, folders: readonly Folder[]): Promise<void> {
  return table(
    out,
    ['FOLDER', 'MESSAGES', 'UNSEEN', 'ATTRIBUTES'],
    folders.map((folder) => [
      { text: folder.path },
      { text: folder.messages === null ? '-' : count(folder.messages) },
      { text: folder.unseen === null ? '-' : count(folder.unseen) },
      {
        text: [...new Set([...(folder.specialUse === null ? [] : [folder.specialUse]), ...folder.attributes])].join(
          ' ',
        ),
      },
    ]),
  );
}
