// Processes that work an admin job off on a real Dovecot and are killed in the middle of it, at moments on the wire that are drawn from a seed; the
// next one goes on. Then what is on the server and in the database is counted. ADMIN_SEED repeats a run, ADMIN_KILLS sets how many kills there are.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { loginOf } from '../../src/config.ts';
import type { MailboxConfig } from '../../src/model.ts';
import type { AdminJobKind, Criteria } from '../../src/model-admin.ts';
import { enqueueJob, type Job } from '../../src/store/admin-jobs.ts';
import type { Database } from '../../src/store/pool.ts';
import { multiset, smallLetter } from '../crash/post.ts';
import { drainOnce, FOLDER, freshStore, mailboxOf, openForTest, storedOctets } from '../crash/stage.ts';
import type { MailServer } from '../support/dovecot.ts';
import { childProgram, describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { type Delivery, deliverMany, type Found, look } from '../support/mail.ts';
import { WireProxy } from '../support/proxy.ts';
import { randomOf } from '../support/random.ts';
import { jobRow } from './fake-jobs.ts';
import { planFor } from './turns.ts';

const KILLS = Number(process.env.ADMIN_KILLS ?? 3);
const SEED = Number(process.env.ADMIN_SEED ?? Date.now() % 1_000_000);
/** Dovecot carries a MOVE of some hundred messages out to the end in a tenth of it, whoever hung up. */
const SETTLE_MS = 500;

/** A process is killed so many milliseconds after it said so many commands with its folder open, both drawn evenly up to these. */
interface Moments {
  readonly commands: number;
  readonly ms: number;
}

/** A folder, its line and its database. */
interface Ground {
  readonly server: MailServer;
  readonly user: string;
  readonly url: string;
  readonly database: Database;
  readonly wire: WireProxy;
  readonly mailbox: MailboxConfig;
}

async function ground(): Promise<Ground> {
  const server = mailServer();
  const user = freshUser();
  const url = await freshStore();
  const database = openForTest(url);
  const wire = await WireProxy.open({ port: server.port });
  onTestFinished(() => wire.close());
  const mailbox = mailboxOf(server, user, { imap: { port: wire.port } });
  return { server, user, url, database, wire, mailbox };
}

const letters = (count: number): Buffer[] => Array.from({ length: count }, () => smallLetter());
const foreign = (raw: Buffer): Delivery => ({ raw, flags: ['\\Deleted'] });
const put = ({ server, user }: Ground, mail: readonly (Buffer | Delivery)[]): Promise<void> =>
  deliverMany(server, user, mail, FOLDER);
const seen = ({ server, user }: Ground, folder = FOLDER): Promise<Found[]> => look(server, user, folder);
const octets = (found: readonly Found[]): string[] => multiset(found.map(({ raw }) => raw));
const deleted = (found: readonly Found[]): Found[] => found.filter(({ flags }) => flags.includes('\\Deleted'));

/** Asks for the job on all that the folder has, but for what another client has flagged \Deleted. */
async function askedOnServer(at: Ground, kind: AdminJobKind, args = {}): Promise<string> {
  const flagged = new Set(deleted(await seen(at)).map(({ uid }) => String(uid)));
  const pick = (uid: string): boolean => !flagged.has(uid);
  const plan = await planFor(at.database, at.mailbox, kind, { folder: FOLDER, args, pick });
  return asked(at, kind, { planId: plan.id, criteria: plan.criteria, args, total: plan.messages });
}

function asked(
  { database, mailbox }: Ground,
  kind: AdminJobKind,
  wish: { planId: string | null; criteria: Criteria; args: object; total: number },
): Promise<string> {
  const args = { ...wish.args };
  return enqueueJob(database.sql, {
    ...wish,
    args,
    kind,
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    requestedBy: 'ann',
  });
}

type Worker = ChildProcessByStdio<Writable, Readable, null>;

/** Kills one process after the other, and lets the last one come to the end. Returns the job as its row has it. */
async function killedOnTheWay(at: Ground, jobId: string, moments: Moments, random: () => number): Promise<Job> {
  const workers = Array.from({ length: KILLS + 1 }, () => () => startWorker(at, jobId));
  // The next one loads while this one works: most of a life would be its start otherwise.
  let next = workers.shift()?.();
  let killed = 0;
  while (next !== undefined) {
    const worker = next;
    next = workers.shift()?.();
    const gone = once(worker, 'exit');
    const before = at.wire.connections;
    await once(worker.stdout, 'data');
    worker.stdin.write('go\n');
    if (next === undefined) {
      expect((await gone)[0]).toBe(0);
      break;
    }
    const commands = 1 + Math.floor(random() * moments.commands);
    const ms = random() * moments.ms;
    while (said(at.wire, before) < commands && worker.exitCode === null) await sleep(1);
    await sleep(ms);
    worker.kill('SIGKILL');
    const [, signal] = await gone;
    const { state } = await jobRow(at.database, jobId);
    if (signal === 'SIGKILL' && (state === 'queued' || state === 'running')) killed++;
  }
  // Kills that met no work would prove nothing. The first one always does; it may have left little for the others.
  expect(killed).toBeGreaterThan(0);
  const job = await jobRow(at.database, jobId);
  process.stdout.write(
    `killed: seed ${SEED}, ${job.kind}, ${killed} kills in the middle, ${JSON.stringify(job.counts)}\n`,
  );
  const { rows } = await at.database.sql.query("select report from maildrain.run where report->>'jobId' = $1", [jobId]);
  expect(rows).toMatchObject([{ report: { done: job.done, counts: job.counts } }]);
  return job;
}

function startWorker({ server, url, mailbox }: Ground, jobId: string): Worker {
  const task = { url, password: server.password, mailbox, jobId, settleMs: SETTLE_MS };
  const child = spawn(process.execPath, [childProgram('test/admin/job-worker.ts'), JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** How many commands the lines that came after `before` have said about the messages of a folder. */
function said(wire: WireProxy, before: number): number {
  const lines = wire.transcript.filter(({ direction, connection }) => direction === 'client' && connection > before);
  const text = lines.map(({ bytes }) => bytes.toString('latin1')).join('');
  return text.match(/^[0-9A-F]+ (UID|APPEND|STATUS|EXAMINE) /gm)?.length ?? 0;
}

describeWith(['postgres', 'dovecot'], `${KILLS} kills of who works an admin job (ADMIN_SEED=${SEED})`, () => {
  it('a storing purge: each message is stored once or still there, and nothing else is touched', async () => {
    const at = await ground();
    const mail = letters(300);
    const [twin = smallLetter()] = mail;
    await put(at, [...mail, foreign(twin)]);
    const id = await askedOnServer(at, 'purge');
    const late = letters(2);
    await put(at, [...late, foreign(smallLetter())]);
    const theirs = deleted(await seen(at));

    const job = await killedOnTheWay(at, id, { commands: 8, ms: 20 }, randomOf(SEED));

    // The fuse may hold what was alone in flight at two kills: it stays on the server, and is said.
    const { disposed = 0, stored = 0, held = 0, left = 0, ...rest } = job.counts;
    expect(rest).toEqual({});
    expect([disposed + held, stored, left]).toEqual([mail.length, disposed, held]);
    expect(job).toMatchObject({ state: held === 0 ? 'done' : 'partial', done: mail.length, errorCode: null });
    const there = await seen(at);
    expect(deleted(there)).toEqual(theirs);
    const others = multiset([...late, ...theirs.map(({ raw }) => raw)]);
    const owed = there.filter(({ raw }) => !others.includes(multiset([raw])[0] ?? ''));
    expect(owed).toHaveLength(held);
    expect(octets(there)).toEqual([...others, ...octets(owed)].sort());
    expect(multiset([...(await storedOctets(at.database)), ...owed.map(({ raw }) => raw)])).toEqual(multiset(mail));
    const { rows } = await at.database.sql.query(
      'select state, count(*)::int as n from maildrain.ledger group by state order by state',
    );
    expect(rows).toEqual([{ state: 'disposed', n: disposed }, ...(held > 0 ? [{ state: 'held', n: held }] : [])]);
  });

  it('a move: each message is in the target once, and nothing else has gone there', async () => {
    const at = await ground();
    const mail = letters(600);
    const [twin = smallLetter()] = mail;
    await put(at, [...mail, foreign(twin)]);
    const id = await askedOnServer(at, 'move', { to: 'Done', create: true });
    const late = letters(2);
    await put(at, [...late, foreign(smallLetter())]);
    const theirs = deleted(await seen(at));

    const job = await killedOnTheWay(at, id, { commands: 7, ms: 30 }, randomOf(SEED + 1));

    expect(job).toMatchObject({ state: 'done', done: mail.length, counts: { moved: mail.length } });
    expect(Object.keys(job.counts)).toEqual(['moved']);
    expect(octets(await seen(at, 'Done'))).toEqual(multiset(mail));
    const there = await seen(at);
    expect(deleted(there)).toEqual(theirs);
    expect(octets(there)).toEqual(multiset([...late, ...theirs.map(({ raw }) => raw)]));
    expect(await storedOctets(at.database)).toEqual([]);
  });

  it('a restore: each message is back once, and the next drain takes only what came meanwhile', async () => {
    const at = await ground();
    const mail = letters(200);
    const older = letters(20);
    const since = new Date('2026-03-01T00:00:00Z');
    const internalDate = new Date('2026-02-27T10:00:00Z');
    await put(at, [
      ...older.map((raw) => ({ raw, internalDate })),
      ...mail.map((raw) => ({ raw, internalDate: since })),
    ]);
    expect(await drainOnce(at.database, at.mailbox)).toMatchObject({ stored: 220, disposed: 220 });
    const criteria = { since };
    const id = await asked(at, 'restore', { planId: null, criteria, args: {}, total: mail.length });
    const late = letters(2);
    await put(at, [...late, foreign(mail[0] ?? smallLetter())]);
    const theirs = deleted(await seen(at));

    const job = await killedOnTheWay(at, id, { commands: 40, ms: 15 }, randomOf(SEED + 2));

    expect(job).toMatchObject({ state: 'done', done: mail.length, counts: { restored: mail.length } });
    expect(Object.keys(job.counts)).toEqual(['restored']);
    const back = await seen(at);
    expect(deleted(back)).toEqual(theirs);
    expect(octets(back)).toEqual(multiset([...mail, ...late, ...theirs.map(({ raw }) => raw)]));
    expect(multiset(await storedOctets(at.database))).toEqual(multiset([...older, ...mail]));

    expect(await drainOnce(at.database, at.mailbox)).toMatchObject({ outcome: 'done', stored: 2, disposed: 2 });
    expect(octets(await seen(at))).toEqual(multiset([...mail, ...theirs.map(({ raw }) => raw)]));
    expect(multiset(await storedOctets(at.database))).toEqual(multiset([...older, ...mail, ...late]));
  });
});
