// The proxy's own behaviour: a crash test is worth what its cut is worth.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type CutRule, WireProxy } from './proxy.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that records what it hears and answers each line with `answer(line)`. */
async function serve(
  answer: (line: string) => string,
): Promise<{ proxy: WireProxy; heard: () => string; lost: () => number }> {
  let heard = '';
  let lost = 0;
  const server: Server = createServer((socket) => {
    let rest = '';
    socket.on('error', () => {});
    socket.on('close', () => lost++);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      rest += chunk.toString('latin1');
      const lines = rest.split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) socket.write(answer(line), 'latin1');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const proxy = await WireProxy.open({ port: typeof address === 'object' && address !== null ? address.port : 0 });
  closers.push(
    () => server.close(),
    () => proxy.close(),
  );
  return { proxy, heard: () => heard, lost: () => lost };
}

interface Caller {
  socket: Socket;
  got: () => string;
  ended: Promise<string>;
}

function call(proxy: WireProxy): Caller {
  let got = '';
  const socket = connect({ host: proxy.host, port: proxy.port });
  const ended = new Promise<string>((end) => {
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
    socket.on('end', () => end('FIN'));
  });
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  socket.setNoDelay(true);
  closers.push(() => socket.destroy());
  return { socket, got: () => got, ended };
}

const ok = (line: string): string => `OK ${line}\r\n`;

const cases: { why: string; rule: CutRule; send: string[]; heard: string; got: string; how: string }[] = [
  {
    why: 'before a command: the server never hears it',
    rule: { direction: 'client', match: 'STORE', when: 'before' },
    send: ['a FETCH\r\n', 'b STORE\r\n'],
    heard: 'a FETCH\r\nb ',
    got: 'OK a FETCH\r\n',
    how: 'ECONNRESET',
  },
  {
    why: 'before a command whose name is split over two chunks',
    rule: { direction: 'client', match: 'STORE', when: 'before' },
    send: ['b ST', 'ORE 1\r\n'],
    heard: 'b ',
    got: '',
    how: 'ECONNRESET',
  },
  {
    why: 'before a match of a pattern that is split over two chunks',
    rule: { direction: 'client', match: /UID (STORE|MOVE) 1/, when: 'before' },
    send: ['b UID MO', 'VE 1\r\n'],
    heard: 'b ',
    got: '',
    how: 'ECONNRESET',
  },
  {
    why: 'the command is heard, its answer lost',
    rule: { direction: 'client', match: /STORE[^\r]*\r\n/, when: 'after', loseAnswerForMs: 80, style: 'end' },
    send: ['a STORE\r\n'],
    heard: 'a STORE\r\n',
    got: '',
    how: 'FIN',
  },
  {
    why: 'in the middle of an answer, to the octet',
    rule: { direction: 'server', match: 'OK b', when: { afterBytes: 3 } },
    send: ['a\r\n', 'b123456\r\n'],
    heard: 'a\r\nb123456\r\n',
    got: 'OK a\r\nOK b123',
    how: 'ECONNRESET',
  },
  {
    why: 'after an answer',
    rule: { direction: 'server', match: 'OK a', when: 'after' },
    send: ['a\r\n'],
    heard: 'a\r\n',
    got: 'OK a\r\n',
    how: 'ECONNRESET',
  },
  {
    why: 'the third of its kind, two of them in one chunk',
    rule: { direction: 'client', match: 'NOOP', occurrence: 3, when: 'before' },
    send: ['NOOP 1\r\nNOOP 2\r\n', 'NOOP 3\r\n'],
    heard: 'NOOP 1\r\nNOOP 2\r\n',
    got: 'OK NOOP 1\r\nOK NOOP 2\r\n',
    how: 'ECONNRESET',
  },
];

it.each(cases)('cuts $why', async ({ rule, send, heard, got, how }) => {
  const server = await serve(ok);
  const cut = server.proxy.cutWhen(rule);
  const caller = call(server.proxy);
  for (const [n, text] of send.entries()) {
    // The answers to what went before are to be there, however busy the machine is.
    if (n === send.length - 1) for (let tries = 0; tries < 20 && caller.got() !== got; tries++) await sleep(10);
    caller.socket.write(text);
    if (n < send.length - 1) await sleep(5);
  }
  await cut.happened;
  expect(await caller.ended).toBe(how);
  await sleep(20);
  expect({ heard: server.heard(), got: caller.got(), lost: server.lost() }).toEqual({ heard, got, lost: 1 });
});

it('holds nothing back for long that could begin a match and does not', async () => {
  const { proxy } = await serve(ok);
  const cut = proxy.cutWhen({ direction: 'server', match: '\r\nBAD', when: 'before' });
  const caller = call(proxy);
  caller.socket.write('hello\r\n');
  await sleep(120);
  expect(caller.got()).toBe('OK hello\r\n');
  expect(cut.fired).toBe(false);
});

it('counts a match once, also when more octets follow it', async () => {
  const { proxy, heard } = await serve(ok);
  const cut = proxy.cutWhen({ direction: 'client', match: 'NOOP', occurrence: 2, when: 'before' });
  const caller = call(proxy);
  for (const text of ['NOOP', ' 1\r\n', 'x\r\n', 'y\r\n']) {
    caller.socket.write(text);
    await sleep(40);
  }
  expect(cut.fired).toBe(false);
  caller.socket.write('NOOP 2\r\n');
  await cut.happened;
  expect(heard()).toBe('NOOP 1\r\nx\r\ny\r\n');
});

it('cuts one of several connections, and again after it is armed again', async () => {
  const { proxy } = await serve(ok);
  const [first, second] = [call(proxy), call(proxy)];
  second.socket.write('quiet\r\n');
  const one = proxy.cutWhen({ direction: 'client', match: 'cut', when: 'before' });
  first.socket.write('cut\r\n');
  await one.happened;
  second.socket.write('still here\r\n');
  await sleep(30);
  expect(second.got()).toBe('OK quiet\r\nOK still here\r\n');
  const two = proxy.cutWhen({ direction: 'client', match: 'cut', when: 'before' });
  second.socket.write('cut\r\n');
  await two.happened;
  expect(await second.ended).toBe('ECONNRESET');
  expect(proxy.connections).toBe(2);
});

it('stalls silently, refuses, and forwards large answers whole and unharmed', async () => {
  const large = `${'x'.repeat(3_000_000)}\r\n`;
  const { proxy } = await serve((line) => (line === 'large' ? large : ok(line)));
  const caller = call(proxy);
  proxy.cutWhen({ direction: 'client', match: 'never', when: 'before' });
  caller.socket.write('large\r\n');
  while (caller.got().length < large.length) await sleep(10);
  expect(caller.got() === large).toBe(true);
  const stall = proxy.cutWhen({ direction: 'client', match: 'hush', when: 'before', style: 'stall' });
  caller.socket.write('hush\r\n');
  await stall.happened;
  expect(await Promise.race([caller.ended, sleep(60, 'silence')])).toBe('silence');
  proxy.refuse(true);
  expect(await call(proxy).ended).toBe('ECONNRESET');
  expect(proxy.text({ direction: 'client', forwarded: false })).toBe('hush\r\n');
});
