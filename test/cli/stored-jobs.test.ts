// `restore` and `export` as processes: what is counted and confirmed, what comes out, and where it may go.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { mailboxLines, makeWorld, message, type World } from './maildrain.ts';

async function drained(messages: number): Promise<World> {
  const made = await makeWorld();
  for (let n = 1; n <= messages; n++) made.imap.account('ann').deliver(message(`number ${n}`));
  expect((await made.run('drain', 'bounces')).code).toBe(0);
  return made;
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'maildrain-export-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describeWith('postgres', 'jobs over stored mail', () => {
  it('restore counts, wants a yes, puts back, and the next drain leaves it', async () => {
    const made = await drained(6);
    const onServer = (): number => made.imap.account('ann').messages().length;
    expect(onServer()).toBe(0);
    const dry = await made.run('restore', '--mailbox', 'bounces', '--subject', 'number', '--dry-run', '--json');
    expect(dry).toMatchObject({ code: 0, documents: [{ messages: 6 }] });
    const unsure = await made.run('restore', '--mailbox', 'bounces', '--all');
    expect(unsure.code).toBe(2);
    expect(unsure.stdout).toMatch(/^restore: put 6 messages back into "INBOX" of bounces \(/);
    expect(unsure.stdout).toMatch(/\n {2}RECEIVED +MESSAGE +SIZE +FROM +SUBJECT\n {2}\S+ \S+ +1 .* number 1\n/);
    expect(unsure.stderr).toContain('give --yes');
    expect((await made.run('restore', '--mailbox', 'bounces')).stderr).toContain('CRITERIA_INVALID: say which');
    const restored = await made.run('restore', '--mailbox', 'bounces', '--all', '--yes', '--here');
    expect(restored.stderr).toBe('');
    expect(restored.stdout).toMatch(/job 1 \(restore bounces\): done\n {2}6 of 6 done, .*restored 6/);
    expect(onServer()).toBe(6);
    const again = await made.run('restore', '--mailbox', 'bounces', '--all', '--dry-run');
    expect(again.stdout).toMatch(/^restore: put 6 messages back into "INBOX" of bounces, but for 6 already there \(/);
    const [next] = (await made.run('drain', 'bounces', '--json')).documents;
    expect(next).toMatchObject({ stored: 0, disposed: 0, notes: ['6 restored, left alone: "restore" put them back'] });
    expect((await made.run('drain', 'bounces', '--dry-run')).stdout).toContain('6 restored, left alone');
    expect(onServer()).toBe(6);
    await made.run('purge', 'bounces', '--all', '--yes', '--here');
    expect((await made.run('status', '--json')).documents).toMatchObject([{ stored: 6 }]);
  });

  it('a restore looks for its folder before it asks, and is not queued without it', async () => {
    const made = await drained(2);
    const account = made.imap.account('ann');
    account.createFolder('Found');
    account.createFolder('Shelf', { attributes: ['\\Noselect'] });
    const looks = (): number => made.imap.events.filter(({ name }) => name === 'LOGOUT').length;
    const into = (folder: string, ...more: string[]) =>
      made.run('restore', '--mailbox', 'bounces', '--all', '--folder', folder, ...more);
    const cases: [string, RegExp][] = [
      ['Fuond', /^maildrain: MAILBOX_MISSING: the account has no folder "Fuond": did you mean "Found"\?\n$/],
      ['Shelf', /^maildrain: MAILBOX_MISSING: "Shelf" only holds other mailboxes/],
    ];
    for (const [folder, says] of cases) {
      for (const how of ['--dry-run', '--yes'] as const) {
        const before = looks();
        const ended = await into(folder, how);
        expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(says) });
        expect(looks() - before).toBe(1);
      }
    }
    const there = await into('Found', '--dry-run');
    expect(there.stdout).toMatch(/^restore: put 2 messages back into "Found" of bounces \(/);
    expect((await into('Found', '--dry-run', '--json')).documents).toMatchObject([
      { mailbox: 'bounces', folder: 'Found', messages: 2 },
    ]);
    await made.imap.close();
    for (const how of ['--dry-run', '--yes']) {
      const ended = await made.run('restore', '--mailbox', 'bounces', '--all', how, '--json');
      expect(ended).toMatchObject({ code: 1, documents: [{ error: { code: 'UNREACHABLE' } }] });
    }
    expect((await made.run('jobs', 'list', '--json')).documents).toEqual([]);
  });

  it('a restore without --mailbox means the only one, and of several none', async () => {
    const made = await drained(2);
    const one = await made.run('restore', '--all', '--dry-run');
    expect(one).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^restore: put 2 messages back into "INBOX" of bounces \(/),
    });
    made.configure(
      mailboxLines('archive', made.imap, 'folder: Archive\ndispose: keep') + mailboxLines('bounces', made.imap),
    );
    const several = await made.run('restore', '--all', '--yes');
    expect(several).toMatchObject({ code: 2, stdout: '' });
    expect(several.stderr).toMatch(/REQUEST_INVALID: .*--mailbox NAME .*each: bounces \(2\), archive \(0\)\n$/);
    expect((await made.run('jobs', 'list', '--json')).documents).toEqual([]);
  });

  it('a restore under a name that was another account before says whose mail it leaves out', async () => {
    const made = await drained(2);
    made.configure(mailboxLines('bounces', made.imap, 'dispose: delete', 'bea'));
    const says = new RegExp(
      `^restore: put 0 messages back into "INBOX" of bounces \\(0 B\\)\nnot put back, .* 2 from imap://ann@127.0.0.1:${made.imap.port}\\. `,
    );
    for (const how of ['--dry-run', '--yes'])
      expect(await made.run('restore', '--all', how)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(says),
        stderr: expect.stringContaining('nothing matches; nothing to do'),
      });
    expect(made.imap.account('bea').messages()).toEqual([]);
    made.configure(
      mailboxLines('archive', made.imap, 'folder: Archive\ndispose: keep') +
        mailboxLines('bounces', made.imap, 'dispose: delete', 'bea'),
    );
    const several = await made.run('restore', '--all', '--yes');
    expect(several.stderr).toMatch(/each: archive \(0\), bounces \(0\)\n$/);
  });

  it('a mailbox that nobody knows is no empty one', async () => {
    const made = await drained(1);
    const path = join(directory(), 'mail.mbox');
    for (const args of [
      ['export', '--mailbox', 'bounce', '--all', '--format', 'mbox', '--output', path],
      ['reclassify', '--mailbox', 'bounce', '--dry-run'],
    ]) {
      const said = await made.run(...args);
      expect(said.code).toBe(2);
      expect(said.stderr).toContain('MAILBOX_UNKNOWN: there is no mailbox "bounce" (did you mean "bounces"?)');
    }
    expect(existsSync(path)).toBe(false);
  });

  it('reclassify shows what would change, and changes it', async () => {
    const made = await drained(3);
    const none = await made.run('reclassify', '--dry-run');
    expect(none).toMatchObject({ code: 0, stderr: 'nothing matches; nothing to do\n' });
    const client = new pg.Client(made.databaseUrl);
    await client.connect();
    // As if an older reader had taken one of them for a bounce.
    await client.query(
      `update maildrain.message set reader = 0, kind = case when subject = 'number 1' then 'bounce' else kind end`,
    );
    const dry = await made.run('reclassify', '--dry-run', '--json');
    expect(dry.documents).toMatchObject([{ read: 3, changed: 1, kinds: { 'bounce -> other': 1 } }]);
    const words = await made.run('reclassify', '--dry-run', '--subject', 'number 1');
    expect(words.stdout).toMatch(
      /^reclassify: change 1 message of 1, and 0 suppressions\n {2}bounce -> other: 1 message\n/,
    );
    const done = await made.run('reclassify', '--yes', '--here', '--json');
    expect(done).toMatchObject({ code: 0, documents: [{ kind: 'reclassify', state: 'done', done: 3, total: 3 }] });
    const { rows } = await client.query(`select distinct kind from maildrain.message`);
    await client.end();
    expect(rows).toEqual([{ kind: 'other' }]);
  });

  it('expire shows what is old enough, and deletes it', async () => {
    const made = await drained(1);
    const none = await made.run('expire');
    expect(none).toMatchObject({ code: 0, stderr: 'nothing matches; nothing to do\n' });
    const client = new pg.Client(made.databaseUrl);
    await client.connect();
    await client.query(`update maildrain.run set finished_at = now() - interval '2 years'`);
    const dry = await made.run('expire', '--dry-run');
    expect(dry.stdout).toMatch(/^expire: delete 0 monthly tables and 1 row\n {2}runs: 1 row\n$/);
    const done = await made.run('expire', '--yes', '--here', '--json');
    expect(done).toMatchObject({ code: 0, documents: [{ kind: 'expire', state: 'done', counts: { runs: 1 } }] });
    const { rows } = await client.query('select job from maildrain.run');
    await client.end();
    expect(rows).toEqual([{ job: 'expire' }]);
  });

  it('export writes each format where it is told, and nothing over anything', async () => {
    const made = await drained(4);
    const dir = directory();
    const file = join(dir, 'mail.mbox');
    const mbox = await made.run('export', '--all', '--format', 'mbox', '--output', file);
    expect(mbox).toMatchObject({ code: 0, stdout: '' });
    expect(mbox.stderr).toMatch(/^4 messages written, /);
    expect(readFileSync(file, 'utf8').match(/^From /gm)).toHaveLength(4);
    const again = await made.run('export', '--all', '--format', 'mbox', '--output', file, '--json');
    expect(again).toMatchObject({ code: 1, documents: [{ error: { code: 'OUTPUT_REFUSED' } }] });
    const lines = await made.run('export', '--subject', 'number 2', '--format', 'ndjson');
    expect(lines.documents).toMatchObject([{ subject: 'number 2' }]);
    const eml = join(dir, 'eml');
    const report = await made.run('export', '--all', '--format', 'eml', '--output', eml, '--json');
    expect(report.documents).toMatchObject([{ written: 4, damaged: [], expired: 0, remains: null }]);
    expect(readdirSync(eml)).toHaveLength(4);
    for (const [args, says] of [
      [['--all', '--format', 'maildir'], /maildir is a directory: give --output/],
      [['--all', '--format', 'mbox', '--json'], /--json reports on stdout/],
      [['--all'], /required option '--format <format>'/],
      [['--format', 'mbox'], /CRITERIA_INVALID: say which/],
    ] as const) {
      const refused = await made.run('export', ...args);
      expect(refused).toMatchObject({ code: 2, stdout: args.includes('--json' as never) ? expect.any(String) : '' });
      expect(refused.stderr).toMatch(says);
    }
    expect(existsSync(join(dir, 'maildir'))).toBe(false);
  });
});
