// A name server with one made-up internet: every site of the cases has a mail host of its own, and a few names are broken on purpose. The
// servers under test ask nobody else, so that they take every refusal, loop and missing host for real.

import { createSocket } from 'node:dgram';

/** The server under test, and the client that hands it mail. All addresses are from the ranges for documentation (RFC 5737). */
export const SERVER = { name: 'mail.example.org', address: '192.0.2.1' };
export const CLIENT = { name: 'app.example.org', address: '198.51.100.2' };
/** Where the reports are sent. */
export const SENDERS = { domain: 'news.example.org', name: 'mx.news.example.org', address: '198.51.100.3' };

/** Takes connections and never says a word. */
export const SILENT = '198.51.100.251';
/** Nobody listens. */
const CLOSED = '198.51.100.250';
/** The third byte of the addresses of sites begins here. */
const FIRST_SITE = 10;

export interface Site {
  readonly domain: string;
  readonly host: string;
  readonly address: string;
}

interface Zone {
  readonly mx?: string;
  readonly a?: string;
  readonly ptr?: string;
  /** DNS response code instead of an answer; 2 is SERVFAIL. */
  readonly code?: number;
}

const NXDOMAIN = 3;
const TYPES = { A: 1, NS: 2, PTR: 12, MX: 15 } as const;
const TTL_S = 300;

/** Names that never get as far as a server. */
const BROKEN: Readonly<Record<string, Zone>> = {
  'empty.example.net': {},
  'nullmx.example.net': { mx: '' },
  'loop.example.net': { mx: SERVER.name },
  'servfail.example.net': { code: 2 },
  'closed.example.net': { mx: 'mx.closed.example.net' },
  'mx.closed.example.net': { a: CLOSED },
  'silent.example.net': { mx: 'mx.silent.example.net' },
  'mx.silent.example.net': { a: SILENT },
};

const ABSENT: readonly string[] = ['nowhere.example.net'];

/** A site for each domain that is neither broken nor the server's own. */
export function sitesOf(domains: readonly string[]): Site[] {
  const own = new Set([SERVER.name, ...Object.keys(BROKEN), ...ABSENT]);
  return [...new Set(domains)]
    .filter((domain) => !own.has(domain) && !domain.startsWith('['))
    .map((domain, index) => ({ domain, host: `mx.${domain}`, address: `198.51.100.${FIRST_SITE + index}` }));
}

/** Answers on 127.0.0.1:53 until the process ends. */
export async function serveNames(sites: readonly Site[]): Promise<void> {
  const zones = new Map<string, Zone>(Object.entries(BROKEN));
  const host = (name: string, address: string): void => {
    zones.set(name, { a: address });
    zones.set(`${address.split('.').reverse().join('.')}.in-addr.arpa`, { ptr: name });
  };
  for (const { domain, host: name, address } of sites) {
    zones.set(domain, { mx: name });
    host(name, address);
  }
  host(SERVER.name, SERVER.address);
  zones.set(SERVER.name, { mx: SERVER.name, a: SERVER.address });
  host(CLIENT.name, CLIENT.address);
  host(SENDERS.name, SENDERS.address);
  zones.set(SENDERS.domain, { mx: SENDERS.name });
  for (const domain of ['example.org', 'example.net', 'example.com', 'example']) zones.set(domain, {});

  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const reply = answer(query, zones);
    if (reply !== null) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(53, '127.0.0.1', resolve);
  });
}

/** RFC 1035 4.1, for one question; EDNS is ignored, which a client takes for an old server. */
function answer(query: Buffer, zones: ReadonlyMap<string, Zone>): Buffer | null {
  if (query.length < 17) return null;
  let at = 12;
  const labels: string[] = [];
  for (let length = query[at] ?? 0; length > 0 && at < query.length; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  const type = query.readUInt16BE(at + 1);
  const zone = zones.get(labels.join('.').toLowerCase());
  const records = zone === undefined || zone.code !== undefined ? [] : recordsOf(zone, type);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // QR, AA, RD as asked, RA.
  header.writeUInt16BE(
    0x8480 | (query.readUInt16BE(2) & 0x0100) | (zone === undefined ? NXDOMAIN : (zone.code ?? 0)),
    2,
  );
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const fields = records.map((rdata) => {
    const fixed = Buffer.alloc(12);
    // A pointer to the question's name.
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(TTL_S, 6);
    fixed.writeUInt16BE(rdata.length, 10);
    return Buffer.concat([fixed, rdata]);
  });
  return Buffer.concat([header, query.subarray(12, end), ...fields]);
}

function recordsOf({ mx, a, ptr }: Zone, type: number): Buffer[] {
  if (type === TYPES.A && a !== undefined) return [Buffer.from(a.split('.').map(Number))];
  if (type === TYPES.PTR && ptr !== undefined) return [encoded(ptr)];
  if (type === TYPES.MX && mx !== undefined)
    return [Buffer.concat([Buffer.from([0, mx === '' ? 0 : 10]), encoded(mx)])];
  return [];
}

function encoded(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ]);
}
