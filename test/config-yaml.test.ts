// Files that are not YAML, or too clever YAML: the exact message, which never repeats the file. And lines through anchors and merges.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { account, CANARY, mailbox, parse, refusal, top } from './support/config-files.ts';

/** Reason, bad file, the exact message. */
const cases: readonly (readonly [reason: string, file: string, message: string])[] = [
  [
    'a key twice',
    top('postgres: embedded\npostgres: embedded'),
    'f.yaml:2: this key stands twice in the same map; remove one',
  ],
  [
    'an open bracket',
    'postgres: embedded\nmailboxes: [\n',
    'f.yaml:3: wrong indentation, or a bracket or quote that is not closed',
  ],
  ['an open quote', 'postgres: "embedded\n', 'f.yaml:2: a quote, bracket, comma or space is missing here'],
  ['a tab', 'mailboxes:\n\t- name: a\n', 'f.yaml:2: a tab used for indentation; use spaces'],
  [
    'a second document',
    'postgres: embedded\n---\npostgres: embedded\n',
    'f.yaml:2: a second YAML document (---); the configuration is one document',
  ],
  [
    'a colon in a plain text',
    'postgres: hunter2: x\n',
    'f.yaml:1: a second "key: value" on one line; start a new line, or put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes',
  ],
  [
    'a password with a % first',
    mailbox('dispose: keep').replace('{ env: P }', '%hunter2'),
    'f.yaml:4: a plain text cannot start with this character; put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes',
  ],
  [
    'a backslash between double quotes',
    mailbox('dispose: keep\nfolder: "\\All"'),
    'f.yaml:6: a bad escape sequence between double quotes; use single quotes for a text with a backslash',
  ],
  [
    'a missing space after a colon',
    'password:hunter2\npostgres: embedded\n',
    'f.yaml:1: a key that goes over two lines; is the space after a colon missing?',
  ],
  ['a list as a key', '? [a]\n: 1\n', 'f.yaml:1: a key must be a plain word'],
  [
    'aliases that multiply',
    [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...['b', 'c', 'd', 'e'].map((n, i) => `${n}: &${n} [${Array(10).fill(`*${'abcd'[i]}`).join(', ')}]`),
    ].join('\n'),
    'f.yaml:1: aliases that hold themselves or multiply more than 100 times; write the values out',
  ],
  [
    'an alias that holds itself',
    'mailboxes: &m [*m]\npostgres: embedded\n',
    'f.yaml:1: mailboxes[0]: must be a map with name, imap and dispose',
  ],
  ['brackets without end', '['.repeat(100_000), 'f.yaml:1: nested too deeply'],
  [
    'a password that starts an alias',
    account('host: h, user: u, password: *hunter2'),
    'f.yaml:5: an alias (*name) without its anchor (&name) above; put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes',
  ],
  [
    'a password that starts a tag',
    account('host: h, user: u, password: !hunter2 x'),
    'f.yaml:5: an unknown tag (!name); put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes',
  ],
  [
    'a password that starts with @',
    account('host: h, user: u, password: @hunter2'),
    'f.yaml:5: a plain text cannot start with this character; put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes',
  ],
  [
    'a variable in brackets without quotes',
    account('host: ${H}, user: u'),
    'f.yaml:5: something unexpected; put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes',
  ],
];

describe('bad YAML is refused', () => {
  it.each(cases)('%s', (_, file, message) => {
    expect(refusal(file)).toBe(message);
    expect(message).not.toContain(CANARY);
  });
});

describe('anchors', () => {
  const shared = `postgres: embedded
mailboxes:
  - name: a
    imap: &account { host: h.example, user: u, password: { env: P } }
    dispose: keep
  - name: b
    imap: *account
    folder: Lists
    dispose: keep
  - name: c
    imap:
      <<: *account
      user: v
    dispose: keep
`;
  it('repeat an account, whole or changed', () => {
    expect(parse(shared).mailboxes.map(({ imap }) => `${imap.user}@${imap.host}`)).toEqual([
      'u@h.example',
      'u@h.example',
      'v@h.example',
    ]);
  });

  it('point to the line where the value stands', () => {
    const message = 'must be a host name or an IP address alone, without imap://, port or brackets';
    expect(refusal(shared.replace('h.example', '"h:1"'))).toBe(
      [
        `f.yaml:4: mailboxes[0].imap.host: ${message}`,
        `f.yaml:4: mailboxes[1].imap.host: ${message}`,
        `f.yaml:11: mailboxes[2].imap.host: ${message}`,
      ].join('\n'),
    );
  });
});

it('a line number counts lines, whatever ends them', () => {
  expect(refusal(top('postgres: embedded\n# a comment\n\nlogLevel: loud').replaceAll('\n', '\r\n'))).toBe(
    'f.yaml:4: logLevel: must be debug, info, warn or error',
  );
});

describe('a password that stands in the file', () => {
  // Characters that mean something to YAML, to URLs or to our messages, around and inside of the canary.
  const odd = fc.string({ unit: fc.constantFrom(...'aZ9 :,@/?#%&*!|>{}[]()"\'`\\$=;-_~^.<'), maxLength: 6 });
  const password = fc.tuple(odd, odd).map(([before, after]) => `${before}${CANARY}${after}`);

  it('is never repeated, however it is written', () => {
    const places: readonly ((text: string) => string)[] = [
      (text) => account(`host: h, user: u, password: ${text}`),
      (text) => account(`password: ${text}, host: h, user: u`),
      (text) => account(`host: h, user: u, password: { env: ${text} }`),
      (text) => account(`host: h, user: u, password: { ${text} }`),
      (text) => account(`host: h, user: u, password: [${text}]`),
      (text) => account('host: h').replace('{ host: h }', `\n      host: h\n      user: u\n      password: ${text}`),
      (text) => top(`postgres: postgres://u:${text}@h/d`),
      (text) => top(`postgres: "postgres://u:${text}@h/d"`),
      (text) => top(`postgres: embedded\nredis: redis://:${text}@h`),
    ];
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...places), password, (place, text) => {
        const file = place(text);
        let message = '';
        try {
          parse(file);
        } catch (error) {
          message = String(error);
          refused += 1;
        }
        expect(message).not.toContain(CANARY);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(2000);
  });
});
