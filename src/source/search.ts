// Criteria as UID SEARCH (RFC 9051 6.4.4), through imapflow's compiler, and around what it does with them: where the server has WITHIN it turns
// days into seconds of the server's clock; it leaves out a size of 0 and the second of two fields of one name, and a criterion left out finds
// more mail; it takes a word after a backslash for a flag, and does not quote it. Text that is not ASCII it sends as a literal, with CHARSET UTF-8 where UTF8=ACCEPT (RFC 6855 3) does not forbid that.

import { criterionName } from '../criteria.ts';
import { MaildrainError, printableStart } from '../errors.ts';
import type { Uid } from '../model.ts';
import type { Criteria } from '../model-admin.ts';
import { type ImapState, refused } from './imap-ask.ts';
import type { Refusal } from './imap-connect.ts';
import { sessionError } from './imap-errors.ts';

/** Criteria that a server can be asked: what a message reports is known only to who has read it. */
export type ServerCriteria = Omit<Criteria, 'kind'> & { readonly kind?: undefined };

/** As in uid-set.ts: RFC 7162 4 advises lines of at most 8,192 octets. The other criteria come on top, as they do for everybody who searches. */
const MAX_SET_OCTETS = 7000;

type Query = Record<string, unknown>;

/** What to ask the server, and what is left to find out by reading: `--kind`. */
export function serverPart(criteria: Criteria): ServerCriteria {
  const { kind, ...rest } = criteria;
  return kind !== undefined && Object.keys(rest).length === 0 ? { all: true } : rest;
}

/**
 * The UIDs of the open mailbox that meet the criteria, ascending.
 *
 * @throws MaildrainError SEARCH_REFUSED that names the criterion the server will not take, CRITERIA_INVALID for `--gmail` elsewhere
 */
export async function searchUids(state: ImapState, criteria: ServerCriteria): Promise<Uid[]> {
  // A caller that could pass `kind` past the type would get every message of the other kinds as well.
  if ('kind' in criteria && criteria.kind !== undefined)
    throw new MaildrainError('BUG', 'a server cannot be asked for a kind of message');
  if (criteria.gmail !== undefined && !state.facts.gmail) {
    throw new MaildrainError(
      'CRITERIA_INVALID',
      "--gmail is Gmail's own search, and this server is not Gmail: use --from, --subject and the others",
    );
  }
  const found: Uid[] = [];
  // In ascending order, as checkUids() made it, so the answers need no sorting.
  for (const uid of criteria.uid === undefined ? [undefined] : pieces(criteria.uid)) {
    const query = queryOf(uid === undefined ? criteria : { ...criteria, uid });
    const answer = await ask(state, query);
    if (!Array.isArray(answer)) throw await explained(state, criteria, answer);
    for (const number of answer) found.push(String(number));
  }
  return found;
}

/** The numbers, or why the server would not. */
async function ask(
  state: ImapState,
  query: Query,
): Promise<number[] | { refusal: Refusal | null; error: MaildrainError }> {
  const { connection } = state;
  // With WITHIN imapflow would send OLDER and YOUNGER (RFC 5032), seconds before the server's now: another set each time it is asked.
  connection.client.capabilities.delete('WITHIN');
  connection.takeRefusal();
  const answer = await quoting(connection.client, () => connection.client.search(query, { uid: true })).catch(
    (error: unknown) => {
      throw connection.broken() ?? sessionError(error);
    },
  );
  if (Array.isArray(answer)) return answer;
  const refusal = connection.takeRefusal();
  const broken = connection.broken();
  if (broken !== null) throw broken;
  const error =
    refusal === null
      ? refused(state, 'UID SEARCH')
      : sessionError({ responseStatus: 'NO', responseText: refusal.text, serverResponseCode: refusal.code });
  return { refusal, error };
}

/** The part of imapflow that every command goes through. Not in its declarations: pinned in package.json, and held by test/source/search.test.ts. */
interface Wire {
  exec(command: string, attributes: unknown, ...rest: unknown[]): Promise<unknown>;
}

/** While something is searched for, its values that begin with a backslash are strings. No word of SEARCH itself begins so (RFC 9051 6.4.4). */
async function quoting<T>(client: object, search: () => Promise<T>): Promise<T> {
  const wire = client as Wire;
  const { exec } = wire;
  wire.exec = (command, attributes, ...rest) =>
    exec.call(wire, command, command.endsWith('SEARCH') ? withStrings(attributes) : attributes, ...rest);
  try {
    return await search();
  } finally {
    wire.exec = exec;
  }
}

function withStrings(attribute: unknown): unknown {
  if (Array.isArray(attribute)) return attribute.map(withStrings);
  if (typeof attribute !== 'object' || attribute === null) return attribute;
  const { type, value } = attribute as { type?: unknown; value?: unknown };
  return type === 'ATOM' && typeof value === 'string' && value.startsWith('\\')
    ? { ...attribute, type: 'STRING' }
    : attribute;
}

/** Criteria in the words of imapflow's compiler. */
export function queryOf(criteria: ServerCriteria): Query {
  if (criteria.all === true) return { all: true };
  const query: Query = {};
  const { before, since, larger, smaller, header = [], gmail, messageId } = criteria;
  if (before !== undefined) query.before = before;
  if (since !== undefined) query.since = since;
  // As text: the compiler leaves a number 0 out.
  if (larger !== undefined) query.larger = String(larger);
  if (smaller !== undefined) query.smaller = String(smaller);
  for (const key of ['from', 'to', 'subject', 'seen', 'flagged', 'deleted', 'uid'] as const)
    if (criteria[key] !== undefined) query[key] = criteria[key];
  if (gmail !== undefined) query.gmraw = gmail;
  const fields = messageId === undefined ? header : [['Message-ID', `<${messageId}>`] as const, ...header];
  Object.assign(query, fieldQuery(fields));
  // imapflow takes a query without keys for "all messages".
  if (Object.keys(query).length === 0) throw new MaildrainError('BUG', 'a search without criteria');
  return query;
}

/** Fields that have a search key of their own: Dovecot takes runs of spaces in them for one, and under HEADER does not. */
const OWN_KEYS: readonly string[] = ['from', 'to', 'cc', 'bcc', 'subject'];

/** One field to a level: names are keys of an object there, and the second of two alike would replace the first. An OR of one is that one. */
function fieldQuery(fields: readonly (readonly [string, string])[]): Query {
  const [first, ...rest] = fields;
  if (first === undefined) return {};
  const [name, contains] = first;
  const key = name.toLowerCase();
  const one: Query = OWN_KEYS.includes(key) && contains !== '' ? { [key]: contains } : { header: { [name]: contains } };
  return { or: [{ ...one, ...fieldQuery(rest) }] };
}

/** A UID set in pieces that are short enough for one command each. */
function pieces(set: string): string[] {
  const sets: string[] = [];
  let piece = '';
  for (const range of set.split(',')) {
    if (piece !== '' && piece.length + range.length + 1 > MAX_SET_OCTETS) {
      sets.push(piece);
      piece = '';
    }
    piece += piece === '' ? range : `,${range}`;
  }
  return [...sets, piece];
}

/** The error for a refused search. What is no fault of the criteria (a server that is busy, a limit) stays what it is. */
async function explained(
  state: ImapState,
  criteria: ServerCriteria,
  { refusal, error }: { refusal: Refusal | null; error: MaildrainError },
): Promise<MaildrainError> {
  const code = refusal?.code ?? '';
  if (error.code !== 'COMMAND_REFUSED') return error;
  const guilty = code === 'BADCHARSET' ? notAscii(criteria) : await culprits(state, criteria);
  const named = guilty.map(criterionName).join(' ') || 'these criteria together';
  const why =
    code === 'BADCHARSET'
      ? `the server cannot search for text that is not ASCII (${named}): use criteria in ASCII`
      : `the server will not search by ${named}: leave it out, or use other criteria`;
  const said = printableStart(refusal?.text ?? '', 300);
  return new MaildrainError('SEARCH_REFUSED', said === '' ? why : `${why} ("${said}")`, {
    cause: error,
    response: refusal?.text,
  });
}

function notAscii(criteria: ServerCriteria): (keyof Criteria)[] {
  return keysOf(criteria).filter((key) => /[^\0-\x7f]/.test(JSON.stringify(criteria[key])));
}

/** The first criterion that the server refuses alone. Asked of one message at most; servers hang up on who is refused often. */
async function culprits(state: ImapState, criteria: ServerCriteria): Promise<(keyof Criteria)[]> {
  const keys = keysOf(criteria).filter((key) => key !== 'uid');
  if (keys.length < 2) return keysOf(criteria);
  for (const key of keys) {
    const answer = await ask(state, queryOf({ [key]: criteria[key], uid: '1' }));
    if (!Array.isArray(answer)) return [key];
  }
  return [];
}

function keysOf(criteria: ServerCriteria): (keyof Criteria)[] {
  return (Object.keys(criteria) as (keyof Criteria)[]).filter((key) => criteria[key] !== undefined);
}
