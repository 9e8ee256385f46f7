// Is this message one of ours? The rows that are open when a drain begins are taken one by one as their messages turn up, so that two
// byte-identical messages stay two. Pure: what is decided here is committed by store/batch.ts.
//
// Identity, best first: X-GM-MSGID or EMAILID; SHA-256 of the octets; the same (UIDVALIDITY, UID) with equal Message-ID and INTERNALDATE,
// for servers that rewrite MIME. A UID alone is a hint: Dovecot keeps the UIDVALIDITY of a mailbox recreated within a second.

import type { Uid } from '../model.ts';
import type { LedgerKey, OpenRow } from '../store/ledger.ts';

/** What is known of a message that has just been fetched. */
export interface Sighting {
  readonly uid: Uid;
  readonly digest: Buffer;
  readonly emailId: string | null;
  readonly messageIdHeader: string | null;
  readonly internalDate: Date | null;
}

/** The open rows of one drain, consumed as they are recognised. */
export class OpenRows {
  readonly #here: { readonly mailboxId: number; readonly uidValidity: string };
  readonly #rows = new Set<OpenRow>();
  readonly #byUid = new Map<Uid, OpenRow[]>();
  readonly #byDigest = new Map<string, OpenRow[]>();
  readonly #byEmailId = new Map<string, OpenRow[]>();

  constructor(rows: readonly OpenRow[], here: { readonly mailboxId: number; readonly uidValidity: string }) {
    this.#here = here;
    for (const row of rows) {
      this.#rows.add(row);
      if (this.#isHere(row)) push(this.#byUid, row.uid, row);
      push(this.#byDigest, row.digest.toString('latin1'), row);
      if (row.emailId !== null) push(this.#byEmailId, row.emailId, row);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  /** UIDs of this mailbox under its present UIDVALIDITY that a row is open for. They are looked at first. */
  uids(): Set<Uid> {
    return new Set(this.#byUid.keys());
  }

  /** Takes the row whose message sits, recognised, at this very UID. */
  takeExact(sighting: Sighting): OpenRow | null {
    return this.#take((this.#byUid.get(sighting.uid) ?? []).filter((row) => isSame(row, sighting)));
  }

  /** Takes the row that this message is, wherever it was seen last. */
  takeAny(sighting: Sighting): OpenRow | null {
    return (
      this.takeExact(sighting) ??
      this.#take(sighting.emailId === null ? [] : (this.#byEmailId.get(sighting.emailId) ?? [])) ??
      this.#take(this.#byDigest.get(sighting.digest.toString('latin1')) ?? [])
    );
  }

  /** Rows of this mailbox whose message did not turn up. */
  remaining(): OpenRow[] {
    return [...this.#rows].filter((row) => row.mailboxId === this.#here.mailboxId);
  }

  #isHere(row: LedgerKey): boolean {
    return row.mailboxId === this.#here.mailboxId && row.uidValidity === this.#here.uidValidity;
  }

  #take(candidates: readonly OpenRow[]): OpenRow | null {
    const open = candidates.filter((row) => this.#rows.has(row));
    // A row of the same mailbox first: a copy in another one keeps its own.
    const taken = open.find((row) => row.mailboxId === this.#here.mailboxId) ?? open[0] ?? null;
    if (taken !== null) this.#rows.delete(taken);
    return taken;
  }
}

/** The row's message and the sighting, found at the same UID under the same UIDVALIDITY, are one message. */
export function isSame(row: OpenRow, sighting: Sighting): boolean {
  if (row.emailId !== null && sighting.emailId !== null) return row.emailId === sighting.emailId;
  if (row.digest.equals(sighting.digest)) return true;
  return (
    row.messageIdHeader !== null &&
    row.messageIdHeader === sighting.messageIdHeader &&
    row.internalDate !== null &&
    row.internalDate.getTime() === sighting.internalDate?.getTime()
  );
}

function push<K>(map: Map<K, OpenRow[]>, key: K, row: OpenRow): void {
  const rows = map.get(key);
  if (rows === undefined) map.set(key, [row]);
  else rows.push(row);
}
