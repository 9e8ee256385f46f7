// `maildrain messages` as a process: exact octets out, hostile text made harmless, lists that can be paged.

import { createHash } from 'node:crypto';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { makeWorld, message, startCli, type World } from './maildrain.ts';

async function drained(...raws: Buffer[]): Promise<World> {
  const world = await makeWorld();
  for (const raw of raws) world.imap.account('ann').deliver(raw);
  expect((await world.run('drain', 'bounces')).code).toBe(0);
  return world;
}

async function execute(world: World, text: string): Promise<void> {
  const client = new pg.Client(world.databaseUrl);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

const sha256 = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');

/** What a terminal obeys or hides: C0 but line breaks, DEL, C1, and invisible or direction-changing characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

describeWith('postgres', 'messages', () => {
  it('raw gives the exact octets, plain and as base64: NUL, 8-bit, bare LF, and 10 MB', async () => {
    const odd = Buffer.concat([
      Buffer.from('Subject: odd\nX: \r\n\r\n'),
      Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 256)),
      Buffer.from('no end of line'),
    ]);
    const large = message('large', 'äöü 0123456789\r\n'.repeat(560_000));
    expect(large.length).toBeGreaterThan(10_000_000);
    const world = await drained(odd, large);
    for (const [id, raw] of [
      ['1', odd],
      ['2', large],
    ] as const) {
      const [plain, json] = await Promise.all([
        world.run('messages', 'raw', id),
        world.run('messages', 'raw', id, '--json'),
      ]);
      expect(plain).toMatchObject({ code: 0, stderr: '' });
      expect(plain.octets.equals(raw)).toBe(true);
      const [{ base64, ...facts }] = json.documents;
      expect(facts).toEqual({ id, size: raw.length, sha256: sha256(raw) });
      expect(Buffer.from(base64, 'base64').equals(raw)).toBe(true);
    }
  });

  it('list, show and receipt hand no control character of a mail to the terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u2066\u007f';
    const world = await drained(
      Buffer.from(
        `From: ${evil} <a@example.org>\r\nSubject: =?utf-8?B?${Buffer.from(evil).toString('base64')}?=\r\nMessage-ID: <${evil}>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ntext ${evil}\tafter\r\nsecond line\r\n`,
      ),
    );
    for (const args of [['list'], ['show', '1'], ['receipt', '1']]) {
      for (const more of [[], ['--json']]) {
        const ended = await world.run('messages', ...args, ...more);
        expect(ended.code).toBe(0);
        expect(ended.stdout.length).toBeGreaterThan(50);
        expect(ended.stdout).not.toMatch(DANGEROUS);
        if (more.length > 0 && args[0] === 'list') expect(ended.documents[0].subject).toContain('\u202eevil');
        if (more.length === 0 && args[0] !== 'receipt') expect(ended.stdout).toContain('evil');
        if (more.length === 0 && args[0] === 'show') expect(ended.stdout).toContain('\nsecond line\n');
      }
    }
  });

  it('list filters and pages, newest first', async () => {
    const world = await drained(...[1, 2, 3, 4, 5].map((n) => message(n === 3 ? 'Special offer' : `number ${n}`)));
    const ids = async (...args: string[]): Promise<string[]> => {
      const ended = await world.run('messages', 'list', '--json', ...args);
      expect(ended.code, ended.stderr).toBe(0);
      return ended.documents.map(({ id }) => id);
    };
    const cases: { why: string; args: string[]; found: string[] }[] = [
      { why: 'the limit', args: ['--limit', '2'], found: ['5', '4'] },
      { why: 'the page after it', args: ['--limit', '2', '--before-id', '4'], found: ['3', '2'] },
      { why: 'part of a subject, whatever its case', args: ['--subject', 'special'], found: ['3'] },
      { why: 'part of a sender', args: ['--from', 'ANN@example', '--since', '1h'], found: ['5', '4', '3', '2', '1'] },
      { why: 'nothing that old', args: ['--before', '2020-01-01'], found: [] },
      { why: 'nothing that new', args: ['--since', '2199-12-31T12:00Z', '--mailbox', 'bounces'], found: [] },
    ];
    const results = await Promise.all(cases.map(({ args }) => ids(...args)));
    for (const [at, { why, found }] of cases.entries()) expect(results[at], why).toEqual(found);
    const page = await world.run('messages', 'list', '--limit', '2');
    expect(page.stdout).toMatch(/^ID +STORED +MAILBOX +KIND +SIZE +FROM +SUBJECT\n5 .* number 5\n4 .* number 4\n$/);
    expect(page.stderr).toBe('more: the same with --before-id 4\n');
    const unknown = await world.run('messages', 'list', '--mailbox', 'nobody');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('MAILBOX_UNKNOWN');
  });

  it('receipt proves what is intact, and tells what was changed or has expired', async () => {
    const world = await drained(message('one'), message('two'), message('three'));
    await execute(world, `update maildrain.raw set bytes = bytes || '\\x00' where message_id = 2`);
    await execute(world, 'delete from maildrain.raw where message_id = 3');
    const [good, changed, expired, json, raw, none] = await Promise.all([
      world.run('messages', 'receipt', '1'),
      world.run('messages', 'receipt', '2'),
      world.run('messages', 'receipt', '3'),
      world.run('messages', 'receipt', '2', '--json'),
      world.run('messages', 'raw', '3'),
      world.run('messages', 'show', '99', '--json'),
    ]);
    expect(good.code).toBe(0);
    expect(good.stdout).toContain('message 1: intact: octet for octet what was fetched');
    expect(good.stdout).toMatch(/bounces +\d+ +1 +disposed/);
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain('NOT INTACT');
    expect(expired.code).toBe(1);
    expect(expired.stdout).toContain('the octets have expired');
    expect(json.code).toBe(1);
    expect(json.documents[0]).toMatchObject({ id: '2', intact: false });
    expect(raw).toMatchObject({ code: 1, stdout: '' });
    expect(raw.stderr).toContain('its octets have expired');
    expect(none.code).toBe(1);
    expect(none.documents).toEqual([
      { error: { code: 'NOT_THERE', message: expect.stringContaining('no message 99') } },
    ]);
  });

  it('ends quietly when the reader of stdout has gone', async () => {
    const world = await drained(message('large', 'x'.repeat(5_000_000)));
    const running = startCli(['messages', 'raw', '1', '--config', world.config], {
      CLI_DATABASE_URL: world.databaseUrl,
    });
    running.child.stdout?.once('data', () => running.child.stdout?.destroy());
    const ended = await running.ended();
    expect(ended.octets.length).toBeLessThan(5_000_000);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });
});
