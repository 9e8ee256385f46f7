// The demo's own count at its end. What maildrain reports is compared with what a second client sees on the server and with the octets that
// were delivered; nothing here trusts a report.

import type { Maildrain } from '../service-api.ts';
import type { Database } from '../store/pool.ts';
import { type FinishedRun, rowsBySender, storedDigests } from '../store/summary.ts';
import { ImapClient } from './imap-client.ts';
import type { DemoMailServer } from './mail-server.ts';
import type { Check, DemoResult, LeftOver, Proof } from './report.ts';
import { digestOf, EIGHT_BIT, FOREIGN, OVERSIZED, type Sample, type SampleMailbox } from './sample-mail.ts';

/** Lines of the table of senders. */
const TOP_SENDERS = 8;
const TOP_CATEGORIES = 5;

export interface Facts {
  readonly database: Database;
  readonly service: Maildrain;
  readonly server: DemoMailServer;
  readonly password: string;
  readonly samples: readonly Sample[];
  readonly foreign: Sample;
  readonly runs: readonly FinishedRun[];
  readonly users: Readonly<Record<SampleMailbox, string>>;
  /** Where the mailbox `news` moves its mail. */
  readonly moveTo: string;
}

type Counted = Omit<DemoResult, 'mailServer' | 'seconds' | 'running'>;

/** Counts everything and checks it. */
export async function examine(facts: Facts): Promise<Counted> {
  const { database, service, samples, foreign, runs } = facts;
  const { left, movedTo } = await lookAtServer(facts);
  const stored = await storedDigests(database.sql);
  const held = await service.held();
  const status = await service.status();
  const owed = status.reduce((sum, row) => sum + row.owed, 0);
  const all = [...samples, foreign];
  const sum = (key: 'fetched' | 'stored' | 'disposed' | 'bytes' | 'ms'): number =>
    runs.reduce((total, run) => total + run[key], 0);
  const busy = runs.filter((run) => run.fetched > 0).reduce((total, run) => total + run.ms, 0) / 1000;
  const verifiedGone = all.length - left.filter(({ kind }) => kind !== null).length;
  const proof = await proofOf(facts, stored);
  const suppressed = (await service.suppressions.list({ limit: samples.length })).map(({ address }) => address);
  const checks: Check[] = [
    ...storedOnce(samples, stored),
    ...onlyTheRightOnesLeft(left),
    check(
      'what maildrain says it disposed is what is gone from the mailboxes',
      sum('disposed') === verifiedGone,
      `${sum('disposed')} reported, ${verifiedGone} gone`,
    ),
    ...whereTheyWent(facts, movedTo),
    check('nothing is owed to the server', owed === 0, `${owed} owed`),
    check(
      'the message over the size limit is held, its octets never fetched',
      held.length === 1 && held[0]?.reason === 'too-large',
      `${held.length} held`,
    ),
    check(
      'the receipt of one message is intact, and its octets are those that were delivered',
      proof?.identical === true && proof.receipt.intact,
      proof === null ? 'the message was not found' : 'the octets differ',
    ),
    onlyTheGoneSuppressed(samples, suppressed),
    check(
      'no drain failed',
      runs.every(({ errorCode }) => errorCode === null),
      runs.flatMap(({ mailbox, errorCode }) => (errorCode === null ? [] : [`${mailbox}: ${errorCode}`])).join(', '),
    ),
  ];
  return {
    ok: checks.every(({ ok }) => ok),
    delivered: { messages: all.length, bytes: all.reduce((total, { raw }) => total + raw.length, 0) },
    drains: runs.length,
    fetched: sum('fetched'),
    stored: stored.length,
    disposed: sum('disposed'),
    verifiedGone,
    owed,
    held: held.length,
    leftOnServer: left,
    movedTo,
    reports: await service.bounces.stats({ by: 'category', limit: TOP_CATEGORIES }),
    suppressed: suppressed.length,
    rowsBySender: await rowsBySender(database.sql, TOP_SENDERS),
    messagesPerSecond: busy === 0 ? null : sum('fetched') / busy,
    megabytesPerSecond: busy === 0 ? null : sum('bytes') / 1e6 / busy,
    proof,
    checks,
  };
}

function check(claim: string, ok: boolean, found: string): Check {
  return { claim, ok, found: ok ? null : found };
}

async function lookAtServer({
  server,
  users,
  password,
  samples,
  foreign,
  moveTo,
}: Facts): Promise<{ left: LeftOver[]; movedTo: { mailbox: string; folder: string; messages: number }[] }> {
  const kinds = new Map([...samples, foreign].map((sample) => [digestOf(sample.raw), sample.kind]));
  const left: LeftOver[] = [];
  const movedTo: { mailbox: string; folder: string; messages: number }[] = [];
  for (const [mailbox, user] of Object.entries(users)) {
    const client = await ImapClient.login(server.port, user, password);
    try {
      for (const { uid, flags, raw } of await client.messages('INBOX')) {
        left.push({ mailbox, folder: 'INBOX', uid, size: raw.length, flags, kind: kinds.get(digestOf(raw)) ?? null });
      }
      const trash = await client.special('\\Trash');
      for (const folder of [moveTo, ...(trash === null ? [] : [trash])]) {
        const messages = await client.count(folder);
        if (messages > 0) movedTo.push({ mailbox, folder, messages });
      }
    } finally {
      client.close();
    }
  }
  return { left, movedTo };
}

/** The multiset of what was delivered is the multiset of what is stored. */
export function storedOnce(samples: readonly Sample[], stored: readonly { readonly sha256: string }[]): Check[] {
  const surplus = new Map<string, number>();
  const add = (digest: string, n: number): void => void surplus.set(digest, (surplus.get(digest) ?? 0) + n);
  for (const { raw, kind } of samples) if (kind !== OVERSIZED) add(digestOf(raw), -1);
  for (const { sha256 } of stored) add(sha256, 1);
  const missing = [...surplus.values()].filter((n) => n < 0).reduce((sum, n) => sum - n, 0);
  const tooMany = [...surplus.values()].filter((n) => n > 0).reduce((sum, n) => sum + n, 0);
  return [
    check('every message is stored with exactly the octets that were delivered', missing === 0, `${missing} are not`),
    check('none is stored twice, and two byte-identical ones are two rows', tooMany === 0, `${tooMany} rows too many`),
  ];
}

export function onlyTheRightOnesLeft(left: readonly LeftOver[]): Check[] {
  const strangers = left.filter(({ kind }) => kind !== FOREIGN && kind !== OVERSIZED);
  const foreign = left.filter(({ kind }) => kind === FOREIGN);
  return [
    check('no stored message was left behind', strangers.length === 0, `${strangers.length} are still on the server`),
    check(
      "another client's \\Deleted message was left alone",
      foreign.length === 1 && foreign[0]?.flags.some((flag) => flag.toLowerCase() === '\\deleted') === true,
      foreign.length === 0 ? 'it is gone' : 'it is no longer flagged',
    ),
  ];
}

/** What the delivered bounces say of people who are gone, taken from their octets without the reader. */
const GONE = /^Final-Recipient: rfc822; (\S+)\r\nAction: failed\r\nStatus: 5\.1\.1\r$/im;

export function onlyTheGoneSuppressed(samples: readonly Sample[], suppressed: readonly string[]): Check {
  const gone = new Set(samples.flatMap(({ raw }) => GONE.exec(raw.toString('latin1'))?.[1]?.toLowerCase() ?? []));
  const known = new Set(suppressed);
  const missing = [...gone].filter((address) => !known.has(address)).length;
  const tooMany = suppressed.filter((address) => !gone.has(address)).length;
  return check(
    'the addresses that the bounces call unknown are suppressed, and no others',
    missing === 0 && tooMany === 0,
    `${missing} are not, ${tooMany} too many`,
  );
}

/** `news` moves; on Gmail `delete` moves as well, to Trash, for an expunge would only archive. */
function whereTheyWent({ samples, server, moveTo }: Facts, movedTo: Counted['movedTo']): Check[] {
  const of = (mailbox: SampleMailbox): number =>
    samples.filter((sample) => sample.mailbox === mailbox && sample.kind !== OVERSIZED).length;
  const found = (mailbox: SampleMailbox, inMoveTo: boolean): number =>
    movedTo
      .filter((each) => each.mailbox === mailbox && (each.folder === moveTo) === inMoveTo)
      .reduce((sum, { messages }) => sum + messages, 0);
  const inTrash = server.kind === 'sample' ? of('bounces') : 0;
  return [
    check(
      `the mail of news is in "${moveTo}"`,
      found('news', true) === of('news'),
      `${found('news', true)} of ${of('news')}`,
    ),
    check(
      server.kind === 'sample'
        ? 'the mail of bounces is in Trash, as Gmail wants it'
        : 'the mail of bounces is expunged',
      found('bounces', false) === inTrash,
      `${found('bounces', false)} in Trash, not ${inTrash}`,
    ),
  ];
}

/** One message with octets of every value, from delivery to the ledger. */
async function proofOf(
  { samples, service }: Facts,
  stored: readonly { readonly id: string; readonly sha256: string }[],
): Promise<Proof | null> {
  const sample = samples.find(({ kind }) => kind === EIGHT_BIT);
  if (sample === undefined) return null;
  const deliveredSha256 = digestOf(sample.raw);
  const row = stored.find(({ sha256 }) => sha256 === deliveredSha256);
  const receipt = row === undefined ? null : await service.messages.receipt(row.id);
  if (row === undefined || receipt === null) return null;
  const pieces: Buffer[] = [];
  for await (const piece of service.messages.raw(row.id)) pieces.push(piece);
  return { kind: sample.kind, deliveredSha256, identical: Buffer.concat(pieces).equals(sample.raw), receipt };
}
