// Exports, read back by programs that are not ours: Python's mailbox module and Dovecot. What they find is compared by digest.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { type ExportFormat, type ExportReport, type ExportRequest, exportMail } from '../../src/admin/export.ts';
import { mboxLines } from '../../src/admin/export-mbox.ts';
import { storeBatch } from '../../src/store/batch.ts';
import type { Database } from '../../src/store/pool.ts';
import type { StoredFacts } from '../../src/store/stored-mail.ts';
import { fresh, listed, migrated } from '../store/store.ts';
import { doveadm } from '../support/dovecot.ts';
import { describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { NO_PIPELINE } from '../support/pipeline.ts';

const run = promisify(execFile);

const digest = (octets: Buffer | string): string => createHash('sha256').update(octets).digest('hex');

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'maildrain-export-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const LETTERS: readonly Buffer[] = [
  Buffer.from('From: Ann <ann@example.org>\r\nSubject: plain\r\n\r\nhello\r\n'),
  Buffer.from(
    'From: b@example.org\r\nSubject: lines like From_\r\n\r\nFrom me to you\r\n>From him\r\n>>From her\r\n\r\nFrom x Thu Nov 24 18:22:48 1986\r\n',
  ),
  Buffer.from('Subject: nobody, and octets that are no text\r\n\r\n\xe4\xf6\xfc\x80\xff\r\n', 'latin1'),
  Buffer.from(`From: big@example.org\r\nSubject: large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(20_000)}`),
  Buffer.from(`From: long@example.org\r\nSubject: one line\r\n\r\n${'From '.repeat(200_000)}\r\n`),
];

/** Stores messages as a drain would. */
async function keep(
  database: Database,
  mailboxId: number,
  raws: readonly Buffer[],
  flags: readonly string[] = [],
): Promise<string[]> {
  const pen = await database.take();
  try {
    return await storeBatch(pen.client, {
      mailboxId,
      uidValidity: '1',
      now: new Date(),
      fresh: raws.map((raw, i) => {
        const internalDate = new Date(Date.UTC(2026, 0, 1 + i, 8, 30, 5));
        return fresh(String(i + 1), raw, { listed: listed(String(i + 1), { flags, internalDate }) });
      }),
      adopted: [],
      inFlight: null,
      pipeline: NO_PIPELINE,
    });
  } finally {
    await pen.release();
  }
}

function exported(
  database: Database,
  format: ExportFormat,
  path: string,
  changes: Partial<ExportRequest> = {},
): Promise<ExportReport> {
  return exportMail(database, {
    selection: { mailbox: null, criteria: null },
    format,
    to: { path },
    signal: new AbortController().signal,
    ...changes,
  });
}

/** What Python's mailbox module reads, with the quoting of mboxrd undone and line ends as on the wire. */
async function readByPython(
  kind: 'mbox' | 'Maildir',
  path: string,
): Promise<{ digest: string; flags: string; from: string }[]> {
  const script = `
import hashlib, json, mailbox, re, sys
kind, path = sys.argv[1:]
box = mailbox.mbox(path, create=False) if kind == 'mbox' else mailbox.Maildir(path, create=False)
for key in sorted(box.keys()):
    octets = box.get_bytes(key)
    message = box.get_message(key)
    if kind == 'mbox':
        octets = re.sub(rb'(?m)^>(>*From )', rb'\\1', octets).replace(b'\\n', b'\\r\\n')
        if octets.endswith(b'\\r\\n\\r\\n'): octets = octets[:-2]
    print(json.dumps({'digest': hashlib.sha256(octets).hexdigest(), 'flags': message.get_flags(), 'from': message.get_from() if kind == 'mbox' else ''}))
`;
  const { stdout } = await run('python3', ['-c', script, kind, path]);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

describeWith('postgres', 'export', () => {
  it('mbox comes back from Python with equal digests, senders and times', async () => {
    const { database, mailboxId } = await migrated();
    await keep(database, mailboxId, LETTERS);
    const path = join(directory(), 'mail.mbox');
    const progress: number[] = [];

    const report = await exported(database, 'mbox', path, { onProgress: ({ done }) => progress.push(done) });

    expect(report).toMatchObject({ written: LETTERS.length, expired: 0, damaged: [], remains: null });
    expect(progress.at(-1)).toBe(LETTERS.length);
    const found = await readByPython('mbox', path);
    expect(found.map((message) => message.digest)).toEqual(LETTERS.map(digest));
    expect(found[0]?.from).toBe('ann@example.org Thu Jan  1 08:30:05 2026');
    expect(found[2]?.from).toBe('MAILER-DAEMON Sat Jan  3 08:30:05 2026');
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  it('maildir comes back from Python with equal digests and the flags', async () => {
    const { database, mailboxId } = await migrated();
    await keep(database, mailboxId, LETTERS, ['\\Seen', '\\Flagged', '$Label1']);
    const path = join(directory(), 'Maildir');

    await exported(database, 'maildir', path);

    const found = await readByPython('Maildir', path);
    expect(found.map((message) => message.digest).sort()).toEqual(LETTERS.map(digest).sort());
    expect(found.map((message) => message.flags)).toEqual(LETTERS.map(() => 'FS'));
    expect(readdirSync(join(path, 'tmp'))).toEqual([]);
  });

  it('eml and ndjson hold the exact octets', async () => {
    const { database, mailboxId } = await migrated();
    const odd = [...LETTERS, Buffer.alloc(0), Buffer.from('no end of line'), Buffer.from('bare\nLF\rCR\r\n')];
    const ids = await keep(database, mailboxId, odd);
    const dir = directory();

    await exported(database, 'eml', join(dir, 'eml'));
    await exported(database, 'ndjson', join(dir, 'all.ndjson'));

    expect(ids.map((id) => digest(readFileSync(join(dir, 'eml', `${id}.eml`))))).toEqual(odd.map(digest));
    expect(statSync(join(dir, 'eml', `${ids[0]}.eml`)).mtime).toEqual(new Date('2026-01-01T08:30:05Z'));
    const lines = readFileSync(join(dir, 'all.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ base64 }) => digest(Buffer.from(base64, 'base64')))).toEqual(odd.map(digest));
    expect(lines[0]).toMatchObject({ id: ids[0], subject: 'plain', sha256: digest(odd[0] ?? ''), mailbox: 'inbox' });
  });

  it('overwrites nothing, and completes a directory that an earlier export began', async () => {
    const { database, mailboxId } = await migrated();
    const ids = await keep(database, mailboxId, LETTERS);
    const dir = directory();
    const file = join(dir, 'x.mbox');
    writeFileSync(file, 'mine');
    await expect(exported(database, 'mbox', file)).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await expect(exported(database, 'maildir', dir)).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' });

    for (const format of ['maildir', 'eml'] as const) {
      const path = join(dir, format);
      const stop = new AbortController();
      const onProgress = ({ done }: { done: number }): void => {
        if (done === 2) stop.abort();
      };
      const first = await exported(database, format, path, { signal: stop.signal, onProgress });
      expect(first).toMatchObject({ written: 2, present: 0 });
      expect(first.remains).toContain('complete');
      expect(await exported(database, format, path)).toMatchObject({
        written: LETTERS.length - 2,
        present: 2,
        remains: null,
      });
    }
    // Of its size, as the file of an export before a loss of power may be.
    for (const changed of [Buffer.from('changed'), Buffer.alloc(LETTERS[0]?.length ?? 0)]) {
      writeFileSync(join(dir, 'eml', `${ids[0]}.eml`), changed);
      await expect(exported(database, 'eml', join(dir, 'eml'))).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' });
      expect(readFileSync(join(dir, 'eml', `${ids[0]}.eml`))).toEqual(changed);
    }
  });

  it('completes a Maildir of which a client has changed flags and names, with no message twice', async () => {
    const { database, mailboxId } = await migrated();
    await keep(database, mailboxId, LETTERS);
    const path = join(directory(), 'Maildir');
    await exported(database, 'maildir', path);
    const [seen = '', moved = '', lost = ''] = readdirSync(join(path, 'cur')).sort();
    renameSync(join(path, 'cur', seen), join(path, 'cur', `${seen}RS`));
    renameSync(join(path, 'cur', moved), join(path, 'new', moved.replace(/,S=.*/, '')));
    rmSync(join(path, 'cur', lost));

    expect(await exported(database, 'maildir', path)).toMatchObject({ written: 1, present: LETTERS.length - 1 });

    const found = await readByPython('Maildir', path);
    expect(found.map((message) => message.digest).sort()).toEqual(LETTERS.map(digest).sort());
  });

  it.each(['maildir', 'eml'] as const)('completes a directory that holds a damaged message (%s)', async (format) => {
    const { database, mailboxId } = await migrated();
    const ids = await keep(database, mailboxId, LETTERS);
    await database.sql.query(`update maildrain.raw set bytes = 'x' where message_id = $1 and seq = 0`, [ids[0]]);
    await database.sql.query(`update maildrain.raw set bytes = bytes || 'x' where message_id = $1 and seq = 0`, [
      ids[3],
    ]);
    const path = join(directory(), format);
    expect(await exported(database, format, path)).toMatchObject({
      written: LETTERS.length,
      damaged: [ids[0], ids[3]],
    });
    expect(await exported(database, format, path)).toMatchObject({ written: 0, present: LETTERS.length });
  });

  it('an export that ends early leaves no file under the asked name, and says where the rest is', async () => {
    const { database, mailboxId } = await migrated();
    await keep(database, mailboxId, LETTERS);
    const path = join(directory(), 'all.ndjson');
    const stop = new AbortController();
    const report = await exported(database, 'ndjson', path, { signal: stop.signal, onProgress: () => stop.abort() });
    expect(report.written).toBe(1);
    expect(report.remains).toContain(`${path}.partial`);
    expect(existsSync(path)).toBe(false);
    await expect(exported(database, 'ndjson', path)).rejects.toThrow('.partial');
  });

  it('says what has expired and what is damaged', async () => {
    const { database, mailboxId } = await migrated();
    const ids = await keep(database, mailboxId, LETTERS);
    await database.sql.query('delete from maildrain.raw where message_id = $1', [ids[0]]);
    await database.sql.query(`update maildrain.raw set bytes = 'x' where message_id = $1 and seq = 0`, [ids[1]]);
    const written: Buffer[] = [];
    const write = async (octets: Buffer): Promise<void> => {
      written.push(Buffer.from(octets));
    };
    const report = await exported(database, 'ndjson', '', { to: { write } });
    expect(report).toMatchObject({ written: LETTERS.length - 1, expired: 1, damaged: [ids[1]] });
    expect(Buffer.concat(written).toString().trim().split('\n')).toHaveLength(LETTERS.length - 1);
  });
});

describeWith(['postgres', 'mail'], 'export to Dovecot', () => {
  it('a Maildir is imported by doveadm with equal digests', async () => {
    const { database, mailboxId } = await migrated();
    await keep(database, mailboxId, LETTERS, ['\\Seen']);
    const path = join(directory(), 'Maildir');
    await exported(database, 'maildir', path);
    const user = freshUser();
    await run('chmod', ['-R', 'a+rwX', path, join(path, '..')]);

    await doveadm(mailServer(), ['import', '-s', '-u', user, `maildir:${path}`, '', 'all']);

    const said = await doveadm(mailServer(), [
      '-f',
      'json',
      'fetch',
      '-u',
      user,
      'text flags date.received',
      'mailbox',
      'INBOX',
    ]);
    const found: { text: string; flags: string; 'date.received': string }[] = JSON.parse(said);
    // doveadm prints text, so octets that are no UTF-8 cannot be compared this way.
    const texts = LETTERS.filter((raw) => Buffer.from(raw.toString()).equals(raw)).map((raw) => digest(raw));
    expect(found).toHaveLength(LETTERS.length);
    const got = found.map(({ text }) => digest(text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n')));
    expect(texts.filter((one) => !got.includes(one))).toEqual([]);
    expect(found.every(({ flags }) => flags.includes('\\Seen'))).toBe(true);
  });
});

async function encode(pieces: readonly Buffer[]): Promise<string> {
  const message = { fromAddress: null, internalDate: new Date(0), storedAt: new Date(0) } as StoredFacts;
  const out: Buffer[] = [];
  const iterate = async function* (): AsyncGenerator<Buffer> {
    yield* pieces;
  };
  for await (const octets of mboxLines(message, iterate())) out.push(octets);
  return Buffer.concat(out).toString('latin1');
}

it.each([
  [`${'>'.repeat(1500)}From me\r\n`, `${'>'.repeat(1501)}From me\n\n`],
  [`a\r\n${'>'.repeat(1500)}From me\r\nb`, `a\n${'>'.repeat(1501)}From me\nb\n\n`],
  [`a\r\n${'>'.repeat(1500)}Frog\r\n`, `a\n${'>'.repeat(1500)}Frog\n\n`],
  [`${'>'.repeat(1500)}x${'>'.repeat(1500)}From\r\n`, `${'>'.repeat(1500)}x${'>'.repeat(1500)}From\n\n`],
  [`${'x'.repeat(1500)}\r\nFrom \r\n`, `${'x'.repeat(1500)}\n>From \n\n`],
  ['>'.repeat(3000), `${'>'.repeat(3000)}\n\n`],
  [`${'>'.repeat(1500)}From`, `${'>'.repeat(1500)}From\n\n`],
])('mbox quotes a long line the same way in pieces of any length: %#', async (text, wanted) => {
  const raw = Buffer.from(text);
  for (const length of [1, 2, 3, 7, 600, 1023, 1024, 1025, 1499, 1500, 1501, 1503, 1505, 2000, raw.length]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < raw.length; at += length) pieces.push(raw.subarray(at, at + length));
    const said = await encode(pieces);
    expect(said.slice(said.indexOf('\n') + 1)).toBe(wanted);
  }
});

it('mbox quotes and ends lines the same way wherever the pieces are cut', async () => {
  const raw = LETTERS[1] ?? Buffer.alloc(0);
  const whole = await encode([raw]);
  expect(whole).toContain('\n>From me to you\n>>From him\n>>>From her\n\n>From x');
  expect(whole.endsWith('1986\n\n')).toBe(true);
  for (let at = 0; at <= raw.length; at++) expect(await encode([raw.subarray(0, at), raw.subarray(at)])).toBe(whole);
});
