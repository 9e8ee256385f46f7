// What a line shows and, above all, what no line shows: secrets, rows in pg errors, Redis arguments, protocol lines.

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { MaildrainError } from '../src/errors.ts';
import { createLogger, errorLine, type Level, type Log, silentLog } from '../src/log.ts';

const CANARY = 'canary-9b2c';

/** Runs with a log of that level; the lines as text and parsed. */
function logged(level: Level, run: (log: Log) => void): { text: string; lines: Record<string, unknown>[] } {
  let text = '';
  run(
    createLogger({
      level,
      destination: {
        write: (line) => {
          text += line;
        },
      },
    }),
  );
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line));
  return { text, lines };
}

const fieldsOf = (fields: Record<string, unknown>) => logged('info', (log) => log.info(fields, 'm')).lines[0];

describe('a line', () => {
  it('is one JSON object with name, level, time and message', () => {
    const { text, lines } = logged('info', (log) => log.info({ mailbox: 'bounces', stored: 3 }, 'batch stored'));
    expect(text.endsWith('}\n')).toBe(true);
    expect(lines).toEqual([
      expect.objectContaining({ name: 'maildrain', level: 'info', mailbox: 'bounces', stored: 3, msg: 'batch stored' }),
    ]);
    expect(Date.parse(String(lines[0]?.time))).toBeGreaterThan(Date.now() - 60_000);
  });

  const levels: readonly (readonly [level: Level, shown: readonly string[]])[] = [
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ];
  it.each(levels)('at level %s shows %j', (level, shown) => {
    const { lines } = logged(level, (log) => {
      log.debug({}, 'x');
      log.info({}, 'x');
      log.warn({}, 'x');
      log.error({}, 'x');
    });
    expect(lines.map((line) => line.level)).toEqual(shown);
  });

  it('carries the fields of its parents, and keeps the level', () => {
    const { lines } = logged('warn', (log) => {
      const child = log.child({ mailbox: 'a' }).child({ job: '7', password: CANARY });
      child.info({}, 'hidden');
      child.warn({ n: 1 }, 'shown');
    });
    expect(lines).toEqual([
      expect.objectContaining({ mailbox: 'a', job: '7', password: '[redacted]', n: 1, msg: 'shown' }),
    ]);
  });

  it('goes to stderr, nothing to stdout, and is out before the process ends', () => {
    const script = `import { createLogger } from './src/log.ts';
      createLogger({ level: 'info' }).error({ n: 1 }, 'last words'); process.kill(process.pid, 'SIGKILL');`;
    const run = `${JSON.stringify(process.execPath)} --import tsx --input-type=module -e "$0" 2>&1 >/dev/null || true`;
    const stderr = execFileSync('/bin/sh', ['-c', run, script], {
      cwd: new URL('..', import.meta.url),
      encoding: 'utf8',
    });
    expect(stderr).toContain('"msg":"last words"');
  });
});

describe('fields', () => {
  class Client {
    options = { password: CANARY };
  }
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  const cases: readonly (readonly [reason: string, value: unknown, shown: unknown])[] = [
    ['a bigint, as UIDVALIDITY is', 12n, '12'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a date that is none', new Date(Number.NaN), 'invalid date'],
    ['octets are counted, never shown', Buffer.from(CANARY), '[11 octets]'],
    ['an object with behaviour', new Client(), '[Client]'],
    ['a map, which is one', new Map([[CANARY, CANARY]]), '[Map]'],
    ['a set', new Set(['1', '2']), ['1', '2']],
    ['null', null, null],
    ['a URL object with a password', new URL(`imap://u:${CANARY}@h/`), 'imap://[redacted]@h/'],
    [
      'a URL with a password in a text',
      `cannot reach redis://u:${CANARY}@h:1/x`,
      'cannot reach redis://[redacted]@h:1/x',
    ],
    ['a URL with an odd password', `postgres://u:${CANARY}@/#?@h/d`, 'postgres://[redacted]@h/d'],
    ['password', { password: CANARY }, { password: '[redacted]' }],
    ['pass', { auth: { pass: CANARY } }, { auth: { pass: '[redacted]' } }],
    ['token in a list', [{ token: CANARY }], [{ token: '[redacted]' }]],
    ['accessToken', { a: { b: { accessToken: CANARY } } }, { a: { b: { accessToken: '[redacted]' } } }],
    ['access_token', { access_token: CANARY }, { access_token: '[redacted]' }],
    ['Authorization', { headers: { Authorization: CANARY } }, { headers: { Authorization: '[redacted]' } }],
    ['secret, whatever it holds', { secret: { inner: CANARY } }, { secret: '[redacted]' }],
    [
      'a long list is cut and counted',
      Array.from({ length: 250 }, () => 1),
      [...Array.from({ length: 200 }, () => 1), 'and 50 more'],
    ],
  ];
  it.each(cases)('%s', (_, value, shown) => {
    const line = fieldsOf({ value });
    expect(line?.value).toEqual(shown);
    expect(JSON.stringify(line)).not.toContain(CANARY);
  });

  it('a circle and a deep nest end', () => {
    expect(JSON.stringify(fieldsOf({ circular }))).toContain('[deeper]');
  });

  it('a long text is cut, and no half of a password is left at the cut', () => {
    const text = `${'x'.repeat(3980)} redis://u:${CANARY}@h`;
    const shown = String(fieldsOf({ text: text + 'y'.repeat(9000) })?.text);
    expect(shown.length).toBeLessThan(4010);
    expect(shown).not.toContain('canary');
  });

  it('cannot take the place of name, level, time or message', () => {
    const { text, lines } = logged('info', (log) => log.info({ name: 'bounces', level: 'x', msg: 'y', time: 1 }, 'm'));
    expect(lines[0]).toMatchObject({
      name: 'maildrain',
      level: 'info',
      msg: 'm',
      name_: 'bounces',
      level_: 'x',
      msg_: 'y',
      time_: 1,
    });
    expect(text.match(/"name":/g)).toHaveLength(1);
  });
});

describe('an error', () => {
  it('shows code, message, stack and causes, and nothing that the library hung on it', () => {
    const pg = Object.assign(new Error('duplicate key value violates unique constraint'), {
      code: '23505',
      detail: `Key (address)=(${CANARY}) already exists.`,
      where: CANARY,
      parameters: [CANARY],
    });
    const ours = new MaildrainError('DATABASE_CONFLICT', 'the message could not be stored', {
      mailbox: CANARY,
      response: CANARY,
      cause: pg,
    });
    const line = fieldsOf({ error: ours });
    expect(line?.error).toEqual({
      code: 'DATABASE_CONFLICT',
      message: 'the message could not be stored',
      stack: expect.stringContaining('the message could not be stored'),
      cause: { code: '23505', message: pg.message, stack: expect.stringContaining('log.test.ts') },
    });
    expect(JSON.stringify(line)).not.toContain(CANARY);
  });

  it('of ioredis does not show the arguments of the command, under any key or depth', () => {
    const redis = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: [CANARY] } });
    expect(JSON.stringify(fieldsOf({ err: redis, failure: redis, list: [{ inner: redis }] }))).not.toContain(CANARY);
  });

  it('given instead of fields is still reduced', () => {
    const { text, lines } = logged('info', (log) =>
      log.info(Object.assign(new Error('x'), { detail: CANARY }) as never, 'm'),
    );
    expect(lines[0]?.error).toMatchObject({ message: 'x' });
    expect(text).not.toContain(CANARY);
  });

  it('that is its own cause ends after five', () => {
    const loop = new Error('round');
    loop.cause = loop;
    expect(JSON.stringify(errorLine(loop)).match(/"message"/g)).toHaveLength(5);
  });

  const thrown: readonly (readonly [reason: string, value: unknown, message: string])[] = [
    ['a text', 'broken', 'broken'],
    ['nothing', undefined, 'a thrown undefined'],
    ['an object', { password: CANARY }, 'a thrown object'],
    [
      'a URL with a password in the message',
      new Error(`postgres://u:${CANARY}@h/d refused`),
      'postgres://[redacted]@h/d refused',
    ],
  ];
  it.each(thrown)('may be %s', (_, value, message) => {
    const line = errorLine(value);
    expect(line.message).toBe(message);
    expect(JSON.stringify(line)).not.toContain(CANARY);
  });
});

it('silentLog and its children take everything and say nothing', () => {
  expect(silentLog.child({ a: 1 }).error({ password: CANARY }, 'x')).toBeUndefined();
});
