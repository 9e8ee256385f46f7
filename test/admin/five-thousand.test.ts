// Each job on 5,000 messages of a real Dovecot, its turns ended and killed at random steps. Purge is in dovecot-server.test.ts, restore in
// restore.test.ts. ADMIN_SEED repeats a run.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exportMail } from '../../src/admin/export.ts';
import { READER_VERSION } from '../../src/mail/read.ts';
import type { AdminJobKind } from '../../src/model-admin.ts';
import { smallLetter } from '../crash/post.ts';
import { drainOnce, FOLDER, type Stage, stage } from '../crash/stage.ts';
import { describeWith } from '../support/fresh.ts';
import { deliverMany, type Found } from '../support/mail.ts';
import { randomOf } from '../support/random.ts';
import { storedRun } from './stored-turns.ts';
import { planned } from './turns.ts';

const COUNT = 5000;
/** Of ten steps one is killed before it could be written down, and one ends its turn. */
const LUCK = 0.1;
const MAX_TURNS = 200;
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
