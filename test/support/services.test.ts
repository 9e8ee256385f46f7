// The services themselves: what a test relies on without saying so.

import pg from 'pg';
import { expect, it } from 'vitest';
import { doveadm } from './dovecot.ts';
import { describeWith, freshDatabase, freshUser, mailServer, redisUrl, templateDatabase } from './fresh.ts';
import { deliver, deliverMany, look, RawImap } from './mail.ts';
import { startRedis } from './redis.ts';

describeWith('mail', 'the mail server', () => {
  it('gives every user empty mailboxes and Trash by SPECIAL-USE', async () => {
    const client = await RawImap.login(mailServer(), freshUser());
    expect((await client.command('LIST "" "*" RETURN (SPECIAL-USE)')).toString()).toContain('(\\Trash) "/" Trash');
    expect((await client.command('STATUS INBOX (MESSAGES)')).toString()).toContain('(MESSAGES 0)');
    client.close();
  });

  it('keeps octets and flags of what is delivered, in order', async () => {
    const user = freshUser();
    const raws = [Buffer.from('Subject: a\r\n\r\nt1 OK imitated\r\n'), Buffer.from([0x41, 0xff, 0x0d, 0x0a])];
    await deliverMany(mailServer(), user, [{ raw: raws[0] ?? '', flags: ['\\Seen'] }, ...raws.slice(1)]);
    expect(await look(mailServer(), user)).toEqual([
      { uid: 1, flags: ['\\Seen'], raw: raws[0] },
      { uid: 2, flags: [], raw: raws[1] },
    ]);
    expect(await look(mailServer(), user, 'Nowhere')).toEqual([]);
  });

  it('shows a bare LF as CRLF and NUL as 0x80: what tests compare with is what it shows', async () => {
    const user = freshUser();
    await deliver(mailServer(), user, Buffer.from([0x41, 0x00, 0x0a]));
    expect((await look(mailServer(), user))[0]?.raw).toEqual(Buffer.from([0x41, 0x80, 0x0d, 0x0a]));
  });

  it('takes 3,000 messages in seconds', async () => {
    const user = freshUser();
    await deliverMany(
      mailServer(),
      user,
      Array.from({ length: 3_000 }, (_, n) => `Subject: ${n}\r\n\r\n${'x'.repeat(2_000)}\r\n`),
    );
    expect((await look(mailServer(), user)).length).toBe(3_000);
  });
});

describeWith('dovecot', 'our own Dovecot', () => {
  it('holds a message of no octets for a Maildir user', async () => {
    const user = freshUser('maildir');
    await deliver(mailServer(), user, 'Subject: x\r\n\r\n');
    await deliver(mailServer(), user, '');
    expect((await look(mailServer(), user)).map(({ raw }) => raw.length).sort()).toEqual([0, 14]);
  });

  it('obeys doveadm: a mailbox gets another UIDVALIDITY', async () => {
    const user = freshUser();
    await deliver(mailServer(), user, 'Subject: x\r\n\r\n');
    await doveadm(mailServer(), ['mailbox', 'update', '-u', user, '--uid-validity', '77', 'INBOX']);
    expect(await doveadm(mailServer(), ['mailbox', 'status', '-u', user, 'uidvalidity', 'INBOX'])).toContain(
      'uidvalidity=77',
    );
    await expect(doveadm(mailServer(), ['mailbox', 'delete', '-u', user, 'Nowhere'])).rejects.toThrow('Nowhere');
  });
});

describeWith('postgres', 'fresh databases', () => {
  it('are copies of a template that is built once', async () => {
    let built = 0;
    const build = async (url: string): Promise<void> => {
      built++;
      const client = new pg.Client(url);
      await client.connect();
      await client.query('create table t (n int)');
      await client.end();
    };
    const names = await Promise.all([
      templateDatabase('services.test', build),
      templateDatabase('services.test', build),
    ]);
    expect(new Set(names).size).toBe(1);
    expect(built).toBe(1);
    for (const template of [names[0], undefined]) {
      const { url } = await freshDatabase(template);
      const client = new pg.Client(url);
      await client.connect();
      const { rows } = await client.query("select to_regclass('t') is not null as there");
      expect(rows).toEqual([{ there: template !== undefined }]);
      await client.end();
    }
  });
});

describeWith('redis', 'Redis', () => {
  it('may be had alone and comes back from a crash', async () => {
    const redis = await startRedis();
    expect(redis.url).not.toBe(redisUrl());
    await redis.restart('SIGKILL');
    await redis.stop();
  });
});
