// Messages from paths: which files count as mail, in which order, and what is said of those that cannot be read.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailItem, messagesOf, sizeOf } from '../../src/mail-files/messages.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'maildrain-files-'));
  chmodSync(dir, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const FROM = 'From ann@example.org Mon Jan  5 10:00:00 2026';

function mail(subject: string): string {
  return `Subject: ${subject}\n\nHello\n`;
}

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}

async function items(
  paths: readonly string[],
  more: { stdin?: Readable; maxSize?: number; signal?: AbortSignal } = {},
): Promise<MailItem[]> {
  const found: MailItem[] = [];
  const options = { stdin: Readable.from([]), maxSize: 1_000_000, signal: new AbortController().signal, ...more };
  for await (const item of messagesOf(paths, options)) found.push(item);
  return found;
}

/** `name` or `name#number`, below `dir`, with what it is where it is no message. */
async function said(...paths: string[]): Promise<string[]> {
  return (await items(paths)).map((item) => {
    const name = item.name.replace(`${dir}/`, '').replace(dir, '.');
    if (item.what === 'message') return item.number === null ? name : `${name}#${item.number}`;
    return item.what === 'left-out' ? `${name}: left out` : `${name}: ${item.message}`;
  });
}

describe('what counts as mail', () => {
  it('in a directory: what begins as mail does, by name, in directories below it too; the rest is left out and named', async () => {
    put({
      'b.eml': mail('b'),
      'a.txt': mail('a'),
      archive: `${FROM}\n${mail('1')}\n${FROM}\n${mail('2')}`,
      'sub/c': mail('c'),
      'picture.png': '\u0089PNG\r\n\u001a\n\0\0',
      'notes.md': '# Notes\n\nFrom here on: x\n',
      'data.json': '{"a": 1}',
      empty: '',
      '.hidden': mail('hidden'),
      '.git/config': mail('no'),
    });
    expect(await said(dir)).toEqual([
      'a.txt',
      'archive#1',
      'archive#2',
      'b.eml',
      'data.json: left out',
      'empty: left out',
      'notes.md: left out',
      'picture.png: left out',
      'sub/c',
    ]);
  });

  it('in a Maildir: cur and new of it and of its folders, whatever they look like; not tmp, not the indexes beside them', async () => {
    put({
      'Maildir/cur/2.host:2,S': mail('2'),
      'Maildir/cur/1.host:2,S': `${FROM}\n${mail('1')}\n${FROM}\n${mail('not a second')}`,
      'Maildir/new/3.host': 'no header at all',
      'Maildir/tmp/4.host': mail('4'),
      'Maildir/dovecot-uidlist': 'Subject: not mail\n\n',
      'Maildir/.Junk/cur/5.host:2,': mail('5'),
      'Maildir/.Junk/new/.keep': '',
    });
    expect(await said(join(dir, 'Maildir'))).toEqual([
      'Maildir/cur/1.host:2,S',
      'Maildir/cur/2.host:2,S',
      'Maildir/new/3.host',
      'Maildir/.Junk/cur/5.host:2,',
    ]);
    // Seen from above, and through a folder whose name is hidden.
    expect(await said(dir)).toHaveLength(4);
  });

  it('a file that is named: always, also when it is empty or no mail', async () => {
    put({ empty: '', 'notes.md': '# Notes\n' });
    expect(await said(join(dir, 'empty'), join(dir, 'notes.md'))).toEqual(['empty', 'notes.md']);
  });

  it('an .eml is one message even with a From_ line at its top', async () => {
    put({ 'a.eml': `${FROM}\n${mail('a')}\n${FROM}\n${mail('b')}` });
    expect(await said(join(dir, 'a.eml'))).toEqual(['a.eml']);
  });
});

describe('octets', () => {
  it('are those of the file, however long its lines are', async () => {
    const text = `Subject: a\r\n\r\n${'ä'.repeat(300_000)}`;
    put({ 'a.eml': text });
    const [item] = await items([dir]);
    expect(item?.what === 'message' && item.raw.equals(Buffer.from(text))).toBe(true);
  });

  it('of standard input are a message or an mbox, in whatever pieces', async () => {
    const stdin = (text: string): Readable => Readable.from([...text].map((each) => Buffer.from(each)));
    const one = await items(['-'], { stdin: stdin(mail('a')) });
    expect(one.map((item) => item.what === 'message' && [item.name, item.number, item.raw.toString()])).toEqual([
      ['-', null, mail('a')],
    ]);
    const two = await items(['-'], { stdin: stdin(`${FROM}\n${mail('a')}\n${FROM}\n${mail('b')}`) });
    expect(two.map((item) => item.what === 'message' && item.number)).toEqual([1, 2]);
  });

  it('beyond the limit are not kept: the message is named with its size, the others are read', async () => {
    const large = mail('a') + 'a'.repeat(500_000);
    put({ 'a.eml': large, b: large, c: mail('c'), d: `${FROM}\n${large}\n\n${FROM}\n${mail('d')}` });
    const found = await items([dir], { maxSize: 1000 });
    expect(found.map((item) => [item.name.slice(-1), item.what, 'number' in item ? item.number : null])).toEqual([
      ['l', 'unread', null],
      ['b', 'unread', null],
      ['c', 'message', null],
      ['d', 'unread', 1],
      ['d', 'message', 2],
    ]);
    expect(found[0]).toMatchObject({ why: 'too-large', size: large.length });
    expect(found[3]).toMatchObject({ why: 'too-large', size: large.length + 1 });
  });
});

describe('what cannot be read is named, and the rest is read', () => {
  it('a path that leads nowhere, to itself, through a file, or is too long', async () => {
    put({ 'z.eml': mail('z') });
    symlinkSync('loop', join(dir, 'loop'));
    const paths = ['none', 'loop', 'z.eml/below', 'x'.repeat(5000), 'z.eml'].map((name) => join(dir, name));
    const [none, loop, below, long, last] = await said(...paths);
    expect([none, loop, below, last]).toEqual([
      'none: no such file or directory',
      'loop: a link that leads to itself',
      'z.eml/below: a part of the path is not a directory',
      'z.eml',
    ]);
    expect(long).toMatch(/the name is too long$/);
  });

  it('in a directory: a link that leads to itself or nowhere; a link back to the directory is not followed', async () => {
    put({ 'a.eml': mail('a') });
    symlinkSync('loop', join(dir, 'loop'));
    symlinkSync('gone', join(dir, 'dangling'));
    symlinkSync('.', join(dir, 'back'));
    symlinkSync('a.eml', join(dir, 'z.eml'));
    expect(await said(dir)).toEqual([
      'a.eml',
      'dangling: no such file or directory',
      'loop: a link that leads to itself',
      'z.eml',
    ]);
  });

  it('a file and a directory without permission', async () => {
    put({ 'a.eml': mail('a'), 'b.eml': mail('b'), 'c/d.eml': mail('d'), 'e.eml': mail('e') });
    chmodSync(join(dir, 'b.eml'), 0);
    chmodSync(join(dir, 'c'), 0);
    // Nothing is forbidden to root, who runs tests in containers; `nobody` has this number nearly everywhere.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      expect(await said(dir)).toEqual(['a.eml', 'b.eml: permission denied', 'c: permission denied', 'e.eml']);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(join(dir, 'c'), 0o755);
    }
  });
});

it('the size of everything is known beforehand, unless a pipe is among it', () => {
  put({ 'a.eml': mail('a'), 'sub/b.eml': mail('b') });
  expect(sizeOf([dir, join(dir, 'none')])).toBe(2 * mail('a').length);
  expect(sizeOf([dir, '-'])).toBe(null);
});

it('a signal ends the stream within a file', async () => {
  put({ a: `${FROM}\n${mail('a')}\n`.repeat(20_000), b: mail('b') });
  const stopping = new AbortController();
  let read = 0;
  const options = { stdin: Readable.from([]), maxSize: 1000, signal: stopping.signal };
  for await (const _ of messagesOf([dir], options)) if (++read === 10) stopping.abort();
  expect(read).toBeGreaterThanOrEqual(10);
  expect(read).toBeLessThan(10_000);
});
