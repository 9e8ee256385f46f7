// Every point at which a line can be cut between a message on a server and its row that says `disposed`, as what is said on the wire there.

import type { Cut, CutRule } from '../support/proxy.ts';
import type { MailboxChanges, Stage } from './stage.ts';

export interface CutPoint {
  readonly name: string;
  readonly line: 'imap' | 'postgres';
  readonly rule: CutRule;
  /** Default: flagged and expunged. */
  readonly changes?: MailboxChanges;
}

const TRASH: MailboxChanges = { dispose: { kind: 'trash' } };

/** An answer is "lost" when it did not come for so long: what was sent takes effect meanwhile. */
const EFFECT_MS = 250;

/** PostgreSQL protocol, "Query": type, length, text, NUL. */
const COMMIT = 'Q\0\0\0\x0bcommit\0';
/** dispose.ts records what the server did; no other statement says this. */
const SETTLE = 'update maildrain.ledger l set state';

function imap(name: string, rule: CutRule, changes?: MailboxChanges): CutPoint {
  return { name, line: 'imap', rule, ...(changes === undefined ? {} : { changes }) };
}

function postgres(name: string, rule: CutRule): CutPoint {
  return { name, line: 'postgres', rule };
}

const sent = (match: RegExp, occurrence = 1): CutRule => ({
  direction: 'client',
  match,
  occurrence,
  when: 'after',
  loseAnswerForMs: EFFECT_MS,
});
const unsent = (match: string | RegExp, occurrence = 1): CutRule => ({
  direction: 'client',
  match,
  occurrence,
  when: 'before',
});

/** The first FETCH of a drain asks for sizes and flags, the second for octets. */
export const IMAP_CUTS: readonly CutPoint[] = [
  imap('before FETCH', unsent(/UID FETCH [^\r]*BODY\.PEEK\[\]/)),
  imap('after FETCH, its answer complete', {
    direction: 'server',
    match: /OK Fetch completed[^\r]*\r\n/,
    occurrence: 2,
    when: 'after',
  }),
  imap('in the middle of a literal', {
    direction: 'server',
    match: /BODY\[\] \{\d+\}\r\n/,
    occurrence: 3,
    when: { afterBytes: 40 },
  }),
  imap('in the middle of a streamed literal', {
    direction: 'server',
    match: /BODY\[\]<\d+> \{\d+\}\r\n/,
    occurrence: 3,
    when: { afterBytes: 100_000 },
  }),
  imap('before STORE', unsent(/UID STORE /)),
  imap('STORE sent, answer lost', sent(/UID STORE [^\r]*\r\n/)),
  imap('before UID EXPUNGE', unsent(/UID EXPUNGE /)),
  imap('UID EXPUNGE sent, answer lost', sent(/UID EXPUNGE [^\r]*\r\n/)),
  imap('UID EXPUNGE of the streamed message sent, answer lost', sent(/UID EXPUNGE [^\r]*\r\n/, 2)),
  imap('STORE of the last batch sent, answer lost', sent(/UID STORE [^\r]*\r\n/, 3)),
  imap('before MOVE', unsent(/UID MOVE /), TRASH),
  imap('MOVE sent, answer lost', sent(/UID MOVE [^\r]*\r\n/), TRASH),
];

export const POSTGRES_CUTS: readonly CutPoint[] = [
  postgres('after FETCH, before anything is stored', unsent('copy maildrain.message (id')),
  postgres('in the middle of a COPY', {
    direction: 'client',
    match: 'copy maildrain.raw (',
    when: { afterBytes: 700 },
  }),
  postgres('in the middle of the COPY of the streamed message', {
    direction: 'client',
    match: 'copy maildrain.raw (',
    occurrence: 2,
    when: { afterBytes: 3_000_000 },
  }),
  postgres('before COMMIT', unsent(COMMIT)),
  postgres('COMMIT sent, answer lost', { ...unsent(COMMIT), when: 'after', loseAnswerForMs: EFFECT_MS }),
  postgres('before COMMIT of the streamed message', unsent(COMMIT, 2)),
  postgres('COMMIT of the streamed message sent, answer lost', {
    ...unsent(COMMIT, 2),
    when: 'after',
    loseAnswerForMs: EFFECT_MS,
  }),
  postgres('COMMIT of the last batch sent, answer lost', {
    ...unsent(COMMIT, 3),
    when: 'after',
    loseAnswerForMs: EFFECT_MS,
  }),
  postgres('OK received and not recorded', unsent(SETTLE)),
  postgres('OK for the streamed message received and not recorded', unsent(SETTLE, 2)),
  postgres('OK recorded, answer lost', { ...unsent(SETTLE), when: 'after', loseAnswerForMs: EFFECT_MS }),
];

/** What is said of one batch while others wait, are on their way, or have been disposed. */
export const BATCH_CUTS: readonly CutPoint[] = [
  imap('STORE of the first batch sent, answer lost', sent(/UID STORE [^\r]*\r\n/)),
  imap('UID EXPUNGE of the first batch sent, answer lost', sent(/UID EXPUNGE [^\r]*\r\n/)),
  imap('before UID EXPUNGE of the second batch', unsent(/UID EXPUNGE /, 2)),
  imap('MOVE of the first batch sent, answer lost', sent(/UID MOVE [^\r]*\r\n/), TRASH),
  postgres('in the middle of the COPY of the second batch', {
    direction: 'client',
    match: 'copy maildrain.raw (',
    occurrence: 2,
    when: { afterBytes: 3_000_000 },
  }),
  postgres('COMMIT of the second batch sent, answer lost', {
    ...unsent(COMMIT, 2),
    when: 'after',
    loseAnswerForMs: EFFECT_MS,
  }),
  postgres('OK for the second batch received and not recorded', unsent(SETTLE, 2)),
];

/** Arms the cut on the line it is for. */
export function arm(stage: Stage, point: CutPoint): Cut {
  return stage[point.line].cutWhen(point.rule);
}
