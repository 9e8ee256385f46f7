// The sample server with Gmail's behaviour, seen through imapflow as maildrain sees it, and by looking at the account itself.
// What is expected here is provider-quirks section 1; a row per statement.

import { ImapFlow } from 'imapflow';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AccountControl,
  type GmailOptions,
  type ImapServer,
  startImapServer,
} from '../../src/demo/imap-server/server.ts';
import { RawClient } from './raw-client.ts';

let server: ImapServer;
let ann: AccountControl;
const open: { end(): void }[] = [];

async function start(gmail: GmailOptions = {}): Promise<void> {
  server = await startImapServer({ password: 'secret', gmail });
  ann = server.account('ann');
}

async function flow(folder?: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    auth: { user: 'ann', pass: 'secret' },
    logger: false,
    disableAutoIdle: true,
  });
  client.on('error', () => undefined);
  open.push({ end: () => client.close() });
  await client.connect();
  if (folder !== undefined) await client.mailboxOpen(folder);
  return client;
}

async function raw(folder?: string): Promise<RawClient> {
  const client = await RawClient.login(server.port, 'ann', folder);
  open.push(client);
  return client;
}

const message = (n: number): Buffer =>
  Buffer.from(`Subject: message number ${n}\r\nMessage-ID: <${n}@example.org>\r\n\r\nbody\r\n`);
const count = (folder: string): number => ann.messages(folder).length;

afterEach(async () => {
  for (const client of open.splice(0)) client.end();
  await server.close();
});

describe('\\Deleted and EXPUNGE', () => {
  interface Row {
    why: string;
    gmail: GmailOptions;
    /** Where the message is deleted from; it stands in INBOX and, when `label`, under Work. */
    from: string;
    label?: boolean;
    afterStore: { inbox: number; work: number; all: number; trash: number };
    afterExpunge: { inbox: number; work: number; all: number; trash: number };
  }
  const here = (inbox: number, work: number, all: number, trash: number): Row['afterStore'] => ({
    inbox,
    work,
    all,
    trash,
  });
  const off = { autoExpunge: false } as const;
  const rows: Row[] = [
    {
      why: 'the default only archives',
      gmail: {},
      from: 'INBOX',
      afterStore: here(0, 0, 1, 0),
      afterExpunge: here(0, 0, 1, 0),
    },
    {
      why: 'auto-expunge off waits',
      gmail: off,
      from: 'INBOX',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(0, 0, 1, 0),
    },
    {
      why: 'only this label goes',
      gmail: {},
      from: 'Work',
      label: true,
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(1, 0, 1, 0),
    },
    {
      why: 'the last label goes to Trash',
      gmail: { expungeBehavior: 'trash' },
      from: 'INBOX',
      afterStore: here(0, 0, 0, 1),
      afterExpunge: here(0, 0, 0, 1),
    },
    {
      why: 'not the last label: nothing goes to Trash',
      gmail: { expungeBehavior: 'trash' },
      from: 'INBOX',
      label: true,
      afterStore: here(0, 1, 1, 0),
      afterExpunge: here(0, 1, 1, 0),
    },
    {
      why: 'the last label, for ever, at EXPUNGE',
      gmail: { ...off, expungeBehavior: 'deleteForever' },
      from: 'INBOX',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(0, 0, 0, 0),
    },
    {
      why: 'All Mail may count as a visible folder',
      gmail: { expungeBehavior: 'trash', allMailCountsAsVisible: true },
      from: 'INBOX',
      afterStore: here(0, 0, 1, 0),
      afterExpunge: here(0, 0, 1, 0),
    },
    {
      why: 'and does not when it is hidden',
      gmail: { expungeBehavior: 'trash', allMailCountsAsVisible: true, hideAll: true },
      from: 'INBOX',
      afterStore: here(0, 0, 0, 1),
      afterExpunge: here(0, 0, 0, 1),
    },
    {
      why: 'All Mail: OK, and nothing',
      gmail: {},
      from: '\\All',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(1, 0, 1, 0),
    },
    {
      why: 'the same without auto-expunge',
      gmail: off,
      from: '\\All',
      afterStore: here(1, 0, 1, 0),
      afterExpunge: here(1, 0, 1, 0),
    },
  ];
  for (const { why, gmail, from, label, afterStore, afterExpunge } of rows) {
    it(`in ${from} with ${JSON.stringify(gmail)}: ${why}`, async () => {
      await start(gmail);
      ann.createFolder('Work');
      ann.deliver(message(1), { labels: label === true ? ['Work'] : [] });
      const look = (): Row['afterStore'] => here(count('INBOX'), count('Work'), count('\\All'), count('\\Trash'));
      const client = await raw(`"${ann.path(from)}"`);
      expect(await client.command('UID STORE 1 +FLAGS (\\Deleted)')).toMatch(/^OK|\r\nOK/);
      expect(look()).toEqual(afterStore);
      expect(await client.command('UID EXPUNGE 1')).toMatch(/OK Expunged\r\n$/);
      expect(look()).toEqual(afterExpunge);
    });
  }

  for (const folder of ['\\Trash', '\\Junk']) {
    it(`in ${folder} it is for ever`, async () => {
      await start();
      ann.deliver(message(1), { folder });
      const client = await flow(ann.path(folder));
      await client.messageDelete('1', { uid: true });
      expect([count(folder), count('\\All')]).toEqual([0, 0]);
    });
  }

  it('auto-expunge tells the session with the STORE and leaves no FETCH behind', async () => {
    await start();
    ann.deliver(message(1));
    const client = await raw('INBOX');
    expect(await client.command('UID STORE 1 +FLAGS (\\Deleted)')).toBe('* 1 EXPUNGE\r\nOK Stored\r\n');
  });
});

describe('MOVE and COPY', () => {
  const rows: {
    why: string;
    from: string;
    to: string;
    by: 'messageMove' | 'messageCopy';
    left: Record<string, number>;
  }[] = [
    {
      why: 'out of every label and All Mail',
      from: 'INBOX',
      to: '\\Trash',
      by: 'messageMove',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Trash': 1 },
    },
    {
      why: 'from All Mail as well',
      from: '\\All',
      to: '\\Trash',
      by: 'messageMove',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Trash': 1 },
    },
    {
      why: 'COPY to Trash alone does it, too',
      from: 'INBOX',
      to: '\\Trash',
      by: 'messageCopy',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Trash': 1 },
    },
    {
      why: 'to Spam',
      from: 'INBOX',
      to: '\\Junk',
      by: 'messageMove',
      left: { INBOX: 0, Work: 0, '\\All': 0, '\\Junk': 1 },
    },
    {
      why: 'to a label changes one label for another',
      from: 'INBOX',
      to: 'Done',
      by: 'messageMove',
      left: { INBOX: 0, Work: 1, Done: 1, '\\All': 1 },
    },
    {
      why: 'a copy adds a label',
      from: 'INBOX',
      to: 'Done',
      by: 'messageCopy',
      left: { INBOX: 1, Work: 1, Done: 1, '\\All': 1 },
    },
    {
      why: 'All Mail keeps what is moved to a label',
      from: '\\All',
      to: 'Done',
      by: 'messageMove',
      left: { INBOX: 1, Work: 1, Done: 1, '\\All': 1 },
    },
    {
      why: 'to All Mail archives',
      from: 'INBOX',
      to: '\\All',
      by: 'messageMove',
      left: { INBOX: 0, Work: 1, '\\All': 1 },
    },
  ];
  for (const { why, from, to, by, left } of rows) {
    it(`${by} ${from} to ${to}: ${why}`, async () => {
      await start();
      ann.createFolder('Done');
      const { emailId } = ann.deliver(message(1), { labels: ['Work'] });
      const client = await flow(ann.path(from));
      const result = await client[by]('1', ann.path(to), { uid: true });
      expect(result).toMatchObject({ uidMap: new Map([[1, ann.messages(to)[0]?.uid]]) });
      expect(ann.messages(to)[0]?.emailId).toBe(emailId);
      expect(Object.fromEntries(Object.keys(left).map((folder) => [folder, count(folder)]))).toEqual(left);
    });
  }

  it('back from Trash the labels are there again, under new UIDs', async () => {
    await start();
    ann.deliver(message(1), { labels: ['Work'] });
    const client = await flow('INBOX');
    await client.messageMove('1', ann.path('\\Trash'), { uid: true });
    await client.mailboxOpen(ann.path('\\Trash'));
    await client.messageMove('1', 'INBOX', { uid: true });
    expect(['INBOX', 'Work', '\\All'].map((folder) => ann.messages(folder).map(({ uid }) => uid))).toEqual([
      [2],
      [2],
      [2],
    ]);
  });

  it('another session is told of what the move took out of its mailbox', async () => {
    await start();
    ann.deliver(message(1));
    ann.deliver(message(2));
    const other = await raw(`"${ann.path('\\All')}"`);
    const client = await flow('INBOX');
    await client.messageMove('1', ann.path('\\Trash'), { uid: true });
    expect(await other.command('NOOP')).toBe('* 1 EXPUNGE\r\nOK Completed\r\n');
  });

  it('a store of the label \\Trash trashes', async () => {
    await start();
    ann.deliver(message(1));
    const client = await flow('INBOX');
    await client.messageFlagsAdd('1', ['\\Trash'], { uid: true, useLabels: true });
    expect([count('INBOX'), count('\\All'), count('\\Trash')]).toEqual([0, 0, 1]);
  });

  it('cut in the middle of a MOVE, some are in Trash and the rest are not', async () => {
    await start();
    for (let n = 1; n <= 5; n += 1) ann.deliver(message(n));
    server.onCommand = (command) => (command.name === 'UID MOVE' ? { drop: 'midway', after: 2 } : undefined);
    const client = await flow('INBOX');
    expect(await client.messageMove('1:5', ann.path('\\Trash'), { uid: true })).toBe(false);
    expect([count('INBOX'), count('\\Trash'), client.usable]).toEqual([3, 2, false]);
  });
});

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
      await start({ locale, rootName: '[Google Mail]' });
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
    await start({ locale: 'ru' });
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
    await start({ hideTrash: true });
    ann.deliver(message(1));
    const client = await raw('INBOX');
    expect(await client.command('LIST "" "*"')).not.toContain('\\Trash');
    expect(await client.command('UID MOVE 1 [Gmail]/Trash')).toMatch(/^NO \[TRYCREATE\]/);
    expect(await client.command('SELECT [Gmail]/Trash')).toMatch(/^NO \[NONEXISTENT\] Unknown Mailbox/);
    expect(count('INBOX')).toBe(1);
  });

  it('over maxFolderSize show the newest, and the rest when those are gone', async () => {
    await start({ maxFolderSize: 2 });
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
    await start();
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
    const all = await raw(`"${ann.path('\\All')}"`);
    expect(await all.command('FETCH 1 X-GM-LABELS')).toContain('X-GM-LABELS ("Arbeit &- Spa&AN8-" "\\\\Inbox")');
  });

  it('search takes whole words, X-GM-RAW a little of the web syntax', async () => {
    await start();
    ann.deliver(message(1));
    ann.deliver(message(2));
    const client = await raw('INBOX');
    expect(await client.command('UID SEARCH SUBJECT number')).toContain('* SEARCH 1 2\r\n');
    expect(await client.command('UID SEARCH SUBJECT numb')).toContain('* SEARCH\r\n');
    expect(await client.command('UID SEARCH X-GM-RAW "rfc822msgid:2@example.org is:unread"')).toContain(
      '* SEARCH 2\r\n',
    );
  });

  it('the capabilities before and after login are those of imap.gmail.com', async () => {
    await start();
    const { client, greeting } = await RawClient.open(server.port);
    open.push(client);
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
    await start();
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
    await start();
    ann.deliver(message(1));
    ann.bandwidthLeft = 10;
    const client = await raw('INBOX');
    expect(await client.command('UID FETCH 1 BODY.PEEK[]')).toMatch(/OK Fetched\r\n$/);
    expect(await client.command('NOOP')).toBe('* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n');
    const { client: next } = await RawClient.open(server.port);
    open.push(next);
    expect(await next.command('LOGIN ann secret')).toMatch(/^NO \[ALERT\] Account exceeded/);
  });

  it('the 16th connection is a NO to the login, in words that are no wrong password', async () => {
    await start();
    for (let n = 0; n < 15; n += 1) await raw();
    expect(ann.connections).toBe(15);
    await expect(flow()).rejects.toMatchObject({
      serverResponseCode: 'ALERT',
      responseText: expect.stringContaining('Too many simultaneous'),
    });
  });

  it('an account that wants an application password says so, and takes it with spaces', async () => {
    await start({ appPassword: 'abcd efgh ijkl mnop' });
    const { client } = await RawClient.open(server.port);
    open.push(client);
    expect(await client.command('LOGIN ann secret')).toMatch(/^NO \[ALERT\] Application-specific password required/);
    expect(await client.command('LOGIN ann wrong')).toMatch(/^NO \[AUTHENTICATIONFAILED\]/);
    expect(await client.command('LOGIN ann abcdefghijklmnop')).toMatch(/\r\nOK ann authenticated/);
  });

  it('XOAUTH2: a bad token is explained in a challenge, and refused when the client has answered it', async () => {
    await start();
    const { client } = await RawClient.open(server.port);
    open.push(client);
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

it('another UIDVALIDITY of INBOX keeps the messages under new UIDs and ends the sessions', async () => {
  await start();
  ann.deliver(message(1));
  ann.deliver(message(2));
  ann.expunge([1]);
  const before = ann.uidValidity();
  const client = await raw('INBOX');
  ann.changeUidValidity();
  expect(await client.command('UID FETCH 2 UID')).toMatch(/^\* BYE/);
  expect(ann.messages().map(({ uid, raw: octets }) => [uid, octets.equals(message(2))])).toEqual([[1, true]]);
  expect(ann.uidValidity()).not.toBe(before);
  expect((await raw('INBOX')).closed).toBe(false);
});
