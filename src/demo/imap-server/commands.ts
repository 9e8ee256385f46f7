// The table of commands: where each is allowed, which capability it needs, and what runs it. A command that is not here is BAD.

import { copy, expunge, store } from './change.ts';
import { fetch } from './fetch.ts';
import { append, close, create, remove, select, subscribe, unselect } from './folders.ts';
import { idle } from './idle.ts';
import { list, status } from './list.ts';
import {
  authenticate,
  beginCompression,
  beginTls,
  capability,
  compress,
  enable,
  id,
  login,
  logout,
  namespace,
  quotaRoot,
  startTls,
} from './login.ts';
import { search } from './search.ts';
import type { Command, State } from './session.ts';

const ANY: readonly State[] = ['anonymous', 'authenticated', 'selected'];
const BEFORE: readonly State[] = ['anonymous'];
const AFTER: readonly State[] = ['authenticated', 'selected'];
const SELECTED: readonly State[] = ['selected'];

const checkpoint = (): string => 'OK Completed';

export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['CAPABILITY', { states: ANY, run: capability }],
  ['NOOP', { states: ANY, run: checkpoint }],
  ['LOGOUT', { states: ANY, run: logout }],
  ['ID', { states: ANY, needs: 'ID', run: id }],
  ['STARTTLS', { states: BEFORE, run: startTls, afterwards: beginTls }],
  ['LOGIN', { states: BEFORE, run: login }],
  ['AUTHENTICATE', { states: BEFORE, run: authenticate }],
  ['ENABLE', { states: AFTER, needs: 'ENABLE', run: enable }],
  ['COMPRESS', { states: AFTER, needs: 'COMPRESS=DEFLATE', run: compress, afterwards: beginCompression }],
  ['NAMESPACE', { states: AFTER, needs: 'NAMESPACE', run: namespace }],
  ['GETQUOTAROOT', { states: AFTER, needs: 'QUOTA', run: quotaRoot }],
  ['LIST', { states: AFTER, run: (session, args) => list(session, args, 'LIST') }],
  ['LSUB', { states: AFTER, run: (session, args) => list(session, args, 'LSUB') }],
  ['XLIST', { states: AFTER, needs: 'XLIST', run: (session, args) => list(session, args, 'XLIST') }],
  ['STATUS', { states: AFTER, run: status }],
  ['SELECT', { states: AFTER, run: (session, args) => select(session, args, false) }],
  ['EXAMINE', { states: AFTER, run: (session, args) => select(session, args, true) }],
  ['CREATE', { states: AFTER, writes: true, run: create }],
  ['DELETE', { states: AFTER, writes: true, run: remove }],
  ['SUBSCRIBE', { states: AFTER, run: (session, args) => subscribe(session, args, true) }],
  ['UNSUBSCRIBE', { states: AFTER, run: (session, args) => subscribe(session, args, false) }],
  ['APPEND', { states: AFTER, writes: true, run: append }],
  ['IDLE', { states: AFTER, needs: 'IDLE', run: idle }],
  ['CHECK', { states: SELECTED, run: checkpoint }],
  ['UNSELECT', { states: SELECTED, needs: 'UNSELECT', run: unselect }],
  ['CLOSE', { states: SELECTED, run: close }],
  ['FETCH', { states: SELECTED, holdsExpunges: true, run: fetch }],
  ['UID FETCH', { states: SELECTED, run: fetch }],
  ['SEARCH', { states: SELECTED, holdsExpunges: true, run: search }],
  ['UID SEARCH', { states: SELECTED, run: search }],
  ['STORE', { states: SELECTED, holdsExpunges: true, writes: true, run: store }],
  ['UID STORE', { states: SELECTED, writes: true, run: store }],
  ['COPY', { states: SELECTED, writes: true, run: (session, args, uid) => copy(session, args, uid, false) }],
  ['UID COPY', { states: SELECTED, writes: true, run: (session, args, uid) => copy(session, args, uid, false) }],
  [
    'MOVE',
    { states: SELECTED, needs: 'MOVE', writes: true, run: (session, args, uid) => copy(session, args, uid, true) },
  ],
  [
    'UID MOVE',
    { states: SELECTED, needs: 'MOVE', writes: true, run: (session, args, uid) => copy(session, args, uid, true) },
  ],
  ['EXPUNGE', { states: SELECTED, writes: true, run: expunge }],
  ['UID EXPUNGE', { states: SELECTED, needs: 'UIDPLUS', writes: true, run: expunge }],
]);
