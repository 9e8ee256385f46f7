// What most people write: for each UID a FETCH, an INSERT and a delete, one after the other. No ledger, no reading, no second look.
// Compiled by build.ts.

import { ImapFlow } from 'imapflow';
import pg from 'pg';
import { finish, readTask } from './task.ts';

const task = readTask();
const startedAt = performance.now();
const sql = new pg.Client({ connectionString: task.databaseUrl });
await sql.connect();
const imap = new ImapFlow({
  host: task.host,
  port: task.port,
  secure: false,
  doSTARTTLS: false,
  auth: { user: task.user, pass: task.password },
  logger: false,
});
await imap.connect();
const lock = await imap.getMailboxLock('INBOX');
const uids = await imap.search({ all: true }, { uid: true });
for (const uid of uids || []) {
  const message = await imap.fetchOne(String(uid), { source: true }, { uid: true });
  if (!message || message.source === undefined) throw new Error(`UID ${uid} was not sent`);
  await sql.query('insert into mail (uid, raw) values ($1, $2)', [uid, message.source]);
  await imap.messageDelete(String(uid), { uid: true });
}
lock.release();
await imap.logout();
await sql.end();
finish(startedAt, performance.now());
