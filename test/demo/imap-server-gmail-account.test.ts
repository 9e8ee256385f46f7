// The sample server with Gmail's behaviour: folders in any language, X-GM-EXT-1, logins and limits (provider-quirks 1.4 to 1.7).

import { describe, expect, it } from 'vitest';
import type { GmailOptions } from '../../src/demo/imap-server/server.ts';
import { ann, connect, count, flow, message, raw, start } from './fixture.ts';

describe('folders', () => {
  const locales: [NonNullable<GmailOptions['locale']>, string, string][] = [
    ['en', 'Trash', 'All Mail'],
    ['en-GB', 'Bin', 'All Mail'],
    ['es', 'Papelera', 'Todos'],
    ['de', 'Papierkorb', 'Alle Nachrichten'],
    ['ru', 'Корзина', 'Вся почта'],
    ['ja', 'ゴミ箱', 'すべてのメール'],
  ];
  for (const [locale, trash, all] of locales) {
    it(`in ${locale} are found by attribute, beside a label that is called Trash`, async () => {
      await start({ gmail: { locale, rootName: '[Google Mail]' } });
      ann.createFolder('Trash');
      const client = await flow();
      const listed = await client.list();
      const special = (use: string): string[] =>
        listed
          .filter((entry) => entry.specialUse === use && entry.specialUseSource === 'extension')
          .map((entry) => entry.path);
      expect(special('\\Trash')).toEqual([`[Google Mail]/${trash}`]);
      expect(special('\\All')).toEqual([`[Google Mail]/${all}`]);
      expect(listed.find((entry) => entry.path === '[Google Mail]')?.flags.has('\\Noselect')).toBe(true);
      expect((await client.mailboxOpen(`[Google Mail]/${all}`)).exists).toBe(0);
    });
  }

  it('are modified UTF-7 until UTF8=ACCEPT is enabled, then UTF-8', async () => {
    await start({ gmail: { locale: 'ru' } });
    const client = await raw();
    expect(await client.command('LIST "" "*"')).toContain(
      '* LIST (\\HasNoChildren \\Trash) "/" "[Gmail]/&BBoEPgRABDcEOAQ9BDA-"',
    );
    expect(await client.command('SELECT "[Gmail]/&BBIEQQRP- &BD8EPgRHBEIEMA-"')).toContain('READ-WRITE');
    await client.command('UNSELECT');
    expect(await client.command('ENABLE UTF8=ACCEPT CONDSTORE')).toContain('* ENABLED UTF8=ACCEPT\r\n');
    const listed = Buffer.from(await client.command('LIST "" "*"'), 'latin1').toString('utf8');
    expect(listed).toContain('"[Gmail]/Корзина"');
  });

  it('that are hidden are neither listed nor opened', async () => {
    await start({ gmail: { hideTrash: true } });
    ann.deliver(message(1));
    const client = await raw('INBOX');
    expect(await client.command('LIST "" "*"')).not.toContain('\\Trash');
    expect(await client.command('UID MOVE 1 [Gmail]/Trash')).toMatch(/^NO \[TRYCREATE\]/);
    expect(await client.command('SELECT [Gmail]/Trash')).toMatch(/^NO \[NONEXISTENT\] Unknown Mailbox/);
    expect(count('INBOX')).toBe(1);
  });

  it('over maxFolderSize show the newest, and the rest when those are gone', async () => {
    await start({ gmail: { maxFolderSize: 2 } });
    for (let n = 1; n <= 3; n += 1) ann.deliver(message(n));
    const client = await flow('INBOX');
    expect(await client.search({ all: true }, { uid: true })).toEqual([2, 3]);
    await client.messageMove('2:3', ann.path('\\Trash'), { uid: true });
    await client.mailboxOpen('INBOX');
    const again = await flow('INBOX');
    expect(await again.search({ all: true }, { uid: true })).toEqual([1]);
  });
});

describe('extensions', () => {
  it('one message has one X-GM-MSGID in every folder, beyond what a number can hold', async () => {
    await start({ gmail: {} });
    const { emailId } = ann.deliver(message(1), { labels: ['Arbeit & Spaß'] });
    expect(Number.isSafeInteger(Number(emailId))).toBe(false);
    for (const folder of ['INBOX', 'Arbeit & Spaß', ann.path('\\All')]) {
      const client = await flow(folder);
      const [found] = await client.fetchAll(
        '1:*',
        { uid: true, source: true, labels: true, threadId: true },
        { uid: true },
      );
      expect(found).toMatchObject({ emailId, threadId: emailId, source: message(1) });
      expect(await client.search({ emailId }, { uid: true })).toEqual([1]);
    }
    const inbox = await raw('INBOX');
    // The label of the selected mailbox is left out.
    expect(await inbox.command('FETCH 1 X-GM-LABELS')).toContain('X-GM-LABELS ("Arbeit &- Spa&AN8-")');
    const all = await raw(`"${ann.path('\\All')}"`);
    expect(await all.command('FETCH 1 X-GM-LABELS')).toContain('X-GM-LABELS ("Arbeit &- Spa&AN8-" "\\\\Inbox")');
  });

  it('search takes whole words, X-GM-RAW a little of the web syntax', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    ann.deliver(Buffer.from('Subject: m2\r\nMessage-ID: <2@example.org>\r\n\r\n'));
    const client = await raw('INBOX');
    expect(await client.command('UID SEARCH SUBJECT m1')).toContain('* SEARCH 1\r\n');
    expect(await client.command('UID SEARCH SUBJECT m')).toContain('* SEARCH\r\n');
    expect(await client.command('UID SEARCH X-GM-RAW "rfc822msgid:2@example.org is:unread"')).toContain(
      '* SEARCH 2\r\n',
    );
  });

  it('the capabilities before and after login are those of imap.gmail.com', async () => {
    await start({ gmail: {} });
    const { client, greeting } = await connect();
    expect(greeting).toMatch(/^\* OK Gimap ready/);
    expect(await client.command('CAPABILITY')).not.toMatch(/UIDPLUS|MOVE|ESEARCH/);
    const login = await client.command('LOGIN ann secret');
    expect(login).toMatch(
      /X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT .*SPECIAL-USE APPENDLIMIT=35651584\r\n/,
    );
    expect(login).not.toMatch(/QRESYNC|OBJECTID/);
  });
});

describe('limits', () => {
  it('THROTTLED: writes say OK and do nothing, reads go on', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    ann.throttled = true;
    const client = await raw('INBOX');
    for (const command of [
      'UID MOVE 1 [Gmail]/Trash',
      'UID STORE 1 +FLAGS (\\Deleted)',
      'UID EXPUNGE 1',
      'CREATE New',
    ]) {
      expect(await client.command(command)).toMatch(/^OK \[THROTTLED\]/);
    }
    expect(await client.command('UID FETCH 1 BODY.PEEK[TEXT]')).toContain('body');
    expect([ann.messages()[0]?.flags, count('\\Trash'), ann.folders().includes('New')]).toEqual([[], 0, false]);
  });

  it('the bandwidth of the day ends the session with BYE and refuses the next login', async () => {
    await start({ gmail: {} });
    ann.deliver(message(1));
    ann.bandwidthLeft = 10;
    const client = await raw('INBOX');
    expect(await client.command('UID FETCH 1 BODY.PEEK[]')).toMatch(/OK Fetched\r\n$/);
    expect(await client.command('NOOP')).toBe('* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n');
    const { client: next } = await connect();
    expect(await next.command('LOGIN ann secret')).toMatch(/^NO \[ALERT\] Account exceeded/);
  });

  it('the 16th connection is a NO to the login, in words that are no wrong password', async () => {
    await start({ gmail: {} });
    for (let n = 0; n < 15; n += 1) await raw();
    expect(ann.connections).toBe(15);
    await expect(flow()).rejects.toMatchObject({
      serverResponseCode: 'ALERT',
      responseText: expect.stringContaining('Too many simultaneous'),
    });
  });

  it('an account that wants an application password says so, and takes it with spaces', async () => {
    await start({ gmail: { appPassword: 'abcd efgh ijkl mnop' } });
    const { client } = await connect();
    expect(await client.command('LOGIN ann secret')).toMatch(/^NO \[ALERT\] Application-specific password required/);
    expect(await client.command('LOGIN ann wrong')).toMatch(/^NO \[AUTHENTICATIONFAILED\]/);
    expect(await client.command('LOGIN ann abcdefghijklmnop')).toMatch(/\r\nOK ann authenticated/);
  });

  it('XOAUTH2: a bad token is explained in a challenge, and refused when the client has answered it', async () => {
    await start({ gmail: {} });
    const { client } = await connect();
    const response = (token: string): string =>
      Buffer.from(`user=ann\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64');
    client.write(`x AUTHENTICATE XOAUTH2 ${response('stale')}\r\n`);
    const challenge = (await client.until(/^\+ .*\r\n$/)).slice(2);
    expect(JSON.parse(Buffer.from(challenge, 'base64').toString())).toMatchObject({ status: '400', schemes: 'Bearer' });
    client.write('\r\n');
    expect(await client.until(/x .*\r\n$/)).toMatch(/^x NO \[AUTHENTICATIONFAILED\]/);
    expect(await client.command(`AUTHENTICATE XOAUTH2 ${response('secret')}`)).toMatch(/\r\nOK ann authenticated/);
  });
});
