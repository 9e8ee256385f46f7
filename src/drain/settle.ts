// Is this message one of ours? The rows that are open when a drain begins are taken one by one as their messages turn up, so that two
// byte-identical messages stay two. Pure: what is decided here is committed by store/batch.ts.
//
// Identity, best first: X-GM-MSGID or EMAILID; SHA-256 of the octets; the same (UIDVALIDITY, UID) with equal Message-ID and INTERNALDATE on
// a server that was seen to give other octets each time. A UID alone is a hint: Dovecot keeps the UIDVALIDITY of a mailbox recreated within
// a second. But it is believed until one is caught meaning another message: while UIDs hold, a row belongs to its UID and to no other.

import type { Listed, Uid } from '../model.ts';
import { type LedgerKey, type OpenRow, RESTORING } from '../store/ledger.ts';

/** What is known of a message that has just been fetched. */
export interface Sighting {
  readonly uid: Uid;
  readonly digest: Buffer;
  readonly emailId: string | null;
  /** Gmail: no two messages of a mailbox have one X-GM-MSGID. A copy may have the EMAILID of its original (RFC 8474 4). */
  readonly gmail: boolean;
  readonly messageIdHeader: string | null;
  readonly internalDate: Date | null;
  /** Flagged \Deleted by someone, perhaps by us. */
  readonly flagged: boolean;
}

/** The open rows of one drain, consumed as they are recognised. */
export class OpenRows {
  readonly #here: { readonly mailboxId: number; readonly uidValidity: string };
  readonly #rows = new Set<OpenRow>();
  readonly #byUid = new Map<Uid, OpenRow[]>();
  readonly #byDigest = new Map<string, OpenRow[]>();
  readonly #byEmailId = new Map<string, OpenRow[]>();
  readonly #restoring: OpenRow[] = [];
  #uidsHold = true;

  constructor(rows: readonly OpenRow[], here: { readonly mailboxId: number; readonly uidValidity: string }) {
    this.#here = here;
    for (const row of rows) {
      this.#rows.add(row);
      if (this.#isHere(row)) push(this.#byUid, row.uid, row);
      push(this.#byDigest, row.digest.toString('latin1'), row);
      if (row.emailId !== null) push(this.#byEmailId, row.emailId, row);
      if (row.uidValidity.startsWith(RESTORING)) this.#restoring.push(row);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  /** UIDs of this mailbox under its present UIDVALIDITY that a row is open for. They are looked at first. */
  uids(): Set<Uid> {
    return new Set(this.#byUid.keys());
  }

  /** Whether a message of this size and date looks like one that is stored, by its listing alone. */
  expects({ size, internalDate }: Pick<Listed, 'size' | 'internalDate'>): boolean {
    return [...this.#rows].some((row) => row.size === size && row.internalDate?.getTime() === internalDate?.getTime());
  }

  /** All rows of this UID, taken or not. */
  of(uid: Uid): readonly OpenRow[] {
    return this.#byUid.get(uid) ?? [];
  }

  /** Takes the row whose message sits, recognised, at this very UID. */
  takeExact(sighting: Sighting): OpenRow | null {
    return this.#take(
      this.#at(sighting.uid).filter((row) => isSame(row, sighting)),
      sighting,
    );
  }

  /** What sits at a UID is not what the row there says: if it is no rewritten form of that, the server has renumbered, and a row may be anywhere. */
  noticeStranger(sighting: Sighting): void {
    const known = this.#byDigest.has(sighting.digest.toString('latin1'));
    if (known || !this.mayHoldRewritten(sighting)) this.distrustUids();
  }

  distrustUids(): void {
    this.#uidsHold = false;
  }

  /** Takes the row that this message is, wherever it was seen last. */
  takeAny(sighting: Sighting): OpenRow | null {
    // While UIDs hold, a row of this UIDVALIDITY whose UID is not listed is of a message that is gone; this one only looks like it.
    const { emailId, gmail } = sighting;
    const mayBeHere = (row: OpenRow): boolean => !this.#uidsHold || !this.#isHere(row);
    const byId = (emailId === null ? undefined : this.#byEmailId.get(emailId)) ?? [];
    const movable = (this.#byDigest.get(sighting.digest.toString('latin1')) ?? []).filter(mayBeHere);
    return (
      this.takeExact(sighting) ??
      this.#take(gmail ? byId : byId.filter(mayBeHere), sighting) ??
      this.#take(movable, sighting)
    );
  }

  /**
   * Takes the row of a message that is being put back, whose UID nobody knows. Only for one that came with other octets each time: the list's copy of a
   * mail has the Message-ID of the direct one, and often its second.
   */
  takeRestoring(sighting: Sighting): OpenRow | null {
    return this.#take(this.#restoringLike(sighting), sighting);
  }

  /** Whether takeRestoring() would take one. */
  mayBeRestoring(sighting: Sighting): boolean {
    return this.#restoringLike(sighting).some((row) => this.#rows.has(row));
  }

  #restoringLike(sighting: Sighting): OpenRow[] {
    return this.#restoring.filter((row) => mayBeRewritten(row, sighting));
  }

  /** Takes the row at this UID whose message the server has written anew. Only for one that came with other octets each time. */
  takeRewritten(sighting: Sighting): OpenRow | null {
    return this.#take(
      this.#at(sighting.uid).filter((row) => mayBeRewritten(row, sighting)),
      sighting,
    );
  }

  /** Whether takeRewritten() would take one. */
  mayHoldRewritten(sighting: Sighting): boolean {
    return this.#at(sighting.uid).some((row) => mayBeRewritten(row, sighting));
  }

  /** Rows of this mailbox whose message did not turn up. What is being put back may turn up later: a restore's end is its own. */
  remaining(): OpenRow[] {
    return [...this.#rows].filter(
      (row) => row.mailboxId === this.#here.mailboxId && !row.uidValidity.startsWith(RESTORING),
    );
  }

  #at(uid: Uid): OpenRow[] {
    return (this.#byUid.get(uid) ?? []).filter((row) => this.#rows.has(row));
  }

  #isHere(row: LedgerKey): boolean {
    return row.mailboxId === this.#here.mailboxId && row.uidValidity === this.#here.uidValidity;
  }

  #take(candidates: readonly OpenRow[], sighting: Sighting): OpenRow | null {
    const open = candidates.filter((row) => this.#rows.has(row));
    const dated = open.filter((row) => isSameInstant(row, sighting));
    // Another client's \Deleted message may have the very octets of ours: to expunge it takes more than they say. We flag only what is owed in this folder.
    const taken = sighting.flagged
      ? this.#hereFirst(dated.filter((row) => row.ofFolder))
      : (this.#hereFirst(dated) ?? this.#hereFirst(open));
    if (taken !== null) this.#rows.delete(taken);
    return taken;
  }

  /** A row of the same mailbox first: a copy in another one keeps its own. */
  #hereFirst(rows: readonly OpenRow[]): OpenRow | null {
    return rows.find((row) => row.mailboxId === this.#here.mailboxId) ?? rows[0] ?? null;
  }
}

/** The row's message and the sighting, found at the same UID under the same UIDVALIDITY, are one message. */
export function isSame(row: OpenRow, sighting: Sighting): boolean {
  if (row.emailId !== null && sighting.emailId !== null) return row.emailId === sighting.emailId;
  return row.digest.equals(sighting.digest);
}

/** INTERNALDATE (RFC 9051 2.3.3) of a message never changes, and mostly goes with it to another mailbox. Unknown fits everything. */
export function isSameInstant(row: OpenRow, sighting: Sighting): boolean {
  if (row.internalDate === null || sighting.internalDate === null) return true;
  return row.internalDate.getTime() === sighting.internalDate.getTime();
}

/** Found at the same UID: one message whose MIME the server writes anew each time, or another that shares its Message-ID. */
export function mayBeRewritten(row: OpenRow, sighting: Sighting): boolean {
  return (
    !row.digest.equals(sighting.digest) &&
    (row.emailId === null || sighting.emailId === null) &&
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
