// `classify` as a person or a script uses it. What the reader makes of a message is tested in test/mail; here one bounce of RFC 3464 stands
// for all.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Terminal } from '../../src/cli/context.ts';
import { createOutput } from '../../src/cli/output.ts';
import { runProgram } from '../../src/cli/program.ts';
import { until } from '../support/until.ts';
import { runCli, startCli } from './maildrain.ts';
import { keeping } from './streams.ts';

function bounce(address: string, text = 'could not be delivered'): string {
  return `From: MAILER-DAEMON@mx.example.net
To: list@example.org
Subject: Undelivered Mail
Message-ID: <b1@mx.example.net>
Date: Mon, 5 Jan 2026 10:00:00 +0000
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your message ${text}.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Original-Envelope-Id: env42

Final-Recipient: rfc822; ${address}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <${address}>: User unknown

--b
Content-Type: text/rfc822-headers

Message-ID: <sent7@example.org>
Subject: News

--b--
`;
}

const ORDINARY = 'From: Ann <ann@example.org>\r\nSubject: lunch?\r\n\r\nAt noon.\r\n';

let dir = '';
beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), 'maildrain-classify-'));
  dir = made;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

function put(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** In this process; with `columns`, stdout and stderr are terminals. */
async function classify(args: readonly string[], columns?: number): Promise<Said> {
  const stdout = keeping(columns);
  const stderr = keeping(columns);
  const terminal: Terminal = { out: createOutput(stdout, stderr, {}), stderr, beforeLog: () => {}, exitCode: 0 };
  await runProgram(['classify', ...args], terminal);
  return { code: terminal.exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('--json', () => {
  it('is one line for each message, with every key, and evidence', async () => {
    const { code, stdout } = await classify(['--json', put('b.eml', bounce('gone@example.com')), put('o', ORDINARY)]);
    expect(code).toBe(0);
    const [first, second] = lines(stdout);
    expect(first).toMatchObject({
      file: join(dir, 'b.eml'),
      message: null,
      kind: 'bounce',
      messageId: 'b1@mx.example.net',
      from: 'MAILER-DAEMON@mx.example.net',
      subject: 'Undelivered Mail',
      sentAt: '2026-01-05T10:00:00.000Z',
      recipients: [
        {
          address: 'gone@example.com',
          originalAddress: null,
          action: 'failed',
          status: '5.1.1',
          diagnostic: '550 5.1.1 <gone@example.com>: User unknown',
          remoteMta: 'mail.example.com',
          retryUntil: null,
          evidence: { rule: 'rfc3464', part: '2' },
        },
      ],
      originalMessageId: 'sent7@example.org',
      envelopeId: 'env42',
      feedbackType: null,
      autoReply: null,
      rule: 'rfc3464',
      truncated: null,
      error: null,
    });
    expect(second).toMatchObject({ kind: 'other', recipients: [], originalMessageId: null, rule: null });
    expect(Object.keys(second ?? {})).toEqual(Object.keys(first ?? {}));
    const [recipient] = [first?.recipients].flat();
    expect(Object.keys(recipient ?? {}).sort()).toEqual(
      [
        ...['action', 'address', 'category', 'diagnostic', 'evidence', 'hard', 'originalAddress'],
        ...['remoteMta', 'replyCode', 'retryUntil', 'scope', 'status'],
      ].sort(),
    );
  });

  it('numbers the messages of an mbox, and gives what was not read a line of its own', async () => {
    const from = 'From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n';
    const mbox = put('mbox', `${from}${bounce('a@example.com')}\n${from}${bounce('b@example.com')}`);
    const none = join(dir, 'none');
    const { code, stdout, stderr } = await classify(['--json', mbox, none]);
    expect(code).toBe(4);
    expect(lines(stdout)).toMatchObject([
      { file: mbox, message: 1, kind: 'bounce', recipients: [{ address: 'a@example.com' }], error: null },
      { file: mbox, message: 2, kind: 'bounce', recipients: [{ address: 'b@example.com' }], error: null },
      { file: none, message: null, kind: 'unreadable', recipients: [], error: { code: 'NOT_THERE' } },
    ]);
    expect(stderr).toContain(`not read: ${none}: no such file or directory\n`);
    expect(stderr).toMatch(/\n1 not read\n$/);
  });
});

describe('for people', () => {
  it('is a table of recipients, and the counts on stderr', async () => {
    put('1.eml', bounce('gone@example.com'));
    put('2.eml', ORDINARY);
    put('junk.bin', '\0\0');
    const { code, stdout, stderr } = await classify([dir]);
    expect(code).toBe(0);
    const [heading, first, second, ...rest] = stdout.split('\n');
    expect(heading).toMatch(/^FILE +KIND +ADDRESS +ACTION +STATUS +CATEGORY +SAID$/);
    expect(first).toMatch(/1\.eml +bounce +gone@example\.com +failed +5\.1\.1 +\S.* 550 5\.1\.1 <gone@example\.com>/);
    expect(second).toMatch(/2\.eml +other +- +- +- +- +lunch\?$/);
    expect(rest).toEqual(['']);
    expect(stderr).toMatch(/^2 messages: 1 bounce \(1 recipient failed.*\), 1 other; \d+ B in \d/);
    expect(stderr).toMatch(/\n1 file left out: not mail\n$/);
  });

  it('an empty file is unreadable, which is a reading and no failure', async () => {
    const { code, stdout, stderr } = await classify([put('empty.eml', '')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/empty\.eml +unreadable/);
    expect(stderr).toMatch(/^1 message: 1 unreadable; 0 B/);
  });

  it('nothing of a message or a file name reaches a terminal as it is', async () => {
    const evil = '\u001b]0;owned\u0007\u009b2J\u202e';
    put(`a${evil}.eml`, bounce(`x${evil}@example.com`).replace('User unknown', `no ${evil}`));
    put('b.eml', `From: ${evil} <a@example.org>\nSubject: ${evil}\nMessage-ID: <${evil}>\n\n${evil}\n`);
    for (const args of [[dir], ['--json', dir], [join(dir, `none${evil}`)]]) {
      for (const columns of [undefined, 100]) {
        const { stdout, stderr } = await classify(args, columns);
        // The sequences of the bar and of colours are ours.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        const rest = `${stdout}${stderr}`.replace(/\r?\u001b\[(?:K|\d{1,2}m)/g, '');
        expect(rest.length).toBeGreaterThan(20);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(rest).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\p{Cf}/u);
      }
    }
  });

  it('progress is a bar on a terminal, drawn over and taken away; there is none beside JSON on a terminal', async () => {
    put('1.eml', ORDINARY);
    const shown = await classify([dir], 100);
    expect(shown.stderr).toContain('\r\u001b[Kclassify [########################] 1 message, ');
    expect(shown.stderr).toContain('\r\u001b[K1 message: 1 other; ');
    expect((await classify(['--json', dir], 100)).stderr).not.toContain('\u001b');
  });
});

describe('exit codes', () => {
  it('1 when nothing could be read', async () => {
    const { code, stderr } = await classify([join(dir, 'none')]);
    expect(code).toBe(1);
    expect(stderr).toContain('none: no such file or directory');
  });

  it('0 for a directory without mail', async () => {
    const { code, stdout, stderr } = await classify([dir]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^0 messages; /);
  });
});

describe('the program', () => {
  it('reads standard input, with - and without arguments', async () => {
    for (const args of [
      ['classify', '--json'],
      ['classify', '--json', '-'],
    ]) {
      const running = startCli(args, {}, bounce('gone@example.com'));
      const { code, documents } = await running.ended();
      expect(code).toBe(0);
      expect(documents).toMatchObject([{ file: '-', kind: 'bounce', recipients: [{ address: 'gone@example.com' }] }]);
    }
  });

  it('reads many with threads: every one once, in order, as few are read', async () => {
    const many = join(dir, 'many');
    mkdirSync(many);
    for (let n = 0; n < 1500; n++) {
      const name = join(many, `${String(n).padStart(5, '0')}.eml`);
      writeFileSync(name, n % 3 === 0 ? ORDINARY : bounce(`user${n}@example.com`));
    }
    const { code, documents } = await runCli(['classify', '--json', many]);
    expect(code).toBe(0);
    expect(documents.map(({ file }) => Number(/(\d+)\.eml$/.exec(file)?.[1]))).toEqual([...Array(1500).keys()]);
    for (const [n, { kind, recipients, sentAt }] of documents.entries()) {
      expect(kind).toBe(n % 3 === 0 ? 'other' : 'bounce');
      if (n % 3 !== 0) expect(recipients[0].address).toBe(`user${n}@example.com`);
      expect(sentAt).toBe(n % 3 === 0 ? null : '2026-01-05T10:00:00.000Z');
    }
  });

  it('ends with the signal’s code while it waits for more', async () => {
    const running = startCli(['classify', '--json', '-'], {}, null);
    // The first message of an mbox is complete when the second one begins.
    const from = 'From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n';
    running.child.stdin?.write(`${from}${bounce('a@example.com')}\n${from}Subject: b\n`);
    await running.during(
      until(
        () => 'no reading',
        () => running.stdout().includes('a@example.com'),
      ),
    );
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended();
    expect(code).toBe(130);
    expect(stderr).toContain('stopped before the end');
  });
});
