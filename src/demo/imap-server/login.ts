// Capabilities and everything before a mailbox is selected: LOGIN, AUTHENTICATE, STARTTLS, COMPRESS, ENABLE, ID, NAMESPACE, QUOTA.
// What Gmail says at login is provider-quirks 1.6 and 1.7.

import { timingSafeEqual } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { quote } from './names.ts';
import { GMAIL_APPEND_LIMIT, GMAIL_MAX_CONNECTIONS } from './options.ts';
import { bad, keyword, listOf, no, type Token, textOf } from './parser.ts';
import type { Session } from './session.ts';

const GMAIL_BEFORE =
  'IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN';
const GMAIL_AFTER =
  'IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH ' +
  `UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=${GMAIL_APPEND_LIMIT}`;

/** The capability list in the session's present state. */
export function capabilities(session: Session): string[] {
  const { options, secure } = session;
  const on = (value: boolean | undefined, ...names: string[]): string[] => (value === false ? [] : names);
  const before = session.account === null;
  const list: string[] = [];
  if (options.gmail) {
    const off = new Set<string>();
    if (options.uidplus === false) off.add('UIDPLUS');
    if (options.move === false) off.add('MOVE');
    if (options.compress === false) off.add('COMPRESS=DEFLATE');
    list.push(...(before ? GMAIL_BEFORE : GMAIL_AFTER).split(' ').filter((name) => !off.has(name)));
  } else {
    list.push('IMAP4rev1', 'ID', 'CHILDREN', ...on(options.saslIr, 'SASL-IR'), ...on(options.literalPlus, 'LITERAL+'));
    list.push(...on(options.enable, 'ENABLE'), ...on(options.idle, 'IDLE'));
    if (before) list.push('AUTH=PLAIN');
    else {
      list.push(
        ...on(options.namespace, 'NAMESPACE'),
        ...on(options.unselect, 'UNSELECT'),
        ...on(options.uidplus, 'UIDPLUS'),
      );
      list.push(
        ...on(options.move, 'MOVE'),
        ...on(options.esearch, 'ESEARCH'),
        ...on(options.specialUse, 'SPECIAL-USE'),
      );
      list.push(
        ...on(options.listExtended, 'LIST-EXTENDED', 'LIST-STATUS'),
        ...on(options.objectId === true, 'OBJECTID'),
      );
      list.push(...on(options.compress === true, 'COMPRESS=DEFLATE'));
    }
  }
  if (before && options.startTls !== undefined && !secure) list.push('STARTTLS');
  if (before && options.loginDisabled === true && !secure) {
    return [...list.filter((name) => !name.startsWith('AUTH=')), 'LOGINDISABLED'];
  }
  return list;
}

export function greeting(session: Session): string {
  if (session.options.gmail) return 'OK Gimap ready for requests from 127.0.0.1';
  return `OK [CAPABILITY ${capabilities(session).join(' ')}] maildrain sample server ready`;
}

function same(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function enter(session: Session, user: string, password: string): string {
  const { options } = session;
  const { gmail } = options;
  if (options.loginDisabled === true && !session.secure) throw no('[PRIVACYREQUIRED] Login is disabled without TLS');
  if (gmail?.appPassword !== undefined) {
    if (same(password, options.password)) {
      throw no(
        '[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
      );
    }
    if (!same(password.replace(/ /g, ''), gmail.appPassword.replace(/ /g, ''))) throw refused(session);
  } else if (!same(password, options.password)) throw refused(session);
  return admit(session, user);
}

function refused(session: Session): Error {
  return no(
    session.options.gmail
      ? '[AUTHENTICATIONFAILED] Invalid credentials (Failure)'
      : '[AUTHENTICATIONFAILED] Authentication failed.',
  );
}

function admit(session: Session, user: string): string {
  const { options, host } = session;
  const account = host.account(user);
  const limit = options.maxConnections ?? (options.gmail ? GMAIL_MAX_CONNECTIONS : Number.POSITIVE_INFINITY);
  if (account.connections >= limit) {
    if (options.gmail) throw no('[ALERT] Too many simultaneous connections. (Failure)');
    throw no(
      `[UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=${limit})`,
    );
  }
  if (account.bandwidthLeft !== null && account.bandwidthLeft <= 0) {
    throw no('[ALERT] Account exceeded command or bandwidth limits. (Failure)');
  }
  account.connections += 1;
  session.socket.once('close', () => {
    account.connections -= 1;
  });
  session.user = user;
  session.account = account;
  session.gmail = host.gmail(account);
  if (!options.gmail) return `OK [CAPABILITY ${capabilities(session).join(' ')}] Logged in`;
  session.untagged(`CAPABILITY ${capabilities(session).join(' ')}`);
  return `OK ${user} authenticated (Success)`;
}

export function login(session: Session, args: readonly Token[]): string {
  return enter(session, textOf(args[0]), textOf(args[1]));
}

/** PLAIN (RFC 4616) and XOAUTH2, with or without an initial response (RFC 4959). */
export async function authenticate(session: Session, args: readonly Token[]): Promise<string> {
  const mechanism = keyword(args[0]);
  if (!capabilities(session).includes(`AUTH=${mechanism}`)) throw no('[CANNOT] Unsupported authentication mechanism');
  let response = args[1] === undefined ? null : textOf(args[1]);
  if (response === null) response = await challenge(session, '');
  else if (session.options.saslIr === false) throw bad('No initial response expected');
  const text = Buffer.from(response === '=' ? '' : response, 'base64').toString('utf8');
  if (mechanism === 'PLAIN') {
    const [, user, password] = text.split('\0');
    if (user === undefined || password === undefined) throw bad('Invalid SASL response');
    return enter(session, user, password);
  }
  // XOAUTH2: user=NAME ^A auth=Bearer TOKEN ^A ^A
  const fields = text.split('\u0001');
  const user = fields[0]?.startsWith('user=') ? fields[0].slice('user='.length) : '';
  const bearer = fields.find((field) => /^auth=Bearer /i.test(field))?.slice('auth=Bearer '.length);
  if (bearer !== undefined && same(bearer, session.options.password)) return admit(session, user);
  const status = { status: '400', schemes: 'Bearer', scope: 'https://mail.google.com/' };
  await challenge(session, Buffer.from(JSON.stringify(status)).toString('base64'));
  throw no('[AUTHENTICATIONFAILED] Invalid credentials (Failure)');
}

async function challenge(session: Session, text: string): Promise<string> {
  session.out.line(`+ ${text}`);
  await session.out.flush();
  const line = await session.reader.line();
  if (line === null || line === '*') throw bad('Authentication cancelled');
  return line;
}

export function capability(session: Session): string {
  session.untagged(`CAPABILITY ${capabilities(session).join(' ')}`);
  return 'OK Completed';
}

export function startTls(session: Session): string {
  if (session.options.startTls === undefined || session.secure) throw bad('STARTTLS is not available');
  return 'OK Begin TLS negotiation now';
}

/** After the OK: wraps the socket. A failed handshake ends the connection. */
export function beginTls(session: Session): void {
  const material = session.options.startTls;
  if (material === undefined) return;
  const plain = session.socket;
  const secured = new TLSSocket(plain, { isServer: true, key: material.key, cert: material.cert });
  secured.on('error', () => plain.destroy());
  session.socket = secured;
  session.secure = true;
  session.reader.redirect(secured);
  session.out.redirect(secured);
}

export function compress(session: Session): string {
  if (session.compressed) throw no('[COMPRESSIONACTIVE] Already compressed');
  return 'OK DEFLATE active';
}

/** After the OK: puts raw deflate on both ways (RFC 4978 3). */
export function beginCompression(session: Session): void {
  const inflate = createInflateRaw();
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH, level: 1 });
  inflate.on('error', () => session.socket.destroy());
  deflate.on('error', () => session.socket.destroy());
  session.socket.on('close', () => {
    inflate.destroy();
    deflate.destroy();
  });
  session.socket.pipe(inflate);
  deflate.pipe(session.socket);
  session.reader.redirect(inflate);
  session.out.redirect(deflate);
  session.compressed = true;
}

/** CONDSTORE is announced by Gmail, but mailboxes here have no mod-sequences and say NOMODSEQ, so it is never enabled. */
export function enable(session: Session, args: readonly Token[]): string {
  const now = args
    .map((arg) => keyword(arg))
    .filter((name) => name === 'UTF8=ACCEPT' && capabilities(session).includes(name));
  for (const name of now) session.enabled.add(name);
  session.untagged(`ENABLED${now.map((name) => ` ${name}`).join('')}`);
  return 'OK Completed';
}

export function id(session: Session, args: readonly Token[]): string {
  if (keyword(args[0]) !== 'NIL') listOf(args[0]);
  session.untagged(`ID ("name" ${quote(session.options.gmail ? 'GImap' : 'maildrain sample server')})`);
  return 'OK Completed';
}

export function namespace(session: Session): string {
  session.untagged('NAMESPACE (("" "/")) NIL NIL');
  return 'OK Completed';
}

/** A fixed quota: 15 GB in KiB, nothing used. */
export function quotaRoot(session: Session, args: readonly Token[]): string {
  session.untagged(`QUOTAROOT ${quote(textOf(args[0]))} ""`);
  session.untagged('QUOTA "" (STORAGE 0 15728640)');
  return 'OK Completed';
}

export function logout(session: Session): string {
  session.untagged('BYE Logging out');
  session.ending = true;
  return 'OK Completed';
}
