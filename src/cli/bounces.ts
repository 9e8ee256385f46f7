// `bounces list|stats`: what mail has reported of whom.

import { type Command, Option } from 'commander';
import { DEFAULT_RULES } from '../config-suppression.ts';
import type { Maildrain } from '../service-api.ts';
import { findConfigured } from '../service-mailboxes.ts';
import type { ReportConditions, ReportFilter, ReportGroup, ReportStatsFilter, StoredReport } from '../store/bounces.ts';
import { REPORT_GROUPS } from '../store/bounces.ts';
import { DEFAULT_LIMIT } from '../store/limit.ts';
import { type GlobalOptions, type Terminal, withService } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type Output, table } from './output.ts';
import { count, cut, instant, parseLimit, parseTime } from './words.ts';

type ListArguments = GlobalOptions & ReportFilter;
type StatsArguments = GlobalOptions & ReportStatsFilter;

/** Columns for an address, so that what was said of it has room. */
const ADDRESS_WIDTH = 40;
const KINDS = ['bounce', 'complaint', 'auto-reply', 'mdn'];
const ACTIONS = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'];
const CATEGORIES = Object.keys(DEFAULT_RULES).filter((cause) => cause !== 'complaint');

export function addBounces(program: Command, terminal: Terminal): void {
  const bounces = program
    .command('bounces')
    .description('What mail has reported: bounces, complaints, automatic replies; one report for each recipient.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain bounces list --address ann@example.org\n  $ maildrain bounces stats --by domain --since 30d',
    );
  withConditions(bounces.command('list').description('Reports, newest first.'))
    .option('--limit <n>', 'at most so many', parseLimit, DEFAULT_LIMIT)
    .option('--cursor <cursor>', 'the next page, as the page before has named it')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain bounces list --since 7d --action failed
  $ maildrain bounces list --address ann@example.org --json | jq .diagnostic
  $ maildrain bounces list --kind complaint --mailbox feedback`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<ListArguments>();
      terminal.exitCode = await withService(options, terminal, (service) => list(service, options, terminal.out));
    });
  withConditions(bounces.command('stats').description('Reports counted: failed, delayed, complaints, addresses.'))
    .addOption(new Option('--by <what>', 'what to count by; days are UTC').choices(REPORT_GROUPS).makeOptionMandatory())
    .option('--limit <n>', 'at most so many rows', parseLimit, DEFAULT_LIMIT)
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain bounces stats --by domain --since 30d
  $ maildrain bounces stats --by day --domain gmail.com
  $ maildrain bounces stats --by category --json | jq -c '[.key, .failed]'`,
    )
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<StatsArguments>();
      terminal.exitCode = await withService(options, terminal, (service) => stats(service, options, terminal.out));
    });
}

function withConditions(command: Command): Command {
  return command
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(KINDS))
    .addOption(new Option('--action <action>', 'only bounces with this action').choices(ACTIONS))
    .addOption(new Option('--category <category>', 'only of this category').choices(CATEGORIES))
    .option('--address <address>', 'only on this address')
    .option('--domain <domain>', 'only on addresses of exactly this domain')
    .option('--mailbox <name>', 'only from this mailbox')
    .option('--since <time>', 'reported since: 2026-10-01 (midnight UTC), 2026-10-01T12:30Z, or an age: 7d', parseTime)
    .option('--until <time>', 'reported before', parseTime);
}

function conditionsOf(options: ReportConditions): ReportConditions {
  const { kind, action, category, address, domain, mailbox, since, until } = options;
  return { kind, action, category, address, domain, mailbox, since, until };
}

async function list(service: Maildrain, options: ListArguments, out: Output): Promise<ExitCode> {
  const { limit, cursor } = options;
  const reports = await service.bounces.list({ ...conditionsOf(options), limit, cursor });
  // Reports of a mailbox that is no longer configured are still here; a name that nobody knows is a mistake.
  if (reports.length === 0 && options.mailbox !== undefined) findConfigured(service.mailboxes(), options.mailbox);
  if (options.json === true) {
    for (const report of reports) await out.json(report);
    return EXIT.done;
  }
  if (reports.length === 0) {
    out.note('no such reports');
    return EXIT.done;
  }
  await table(
    out,
    ['REPORTED', 'MESSAGE', 'KIND', 'ADDRESS', 'TRUST', 'STATUS', 'CATEGORY', 'SAID'],
    reports.map((report) => [
      { text: instant(report.reportedAt) },
      { text: report.messageId },
      { text: kindOf(report) },
      { text: cut(report.address ?? '-', ADDRESS_WIDTH) },
      { text: report.trust },
      { text: report.status ?? '-' },
      { text: report.category ?? '-' },
      { text: report.diagnostic ?? '-' },
    ]),
  );
  const last = reports.at(-1);
  if (reports.length === limit && last !== undefined) out.note(`more: the same with --cursor ${last.cursor}`);
  return EXIT.done;
}

/** What of the kind matters: of a bounce what was done, of a complaint what sort it is. */
function kindOf({ kind, action, feedbackType, autoReply }: StoredReport): string {
  if (kind === 'bounce') return action ?? kind;
  if (kind === 'complaint') return feedbackType === null ? kind : `${kind} (${feedbackType})`;
  return autoReply === null ? kind : `${kind} (${autoReply.type})`;
}

const HEADINGS: Readonly<Record<ReportGroup, string>> = {
  domain: 'DOMAIN',
  category: 'CATEGORY',
  day: 'DAY',
  mailbox: 'MAILBOX',
  status: 'STATUS',
  mta: 'SERVER',
};

async function stats(service: Maildrain, options: StatsArguments, out: Output): Promise<ExitCode> {
  const { by, limit } = options;
  const rows = await service.bounces.stats({ ...conditionsOf(options), by, limit });
  if (rows.length === 0 && options.mailbox !== undefined) findConfigured(service.mailboxes(), options.mailbox);
  if (options.json === true) {
    for (const row of rows) await out.json(row);
    return EXIT.done;
  }
  if (rows.length === 0) {
    out.note('no such reports');
    return EXIT.done;
  }
  await table(
    out,
    [HEADINGS[by], 'REPORTS', 'FAILED', 'DELAYED', 'COMPLAINTS', 'ADDRESSES'],
    rows.map((row) => [
      { text: row.key ?? '-' },
      ...[row.reports, row.failed, row.delayed, row.complaints, row.addresses].map((n) => ({ text: count(n) })),
    ]),
  );
  if (rows.length === limit) out.note(`only the first ${count(limit)}: more with --limit`);
  return EXIT.done;
}
