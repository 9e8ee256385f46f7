// What the demo says at its end, from numbers that were counted elsewhere: the same facts as text for people and as one JSON document.

import type { ReportStats } from '../store/bounces.ts';
import type { Receipt } from '../store/messages.ts';
import type { SenderCount } from '../store/summary.ts';

/** One thing that must be so, and whether it is. */
export interface Check {
  readonly claim: string;
  readonly ok: boolean;
  /** What was found instead; null when it is so. */
  readonly found: string | null;
}

export interface LeftOver {
  readonly mailbox: string;
  readonly folder: string;
  readonly uid: number;
  /** Octets. */
  readonly size: number;
  readonly flags: readonly string[];
  /** Which of the delivered messages it is, by its octets; null for one that nobody delivered. */
  readonly kind: string | null;
}

export interface Proof {
  readonly kind: string;
  /** SHA-256 in hex of what was delivered over IMAP. */
  readonly deliveredSha256: string;
  /** What the database holds, read back and compared octet by octet with what was delivered. */
  readonly identical: boolean;
  readonly receipt: Receipt;
}

export interface DemoResult {
  readonly ok: boolean;
  readonly mailServer: { readonly kind: string; readonly description: string };
  /** Since the command began. */
  readonly seconds: number;
  readonly delivered: { readonly messages: number; readonly bytes: number };
  /** Drains that the schedule started and that ended; those without mail counted too. */
  readonly drains: number;
  readonly fetched: number;
  readonly stored: number;
  readonly disposed: number;
  /** Gone from the drained mailboxes, by the demo's own look over its own connection. */
  readonly verifiedGone: number;
  readonly owed: number;
  readonly held: number;
  readonly leftOnServer: readonly LeftOver[];
  /** Messages in other folders: where `move` and, on Gmail, `delete` put them. */
  readonly movedTo: readonly { readonly mailbox: string; readonly folder: string; readonly messages: number }[];
  /** What bounces and replies reported, by category; null: what is no failure. */
  readonly reports: readonly ReportStats[];
  /** Addresses that are written to no more. */
  readonly suppressed: number;
  readonly rowsBySender: readonly SenderCount[];
  readonly messagesPerSecond: number | null;
  readonly megabytesPerSecond: number | null;
  readonly proof: Proof | null;
  readonly checks: readonly Check[];
  /** With --keep: how to look around. The passwords are the demo's own. */
  readonly running: Running | null;
}

export interface Running {
  readonly postgresUrl: string;
  readonly imapHost: string;
  readonly imapPort: number;
  readonly imapUsers: readonly string[];
  readonly imapPassword: string;
}

export function megabytes(octets: number): string {
  return `${(octets / 1e6).toFixed(1)} MB`;
}

/** The end of the demo for people, line by line. */
export function describe(result: DemoResult): string[] {
  return [
    '',
    `What happened in ${result.seconds.toFixed(1)} s`,
    ...table([
      ['delivered', result.delivered.messages, `messages, ${megabytes(result.delivered.bytes)}, over IMAP`],
      ['fetched', result.fetched, `by ${result.drains} drains on a schedule of 5 s`],
      ['stored', result.stored, 'rows in Postgres, each with its exact octets'],
      ['disposed', result.disposed, 'seen by maildrain to be gone from the mailbox, after the commit'],
      ['verified', result.verifiedGone, "gone by the demo's own look at the server"],
      ['owed', result.owed, 'stored and still to be taken off the server'],
      ['left', result.leftOnServer.length, 'on the server, asked just now:'],
    ]),
    ...result.leftOnServer.map(
      (left) =>
        `               ${left.mailbox}/${left.folder} UID ${left.uid}, ${left.size} octets: ${left.kind ?? 'not delivered by the demo'}`,
    ),
    ...result.movedTo.map(
      ({ mailbox, folder, messages }) => `  ${messages} messages of ${mailbox} are in "${folder}" now`,
    ),
    ...rate(result),
    '',
    'Rows by sender (select from_address, count(*) from maildrain.message group by 1 order by 2 desc)',
    ...result.rowsBySender.map(
      ({ sender, messages, bytes }) =>
        `  ${String(messages).padStart(5)}  ${megabytes(bytes).padStart(8)}  ${sender ?? '(no address)'}`,
    ),
    '',
    'What the mail reported (maildrain bounces stats, maildrain suppressions list)',
    ...result.reports.map(
      ({ key, reports, failed, delayed }) =>
        `  ${String(reports).padStart(5)}  ${key ?? 'no failure'}: ${failed} failed, ${delayed} delayed`,
    ),
    `  ${String(result.suppressed).padStart(5)}  addresses are written to no more`,
    ...proofLines(result.proof),
    '',
    ...result.checks.map(({ claim, ok, found }) => (ok ? `  ok      ${claim}` : `  FAILED  ${claim}: ${found ?? ''}`)),
    '',
    result.ok ? 'Everything that was promised is so.' : 'Something that was promised is not so: see FAILED above.',
  ];
}

function table(rows: readonly (readonly [string, number, string])[]): string[] {
  return rows.map(([word, count, text]) => `  ${word.padEnd(10)} ${String(count).padStart(5)}  ${text}`);
}

function rate({ messagesPerSecond, megabytesPerSecond }: DemoResult): string[] {
  if (messagesPerSecond === null || megabytesPerSecond === null) return [];
  return [
    `  rate       ${String(Math.round(messagesPerSecond)).padStart(5)}  messages a second while a drain ran (${megabytesPerSecond.toFixed(1)} MB/s), login and logout included`,
  ];
}

function proofLines(proof: Proof | null): string[] {
  if (proof === null) return [];
  const { receipt } = proof;
  return [
    '',
    `One receipt: message ${receipt.id}, ${proof.kind}, ${receipt.size} octets`,
    `  delivered  sha256 ${proof.deliveredSha256}`,
    `  stored     sha256 ${receipt.sha256Now ?? '(no octets)'}  ${proof.identical ? 'identical, octet by octet' : 'DIFFERENT'}`,
    ...receipt.sightings.map(
      (seen) =>
        `  ledger     ${seen.mailbox}, UIDVALIDITY ${seen.uidValidity}, UID ${seen.uid}: ${seen.state}${seen.reason === null ? '' : ` (${seen.reason})`} at ${seen.changedAt.toISOString()}`,
    ),
  ];
}

/** How the reader calls maildrain: Node runs the TypeScript of a checkout, and a package has only compiled files. */
export function spelling(runningFile: string): { demo: string; verb: string } {
  return runningFile.endsWith('.ts')
    ? { demo: 'npm run demo --', verb: 'npm run --silent dev --' }
    : { demo: 'npx maildrain demo', verb: 'npx maildrain' };
}

/** How to go on with a mailbox of one's own; `maildrain` is how the reader calls it. */
export const nextSteps = (maildrain: string): readonly string[] => [
  '',
  'Your own mailbox: write this to maildrain.yaml',
  '',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the notation of the configuration, shown to people
  '  postgres: embedded              # or ${DATABASE_URL}',
  '  mailboxes:',
  '    - name: inbox',
  '      imap: { host: imap.example.com, user: you@example.com, password: { env: IMAP_PASSWORD } }',
  '      every: 1m',
  '      dispose: keep               # takes nothing off; later: delete, trash, seen, { move: NAME }',
  '',
  'and run',
  '',
  '  export IMAP_PASSWORD=...',
  `  ${maildrain} check inbox             # connects and explains, changes nothing`,
  `  ${maildrain} migrate                 # makes the tables`,
  `  ${maildrain} drain inbox --dry-run   # says what a drain would do`,
  `  ${maildrain} serve                   # drains on schedule until Ctrl-C`,
];

export function describeRunning(running: Running): string[] {
  const [user = ''] = running.imapUsers;
  const at = `${running.imapHost}:${running.imapPort}`;
  return [
    '',
    'Still running, and draining every 5 s. Ctrl-C ends it and removes its data.',
    `  psql '${running.postgresUrl}'`,
    `  IMAP ${at} without TLS, users ${running.imapUsers.join(' and ')}, password ${running.imapPassword}`,
    `  curl --silent --user '${user}:${running.imapPassword}' imap://${at}/INBOX -T message.eml     # delivers a message`,
  ];
}
