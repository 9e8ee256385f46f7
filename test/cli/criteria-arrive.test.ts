// Every option for criteria, through the program's own entry, for every verb that takes it: what was asked for is what stands in the plan, in the job or
// in what was written. An option that is dropped on the way makes a job touch more mail than was said.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import type { Terminal } from '../../src/cli/context.ts';
import { createOutput } from '../../src/cli/output.ts';
import { buildProgram, runProgram } from '../../src/cli/program.ts';
import type { CriteriaWords } from '../../src/criteria.ts';
import { describeWith } from '../support/fresh.ts';
import { CANARY, makeWorld, message, type World } from './maildrain.ts';
import { keeping } from './streams.ts';

const BOUNCE = readFileSync(join(import.meta.dirname, '../corpus/postfix-unknown-user.eml'), 'latin1');
const BOUNCE_CRLF = Buffer.from(BOUNCE.replace(/\r?\n/g, '\r\n'), 'latin1');
const BOUNCE_ID = /^message-id:\s*<(.*)>/im.exec(BOUNCE)?.[1] ?? '';
const BOUNCE_FROM = 'mailer-daemon';

interface Said {
  readonly args: readonly string[];
  /** As its row has it. */
  readonly stored: Readonly<Record<string, unknown>>;
}

/** A Record: a criterion that is forgotten here does not compile. All those of one `round` are met by the bounce below, said at once. */
const OPTIONS: Readonly<Record<keyof CriteriaWords, Said & { readonly round: 'read' | 'unread' | 'all' | 'gmail' }>> = {
  before: { round: 'read', args: ['--before', '2015-01-01'], stored: { before: '2015-01-01T00:00:00.000Z' } },
  since: { round: 'read', args: ['--since', '2013-01-01'], stored: { since: '2013-01-01T00:00:00.000Z' } },
  olderThan: { round: 'unread', args: ['--older-than', '30d'], stored: { before: expect.any(String) } },
  from: { round: 'read', args: ['--from', BOUNCE_FROM], stored: { from: BOUNCE_FROM } },
  to: { round: 'read', args: ['--to', '@'], stored: { to: '@' } },
  subject: { round: 'read', args: ['--subject', 'undelivered'], stored: { subject: 'undelivered' } },
  header: {
    round: 'read',
    args: ['--header', 'Auto-Submitted=auto', '--header', 'Subject='],
    stored: {
      header: [
        ['Auto-Submitted', 'auto'],
        ['Subject', ''],
      ],
    },
  },
  larger: { round: 'read', args: ['--larger', '100'], stored: { larger: 100 } },
  smaller: { round: 'read', args: ['--smaller', '1MB'], stored: { smaller: 1024 * 1024 } },
  seen: { round: 'read', args: ['--seen'], stored: { seen: true } },
  unseen: { round: 'unread', args: ['--unseen'], stored: { seen: false } },
  flagged: { round: 'read', args: ['--flagged'], stored: { flagged: true } },
  deleted: { round: 'read', args: ['--deleted'], stored: { deleted: true } },
  kind: { round: 'read', args: ['--kind', 'bounce'], stored: { kind: 'bounce' } },
  uid: { round: 'read', args: ['--uid', '1:50'], stored: { uid: '1:50' } },
  messageId: { round: 'read', args: ['--message-id', BOUNCE_ID], stored: { messageId: BOUNCE_ID } },
  gmail: { round: 'gmail', args: ['--gmail', 'subject:undelivered'], stored: { gmail: 'subject:undelivered' } },
  all: { round: 'all', args: ['--all'], stored: { all: true } },
};

type Word = keyof typeof OPTIONS;
const WORDS = Object.keys(OPTIONS) as Word[];

/** Words whose option means something else there. */
const TAKEN: Readonly<Record<string, readonly Word[]>> = { move: ['to'], copy: ['to'] };

const ON_SERVER: readonly (readonly [verb: string, args: readonly string[]])[] = [
  ['purge', []],
  ['empty-trash', []],
  ['move', ['--to', 'Elsewhere', '--create']],
  ['copy', ['--to', 'Elsewhere', '--create']],
  ['flag', ['--add', '\\Answered']],
  ['undelete', []],
];

async function program(world: World, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  process.env.CLI_DATABASE_URL = world.databaseUrl;
  process.env.TEST_MAIL_PASSWORD = CANARY;
  const stderr = keeping();
  // export writes octets: the same stream as a process has.
  let written = '';
  const stdout = new Writable({
    write(piece, _, done) {
      written += String(piece);
      done();
    },
  });
  const terminal: Terminal = { out: createOutput(stdout, stderr, {}), stderr, beforeLog: () => {}, exitCode: 0 };
  await runProgram([...args, '--config', world.config], terminal);
  return { code: terminal.exitCode, stdout: written, stderr: stderr.text() };
}

async function sqlOf(world: World): Promise<pg.Client> {
  const client = new pg.Client(world.databaseUrl);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** The option's long name, by word: what commander says the verb takes. */
function optionsOf(verb: string): Set<string> {
  const stderr = keeping();
  const terminal: Terminal = { out: createOutput(keeping(), stderr, {}), stderr, beforeLog: () => {}, exitCode: 0 };
  const command = buildProgram(terminal).commands.find((each) => each.name() === verb);
  return new Set(command?.options.map(({ long }) => long ?? ''));
}

const roundsOf = (taken: readonly Word[], rounds: readonly string[]): { round: string; words: Word[] }[] =>
  rounds.map((round) => ({
    round,
    words: WORDS.filter((word) => OPTIONS[word].round === round && !taken.includes(word)),
  }));

const argsOf = (words: readonly Word[]): string[] => words.flatMap((word) => [...OPTIONS[word].args]);
const storedOf = (words: readonly Word[]): object =>
  Object.assign({}, ...words.map((word) => OPTIONS[word].stored)) as object;

/** A bounce that meets every criterion of the round, and a letter. */
function fill(world: World, folder: string, flags: readonly string[]): void {
  const internalDate = new Date(Date.UTC(2014, 5, 1));
  const account = world.imap.account('ann');
  account.deliver(BOUNCE_CRLF, { folder, internalDate, flags: [...flags] });
}

describeWith('postgres', 'each criterion arrives', () => {
  it.each(ON_SERVER)('in the plan of %s, and of nothing else', async (verb, more) => {
    const taken = TAKEN[verb] ?? [];
    const options = optionsOf(verb);
    for (const word of WORDS) expect([word, options.has(OPTIONS[word].args[0] ?? '')]).toEqual([word, true]);
    const world = await makeWorld({ dispose: 'dispose: keep' });
    const folder = verb === 'empty-trash' ? 'Trash' : 'INBOX';
    fill(world, folder, ['\\Seen', '\\Flagged', '\\Deleted']);
    fill(world, folder, ['\\Deleted']);
    expect((await program(world, 'migrate')).code).toBe(0);
    const sql = await sqlOf(world);
    for (const { round, words } of roundsOf(taken, ['read', 'unread', 'all'])) {
      const ended = await program(world, verb, 'bounces', ...more, ...argsOf(words), '--dry-run');
      expect([round, ended.stderr, ended.code]).toEqual([round, expect.stringContaining('nothing was changed'), 0]);
      const { rows } = await sql.query('select criteria, args from maildrain.plan order by id desc limit 1');
      expect([round, rows[0]?.criteria]).toEqual([round, storedOf(words)]);
      if (more[0] === '--to') expect(rows[0]?.args).toMatchObject({ to: 'Elsewhere', create: true });
      await program(world, 'plans', 'apply', (await lastPlan(sql)).toString(), '--yes', '--detach');
      const jobs = await sql.query('select criteria from maildrain.admin_job order by id desc limit 1');
      expect([round, jobs.rows[0]?.criteria]).toEqual([round, storedOf(words)]);
    }
  });

  it.each(ON_SERVER)('--gmail in the plan of %s', async (verb, more) => {
    const world = await makeWorld({ dispose: 'dispose: keep', imap: { gmail: {} } });
    const folder = verb === 'empty-trash' || verb === 'undelete' ? '\\Trash' : 'INBOX';
    fill(world, world.imap.account('ann').path(folder), []);
    expect((await program(world, 'migrate')).code).toBe(0);
    const sql = await sqlOf(world);
    const ended = await program(world, verb, 'bounces', ...more, ...OPTIONS.gmail.args, '--dry-run');
    expect([ended.stderr, ended.code]).toEqual([expect.stringContaining('nothing was changed'), 0]);
    const { rows } = await sql.query('select criteria from maildrain.plan');
    expect(rows).toEqual([{ criteria: OPTIONS.gmail.stored }]);
  });

  it.each([
    ['restore', ['--mailbox', 'bounces']],
    ['reclassify', ['--reader-before', '999']],
  ] as const)('in the job of %s', async (verb, more) => {
    const world = await makeWorld({ dispose: 'dispose: keep' });
    fill(world, 'INBOX', ['\\Seen', '\\Flagged']);
    fill(world, 'INBOX', []);
    expect((await program(world, 'drain', 'bounces')).code).toBe(0);
    const sql = await sqlOf(world);
    // A drain leaves alone what is flagged so.
    await sql.query(`update maildrain.message set flags = flags || '{\\\\Deleted}'`);
    const options = optionsOf(verb);
    const words = WORDS.filter((word) => word !== 'gmail');
    for (const word of words) expect([word, options.has(OPTIONS[word].args[0] ?? '')]).toEqual([word, true]);
    for (const { round, words: some } of roundsOf([], ['read', 'unread', 'all'])) {
      const ended = await program(world, verb, ...more, ...argsOf(some), '--yes', '--detach');
      expect([round, ended.stdout, ended.code]).toEqual([round, expect.stringMatching(/job \d+; follow it/), 0]);
      const { rows } = await sql.query('select criteria from maildrain.admin_job order by id desc limit 1');
      expect([round, rows[0]?.criteria]).toEqual([round, storedOf(some)]);
    }
  });

  it('in what export writes: each alone picks the bounce among letters', async () => {
    const world = await makeWorld({ dispose: 'dispose: keep' });
    fill(world, 'INBOX', []);
    const large = message('large', 'x'.repeat(70_000));
    for (const letter of [message('one'), large])
      world.imap.account('ann').deliver(letter, { internalDate: new Date(), flags: ['\\Answered'] });
    expect((await program(world, 'drain', 'bounces')).code).toBe(0);
    const sql = await sqlOf(world);
    await sql.query(
      `update maildrain.message set flags = case when kind = 'bounce' then '{\\\\Deleted,\\\\Flagged,\\\\Seen}'::text[] else flags end`,
    );
    /** Where what all of them meet says nothing. */
    const others: Partial<Record<Word, readonly string[]>> = {
      since: ['--since', '2099-01-01'],
      to: ['--to', /^to: .*?([\w.+-]+@[\w.-]+)/im.exec(BOUNCE)?.[1] ?? ''],
      header: ['--header', 'Auto-Submitted=auto', '--header', 'Subject='],
      larger: ['--larger', '60KB'],
      smaller: ['--smaller', '3'],
      unseen: ['--unseen'],
      uid: ['--uid', '1'],
      all: ['--all'],
    };
    const counts: Partial<Record<Word, number>> = { since: 0, smaller: 0, unseen: 2, all: 3 };
    for (const word of WORDS) {
      if (word === 'gmail') continue;
      const { code, stdout, stderr } = await program(
        world,
        'export',
        '--format',
        'ndjson',
        ...(others[word] ?? OPTIONS[word].args),
      );
      expect([word, code, stderr.split(' ')[0]]).toEqual([word, 0, String(counts[word] ?? 1)]);
      expect(stdout.split('\n').length - 1).toBe(counts[word] ?? 1);
    }
  });
});

async function lastPlan(sql: pg.Client): Promise<number> {
  const { rows } = await sql.query<{ id: string }>('select max(id) as id from maildrain.plan');
  return Number(rows[0]?.id);
}
