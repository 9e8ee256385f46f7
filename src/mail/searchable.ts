// Header fields as they are searched: decoded, one line. A Reading keeps them undecoded, for other purposes.

import { decodeWords } from './decode.ts';
import { cleanText, oneLine } from './text.ts';

/** The fields of a Reading, ready for comparing with criteria. */
export function searchableHeaders(
  headers: readonly (readonly [name: string, value: string])[],
): (readonly [name: string, value: string])[] {
  return headers.map(([name, value]) => [name, oneLine(cleanText(decodeWords(value)))]);
}
