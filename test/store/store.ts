// What the tests of this room share: a migrated database of the test's own, and messages to put into it.

import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { Listed } from '../../src/model.ts';
import type { Fresh } from '../../src/store/entries.ts';
import { ensureMailbox } from '../../src/store/mailboxes.ts';
import { migrate } from '../../src/store/migrate.ts';
import { type Database, openDatabase } from '../../src/store/pool.ts';
import { freshDatabase, templateDatabase } from '../support/fresh.ts';

export async function migrated(): Promise<{ database: Database; url: string; mailboxId: number }> {
  const template = await templateDatabase('migrated', async (url) => {
    await migrate(url);
  });
  const { url } = await freshDatabase(template);
  const database = openDatabase(url, 4, () => {});
  onTestFinished(() => database.close());
  const { id } = await ensureMailbox(database.sql, { name: 'inbox', login: 'imap://a@h:1', folder: 'INBOX' });
  return { database, url, mailboxId: id };
}

export function listed(uid: string, changes: Partial<Listed> = {}): Listed {
  return {
    uid,
    size: 0,
    flags: [],
    internalDate: new Date(Date.UTC(2026, 0, 1)),
    emailId: null,
    threadId: null,
    labels: [],
    ...changes,
  };
}

export function fresh(uid: string, raw: Buffer, changes: Partial<Fresh> = {}): Fresh {
  return {
    listed: listed(uid),
    raw,
    digest: createHash('sha256').update(raw).digest(),
    size: raw.length,
    reading: read(raw),
    state: 'pending',
    reason: null,
    displaces: null,
    ...changes,
  };
}
