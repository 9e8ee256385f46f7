// The sample server octet by octet: what goes over the wire for each command, without a client library in between.

import { afterEach, describe, expect, it } from 'vitest';
import { type ImapServer, type ImapServerOptions, startImapServer } from '../../src/demo/imap-server/server.ts';
import { RawClient } from './raw-client.ts';

let server: ImapServer;
const clients: RawClient[] = [];

async function start(options: Partial<ImapServerOptions> = {}): Promise<void> {
  server = await startImapServer({ password: 'secret', ...options });
}

async function inbox(folder = 'INBOX'): Promise<RawClient> {
  const client = await RawClient.login(server.port, 'ann', folder);
  clients.push(client);
  return client;
}

function deliver(count: number): void {
  for (let n = 1; n <= count; n += 1) server.account('ann').deliver(Buffer.from(`Subject: m${n}\r\n\r\nbody ${n}\r\n`));
}

const uids = (folder = 'INBOX'): number[] =>
  server
    .account('ann')
    .messages(folder)
    .map((message) => message.uid);

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await server.close();
});

describe('commands on the wire', () => {
  const cases: { why: string; command: string; answer: RegExp }[] = [
    { why: 'unknown command', command: 'XFROB', answer: /^BAD Unknown command XFROB/ },
    {
      why: 'a literal may stand for any string',
      command: 'SELECT {5+}\r\nINBOX',
      answer: /\* 5 EXISTS\r\n[\s\S]*OK \[READ-WRITE\]/,
    },
    { why: 'INBOX is case-insensitive', command: 'SELECT inbox', answer: /OK \[READ-WRITE\]/ },
    { why: 'other names are not', command: 'SELECT trash', answer: /^NO \[NONEXISTENT\]/ },
    { why: '* is the last UID', command: 'UID FETCH * (FLAGS)', answer: /^\* 5 FETCH \(UID 5 FLAGS \(\)\)\r\nOK/ },
    {
      why: '9:* includes the last (RFC 3501 9)',
      command: 'UID FETCH 9:* (UID)',
      answer: /^\* 5 FETCH \(UID 5\)\r\nOK/,
    },
    {
      why: 'a range may run backwards',
      command: 'FETCH 3:2 UID',
      answer: /^\* 2 FETCH \(UID 2\)\r\n\* 3 FETCH \(UID 3\)\r\nOK/,
    },
    {
      why: 'overlapping ranges give each message once',
      command: 'UID FETCH 1:2,2,1:* UID',
      answer: /^(\* \d FETCH \(UID \d\)\r\n){5}OK/,
    },
    { why: 'unknown UIDs are no error', command: 'UID FETCH 77 UID', answer: /^OK/ },
    { why: 'unknown sequence numbers are', command: 'FETCH 77 UID', answer: /^BAD/ },
    { why: 'zero is no number', command: 'UID FETCH 0 UID', answer: /^BAD Invalid message set/ },
    {
      why: 'octets are counted',
      command: 'FETCH 1 BODY.PEEK[]',
      answer: /^\* 1 FETCH \(BODY\[\] \{23\}\r\nSubject: m1\r\n\r\nbody 1\r\n\)\r\nOK/,
    },
    { why: 'a slice', command: 'FETCH 1 BODY.PEEK[]<9.4>', answer: /BODY\[\]<9> \{4\}\r\nm1\r\n\)\r\nOK/ },
    {
      why: 'a slice past the end is empty',
      command: 'FETCH 1 BODY.PEEK[]<99.4>',
      answer: /BODY\[\]<99> \{0\}\r\n\)\r\nOK/,
    },
    {
      why: 'the header ends with its empty line',
      command: 'FETCH 1 BODY.PEEK[HEADER]',
      answer: /\{15\}\r\nSubject: m1\r\n\r\n\)/,
    },
    { why: 'the text', command: 'FETCH 1 BODY.PEEK[TEXT]', answer: /\{8\}\r\nbody 1\r\n\)/ },
    {
      why: 'chosen fields',
      command: 'FETCH 1 BODY.PEEK[HEADER.FIELDS (date SUBJECT)]',
      answer: /BODY\[HEADER.FIELDS \(DATE SUBJECT\)\] \{15\}\r\nSubject: m1\r\n\r\n\)/,
    },
    { why: 'PEEK leaves \\Seen alone', command: 'FETCH 1 (BODY.PEEK[] FLAGS)', answer: /FLAGS \(\)\)\r\nOK/ },
    { why: 'without PEEK it is set', command: 'FETCH 1 BODY[]', answer: /FLAGS \(\\Seen\)\)\r\nOK/ },
    { why: 'BODYSTRUCTURE is not there', command: 'FETCH 1 BODYSTRUCTURE', answer: /^BAD Unknown FETCH item/ },
    { why: 'search by set and NOT', command: 'SEARCH NOT 2:3', answer: /^\* SEARCH 1 4 5\r\nOK/ },
    {
      why: 'search with OR and parentheses',
      command: 'UID SEARCH OR (UID 1 UNDELETED) SUBJECT m5',
      answer: /^\* SEARCH 1 5\r\nOK/,
    },
    { why: 'an empty search', command: 'UID SEARCH KEYWORD nobody', answer: /^\* SEARCH\r\nOK/ },
    {
      why: 'ESEARCH',
      command: 'UID SEARCH RETURN (MIN MAX COUNT ALL) UID 2:4',
      answer: /^\* ESEARCH \(TAG "t\d+"\) UID COUNT 3 MIN 2 MAX 4 ALL 2:4\r\nOK/,
    },
    { why: 'size', command: 'SEARCH LARGER 22 SMALLER 24', answer: /^\* SEARCH 1 2 3 4 5\r\n/ },
    { why: 'date', command: 'SEARCH BEFORE 1-Jan-2001', answer: /^\* SEARCH\r\n/ },
    { why: 'header', command: 'SEARCH HEADER Subject "m2"', answer: /^\* SEARCH 2\r\n/ },
    { why: 'Gmail keys are unknown here', command: 'SEARCH X-GM-RAW x', answer: /^BAD/ },
    { why: 'a copy to nowhere', command: 'UID COPY 1 Nowhere', answer: /^NO \[TRYCREATE\]/ },
    {
      why: 'a copy says where it went',
      command: 'UID COPY 2,4:5 Trash',
      answer: /^OK \[COPYUID \d+ 2,4:5 1:3\] Copied/,
    },
    {
      why: 'a move says it before the EXPUNGEs (RFC 6851 4.3)',
      command: 'UID MOVE 2:3 Trash',
      answer: /^\* OK \[COPYUID \d+ 2:3 1:2\] Moved\r\n\* 3 EXPUNGE\r\n\* 2 EXPUNGE\r\nOK/,
    },
    { why: 'UID EXPUNGE leaves what is not flagged', command: 'UID EXPUNGE 1:*', answer: /^OK/ },
    {
      why: 'a flag with CRLF cannot end the line',
      command: 'STORE 1 FLAGS ({4+}\r\n\\a\r\n)',
      answer: /^BAD Invalid flag \\a\?\?\r\n$/,
    },
    { why: 'parentheses must match', command: 'FETCH 1 (UID', answer: /^BAD Missing \)/ },
    { why: 'quotes must match', command: 'SELECT "INBOX', answer: /^BAD Missing closing quote/ },
    {
      why: 'status',
      command: 'STATUS INBOX (MESSAGES UIDNEXT UNSEEN)',
      answer: /^\* STATUS "INBOX" \(MESSAGES 5 UIDNEXT 6 UNSEEN 5\)\r\nOK/,
    },
    { why: 'the delimiter', command: 'LIST "" ""', answer: /^\* LIST \(\\Noselect\) "\/" ""\r\nOK/ },
  ];
  for (const { why, command, answer } of cases) {
    it(`${command.replace(/\r\n/g, '|')}: ${why}`, async () => {
      await start();
      deliver(5);
      const client = await inbox();
      expect(await client.command(command)).toMatch(answer);
    });
  }
});

describe('LIST patterns', () => {
  const cases: { pattern: string; listed: string[] }[] = [
    { pattern: '*', listed: ['INBOX', 'Drafts', 'Junk', 'Sent', 'Trash', 'a', 'a/b', 'a/b/c'] },
    { pattern: '%', listed: ['INBOX', 'Drafts', 'Junk', 'Sent', 'Trash', 'a'] },
    { pattern: 'a/%', listed: ['a/b'] },
    { pattern: 'a/*', listed: ['a/b', 'a/b/c'] },
    { pattern: '*/c', listed: ['a/b/c'] },
    { pattern: '%/%', listed: ['a/b'] },
    { pattern: 'inbox', listed: ['INBOX'] },
    { pattern: '.*', listed: [] },
    { pattern: `${'*a'.repeat(400)}*`, listed: [] },
  ];
  for (const { pattern, listed } of cases) {
    it(`${pattern.slice(0, 20)} lists ${listed.join(', ') || 'nothing'}`, async () => {
      await start();
      for (const name of ['a', 'a/b', 'a/b/c']) server.account('ann').createFolder(name);
      const answer = await (await inbox()).command(`LIST "" "${pattern}"`);
      expect([...answer.matchAll(/"\/" "(.*)"\r\n/g)].map((match) => match[1])).toEqual(listed);
    });
  }
});

describe('switched-off extensions', () => {
  const cases: { options: Partial<ImapServerOptions>; capability: string; command: string }[] = [
    { options: { uidplus: false }, capability: 'UIDPLUS', command: 'UID EXPUNGE 1' },
    { options: { move: false }, capability: 'MOVE', command: 'UID MOVE 1 Trash' },
    { options: { enable: false }, capability: 'ENABLE', command: 'ENABLE UTF8=ACCEPT' },
    { options: { esearch: false }, capability: 'ESEARCH', command: 'UID SEARCH RETURN (ALL) ALL' },
    { options: { idle: false }, capability: 'IDLE', command: 'IDLE' },
    { options: { unselect: false }, capability: 'UNSELECT', command: 'UNSELECT' },
    { options: { listExtended: false }, capability: 'LIST-EXTENDED', command: 'LIST "" * RETURN (SPECIAL-USE)' },
  ];
  for (const { options, capability, command } of cases) {
    it(`without ${capability} it is neither announced nor understood`, async () => {
      await start(options);
      deliver(1);
      const client = await inbox();
      expect(await client.command('CAPABILITY')).not.toMatch(new RegExp(`[ ]${capability}[ \\r]`));
      expect(await client.command(command)).toMatch(/^BAD/);
      expect(uids()).toEqual([1]);
    });
  }

  it('without UIDPLUS no answer carries COPYUID or APPENDUID', async () => {
    await start({ uidplus: false });
    deliver(1);
    const client = await inbox();
    expect(await client.command('UID COPY 1 Trash')).toBe('OK Copied\r\n');
    expect(await client.command('APPEND Trash {2+}\r\nhi')).toBe('OK Appended\r\n');
    expect(uids('Trash')).toEqual([1, 2]);
  });

  it('without LITERAL+ a non-synchronizing literal ends the connection', async () => {
    await start({ literalPlus: false });
    const client = await inbox();
    expect(await client.command('SELECT {5+}\r\nINBOX')).toMatch(/^\* BYE /);
    expect(client.closed).toBe(true);
  });

  it('PERMANENTFLAGS without \\* drops a keyword and says OK', async () => {
    await start({ permanentFlagsNoKeywords: true });
    deliver(1);
    const client = await inbox();
    expect(await client.command('UID STORE 1 +FLAGS (done \\Seen)')).toMatch(/FLAGS \(\\Seen\)\)\r\nOK/);
    expect(await client.command('SELECT INBOX')).toMatch(/PERMANENTFLAGS \([^*]*\)\]/);
  });

  it('a read-only server refuses every change', async () => {
    await start({ readOnly: true });
    deliver(1);
    const client = await inbox();
    for (const command of ['UID STORE 1 +FLAGS (\\Deleted)', 'EXPUNGE', 'UID MOVE 1 Trash', 'UID COPY 1 Trash']) {
      expect(await client.command(command)).toMatch(/^NO \[NOPERM\]/);
    }
    expect(await client.command('SELECT INBOX')).toMatch(/OK \[READ-ONLY\]/);
    expect(uids('Trash')).toEqual([]);
  });
});

describe('two sessions', () => {
  it('each learns of expunges at its next command, and keeps its numbers until then', async () => {
    await start();
    deliver(4);
    const [one, two] = [await inbox(), await inbox()];
    await one.command('UID STORE 2,3 +FLAGS.SILENT (\\Deleted)');
    expect(await one.command('UID EXPUNGE 2:3')).toBe('* 3 EXPUNGE\r\n* 2 EXPUNGE\r\nOK Expunged\r\n');
    // FETCH by number must not be answered with EXPUNGE (RFC 3501 7.4.1), and 4 is still UID 4 for this client.
    expect(await two.command('FETCH 4 UID')).toBe('* 4 FETCH (UID 4)\r\nOK Fetched\r\n');
    deliver(1);
    expect(await two.command('NOOP')).toBe(
      '* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n* 3 EXISTS\r\n* 0 RECENT\r\nOK Completed\r\n',
    );
    expect(await two.command('FETCH 2:3 UID')).toBe('* 2 FETCH (UID 4)\r\n* 3 FETCH (UID 5)\r\nOK Fetched\r\n');
  });

  it('plain EXPUNGE and CLOSE take what anybody flagged, UNSELECT and SELECT do not', async () => {
    await start();
    deliver(3);
    const client = await inbox();
    server.account('ann').flag([1], ['\\Deleted']);
    await client.command('UNSELECT');
    await client.command('SELECT INBOX');
    expect(uids()).toEqual([1, 2, 3]);
    await client.command('EXPUNGE');
    expect(uids()).toEqual([2, 3]);
    server.account('ann').flag([3], ['\\Deleted']);
    await client.command('CLOSE');
    expect(uids()).toEqual([2]);
  });

  it('IDLE tells at once', async () => {
    await start();
    const client = await inbox();
    client.write('i IDLE\r\n');
    await client.until(/\+ idling\r\n$/);
    deliver(1);
    expect(await client.until(/RECENT\r\n$/)).toContain('* 1 EXISTS');
    client.write('DONE\r\n');
    expect(await client.until(/i OK/)).toContain('i OK');
  });

  it('a mailbox deleted under a session ends it', async () => {
    await start();
    deliver(2);
    const client = await inbox();
    const before = server.account('ann').uidValidity();
    server.account('ann').recreateFolder('INBOX', { sameUidValidity: true });
    deliver(1);
    expect(await client.command('NOOP')).toMatch(/^\* BYE Selected mailbox was deleted/);
    expect([server.account('ann').uidValidity(), uids()]).toEqual([before, [1]]);
  });
});

describe('reading the client', () => {
  it('a message split over many packets is stored octet for octet', async () => {
    await start();
    const client = await inbox();
    const raw = Buffer.from(Array.from({ length: 3000 }, (_, n) => n % 256));
    client.write('a APPEND INBOX (\\Seen) "17-Jul-2026 02:44:25 -0700" {');
    client.write('3000}\r\n');
    await client.until(/^\+ Ready\r\n$/);
    for (let at = 0; at < raw.length; at += 700) client.write(raw.subarray(at, at + 700));
    client.write('\r\n');
    expect(await client.until(/a OK.*\r\n$/)).toMatch(/a OK \[APPENDUID \d+ 1\] Appended/);
    const [message] = server.account('ann').messages();
    expect(message?.raw.equals(raw)).toBe(true);
    expect(message?.flags).toEqual(['\\Seen']);
    expect(message?.internalDate.toISOString()).toBe('2026-07-17T09:44:25.000Z');
  });

  it('pipelined commands are answered in order', async () => {
    await start();
    const client = await inbox();
    client.write('x1 NOOP\r\nx2 CAPABILITY\r\nx3 UID FETCH 1 UID\r\n');
    expect(await client.until(/x3 .*\r\n$/)).toMatch(/^x1 OK[\s\S]*x2 OK[\s\S]*x3 OK/);
  });

  it('a line over 64 KiB ends the connection, a long UID set below it does not', async () => {
    await start();
    deliver(1);
    const client = await inbox();
    const set = Array.from({ length: 9000 }, (_, n) => n * 2 + 1).join(',');
    expect(await client.command(`UID FETCH ${set} UID`)).toContain('* 1 FETCH (UID 1)');
    client.write(`y NOOP ${'x'.repeat(70_000)}\r\n`);
    expect(await client.untilClosed()).toBe('* BYE Command line is too long\r\n');
  });

  it('a literal over the limit is refused before it is sent', async () => {
    await start({ maxLiteral: 10 });
    const client = await inbox();
    expect(await client.command('APPEND INBOX {11}')).toMatch(/^NO \[TOOBIG\]/);
    expect(await client.command('NOOP')).toBe('OK Completed\r\n');
  });
});

describe('logging in', () => {
  it('refuses a wrong password, and names it in no event', async () => {
    await start();
    const { client } = await RawClient.open(server.port);
    clients.push(client);
    expect(await client.command('LOGIN ann hunter2')).toMatch(/^NO \[AUTHENTICATIONFAILED\]/);
    expect(await client.command(`AUTHENTICATE PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}`)).toMatch(
      /^OK/,
    );
    expect(server.events.map((event) => `${event.connection} ${event.name} ${event.args}`)).toEqual([
      '1 LOGIN ann ***',
      '1 AUTHENTICATE PLAIN ***',
    ]);
  });

  it('PLAIN without an initial response waits for it', async () => {
    await start({ saslIr: false });
    const { client } = await RawClient.open(server.port);
    clients.push(client);
    client.write('p AUTHENTICATE PLAIN\r\n');
    await client.until(/^\+ \r\n$/);
    client.write(`${Buffer.from('\0ann\0secret').toString('base64')}\r\n`);
    expect(await client.until(/p .*\r\n$/)).toMatch(/p OK/);
  });

  it("one connection too many is refused in Dovecot's words", async () => {
    await start({ maxConnections: 1 });
    await inbox();
    const { client } = await RawClient.open(server.port);
    clients.push(client);
    expect(await client.command('LOGIN ann secret')).toMatch(
      /^NO \[UNAVAILABLE\] Maximum number of connections from user\+IP/,
    );
    expect(await client.command('LOGIN bob secret')).toMatch(/^OK/);
  });

  it('LOGINDISABLED refuses a login in clear text', async () => {
    await start({ loginDisabled: true });
    const { client, greeting } = await RawClient.open(server.port);
    clients.push(client);
    expect(greeting).toContain('LOGINDISABLED');
    expect(greeting).not.toContain('AUTH=');
    expect(await client.command('LOGIN ann secret')).toMatch(/^NO \[PRIVACYREQUIRED\]/);
  });
});

describe('faults', () => {
  const moved: {
    fault: NonNullable<ReturnType<NonNullable<ImapServerOptions['onCommand']>>>;
    inbox: number;
    answer: RegExp;
  }[] = [
    { fault: { drop: 'before' }, inbox: 5, answer: /^$/ },
    { fault: { drop: 'midway', after: 2 }, inbox: 3, answer: /^$/ },
    { fault: { drop: 'after-effect' }, inbox: 0, answer: /^$/ },
    { fault: { drop: 'before-tagged' }, inbox: 0, answer: /^\* OK \[COPYUID [\s\S]*\* 1 EXPUNGE\r\n$/ },
    { fault: { reply: 'NO [UNAVAILABLE] Busy' }, inbox: 5, answer: /^NO \[UNAVAILABLE\] Busy\r\n$/ },
    {
      fault: { reply: 'NO Partly', after: 1 },
      inbox: 4,
      answer: /^\* OK \[COPYUID \d+ 1 1\] Moved\r\n\* 1 EXPUNGE\r\nNO Partly\r\n$/,
    },
    { fault: { bye: 'Shutting down' }, inbox: 5, answer: /^\* BYE Shutting down\r\n$/ },
    {
      fault: { untagged: ['OK [ALERT] Hear'], delayMs: 5 },
      inbox: 0,
      answer: /^\* OK \[ALERT\] Hear\r\n[\s\S]*OK Moved\r\n$/,
    },
  ];
  for (const { fault, inbox: left, answer } of moved) {
    it(`a MOVE of 5 with ${JSON.stringify(fault)}`, async () => {
      await start({ onCommand: (command) => (command.name === 'UID MOVE' ? fault : undefined) });
      deliver(5);
      const client = await inbox();
      expect(await client.command('UID MOVE 1:5 Trash')).toMatch(answer);
      expect([uids().length, uids('Trash').length]).toEqual([left, 5 - left]);
    });
  }

  const fetched: { fault: NonNullable<ImapServerOptions['onCommand']>; answer: RegExp }[] = [
    {
      fault: () => ({ drop: 'mid-literal', after: 1 }),
      answer: /body 1\r\n\)\r\n\* 2 FETCH \(UID 2 BODY\[\] \{23\}\r\nSubject: m2$/,
    },
    { fault: () => ({ drop: 'midway', after: 1 }), answer: /body 1\r\n\)\r\n$/ },
    { fault: () => ({ drop: 'midway', after: 9 }), answer: /body 3\r\n\)\r\n$/ },
  ];
  for (const { fault, answer } of fetched) {
    it(`a FETCH of 3 cut so that ${answer} is the last of it`, async () => {
      await start({ onCommand: (command) => (command.name === 'UID FETCH' ? fault(command) : undefined) });
      deliver(3);
      const client = await inbox();
      client.write('z UID FETCH 1:3 BODY.PEEK[]\r\n');
      expect(await client.untilClosed()).toMatch(answer);
    });
  }

  it('one unreadable message ends the FETCH with NO; its flags can still be read', async () => {
    await start({
      refuseFetchOf: (uid) => uid === 2,
      emptyBodyOf: (uid) => uid === 1,
      sizeEstimate: (size) => size + 1000,
    });
    deliver(3);
    const client = await inbox();
    expect(await client.command('UID FETCH 1:3 BODY.PEEK[]')).toMatch(
      /^\* 1 FETCH \(UID 1 BODY\[\] \{0\}\r\n\)\r\nNO \[UNAVAILABLE\]/,
    );
    expect(await client.command('UID FETCH 2 (RFC822.SIZE)')).toBe(
      '* 2 FETCH (UID 2 RFC822.SIZE 1023)\r\nOK Fetched\r\n',
    );
  });

  it('renumbering gives other UIDs under the same UIDVALIDITY, also to another message', async () => {
    await start();
    deliver(2);
    const before = server.account('ann').uidValidity();
    server.account('ann').renumber('INBOX', { start: 1, reverse: true });
    const client = await inbox();
    expect(await client.command('UID FETCH 1 BODY.PEEK[TEXT]')).toContain('body 2');
    expect(server.account('ann').uidValidity()).toBe(before);
  });
});

it('serves 10,000 messages in one FETCH, and expunges them one by one, in seconds', async () => {
  await start();
  const body = Buffer.alloc(5000, 'x');
  for (let n = 0; n < 10_000; n += 1) server.account('ann').deliver(body);
  const client = await inbox();
  let octets = 0;
  let tail = '';
  const done = new Promise<void>((resolve) => {
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-100);
      if (/f OK Fetched\r\n$/.test(tail)) resolve();
    });
  });
  const begin = Date.now();
  client.write('f UID FETCH 1:* (UID BODY.PEEK[])\r\n');
  await done;
  expect(octets).toBeGreaterThan(10_000 * 5000);
  const other = await inbox();
  for (let n = 1; n <= 500; n += 1) {
    await other.command(`UID STORE ${n} +FLAGS.SILENT (\\Deleted)`);
    await other.command(`UID EXPUNGE ${n}`);
  }
  expect(uids().length).toBe(9500);
  expect(Date.now() - begin).toBeLessThan(10_000);
});
