// Compares a mailbox on its server with the ledger, and the stored octets with their digests. Only reads, on both sides: the folder is opened by
// EXAMINE, nothing is locked. What changes while it looks can show as a difference; a second look tells.

import { createHash } from 'node:crypto';
import { loginOf } from '../config.ts';
import { MaildrainError } from '../errors.ts';
import type { MailboxConfig, Session, Uid } from '../model.ts';
import { type LedgerRow, rowsFor } from '../store/ledger.ts';
import { findMailbox, type MailboxRow } from '../store/mailboxes.ts';
import { rawOctets } from '../store/messages.ts';
import { checkedMessages, countRenumbered, type Place, type StandingRow, standingRows } from '../store/verify.ts';
import { keptMailbox } from './empty-trash.ts';
import { type LookContext, openLook } from './look.ts';

/** Rows, and messages, looked at together. */
const PAGE = 1000;
/** UIDs and ids of what is wrong that are named; all are counted. */
const MAX_NAMED = 100;

/** How many, and the first of them. */
export interface Named {
  readonly count: number;
  /** UIDs, or ids of messages. */
  readonly first: readonly string[];
}

export interface VerifyReport {
  readonly mailbox: string;
  /** The path on the server. */
  readonly folder: string;
  readonly uidValidity: string;
  /** Nothing is missing or damaged. */
  readonly ok: boolean;
  readonly server: {
    readonly listed: number;
    /** Flagged \Deleted by whomever; among the listed. */
    readonly deleted: number;
    /** False: the server shows fewer messages than it says there are, so that `missing` proves nothing. */
    readonly complete: boolean;
  };
  readonly listed: {
    /** Stored, and to be taken off at the next drain. */
    readonly owed: Named;
    /** Stored, and staying. */
    readonly kept: Named;
    /** Set aside, not stored. */
    readonly held: Named;
    /** Taken off once, as it was seen, and listed again. */
    readonly back: Named;
    /** Not in the ledger: not drained yet. */
    readonly unknown: Named;
  };
  /** In the ledger as being there, and not listed. */
  readonly missing: Named;
  /** Rows of an earlier UIDVALIDITY that are not closed: the next drain recognises their messages. */
  readonly renumbered: number;
  readonly octets: {
    readonly checked: number;
    readonly intact: number;
    /** Dropped by retention. */
    readonly expired: number;
    /** Not what was fetched; ids of messages. */
    readonly damaged: Named;
  };
}

export interface VerifyOptions extends LookContext {
  readonly signal: AbortSignal;
  /** Messages looked at; the total is not known beforehand. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** @throws MaildrainError; ABORTED when the signal asks */
export async function verifyMailbox(options: VerifyOptions, mailbox: MailboxConfig): Promise<VerifyReport> {
  const { database, signal } = options;
  const key = { name: mailbox.name, login: loginOf(mailbox), folder: mailbox.folder };
  const row = await findMailbox(database.sql, key);
  const admin = await openLook(options, keptMailbox(mailbox), { folder: mailbox.folder, signal });
  let compared: Pick<VerifyReport, 'server' | 'listed' | 'missing' | 'renumbered'>;
  const { path, uidValidity } = admin.session.facts;
  try {
    compared = await compare(options, admin.session, row);
  } finally {
    await admin.close();
  }
  const octets = await checkOctets(options, row);
  // Mail that is not drained yet, or was put back, is no fault; nor is an absence where the server does not show everything.
  const missing = compared.server.complete ? compared.missing.count : 0;
  const ok = missing === 0 && octets.damaged.count === 0;
  return { mailbox: mailbox.name, folder: path, uidValidity, ok, ...compared, octets };
}

async function compare(
  options: VerifyOptions,
  session: Session,
  row: MailboxRow | null,
): Promise<Pick<VerifyReport, 'server' | 'listed' | 'missing' | 'renumbered'>> {
  const { uids, deleted, complete } = await session.list();
  const all = deleted.length === 0 ? uids : [...uids, ...deleted].sort((a, b) => Number(a) - Number(b));
  const found = { owed: new Names(), kept: new Names(), held: new Names(), back: new Names(), unknown: new Names() };
  for (let start = 0; start < all.length; start += PAGE) {
    goOn(options);
    const page = all.slice(start, start + PAGE);
    const { sql } = options.database;
    const rows = row === null ? [] : await rowsFor(sql, row.id, session.facts.uidValidity, page);
    const byUid = new Map<Uid, LedgerRow[]>();
    for (const each of rows) byUid.set(each.uid, [...(byUid.get(each.uid) ?? []), each]);
    for (const uid of page) found[standingOf(byUid.get(uid) ?? [])].add(uid);
    options.onProgress?.(page.length);
  }
  const missing = row === null ? new Names() : await missingFrom(options, session, row, new Set(all));
  const { uidValidity } = session.facts;
  return {
    server: { listed: all.length, deleted: deleted.length, complete },
    listed: {
      owed: found.owed.named(),
      kept: found.kept.named(),
      held: found.held.named(),
      back: found.back.named(),
      unknown: found.unknown.named(),
    },
    missing: missing.named(),
    renumbered: row === null ? 0 : await countRenumbered(options.database.sql, row.id, uidValidity),
  };
}

/** One UID may have several rows, where a server gave it out again; the one that is open counts. */
function standingOf(rows: readonly LedgerRow[]): 'owed' | 'kept' | 'held' | 'back' | 'unknown' {
  const states = new Set(rows.map(({ state }) => state));
  if (states.has('held')) return 'held';
  if (states.has('pending')) return 'owed';
  if (states.has('kept')) return 'kept';
  return states.has('disposed') ? 'back' : 'unknown';
}

async function missingFrom(
  options: VerifyOptions,
  session: Session,
  { id }: MailboxRow,
  listed: ReadonlySet<Uid>,
): Promise<Names> {
  const names = new Names();
  let after: StandingRow | null = null;
  for (;;) {
    goOn(options);
    const rows: StandingRow[] = await standingRows(options.database.sql, id, session.facts.uidValidity, after, PAGE);
    const unlisted = rows.filter(({ uid }) => !listed.has(uid)).map(({ uid }) => uid);
    // A message whose flag changed between the two searches of a listing was in neither.
    const there = unlisted.length === 0 ? new Set<Uid>() : await session.present([...new Set(unlisted)]);
    for (const uid of unlisted) if (!there.has(uid)) names.add(uid);
    after = rows.at(-1) ?? null;
    if (rows.length < PAGE) return names;
  }
}

async function checkOctets(options: VerifyOptions, row: MailboxRow | null): Promise<VerifyReport['octets']> {
  const counts = { checked: 0, intact: 0, expired: 0 };
  const damaged = new Names();
  let after: Place | null = null;
  for (let more = row !== null; more && row !== null; ) {
    goOn(options);
    const page = await checkedMessages(options.database.sql, row.id, after, PAGE);
    for (const { id, digest, outcome } of page) {
      const seen = outcome ?? ((await digestOf(options, id)).equals(digest) ? 'intact' : 'damaged');
      if (seen === 'damaged') damaged.add(id);
      else counts[seen]++;
      counts.checked++;
    }
    options.onProgress?.(page.length);
    after = page.at(-1) ?? null;
    more = page.length === PAGE;
  }
  return { ...counts, damaged: damaged.named() };
}

async function digestOf(options: VerifyOptions, id: string): Promise<Buffer> {
  goOn(options);
  const hash = createHash('sha256');
  for await (const piece of rawOctets(options.database, id)) hash.update(piece);
  return hash.digest();
}

function goOn({ signal }: VerifyOptions): void {
  if (signal.aborted) throw new MaildrainError('ABORTED', 'stopped while comparing; nothing was changed');
}

/** Counts all and names the first. */
class Names {
  #count = 0;
  readonly #first: string[] = [];

  add(name: string): void {
    this.#count++;
    if (this.#first.length < MAX_NAMED) this.#first.push(name);
  }

  named(): Named {
    return { count: this.#count, first: this.#first };
  }
}
