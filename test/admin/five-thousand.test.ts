// Each job on 5,000 messages of a real Dovecot, its turns ended and killed at random steps. Purge is in dovecot-server.test.ts, restore in
// restore.test.ts, Gmail in five-thousand-gmail.test.ts, and what no server is needed for at the end. ADMIN_SEED repeats a run.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exportMail } from '../../src/admin/export.ts';
import { reclassifyDiff, reclassifyWith } from '../../src/admin/reclassify.ts';
import { type VerifyReport, verifyMailbox } from '../../src/admin/verify.ts';
import { silentLog } from '../../src/log.ts';
import { READER_VERSION } from '../../src/mail/read.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { smallLetter } from '../crash/post.ts';
import { drainOnce, FOLDER, type Stage, stage } from '../crash/stage.ts';
import { failure, policyOf, store, suppressed, told, verdict } from '../store/bounce.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { deliverMany, type Found } from '../support/mail.ts';
import { NO_CORRELATION } from '../support/pipeline.ts';
import { randomOf } from '../support/random.ts';
import { readerThat } from './reader-that.ts';
import { storedRun } from './stored-turns.ts';
import { planned } from './turns.ts';

const COUNT = 5000;
/** Of ten steps one is killed before it could be written down, and one ends its turn. */
const LUCK = 0.1;
const MAX_TURNS = 200;
const STORED_AT_ONCE = 500;
/** Whose mail comes back. */
const PEOPLE = 100;
const SEED = Number(process.env.ADMIN_SEED ?? Date.now() % 1_000_000);

const digests = (mail: readonly Buffer[]): string[] =>
  mail.map((raw) => createHash('sha256').update(raw).digest('hex')).sort();
const digestsOf = (found: readonly Found[]): string[] => digests(found.map(({ raw }) => raw));

describeWith(['postgres', 'dovecot'], `5,000 messages (ADMIN_SEED=${SEED})`, () => {
  it('are copied, flagged, lifted, moved, emptied, read again and exported', { timeout: 500_000 }, async () => {
    const there = await stage();
    const mail = Array.from({ length: COUNT }, () => smallLetter());
    await deliverMany(there.server, there.user, mail, FOLDER);
    const all = digests(mail);
    const random = randomOf(SEED);

    expect(await worked(there, random, 'copy', { to: 'Copies', create: true })).toEqual({ copied: COUNT });
    expect(digestsOf(await there.look('Copies'))).toEqual(all);
    expect(await worked(there, random, 'flag', { add: ['\\Deleted', 'Old'] })).toEqual({ flagged: COUNT });
    expect(await worked(there, random, 'undelete')).toEqual({ undeleted: COUNT });
    const left = await there.look();
    expect(digestsOf(left)).toEqual(all);
    expect(new Set(left.map(({ flags }) => flags.join(' ')))).toEqual(new Set(['Old']));

    expect(await worked(there, random, 'move', { to: '\\Trash' }, 'Copies')).toEqual({ moved: COUNT });
    expect(await there.look('Copies')).toEqual([]);
    expect(digestsOf(await there.look('Trash'))).toEqual(all);
    expect(await worked(there, random, 'empty-trash', {}, '\\Trash')).toEqual({ disposed: COUNT });
    expect(await there.look('Trash')).toEqual([]);

    expect(await drainOnce(there.database, there.mailbox)).toMatchObject({ stored: COUNT, disposed: COUNT });
    // As an older reader has left them.
    await there.database.sql.query('update maildrain.message set reader = reader - 1');
    const again = await storedRun(there.database, there.mailbox, 'reclassify');
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      const end = await again.turn((abort) => {
        const luck = random();
        if (luck < LUCK) throw new Error('killed');
        if (luck < 2 * LUCK) abort();
      });
      if (end === 'ended') break;
    }
    const { rows } = await there.database.sql.query(
      'select reader, count(*)::int as n from maildrain.message group by reader',
    );
    expect(rows).toEqual([{ reader: READER_VERSION, n: COUNT }]);

    const path = await mkdtemp(join(tmpdir(), 'maildrain-export-'));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    const to = join(path, 'mail');
    const report = await exportMail(there.database, {
      selection: { mailbox: null, criteria: null },
      format: 'eml',
      to: { path: to },
      signal: new AbortController().signal,
    });
    expect(report).toMatchObject({ written: COUNT, damaged: [] });
    const files = (await readdir(to, { recursive: true })).filter((name) => name.endsWith('.eml'));
    expect(digests(await Promise.all(files.map((name) => readFile(join(to, name)))))).toEqual(all);
  });

  it('are verified: each that differs is counted, and all the others are as they were', {
    timeout: 300_000,
  }, async () => {
    const there = await stage({ dispose: { kind: 'keep' } });
    const mail = Array.from({ length: COUNT }, () => smallLetter());
    await deliverMany(there.server, there.user, mail, FOLDER);
    expect(await drainOnce(there.database, there.mailbox)).toMatchObject({ stored: COUNT });
    const look = { database: there.database, connectionsPerHost: 8, log: silentLog };
    const verify = (): Promise<VerifyReport> =>
      verifyMailbox({ ...look, signal: new AbortController().signal }, there.mailbox);
    expect(await verify()).toMatchObject({
      ok: true,
      server: { listed: COUNT, complete: true },
      listed: { kept: { count: COUNT } },
      missing: { count: 0 },
      octets: { checked: COUNT, intact: COUNT },
    });

    const client = await there.client();
    await client.command('UID STORE 2001:2150 +FLAGS (\\Deleted)');
    await client.command('UID EXPUNGE 2001:2130');
    client.close();
    await deliverMany(there.server, there.user, [smallLetter(), smallLetter(), smallLetter()], FOLDER);
    const { rows } = await there.truth.sql.query<{ id: string }>(
      `update maildrain.raw set bytes = set_byte(bytes, 10, 255 - get_byte(bytes, 10))
        where message_id in (select id from maildrain.message order by id offset 4990) returning message_id as id`,
    );
    await there.truth.sql.query(
      'delete from maildrain.raw where message_id in (select id from maildrain.message order by id limit 7)',
    );

    const report = await verify();

    expect(report).toMatchObject({
      ok: false,
      server: { listed: COUNT - 130 + 3, deleted: 20, complete: true },
      listed: {
        owed: { count: 0 },
        kept: { count: COUNT - 130 },
        unknown: { count: 3, first: ['5001', '5002', '5003'] },
      },
      missing: { count: 130 },
      octets: { checked: COUNT, intact: COUNT - 17, expired: 7, damaged: { count: 10 } },
    });
    // The first hundred are named.
    expect(report.missing.first).toEqual(Array.from({ length: 100 }, (_, n) => String(2001 + n)));
    expect([...report.octets.damaged.first].sort()).toEqual(rows.map(({ id }) => id).sort());
    expect(await there.look()).toHaveLength(COUNT - 130 + 3);
  });
});

describeWith('postgres', `5,000 stored messages (ADMIN_SEED=${SEED})`, () => {
  it('are read again by changed rules: what was shown first happens, and is told of once', {
    timeout: 300_000,
  }, async () => {
    const { database, mailboxId } = await migrated();
    for (let stored = 0; stored < COUNT; stored += STORED_AT_ONCE)
      await store(database, mailboxId, Array(STORED_AT_ONCE).fill({ verdict: verdict([], { kind: 'other' }) }));
    await database.sql.query('update maildrain.message set reader = reader - 1');
    const bounces = { policy: policyOf({ 'address-unknown': {} }), correlate: () => NO_CORRELATION };
    // Today's rule finds a bounce in every other message, of a hundred people.
    const make = readerThat((octets) => {
      const n = Number(/^Subject: (\d+)/.exec(octets)?.[1]);
      return n % 2 === 0 ? verdict([failure(`ann${n % (2 * PEOPLE)}@example.org`)]) : null;
    });
    const shown = { read: 0, changed: 0 };
    const never = new AbortController().signal;
    for await (const { read, messages } of reclassifyDiff(database, bounces, { criteria: null }, never, make)) {
      shown.read += read;
      shown.changed += messages.length;
    }
    expect(shown).toEqual({ read: COUNT, changed: COUNT / 2 });
    expect(await told(database)).toEqual([]);

    const random = randomOf(SEED);
    const again = await storedRun(database, null, 'reclassify', { bounces, job: reclassifyWith(make) });
    let killed = 0;
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      const end = await again.turn((abort) => {
        const luck = random();
        if (luck < 2 * LUCK && luck >= LUCK) abort();
        if (luck >= LUCK && killed > 0) return;
        killed++;
        throw new Error('killed');
      });
      if (end === 'ended') break;
    }

    expect(killed).toBeGreaterThan(0);
    expect(again.done).toBe(COUNT);
    expect(again.counts).toEqual({
      read: COUNT,
      changed: COUNT / 2,
      reports: COUNT / 2,
      suppressed: PEOPLE,
      events: COUNT / 2 + PEOPLE,
    });
    const { rows } = await database.sql.query(
      'select kind, reader, count(*)::int as n from maildrain.message group by kind, reader order by kind',
    );
    expect(rows).toEqual([
      { kind: 'bounce', reader: READER_VERSION, n: COUNT / 2 },
      { kind: 'other', reader: READER_VERSION, n: COUNT / 2 },
    ]);
    const reports = await database.sql.query('select distinct message_id from maildrain.delivery_report');
    const all = await database.sql.query('select from maildrain.delivery_report');
    expect([reports.rowCount, all.rowCount]).toEqual([COUNT / 2, COUNT / 2]);
    expect(Object.keys(await suppressed(database))).toHaveLength(PEOPLE);
    const lines = await told(database);
    expect(lines.filter((line) => line.startsWith('bounce.failed'))).toHaveLength(COUNT / 2);
    expect(lines.filter((line) => line.startsWith('suppression.added'))).toHaveLength(PEOPLE);
    expect(lines).toHaveLength(COUNT / 2 + PEOPLE);
  });
});

/** Turn by turn to the end. Returns what it counted. */
async function worked(
  there: Stage,
  random: () => number,
  kind: AdminJobKind,
  args = {},
  folder = FOLDER,
): Promise<Record<string, number>> {
  const job = await planned(there.database, there.mailbox, kind, { folder, args });
  for (let turns = 0; turns < MAX_TURNS && job.done < job.plan.messages; turns++) {
    const error = await job.turn(() => {
      const luck = random();
      return luck < LUCK ? 'kill' : luck < 2 * LUCK ? 'abort' : undefined;
    });
    if (error !== null) throw error;
  }
  expect(job.done).toBe(COUNT);
  return job.counts;
}
