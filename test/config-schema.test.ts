// The JSON Schema that editors get agrees with the program: what is accepted here validates there, what is structurally wrong does
// not, and every key is explained. The validator knows only the words that our schema uses and throws on any other.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as yaml } from 'yaml';
import { configJsonSchema } from '../src/config.ts';
import { account, LOGIN, mailbox, parse, top } from './support/config-files.ts';

type Schema = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};
const every = (list: unknown, holds: (each: Schema) => boolean) => Array.isArray(list) && list.every(holds);
const some = (list: unknown, holds: (each: Schema) => boolean) => Array.isArray(list) && list.some(holds);

/** JSON Schema validation, sections 10 and 6 of draft 2020-12: each keyword is a condition on the value. */
function valid(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([word, rule]) => {
    switch (word) {
      case '$schema':
      case 'title':
      case 'description':
        return true;
      case 'type':
        return TYPES[String(rule)]?.(value) ?? false;
      case 'const':
        return value === rule;
      case 'enum':
        return Array.isArray(rule) && rule.includes(value);
      case 'anyOf':
        return some(rule, (each) => valid(each, value));
      case 'allOf':
        return every(rule, (each) => valid(each, value));
      case 'pattern':
        return typeof value !== 'string' || new RegExp(String(rule)).test(value);
      case 'minLength':
        return typeof value !== 'string' || value.length >= Number(rule);
      case 'maxLength':
        return typeof value !== 'string' || value.length <= Number(rule);
      case 'minimum':
        return typeof value !== 'number' || value >= Number(rule);
      case 'maximum':
        return typeof value !== 'number' || value <= Number(rule);
      case 'minItems':
        return !Array.isArray(value) || value.length >= Number(rule);
      case 'maxItems':
        return !Array.isArray(value) || value.length <= Number(rule);
      case 'items':
        return !Array.isArray(value) || value.every((item) => valid(rule as Schema, item));
      case 'required':
        return !isObject(value) || (Array.isArray(rule) && rule.every((key) => Object.hasOwn(value, key)));
      case 'properties':
        return (
          !isObject(value) ||
          Object.entries(rule as Record<string, Schema>).every(
            ([key, inner]) => !Object.hasOwn(value, key) || valid(inner, value[key]),
          )
        );
      case 'additionalProperties': {
        if (rule !== false) throw new Error('additionalProperties is expected to be false');
        const known = Object.keys(isObject(schema.properties) ? schema.properties : {});
        return !isObject(value) || Object.keys(value).every((key) => known.includes(key));
      }
      default:
        throw new Error(`this test does not know the keyword ${word}`);
    }
  });
}

const VERP = 'verp: ["bounces+{token}@example.com"]';

const schema = configJsonSchema();
const example = readFileSync(new URL('../maildrain.example.yaml', import.meta.url), 'utf8');

describe('the JSON Schema', () => {
  const good: readonly (readonly [reason: string, file: string])[] = [
    ['the least', top('postgres: embedded')],
    [
      'everything at the top',
      top(
        'postgres: ${OK_URL}\nredis: redis://h\nconnectionsPerHost: 1\nconcurrency: 64\nstateDir: x\nlogLevel: error\nshutdownGrace: 5s',
      ),
    ],
    ['redis left empty', top('postgres: embedded\nredis:')],
    ['redis as an empty text', top('postgres: embedded\nredis: ""')],
    [
      'every key of a mailbox',
      mailbox('folder: \\All\nevery: 1h\ndispose: delete\nforever: true\nafter: 1d\nexpunge: safe\nsizeLimit: 1MB'),
    ],
    ['cron', mailbox('cron: "0 5 * * *"\ntz: UTC\ndispose: seen\nsizeLimit: 4096')],
    ['move', mailbox('dispose: { move: A, create: true }')],
    ['flag', mailbox('dispose: { flag: $Drained }')],
    ['every key of an account', account(`${LOGIN}, port: 143, tls: starttls, caFile: ca.pem, insecure: false`)],
    ['a secret file', account('host: h, user: u, password: { file: /run/x }')],
    ['a secret command', account('host: h, user: u, password: { command: [pass, x] }')],
    ['unmatched', mailbox('dispose: delete\nunmatched: keep')],
    ['everything of bounces', top(`postgres: embedded\nbounces: { ${VERP}, secret: { env: S }, headers: [X-A] }`)],
    ['a list of secrets', top(`postgres: embedded\nbounces: { ${VERP}, secret: [{ env: S }, { file: f }] }`)],
    ['a U-label in a pattern', top('postgres: embedded\nbounces: { verp: ["b+{address}@bücher.example"] }')],
    [
      'everything of suppression',
      top(
        'postgres: embedded\nsuppression: { trust: known-message, rules: { complaint: never, mailbox-full: { after: 3, within: 30d, for: forever } } }',
      ),
    ],
    ['a queue', top('postgres: embedded\nevents: [{ name: a, queue: q, types: [complaint] }]')],
    [
      'a webhook',
      top(
        'postgres: embedded\nevents: [{ name: a, webhook: "https://h/x", secret: { env: S }, allowPrivateRedirects: true }]',
      ),
    ],
    ['the example', example],
  ];
  it.each(good)('accepts what the program accepts: %s', (_, file) => {
    expect(() => parse(file, { OK_URL: 'postgres://h/d', DATABASE_URL: 'postgres://h/d' })).not.toThrow();
    expect(valid(schema, yaml(file))).toBe(true);
  });

  const bad: readonly (readonly [reason: string, file: string])[] = [
    ['nothing', '{}'],
    ['an unknown key', top('postgres: embedded\nx: 1')],
    ['no mailbox', 'postgres: embedded\nmailboxes: []'],
    ['an unknown key of a mailbox', mailbox('dispose: keep\nx: 1')],
    ['no dispose', mailbox('every: 1m')],
    ['a password in the file', account('host: h, user: u, password: hunter2')],
    ['two sources of a password', account('host: h, user: u, password: { env: A, file: b }')],
    ['no source of a password', account('host: h, user: u, password: {}')],
    ['an unknown key of an account', account(`${LOGIN}, x: 1`)],
    ['a port too big', account(`${LOGIN}, port: 65536`)],
    ['a duration as a number', mailbox('dispose: keep\nevery: 60')],
    ['two ways to dispose', mailbox('dispose: { move: A, flag: B }')],
    ['create without move', mailbox('dispose: { flag: B, create: true }')],
    ['an unknown word', mailbox('dispose: destroy')],
    ['a pattern without a place', top('postgres: embedded\nbounces: { verp: ["b@example.com"] }')],
    ['an unknown key of bounces', top('postgres: embedded\nbounces: { x: 1 }')],
    ['a secret in the file', top(`postgres: embedded\nbounces: { ${VERP}, secret: hunter2 }`)],
    ["a rule for what is not the recipient's", top('postgres: embedded\nsuppression: { rules: { policy: never } }')],
    ['an unknown key of a rule', top('postgres: embedded\nsuppression: { rules: { complaint: { x: 1 } } }')],
    ['an unknown type of event', top('postgres: embedded\nevents: [{ name: a, queue: q, types: [x] }]')],
    ['a bad name', mailbox('dispose: keep', '.a')],
  ];
  it.each(bad)('refuses what the program refuses: %s', (_, file) => {
    expect(() => parse(file)).toThrow();
    expect(valid(schema, yaml(file))).toBe(false);
  });

  it('is of draft 2020-12 and survives JSON', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  it('explains every key', () => {
    const keys = keysOf(schema, '');
    expect(keys.map(({ path }) => path)).toContain('mailboxes.imap.password.command');
    expect(keys.filter(({ inner }) => typeof inner.description !== 'string').map(({ path }) => path)).toEqual([]);
  });
});

/** Every property at any depth. */
function keysOf(node: unknown, path: string): { path: string; inner: Schema }[] {
  if (Array.isArray(node)) return node.flatMap((each) => keysOf(each, path));
  if (!isObject(node)) return [];
  const own = Object.entries(isObject(node.properties) ? node.properties : {}).flatMap(([key, inner]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return isObject(inner) ? [{ path: here, inner }, ...keysOf(inner, here)] : [];
  });
  return [...own, ...keysOf(node.items, path), ...keysOf(node.anyOf, path)];
}
