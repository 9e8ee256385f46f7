// `maildrain suppressions`, `bounces` and `verp` as processes: what scripts rely on, and what hostile text must not do.

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { csvLine } from '../../src/cli/csv.ts';
import { ensureMailbox } from '../../src/store/mailboxes.ts';
import { migrate } from '../../src/store/migrate.ts';
import { type Database, openDatabase } from '../../src/store/pool.ts';
import { DAY, failure, type Post, policyOf, store, verdict } from '../store/bounce.ts';
import { describeWith, freshDatabase, templateDatabase } from '../support/fresh.ts';
import { CANARY, mailboxLines, makeWorld, type World } from './maildrain.ts';

const atOnce = policyOf({ 'address-unknown': {}, complaint: { forMs: 90 * DAY } });
const complaint = (address: string) =>
  verdict([failure(address, { action: null, category: null, scope: null, hard: null, status: null })], {
    kind: 'complaint',
    feedbackType: 'abuse',
  });

/** What a terminal obeys or hides. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

async function world(posts: readonly Post[] = []): Promise<World> {
  const template = await templateDatabase('migrated', async (url) => {
    await migrate(url);
  });
  const { url } = await freshDatabase(template);
  const made = await makeWorld({ databaseUrl: url });
  if (posts.length > 0)
    await withDatabase(url, async (database) => {
      const { id } = await ensureMailbox(database.sql, { name: 'bounces', login: 'imap://a@h:1', folder: 'INBOX' });
      await store(database, id, posts, { policy: atOnce });
    });
  return made;
}

async function withDatabase(url: string, work: (database: Database) => Promise<void>): Promise<void> {
  const database = openDatabase(url, 2, () => {});
  await work(database).finally(() => database.close());
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  return client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

describe('csvLine', () => {
  const cases: { why: string; cells: (string | null)[]; line: string }[] = [
    { why: 'plain cells, nothing for null', cells: ['a', null, 'b'], line: 'a,,b\r\n' },
    { why: 'quotes and commas (RFC 4180 2.6, 2.7)', cells: ['say "a, b"'], line: '"say ""a, b"""\r\n' },
    { why: 'line ends inside', cells: ['a\r\nb'], line: '"a\r\nb"\r\n' },
    { why: 'a formula', cells: ['=HYPERLINK("http://x","y")'], line: `"'=HYPERLINK(""http://x"",""y"")"\r\n` },
    ...['=', '+', '-', '@', '\t', '\uff1d', '\uff0b', '\uff0d', '\uff20'].map((sign) => ({
      why: `a cell that begins with ${JSON.stringify(sign)}`,
      cells: [`${sign}1`],
      line: `'${sign}1\r\n`,
    })),
    { why: 'a carriage return in front', cells: ['\r=1'], line: `"'\r=1"\r\n` },
    { why: 'a line feed in front', cells: ['\n=1'], line: `"'\n=1"\r\n` },
    { why: 'a sign further on', cells: ['a=1'], line: 'a=1\r\n' },
  ];
  it.each(cases)('$why', ({ cells, line }) => expect(csvLine(cells)).toBe(line));
});

describeWith('postgres', 'suppressions', () => {
  it('add, check, list, remove: by arguments and from stdin', async () => {
    const { run, feed, databaseUrl } = await world();
    const added = await run('suppressions', 'add', 'Ann@Example.ORG', 'bob@bücher.example', '--until', '90d', '--json');
    expect(added.stderr).toBe('');
    expect(added.code).toBe(0);
    expect(added.documents).toEqual([
      { added: ['ann@example.org', 'bob@xn--bcher-kva.example'], unchanged: [], until: expect.any(String) },
    ]);
    const until = new Date(added.documents[0].until).getTime();
    expect(Math.abs(until - Date.now() - 90 * DAY)).toBeLessThan(600_000);

    const imported = await feed('\ufeffcara@example.org\r\n\r\n  dan@example.org \n', 'suppressions', 'add', '-');
    expect(imported).toMatchObject({ code: 0, stdout: '2 suppressions are new or changed, until removed\n' });
    expect(await query(databaseUrl, `select address, source from maildrain.suppression order by 1`)).toEqual([
      { address: 'ann@example.org', source: 'manual' },
      { address: 'bob@xn--bcher-kva.example', source: 'manual' },
      { address: 'cara@example.org', source: 'import' },
      { address: 'dan@example.org', source: 'import' },
    ]);

    const [some, none, listed, page] = await Promise.all([
      feed('ANN@example.org\nfree@example.org\n', 'suppressions', 'check', '-', '--json'),
      run('suppressions', 'check', 'free@example.org'),
      run('suppressions', 'list', '--domain', 'BÜCHER.example', '--json'),
      run('suppressions', 'list', '--limit', '1'),
    ]);
    expect(some.code).toBe(4);
    expect(some.documents).toMatchObject([
      { address: 'ann@example.org', suppressed: true, suppression: { reason: 'manual', source: 'manual' } },
      { address: 'free@example.org', suppressed: false, suppression: null },
    ]);
    expect(none.code).toBe(0);
    expect(none.stdout).toMatch(/free@example\.org +yes/);
    expect(listed.documents.map(({ address }) => address)).toEqual(['bob@xn--bcher-kva.example']);
    expect(page.stdout).toMatch(/^ADDRESS +REASON +SOURCE +SINCE +UNTIL +MESSAGE +NOTE\nann@example\.org +manual/);
    expect(page.stderr).toBe('more: the same with --after ann@example.org\n');

    const removed = await run('suppressions', 'remove', 'ann@example.org', 'free@example.org');
    expect(removed).toMatchObject({ code: 0, stdout: '1 suppression removed; earlier reports count no more\n' });
    expect(removed.stderr).toContain('1 not suppressed, their earlier reports count no more either: free@example.org');
    expect(await query(databaseUrl, 'select address from maildrain.address_reset order by 1')).toEqual([
      { address: 'ann@example.org' },
      { address: 'free@example.org' },
    ]);
  });

  it('names every line that is no address, and does nothing', async () => {
    const { run, feed, databaseUrl } = await world();
    const cases = [
      {
        why: 'lines of stdin',
        ended: await feed('ann@example.org\nno address\n\u001b[2Jevil@\nbob@example.org\n', 'suppressions', 'add', '-'),
        says: ['these 2 are no e-mail addresses; nothing was done', 'line 2: no address', 'line 3: \ufffd[2Jevil@'],
      },
      {
        why: 'arguments',
        ended: await run('suppressions', 'remove', 'ann@example.org', 'Bob <bob@example.org>'),
        says: ['this is no e-mail address', 'argument 2: Bob <bob@example.org>'],
      },
      {
        why: 'stdin and arguments',
        ended: await run('suppressions', 'check', '-', 'ann@example.org'),
        says: ['"-" alone'],
      },
      {
        why: 'octets that are not UTF-8',
        ended: await feed(Buffer.from([0x61, 0xff, 0x40, 0x62, 0x2e, 0x63, 0x0a]), 'suppressions', 'add', '-'),
        says: ['not UTF-8'],
      },
      {
        why: 'a time that is past',
        ended: await run('suppressions', 'add', 'ann@example.org', '--until', '2020-01-01'),
        says: ['Give a time to come'],
      },
    ];
    for (const { why, ended, says } of cases) {
      expect(ended.code, why).toBe(2);
      for (const text of says) expect(ended.stderr, why).toContain(text);
      expect(ended.stderr, why).not.toMatch(DANGEROUS);
    }
    expect(await query(databaseUrl, 'select * from maildrain.suppression')).toEqual([]);
  });

  it('plan shows what another policy would do, counted and one a line', async () => {
    const { run, configure, imap } = await world([
      { verdict: verdict([failure('gone@example.org')]) },
      { verdict: complaint('angry@example.org') },
    ]);
    configure(
      mailboxLines('bounces', imap),
      'suppression: { rules: { address-unknown: { for: 30d }, complaint: never } }\n',
    );
    const [people, lines] = await Promise.all([run('suppressions', 'plan'), run('suppressions', 'plan', '--json')]);
    expect(people.code, people.stderr).toBe(0);
    expect(people.stdout).toMatch(/^CHANGE +ADDRESSES +REASON\n/);
    expect(people.stdout).toMatch(/shorten +1 +address-unknown/);
    expect(people.stdout).toMatch(/remove +1 +complaint/);
    expect(people.stdout).toMatch(/gone@example\.org +shorten +address-unknown +20\S+ \S+ +until lifted/);
    expect(lines.documents).toMatchObject([
      { address: 'angry@example.org', change: 'remove', reason: 'complaint', until: null },
      { address: 'gone@example.org', change: 'shorten', was: { reason: 'address-unknown', until: null } },
    ]);
    configure(mailboxLines('bounces', imap), 'suppression: { rules: { complaint: { for: 90d } } }\n');
    expect((await run('suppressions', 'plan')).stdout).toContain('nothing would change');
  });

  it('export gives all of them, safe for a spreadsheet and exact for a program', async () => {
    const { run, databaseUrl } = await world();
    await query(
      databaseUrl,
      `insert into maildrain.suppression (address, reason, source, since, note)
       select '=u' || n || '@example.org', 'manual', 'import', '2026-10-01Z', case when n = 1 then E'\\t=cmd|"/c"\\u001b[2J' end
         from generate_series(1, 3000) as n`,
    );
    const [csv, ndjson, both] = await Promise.all([
      run('suppressions', 'export'),
      run('suppressions', 'export', '--format', 'ndjson'),
      run('suppressions', 'export', '--json', '--format', 'csv'),
    ]);
    const records = csv.stdout.split('\r\n');
    expect(records).toHaveLength(3002);
    expect(records.slice(0, 2)).toEqual([
      'address,reason,source,since,until,message_id,note',
      `'=u1000@example.org,manual,import,2026-10-01T00:00:00.000Z,,,`,
    ]);
    expect(csv.stdout).toContain(`'=u1@example.org,manual,import,2026-10-01T00:00:00.000Z,,,"'\t=cmd|""/c""`);
    expect(new Set(ndjson.documents.map(({ address }) => address)).size).toBe(3000);
    expect(ndjson.documents[0]).toMatchObject({ address: '=u1000@example.org', until: null, messageId: null });
    expect(ndjson.stdout).not.toMatch(DANGEROUS);
    expect(both.code).toBe(2);
  });
});

describeWith('postgres', 'bounces', () => {
  it('list and stats filter, page and count; what a server said is made harmless', async () => {
    const evil = '550 \u001b[2J\u202egone';
    const { run } = await world([
      { verdict: verdict([failure('ann@example.org', { diagnostic: evil }), failure('bob@example.net')]) },
      {
        verdict: verdict([
          failure('ann@example.org', { action: 'delayed', status: '4.2.2', category: 'mailbox-full' }),
        ]),
      },
      { verdict: complaint('cara@example.org') },
    ]);
    const ids = async (...args: string[]): Promise<string[]> => {
      const ended = await run('bounces', 'list', '--json', ...args);
      expect(ended.code, ended.stderr).toBe(0);
      return ended.documents.map(({ cursor }) => cursor);
    };
    const cases: { why: string; args: string[]; found: string[] }[] = [
      { why: 'all, newest first', args: [], found: ['3.0', '2.0', '1.1', '1.0'] },
      { why: 'a page', args: ['--limit', '2', '--cursor', '2.0'], found: ['1.1', '1.0'] },
      { why: 'an address in any case', args: ['--address', 'ANN@example.org'], found: ['2.0', '1.0'] },
      { why: 'a domain', args: ['--domain', 'example.net', '--mailbox', 'bounces'], found: ['1.1'] },
      { why: 'a kind', args: ['--kind', 'complaint', '--since', '1h'], found: ['3.0'] },
      { why: 'an action and a category', args: ['--action', 'delayed', '--category', 'mailbox-full'], found: ['2.0'] },
      { why: 'nothing that old', args: ['--until', '2020-01-01'], found: [] },
    ];
    const results = await Promise.all(cases.map(({ args }) => ids(...args)));
    for (const [at, { why, found }] of cases.entries()) expect(results[at], why).toEqual(found);
    const [people, stats, table, wrong] = await Promise.all([
      run('bounces', 'list'),
      run('bounces', 'stats', '--by', 'domain', '--json'),
      run('bounces', 'stats', '--by', 'category'),
      run('bounces', 'list', '--cursor', 'x'),
    ]);
    expect(people.stdout).toContain('550 \ufffd[2J\ufffdgone');
    expect(people.stdout).not.toMatch(DANGEROUS);
    expect(stats.documents).toEqual([
      { key: 'example.org', reports: 3, failed: 1, delayed: 1, complaints: 1, addresses: 2 },
      { key: 'example.net', reports: 1, failed: 1, delayed: 0, complaints: 0, addresses: 1 },
    ]);
    expect(table.stdout).toMatch(
      /^CATEGORY +REPORTS +FAILED +DELAYED +COMPLAINTS +ADDRESSES\naddress-unknown +2 +2 +0 +0 +2\n/,
    );
    expect(wrong.code).toBe(2);
  });
});

describeWith('postgres', 'verp', () => {
  it('signs, and says which address a tag proves', async () => {
    const { run, feed, configure, imap } = await world();
    const unset = await run('verp', 'sign', 'ann@example.org');
    expect(unset.code).toBe(2);
    expect(unset.stderr).toContain('the configuration signs nothing');
    configure(
      mailboxLines('bounces', imap),
      'bounces: { verp: ["bounces+{token}@example.com"], secret: { env: TEST_MAIL_PASSWORD } }\n',
    );
    const sender = (await run('verp', 'sign', 'Ann@Example.org')).stdout.trim();
    expect(sender).toMatch(/^bounces\+ann=example\.org-[a-z2-7]{16}@example\.com$/);
    const withId = (await run('verp', 'sign', 'ann@example.org', '--id', 'c42')).stdout.trim();
    expect(withId).toMatch(/^bounces\+c42-[a-z2-7]{16}@example\.com$/);
    const [list, long, right, forged, idAlone, idRight] = await Promise.all([
      feed('ann@example.org\nbob@example.org\n', 'verp', 'sign', '-', '--json'),
      run('verp', 'sign', 'ann@example.org', `${'a'.repeat(60)}@example.org`),
      run('verp', 'verify', sender.toUpperCase()),
      run('verp', 'verify', sender.replace('ann', 'bob'), '--json'),
      run('verp', 'verify', withId),
      run('verp', 'verify', withId, 'bob@example.org', 'ann@example.org'),
    ]);
    expect(list.documents.map(({ address }) => address)).toEqual(['ann@example.org', 'bob@example.org']);
    expect(list.documents[0].sender).toBe(sender);
    expect(long).toMatchObject({ code: 2, stdout: '' });
    expect(long.stderr).toContain('aaa@example.org: the local part would have');
    expect(right).toMatchObject({ code: 0, stdout: 'signed for ann@example.org\n' });
    expect(forged.code).toBe(1);
    expect(forged.documents).toEqual([{ sender: sender.replace('ann', 'bob'), signed: false, address: null }]);
    expect(idAlone.code).toBe(1);
    expect(idRight).toMatchObject({ code: 0, stdout: 'signed for ann@example.org\n' });
    for (const ended of [list, long, right, forged, idAlone]) expect(ended.stdout + ended.stderr).not.toContain(CANARY);
  });
});
