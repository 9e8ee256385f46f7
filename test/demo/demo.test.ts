// The demo is run as a stranger runs it, against the sample server and, where it is installed, Dovecot; and it must be able to say no.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { runDemo } from '../../src/demo/demo.ts';
import { findDovecot } from '../../src/demo/dovecot.ts';
import { onlyTheRightOnesLeft, storedOnce } from '../../src/demo/examine.ts';
import type { DemoResult, LeftOver } from '../../src/demo/report.ts';
import {
  digestOf,
  FOREIGN,
  foreignMessage,
  OVERSIZED,
  SAMPLE_SIZE_LIMIT,
  sampleMail,
} from '../../src/demo/sample-mail.ts';
import { startEmbedded } from '../../src/store/embedded.ts';

const dir = mkdtempSync(join(tmpdir(), 'md-demo-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const DEMO_TIMEOUT_MS = 120_000;

function expectEveryPromiseKept(result: DemoResult): void {
  expect(result.checks.filter(({ ok }) => !ok)).toEqual([]);
  // One held, one foreign.
  expect(result.stored).toBe(result.delivered.messages - 2);
  expect(result.verifiedGone).toBe(result.stored);
  expect(result.leftOnServer.map(({ kind }) => kind).sort()).toEqual([FOREIGN, OVERSIZED].sort());
  expect(result.rowsBySender.length).toBeGreaterThan(3);
  expect(result.proof?.receipt.sha256Now).toBe(result.proof?.deliveredSha256);
  expect(result.drains).toBeGreaterThan(3);
}

function refuses(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      answer(false);
    });
    socket.on('error', () => answer(true));
  });
}

const foundDovecot = findDovecot();
const noDovecot = 'why' in foundDovecot ? foundDovecot.why : null;

describe('the demo', () => {
  it.skipIf(noDovecot !== null)(
    `drains its mail from Dovecot and finds every promise kept${noDovecot === null ? '' : ` (${noDovecot})`}`,
    async () => {
      const lines: string[] = [];
      const { exitCode } = await runDemo({
        keep: false,
        json: true,
        out: (line) => lines.push(line),
        signal: new AbortController().signal,
        stateDir: join(dir, 'state'),
        mailServer: 'dovecot',
      });
      expect(lines).toHaveLength(1);
      const result = JSON.parse(lines[0] ?? '') as DemoResult;
      expectEveryPromiseKept(result);
      expect(result.mailServer.kind).toBe('dovecot');
      expect(exitCode).toBe(0);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    'stops when it is asked to in the middle, and leaves neither server behind',
    async () => {
      const lines: string[] = [];
      const stop = new AbortController();
      const done = runDemo({
        keep: true,
        json: false,
        out(line) {
          lines.push(line);
          if (line.includes('wave 1')) void sleep(1000).then(() => stop.abort());
        },
        signal: stop.signal,
        stateDir: join(dir, 'state'),
      });
      expect(await done).toEqual({ exitCode: 1 });
      expect(lines.at(-1)).toBe('Stopped; nothing is left running.');
      expect(readdirSync(join(dir, 'state')).filter((name) => name.startsWith('dovecot-'))).toEqual([]);
      expect(readdirSync(join(dir, 'state/postgres/data'))).not.toContain('postmaster.pid');
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    'says that its Postgres still runs when another program uses it',
    async () => {
      const stateDir = join(dir, 'state');
      const other = await startEmbedded({ stateDir, log: { info() {}, warn() {} } });
      try {
        const lines: string[] = [];
        const stop = new AbortController();
        await runDemo({
          keep: true,
          json: false,
          out(line) {
            lines.push(line);
            if (line.includes('wave 1')) stop.abort();
          },
          signal: stop.signal,
          stateDir,
          mailServer: 'sample',
        });
        expect(lines.at(-1)).toMatch(/^Stopped\. The Postgres of the demo still runs, because another program uses it/);
        expect(readdirSync(join(stateDir, 'postgres/data'))).toContain('postmaster.pid');
      } finally {
        expect(await other.stop()).toBe('stopped');
      }
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "keeps every promise on the sample server with Gmail's behaviour, and with --keep runs on until it is asked to stop",
    async () => {
      const stop = new AbortController();
      const documents: DemoResult[] = [];
      const done = runDemo({
        keep: true,
        json: true,
        out: (line) => documents.push(JSON.parse(line) as DemoResult),
        signal: stop.signal,
        stateDir: join(dir, 'state'),
        mailServer: 'sample',
      });
      while (documents.length === 0) await sleep(200);
      const [result] = documents;
      if (result === undefined) throw new Error('no document');
      expectEveryPromiseKept(result);
      const port = result.running?.imapPort ?? 0;
      expect(result.running?.postgresUrl).toMatch(/^postgres:\/\/maildrain:[^@]+@127\.0\.0\.1:\d+\/demo_/);
      expect(await refuses(port)).toBe(false);
      stop.abort();
      expect(await done).toEqual({ exitCode: 0 });
      expect(await refuses(port)).toBe(true);
    },
    DEMO_TIMEOUT_MS,
  );
});

describe('the sample mail', () => {
  const samples = sampleMail(7);

  it('has the same octets for the same seed and others for another', () => {
    const digests = (seed: number): string[] => sampleMail(seed).map(({ raw }) => digestOf(raw));
    expect(digests(7)).toEqual(samples.map(({ raw }) => digestOf(raw)));
    expect(digests(8)).not.toEqual(digests(7));
  });

  it('has a few hundred messages, of which exactly two are byte-identical', () => {
    expect(samples.length).toBeGreaterThan(300);
    expect(new Set(samples.map(({ raw }) => digestOf(raw))).size).toBe(samples.length - 1);
  });

  it('has one message over the limit, and nothing that APPEND refuses', () => {
    const over = samples.filter(({ raw }) => raw.length > SAMPLE_SIZE_LIMIT);
    expect(over.map(({ kind }) => kind)).toEqual([OVERSIZED]);
    for (const { raw } of [...samples, foreignMessage(7)]) {
      expect(raw.includes(0)).toBe(false);
      // What Dovecot shows has CRLF everywhere; octets are compared, so they must be delivered so.
      expect(/(?<!\r)\n|\r(?!\n)/.test(raw.toString('latin1'))).toBe(false);
    }
  });
});

describe('a promise that is broken is seen', () => {
  const samples = sampleMail(7);
  const stored = samples.filter(({ kind }) => kind !== OVERSIZED).map(({ raw }) => ({ sha256: digestOf(raw) }));
  const left: LeftOver[] = [
    { mailbox: 'bounces', folder: 'INBOX', uid: 1, size: 1, flags: ['\\Deleted'], kind: FOREIGN },
    { mailbox: 'bounces', folder: 'INBOX', uid: 2, size: 1, flags: [], kind: OVERSIZED },
  ];
  const cases: readonly { why: string; found: readonly { ok: boolean; found: string | null }[]; expected: string[] }[] =
    [
      { why: 'all is well', found: [...storedOnce(samples, stored), ...onlyTheRightOnesLeft(left)], expected: [] },
      { why: 'one message was lost', found: storedOnce(samples, stored.slice(1)), expected: ['1 are not'] },
      {
        why: 'one octet differs',
        found: storedOnce(samples, [{ sha256: digestOf(Buffer.from('x')) }, ...stored.slice(1)]),
        expected: ['1 are not', '1 rows too many'],
      },
      {
        why: 'one was stored twice',
        found: storedOnce(samples, [...stored, ...stored.slice(0, 1)]),
        expected: ['1 rows too many'],
      },
      {
        why: 'one stayed on the server',
        found: onlyTheRightOnesLeft([
          ...left,
          { mailbox: 'news', folder: 'INBOX', uid: 3, size: 9, flags: [], kind: 'newsletter' },
        ]),
        expected: ['1 are still on the server'],
      },
      { why: 'the foreign message was expunged', found: onlyTheRightOnesLeft(left.slice(1)), expected: ['it is gone'] },
    ];
  for (const { why, found, expected } of cases) {
    it(why, () => {
      expect(found.flatMap((check) => (check.ok ? [] : [check.found]))).toEqual(expected);
    });
  }
});
