// The documents say what the program does: every error code with its decision, every key, every verb, every table and column, links that
// lead somewhere, and examples that are right.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentOf } from '../src/cli/classify-words.ts';
import { buildProgram } from '../src/cli/program.ts';
import { parseConfig } from '../src/config.ts';
import {
  CONFIG_FIELDS,
  DISPOSE_FIELDS,
  DISPOSE_WORDS,
  IMAP_FIELDS,
  MAILBOX_FIELDS,
  SECRET_FIELDS,
} from '../src/config-schema.ts';
import { BOUNCES_FIELDS, EVENT_FIELDS, RULE_FIELDS, SUPPRESSION_FIELDS } from '../src/config-schema-reports.ts';
import { RETENTION_FIELDS } from '../src/config-schema-retention.ts';
import { DEFAULT_RULES } from '../src/config-suppression.ts';
import { DECISIONS, type Decision } from '../src/decide.ts';
import { ERROR_CODES } from '../src/errors.ts';
import { readMessage } from '../src/index.ts';
import { explain } from '../src/mail/explain.ts';
import { factsOf } from '../src/mail-files/facts.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const ENV = { DATABASE_URL: 'postgres://localhost/mail', REDIS_URL: 'redis://localhost' };

function span(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

/** The line that docs/errors.md must have. */
function decisionLine(decision: Decision): string {
  const pauses = 'firstMs' in decision ? `after pauses from ${span(decision.firstMs)} to ${span(decision.maxMs)}` : '';
  switch (decision.action) {
    case 'retry':
      return `**Decision:** retry, ${pauses}.`;
    case 'retry-then-stop':
      return `**Decision:** retry, ${pauses}; stop after ${decision.failures} failures in a row over at least ${span(decision.overMs)}.`;
    case 'stop':
      return '**Decision:** stop.';
    case 'hold':
      return '**Decision:** hold the message.';
    case 'report':
      return '**Decision:** report.';
    case 'bug':
      return `**Decision:** bug; the schedule tries again, ${pauses}.`;
  }
}

/** Heading of a section to its text, up to the next heading of any level. */
function sections(text: string): Map<string, string> {
  return new Map(
    text
      .split(/^#+ /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')).trim(), part]),
  );
}

/** GitHub's anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replace(/ /g, '-');
}

describe('docs/errors.md', () => {
  const found = sections(read('docs/errors.md'));
  it.each(ERROR_CODES)('says what %s means, what is decided and what to do', (code) => {
    const text = found.get(code) ?? '';
    expect(text).toContain(decisionLine(DECISIONS[code]));
    expect(text).toMatch(/\*\*What to do:\*\* \S/);
    // Something stands before the decision.
    expect(text.indexOf('**Decision')).toBeGreaterThan(code.length + 20);
  });

  it('has no code that the program does not have', () => {
    const headings = [...found.keys()].filter((heading) => /^[A-Z_]+$/.test(heading));
    expect(headings.sort()).toEqual([...ERROR_CODES].sort());
  });
});

describe('docs/configuration.md', () => {
  const text = read('docs/configuration.md');
  const tables = {
    ...{ CONFIG_FIELDS, MAILBOX_FIELDS, IMAP_FIELDS, SECRET_FIELDS },
    ...{ BOUNCES_FIELDS, SUPPRESSION_FIELDS, RULE_FIELDS, EVENT_FIELDS, RETENTION_FIELDS },
  };
  for (const [table, fields] of Object.entries(tables)) {
    it.each(Object.keys(fields))(`has a row for %s of ${table}`, (key) => {
      expect(text).toMatch(new RegExp(`^\\| \`${key}\` \\| \\S`, 'm'));
    });
  }
  it.each([...DISPOSE_WORDS, ...Object.keys(DISPOSE_FIELDS)])('explains dispose: %s', (word) => {
    expect(text).toMatch(new RegExp(`\`[^\`\\n]*\\b${word}\\b[^\`\\n]*\``));
  });
  it.each(Object.entries(DEFAULT_RULES))('has the default rule of %s', (cause, rule) => {
    const row = text
      .split('\n')
      .find((line) => line.startsWith('| `') && line.split(' | ')[0]?.includes(`\`${cause}\``));
    const days = (ms: number | null): string => (ms === null ? 'forever' : `${ms / 86_400_000}d`);
    if (rule === null) expect(row).toBeUndefined();
    else expect(row).toContain(`{ after: ${rule.after}, within: ${days(rule.withinMs)}, for: ${days(rule.forMs)} }`);
  });
  it.each(['mailboxes', 'imap', 'dispose', 'password', 'bounces', 'suppression', 'events', 'rules', 'secret'])(
    'has a row or a section for %s',
    (key) => {
      expect(text).toMatch(new RegExp(`^(\\| \`${key}\` \\||#+ .*\`(imap\\.)?${key}\`)`, 'm'));
    },
  );
});

describe('docs/cli.md', () => {
  const text = read('docs/cli.md');
  const terminal = { out: {}, stderr: process.stderr, beforeLog: () => {}, exitCode: 0 };
  // Nothing is run: only the names are read.
  const program = buildProgram(terminal as unknown as Parameters<typeof buildProgram>[0]);
  const verbs = (command: Command, path: string): string[] =>
    command.commands.flatMap((each) => {
      const name = `${path}${each.name()}`;
      return each.commands.length === 0 ? [name] : verbs(each, `${name} `);
    });
  const all = verbs(program, '').filter((name) => name !== 'help');

  it('was compared with a program that has verbs', () => {
    expect(all.length).toBeGreaterThan(12);
  });
  it.each(all)('has the verb %s', (verb) => {
    expect(text).toMatch(new RegExp(`\`${verb}[ \`]`));
  });
  const options = (command: Command): string[] => [
    ...command.options.flatMap(({ long }) => long ?? []),
    ...command.commands.flatMap(options),
  ];
  it.each([...new Set(options(program))])('has the option %s', (option) => {
    expect(text).toContain(`\`${option}`);
  });
});

describe('docs/bounces.md', () => {
  const found = sections(read('docs/bounces.md'));
  /** The cells of the rows of a section's table, without its heading. */
  const rows = (heading: string): string[][] =>
    [...(found.get(heading) ?? '').matchAll(/^\| (`.*) \|$(?!\n\| ---)/gm)].map(([, row = '']) => row.split(' | '));
  const names = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

  const codes = rows('Categories').flatMap(([category = '', , scope = '', hard = '', usual = '']) =>
    names(usual).map((code) => ({
      code,
      category: names(category)[0],
      scope,
      hard,
      isUsual: !usual.startsWith('none'),
    })),
  );
  it('has sixteen categories', () => expect(rows('Categories')).toHaveLength(16));
  it.each(codes.filter(({ isUsual }) => isUsual))('$code alone means $category', ({ code, category, scope, hard }) => {
    const evidence = { rule: 'rfc3464', part: '2', span: '' };
    const bare = {
      address: null,
      originalAddress: null,
      diagnostic: null,
      context: '',
      remoteMta: null,
      retryUntil: null,
    };
    const status = code.replace('x', '5');
    expect(explain({ ...bare, action: 'failed', status, evidence })).toMatchObject({
      category,
      scope,
      hard: hard === 'yes',
    });
  });

  const address = 'gone@example.com';
  const raw = `Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ${address}
Action: failed
Status: 5.1.1

--b--
`;
  const reading = readMessage(Buffer.from(raw));
  const document = documentOf({ what: 'message', name: 'a', number: null, size: 1, facts: factsOf(reading) });
  it('describes each key of a line of JSON, and no other', () => {
    const described = rows('JSON').flatMap(([cell]) => names(cell));
    const [recipient = {}] = reading.verdict.recipients;
    expect(described.sort()).toEqual([...Object.keys(document), ...Object.keys(recipient)].sort());
    expect(recipient).toMatchObject({ address });
  });
});

describe('docs/schema.md', () => {
  const found = sections(read('docs/schema.md'));
  const sql = readdirSync(join(ROOT, 'migrations'))
    .map((name) => read(`migrations/${name}`))
    .join('\n');
  const tables = [...sql.matchAll(/create table maildrain\.(\w+) \(([\s\S]*?)\n\)/g)];
  it('was compared with tables', () => expect(tables.length).toBeGreaterThan(5));
  it.each(tables.map(([, name = '', body = '']) => ({ name, body })))(
    'describes each column of $name',
    ({ name, body }) => {
      const text = [...found].find(([heading]) => heading.split(', ').includes(name))?.[1] ?? '';
      expect(text).not.toBe('');
      if (name === 'schema_change') return;
      const columns = [...body.matchAll(/^ {2}(\w+) /gm)].flatMap(([, column = '']) =>
        /^(primary|unique|check|constraint)$/.test(column) ? [] : [column],
      );
      expect(columns.filter((column) => !text.includes(`\`${column}\``))).toEqual([]);
    },
  );
});

describe('links', () => {
  const links = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
  );
  it('were found', () => expect(links.length).toBeGreaterThan(30));
  it.each(links)('$page -> $target leads somewhere', ({ page, target }) => {
    if (/^https?:/.test(target)) return;
    const [path = '', fragment] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    expect(existsSync(join(ROOT, file))).toBe(true);
    if (fragment === undefined) return;
    expect([...sections(read(file)).keys()].map(anchor)).toContain(fragment);
  });
});

describe('examples', () => {
  const blocks = PAGES.flatMap((page) =>
    [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => ({ page, text })),
  );
  const files = ['maildrain.example.yaml', 'docker/demo.yaml'].map((page) => ({ page, text: read(page) }));
  it('were found', () => expect(blocks.length).toBeGreaterThan(1));
  it.each([...blocks, ...files])('the configuration in $page is right', ({ page, text }) => {
    expect(parseConfig(text, { file: page, env: ENV }).mailboxes.length).toBeGreaterThan(0);
  });

  it("name each variable of the example's passwords in .env.example", () => {
    const env = read('.env.example');
    for (const [, name = ''] of read('maildrain.example.yaml').matchAll(/\{ env: (\w+) \}/g))
      expect(env).toContain(`${name}=`);
  });

  it('have the two commands of the README that everything else follows from', () => {
    expect(read('README.md')).toContain('npm ci && npm run demo\nnpm ci && npm test\n');
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, Record<string, unknown>>;
  };
  it('has the services that the documents speak of', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['demo-worker', 'mailserver', 'postgres', 'redis', 'worker']);
  });
  it('starts only the real installation without a profile', () => {
    const always = Object.entries(compose.services).filter(([, service]) => service.profiles === undefined);
    expect(always.map(([name]) => name).sort()).toEqual(['postgres', 'redis', 'worker']);
  });
  it('gives Redis what BullMQ needs', () => {
    expect(compose.services.redis?.command).toEqual([
      'redis-server',
      '--appendonly',
      'yes',
      '--maxmemory-policy',
      'noeviction',
    ]);
  });
  it('publishes no port beyond this machine', () => {
    const ports = Object.values(compose.services).flatMap((service) => (service.ports as string[] | undefined) ?? []);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});
