// Messages that Postgres will not take: one is held and the others go on; all is Postgres's trouble, and nobody is held. And the words of hostile
// reports, which must never be such a message.

import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { heldMessages, release } from '../../src/store/holds.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, type Scene, scene } from './scene.ts';

const sha256 = (raw: Buffer): string => createHash('sha256').update(raw).digest('hex');

async function refuse(there: Scene, condition: string): Promise<void> {
  await there.database.sql.query(
    `create function maildrain.refuse() returns trigger language plpgsql as $$ begin
       if ${condition} then raise exception 'no' using errcode = '22021'; end if; return new; end $$;
     create trigger refuse before insert on maildrain.message for each row execute function maildrain.refuse()`,
  );
}

describeWith('postgres', 'a message that Postgres refuses', () => {
  it('is held, and the others of its batch are stored and disposed', async () => {
    const there = await scene();
    const mail = there.deliver(5);
    const bad = mail[2] ?? Buffer.alloc(0);
    await refuse(there, `new.size = ${bad.length} and new.digest = sha256('\\x${bad.toString('hex')}')`);
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 4, disposed: 4, held: 1, error: null });
    expect(await heldMessages(there.database.sql, null)).toMatchObject([{ uid: '3', reason: 'store-refused' }]);
    expect(there.left()).toEqual([3]);

    await there.database.sql.query('drop trigger refuse on maildrain.message');
    await release(there.database.sql, 'inbox', null);
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1, disposed: 1 });
    expectSameMail(await there.stored(), mail);
  });

  const SIZES = [
    { why: 'directly before a large one', size: 300, behind: 9 * 1024 * 1024 },
    { why: 'itself too large for memory', size: 9 * 1024 * 1024, behind: 300 },
  ];

  it.each(SIZES)('is held ($why)', async ({ size, behind }) => {
    const there = await scene();
    const bad = letter(size);
    await refuse(there, `new.size = ${bad.length} and new.digest = '\\x${sha256(bad)}'`);
    there.account.deliver(bad);
    there.account.deliver(letter(behind));
    there.deliver(1);
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 2, disposed: 2, held: 1, error: null });
    expect(await heldMessages(there.database.sql, null)).toMatchObject([{ uid: '1', reason: 'store-refused' }]);
    expect(there.left()).toEqual([1]);
  });

  it('is held again when its release did not help, and stops nobody', async () => {
    const there = await scene();
    const mail = there.deliver(5);
    const bad = mail[2] ?? Buffer.alloc(0);
    await refuse(there, `new.size = ${bad.length} and new.digest = sha256('\\x${bad.toString('hex')}')`);
    await there.drain();
    await release(there.database.sql, 'inbox', null);
    there.deliver(1);
    expect(await there.drain()).toMatchObject({ outcome: 'partial', stored: 1, disposed: 1, held: 1, error: null });
    expect(await heldMessages(there.database.sql, null)).toMatchObject([{ uid: '3', released: false }]);
    expect(there.left()).toEqual([3]);
  });

  it('is nobody’s fault when all are refused', async () => {
    const there = await scene();
    there.deliver(3);
    await refuse(there, 'true');
    expect(await there.drain()).toMatchObject({ outcome: 'failed', stored: 0, held: 0, error: { code: 'BUG' } });
    expect(await heldMessages(there.database.sql, null)).toEqual([]);
    expect(there.left()).toEqual([1, 2, 3]);
  });
});

const ses = (recipient: string, more = ''): string =>
  `From: no-reply@sns.amazonses.com\r\nSubject: Amazon SES Email Event Notification\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[${recipient}]${more}},"mail":{"messageId":"m","destination":["ann@example.org"]}}\r\n`;
const dsn = (id: string, remote = 'mx.example.net'): string =>
  `From: MAILER-DAEMON@mx.example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nfailed\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; ${remote}\r\n\r\n--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <${id}>\r\n\r\nx\r\n--B--\r\n`;
const complaint = (address: string): string =>
  `From: no-reply@sns.amazonaws.com\r\nX-Amz-Sns-Message-Id: 1\r\nSubject: AWS Notification Message\r\n\r\n{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"${address}"}]},"mail":{"messageId":"m\\u0000\\ud800"}}\r\n`;
const pasted = `From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered mail\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nann@example.org: user unknown\r\n\r\nMessage-ID: a@${'x'.repeat(254)}😀\r\n`;

describeWith('postgres', 'what hostile reports say', () => {
  const hostile = [
    { why: 'NUL in JSON', raw: ses('{"emailAddress":"ann@example.org","diagnosticCode":"smtp; 550 \\u0000 no"}') },
    { why: 'half a pair in JSON', raw: ses('{"emailAddress":"a\\ud800@example.org","diagnosticCode":"\\ud800"}') },
    {
      why: 'a year of six digits',
      raw: ses('{"emailAddress":"ann@example.org"}', ',"expirationTime":"-200000-04-20T00:00:00Z"'),
    },
    {
      why: 'a Message-ID of 990 ideographs',
      raw: dsn(Array.from({ length: 990 }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7919) % 20_000))).join('')),
    },
    { why: 'a host of pairs', raw: dsn('a@b', '😀'.repeat(1500)) },
    { why: 'NUL in a complaint', raw: complaint('ann\\u0000\\udfff@example.org') },
    { why: 'a pair at the end of what is kept', raw: pasted },
  ];

  it.each(hostile)('is stored all the same: $why', async ({ raw }) => {
    const there = await scene();
    there.account.deliver(Buffer.from(raw));
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 1, disposed: 1, held: 0, error: null });
    const { rows } = await there.database.sql.query<{ kind: string }>('select kind from maildrain.delivery_report');
    expect(rows).toHaveLength(1);
  });
});
