// Exports onto file systems without hard links: a stand-in for link() answers as Linux does on FAT.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openDirectory } from '../../src/admin/export-directory.ts';
import { openFile } from '../../src/admin/export-output.ts';
import type { StoredFacts } from '../../src/store/stored-mail.ts';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  link: async () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  },
}));

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'maildrain-no-links-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function* octets(): AsyncGenerator<Buffer> {
  yield Buffer.from('Subject: a\r\n\r\nb\r\n');
}

it('a file gets its name when it is complete', async () => {
  const path = join(directory(), 'all.mbox');
  const output = await openFile(path);
  await output.write(Buffer.from('mail'));
  expect(existsSync(path)).toBe(false);
  await output.finish();
  expect(readFileSync(path, 'utf8')).toBe('mail');
  expect(existsSync(`${path}.partial`)).toBe(false);
});

it('what has taken the name meanwhile stays as it is', async () => {
  const path = join(directory(), 'all.mbox');
  const output = await openFile(path);
  await output.write(Buffer.from('mail'));
  writeFileSync(path, 'mine');
  await expect(output.finish()).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' });
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect(readFileSync(`${path}.partial`, 'utf8')).toBe('mail');
});

it.each(['maildir', 'eml'] as const)('a directory of messages is written and completed (%s)', async (format) => {
  const path = join(directory(), format);
  const message = {
    id: '7',
    size: 17,
    flags: [],
    internalDate: new Date(0),
    storedAt: new Date(0),
  } as unknown as StoredFacts;
  expect(await (await openDirectory(path, format)).put(message, octets())).toBe(true);
  expect(await (await openDirectory(path, format)).put(message, octets())).toBe(false);
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))).toEqual([
    'Subject: a\r\n\r\nb\r\n',
  ]);
});
