// How the sample server refuses and fails: logins, extensions that are switched off, and the faults a test injects.

import { describe, expect, it } from 'vitest';
import type { ImapServerOptions } from '../../src/demo/imap-server/server.ts';
import { ann, connect, deliver, raw, server, start, uids } from './fixture.ts';

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
      const client = await raw('INBOX');
      expect(await client.command('CAPABILITY')).not.toMatch(new RegExp(`[ ]${capability}[ \\r]`));
      expect(await client.command(command)).toMatch(/^BAD/);
      expect(uids()).toEqual([1]);
    });
  }

  it('without UIDPLUS no answer carries COPYUID or APPENDUID', async () => {
    await start({ uidplus: false });
    deliver(1);
    const client = await raw('INBOX');
    expect(await client.command('UID COPY 1 Trash')).toBe('OK Copied\r\n');
    expect(await client.command('APPEND Trash {2+}\r\nhi')).toBe('OK Appended\r\n');
    expect(uids('Trash')).toEqual([1, 2]);
  });

  it('without LITERAL+ a non-synchronizing literal ends the connection', async () => {
    await start({ literalPlus: false });
    const client = await raw('INBOX');
    expect(await client.command('SELECT {5+}\r\nINBOX')).toMatch(/^\* BYE /);
    expect(client.closed).toBe(true);
  });

  it('PERMANENTFLAGS without \\* drops a keyword and says OK', async () => {
    await start({ permanentFlagsNoKeywords: true });
    deliver(1);
    const client = await raw('INBOX');
    expect(await client.command('UID STORE 1 +FLAGS (done \\Seen)')).toMatch(/FLAGS \(\\Seen\)\)\r\nOK/);
    expect(await client.command('SELECT INBOX')).toMatch(/PERMANENTFLAGS \([^*]*\)\]/);
  });

  it('a read-only server refuses every change', async () => {
    await start({ readOnly: true });
    deliver(1);
    const client = await raw('INBOX');
    for (const command of ['UID STORE 1 +FLAGS (\\Deleted)', 'EXPUNGE', 'UID MOVE 1 Trash', 'UID COPY 1 Trash']) {
      expect(await client.command(command)).toMatch(/^NO \[NOPERM\]/);
    }
    expect(await client.command('SELECT INBOX')).toMatch(/OK \[READ-ONLY\]/);
    expect(uids('Trash')).toEqual([]);
  });
});

describe('logging in', () => {
  it('refuses a wrong password, and names it in no event', async () => {
    await start();
    const { client } = await connect();
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
    const { client } = await connect();
    client.write('p AUTHENTICATE PLAIN\r\n');
    await client.until(/^\+ \r\n$/);
    client.write(`${Buffer.from('\0ann\0secret').toString('base64')}\r\n`);
    expect(await client.until(/p .*\r\n$/)).toMatch(/p OK/);
  });

  it("one connection too many is refused in Dovecot's words", async () => {
    await start({ maxConnections: 1 });
    await raw('INBOX');
    const { client } = await connect();
    expect(await client.command('LOGIN ann secret')).toMatch(
      /^NO \[UNAVAILABLE\] Maximum number of connections from user\+IP/,
    );
    expect(await client.command('LOGIN bob secret')).toMatch(/^OK/);
  });

  it('LOGINDISABLED refuses a login in clear text', async () => {
    await start({ loginDisabled: true });
    const { client, greeting } = await connect();
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
      const client = await raw('INBOX');
      expect(await client.command('UID MOVE 1:5 Trash')).toMatch(answer);
      expect([uids().length, uids('Trash').length]).toEqual([left, 5 - left]);
    });
  }

  it('a UID EXPUNGE cut after 2 of 4', async () => {
    await start({ onCommand: ({ name }) => (name === 'UID EXPUNGE' ? { drop: 'midway', after: 2 } : undefined) });
    deliver(4);
    const client = await raw('INBOX');
    await client.command('UID STORE 1:* +FLAGS.SILENT (\\Deleted)');
    expect(await client.command('UID EXPUNGE 1:*')).toBe('');
    expect(uids()).toEqual([3, 4]);
  });

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
      const client = await raw('INBOX');
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
    const client = await raw('INBOX');
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
    const before = ann.uidValidity();
    ann.renumber('INBOX', { start: 1, reverse: true });
    const client = await raw('INBOX');
    expect(await client.command('UID FETCH 1 BODY.PEEK[TEXT]')).toContain('body 2');
    expect(ann.uidValidity()).toBe(before);
  });
});
