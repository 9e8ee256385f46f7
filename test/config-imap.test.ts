// The account of a mailbox: bad ones with their exact message, and what the good ones become.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import { describe, expect, it } from 'vitest';
import { loginOf } from '../src/config.ts';
import type { ImapAccount } from '../src/model.ts';
import { account, CANARY, LOGIN, parse, refusal } from './support/config-files.ts';

/** Reason, bad file, the exact message. */
const cases: readonly (readonly [reason: string, file: string, message: string])[] = [
  [
    'imap: a URL',
    account('').replace('{  }', 'imap://u:hunter2@h'),
    'f.yaml:5: mailboxes[0].imap: must be a map with host, user and password',
  ],
  [
    'imap: missing parts',
    account('port: 993'),
    [
      'f.yaml:5: mailboxes[0].imap.host: is missing; it must be a host name or an IP address',
      'f.yaml:5: mailboxes[0].imap.user: is missing; it must be the login name, one line of text',
      'f.yaml:5: mailboxes[0].imap.password: is missing; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
    ].join('\n'),
  ],
  [
    'imap.host: a URL',
    account('host: "imap://h", user: u, password: { env: P }'),
    'f.yaml:5: mailboxes[0].imap.host: must be a host name or an IP address alone, without imap://, port or brackets',
  ],
  [
    'imap.host: with port',
    account('host: "h:993", user: u, password: { env: P }'),
    'f.yaml:5: mailboxes[0].imap.host: must be a host name or an IP address alone, without imap://, port or brackets',
  ],
  [
    'imap.host: an unset variable',
    account('host: "${UNSET}", user: u, password: { env: P }'),
    'f.yaml:5: mailboxes[0].imap.host: the environment variable UNSET is not set (or is empty); set it before starting maildrain',
  ],
  [
    'imap.host: empty',
    account('host: "", user: u, password: { env: P }'),
    'f.yaml:5: mailboxes[0].imap.host: must be a host name or an IP address',
  ],
  [
    'imap.user: a line break',
    account('host: h, user: "u\\nA1 LOGOUT", password: { env: P }'),
    'f.yaml:5: mailboxes[0].imap.user: must be the login name, one line of text',
  ],
  [
    'imap.user: a variable with a line break',
    account('host: h, user: "${LINES}", password: { env: P }'),
    'f.yaml:5: mailboxes[0].imap.user: must be the login name, one line of text',
  ],
  [
    'imap.port: too big',
    account(`${LOGIN}, port: 65536`),
    'f.yaml:5: mailboxes[0].imap.port: must be a whole number from 1 to 65535',
  ],
  [
    'imap.port: a text',
    account(`${LOGIN}, port: "993"`),
    'f.yaml:5: mailboxes[0].imap.port: must be a whole number from 1 to 65535',
  ],
  [
    'imap.tls: true',
    account(`${LOGIN}, tls: true`),
    'f.yaml:5: mailboxes[0].imap.tls: must be implicit, starttls or none',
  ],
  [
    'imap.tls: implicit on 143',
    account(`${LOGIN}, tls: implicit, port: 143`),
    'f.yaml:5: mailboxes[0].imap.tls: implicit does not work on port 143, which starts in clear text; write starttls, or remove port for 993',
  ],
  [
    'imap.tls: starttls on 993',
    account(`${LOGIN}, tls: starttls, port: 993`),
    'f.yaml:5: mailboxes[0].imap.tls: starttls does not work on port 993, which speaks TLS from the start; remove tls, or write port: 143',
  ],
  [
    'imap.tls: none on 993',
    account('host: localhost, user: u, password: { env: P }, tls: none, port: 993'),
    'f.yaml:5: mailboxes[0].imap.tls: none does not work on port 993, which speaks TLS from the start; remove tls, or write port: 143',
  ],
  [
    'imap.tls: none over the network',
    account(`${LOGIN}, tls: none`),
    'f.yaml:5: mailboxes[0].imap.tls: none would send the password in clear text over the network; write starttls or implicit, or add insecure: true if you accept that',
  ],
  [
    'imap.tls: none to a name that begins like loopback',
    account('host: 127.0.0.1.example, user: u, password: { env: P }, tls: none'),
    'f.yaml:5: mailboxes[0].imap.tls: none would send the password in clear text over the network; write starttls or implicit, or add insecure: true if you accept that',
  ],
  [
    'imap.insecure without clear text',
    account(`${LOGIN}, insecure: true`),
    'f.yaml:5: mailboxes[0].imap.insecure: only allows `tls: none`; certificates are always verified (name your own authority with caFile); remove it',
  ],
  [
    'imap.insecure: a word',
    account(`${LOGIN}, insecure: please`),
    'f.yaml:5: mailboxes[0].imap.insecure: must be true or false',
  ],
  [
    'imap.caFile with clear text',
    account('host: localhost, user: u, password: { env: P }, tls: none, caFile: ca.pem'),
    'f.yaml:5: mailboxes[0].imap.caFile: has no meaning with `tls: none`; remove one of them',
  ],
  [
    'imap: unknown key with a near one',
    account(`${LOGIN}, prot: 993`),
    'f.yaml:5: mailboxes[0].imap.prot: unknown key; did you mean "port"?',
  ],
  [
    'imap: unknown key is not shown',
    account(`${LOGIN}, hunter2: 993`),
    'f.yaml:5: mailboxes[0].imap: an unknown key (not shown); the keys here are host, port, user, tls, insecure, caFile, password; if it belongs to a value, put quotes around that; a colon needs a space after it',
  ],
  [
    'imap: a password cut at its comma',
    account('host: h, user: u, password: hunter2, er2'),
    [
      'f.yaml:5: mailboxes[0].imap: an unknown key (not shown); the keys here are host, port, user, tls, insecure, caFile, password; if it belongs to a value, put quotes around that; a colon needs a space after it',
      'f.yaml:5: mailboxes[0].imap.password: must not stand here itself; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
    ].join('\n'),
  ],
  [
    'imap: a missing space after a colon',
    account('host: h, user: u, password:hunter2'),
    [
      'f.yaml:5: mailboxes[0].imap: an unknown key (not shown); the keys here are host, port, user, tls, insecure, caFile, password; if it belongs to a value, put quotes around that; a colon needs a space after it',
      'f.yaml:5: mailboxes[0].imap.password: is missing; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
    ].join('\n'),
  ],
  [
    'password: a text',
    account('host: h, user: u, password: hunter2'),
    'f.yaml:5: mailboxes[0].imap.password: must not stand here itself; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
  ],
  [
    'password: a number',
    account('host: h, user: u, password: 12345'),
    'f.yaml:5: mailboxes[0].imap.password: must not stand here itself; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
  ],
  [
    'password: a list',
    account('host: h, user: u, password: [hunter2]'),
    'f.yaml:5: mailboxes[0].imap.password: must not stand here itself; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
  ],
  [
    'password: left empty',
    account('host: h, user: u, password: '),
    'f.yaml:5: mailboxes[0].imap.password: is missing; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
  ],
  [
    'password: an empty map',
    account('host: h, user: u, password: {}'),
    'f.yaml:5: mailboxes[0].imap.password: must be exactly one of { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
  ],
  [
    'password: two ways',
    account('host: h, user: u, password: { env: A, file: b }'),
    'f.yaml:5: mailboxes[0].imap.password: must be exactly one of { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
  ],
  [
    'password: a key like none of ours',
    account('host: h, user: u, password: { hunter2: x }'),
    'f.yaml:5: mailboxes[0].imap.password: an unknown key (not shown); the keys here are env, file, command; if it belongs to a value, put quotes around that; a colon needs a space after it',
  ],
  [
    'password: a typing mistake',
    account('host: h, user: u, password: { enf: P }'),
    'f.yaml:5: mailboxes[0].imap.password: an unknown key (not shown); did you mean "env"?',
  ],
  [
    'password.env: with a dollar',
    account('host: h, user: u, password: { env: $hunter2 }'),
    'f.yaml:5: mailboxes[0].imap.password.env: must be the name of an environment variable (letters, digits and _; no $)',
  ],
  [
    'password.file: a variable',
    account('host: h, user: u, password: { file: "${HOME}/p" }'),
    'f.yaml:5: mailboxes[0].imap.password.file: must be the path of a file, without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)',
  ],
  [
    'password.command: a text',
    account('host: h, user: u, password: { command: pass show hunter2 }'),
    'f.yaml:5: mailboxes[0].imap.password.command: must be a list of words such as [pass, show, imap]; it is started without a shell',
  ],
  [
    'password.command: empty',
    account('host: h, user: u, password: { command: [] }'),
    'f.yaml:5: mailboxes[0].imap.password.command: must be a list of words such as [pass, show, imap]; it is started without a shell',
  ],
];

describe('a bad account is refused', () => {
  it.each(cases)('%s', (_, file, message) => {
    expect(refusal(file)).toBe(message);
    expect(message).not.toContain(CANARY);
  });
});

describe('a good account', () => {
  const imapOf = (inside: string, env = {}) => parse(account(inside), env).mailboxes[0]?.imap;
  const cases: readonly (readonly [reason: string, inside: string, part: Partial<ImapAccount>])[] = [
    ['TLS on 993 without a word about it', LOGIN, { port: 993, tls: 'implicit', caFile: null }],
    ['STARTTLS follows from port 143', `${LOGIN}, port: 143`, { port: 143, tls: 'starttls' }],
    ['port 143 follows from STARTTLS', `${LOGIN}, tls: starttls`, { port: 143, tls: 'starttls' }],
    ['another port means TLS', `${LOGIN}, port: 1993`, { port: 1993, tls: 'implicit' }],
    ['clear text where it is accepted', `${LOGIN}, tls: none, insecure: true`, { port: 143, tls: 'none' }],
    [
      'clear text to this machine by name',
      'host: LOCALHOST, user: u, password: { env: P }, tls: none',
      { host: 'localhost' },
    ],
    ['clear text to 127.0.0.0/8', 'host: 127.8.9.1, user: u, password: { env: P }, tls: none', { host: '127.8.9.1' }],
    ['clear text to ::1', 'host: "::1", user: u, password: { env: P }, tls: none', { host: '::1', port: 143 }],
    [
      'an international host name',
      'host: Bücher.Example, user: u, password: { env: P }',
      { host: 'xn--bcher-kva.example' },
    ],
    ['a name as in docker compose', 'host: mail_server, user: u, password: { env: P }', { host: 'mail_server' }],
    ['a CA file beside the configuration', `${LOGIN}, caFile: ca.pem`, { caFile: '/etc/maildrain/ca.pem' }],
    [
      'a secret file beside the configuration',
      'host: h, user: u, password: { file: p }',
      { password: { file: '/etc/maildrain/p' } },
    ],
    ['a secret file elsewhere', 'host: h, user: u, password: { file: /run/p }', { password: { file: '/run/p' } }],
    [
      'a command',
      'host: h, user: u, password: { command: [pass, show, x] }',
      { password: { command: ['pass', 'show', 'x'] } },
    ],
  ];
  it.each(cases)('%s', (_, inside, part) => expect(imapOf(inside)).toMatchObject(part));

  it('takes host and user from variables', () => {
    const imap = imapOf('host: "${H}.example", user: "${U}@x", password: { env: P }', { H: 'Mail', U: 'Ann' });
    expect(imap).toMatchObject({ host: 'mail.example', user: 'Ann@x' });
  });
});

describe('loginOf', () => {
  it('is the same for every mailbox of an account, and tells accounts apart', () => {
    const login = (host: string) =>
      loginOf(parse(account(`host: "${host}", user: Ann@x, password: { env: P }`)).mailboxes[0] ?? never());
    expect(login('MAIL.example')).toBe('imap://Ann@x@mail.example:993');
    expect(login('2001:DB8::1')).toBe('imap://Ann@x@[2001:db8::1]:993');
  });
});

function never(): never {
  throw new Error('no mailbox');
}
