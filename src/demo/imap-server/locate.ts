// From the set in a command to the messages it names; FETCH, STORE, COPY, MOVE and EXPUNGE all begin here.

import { bad, parseSet, type Token, textOf } from './parser.ts';
import type { Session } from './session.ts';
import type { Located } from './view.ts';

/** The messages of a set, ascending. Throws Refusal. */
export function located(session: Session, token: Token | undefined, uid: boolean): Located[] {
  const ranges = parseSet(textOf(token));
  if (ranges === null) throw bad('Invalid message set');
  const found = uid ? session.theView().byUid(ranges) : session.theView().bySequence(ranges);
  if (found === null) throw bad('Message number out of range');
  return found;
}
