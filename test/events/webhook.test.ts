// A webhook as its receiver sees it: the signature computed again from the specification, what counts as taken, and where redirects may lead.

import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isPrivateAddress, publicLookup } from '../../src/events/private-address.ts';
import { signingKey } from '../../src/events/signature.ts';
import { type WebhookConfig, type WebhookTuning, webhookSender } from '../../src/events/webhook.ts';
import type { MaildrainEvent } from '../../src/model-pipeline.ts';

const CANARY = `whsec_${Buffer.from('canary-secret-never-to-be-seen-3f').toString('base64')}`;
const at = new Date(Date.UTC(2026, 10, 23, 9, 30));
const event: MaildrainEvent = {
  id: 'evt_17',
  at,
  type: 'bounce.failed',
  key: 'ann@example.org',
  body: { address: 'ann@example.org', diagnostic: '550 5.1.1 no such user «ä»' },
};
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();
const never = new AbortController().signal;

interface Call {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function receiver(
  answer: (call: Call, response: ServerResponse) => void,
): Promise<{ url: string; port: number; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      calls.push(call);
      answer(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook?token=url-canary`, port, calls };
}

function sender(url: string, more: Partial<WebhookConfig> = {}, tuning: WebhookTuning = {}) {
  const made = webhookSender(
    { url, secrets: [{ value: () => CANARY }], allowPrivateRedirects: false, ...more },
    tuning,
  );
  onTestFinished(() => made.close());
  return made;
}

const status =
  (code: number, location?: string) =>
  (_: Call, response: ServerResponse): void =>
    void response.writeHead(code, location === undefined ? {} : { location }).end('thank you');

/** After the specification, with nothing of ours: what a receiver would write. */
function independentSignature(secret: string, call: Call): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = call.headers;
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${call.body}`, 'utf8').digest('base64')}`;
}

describe('a webhook', () => {
  it('is a signed POST of JSON', async () => {
    const { url, calls } = await receiver(status(204));
    await sender(url).send(event, never);
    const [call] = calls;
    if (call === undefined) throw new Error('no call');
    expect(JSON.parse(call.body)).toEqual({
      id: 'evt_17',
      type: 'bounce.failed',
      timestamp: '2026-11-23T09:30:00.000Z',
      data: event.body,
    });
    expect(call.headers['content-type']).toBe('application/json');
    expect(call.headers['webhook-id']).toBe('evt_17');
    expect(Math.abs(Number(call.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(10);
    expect(call.headers['webhook-signature']).toBe(independentSignature(CANARY, call));
  });

  it('agrees with the example of the specification', async () => {
    // github.com/standard-webhooks/standard-webhooks, libraries/javascript, its test vector
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const sent = createHmac('sha256', key)
      .update('msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}')
      .digest('base64');
    expect(sent).toBe('g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('carries a signature of each secret while they are exchanged', async () => {
    const { url, calls } = await receiver(status(200));
    const old = `whsec_${randomBytes(32).toString('base64')}`;
    await sender(url, { secrets: [{ value: () => CANARY }, { value: () => old }] }).send(event, never);
    const [call] = calls;
    if (call === undefined) throw new Error('no call');
    expect(call.headers['webhook-signature']).toBe(
      `${independentSignature(CANARY, call)} ${independentSignature(old, call)}`,
    );
  });

  const answers: { why: string; code: number; to?: string; says: RegExp; slow: boolean; whole?: boolean }[] = [
    { why: 'an error of the server is tried again soon', code: 503, says: /^HTTP 503$/, slow: false },
    { why: 'a refusal is tried again slowly', code: 422, says: /^HTTP 422$/, slow: true, whole: false },
    { why: 'too slow is no refusal', code: 408, says: /^HTTP 408$/, slow: false },
    { why: 'too early is no refusal', code: 425, says: /^HTTP 425$/, slow: false },
    { why: 'too many is no refusal', code: 429, says: /^HTTP 429$/, slow: false },
    { why: 'a wrong signature is not the doing of the event', code: 401, says: /^HTTP 401$/, slow: true, whole: true },
    { why: 'nor is a wrong path', code: 404, says: /^HTTP 404$/, slow: true, whole: true },
    { why: 'gone is a refusal', code: 410, says: /gone/, slow: true },
    { why: '302 would turn the POST into a GET', code: 302, to: '/x', says: /307 and 308/, slow: true },
    { why: 'a redirect without a target', code: 308, says: /nowhere/, slow: true },
    { why: 'a redirect to another scheme', code: 308, to: 'file:///etc/passwd', says: /nowhere/, slow: true },
    { why: 'loopback', code: 307, to: 'http://127.0.0.1:1/x', says: /private address/, slow: true },
    { why: 'loopback written as a number', code: 307, to: 'http://2130706433/x', says: /private address/, slow: true },
    { why: 'loopback, IPv6', code: 307, to: 'http://[::1]:1/', says: /private address/, slow: true },
    { why: 'loopback, mapped', code: 308, to: 'http://[::ffff:127.0.0.1]/', says: /private address/, slow: true },
    { why: 'cloud metadata', code: 308, to: 'http://169.254.169.254/latest', says: /private address/, slow: true },
    { why: 'a private network', code: 308, to: 'https://10.1.2.3/', says: /private address/, slow: true },
    { why: 'a name of loopback', code: 308, to: 'http://localhost:1/', says: /private address/, slow: true },
  ];
  it.each(answers)('not delivered: $why ($code $to)', async ({ code, to, says, slow, whole = true }) => {
    const { url, calls } = await receiver(status(code, to));
    const error = await sender(url)
      .send(event, never)
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'NotDelivered', message: expect.stringMatching(says), slow, whole });
    expect(calls).toHaveLength(1);
    expect(JSON.stringify([error.message, error.loggable, error.stack])).not.toMatch(/canary|passwd|example\.org/);
  });

  const pauses: { why: string; code: number; header: string; ms: readonly [number, number] | null }[] = [
    { why: 'too many, in seconds', code: 429, header: '120', ms: [120_000, 120_000] },
    { why: 'not available, as an instant', code: 503, header: inSeconds(90), ms: [80_000, 90_000] },
    { why: 'an instant that is over', code: 503, header: inSeconds(-90), ms: null },
    { why: 'not a number', code: 429, header: '1e3', ms: null },
    { why: 'nobody waits after a refusal', code: 422, header: '120', ms: null },
    { why: 'nor for a broken server', code: 500, header: '120', ms: null },
  ];
  it.each(pauses)('Retry-After: $why ($code $header)', async ({ code, header, ms }) => {
    const { url } = await receiver((_, response) => void response.writeHead(code, { 'retry-after': header }).end());
    const error = await sender(url)
      .send(event, never)
      .catch((thrown) => thrown);
    if (ms === null) return expect(error.retryAfterMs).toBeNull();
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(ms[0]);
    expect(error.retryAfterMs).toBeLessThanOrEqual(ms[1]);
  });

  it('refuses a name that is public when it is first asked and private a moment later', async () => {
    const inner = await receiver(status(200));
    const { url } = await receiver(status(307, `http://rebinding.example:${inner.port}/`));
    const answers = [['93.184.216.34'], ['127.0.0.1']];
    let asked = 0;
    const lookup = publicLookup((_host, _options, done) => {
      const found = answers[asked++] ?? ['127.0.0.1'];
      done(
        null,
        found.map((address) => ({ address, family: 4 })),
      );
    });
    const one = sender(url, {}, { lookup, timeoutMs: 300 });
    // The public one is connected to as it was judged; nobody asks again, so there is no second answer to fall for.
    await expect(one.send(event, never)).rejects.toThrow();
    expect(asked).toBe(1);
    await expect(one.send(event, never)).rejects.toThrow(/private address/);
    expect(inner.calls).toHaveLength(0);
  });

  it('refuses a name that has a private address among public ones', async () => {
    const lookup = publicLookup((_host, _options, done) =>
      done(null, [
        { address: '93.184.216.34', family: 4 },
        { address: 'fd00::1', family: 6 },
      ]),
    );
    const { url } = await receiver(status(307, 'http://both.example/'));
    await expect(sender(url, {}, { lookup }).send(event, never)).rejects.toThrow(/private address/);
  });

  it('follows at most three redirects, where they are allowed, with body and signature', async () => {
    const { url, port, calls } = await receiver(({ path }, response) => {
      const n = Number(/\d+/.exec(path)?.[0] ?? 0);
      if (n < 3) status(n % 2 === 0 ? 307 : 308, `/${n + 1}`)({} as Call, response);
      else status(200)({} as Call, response);
    });
    await sender(url, { allowPrivateRedirects: true }).send(event, never);
    expect(calls.map(({ path }) => path)).toEqual(['/hook?token=url-canary', '/1', '/2', '/3']);
    expect(calls.at(-1)?.headers['webhook-signature']).toBe(calls[0]?.headers['webhook-signature']);
    expect(calls.at(-1)?.body).toBe(calls[0]?.body);
    const round = await receiver(status(308, `http://127.0.0.1:${port}/0`));
    await expect(sender(round.url, { allowPrivateRedirects: true }).send(event, never)).rejects.toThrow(
      /more than 3 redirects/,
    );
  });

  it('uses a connection again, and takes a new one when the server has closed it', async () => {
    let connections = 0;
    const server = createServer((_, response) => response.writeHead(200).end('ok'));
    server.on('connection', () => connections++);
    // Closed without a word: Node's own hint (Keep-Alive: timeout) would be heeded.
    server.on('request', (request) => {
      if (connections === 1) setTimeout(() => request.socket.destroy(), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const one = sender(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await one.send(event, never);
    await one.send(event, never);
    expect(connections).toBe(1);
    for (let n = 0; n < 30; n++) {
      await one.send(event, never);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(connections).toBeGreaterThan(1);
  });

  it('sends user and password of its own URL, and none to where it is redirected', async () => {
    const { port, calls } = await receiver(({ path }, response) =>
      path === '/2'
        ? status(200)({} as Call, response)
        : status(308, `//x:y@127.0.0.1:${port}/2`)({} as Call, response),
    );
    await sender(`http://u:p%40@127.0.0.1:${port}/1`, { allowPrivateRedirects: true }).send(event, never);
    expect(calls.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('u:p@').toString('base64')}`,
      undefined,
    ]);
  });

  it('gives up on silence, and does not wait for the end of an answer that has none', async () => {
    const silent = await receiver(() => {});
    await expect(sender(silent.url, {}, { timeoutMs: 200 }).send(event, never)).rejects.toThrow(
      /no answer within 0.2 s/,
    );
    const endless = await receiver((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(100_000)), 5);
      response.on('close', () => clearInterval(timer));
    });
    const before = Date.now();
    await sender(endless.url, {}, { timeoutMs: 5_000 }).send(event, never);
    expect(Date.now() - before).toBeLessThan(4_500);
  });

  it('a secret that is none is named by its fault, not by its value', async () => {
    for (const secret of ['hunter2-canary', 'whsec_canary', `whsec_${'#'.repeat(40)}`]) {
      const one = sender('http://127.0.0.1:1/', { secrets: [{ value: () => secret }] });
      const error = await one.send(event, never).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
      expect(error.message).not.toContain('canary');
    }
  });
});

describe('private addresses', () => {
  const cases: [address: string, isPrivate: boolean, why: string][] = [
    ['93.184.216.34', false, 'public'],
    ['172.32.0.1', false, 'just outside of 172.16/12'],
    ['100.128.0.1', false, 'just outside of 100.64/10'],
    ['2606:2800:220:1::1', false, 'public IPv6'],
    ['127.8.9.10', true, 'all of 127/8 is loopback'],
    ['0.0.0.0', true, 'Linux takes it for loopback'],
    ['10.255.0.1', true, 'RFC 1918'],
    ['172.31.255.255', true, 'RFC 1918'],
    ['192.168.1.1', true, 'RFC 1918'],
    ['100.64.0.1', true, 'RFC 6598'],
    ['169.254.169.254', true, 'link-local'],
    ['255.255.255.255', true, 'broadcast'],
    ['224.0.0.1', true, 'multicast'],
    ['::', true, 'unspecified'],
    ['::1', true, 'loopback'],
    ['::ffff:8.8.8.8', true, 'mapped: nobody writes a public one so'],
    ['::ffff:7f00:1', true, 'mapped, in hexadecimal'],
    ['::127.0.0.1', true, 'compatible'],
    ['64:ff9b::7f00:1', true, 'translated (RFC 6052)'],
    ['2002:7f00:1::', true, '6to4 of 127.0.0.1'],
    ['2001:0:7f00:1::', true, 'Teredo'],
    ['fe80::1', true, 'link-local'],
    ['fe80::1%eth0', true, 'link-local with its zone'],
    ['2606:2800:220:1::1%1', true, 'a zone on a public address is nonsense'],
    ['fd12::1', true, 'unique local'],
    ['ff02::1', true, 'multicast'],
    ['not an address', true, 'nothing is known of it'],
  ];
  it.each(cases)('%s: %s, %s', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate);
  });
});
