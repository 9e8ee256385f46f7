// What messages of the open mailbox are, octet by octet: the proof that one is a copy of another where the server has no ids for them.

import { createHash } from 'node:crypto';
import type { Listed, Uid } from '../model.ts';
import type { ImapState } from './imap-ask.ts';
import { sessionError } from './imap-errors.ts';
import { stream } from './imap-fetch.ts';
import { uidSets } from './uid-set.ts';

/** Larger ones are read in pieces. */
const WHOLE_OCTETS = 1024 * 1024;

/** SHA-256 of the octets, one message in memory at a time. Only after a cut, so that it need not be fast. */
export async function digests(state: ImapState, listed: readonly Listed[]): Promise<Map<Uid, string>> {
  const found = new Map<Uid, string>();
  const small = listed.filter(({ size }) => size <= WHOLE_OCTETS);
  for (const set of uidSets(small.map(({ uid }) => uid))) {
    try {
      for await (const row of state.connection.client.fetch(set.text, { uid: true, source: true }, { uid: true })) {
        if (row.source !== undefined) found.set(String(row.uid), createHash('sha256').update(row.source).digest('hex'));
      }
    } catch (error) {
      throw state.connection.broken() ?? sessionError(error);
    }
  }
  for (const large of listed.filter(({ size }) => size > WHOLE_OCTETS)) {
    const hash = createHash('sha256');
    for await (const piece of stream(state, large, (work) => work)) hash.update(piece);
    found.set(large.uid, hash.digest('hex'));
  }
  return found;
}
