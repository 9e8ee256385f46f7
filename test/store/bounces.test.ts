// Reports read back: every filter, pages that lose nothing, counts that add up.

import { expect, it } from 'vitest';
import { listReports, REPORT_GROUPS, type ReportGroup, reportStats } from '../../src/store/bounces.ts';
import { describeWith } from '../support/fresh.ts';
import { DAY, failure, store, verdict } from './bounce.ts';
import { migrated } from './store.ts';

const NOW = new Date(Date.UTC(2026, 10, 20, 12));
const ago = (days: number): Date => new Date(NOW.getTime() - days * DAY);

async function scene(): Promise<Awaited<ReturnType<typeof migrated>>> {
  const made = await migrated();
  const { database, mailboxId } = made;
  await database.sql.query('select maildrain.ensure_partitions($1, 2)', [ago(40)]);
  const complaint = verdict(
    [failure('c@example.org', { action: null, category: null, status: null, remoteMta: null })],
    {
      kind: 'complaint',
      feedbackType: 'abuse',
      originalMessageId: 'm@us',
    },
  );
  await store(database, mailboxId, [{ verdict: verdict([failure('a@example.org'), failure(null)]), at: ago(33) }], {
    now: ago(32),
  });
  await store(
    database,
    mailboxId,
    [
      { verdict: verdict([failure('a@example.org', { remoteMta: 'MX.example.net' }), failure('b@sub.example.org')]) },
      {
        verdict: verdict([failure('a@example.org', { action: 'delayed', status: '4.2.2', category: 'mailbox-full' })]),
      },
      { verdict: complaint, at: ago(1) },
    ],
    { now: NOW },
  );
  return made;
}

describeWith('postgres', 'reports', () => {
  it('are listed newest first, by every filter', async () => {
    const { database } = await scene();
    const found = async (filter: object): Promise<string[]> =>
      (await listReports(database.sql, { limit: 50, ...filter })).map(({ cursor }) => cursor);
    const cases = [
      { why: 'all', filter: {}, cursors: ['4.0', '3.0', '2.1', '2.0', '1.1', '1.0'] },
      { why: 'a kind', filter: { kind: 'complaint' }, cursors: ['4.0'] },
      { why: 'an action', filter: { action: 'delayed' }, cursors: ['3.0'] },
      { why: 'a category', filter: { category: 'mailbox-full' }, cursors: ['3.0'] },
      { why: 'an address', filter: { address: 'a@example.org' }, cursors: ['3.0', '2.0', '1.0'] },
      { why: 'a domain, not those below it', filter: { domain: 'example.org' }, cursors: ['4.0', '3.0', '2.0', '1.0'] },
      { why: 'a mailbox', filter: { mailbox: 'inbox', limit: 1 }, cursors: ['4.0'] },
      { why: 'another mailbox', filter: { mailbox: 'other' }, cursors: [] },
      { why: 'since', filter: { since: ago(0.5) }, cursors: ['3.0', '2.1', '2.0'] },
      { why: 'until', filter: { until: ago(1) }, cursors: ['1.1', '1.0'] },
      {
        why: 'a moment itself is since it, not until it',
        filter: { since: ago(33), until: ago(1) },
        cursors: ['1.1', '1.0'],
      },
    ];
    for (const { why, filter, cursors } of cases) expect(await found(filter), why).toEqual(cursors);
  });

  it('come in pages that lose nothing and repeat nothing', async () => {
    const { database } = await scene();
    const seen: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const page = await listReports(database.sql, { limit: 1, cursor });
      if (page.length === 0) break;
      cursor = page[0]?.cursor;
      seen.push(...page.map((report) => report.cursor));
    }
    expect(seen).toEqual(['4.0', '3.0', '2.1', '2.0', '1.1', '1.0']);
  });

  it('have all that was said', async () => {
    const { database } = await scene();
    const [report] = await listReports(database.sql, { limit: 1 });
    expect(report).toEqual({
      cursor: '4.0',
      messageId: '4',
      mailbox: 'inbox',
      reportedAt: ago(1),
      kind: 'complaint',
      address: 'c@example.org',
      recipient: 'c@example.org',
      originalRecipient: null,
      action: null,
      status: null,
      replyCode: 550,
      category: null,
      scope: 'recipient',
      hard: true,
      diagnostic: '550 5.1.1 unknown user',
      remoteMta: null,
      retryUntil: null,
      originalMessageId: 'm@us',
      envelopeId: null,
      feedbackType: 'abuse',
      autoReply: null,
      token: null,
      trust: 'address-only',
      originalHeaders: {},
      rule: 'rfc3464',
    });
  });

  it('are counted by everything there is, and the counts add up', async () => {
    const { database } = await scene();
    const keys: Record<ReportGroup, (string | null)[]> = {
      domain: ['example.org', 'sub.example.org', null],
      category: ['address-unknown', 'mailbox-full', null],
      day: ['2026-11-20', '2026-11-19', '2026-10-18'],
      mailbox: ['inbox'],
      status: ['5.1.1', '4.2.2', null],
      mta: ['mx.example.net', null],
    };
    for (const by of REPORT_GROUPS) {
      const rows = await reportStats(database.sql, { by, limit: 50 });
      expect(
        rows.map(({ key }) => key),
        by,
      ).toEqual(keys[by]);
      const sum = (of: 'reports' | 'failed' | 'delayed' | 'complaints'): number =>
        rows.reduce((total, row) => total + row[of], 0);
      expect([sum('reports'), sum('failed'), sum('delayed'), sum('complaints')], by).toEqual([6, 4, 1, 1]);
    }
    const [first] = await reportStats(database.sql, { by: 'domain', limit: 1, until: ago(0.5) });
    expect(first).toEqual({ key: 'example.org', reports: 2, failed: 1, delayed: 0, complaints: 1, addresses: 2 });
  });
});
