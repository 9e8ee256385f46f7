// `check`, `folders`, `status`, `resume`, `held` and `release` as processes: what a person is told of accounts and their trouble.

import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { CANARY, mailboxLines, makeWorld, message, type World } from './maildrain.ts';

/** No server listens there: what works now needs no database. */
const NO_DATABASE = 'postgres://127.0.0.1:1/none';

async function execute(world: World, text: string): Promise<void> {
  const client = new pg.Client(world.databaseUrl);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

describeWith('postgres', 'check and folders, without a database', () => {
  it('show a good account: what it can, how mail would be disposed, its folders', async () => {
    const world = await makeWorld({ databaseUrl: NO_DATABASE });
    const ann = world.imap.account('ann');
    for (let n = 0; n < 3; n++) ann.deliver(message(`number ${n}`));
    ann.flag([1], ['\\Deleted']);
    const [words, json, folders, foldersJson] = await Promise.all([
      world.run('check'),
      world.run('check', 'bounces', '--json'),
      world.run('folders', 'bounces'),
      world.run('folders', 'bounces', '--json'),
    ]);
    expect(words).toMatchObject({ code: 0, stderr: '' });
    expect(words.stdout).toMatch(/^bounces: ok\n/);
    for (const line of [
      /account +ann at 127\.0\.0\.1:\d+ \(TLS: none\)/,
      /login +ok/,
      /can +UIDPLUS MOVE SPECIAL-USE/,
      /messages +3/,
      /flagged \\Deleted +1 by other clients/,
      /after storing +flagged \\Deleted and removed by UID EXPUNGE, our own UIDs only/,
      /Trash +0 +0 +\\Trash/,
    ])
      expect(words.stdout).toMatch(line);
    expect(json.documents).toHaveLength(1);
    expect(json.documents[0]).toMatchObject({ mailbox: 'bounces', ok: true, problems: [], deleted: 1 });
    expect(folders.stdout).toMatch(/^FOLDER +MESSAGES +UNSEEN +ATTRIBUTES\nINBOX +3 /);
    expect(foldersJson.documents.map(({ path }) => path).sort()).toEqual(['Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
    expect(ann.messages()).toHaveLength(3);
  });

  it('say what is wrong with its code, for each mailbox, and exit with 1', async () => {
    const world = await makeWorld({ databaseUrl: NO_DATABASE, imap: { uidplus: false, move: false } });
    world.configure(
      mailboxLines('no-uidplus', world.imap) +
        mailboxLines('absent', world.imap, 'dispose: keep\nfolder: Nowhere') +
        mailboxLines('unset', world.imap, 'dispose: keep', 'bob').replace('TEST_MAIL_PASSWORD', 'TEST_UNSET') +
        mailboxLines('wrong', world.imap, 'dispose: keep', 'carl').replace('TEST_MAIL_PASSWORD', 'HOME') +
        mailboxLines('down', world.imap, 'dispose: keep', 'dora').replace(/port: \d+/, 'port: 1'),
    );
    const [json, words] = await Promise.all([world.run('check', '--json'), world.run('check')]);
    expect(json.code).toBe(1);
    expect(
      json.documents.map(({ mailbox, ok, problems }) => [
        mailbox,
        ok,
        problems.map(({ code }: { code: string }) => code),
      ]),
    ).toEqual([
      ['no-uidplus', true, []],
      ['absent', false, ['MAILBOX_MISSING']],
      ['unset', false, ['SECRET_UNAVAILABLE']],
      ['wrong', false, ['AUTHENTICATION_FAILED']],
      ['down', false, ['UNREACHABLE']],
    ]);
    expect(words.code).toBe(1);
    expect(words.stdout).toMatch(/cannot +UIDPLUS MOVE/);
    expect(words.stdout).toContain('problem: SECRET_UNAVAILABLE: the environment variable TEST_UNSET is not set');
    expect(words.stdout).toMatch(/wrong: 1 problem\n.*\n +login +not possible\n/);
    expect(words.stdout + json.stdout).not.toContain(CANARY);
    const folders = await world.run('folders', 'wrong');
    expect(folders).toMatchObject({ code: 1, stdout: '' });
    expect(folders.stderr).toContain('AUTHENTICATION_FAILED');
  });

  it('hand no control character of a folder name to the terminal', async () => {
    const world = await makeWorld({ databaseUrl: NO_DATABASE });
    world.imap.account('ann').createFolder('Boo\u009b31m\u202e');
    for (const args of [['folders', 'bounces'], ['check'], ['check', '--json']]) {
      const { stdout } = await world.run(...args);
      expect(stdout).toContain('Boo');
      expect(stdout).not.toMatch(/[\u007f-\u009f\u202e]/);
    }
  });
});

describeWith('postgres', 'status and resume', () => {
  it('show how each mailbox is doing; exit code 3 while one is stopped, until it is resumed', async () => {
    const world = await makeWorld();
    world.configure(
      mailboxLines('good', world.imap) +
        mailboxLines('absent', world.imap, 'dispose: delete\nfolder: Nowhere', 'bob') +
        mailboxLines('fresh', world.imap, 'dispose: delete', 'carl'),
    );
    world.imap.account('ann').deliver(message('one'));
    await world.run('drain', 'good', 'absent');
    const before = await world.run('status', '--json');
    expect(before.code).toBe(0);
    expect(before.documents.map(({ name, state, stored }) => [name, state, stored])).toEqual([
      ['good', 'ok', 1],
      ['absent', 'waiting', 0],
      ['fresh', 'new', 0],
    ]);
    await execute(
      world,
      `update maildrain.mailbox set stopped_at = now(), stopped_code = last_error_code, last_error = E'gone \\x1b[31m' where name = 'absent'`,
    );
    const stopped = await world.run('status');
    expect(stopped.code).toBe(3);
    expect(stopped.stdout).toMatch(/^MAILBOX +STATE +LAST SUCCESS +LAG +OWED +HELD +STORED +NEXT RUN\n/);
    expect(stopped.stdout).toMatch(/\nabsent +stopped +- +- +0 +0 +0 +never\n/);
    expect(stopped.stdout).toMatch(
      /\n\nabsent: MAILBOX_MISSING: gone \ufffd\[31m; afterwards: maildrain resume absent\n$/,
    );
    expect(stopped.stdout).not.toContain('\u001b');
    const refused = await world.run('drain', 'absent');
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain('absent: stopped until "maildrain resume absent"');
    const resumed = await world.run('resume', 'absent', '--json');
    expect(resumed.documents).toEqual([{ mailbox: 'absent', resumed: true }]);
    expect((await world.run('status')).code).toBe(0);
    const never = await world.run('resume', 'fresh');
    expect(never.stdout).toContain('was never drained');
    expect((await world.run('resume', 'nobody')).code).toBe(2);
  });

  it('show a mailbox that is no longer configured while something of it is open', async () => {
    const world = await makeWorld({ dispose: 'dispose: delete\nsizeLimit: 2KB' });
    world.imap.account('ann').deliver(message('large', 'x'.repeat(5000)));
    expect((await world.run('drain', 'bounces')).code).toBe(4);
    world.configure(mailboxLines('other', world.imap, 'dispose: delete', 'bob'));
    expect((await world.run('status')).stdout).toMatch(/\nbounces +gone /);
    await execute(world, "delete from maildrain.ledger where state = 'held'");
    const closed = await world.run('status');
    expect(closed.stdout).not.toContain('bounces');
    expect(closed.stderr).toBe('not shown: 1 no longer configured, with nothing owed or held (--json lists them)\n');
    const { documents } = await world.run('status', '--json');
    expect(documents.map(({ name, state }) => [name, state])).toEqual([
      ['other', 'new'],
      ['bounces', 'gone'],
    ]);
  });

  it('show what waits for each consumer of events; --json stays one line for each mailbox', async () => {
    const world = await makeWorld();
    await world.run('drain', 'bounces');
    const without = await world.run('status');
    expect(without.stdout).not.toContain('CONSUMER');
    expect((await world.run('status', '--consumers')).stderr).toContain('no consumer of events is registered');
    await execute(
      world,
      `insert into maildrain.event_sink (name, types) values ('crm', '{complaint}'), ('leaving', '{}'), ('well', '{complaint}');
       insert into maildrain.event (at, type, key, body) select '2026-11-01T10:00Z', 'complaint', 'k' || n, '{}' from generate_series(1, 1200) n;
       insert into maildrain.event_delivery (sink, key, event_id) select 'crm', key, id from maildrain.event;
       update maildrain.event_delivery set attempts = 3, not_before = now() + '1h', last_error = E'HTTP 422 \x1b[31m' where key = 'k7'`,
    );
    const [words, json, only, onlyJson] = await Promise.all([
      world.run('status'),
      world.run('status', '--json'),
      world.run('status', '--consumers'),
      world.run('status', '--consumers', '--json'),
    ]);
    expect(words.code).toBe(0);
    expect(words.stdout).toMatch(/^MAILBOX /);
    expect(words.stdout).toMatch(/\n\nCONSUMER +WAITING +OLDEST +RESTING +LAST ERROR\n/);
    expect(words.stdout).toMatch(/\ncrm +1,?200 +2026-11-01 \S+ +1 +HTTP 422 \ufffd\[31m\nwell +0 +- +0 +-\n$/);
    expect(json.documents.map(({ name }) => name)).toEqual(['bounces']);
    expect(only.stdout).toMatch(/^CONSUMER /);
    expect(onlyJson.documents).toEqual([
      {
        name: 'crm',
        types: ['complaint'],
        waiting: 1200,
        resting: 1,
        oldest: '2026-11-01T10:00:00.000Z',
        lastError: 'HTTP 422 \u001b[31m',
      },
      { name: 'well', types: ['complaint'], waiting: 0, resting: 0, oldest: null, lastError: null },
    ]);
  });

  it('say that the tables are missing, or that the database cannot be reached', async () => {
    const world = await makeWorld();
    const empty = await world.run('status', '--json');
    expect(empty.code).toBe(1);
    expect(empty.documents[0].error.code).toBe('SCHEMA_MISSING');
    const away = await makeWorld({ databaseUrl: NO_DATABASE });
    const ended = await away.run('status');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^maildrain: DATABASE_UNAVAILABLE: /m);
  });
});

describeWith('postgres', 'held and release', () => {
  it('list what is set aside and free it for the next drain, one by one or all', async () => {
    const world = await makeWorld({ dispose: 'dispose: delete\nsizeLimit: 2KB' });
    const ann = world.imap.account('ann');
    for (let n = 0; n < 3; n++) ann.deliver(message(`large ${n}`, 'x'.repeat(5000)));
    expect((await world.run('drain', 'bounces')).code).toBe(4);
    const [words, json, other] = await Promise.all([
      world.run('held'),
      world.run('held', 'bounces', '--json'),
      world.run('held', 'bouncs'),
    ]);
    expect(words.code).toBe(0);
    expect(words.stdout).toMatch(
      /^MAILBOX +UID +SIZE +RECEIVED +HELD SINCE +REASON\nbounces +1 +5\.0 KB .* too-large\n/,
    );
    expect(json.documents.map(({ uid, reason, released }) => [uid, reason, released])).toEqual([
      ['1', 'too-large', false],
      ['2', 'too-large', false],
      ['3', 'too-large', false],
    ]);
    expect(other.code).toBe(2);

    const some = await world.run('release', 'bounces', '2', '77', '--json');
    expect(some.code).toBe(1);
    expect(some.documents).toEqual([{ mailbox: 'bounces', released: ['2'], unknown: ['77'] }]);
    const after = await world.run('held', '--json');
    expect(after.documents.map(({ heldAt }) => heldAt)).toEqual(json.documents.map(({ heldAt }) => heldAt));
    expect((await world.run('held')).stdout).toContain('too-large, released: tried again at the next drain');
    expect((await world.run('drain', 'bounces', '--json')).documents[0]).toMatchObject({ stored: 1, disposed: 1 });
    expect(ann.messages().map(({ uid }) => uid)).toEqual([1, 3]);

    const neither = await world.run('release', 'bounces');
    expect(neither.code).toBe(2);
    expect(neither.stderr).toContain('name the UIDs to release, or give --all');
    const all = await world.run('release', 'bounces', '--all');
    expect(all).toMatchObject({ code: 0, stdout: 'bounces: 2 messages released\n' });
    expect((await world.run('drain', 'bounces')).code).toBe(0);
    const nothing = await world.run('held');
    expect(nothing).toMatchObject({ code: 0, stdout: '', stderr: 'nothing is held\n' });
  });
});
