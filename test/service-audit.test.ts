// What only reads leaves no job, and is on the record all the same: who asked for what, and what came of it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { type ImapServer, startImapServer } from '../src/demo/imap-server/server.ts';
import { createMaildrain, type Maildrain } from '../src/index.ts';
import { silentLog } from '../src/log.ts';
import { describeWith, freshDatabase } from './support/fresh.ts';

const PASSWORD = 'correct horse';
const never = new AbortController().signal;
const nowhere = { write: async () => {} };

interface Drained {
  readonly maildrain: Maildrain;
  readonly imap: ImapServer;
  readonly query: (text: string) => Promise<Record<string, unknown>[]>;
  /** All but the drains. */
  readonly runs: () => Promise<Record<string, unknown>[]>;
}

/** Three messages, stored and still on the server. */
async function drained(): Promise<Drained> {
  const imap = await startImapServer({ password: PASSWORD });
  for (let n = 0; n < 3; n++)
    imap.account('ann').deliver(Buffer.from(`From: b@example.net\r\nSubject: ${n}\r\n\r\nx\r\n`));
  const { url } = await freshDatabase();
  const account = { host: '127.0.0.1', port: imap.port, user: 'ann', tls: 'none', password: () => PASSWORD };
  const maildrain = await createMaildrain({
    postgres: url,
    mailboxes: [{ name: 'office', imap: account, every: '1h', dispose: 'keep' }],
    log: silentLog,
  });
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await maildrain.stop();
    await imap.close();
  });
  await maildrain.migrate();
  expect(await maildrain.drain('office')).toMatchObject({ stored: 3 });
  const query = async (text: string): Promise<Record<string, unknown>[]> => (await client.query(text)).rows;
  const runs = () =>
    query(`select r.job, b.name as mailbox, r.error_code, r.report, r.finished_at >= r.started_at as ended
             from maildrain.run r left join maildrain.mailbox b on b.id = r.mailbox_id where r.job <> 'drain' order by r.id`);
  return { maildrain, imap, query, runs };
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'maildrain-audit-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describeWith('postgres', 'on the record', () => {
  it('stands an export: who took which mail where', async () => {
    const { maildrain, runs } = await drained();
    const output = join(directory(), 'mail.mbox');
    const criteria = { subject: '1' };
    await maildrain.admin.export({
      mailbox: 'office',
      criteria,
      format: 'mbox',
      into: { path: output },
      by: 'auditor',
      signal: never,
    });
    expect(await runs()).toMatchObject([
      {
        job: 'export',
        error_code: null,
        ended: true,
        report: {
          outcome: 'done',
          mailbox: 'office',
          requestedBy: 'auditor',
          criteria,
          args: { format: 'mbox', output },
          counts: { written: 1, expired: 0, damaged: 0 },
          error: null,
        },
      },
    ]);
  });

  it.each([
    { outcome: 'partial', counts: { written: 2, expired: 1 }, how: 'octets have expired' },
    { outcome: 'cancelled', counts: { written: 0 }, how: 'it is stopped' },
    { outcome: 'failed', counts: undefined, how: 'a file is in the way' },
  ] as const)('stands an export that is $outcome, because $how', async ({ outcome, counts }) => {
    const { maildrain, query, runs } = await drained();
    const path = join(directory(), 'mail.mbox');
    if (outcome === 'partial')
      await query('delete from maildrain.raw where message_id = (select min(id) from maildrain.message)');
    if (outcome === 'failed') writeFileSync(path, 'in the way');
    const exporting = maildrain.admin.export({
      criteria: { all: true },
      format: 'mbox',
      into: { path },
      signal: outcome === 'cancelled' ? AbortSignal.abort() : never,
    });
    if (outcome === 'failed') await expect(exporting).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' });
    else await exporting;
    const code = outcome === 'failed' ? 'OUTPUT_REFUSED' : null;
    const error = code === null ? null : { code, message: expect.stringContaining('mail.mbox') };
    expect(await runs()).toMatchObject([
      { job: 'export', error_code: code, report: { outcome, error, ...(counts === undefined ? {} : { counts }) } },
    ]);
  });

  it('stands a comparison of a mailbox: as it should be, not as it should be, and refused', async () => {
    const { maildrain, imap, runs } = await drained();
    expect(await maildrain.admin.verify('office', { by: 'auditor' })).toMatchObject({ ok: true });
    const [first] = imap.account('ann').messages('INBOX');
    if (first === undefined) throw new Error('no message');
    imap.account('ann').expunge([first.uid]);
    expect(await maildrain.admin.verify('office')).toMatchObject({ ok: false });
    imap.onCommand = ({ name }) => (name === 'EXAMINE' ? { reply: 'NO [OVERQUOTA] no' } : undefined);
    await expect(maildrain.admin.verify('office')).rejects.toMatchObject({ code: 'OVER_QUOTA' });
    const verify = { job: 'verify', mailbox: 'office' };
    expect(await runs()).toMatchObject([
      {
        ...verify,
        error_code: null,
        report: { outcome: 'done', requestedBy: 'auditor', counts: { listed: 3, kept: 3, missing: 0, intact: 3 } },
      },
      { ...verify, error_code: null, report: { outcome: 'partial', counts: { listed: 2, missing: 1 } } },
      { ...verify, error_code: 'OVER_QUOTA', report: { outcome: 'failed', error: { code: 'OVER_QUOTA' } } },
    ]);
  });

  it('stands what the stop of the program has ended', async () => {
    const { maildrain, imap, runs } = await drained();
    let reach = (): void => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    imap.onCommand = ({ name }) => {
      if (name !== 'EXAMINE') return undefined;
      reach();
      return { delayMs: 60_000 };
    };
    const ended = expect(maildrain.admin.verify('office')).rejects.toMatchObject({ code: 'ABORTED' });
    await reached;
    await maildrain.stop();
    await ended;
    expect(await runs()).toMatchObject([{ job: 'verify', error_code: 'ABORTED', report: { outcome: 'cancelled' } }]);
  });

  it('stands nothing that was refused before it began', async () => {
    const { maildrain, runs } = await drained();
    const { admin } = maildrain;
    const words = { format: 'mbox', into: nowhere, signal: never } as const;
    await expect(admin.export({ ...words, criteria: {} })).rejects.toMatchObject({ code: 'CRITERIA_INVALID' });
    await expect(admin.export({ ...words, mailbox: 'ofice', criteria: { all: true } })).rejects.toMatchObject({
      code: 'MAILBOX_UNKNOWN',
    });
    await expect(admin.verify('ofice')).rejects.toMatchObject({ code: 'MAILBOX_UNKNOWN' });
    expect(await runs()).toEqual([]);
  });
});
