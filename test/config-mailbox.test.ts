// One mailbox: bad ones with their exact message, what the good ones become, and mailboxes that come from a program.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import { describe, expect, it } from 'vitest';
import { checkMailboxes } from '../src/config.ts';
import type { MailboxConfig } from '../src/model.ts';
import { CANARY, LOGIN, mailbox, parse, refusal } from './support/config-files.ts';

/** Reason, bad file, the exact message. */
const cases: readonly (readonly [reason: string, file: string, message: string])[] = [
  [
    'a mailbox with nothing in it',
    'postgres: embedded\nmailboxes:\n  - {}\n',
    [
      'f.yaml:3: mailboxes[0].name: is missing; it must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
      'f.yaml:3: mailboxes[0].imap: is missing; it must be a map with host, user and password',
      'f.yaml:3: mailboxes[0].dispose: is missing; say what happens to stored messages on the server: delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }',
    ].join('\n'),
  ],
  [
    'two mailboxes of one name',
    `${mailbox('dispose: keep')}  - name: a\n    imap: { ${LOGIN} }\n    dispose: keep\n`,
    'f.yaml:6: mailboxes[1].name: is the name of mailboxes[0] already; names must differ',
  ],
  [
    'two names of one account and folder, however INBOX is written',
    `${mailbox('dispose: keep')}  - name: b\n    imap: { ${LOGIN} }\n    folder: inbox\n    dispose: delete\n`,
    'f.yaml:6: mailboxes[1]: is the same account and folder as mailboxes[0]; its mail would be stored twice, so keep one of them',
  ],
  [
    'name: a space',
    mailbox('dispose: keep', 'my box'),
    'f.yaml:3: mailboxes[0].name: must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  ],
  [
    'name: starts with a dot',
    mailbox('dispose: keep', '.a'),
    'f.yaml:3: mailboxes[0].name: must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  ],
  [
    'name: 65 characters',
    mailbox('dispose: keep', `${'a'.repeat(65)}`),
    'f.yaml:3: mailboxes[0].name: must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  ],
  [
    'name: a number',
    mailbox('dispose: keep', '12'),
    'f.yaml:3: mailboxes[0].name: must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  ],
  [
    'folder: a number',
    mailbox('dispose: keep\nfolder: 2024'),
    'f.yaml:6: mailboxes[0].folder: must be the name of a mailbox on the server, one line of text without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)',
  ],
  [
    'folder: left empty',
    mailbox('dispose: keep\nfolder:'),
    'f.yaml:6: mailboxes[0].folder: is empty; it must be the name of a mailbox on the server, one line of text without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)',
  ],
  [
    'folder: a variable',
    mailbox('dispose: keep\nfolder: ${X}'),
    'f.yaml:6: mailboxes[0].folder: must be the name of a mailbox on the server, one line of text without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only)',
  ],
  [
    'folder: an attribute with a typing mistake',
    mailbox('dispose: keep\nfolder: \\Al'),
    'f.yaml:6: mailboxes[0].folder: is not a SPECIAL-USE attribute; did you mean \\All?',
  ],
  [
    'folder: an unknown attribute',
    mailbox('dispose: keep\nfolder: \\Everything'),
    'f.yaml:6: mailboxes[0].folder: is not a SPECIAL-USE attribute; the known ones are \\All, \\Archive, \\Drafts, \\Flagged, \\Important, \\Junk, \\Sent, \\Trash',
  ],
  [
    'every: a bare number',
    mailbox('dispose: keep\nevery: 60'),
    'f.yaml:6: mailboxes[0].every: must be a duration such as 30s, 1m, 2h or 1d, from 5s to 30d',
  ],
  [
    'every: too often',
    mailbox('dispose: keep\nevery: 4s'),
    'f.yaml:6: mailboxes[0].every: must be a duration such as 30s, 1m, 2h or 1d, from 5s to 30d',
  ],
  [
    'every: too seldom',
    mailbox('dispose: keep\nevery: 31d'),
    'f.yaml:6: mailboxes[0].every: must be a duration such as 30s, 1m, 2h or 1d, from 5s to 30d',
  ],
  [
    'every: an unknown unit',
    mailbox('dispose: keep\nevery: 1w'),
    'f.yaml:6: mailboxes[0].every: must be a duration such as 30s, 1m, 2h or 1d, from 5s to 30d',
  ],
  [
    'every and cron',
    mailbox('dispose: keep\nevery: 1m\ncron: "* * * * *"'),
    'f.yaml:7: mailboxes[0].cron: stands beside every; a mailbox has one schedule, so remove one of them',
  ],
  [
    'cron: four fields',
    mailbox('dispose: keep\ncron: "* * * *"'),
    'f.yaml:6: mailboxes[0].cron: must have 5 fields (minute, hour, day of month, month, day of week) or 6 (a second before them), for example "*/5 8-18 * * 1-5"',
  ],
  [
    'cron: a macro',
    mailbox('dispose: keep\ncron: "@hourly"'),
    'f.yaml:6: mailboxes[0].cron: must have 5 fields (minute, hour, day of month, month, day of week) or 6 (a second before them), for example "*/5 8-18 * * 1-5"',
  ],
  [
    'cron: minute 60',
    mailbox('dispose: keep\ncron: "60 * * * *"'),
    'f.yaml:6: mailboxes[0].cron: the minute (field 1) is not valid; write *, numbers or names with "," "-" "/", such as */5, 8-18 or MON-FRI',
  ],
  [
    'cron: a word for a day',
    mailbox('dispose: keep\ncron: "0 0 * * funday"'),
    'f.yaml:6: mailboxes[0].cron: the day of week (field 5) is not valid; write *, numbers or names with "," "-" "/", such as */5, 8-18 or MON-FRI',
  ],
  [
    'cron: a hash, which differs in each process',
    mailbox('dispose: keep\ncron: "H * * * *"'),
    'f.yaml:6: mailboxes[0].cron: the minute (field 1) is not valid; write *, numbers or names with "," "-" "/", such as */5, 8-18 or MON-FRI',
  ],
  [
    'cron: 30 February',
    mailbox('dispose: keep\ncron: "0 0 30 2 *"'),
    'f.yaml:6: mailboxes[0].cron: never happens: there is no such day in these months',
  ],
  [
    'cron: each second',
    mailbox('dispose: keep\ncron: "* * * * * *"'),
    'f.yaml:6: mailboxes[0].cron: happens more often than every 5 seconds; change the second (field 1)',
  ],
  [
    'cron: a number',
    mailbox('dispose: keep\ncron: 5'),
    'f.yaml:6: mailboxes[0].cron: must be a cron expression between quotes, for example "*/5 8-18 * * 1-5"',
  ],
  [
    'tz: unknown',
    mailbox('dispose: keep\ncron: "* * * * *"\ntz: Mars/Olympus'),
    'f.yaml:7: mailboxes[0].tz: is not a time zone that this Node.js knows; write an IANA name such as Europe/Berlin or UTC',
  ],
  [
    'tz: a typing mistake',
    mailbox('dispose: keep\ncron: "* * * * *"\ntz: Europe/Berln'),
    'f.yaml:7: mailboxes[0].tz: is not a time zone that this Node.js knows; did you mean "Europe/Berlin"?',
  ],
  [
    'tz: an offset',
    mailbox('dispose: keep\ncron: "* * * * *"\ntz: "+02:00"'),
    'f.yaml:7: mailboxes[0].tz: is not a time zone that this Node.js knows; write an IANA name such as Europe/Berlin or UTC',
  ],
  [
    'tz without cron',
    mailbox('dispose: keep\ntz: UTC'),
    'f.yaml:6: mailboxes[0].tz: has a meaning only beside cron; remove it or write cron',
  ],
  [
    'dispose: missing',
    mailbox('every: 1m'),
    'f.yaml:3: mailboxes[0].dispose: is missing; say what happens to stored messages on the server: delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }',
  ],
  [
    'dispose: unknown',
    mailbox('dispose: destroy'),
    'f.yaml:5: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }',
  ],
  [
    'dispose: a typing mistake',
    mailbox('dispose: delte'),
    'f.yaml:5: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }; did you mean "delete"?',
  ],
  [
    'dispose: move as a word',
    mailbox('dispose: "move: Archive"'),
    'f.yaml:5: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }',
  ],
  [
    'dispose: delete as a map',
    mailbox('dispose: { delete: { forever: true } }'),
    'f.yaml:5: mailboxes[0].dispose: has `delete` as a map; write `dispose: delete` and, beside it, `forever: true`',
  ],
  [
    'dispose: move and flag',
    mailbox('dispose: { move: A, flag: B }'),
    'f.yaml:5: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }; `create` goes with `move` only',
  ],
  [
    'dispose: create without move',
    mailbox('dispose: { flag: B, create: true }'),
    'f.yaml:5: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }; `create` goes with `move` only',
  ],
  [
    'dispose: an empty map',
    mailbox('dispose: {}'),
    'f.yaml:5: mailboxes[0].dispose: must be delete, trash, seen, keep, { move: NAME } or { flag: KEYWORD }; `create` goes with `move` only',
  ],
  [
    'dispose: an unknown key',
    mailbox('dispose: { moved: A }'),
    'f.yaml:5: mailboxes[0].dispose.moved: unknown key; did you mean "move"?',
  ],
  [
    'dispose: move to the drained mailbox',
    mailbox('dispose: { move: inbox }'),
    'f.yaml:5: mailboxes[0].dispose: moves messages to the mailbox that is drained; name another one',
  ],
  [
    'dispose: move to a named drained mailbox',
    mailbox('folder: Lists\ndispose: { move: Lists }'),
    'f.yaml:6: mailboxes[0].dispose: moves messages to the mailbox that is drained; name another one',
  ],
  [
    'dispose: trash in Trash',
    mailbox('folder: \\trash\ndispose: trash'),
    'f.yaml:6: mailboxes[0].dispose: moves messages to the mailbox that is drained; name another one',
  ],
  [
    'dispose: move to an attribute',
    mailbox('dispose: { move: \\Trash }'),
    'f.yaml:5: mailboxes[0].dispose.move: must be the name of a mailbox, without ${VARIABLES} (they are replaced in postgres, redis, imap.host and imap.user only); for Trash write `dispose: trash`',
  ],
  [
    'dispose: a system flag',
    mailbox('dispose: { flag: \\Seen }'),
    'f.yaml:5: mailboxes[0].dispose.flag: must be a keyword such as $Drained: ASCII without spaces or any of ( ) { ] % * " \\ (for \\Seen write `dispose: seen`)',
  ],
  [
    'dispose: a keyword with a space',
    mailbox('dispose: { flag: two words }'),
    'f.yaml:5: mailboxes[0].dispose.flag: must be a keyword such as $Drained: ASCII without spaces or any of ( ) { ] % * " \\ (for \\Seen write `dispose: seen`)',
  ],
  [
    'dispose: a keyword outside of ASCII',
    mailbox('dispose: { flag: erledigt✓ }'),
    'f.yaml:5: mailboxes[0].dispose.flag: must be a keyword such as $Drained: ASCII without spaces or any of ( ) { ] % * " \\ (for \\Seen write `dispose: seen`)',
  ],
  [
    'forever without delete',
    mailbox('dispose: trash\nforever: true'),
    'f.yaml:6: mailboxes[0].forever: has a meaning only with `dispose: delete`; remove it',
  ],
  [
    'forever: a word',
    mailbox('dispose: delete\nforever: always'),
    'f.yaml:6: mailboxes[0].forever: must be true or false',
  ],
  [
    'after with keep',
    mailbox('dispose: keep\nafter: 1d'),
    'f.yaml:6: mailboxes[0].after: has no meaning with `dispose: keep`, which never takes a message away; remove one of them',
  ],
  [
    'after: none',
    mailbox('dispose: delete\nafter: 0d'),
    'f.yaml:6: mailboxes[0].after: must be a duration such as 12h or 30d, from 1s to 3650d',
  ],
  [
    'after: eleven years',
    mailbox('dispose: delete\nafter: 4015d'),
    'f.yaml:6: mailboxes[0].after: must be a duration such as 12h or 30d, from 1s to 3650d',
  ],
  [
    'expunge: unknown',
    mailbox('dispose: delete\nexpunge: always'),
    'f.yaml:6: mailboxes[0].expunge: must be safe or exclusive',
  ],
  [
    'sizeLimit: too small',
    mailbox('dispose: delete\nsizeLimit: 1023'),
    'f.yaml:6: mailboxes[0].sizeLimit: must be a number of octets or a size such as 50MB, from 1 KB to 2 GB',
  ],
  [
    'sizeLimit: too large',
    mailbox('dispose: delete\nsizeLimit: 3GB'),
    'f.yaml:6: mailboxes[0].sizeLimit: must be a number of octets or a size such as 50MB, from 1 KB to 2 GB',
  ],
  [
    'sizeLimit: an unknown unit',
    mailbox('dispose: delete\nsizeLimit: 5 MiB'),
    'f.yaml:6: mailboxes[0].sizeLimit: must be a number of octets or a size such as 50MB, from 1 KB to 2 GB',
  ],
];

describe('a bad mailbox is refused', () => {
  it.each(cases)('%s', (_, file, message) => {
    expect(refusal(file)).toBe(message);
    expect(message).not.toContain(CANARY);
  });
});

describe('a good mailbox', () => {
  const cases: readonly (readonly [reason: string, lines: string, part: Partial<MailboxConfig>])[] = [
    [
      'every default',
      'dispose: delete',
      {
        folder: 'INBOX',
        everyMs: 60_000,
        cron: null,
        tz: null,
        dispose: { kind: 'delete', forever: false },
        afterMs: 0,
        expunge: 'safe',
        sizeLimit: 52_428_800,
      },
    ],
    ['forever', 'dispose: delete\nforever: true', { dispose: { kind: 'delete', forever: true } }],
    ['trash', 'dispose: trash', { dispose: { kind: 'trash' } }],
    ['seen', 'dispose: seen', { dispose: { kind: 'seen' } }],
    ['keep', 'dispose: keep', { dispose: { kind: 'keep' } }],
    ['move', 'dispose: { move: Archive/2026 }', { dispose: { kind: 'move', to: 'Archive/2026', create: false } }],
    ['move and create', 'dispose: { move: A, create: true }', { dispose: { kind: 'move', to: 'A', create: true } }],
    ['move to a name that differs in case', 'folder: Lists\ndispose: { move: lists }', { folder: 'Lists' }],
    ['flag', 'dispose: { flag: $Drained }', { dispose: { kind: 'flag', keyword: '$Drained' } }],
    ['INBOX in any case', 'dispose: keep\nfolder: inbox', { folder: 'INBOX' }],
    ['a SPECIAL-USE attribute in any case', 'dispose: keep\nfolder: \\all', { folder: '\\All' }],
    ['a folder in UTF-8', 'dispose: keep\nfolder: Entwürfe & 日本語', { folder: 'Entwürfe & 日本語' }],
    ['every at its lower end', 'dispose: keep\nevery: 5s', { everyMs: 5000 }],
    ['every at its upper end', 'dispose: keep\nevery: 30d', { everyMs: 2_592_000_000 }],
    ['cron is in UTC unless said', 'dispose: keep\ncron: "0 5 * * *"', { everyMs: null, cron: '0 5 * * *', tz: 'UTC' }],
    ['cron with a zone', 'dispose: keep\ncron: "0 0 L * *"\ntz: Asia/Tokyo', { cron: '0 0 L * *', tz: 'Asia/Tokyo' }],
    ['cron with seconds', 'dispose: keep\ncron: "*/5 * * * * *"', { cron: '*/5 * * * * *' }],
    ['after', 'dispose: delete\nafter: 12h', { afterMs: 43_200_000 }],
    ['after with seen', 'dispose: seen\nafter: 1d', { afterMs: 86_400_000 }],
    ['expunge', 'dispose: delete\nexpunge: exclusive', { expunge: 'exclusive' }],
    ['sizeLimit in octets', 'dispose: keep\nsizeLimit: 1024', { sizeLimit: 1024 }],
    ['sizeLimit with a unit', 'dispose: keep\nsizeLimit: 2 GB', { sizeLimit: 2_147_483_648 }],
  ];
  it.each(cases)('%s', (_, lines, part) => expect(parse(mailbox(lines)).mailboxes[0]).toMatchObject(part));
});

describe('checkMailboxes', () => {
  const imap = { host: '${H}', user: 'u', password: { env: 'P' } };

  it('gives the same mailbox as the file does', () => {
    const [fromProgram] = checkMailboxes(
      [{ name: 'a', imap: { ...imap, host: 'h.example' }, dispose: 'delete', every: '2m' }],
      { env: {} },
    );
    expect(fromProgram).toEqual(parse(mailbox('dispose: delete\nevery: 2m')).mailboxes[0]);
  });

  it('accepts a fleet that has no mailbox yet', () => {
    expect(checkMailboxes([])).toEqual([]);
  });

  it('takes variables and relative paths from where it is told', () => {
    const [only] = checkMailboxes([{ name: 'a', imap: { ...imap, password: { file: 'p' } }, dispose: 'keep' }], {
      env: { H: 'h.example' },
      cwd: '/srv',
    });
    expect(only?.imap).toMatchObject({ host: 'h.example', password: { file: '/srv/p' } });
  });

  it('takes the password from a function, and calls it only when the password is needed', async () => {
    let calls = 0;
    const password = async () => `${CANARY}${++calls}`;
    const [only] = checkMailboxes([{ name: 'a', imap: { host: 'h', user: 'u', password }, dispose: 'keep' }]);
    expect(calls).toBe(0);
    const source = only?.imap.password;
    expect(source !== undefined && 'value' in source && (await source.value())).toBe(`${CANARY}1`);
  });

  it('tells all problems with their paths and no file', () => {
    const bad = [
      { name: 'a', imap: { host: 'h', user: 'u', password: CANARY, prot: 1 }, dispose: 'delete' },
      { name: 'a', imap: new Date(0), dispose: 'delete', evry: '1m' },
      null,
    ];
    expect(() => checkMailboxes(bad)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: [
          'mailboxes[0].imap.prot: unknown key; did you mean "port"?',
          'mailboxes[0].imap.password: must not stand here itself; write { env: NAME }, { file: PATH } or { command: [WORD, ...] }',
          'mailboxes[1].name: is the name of mailboxes[0] already; names must differ',
          'mailboxes[1].evry: unknown key; did you mean "every"?',
          'mailboxes[1].imap: must be a map with host, user and password',
          'mailboxes[2]: must be a map with name, imap and dispose',
        ].join('\n'),
      }),
    );
  });

  it('shows a hundred problems and counts the rest', () => {
    expect(() => checkMailboxes(Array.from({ length: 150 }, () => null))).toThrow(
      /^(mailboxes\[\d+\]: .*\n){100}and 50 more$/,
    );
  });
});
