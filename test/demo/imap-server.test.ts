// The sample server as an ordinary server, used by imapflow, the client that maildrain has: what it stores, shows and takes away must be
// what the client was told. Octets on the wire are in imap-server-wire.test.ts, Gmail in imap-server-gmail.test.ts.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImapFlow } from 'imapflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { startImapServer, type TlsMaterial } from '../../src/demo/imap-server/server.ts';
import { ann, deliver, flow, server, start, uids } from './fixture.ts';

/** Message 1 in slices. */
async function download(client: ImapFlow, chunkSize: number): Promise<Buffer> {
  const { content } = await client.download('1', undefined, { uid: true, chunkSize });
  const parts: Buffer[] = [];
  for await (const part of content ?? []) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

describe('octets', () => {
  const rows: { why: string; raw: Buffer }[] = [
    { why: 'every octet value', raw: Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 256)) },
    { why: 'empty', raw: Buffer.alloc(0) },
    { why: 'bare LF and no header', raw: Buffer.from('one\ntwo\n) FETCH (\n') },
    { why: 'looks like protocol', raw: Buffer.from('A: {5}\r\n\r\n* 1 EXPUNGE\r\n)\r\nt1 OK done\r\n') },
    { why: 'a line of 200,000', raw: Buffer.alloc(200_000, 'x') },
    { why: 'larger than any buffer here', raw: Buffer.alloc(12 * 1024 * 1024, 'abcdefg\r\n') },
  ];
  for (const compress of [false, true]) {
    for (const { why, raw } of rows) {
      it(`of a message are the same stored, fetched and downloaded${compress ? ', compressed' : ''}: ${why}`, async () => {
        await start({ compress });
        const client = await flow('INBOX');
        await client.append('INBOX', raw);
        expect(ann.messages()[0]?.raw.equals(raw)).toBe(true);
        const [found] = await client.fetchAll('1', { source: true, size: true }, { uid: true });
        expect(found?.source?.equals(raw)).toBe(true);
        expect(found?.size).toBe(raw.length);
        expect((await download(client, 1024 * 1024)).equals(raw)).toBe(true);
      });
    }
  }

  it('with rewritesMime differ in two fetches, keep their size, and stay the same within a download', async () => {
    await start({ rewritesMime: true });
    const body = `--XXXXXXXXXXXX\r\n\r\n${'a line of text\r\n'.repeat(20_000)}--XXXXXXXXXXXX--\r\n`;
    ann.deliver(Buffer.from(`Content-Type: multipart/mixed;\r\n boundary="XXXXXXXXXXXX"\r\n\r\n${body}`));
    const client = await flow('INBOX');
    const fetched = async (): Promise<Buffer | undefined> =>
      (await client.fetchAll('1', { source: true }, { uid: true }))[0]?.source;
    const [one, two] = [await fetched(), await fetched()];
    expect(one?.length).toBe(ann.messages()[0]?.raw.length);
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(false);
    const text = (await download(client, 64 * 1024)).toString('latin1');
    const boundary = /boundary="([^"]+)"/.exec(text)?.[1] ?? '?';
    expect(text.endsWith(`--${boundary}--\r\n`)).toBe(true);
  });
});

describe('taking messages away', () => {
  it('with UIDPLUS another client keeps its flagged message', async () => {
    await start();
    deliver(3);
    ann.flag([2], ['\\Deleted']);
    const client = await flow('INBOX');
    expect(await client.messageDelete('1,3', { uid: true })).toBe(true);
    expect(uids()).toEqual([2]);
  });

  it('without it a plain EXPUNGE takes that one, too', async () => {
    await start({ uidplus: false });
    deliver(3);
    ann.flag([2], ['\\Deleted']);
    const client = await flow('INBOX');
    expect(await client.messageDelete('1', { uid: true })).toBe(true);
    expect(server.events.at(-1)?.name).toBe('EXPUNGE');
    expect(uids()).toEqual([3]);
  });

  it('a move keeps flags, date and EMAILID, and says where it put what', async () => {
    await start({ objectId: true });
    const before = ann.deliver(Buffer.from('Subject: x\r\n\r\n'), {
      flags: ['\\Seen', 'kept'],
      internalDate: new Date('2026-01-02T03:04:05Z'),
    });
    deliver(2);
    const client = await flow('INBOX');
    expect(await client.messageMove('1,3,77', 'Trash', { uid: true })).toMatchObject({
      uidMap: new Map([
        [1, 1],
        [3, 2],
      ]),
    });
    expect(uids()).toEqual([2]);
    expect(ann.messages('Trash')[0]).toEqual(before);
    const other = await flow('Trash');
    expect((await other.fetchAll('1', { uid: true }, { uid: true }))[0]?.emailId).toBe(before.emailId);
  });

  it('without MOVE the client copies, flags and expunges', async () => {
    await start({ move: false });
    deliver(2);
    const client = await flow('INBOX');
    expect(await client.messageMove('1', 'Trash', { uid: true })).toMatchObject({ uidMap: new Map([[1, 1]]) });
    expect(server.events.slice(-3).map(({ name }) => name)).toEqual(['UID COPY', 'UID STORE', 'UID EXPUNGE']);
    expect([uids(), uids('Trash')]).toEqual([[2], [1]]);
  });

  it('an answer that is lost leaves the effect', async () => {
    await start();
    deliver(2);
    server.onCommand = ({ name }) => (name === 'UID EXPUNGE' ? { drop: 'after-effect' } : undefined);
    const client = await flow('INBOX');
    expect(await client.messageDelete('1', { uid: true })).toBe(false);
    expect([uids(), client.usable]).toEqual([[2], false]);
  });
});

describe('the control surface', () => {
  it('what it does is told to an open session', async () => {
    await start();
    for (let n = 1; n <= 3; n += 1) ann.deliver(Buffer.from(`${n}`));
    const client = await flow('INBOX');
    const heard: string[] = [];
    client.on('exists', ({ count }) => heard.push(`exists ${count}`));
    client.on('expunge', ({ seq }) => heard.push(`expunge ${seq}`));
    ann.expunge([1, 3]);
    ann.deliver(Buffer.from('4'));
    await client.noop();
    expect(heard).toEqual(['expunge 3', 'expunge 1', 'exists 2']);
    expect(await client.search({ all: true }, { uid: true })).toEqual([2, 4]);
  });

  const changes: { what: string; act: () => void; sameValidity: boolean; left: number[] }[] = [
    {
      what: 'made again within the second',
      act: () => ann.recreateFolder('INBOX', { sameUidValidity: true }),
      sameValidity: true,
      left: [],
    },
    {
      what: 'made again later',
      act: () => ann.recreateFolder('INBOX', { sameUidValidity: false }),
      sameValidity: false,
      left: [],
    },
    { what: 'under a new UIDVALIDITY', act: () => ann.changeUidValidity(), sameValidity: false, left: [1, 2] },
    { what: 'renumbered', act: () => ann.renumber(), sameValidity: true, left: [4, 5] },
  ];
  for (const { what, act, sameValidity, left } of changes) {
    it(`a mailbox ${what}`, async () => {
      await start();
      for (let n = 1; n <= 3; n += 1) ann.deliver(Buffer.from(`${n}`));
      ann.expunge([1]);
      const before = ann.uidValidity();
      act();
      const client = await flow('INBOX');
      expect(client.mailbox !== false && client.mailbox.uidValidity === BigInt(before)).toBe(sameValidity);
      expect(await client.search({ all: true }, { uid: true })).toEqual(left);
    });
  }

  it('users are apart', async () => {
    await start();
    ann.deliver(Buffer.from('x'));
    const client = await flow('INBOX', { auth: { user: 'bob', pass: 'secret' } });
    expect(await client.search({ all: true }, { uid: true })).toEqual([]);
  });
});

describe('TLS', () => {
  let tls: TlsMaterial;
  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'maildrain-tls-'));
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    rmSync(directory, { recursive: true });
  });

  const raw = Buffer.alloc(3 * 1024 * 1024, 'over TLS\r\n');
  for (const mode of ['STARTTLS', 'implicit'] as const) {
    it(`${mode}: verified, and a large message comes through`, async () => {
      await start(mode === 'STARTTLS' ? { startTls: tls, loginDisabled: true } : { implicitTls: tls });
      ann.deliver(raw);
      const client = await flow('INBOX', {
        secure: mode === 'implicit',
        doSTARTTLS: mode === 'STARTTLS',
        tls: { ca: tls.cert },
      });
      expect(client.secureConnection).toBe(true);
      const [found] = await client.fetchAll('1', { source: true }, { uid: true });
      expect(found?.source?.equals(raw)).toBe(true);
    });
  }

  it('an unknown certificate is the client’s to refuse', async () => {
    await start({ startTls: tls });
    await expect(flow('INBOX', { doSTARTTLS: true })).rejects.toThrow(/self.signed/i);
  });

  it('a client that never finishes its handshake does not keep the server from closing', async () => {
    const quiet = await startImapServer({ password: 'secret', implicitTls: tls });
    const socket = connect(quiet.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await quiet.close();
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });

  it('a session over STARTTLS is counted out when it ends', async () => {
    await start({ startTls: tls, maxConnections: 1 });
    const client = await flow('INBOX', { doSTARTTLS: true, tls: { ca: tls.cert } });
    expect(ann.connections).toBe(1);
    await client.logout();
    await expect.poll(() => ann.connections).toBe(0);
  });
});
