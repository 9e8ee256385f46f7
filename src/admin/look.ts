// The one way in which plans, `verify` and the look before a restore come to a mail server. They take no lock of the login, for they change nothing and must
// not wait for a job that runs; but what keeps drains and jobs off a server keeps them off it too: a mailbox that is stopped, the pause after a refused
// login, connectionsPerHost. And a login that is refused to them is written down as it is for a drain, or plans from cron would lock the account out.

import { loginOf } from '../config.ts';
import { decide, isPauseForAccount, isRefusedLogin } from '../decide.ts';
import { type DrainContext, historyOf } from '../drain/drain.ts';
import { MaildrainError } from '../errors.ts';
import type { MailboxConfig } from '../model.ts';
import { resolveSecret } from '../secrets.ts';
import { type AdminSession, type OpenAdminOptions, openAdmin } from '../source/admin-session.ts';
import { unlockLook, waitForHostSlot, waitForLook } from '../store/lock.ts';
import {
  ensureMailbox,
  findMailbox,
  type MailboxKey,
  type MailboxRow,
  recordFailure,
  recordLogin,
} from '../store/mailboxes.ts';
import type { Database, Pen } from '../store/pool.ts';
import { recordRun } from '../store/runs.ts';

/** At once in a process, for each holds a connection to Postgres with its slot; more wait. */
export const LOOKS_AT_ONCE = 4;
/** The turn of an admin job lasts 15 seconds, and then its connection is free for a moment. Longer than this nobody waits who has asked. */
const WAIT_MS = 30_000;

export interface LookContext extends Pick<DrainContext, 'database' | 'connectionsPerHost' | 'log'> {
  /** For tests: in place of the constant of this file. */
  readonly waitMs?: number;
}

export type LookOptions = Pick<OpenAdminOptions, 'folder' | 'signal'>;

/**
 * Opens a folder for looking only.
 *
 * @param mailbox its `dispose` is what the session is to say of the folder
 * @throws MaildrainError MAILBOX_STOPPED; CONNECTION_LIMIT when no connection is free; the code of the last failure while its pause lasts; those of
 *   openAdmin()
 */
export async function openLook(
  context: LookContext,
  mailbox: MailboxConfig,
  options: LookOptions,
): Promise<AdminSession> {
  await refuseNow(context.database, mailbox);
  const places = placesOf(context.database);
  await places.take();
  let pen: Pen | null = null;
  const end = async (): Promise<void> => {
    await pen?.release();
    places.giveBack();
  };
  try {
    if (options.signal.aborted) throw new MaildrainError('ABORTED', 'stopped before connecting');
    pen = await context.database.take();
    const admin = await open(context, pen, mailbox, options);
    return { ...admin, close: () => admin.close().finally(end) };
  } catch (error) {
    await end();
    throw error;
  }
}

async function open(
  context: LookContext,
  { client }: Pen,
  mailbox: MailboxConfig,
  options: LookOptions,
): Promise<AdminSession> {
  const { connectionsPerHost, waitMs = WAIT_MS } = context;
  const { host } = mailbox.imap;
  const login = loginOf(mailbox);
  const password = await resolveSecret(mailbox.imap.password);
  const wait = { ms: waitMs, signal: options.signal };
  if (!(await waitForHostSlot(client, host, connectionsPerHost, wait)))
    throw notFree(options, `all ${connectionsPerHost} connections to ${host} are in use (connectionsPerHost)`);
  // One after the other: of ten that are asked for at once, nine find out that the first was refused, and do not try.
  if (!(await waitForLook(client, login, wait)))
    throw notFree(options, `another login of this account to ${host} is slow`);
  const row = await refuseNow(context.database, mailbox);
  let loggedIn = false;
  try {
    const onLogin = (): void => {
      loggedIn = true;
    };
    const admin = await openAdmin(mailbox, { ...options, password, readOnly: true, onLogin });
    // Else refusals of months would be counted as if they were in a row, where nothing is drained. AUTHORIZATION_FAILED may be about the drain's folder.
    if (row?.lastErrorCode === 'AUTHENTICATION_FAILED' || row?.lastErrorCode === 'CREDENTIAL_EXPIRED')
      await recordLogin(client, row.id);
    await unlockLook(client, login);
    return admin;
  } catch (error) {
    // A folder that is not open to the login is no refused login.
    if (!loggedIn && error instanceof MaildrainError && isRefusedLogin(error.code))
      await noteRefusal(context, mailbox, error);
    throw error;
  }
}

function notFree({ signal }: LookOptions, why: string): MaildrainError {
  return signal.aborted
    ? new MaildrainError('ABORTED', 'stopped before connecting')
    : new MaildrainError('CONNECTION_LIMIT', `${why}: nothing was done, try again in a moment`);
}

function keyOf(mailbox: MailboxConfig): MailboxKey {
  return { name: mailbox.name, login: loginOf(mailbox), folder: mailbox.folder };
}

/** A pause after a lost line is not kept: whoever asks wants to know whether it is back. */
async function refuseNow({ sql }: Database, mailbox: MailboxConfig): Promise<MailboxRow | null> {
  const row = await findMailbox(sql, keyOf(mailbox));
  if (row === null) return null;
  const resume = `"maildrain resume ${mailbox.name}"`;
  if (row.stoppedAt !== null)
    throw new MaildrainError(
      'MAILBOX_STOPPED',
      `the mailbox is stopped (${row.stoppedCode}): correct what is wrong, ${resume}, then ask again`,
    );
  const { notBefore, lastErrorCode: code } = row;
  const waitsMs = notBefore === null ? 0 : notBefore.getTime() - Date.now();
  if (notBefore === null || waitsMs <= 0 || !isPauseForAccount(code)) return row;
  throw new MaildrainError(
    code,
    `waits until ${notBefore.toISOString()}, so that the account is not locked; ${resume} lets it be tried at once. The last time: ${row.lastError}`,
    { retryAfterMs: waitsMs },
  );
}

async function noteRefusal(context: LookContext, mailbox: MailboxConfig, error: MaildrainError): Promise<void> {
  const { database, log } = context;
  const { code, message } = error;
  const at = new Date();
  try {
    const row = await ensureMailbox(database.sql, keyOf(mailbox));
    const verdict = decide(error, await historyOf(context, row, error), at, Math.random());
    await recordFailure(database, row.id, { name: mailbox.name, code, message, ...verdict, isDrain: false });
    const report = { outcome: verdict.stop ? 'stopped' : 'failed', error: { code, message } };
    const run = { job: 'look', mailboxId: row.id, startedAt: at, finishedAt: new Date(), report, errorCode: code };
    await recordRun(database.sql, run);
    if (verdict.stop) log.warn({ mailbox: mailbox.name, code, error }, 'mailbox stopped');
  } catch (unwritten) {
    log.warn({ mailbox: mailbox.name, error: unwritten }, 'failure not recorded');
  }
}

/** Of one pool of connections to Postgres. */
class Places {
  #free = LOOKS_AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

const placesByDatabase = new WeakMap<Database, Places>();

function placesOf(database: Database): Places {
  const places = placesByDatabase.get(database) ?? new Places();
  placesByDatabase.set(database, places);
  return places;
}
