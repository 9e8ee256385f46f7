// The whole pipeline on real reports: a bounce mailbox in, suppressed addresses and events out, the mailbox empty. Reports are those of
// test/corpus, which real servers wrote.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import type { ImapServerOptions } from '../src/demo/imap-server/options.ts';
import { startImapServer } from '../src/demo/imap-server/server.ts';
import { createMaildrain, type MaildrainEvent, signTag } from '../src/index.ts';
import { createLogger } from '../src/log.ts';
import { describeWith, freshDatabase } from './support/fresh.ts';
import { until } from './support/until.ts';

const CORPUS = resolve(import.meta.dirname, 'corpus');
const SECRET = 'canary-of-tags-7f3a-0123456789abcdef';
const USER = 'bounces@example.org';
const LETTER = Buffer.from(
  'From: Bea <bea@example.net>\r\nTo: bounces@example.org\r\nSubject: Hello\r\n\r\nAre you there?\r\n',
);

const report = (name: string): Buffer => readFileSync(join(CORPUS, name));

/** A report as Postfix delivers it to the address with this tag. */
const cameBackTo = (tag: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`Delivered-To: bounces+${tag}@example.org\r\n`), raw]);

async function scene(more: object = {}, mailbox: object = {}, server: Partial<ImapServerOptions> = {}) {
  const imap = await startImapServer({ password: 'secret', ...server });
  onTestFinished(() => imap.close());
  const { url } = await freshDatabase();
  const logged: string[] = [];
  const events: MaildrainEvent[] = [];
  const maildrain = await createMaildrain({
    postgres: url,
    mailboxes: [
      {
        name: 'bounces',
        imap: { host: '127.0.0.1', port: imap.port, user: USER, tls: 'none', password: () => 'secret' },
        every: '1d',
        dispose: 'delete',
        unmatched: 'keep',
        ...mailbox,
      },
    ],
    onEvent: async (event) => void events.push(event),
    log: createLogger({ level: 'debug', destination: { write: (line) => void logged.push(line) } }),
    ...more,
  });
  onTestFinished(() => maildrain.stop());
  await maildrain.start();
  // The drain of a new mailbox, which start() asks for.
  await until('the first drain', async () => (await maildrain.status())[0]?.lastRunAt !== null);
  return { imap, url, maildrain, events, logged, account: imap.account(USER) };
}

describeWith('postgres', 'the pipeline', () => {
  it('suppresses who is gone, tells of it, leaves what reports nothing, and does it all once', async () => {
    const { account, maildrain, events } = await scene();
    for (const name of ['postfix-unknown-user.eml', 'exim-unknown-user.eml', 'sendmail-full-gave-up.eml'])
      account.deliver(report(name));
    account.deliver(LETTER);
    expect(await maildrain.drain('bounces')).toMatchObject({
      stored: 4,
      disposed: 3,
      pending: 0,
      error: null,
      notes: ['1 stay on the server, for they report nothing (unmatched: keep)'],
    });
    expect(account.messages()).toHaveLength(1);

    const reports = await maildrain.bounces.list({ limit: 10 });
    expect(reports).toHaveLength(3);
    const gone = reports.filter(({ hard }) => hard).map(({ address }) => address);
    const suppressed = await maildrain.suppressions.list({ limit: 10 });
    expect(suppressed.map(({ address }) => address)).toEqual([...new Set(gone)].sort());
    expect(suppressed.length).toBeGreaterThan(0);

    // The letter that stays is not read again.
    expect(await maildrain.drain('bounces')).toMatchObject({ fetched: 0, stored: 0 });
    await until('all events', () => events.filter(({ type }) => type === 'bounce.failed').length === 3);
    const told = events.map(({ type }) => type).sort();
    expect(told).toEqual([
      'bounce.failed',
      'bounce.failed',
      'bounce.failed',
      'message.stored',
      'message.stored',
      'message.stored',
      'message.stored',
      ...suppressed.map(() => 'suppression.added'),
    ]);
  });

  it('with a secret believes only what came back to an address that it signed', async () => {
    const { account, maildrain, logged, url } = await scene({
      bounces: { verp: ['bounces+{token}@example.org'], secret: () => SECRET },
    });
    const bounce = report('postfix-unknown-user.eml');
    account.deliver(bounce);
    account.deliver(cameBackTo(signTag('another secret, not ours', { address: 'ann@example.com' }), bounce));
    account.deliver(cameBackTo(signTag(SECRET, { address: 'ben@example.com' }), bounce));
    expect(await maildrain.drain('bounces')).toMatchObject({ stored: 3, error: null });
    const suppressed = await maildrain.suppressions.list({ limit: 10 });
    expect(suppressed.map(({ address }) => address)).toEqual(['ben@example.com']);
    const reports = await maildrain.bounces.list({ limit: 10 });
    expect(reports.map(({ trust }) => trust).sort()).toEqual(['address-only', 'address-only', 'signed']);
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query<{ line: string }>('select e::text as line from maildrain.event e');
    await client.end();
    expect([...logged, ...rows.map(({ line }) => line)].join('\n')).not.toContain(SECRET);
  });

  it('tells of a message that is held and of a mailbox that stopped', async () => {
    const { account, maildrain, events } = await scene({}, { sizeLimit: 1024 });
    account.deliver(report('postfix-unknown-user.eml'));
    expect(await maildrain.drain('bounces')).toMatchObject({ stored: 0, held: 1 });
    await until('held', () => events.some(({ type }) => type === 'message.held'));
    expect(events.find(({ type }) => type === 'message.held')).toMatchObject({
      key: 'bounces',
      body: { mailbox: 'bounces', reason: 'too-large' },
    });

    const gmail = await scene({}, {}, { gmail: { hideTrash: true } });
    expect(await gmail.maildrain.drain('bounces')).toMatchObject({ outcome: 'stopped' });
    await until('stopped', () => gmail.events.some(({ type }) => type === 'mailbox.stopped'));
    expect(gmail.events.map(({ type, body }) => [type, body.code])).toEqual([['mailbox.stopped', 'TRASH_MISSING']]);
  });
});
