// The other side of every delivery: one SMTP server on the addresses of all sites, which refuses as the cases say, and takes the reports
// that come back to the senders. It is as simple as RFC 5321 allows.

import { createServer, type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import { type Recipient, TAKEN } from './case.ts';
import { SENDERS, SILENT, type Site } from './names.ts';

export interface Caught {
  /** The report's envelope recipient. */
  readonly to: string;
  readonly raw: Buffer;
}

export interface Script {
  readonly sites: readonly Site[];
  readonly recipients: readonly Recipient[];
  readonly caught: (report: Caught) => void;
}

const PORT = 25;
/** Octets, where a site declares a limit (RFC 1870). */
const NARROW_LIMIT = 2000;
/** Any literal in the cases leads here. */
const LITERAL = '198.51.100.200';

/** The name a site is known by, for a domain in Unicode too. */
export function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return domain.startsWith('[') ? domain : domainToASCII(domain);
}

export async function serveMail(script: Script): Promise<void> {
  const sites = [
    ...script.sites,
    { ...SENDERS, host: SENDERS.name },
    { domain: `[${LITERAL}]`, host: 'mx.literal.example.net', address: LITERAL },
  ];
  for (const site of sites) {
    const server = createServer((socket) => converse(socket, site, script));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(PORT, site.address, resolve);
    });
  }
  createServer((socket) => void socket.on('error', () => socket.destroy()).resume()).listen(PORT, SILENT);
}

function converse(socket: Socket, site: Site, { recipients, caught }: Script): void {
  const here = recipients.filter(({ to, final }) => domainOf(final ?? to) === site.domain);
  const isSink = site.domain === SENDERS.domain;
  const offersUtf8 = isSink || here.some(({ to, stage }) => /\P{ASCII}/u.test(to) && stage !== 'network');
  const isNarrow = site.domain.startsWith('narrow.');
  let accepted: string[] = [];
  let returnPath = '';
  let body: string[] | null = null;
  let held = '';

  const say = (lines: readonly string[]): void =>
    void socket.write(lines.map((line) => `${line}\r\n`).join(''), 'utf8');
  /** What a site says at a stage before any recipient is named: the same to everybody. */
  const forAll = (stage: string): Recipient | undefined => here.find((recipient) => recipient.stage === stage);
  const forAccepted = (stage: string): Recipient | undefined =>
    here.find((recipient) => recipient.stage === stage && accepted.includes(nameOf(recipient.final ?? recipient.to)));
  /** Refuses, or cuts; false: there is nothing to refuse. */
  const refuses = (found: Recipient | undefined): boolean => {
    if (found === undefined) return false;
    if (found.reply.length === 0) socket.destroy();
    else say(found.reply);
    return true;
  };

  socket.setEncoding('latin1');
  socket.on('error', () => socket.destroy());
  const banner = forAll('banner');
  if (banner === undefined) say([`220 ${site.host} ESMTP`]);
  else {
    say(banner.reply);
    socket.end();
    return;
  }

  socket.on('data', (chunk: string) => {
    held += chunk;
    for (let end = held.indexOf('\r\n'); end >= 0; end = held.indexOf('\r\n')) {
      const line = held.slice(0, end);
      held = held.slice(end + 2);
      if (body === null) command(line);
      else if (line === '.') finish(body);
      else body.push(line.startsWith('.') ? line.slice(1) : line);
    }
  });

  function command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const utf8 = Buffer.from(line, 'latin1').toString('utf8');
    if (verb === 'EHLO') {
      const offers = [
        'PIPELINING',
        '8BITMIME',
        'ENHANCEDSTATUSCODES',
        ...(offersUtf8 ? ['SMTPUTF8'] : []),
        ...(isNarrow ? [`SIZE ${NARROW_LIMIT}`] : []),
      ];
      say([
        `250-${site.host}`,
        ...offers.map((offer, index) => `250${index === offers.length - 1 ? ' ' : '-'}${offer}`),
      ]);
    } else if (verb === 'HELO') say([`250 ${site.host}`]);
    else if (verb === 'MAIL') {
      accepted = [];
      returnPath = /<.*?>/.exec(utf8)?.[0] ?? '';
      if (!refuses(forAll('mail'))) say(['250 2.1.0 Ok']);
    } else if (verb === 'RCPT') {
      const name = nameOf(/<(.*)>/.exec(utf8)?.[1] ?? '');
      const found = here.find(({ to, final }) => nameOf(final ?? to) === name);
      if (refuses(found?.stage === 'rcpt' ? found : undefined)) return;
      accepted.push(name);
      say(['250 2.1.5 Ok']);
    } else if (verb === 'DATA') {
      if (refuses(forAccepted('data'))) return;
      body = accepted.length === 0 ? null : [];
      say([body === null ? '554 5.5.1 No valid recipients' : '354 End data with <CR><LF>.<CR><LF>']);
    } else if (verb === 'QUIT') {
      say(['221 2.0.0 Bye']);
      socket.end();
    } else if (verb === 'RSET' || verb === 'NOOP') say(['250 2.0.0 Ok']);
    else say(['502 5.5.2 Command not recognized']);
  }

  function finish(lines: readonly string[]): void {
    body = null;
    if (refuses(forAccepted('end'))) return;
    // As a final delivery does (RFC 5321 4.4).
    const kept = [`Return-Path: ${returnPath}`, ...lines];
    // A relay that takes everything gets the reports too.
    for (const to of accepted.filter((name) => domainOf(name) === SENDERS.domain))
      caught({ to, raw: Buffer.from(kept.map((line) => `${line}\r\n`).join(''), 'latin1') });
    say([TAKEN]);
  }
}

/** An address as the script compares it: case aside, the domain as an A-label, quoting of RFC 5321 4.1.2 as it stands. */
function nameOf(address: string): string {
  return `${address.slice(0, address.lastIndexOf('@'))}@${domainOf(address)}`.toLowerCase();
}
