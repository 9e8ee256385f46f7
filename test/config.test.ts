// The file as a whole: bad ones with their exact message, good ones with what they become, and where the file is looked for.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../src/config.ts';
import { DEFAULT_RETENTION } from '../src/config-retention.ts';
import { DEFAULT_RULES } from '../src/config-suppression.ts';
import { CANARY, parse, refusal, top } from './support/config-files.ts';

/** Reason, bad file, the exact message. */
const cases: readonly (readonly [reason: string, file: string, message: string])[] = [
  [
    'an empty file',
    ``,
    'f.yaml:1: the configuration is empty; it needs postgres and mailboxes (see maildrain.example.yaml)',
  ],
  [
    'a list at the top',
    `- a`,
    'f.yaml:1: the configuration must be a map of keys; it needs postgres and mailboxes (see maildrain.example.yaml)',
  ],
  [
    'nothing that is needed',
    `logLevel: info`,
    [
      'f.yaml:1: postgres: is missing; it must be ${DATABASE_URL}, another postgres:// URL, or embedded',
      'f.yaml:1: mailboxes: is missing; it must be a list of at least one mailbox (- name: ...)',
    ].join('\n'),
  ],
  [
    'an unknown key with a near one',
    top('postgres: embedded\nconcurency: 4'),
    'f.yaml:2: concurency: unknown key; did you mean "concurrency"?',
  ],
  [
    "another program's word for a key",
    top('postgres: embedded\ndatabase: x'),
    'f.yaml:2: database: unknown key; did you mean "postgres"?',
  ],
  [
    'an unknown key like none of ours',
    top('postgres: embedded\nfrobnicate: 1'),
    'f.yaml:2: frobnicate: unknown key; the keys here are postgres, redis, connectionsPerHost, concurrency, stateDir, logLevel, shutdownGrace, mailboxes, bounces, suppression, events, retention',
  ],
  [
    'an unknown key without a value is not shown',
    top('postgres: embedded\nhunter2:'),
    'f.yaml:2: an unknown key (not shown); the keys here are postgres, redis, connectionsPerHost, concurrency, stateDir, logLevel, shutdownGrace, mailboxes, bounces, suppression, events, retention; if it belongs to a value, put quotes around that; a colon needs a space after it',
  ],
  [
    'postgres: a word',
    top('postgres: postgress'),
    'f.yaml:1: postgres: must be a URL that starts with postgres:// or postgresql://, such as postgres://user:${PASSWORD}@host/database; percent-encode special characters in the password',
  ],
  [
    'postgres: a list',
    top('postgres: [a]'),
    'f.yaml:1: postgres: must be ${DATABASE_URL}, another postgres:// URL, or embedded',
  ],
  [
    'postgres: left empty',
    top('postgres:'),
    'f.yaml:1: postgres: is empty; it must be ${DATABASE_URL}, another postgres:// URL, or embedded',
  ],
  [
    'postgres: another scheme',
    top('postgres: mysql://h/db'),
    'f.yaml:1: postgres: must be a URL that starts with postgres:// or postgresql://, such as postgres://user:${PASSWORD}@host/database; percent-encode special characters in the password',
  ],
  [
    'postgres: a literal password',
    top('postgres: postgres://u:hunter2@h/db'),
    'f.yaml:1: postgres: holds a password, and secrets never stand in the file; write postgres://user:${PASSWORD}@host/database and set the variable in the environment',
  ],
  [
    'postgres: a literal password in the query',
    top('postgres: postgres://h/db?user=u&password=hunter2'),
    'f.yaml:1: postgres: holds a password, and secrets never stand in the file; write postgres://user:${PASSWORD}@host/database and set the variable in the environment',
  ],
  [
    'postgres: half of a password by variable',
    top('postgres: "postgres://u:hunter2${OK}@h/db"'),
    'f.yaml:1: postgres: holds a password, and secrets never stand in the file; write postgres://user:${PASSWORD}@host/database and set the variable in the environment',
  ],
  [
    'postgres: an unset variable',
    top('postgres: ${UNSET}'),
    'f.yaml:1: postgres: the environment variable UNSET is not set (or is empty); set it before starting maildrain',
  ],
  [
    'postgres: an empty variable',
    top('postgres: ${EMPTY}'),
    'f.yaml:1: postgres: the environment variable EMPTY is not set (or is empty); set it before starting maildrain',
  ],
  [
    'postgres: a broken variable',
    top('postgres: "${OOPS"'),
    'f.yaml:1: postgres: has a ${ that is not followed by NAME}; write ${NAME}',
  ],
  [
    'postgres: a variable that is no URL',
    top('postgres: ${VALUE_WITH_CANARY}'),
    'f.yaml:1: postgres: must be a URL that starts with postgres:// or postgresql://, such as postgres://user:${PASSWORD}@host/database; percent-encode special characters in the password',
  ],
  [
    'postgres: a password that breaks the URL',
    top('postgres: postgres://u:${SLASH}@h/db'),
    'f.yaml:1: postgres: the value of SLASH has a character that ends a user name or password in a URL; percent-encode it (/ is %2F, @ is %40)',
  ],
  [
    'redis: http',
    top('postgres: embedded\nredis: http://h'),
    'f.yaml:2: redis: must be a URL that starts with redis:// or rediss://, such as redis://:${PASSWORD}@host:6379; percent-encode special characters in the password',
  ],
  [
    'redis: a literal password',
    top('postgres: embedded\nredis: redis://:hunter2@h:6379'),
    'f.yaml:2: redis: holds a password, and secrets never stand in the file; write redis://:${PASSWORD}@host:6379 and set the variable in the environment',
  ],
  [
    'redis: a number',
    top('postgres: embedded\nredis: 6379'),
    'f.yaml:2: redis: must be ${REDIS_URL} or another redis:// or rediss:// URL',
  ],
  [
    'redis: an unset variable that is only a part',
    top('postgres: embedded\nredis: redis://${UNSET}:6379'),
    'f.yaml:2: redis: the environment variable UNSET is not set (or is empty); set it before starting maildrain',
  ],
  [
    'connectionsPerHost: none',
    top('postgres: embedded\nconnectionsPerHost: 0'),
    'f.yaml:2: connectionsPerHost: must be a whole number from 1 to 100',
  ],
  [
    'connectionsPerHost: too many',
    top('postgres: embedded\nconnectionsPerHost: 101'),
    'f.yaml:2: connectionsPerHost: must be a whole number from 1 to 100',
  ],
  [
    'concurrency: a fraction',
    top('postgres: embedded\nconcurrency: 1.5'),
    'f.yaml:2: concurrency: must be a whole number from 1 to 64',
  ],
  [
    'concurrency: a text',
    top('postgres: embedded\nconcurrency: "4"'),
    'f.yaml:2: concurrency: must be a whole number from 1 to 64',
  ],
  [
    'stateDir: a variable',
    top('postgres: embedded\nstateDir: "${HOME}/x"'),
    'f.yaml:2: stateDir: must be the path of a directory, without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)',
  ],
  [
    'logLevel: unknown',
    top('postgres: embedded\nlogLevel: verbose'),
    'f.yaml:2: logLevel: must be debug, info, warn or error',
  ],
  [
    'shutdownGrace: too long',
    top('postgres: embedded\nshutdownGrace: 11m'),
    'f.yaml:2: shutdownGrace: must be a duration such as 30s, from 1s to 10m',
  ],
  [
    'shutdownGrace: a bare number',
    top('postgres: embedded\nshutdownGrace: 30'),
    'f.yaml:2: shutdownGrace: must be a duration such as 30s, from 1s to 10m',
  ],
  [
    'mailboxes: missing',
    'postgres: embedded',
    'f.yaml:1: mailboxes: is missing; it must be a list of at least one mailbox (- name: ...)',
  ],
  [
    'mailboxes: empty list',
    'postgres: embedded\nmailboxes: []',
    'f.yaml:2: mailboxes: is empty; it must be a list of at least one mailbox (- name: ...)',
  ],
  [
    'mailboxes: left empty',
    'postgres: embedded\nmailboxes:',
    'f.yaml:2: mailboxes: is empty; it must be a list of at least one mailbox (- name: ...)',
  ],
  [
    'mailboxes: a map',
    'postgres: embedded\nmailboxes: { name: a }',
    'f.yaml:2: mailboxes: must be a list of at least one mailbox (- name: ...)',
  ],
  [
    'mailboxes: a list of words',
    'postgres: embedded\nmailboxes:\n  - a\n',
    'f.yaml:3: mailboxes[0]: must be a map with name, imap and dispose',
  ],
  [
    'several problems, in the order of the file',
    'postgres: mysql://h\nmailboxes:\n  - name: a b\n    imap: { host: h, user: u, password: hunter2, port: 0 }\n    every: 1s\n    dispose: nothing\nlogLevl: info\n',
    [
      'f.yaml:1: postgres: must be a URL that starts with postgres:// or postgresql://, such as postgres://user:${PASSWORD}@host/database; percent-encode special characters in the password',
      'f.yaml:3: mailboxes[0].name: must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
      'f.yaml:4: mailboxes[0].imap.port: must be a whole number from 1 to 65535',
      'f.yaml:4: mailboxes[0].imap.password: must not stand here itself; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
      'f.yaml:5: mailboxes[0].every: must be a duration such as 30s, 1m, 2h or 1d, from 5s to 30d',
      'f.yaml:6: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }',
      'f.yaml:7: logLevl: unknown key; did you mean "logLevel"?',
    ].join('\n'),
  ],
];

describe('a bad file is refused', () => {
  it.each(cases)('%s', (_, file, message) => {
    expect(refusal(file)).toBe(message);
    expect(message).not.toContain(CANARY);
  });
});

describe('a good file', () => {
  it('gets every default', () => {
    const { mailboxes, ...config } = parse(top('postgres: embedded'));
    expect(config).toEqual({
      postgres: 'embedded',
      redis: null,
      bounces: { patterns: [], secrets: [], headers: [] },
      suppression: { trust: 'address-only', complaintTrust: 'address-only', rules: DEFAULT_RULES },
      events: [],
      connectionsPerHost: 8,
      concurrency: 4,
      stateDir: '/etc/maildrain/.maildrain',
      logLevel: 'info',
      shutdownGraceMs: 30_000,
      retention: DEFAULT_RETENTION,
    });
    expect(mailboxes).toHaveLength(1);
  });

  it('keeps what it says', () => {
    const lines =
      'postgres: postgresql:///mail\nredis: rediss://h\nconnectionsPerHost: 100\nconcurrency: 64\nstateDir: /var/x\nlogLevel: debug\nshutdownGrace: 10m';
    expect(parse(top(lines))).toMatchObject({
      postgres: { url: 'postgresql:///mail' },
      redis: 'rediss://h',
      connectionsPerHost: 100,
      concurrency: 64,
      stateDir: '/var/x',
      logLevel: 'debug',
      shutdownGraceMs: 600_000,
    });
  });

  const urls: readonly (readonly [reason: string, lines: string, part: object])[] = [
    ['a URL from a variable', 'postgres: ${URL}', { postgres: { url: 'postgres://u:p%40ss@h/d' } }],
    [
      'a password from a variable',
      'postgres: postgres://u:${PASSWORD}@h/d',
      { postgres: { url: 'postgres://u:p%40ss@h/d' } },
    ],
    [
      'user and password from variables',
      'postgres: "postgres://${NAME}:${PASSWORD}@h/d"',
      { postgres: { url: 'postgres://u:p%40ss@h/d' } },
    ],
    ['a user without password', 'postgres: postgres://u@h:5433/d', { postgres: { url: 'postgres://u@h:5433/d' } }],
    ['embedded from a variable', 'postgres: ${WORD}', { postgres: 'embedded' }],
    [
      'Redis with a password from a variable',
      'postgres: embedded\nredis: redis://:${PASSWORD}@h:6379/1',
      { redis: 'redis://:p%40ss@h:6379/1' },
    ],
    ['Redis: a variable that is unset means none', 'postgres: embedded\nredis: ${UNSET}', { redis: null }],
    ['Redis: a variable that is empty means none', 'postgres: embedded\nredis: ${EMPTY}', { redis: null }],
    ['Redis: nothing means none', 'postgres: embedded\nredis:', { redis: null }],
    ['Redis: an empty text means none', 'postgres: embedded\nredis: ""', { redis: null }],
  ];
  it.each(urls)('%s', (_, lines, part) => {
    const env = { URL: 'postgres://u:p%40ss@h/d', NAME: 'u', PASSWORD: 'p%40ss', WORD: 'embedded', EMPTY: '' };
    expect(parse(top(lines), env)).toMatchObject(part);
  });

  it('is the example that stands beside the README', () => {
    const text = readFileSync(new URL('../maildrain.example.yaml', import.meta.url), 'utf8');
    const config = parseConfig(text, { file: 'maildrain.example.yaml', env: { DATABASE_URL: 'postgres://h/d' } });
    expect(config.redis).toBeNull();
    expect(config.mailboxes.map(({ name }) => name)).toEqual(['bounces', 'archive']);
  });
});

describe('loadConfig', () => {
  let dir = '';
  const good = top('postgres: embedded');
  const HOW =
    'copy maildrain.example.yaml to maildrain.yaml and change it, or name a file with --config or MAILDRAIN_CONFIG';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'maildrain-config-'));
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'maildrain.yaml'), good);
    writeFileSync(join(dir, 'sub', 'other.yaml'), `${good}\nlogLevel: warn\n`);
    writeFileSync(join(dir, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xfc]));
    writeFileSync(join(dir, 'bad.yaml'), `${good}\nlogLevel: ${CANARY}\n`);
    writeFileSync(join(dir, 'huge.yaml'), Buffer.alloc(16 * 1024 * 1024 + 1, 0x23));
    writeFileSync(join(dir, 'secret.yaml'), good);
    chmodSync(join(dir, 'secret.yaml'), 0o000);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('reads maildrain.yaml where it is started', () => {
    expect(loadConfig({ cwd: dir, env: {} }).stateDir).toBe(join(dir, '.maildrain'));
  });

  it('reads the file of MAILDRAIN_CONFIG, and keeps state beside that file', () => {
    const config = loadConfig({ cwd: dir, env: { MAILDRAIN_CONFIG: 'sub/other.yaml' } });
    expect(config).toMatchObject({ logLevel: 'warn', stateDir: join(dir, 'sub', '.maildrain') });
  });

  it('prefers the path that is given', () => {
    expect(loadConfig({ cwd: dir, path: 'maildrain.yaml', env: { MAILDRAIN_CONFIG: 'sub/other.yaml' } }).logLevel).toBe(
      'info',
    );
  });

  const bad: readonly (readonly [reason: string, path: string, message: string])[] = [
    ['a file that is not there', 'none.yaml', `none.yaml: there is no such file; ${HOW}`],
    ['a file under a file', 'maildrain.yaml/x', `maildrain.yaml/x: there is no such file; ${HOW}`],
    ['a directory', 'sub', 'sub: is a directory; name the file in it'],
    ['not UTF-8', 'latin1.yaml', 'latin1.yaml: is not UTF-8 text; save it as UTF-8'],
    ['not a configuration by its size', 'huge.yaml', 'huge.yaml: is larger than 16 MiB; is it a configuration?'],
    ['a wrong value', 'bad.yaml', 'bad.yaml:7: logLevel: must be debug, info, warn or error'],
  ];
  it.each(bad)('refuses %s', (_, path, message) => {
    expect(() => loadConfig({ cwd: dir, path, env: {} })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message }),
    );
  });

  it('says that a file may not be read, unless the user may read everything', () => {
    const load = () => loadConfig({ cwd: dir, path: 'secret.yaml', env: {} });
    if (process.getuid?.() === 0) expect(load().logLevel).toBe('info');
    else expect(load).toThrow('secret.yaml: may not be read by this user; change its permissions');
  });
});
