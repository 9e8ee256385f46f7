// UID sets on the wire (RFC 9051 `sequence-set`): ranges where UIDs are consecutive, cut so that no command line grows too long.

import type { Uid } from '../model.ts';

/** RFC 7162 4 advises command lines of at most 8,192 octets; this leaves room for the command around the set. */
const MAX_OCTETS = 8000;

export interface UidSet {
  /** For example `3:7,9`. Never empty. */
  readonly text: string;
  readonly uids: readonly Uid[];
}

/**
 * Packs UIDs into as few sets as the line limit allows.
 *
 * @param uids in any order, without repetition
 */
export function uidSets(uids: readonly Uid[]): UidSet[] {
  const sorted = uids.map(Number).sort((a, b) => a - b);
  const sets: UidSet[] = [];
  let ranges: string[] = [];
  let members: Uid[] = [];
  let octets = 0;
  for (let i = 0; i < sorted.length; ) {
    let last = i;
    while (last + 1 < sorted.length && sorted[last + 1] === (sorted[last] ?? 0) + 1) last++;
    const range = last === i ? String(sorted[i]) : `${sorted[i]}:${sorted[last]}`;
    if (octets + range.length + 1 > MAX_OCTETS) {
      sets.push({ text: ranges.join(','), uids: members });
      ranges = [];
      members = [];
      octets = 0;
    }
    ranges.push(range);
    octets += range.length + 1;
    for (let j = i; j <= last; j++) members.push(String(sorted[j]));
    i = last + 1;
  }
  if (ranges.length > 0) sets.push({ text: ranges.join(','), uids: members });
  return sets;
}
