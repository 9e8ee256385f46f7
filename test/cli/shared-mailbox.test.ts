// "Delete only bounces from a shared mailbox", the recipe of docs/admin-jobs.md, on a real Dovecot and through the program: of bounces and people's
// letters in no order the bounces go, each of them stored, and no letter is touched.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { read } from '../../src/mail/read.ts';
import { describeWith, freshDatabase, freshUser, mailServer } from '../support/fresh.ts';
import { deliverMany, look } from '../support/mail.ts';
import { type Ended, message, startCli } from './maildrain.ts';

const CORPUS = join(import.meta.dirname, '../corpus');

const crlf = (octets: Buffer): Buffer => Buffer.from(octets.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
const texts = (mail: readonly Buffer[]): string[] => mail.map((raw) => raw.toString('latin1')).sort();

describeWith(['postgres', 'dovecot'], 'a shared mailbox', () => {
  it('purge NAME --kind bounce takes the bounces and nothing else', async () => {
    const server = mailServer();
    const user = freshUser();
    const bounces = readdirSync(CORPUS)
      .filter((name) => /^(postfix|exim|sendmail)-.*\.eml$/.test(name))
      .map((name) => crlf(readFileSync(join(CORPUS, name))))
      .filter((raw) => read(raw).kind === 'bounce');
    expect(bounces.length).toBeGreaterThan(50);
    const letters = bounces.map((raw, n) => {
      // People write of bounces, answer them, and send them on.
      if (n % 3 === 0) return message('Re: Undelivered Mail Returned to Sender', 'did you get this one?\r\n');
      return n % 3 === 1
        ? message(`letter ${n}`)
        : message('Fwd: failure notice', `> ${raw.toString('latin1', 0, 200).replaceAll('\r\n', '\r\n> ')}\r\n`);
    });
    expect(letters.filter((raw) => read(raw).kind === 'bounce')).toEqual([]);
    await deliverMany(
      server,
      user,
      bounces.flatMap((bounce, n) => [letters[n] ?? '', bounce]),
    );
    const { url } = await freshDatabase();
    const dir = mkdtempSync(join(tmpdir(), 'maildrain-shared-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const config = join(dir, 'maildrain.yaml');
    writeFileSync(
      config,
      `postgres: \${SHARED_DATABASE_URL}
mailboxes:
  - name: shared
    imap: { host: ${server.host}, port: ${server.port}, user: ${user}, tls: none, password: { env: SHARED_PASSWORD } }
    every: 1h
    dispose: keep
`,
    );
    const run = (...args: string[]): Promise<Ended> =>
      startCli([...args, '--config', config], { SHARED_DATABASE_URL: url, SHARED_PASSWORD: server.password }).ended();
    expect((await run('migrate')).code).toBe(0);
    const wrong = await run('purge', 'shared', '--kind', 'bounces', '--yes', '--here');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('must be one of bounce, complaint, auto-reply, mdn, other, unreadable');

    const purged = await run('purge', 'shared', '--kind', 'bounce', '--yes', '--here', '--json');

    expect(purged.stderr).toBe('');
    expect(purged).toMatchObject({
      code: 0,
      documents: [
        { state: 'done', criteria: { kind: 'bounce' }, counts: { disposed: bounces.length, stored: bounces.length } },
      ],
    });
    expect(texts((await look(server, user)).map(({ raw }) => raw))).toEqual(texts(letters));
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query<{ kind: string; n: number }>(
      'select kind, count(*)::int as n from maildrain.message group by kind',
    );
    await client.end();
    expect(rows).toEqual([{ kind: 'bounce', n: bounces.length }]);
    const again = await run('purge', 'shared', '--kind', 'bounce', '--yes', '--here');
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toBe('nothing matches in folder INBOX of shared (kind bounce); nothing to do\n');
  });
});
