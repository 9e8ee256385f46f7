// APPEND (RFC 9051 6.3.12): puts one message into the open folder. What fits into memory goes through imapflow's own command. A larger one is sent
// in pieces, which imapflow cannot: it takes the parts of a command only as Buffers. So its way of asking for a literal is used, with the
// octets written as they come. Whether a message that was sent has arrived is for the caller to find out when no answer comes.

import iconv from 'iconv-lite';
import { MaildrainError } from '../errors.ts';
import type { Uid } from '../model.ts';
import { type ImapState, refused } from './imap-ask.ts';
import { sessionError } from './imap-errors.ts';

/** Larger messages are sent in pieces. */
export const WHOLE_OCTETS = 1024 * 1024;

/** What goes with the octets. */
export interface AppendFacts {
  readonly size: number;
  readonly flags: readonly string[];
  /** Whole seconds. */
  readonly internalDate: Date;
}

export type Appended =
  /** `uid` null: the server does not tell it (no UIDPLUS). */
  | { readonly outcome: 'appended'; readonly uid: Uid | null }
  /** The server takes this very message not; others it may. */
  | { readonly outcome: 'refused'; readonly code: 'MESSAGE_TOO_LARGE' | 'COMMAND_REFUSED'; readonly why: string }
  /** Gmail's `OK [THROTTLED]`: said, and not done. */
  | { readonly outcome: 'throttled' };

/** The parts of imapflow that its own APPEND is made of. Not in its declarations: pinned in package.json, and held by test/admin/restore.test.ts. */
interface Wire {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { readonly onPlusTag: () => Promise<void> },
  ): Promise<{ readonly response: unknown; next(): void }>;
  readonly writeSocket: { write(octets: Buffer, done: (error?: Error | null) => void): unknown };
}

/**
 * Appends to the folder that is open.
 *
 * @param octets exactly `size` of them
 * @throws MaildrainError where it is not this message's own trouble: OVER_QUOTA, TARGET_MISSING, CONNECTION_LOST
 */
export async function append(state: ImapState, facts: AppendFacts, octets: AsyncIterable<Buffer>): Promise<Appended> {
  const { connection } = state;
  const limit = connection.client.capabilities.get('APPENDLIMIT');
  // RFC 7889: it says so beforehand, and the octets need not travel.
  if (typeof limit === 'number' && facts.size > limit)
    return { outcome: 'refused', code: 'MESSAGE_TOO_LARGE', why: `the server takes at most ${limit} octets` };
  connection.takeOkCodes();
  connection.takeRefusal();
  try {
    const uid =
      facts.size > WHOLE_OCTETS ? await sendPieces(state, facts, octets) : await sendWhole(state, facts, octets);
    return connection.takeOkCodes().includes('THROTTLED') ? { outcome: 'throttled' } : { outcome: 'appended', uid };
  } catch (error) {
    return refusal(state, error);
  }
}

/** Flags that a client may set here. `\\Recent` is the server's, and what is put back is not to be expunged by the next who does. */
function settable({ connection }: ImapState, flags: readonly string[]): string[] {
  const { mailbox } = connection.client;
  const permanent = mailbox === false ? undefined : mailbox.permanentFlags;
  const takes = (flag: string): boolean =>
    permanent === undefined ||
    permanent.has('\\*') ||
    [...permanent].some((one) => one.toLowerCase() === flag.toLowerCase());
  return flags.filter((flag) => !/^\\(recent|deleted|\*)$/i.test(flag) && takes(flag));
}

async function sendWhole(state: ImapState, facts: AppendFacts, octets: AsyncIterable<Buffer>): Promise<Uid | null> {
  const pieces: Buffer[] = [];
  for await (const piece of octets) pieces.push(piece);
  const { client } = state.connection;
  const told = await client.append(
    state.facts.path,
    Buffer.concat(pieces),
    settable(state, facts.flags),
    facts.internalDate,
  );
  if (told === false || told === undefined) throw refused(state, 'APPEND');
  // Without APPENDUID imapflow guesses by the number of messages, and another may have come at the same moment.
  if (told.uid === undefined || told.uidValidity === undefined) return null;
  return ownUid(state, String(told.uidValidity), String(told.uid));
}

async function sendPieces(state: ImapState, facts: AppendFacts, octets: AsyncIterable<Buffer>): Promise<Uid | null> {
  const { connection } = state;
  const wire = connection.client as unknown as Wire;
  let broken: unknown = null;
  const attributes = [
    { type: 'ATOM', value: encoded(state, state.facts.path) },
    settable(state, facts.flags).map((value) => ({ type: 'ATOM', value })),
    { type: 'STRING', value: dateTime(facts.internalDate) },
    // Written as it stands, with a line end after it; the server says `+` and waits for the octets.
    { type: 'TEXT', value: `{${facts.size}}` },
  ];
  const answer = await wire
    .exec('APPEND', attributes, {
      async onPlusTag() {
        try {
          let sent = 0;
          for await (const piece of octets) {
            sent += piece.length;
            await written(wire, piece);
          }
          if (sent !== facts.size) throw new MaildrainError('BUG', 'a message has not the octets that were announced');
          await written(wire, Buffer.from('\r\n'));
        } catch (error) {
          broken = error;
          // Half of a literal is said, and there is no way to take it back but to hang up; the server then forgets it.
          connection.cut();
        }
      },
    })
    .catch((error: unknown) => {
      throw broken ?? error;
    });
  const uid = appendUid(answer.response);
  answer.next();
  return uid === null ? null : ownUid(state, uid.uidValidity, uid.uid);
}

/** Waits until the system has taken the octets: that keeps memory constant however slow the line is. */
function written({ writeSocket }: Wire, octets: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    writeSocket.write(octets, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

/** Modified UTF-7 (RFC 3501 5.1.3), unless UTF-8 was agreed upon (RFC 6855). */
function encoded(state: ImapState, path: string): string {
  if (state.connection.client.enabled.has('UTF8=ACCEPT') || !/[^ -~]|&/.test(path)) return path;
  return iconv.encode(path, 'utf-7-imap').toString('latin1');
}

/** `date-time` of RFC 9051: `17-Jul-1996 02:44:25 +0000`. */
function dateTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(' ');
  return `${day}-${month}-${year} ${time} +0000`;
}

/** `[APPENDUID uidvalidity uid]` of a tagged OK (RFC 4315 3). */
function appendUid(response: unknown): { readonly uidValidity: string; readonly uid: string } | null {
  const { attributes } = response as { attributes?: readonly { section?: readonly { value?: unknown }[] }[] };
  const [name, uidValidity, uid] = attributes?.[0]?.section?.map(({ value }) => String(value)) ?? [];
  if (name?.toUpperCase() !== 'APPENDUID' || !/^\d{1,10}$/.test(uid ?? '') || uidValidity === undefined) return null;
  return { uidValidity, uid: uid ?? '' };
}

/** A UID under another UIDVALIDITY than that of the folder which is open says nothing here. */
function ownUid(state: ImapState, uidValidity: string, uid: Uid): Uid | null {
  return uidValidity === state.facts.uidValidity ? uid : null;
}

/** Response codes about the size of one message: RFC 7889, RFC 4469. */
const TOO_LARGE: readonly string[] = ['APPENDLIMIT', 'TOOBIG'];

/** imapflow puts it on the errors of its own commands; of others it stands in the answer. */
function responseCode(error: unknown): string | null {
  const { serverResponseCode, response } = factsOf(error);
  if (typeof serverResponseCode === 'string') return serverResponseCode.toUpperCase();
  const { attributes } = (response ?? {}) as { attributes?: readonly { section?: readonly { value?: unknown }[] }[] };
  const value = attributes?.[0]?.section?.[0]?.value;
  return typeof value === 'string' ? value.toUpperCase() : null;
}

function factsOf(error: unknown): {
  readonly message?: string;
  readonly serverResponseCode?: unknown;
  readonly response?: unknown;
} {
  // What Error itself has is not enumerable.
  return error instanceof Error ? Object.assign({ message: error.message }, error) : {};
}

function refusal(state: ImapState, error: unknown): Appended {
  const broken = state.connection.broken();
  if (error instanceof MaildrainError && error.code === 'BUG') throw error;
  if (broken !== null) throw broken;
  const known = state.connection.takeRefusal();
  const said = responseCode(error) ?? known?.code ?? '';
  const translated = sessionError({ ...factsOf(error), serverResponseCode: said });
  const why = translated.response ?? known?.text ?? translated.message;
  if (TOO_LARGE.includes(said)) return { outcome: 'refused', code: 'MESSAGE_TOO_LARGE', why };
  if (translated.code === 'COMMAND_REFUSED') return { outcome: 'refused', code: 'COMMAND_REFUSED', why };
  throw translated;
}

/** Labels of Gmail that say where a message is, or that Gmail gives itself: to set one of them would move it. */
const PLACES = /^\\(trash|spam|junk|drafts?|sent|all|allmail)$/i;

/**
 * Gives a message of the open folder the labels it had (X-GM-EXT-1).
 *
 * @returns those that Gmail did not take; `throttled`: it said OK and has not set them, or not all
 */
export async function addLabels(
  state: ImapState,
  uid: Uid,
  labels: readonly string[],
): Promise<string[] | 'throttled'> {
  const wanted = labels.filter((label) => !PLACES.test(label));
  if (wanted.length === 0) return [];
  const together = await storeLabels(state, uid, wanted);
  if (together !== 'refused') return together === 'throttled' ? together : [];
  const refusedOnes: string[] = [];
  // One that it does not take must not keep the others away.
  for (const label of wanted) {
    const alone = await storeLabels(state, uid, [label]);
    if (alone === 'throttled') return alone;
    if (alone === 'refused') refusedOnes.push(label);
  }
  return refusedOnes;
}

async function storeLabels(
  state: ImapState,
  uid: Uid,
  labels: readonly string[],
): Promise<'stored' | 'refused' | 'throttled'> {
  const { connection } = state;
  connection.takeOkCodes();
  const ok = await connection.client.messageFlagsAdd(uid, [...labels], { uid: true, useLabels: true });
  const broken = connection.broken();
  if (broken !== null) throw broken;
  if (connection.takeOkCodes().includes('THROTTLED')) return 'throttled';
  return ok === true ? 'stored' : 'refused';
}
