// `config check`, `config schema` and `migrate` as processes.

import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { mailboxLines, makeWorld, runCli } from './maildrain.ts';

describeWith('postgres', 'config', () => {
  it('check tells every problem at once with its line, exit code 2', async () => {
    const world = await makeWorld();
    writeFileSync(
      world.config,
      'postgres: embedded\nmailboxes:\n  - name: a b\n    imap: { host: h, user: u, password: hunter2 }\n    disposs: delete\n',
    );
    const [words, json, drain] = await Promise.all([
      world.run('config', 'check'),
      world.run('config', 'check', '--json'),
      world.run('drain', '--all'),
    ]);
    expect(words).toMatchObject({ code: 2, stdout: '' });
    expect(words.stderr).toMatch(/^maildrain: CONFIG_INVALID:\n/);
    for (const line of [
      /:3: mailboxes\[0\]\.name: must be /,
      /:4: mailboxes\[0\]\.imap\.password: /,
      /:5: .*disposs.*dispose/,
    ])
      expect(words.stderr).toMatch(line);
    expect(words.stderr).not.toContain('hunter2');
    expect(json.code).toBe(2);
    expect(json.documents[0].error.code).toBe('CONFIG_INVALID');
    expect(json.documents[0].error.message.split('\n').length).toBeGreaterThanOrEqual(3);
    expect(drain.code).toBe(2);
    expect(drain.stderr).toBe(words.stderr);
  });

  it('check sums up a good file without its URLs', async () => {
    const world = await makeWorld({ databaseUrl: 'postgres://u:in-the-url@127.0.0.1:1/none' });
    world.configure(
      mailboxLines('bounces', world.imap) +
        mailboxLines('old', world.imap, 'dispose: { move: Done }\nafter: 30d', 'bob'),
    );
    const [words, json] = await Promise.all([world.run('config', 'check'), world.run('config', 'check', '--json')]);
    expect(words).toMatchObject({ code: 0, stderr: '' });
    expect(words.stdout).toMatch(
      /^ok: Postgres by URL, queue on Postgres\n\nMAILBOX +ACCOUNT +FOLDER +WHEN +UP TO +THEN\n/,
    );
    expect(words.stdout).toMatch(
      /\nold +bob at 127\.0\.0\.1:\d+ +INBOX +every 1h +50 MB +move to Done when 30d old\n$/,
    );
    expect(json.documents[0]).toMatchObject({ ok: true, postgres: 'url', queue: 'postgres' });
    expect(json.documents[0].mailboxes[0].imap).toEqual({
      host: '127.0.0.1',
      port: world.imap.port,
      user: 'ann',
      tls: 'none',
    });
    expect(words.stdout + json.stdout).not.toContain('in-the-url');
  });

  it('is found by MAILDRAIN_CONFIG, and a missing file says how to begin', async () => {
    const world = await makeWorld();
    const env = { MAILDRAIN_CONFIG: world.config, CLI_DATABASE_URL: world.databaseUrl };
    const [found, missing, schema] = await Promise.all([
      runCli(['config', 'check'], env),
      runCli(['config', 'check', '--config', '/nowhere/maildrain.yaml']),
      runCli(['config', 'schema']),
    ]);
    expect(found.code).toBe(0);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('copy maildrain.example.yaml to maildrain.yaml');
    expect(JSON.parse(schema.stdout)).toMatchObject({ title: 'maildrain.yaml', required: ['postgres', 'mailboxes'] });
  });
});

describeWith('postgres', 'migrate', () => {
  it('shows the state, makes the tables, and a second time has nothing to do', async () => {
    const world = await makeWorld();
    const before = await world.run('migrate', '--dry-run');
    expect(before.code).toBe(0);
    expect(before.stdout).toMatch(
      /^the database has no tables of maildrain yet; "maildrain migrate" makes them \(version \d+\)\n$/,
    );
    const first = await world.run('migrate', '--json');
    expect(first.code).toBe(0);
    const [{ ran, version, ours, tooNew }] = first.documents;
    expect(ran[0]).toBe('0001_mailboxes_ledger_messages');
    expect([version, tooNew]).toEqual([ours, false]);
    const second = await world.run('migrate');
    expect(second).toMatchObject({
      code: 0,
      stdout: `the database is at version ${ours}, this program at ${ours}\n`,
    });
  });
});
