// What stored bounces become: rows, suppressions, events; in the storing transaction or not at all.

import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { DAY, failure, policyOf, store, suppressed, told, verdict } from './bounce.ts';
import { migrated } from './store.ts';

const NOW = new Date(Date.UTC(2026, 10, 20, 12));
const ago = (days: number): Date => new Date(NOW.getTime() - days * DAY);
const atOnce = policyOf({ 'address-unknown': {}, complaint: {} });
const full = failure('ann@example.org', { category: 'mailbox-full', status: '5.2.2', hard: false });

async function withPartitions(database: Awaited<ReturnType<typeof migrated>>['database']): Promise<void> {
  await database.sql.query('select maildrain.ensure_partitions($1, 2)', [NOW]);
}

async function scene(): Promise<Awaited<ReturnType<typeof migrated>>> {
  const made = await migrated();
  await withPartitions(made.database);
  return made;
}

describeWith('postgres', 'reports', () => {
  it('has a row for each recipient, with everything that was said', async () => {
    const { database, mailboxId } = await scene();
    const [id] = await store(
      database,
      mailboxId,
      [
        {
          verdict: verdict(
            [failure('Ann@Example.ORG'), failure('bob@bücher.example', { action: 'delayed', retryUntil: ago(-1) })],
            { originalMessageId: 'a@b', envelopeId: 'E1' },
          ),
          at: ago(2),
        },
      ],
      { now: NOW },
    );
    const { rows } = await database.sql.query('select * from maildrain.delivery_report order by n');
    expect(rows).toMatchObject([
      {
        message_id: id,
        n: 0,
        kind: 'bounce',
        recipient: 'Ann@Example.ORG',
        address: 'ann@example.org',
        action: 'failed',
        status: '5.1.1',
        reply_code: 550,
        category: 'address-unknown',
        scope: 'recipient',
        hard: true,
        remote_mta: 'mx.example.net',
        original_message_id: 'a@b',
        envelope_id: 'E1',
        trust: 'address-only',
        reported_at: ago(2),
        rule: 'rfc3464',
        part: '2',
      },
      { n: 1, address: 'bob@xn--bcher-kva.example', action: 'delayed', retry_until: ago(-1) },
    ]);
    expect(await told(database)).toEqual(['bounce.failed ann@example.org', 'bounce.delayed bob@xn--bcher-kva.example']);
  });

  it('writes no row for ordinary mail, and one without an address for a bounce that names nobody', async () => {
    const { database, mailboxId } = await scene();
    await store(database, mailboxId, [{ verdict: verdict([], { kind: 'other' }) }, { verdict: verdict([]) }], {
      now: NOW,
    });
    const { rows } = await database.sql.query('select kind, recipient, address from maildrain.delivery_report');
    expect(rows).toEqual([{ kind: 'bounce', recipient: null, address: null }]);
    expect(await told(database)).toEqual([]);
  });

  it('suppresses the address that was sent to, not the one it was forwarded to', async () => {
    const { database, mailboxId } = await scene();
    const forwarded = failure('final@example.net', { originalAddress: 'alias@example.org' });
    await store(database, mailboxId, [{ verdict: verdict([forwarded]) }], { now: NOW, policy: atOnce });
    expect(Object.keys(await suppressed(database))).toEqual(['alias@example.org']);
  });

  it('leaves nothing when the batch is rolled back', async () => {
    const { database, mailboxId } = await scene();
    const bounce = { verdict: verdict([failure('ann@example.org')]) };
    const work = store(database, mailboxId, [bounce, { ...bounce, at: new Date(Number.NaN) }], {
      now: NOW,
      policy: atOnce,
    });
    await expect(work).rejects.toThrow();
    expect(await suppressed(database)).toEqual({});
    expect(await told(database)).toEqual([]);
  });

  it('tells of stored messages only where somebody wants to hear', async () => {
    const { database, mailboxId } = await scene();
    await database.sql.query(`insert into maildrain.event_sink (name, types) values ('s', array['message.stored'])`);
    const post = { verdict: verdict([], { kind: 'other' }) };
    await store(database, mailboxId, [post], { now: NOW, tellStored: true });
    await store(database, mailboxId, [{ verdict: verdict([failure('ann@example.org')]) }], { now: NOW });
    expect(await told(database)).toEqual(['message.stored inbox', 'bounce.failed ann@example.org']);
    const { rows } = await database.sql.query(
      `select d.sink, e.type, e.published_at is null as open from maildrain.event e left join maildrain.event_delivery d on d.event_id = e.id order by e.id`,
    );
    expect(rows).toEqual([
      { sink: 's', type: 'message.stored', open: true },
      { sink: null, type: 'bounce.failed', open: false },
    ]);
  });
});

describeWith('postgres', 'suppression rules', () => {
  it('suppresses hard failures and complaints at once, and says so once', async () => {
    const { database, mailboxId } = await scene();
    const complaint = verdict([failure('bob@example.org', { action: null, category: null, scope: null, hard: null })], {
      kind: 'complaint',
      feedbackType: 'abuse',
    });
    const posts = [{ verdict: verdict([failure('ann@example.org')]) }, { verdict: complaint }];
    await store(database, mailboxId, posts, { now: NOW, policy: atOnce });
    await store(database, mailboxId, posts, { now: NOW, policy: atOnce });
    expect(await suppressed(database)).toEqual({
      'ann@example.org': { reason: 'address-unknown', until: null },
      'bob@example.org': { reason: 'complaint', until: null },
    });
    expect((await told(database)).filter((line) => line.startsWith('suppression'))).toEqual([
      'suppression.added ann@example.org',
      'suppression.added bob@example.org',
    ]);
  });

  const harmless = [
    { why: 'a delay', said: verdict([failure('ann@example.org', { action: 'delayed' })]) },
    { why: 'the trouble of somebody else', said: verdict([failure('ann@example.org', { scope: 'network' })]) },
    { why: 'a cause without a rule', said: verdict([failure('ann@example.org', { category: 'policy' })]) },
    {
      why: 'a failed authentication',
      said: verdict([failure('ann@example.org')], { kind: 'complaint', feedbackType: 'auth-failure' }),
    },
    {
      why: 'somebody who says that it was no spam',
      said: verdict([failure('ann@example.org')], { kind: 'complaint', feedbackType: 'not-spam' }),
    },
    { why: 'an automatic reply', said: verdict([failure('ann@example.org')], { kind: 'auto-reply' }) },
  ];
  it.each(harmless)('does not suppress for $why', async ({ said }) => {
    const { database, mailboxId } = await scene();
    await store(database, mailboxId, [{ verdict: said }], { now: NOW, policy: atOnce });
    expect(await suppressed(database)).toEqual({});
  });

  it('counts days, not reports, within the window', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { after: 3, withinMs: 10 * DAY, forMs: 30 * DAY } });
    const on = (days: number) => ({ verdict: verdict([full]), at: ago(days) });
    await store(database, mailboxId, [on(20), on(4), on(4), on(4), on(1)], { now: NOW, policy });
    expect(await suppressed(database)).toEqual({});
    await store(database, mailboxId, [on(0)], { now: NOW, policy });
    expect(await suppressed(database)).toEqual({ 'ann@example.org': { reason: 'mailbox-full', until: ago(-30) } });
  });

  it('counts mail that is drained out of order', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { after: 3, withinMs: 10 * DAY, forMs: 30 * DAY } });
    for (const days of [1, 2, 8])
      await store(database, mailboxId, [{ verdict: verdict([full]), at: ago(days) }], { now: NOW, policy });
    expect(await suppressed(database)).toEqual({ 'ann@example.org': { reason: 'mailbox-full', until: ago(-29) } });
  });

  it('forgets what was before a delivery', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { after: 2, withinMs: 10 * DAY, forMs: 30 * DAY } });
    const delivered = verdict([failure('ann@example.org', { action: 'delivered', category: null })]);
    await store(database, mailboxId, [{ verdict: verdict([full]), at: ago(3) }], { now: ago(3), policy });
    await store(database, mailboxId, [{ verdict: delivered, at: ago(2) }], { now: ago(2), policy });
    await store(database, mailboxId, [{ verdict: verdict([full]), at: ago(1) }], { now: ago(1), policy });
    expect(await suppressed(database)).toEqual({});
    await store(database, mailboxId, [{ verdict: verdict([full]) }], { now: NOW, policy });
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org']);
  });

  it('goes by when something was delivered, not by when that was drained', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({
      'address-unknown': {},
      'mailbox-full': { after: 3, withinMs: 10 * DAY, forMs: 30 * DAY },
    });
    const delivered = (address: string, days: number) => ({
      verdict: verdict([failure(address, { action: 'delivered', category: null })]),
      at: ago(days),
    });
    const gone = { verdict: verdict([failure('gone@example.org')]), at: ago(1) };
    await store(database, mailboxId, [gone, delivered('gone@example.org', 10)], { now: NOW, policy });
    for (const days of [3, 2])
      await store(database, mailboxId, [{ verdict: verdict([full]), at: ago(days) }], { now: NOW, policy });
    await store(database, mailboxId, [delivered('ann@example.org', 30)], { now: NOW, policy });
    await store(database, mailboxId, [{ verdict: verdict([full]) }], { now: NOW, policy });
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org', 'gone@example.org']);
  });

  it('does not suppress for what would be over already', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'address-unknown': { forMs: 5 * DAY } });
    await store(database, mailboxId, [{ verdict: verdict([failure('ann@example.org')]), at: ago(6) }], {
      now: NOW,
      policy,
    });
    expect(await suppressed(database)).toEqual({});
  });

  it('makes a suppression longer, never shorter, and leaves what a person said alone', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { forMs: 30 * DAY }, complaint: {} });
    await database.sql.query(
      `insert into maildrain.suppression (address, reason, source, until) values ('man@example.org', 'manual', 'manual', $1)`,
      [ago(-1)],
    );
    const complaint = (address: string) => ({
      verdict: verdict([failure(address)], { kind: 'complaint', feedbackType: 'abuse' }),
    });
    await store(database, mailboxId, [{ verdict: verdict([full]) }], { now: NOW, policy });
    await store(database, mailboxId, [{ verdict: verdict([full]), at: ago(3) }], { now: NOW, policy });
    expect((await suppressed(database))['ann@example.org']?.until).toEqual(ago(-30));
    await store(database, mailboxId, [complaint('ann@example.org'), complaint('man@example.org')], {
      now: NOW,
      policy,
    });
    expect(await suppressed(database)).toEqual({
      'ann@example.org': { reason: 'complaint', until: null },
      'man@example.org': { reason: 'manual', until: ago(-1) },
    });
  });

  it('suppresses anew once the time is over', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { forMs: 2 * DAY } });
    await store(database, mailboxId, [{ verdict: verdict([full]), at: ago(9) }], { now: ago(9), policy });
    await store(database, mailboxId, [{ verdict: verdict([full]) }], { now: NOW, policy });
    expect(await suppressed(database)).toEqual({ 'ann@example.org': { reason: 'mailbox-full', until: ago(-2) } });
    expect((await told(database)).filter((line) => line.startsWith('suppression'))).toHaveLength(2);
  });

  it('believes only what the policy trusts', async () => {
    const { database, mailboxId } = await scene();
    const signedFor = (address: string) => ({ token: 't', address, signed: true, originalHeaders: {} });
    const posts = [
      { verdict: verdict([failure('forged@example.org')]) },
      { verdict: verdict([failure('sent@example.org')], { originalMessageId: 'known@us' }) },
      { verdict: verdict([failure('where-it-went@example.net')]), correlation: signedFor('signed@example.org') },
      // A list that was expanded: the tag is the list's, and none of its members is the list.
      {
        verdict: verdict([failure('member1@example.net'), failure('member2@example.net')]),
        correlation: signedFor('list@example.org'),
      },
    ];
    await database.sql.query(`insert into maildrain.sent_message (message_id) values ('known@us')`);
    const trusts = ['signed', 'known-message', 'address-only'] as const;
    const found: string[][] = [];
    for (const trust of trusts) {
      await store(database, mailboxId, posts, { now: NOW, policy: { ...atOnce, trust } });
      found.push(Object.keys(await suppressed(database)));
    }
    expect(found).toEqual([
      ['signed@example.org'],
      ['sent@example.org', 'signed@example.org'],
      ['forged@example.org', 'member1@example.net', 'member2@example.net', 'sent@example.org', 'signed@example.org'],
    ]);
  });

  it('two drains at once count as if one came after the other', async () => {
    const { database, mailboxId } = await scene();
    const policy = policyOf({ 'mailbox-full': { after: 8, withinMs: 30 * DAY } });
    const days = Array.from({ length: 8 }, (_, day) => day);
    await Promise.all(
      days.map((day) => store(database, mailboxId, [{ verdict: verdict([full]), at: ago(day) }], { now: NOW, policy })),
    );
    // Whoever came last saw all of them; only the newest report has the whole window behind it.
    await store(database, mailboxId, [{ verdict: verdict([full]) }], { now: NOW, policy });
    expect(Object.keys(await suppressed(database))).toEqual(['ann@example.org']);
    const lines = await told(database);
    expect(lines.filter((line) => line === 'suppression.added ann@example.org')).toHaveLength(1);
  });

  it('takes more addresses in one batch than it has locks for', async () => {
    const { database, mailboxId } = await scene();
    const posts = Array.from({ length: 10 }, (_, m) => ({
      verdict: verdict(Array.from({ length: 100 }, (_, n) => failure(`u${m}-${n}@example.org`))),
    }));
    await store(database, mailboxId, posts, { now: NOW, policy: atOnce });
    expect(Object.keys(await suppressed(database))).toHaveLength(1000);
  });
});
