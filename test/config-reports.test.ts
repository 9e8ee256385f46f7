// `bounces`, `suppression` and `events`: bad ones with their exact message, good ones with what they become.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import { describe, expect, it } from 'vitest';
import { checkReports } from '../src/config.ts';
import { DEFAULT_RULES } from '../src/config-suppression.ts';
import { EVENT_TYPES } from '../src/model-pipeline.ts';
import { createMaildrain } from '../src/service-create.ts';
import { CANARY, parse, refusal, top } from './support/config-files.ts';

const DAY = 86_400_000;
const VERP = 'verp: ["bounces+{token}@example.com"]';
const SIGNED = `bounces: { ${VERP}, secret: { env: S } }`;
const HOOK = 'name: a, webhook: "https://h.example/x"';
const FORMS = '{ env: NAME }, { file: PATH } or { command: [WORD, ...] }';
const CAUSES =
  'address-unknown, domain-unknown, address-moved, mailbox-disabled, mailbox-full, recipient-refused, complaint';
const WRONG_VERP =
  'must be a list of 1 to 20 addresses such as bounces+{token}@example.com or bounces+{address}@example.com, between quotes';

/** Reason, the line under test, the message behind its `f.yaml:2: `. */
const bad: readonly (readonly [reason: string, line: string, message: string])[] = [
  ['bounces left empty', 'bounces:', 'bounces: is empty; it must be a map with verp, secret or headers'],
  ['bounces as a list', 'bounces: [a]', 'bounces: must be a map with verp, secret or headers'],
  ['an unknown key of bounces', 'bounces: { header: [a] }', 'bounces.header: unknown key; did you mean "headers"?'],
  ['a pattern without a place', 'bounces: { verp: ["bounces@example.com"] }', `bounces.verp: ${WRONG_VERP}`],
  ['a pattern with two places', 'bounces: { verp: ["{token}+{address}@example.com"] }', `bounces.verp: ${WRONG_VERP}`],
  ['a pattern with another place', 'bounces: { verp: ["b+{id}@example.com"] }', `bounces.verp: ${WRONG_VERP}`],
  ['a place in the domain', 'bounces: { verp: ["b@{token}.example.com"] }', `bounces.verp: ${WRONG_VERP}`],
  [
    'a pattern that leaves no room',
    `bounces: { verp: ["${'b'.repeat(31)}{token}@example.com"] }`,
    `bounces.verp: ${WRONG_VERP}`,
  ],
  ['one pattern without a list', 'bounces: { verp: "b+{token}@example.com" }', `bounces.verp: ${WRONG_VERP}`],
  [
    'a dot that no local part has',
    'bounces: { verp: ["b+{token}@example.com", "b..c{token}@example.com"] }',
    'bounces.verp[1]: has a dot at an end of its local part, or two in a row; no mail can be sent to that',
  ],
  [
    'a pattern to an IP address',
    'bounces: { verp: ["b+{token}@192.0.2.1"] }',
    'bounces.verp[0]: must end in @ and a domain name, such as @example.com',
  ],
  [
    'a secret in the file',
    `bounces: { ${VERP}, secret: ${CANARY} }`,
    `bounces.secret: must not stand here itself; write ${FORMS}`,
  ],
  ['no secret', `bounces: { ${VERP}, secret: }`, `bounces.secret: is missing; write ${FORMS}`],
  [
    'a list of no secrets',
    `bounces: { ${VERP}, secret: [] }`,
    `bounces.secret: must be one of ${FORMS}, or a list of 1 to 10 of them`,
  ],
  [
    'a secret in a list of them',
    `bounces: { ${VERP}, secret: [{ env: A }, ${CANARY}] }`,
    `bounces.secret[1]: must not stand here itself; write ${FORMS}`,
  ],
  [
    'a secret that signs nothing',
    'bounces: { verp: ["b+{address}@example.com"], secret: { env: A } }',
    'bounces.secret: has a meaning only with a {token} in verp, such as "bounces+{token}@example.com"; add one or remove it',
  ],
  [
    'a name of a field with a colon',
    'bounces: { headers: ["X-A:"] }',
    'bounces.headers: must be a list of 1 to 20 names of header fields, such as [X-Campaign-ID]',
  ],
  ['suppression left empty', 'suppression:', 'suppression: is empty; it must be a map with trust or rules'],
  [
    'an unknown trust',
    'suppression: { trust: all }',
    'suppression.trust: must be signed, known-message or address-only',
  ],
  [
    'trust in what is never signed',
    'suppression: { trust: signed }',
    'suppression.trust: signed needs bounces.secret: without it no report is ever signed, and nobody would be suppressed',
  ],
  [
    'rules as a word',
    'suppression: { rules: never }',
    'suppression.rules: must be a map such as { mailbox-full: never }',
  ],
  [
    'a misspelt cause',
    'suppression: { rules: { mailboxfull: never } }',
    'suppression.rules.mailboxfull: unknown key; did you mean "mailbox-full"?',
  ],
  [
    'an unknown cause',
    'suppression: { rules: { weather: never } }',
    `suppression.rules.weather: unknown key; the keys here are ${CAUSES}`,
  ],
  [
    "a cause that is not the recipient's",
    'suppression: { rules: { spam-content: { after: 3 } } }',
    `suppression.rules.spam-content: is never the recipient's doing, so no address is suppressed for it; rules are for ${CAUSES}`,
  ],
  [
    'a rule as another word',
    'suppression: { rules: { complaint: always } }',
    'suppression.rules.complaint: must be never, or { after: 3, within: 30d, for: 90d }',
  ],
  [
    'after: 0',
    'suppression: { rules: { complaint: { after: 0 } } }',
    'suppression.rules.complaint.after: must be a whole number from 1 to 1000',
  ],
  [
    'within: no duration',
    'suppression: { rules: { mailbox-full: { within: month } } }',
    'suppression.rules.mailbox-full.within: must be a duration such as 30d, from 1d to 3650d, or forever',
  ],
  [
    'within: too short for any',
    'suppression: { rules: { complaint: { within: 1h } } }',
    'suppression.rules.complaint.within: must be a duration such as 30d, from 1d to 3650d, or forever',
  ],
  [
    'within: fewer days than reports',
    'suppression: { rules: { mailbox-full: { after: 10, within: 7d } } }',
    'suppression.rules.mailbox-full.within: is too short for 10 reports, of which only one a day counts; it must be at least 9d',
  ],
  [
    'for: too long',
    'suppression: { rules: { mailbox-full: { for: 9999d } } }',
    'suppression.rules.mailbox-full.for: must be a duration such as 90d, from 1h to 3650d, or forever',
  ],
  [
    "another program's word",
    'suppression: { rules: { mailbox-full: { threshold: 3 } } }',
    'suppression.rules.mailbox-full.threshold: unknown key; did you mean "after"?',
  ],
  ['events as a map', 'events: { name: a }', 'events: must be a list of consumers (- name: ...)'],
  ['events left empty', 'events:', 'events: is empty; it must be a list of consumers (- name: ...)'],
  ['a consumer as a word', 'events: [a]', 'events[0]: must be a map with name and either queue or webhook'],
  ['no target', 'events: [{ name: a }]', 'events[0]: has neither queue nor webhook; write one of them'],
  [
    'two targets',
    `events: [{ ${HOOK}, queue: q }]`,
    'events[0].webhook: stands beside queue; a consumer has one of them, so write two consumers',
  ],
  [
    'two of one name',
    'events: [{ name: a, queue: q }, { name: a, queue: r }]',
    'events[1].name: is the name of events[0] already; names must differ',
  ],
  [
    'the name of the function',
    'events: [{ name: onEvent, queue: q }]',
    'events[0].name: cannot be onEvent, which is the function of a program',
  ],
  [
    'our own queue',
    'events: [{ name: a, queue: maildrain }]',
    'events[0].queue: cannot be maildrain, on which maildrain runs itself; choose another',
  ],
  [
    'a queue with a colon',
    'events: [{ name: a, queue: "a:b" }]',
    'events[0].queue: must be the name of a queue: 1 to 64 letters, digits, ".", "_" or "-"',
  ],
  [
    'an unknown type',
    'events: [{ name: a, queue: q, types: [bounce] }]',
    `events[0].types: must be a list of ${EVENT_TYPES.join(', ')}`,
  ],
  [
    'no type',
    'events: [{ name: a, queue: q, types: [] }]',
    `events[0].types: must be a list of ${EVENT_TYPES.join(', ')}`,
  ],
  ['a webhook without a secret', `events: [{ ${HOOK} }]`, `events[0].secret: is missing; write ${FORMS}`],
  [
    'a secret in the file of a webhook',
    `events: [{ ${HOOK}, secret: ${CANARY} }]`,
    `events[0].secret: must not stand here itself; write ${FORMS}`,
  ],
  [
    'three secrets of a webhook',
    `events: [{ ${HOOK}, secret: [{ env: A }, { env: B }, { env: C }] }]`,
    `events[0].secret: must be one of ${FORMS}, or a list of 1 to 2 of them`,
  ],
  [
    'a webhook that is no URL',
    'events: [{ name: a, webhook: h.example, secret: { env: A } }]',
    'events[0].webhook: must be a URL that starts with https:// or http://, such as https://example.com/hooks/maildrain; percent-encode special characters in the password',
  ],
  [
    'a secret of a queue',
    'events: [{ name: a, queue: q, secret: { env: A } }]',
    'events[0].secret: has a meaning only beside webhook; remove it',
  ],
  [
    'redirects of a queue',
    'events: [{ name: a, queue: q, allowPrivateRedirects: true }]',
    'events[0].allowPrivateRedirects: has a meaning only beside webhook; remove it',
  ],
];

describe('what is wrong around reports is refused', () => {
  it.each(bad)('%s', (_, line, message) => {
    expect(refusal(top(`postgres: embedded\n${line}`))).toBe(`f.yaml:2: ${message}`);
    expect(message).not.toContain(CANARY);
  });

  it('a password in the URL of a webhook, without showing it', () => {
    const text = refusal(
      top(`postgres: embedded\nevents: [{ name: a, webhook: "https://u:${CANARY}@h/", secret: { env: A } }]`),
    );
    expect(text).toMatch(/^f\.yaml:2: events\[0\]\.webhook: holds a password/);
    expect(text).not.toContain(CANARY);
  });

  it('all of it at once, each with its line', () => {
    const lines = [
      'postgres: embedded',
      'bounces:',
      '  verp: [x]',
      'suppression:',
      '  trust: x',
      '  rules:',
      '    policy: never',
      'events:',
      '  - name: a',
    ];
    expect(refusal(top(lines.join('\n'))).match(/^f\.yaml:\d+: [^:]+/gm)).toEqual([
      ...[
        'f.yaml:3: bounces.verp',
        'f.yaml:5: suppression.trust',
        'f.yaml:7: suppression.rules.policy',
        'f.yaml:9: events[0]',
      ],
    ]);
  });

  it('one wrong secret is one problem', () => {
    const lines = `bounces: { ${VERP}, secret: x }\nsuppression: { trust: signed }`;
    expect(refusal(top(`postgres: embedded\n${lines}`)).split('\n')).toHaveLength(1);
  });

  it('in the words of a program', async () => {
    const options = { postgres: 'postgres://h/d', mailboxes: [], suppression: { trust: 'x' }, events: [{ name: 'a' }] };
    await expect(createMaildrain(options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'suppression.trust: must be signed, known-message or address-only\nevents[0]: has neither queue nor webhook; write one of them',
    });
  });
});

describe('what is right around reports', () => {
  const parsed = (lines: string) => parse(top(`postgres: embedded\n${lines}`));

  it('patterns are taken apart', () => {
    const { bounces } = parsed(
      'bounces: { verp: ["Bounces+{token}@BÜCHER.example", "{address}@b.example.com", "b-{token}.x@localhost"] }',
    );
    expect(bounces.patterns).toEqual([
      { holds: 'token', before: 'bounces+', after: '', domain: 'xn--bcher-kva.example' },
      { holds: 'address', before: '', after: '', domain: 'b.example.com' },
      { holds: 'token', before: 'b-', after: '.x', domain: 'localhost' },
    ]);
  });

  it('secrets are one or several, and make signed the default', () => {
    expect(parsed(SIGNED)).toMatchObject({ bounces: { secrets: [{ env: 'S' }] }, suppression: { trust: 'signed' } });
    const two = parsed(`bounces: { ${VERP}, secret: [{ file: new }, { command: [pass, old] }] }`);
    expect(two.bounces.secrets).toEqual([{ file: '/etc/maildrain/new' }, { command: ['pass', 'old'] }]);
    expect(parsed(`${SIGNED}\nsuppression: { trust: known-message }`).suppression.trust).toBe('known-message');
  });

  it('names of fields are lower case, each once', () => {
    expect(parsed('bounces: { headers: [X-A, x-a, X-B] }').bounces.headers).toEqual(['x-a', 'x-b']);
  });

  it('the defaults suppress at once for ever only what is the address itself, and a complaint', () => {
    const atOnce = Object.entries(DEFAULT_RULES).filter(([, rule]) => rule?.after === 1 && rule.forMs === null);
    expect(atOnce.map(([cause]) => cause).sort()).toEqual([
      'address-moved',
      'address-unknown',
      'complaint',
      'domain-unknown',
    ]);
  });

  it('rules are laid over the defaults, key by key', () => {
    const { rules } = parsed(
      'suppression: { rules: { mailbox-full: { after: 3 }, complaint: never, address-unknown: { for: 365d }, recipient-refused: { within: forever, for: forever } } }',
    ).suppression;
    expect(rules).toEqual({
      ...DEFAULT_RULES,
      'mailbox-full': { after: 3, withinMs: 30 * DAY, forMs: 30 * DAY },
      complaint: null,
      'address-unknown': { after: 1, withinMs: null, forMs: 365 * DAY },
      'recipient-refused': { after: 3, withinMs: null, forMs: null },
    });
  });

  it('consumers hear of all but stored messages, unless they say so', () => {
    const { events } = parsed(
      'events: [{ name: a, queue: q }, { name: b, queue: r, types: [message.stored, message.stored] }]',
    );
    expect(events).toEqual([
      { name: 'a', types: EVENT_TYPES.filter((type) => type !== 'message.stored'), target: { queue: 'q' } },
      { name: 'b', types: ['message.stored'], target: { queue: 'r' } },
    ]);
  });

  it('a webhook has its URL from variables and its secrets', () => {
    const { events } = parse(
      top(
        'postgres: embedded\nevents: [{ name: a, webhook: "${HOOK}/x", secret: [{ env: A }, { env: B }], allowPrivateRedirects: true }]',
      ),
      { HOOK: 'http://app:3000' },
    );
    expect(events[0]?.target).toEqual({
      webhook: { url: 'http://app:3000/x', secrets: [{ env: 'A' }, { env: 'B' }], allowPrivateRedirects: true },
    });
  });

  it('a program gives secrets as functions', async () => {
    const { bounces } = checkReports({ bounces: { verp: ['b+{token}@example.com'], secret: () => 'x' } });
    const [secret] = bounces.secrets;
    expect(secret !== undefined && 'value' in secret && (await secret.value())).toBe('x');
  });

  it('a mailbox keeps what reports nothing, when it is told to', () => {
    const one = (line: string) => parse(`${top('postgres: embedded').trimEnd()}\n${line}`).mailboxes[0];
    expect(one('')).toMatchObject({ unmatched: 'dispose' });
    expect(one('    unmatched: keep')).toMatchObject({ unmatched: 'keep' });
    expect(() => one('    unmatched: delete')).toThrow('f.yaml:6: mailboxes[0].unmatched: must be dispose or keep');
  });
});
