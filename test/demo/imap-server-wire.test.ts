// The sample server octet by octet: what goes over the wire for each command, without a client library in between.
// Logins, faults and switched-off extensions are in imap-server-misbehaviour.test.ts.

import { describe, expect, it } from 'vitest';
import { ann, deliver, raw, start, uids } from './fixture.ts';

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
    {
      why: 'a UID set under OR does not bound the search',
      command: 'UID SEARCH OR UID 1 SUBJECT m5',
      answer: /^\* SEARCH 1 5\r\n/,
    },
    { why: 'nor under NOT', command: 'UID SEARCH NOT UID 2:3', answer: /^\* SEARCH 1 4 5\r\n/ },
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
      const client = await raw('INBOX');
      expect(await client.command(command)).toMatch(answer);
    });
  }
});

describe('names on the wire', () => {
  const cases: { name: string; wire: string; why: string }[] = [
    { name: '~peter/mail/台北/日本語', wire: '~peter/mail/&U,BTFw-/&ZeVnLIqe-', why: 'the example of RFC 3501 5.1.3' },
    { name: 'R&D', wire: 'R&-D', why: 'an ampersand' },
    { name: '😀', wire: '&2D3eAA-', why: 'a surrogate pair' },
    { name: 'a"b\\c', wire: 'a\\"b\\\\c', why: 'quoted specials' },
  ];
  for (const { name, wire, why } of cases) {
    it(`${name}: ${why}`, async () => {
      await start();
      const client = await raw('INBOX');
      expect(await client.command(`CREATE "${wire}"`)).toBe('OK Created\r\n');
      expect(ann.folders()).toContain(name);
      expect(await client.command(`LIST "" "${wire}"`)).toContain(`"/" "${wire}"\r\n`);
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
      for (const name of ['a', 'a/b', 'a/b/c']) ann.createFolder(name);
      const answer = await (await raw('INBOX')).command(`LIST "" "${pattern}"`);
      expect([...answer.matchAll(/"\/" "(.*)"\r\n/g)].map((match) => match[1])).toEqual(listed);
    });
  }
});

describe('two sessions', () => {
  it('each learns of expunges at its next command, and keeps its numbers until then', async () => {
    await start();
    deliver(4);
    const [one, two] = [await raw('INBOX'), await raw('INBOX')];
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

  it('a UID command sees what came since the last one, and tells what went', async () => {
    await start();
    deliver(2);
    const client = await raw('INBOX');
    ann.expunge([1]);
    deliver(1);
    expect(await client.command('UID FETCH 1:* UID')).toBe(
      '* 1 EXPUNGE\r\n* 2 EXISTS\r\n* 0 RECENT\r\n* 1 FETCH (UID 2)\r\n* 2 FETCH (UID 3)\r\nOK Fetched\r\n',
    );
  });

  it('plain EXPUNGE and CLOSE take what anybody flagged, UNSELECT and SELECT do not', async () => {
    await start();
    deliver(3);
    const client = await raw('INBOX');
    ann.flag([1], ['\\Deleted']);
    await client.command('UNSELECT');
    await client.command('SELECT INBOX');
    expect(uids()).toEqual([1, 2, 3]);
    await client.command('EXPUNGE');
    expect(uids()).toEqual([2, 3]);
    ann.flag([3], ['\\Deleted']);
    await client.command('CLOSE');
    expect(uids()).toEqual([2]);
    expect(await client.command('FETCH 1 UID')).toMatch(/^BAD/);
  });

  it('a copy keeps \\Deleted (RFC 3501 6.4.7)', async () => {
    await start();
    deliver(1);
    const client = await raw('INBOX');
    await client.command('UID STORE 1 FLAGS (\\Deleted \\Answered)');
    await client.command('UID COPY 1 Trash');
    expect(ann.messages('Trash')[0]?.flags).toEqual(['\\Answered', '\\Deleted']);
  });

  it('IDLE tells at once', async () => {
    await start();
    const client = await raw('INBOX');
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
    const client = await raw('INBOX');
    const before = ann.uidValidity();
    ann.recreateFolder('INBOX', { sameUidValidity: true });
    deliver(1);
    expect(await client.command('NOOP')).toMatch(/^\* BYE Selected mailbox was deleted/);
    expect([ann.uidValidity(), uids()]).toEqual([before, [1]]);
  });
});

describe('reading the client', () => {
  it('a message split over many packets is stored octet for octet', async () => {
    await start();
    const client = await raw('INBOX');
    const octets = Buffer.from(Array.from({ length: 3000 }, (_, n) => n % 256));
    client.write('a APPEND INBOX (\\Seen) "17-Jul-2026 02:44:25 -0700" {');
    client.write('3000}\r\n');
    await client.until(/^\+ Ready\r\n$/);
    for (let at = 0; at < octets.length; at += 700) client.write(octets.subarray(at, at + 700));
    client.write('\r\n');
    expect(await client.until(/a OK.*\r\n$/)).toMatch(/a OK \[APPENDUID \d+ 1\] Appended/);
    const [message] = ann.messages();
    expect(message?.raw.equals(octets)).toBe(true);
    expect(message?.flags).toEqual(['\\Seen']);
    expect(message?.internalDate.toISOString()).toBe('2026-07-17T09:44:25.000Z');
  });

  it('pipelined commands are answered in order', async () => {
    await start();
    const client = await raw('INBOX');
    client.write('x1 NOOP\r\nx2 CAPABILITY\r\nx3 UID FETCH 1 UID\r\n');
    expect(await client.until(/x3 .*\r\n$/)).toMatch(/^x1 OK[\s\S]*x2 OK[\s\S]*x3 OK/);
  });

  it('a line over 64 KiB ends the connection, a long UID set below it does not', async () => {
    await start();
    deliver(1);
    const client = await raw('INBOX');
    const set = Array.from({ length: 9000 }, (_, n) => n * 2 + 1).join(',');
    expect(await client.command(`UID FETCH ${set} UID`)).toContain('* 1 FETCH (UID 1)');
    client.write(`y NOOP ${'x'.repeat(70_000)}\r\n`);
    expect(await client.untilClosed()).toBe('* BYE Command line is too long\r\n');
  });

  it('a literal over the limit is refused before it is sent', async () => {
    await start({ maxLiteral: 10 });
    const client = await raw('INBOX');
    expect(await client.command('APPEND INBOX {11}')).toMatch(/^NO \[TOOBIG\]/);
    expect(await client.command('NOOP')).toBe('OK Completed\r\n');
  });
});

it('serves 10,000 messages in one FETCH, and expunges them one by one, in seconds', async () => {
  await start();
  const body = Buffer.alloc(5000, 'x');
  for (let n = 0; n < 10_000; n += 1) ann.deliver(body);
  const client = await raw('INBOX');
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
  const other = await raw('INBOX');
  for (let n = 1; n <= 500; n += 1) {
    await other.command(`UID STORE ${n} +FLAGS.SILENT (\\Deleted)`);
    await other.command(`UID EXPUNGE ${n}`);
  }
  expect(uids().length).toBe(9500);
  expect(Date.now() - begin).toBeLessThan(10_000);
});
