// Searching on a server: what it finds is what filtering the same messages in memory finds, and a refusal names the criterion.

import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CriteriaWords, parseCriteria } from '../../src/criteria.ts';
import { matcherOf } from '../../src/criteria-match.ts';
import type { Fault, ImapServerOptions } from '../../src/demo/imap-server/options.ts';
import { type ImapServer, startImapServer } from '../../src/demo/imap-server/server.ts';
import type { Criteria } from '../../src/model-admin.ts';
import type { ImapState } from '../../src/source/imap-ask.ts';
import { connect } from '../../src/source/imap-connect.ts';
import { selectMailbox } from '../../src/source/imap-session.ts';
import { searchUids, serverPart } from '../../src/source/search.ts';
import { criteria, factsOf, letter } from '../criteria-mail.ts';
import { mailboxOn, PASSWORD, USER } from '../drain/mailbox.ts';
import { describeWith, freshUser, mailServer } from '../support/fresh.ts';
import { deliverMany } from '../support/mail.ts';

const MESSAGES = 160;
const RUNS = 300;

async function opened(port: number, user: string, password: string): Promise<ImapState> {
  const mailbox = mailboxOn(port, { imap: { user }, dispose: { kind: 'keep' } });
  const connection = await connect(mailbox.imap, password, mailbox.sizeLimit);
  onTestFinished(() => connection.end());
  const facts = await selectMailbox(connection, mailbox, [], 'INBOX', true);
  return { connection, mailbox, folders: [], facts, ours: new Set() };
}

describeWith('mail', 'searching a Dovecot', () => {
  it('finds what filtering in memory finds', { timeout: 300_000 }, async () => {
    const server = mailServer();
    const user = freshUser();
    const letters = Array.from({ length: MESSAGES }, (_, n) => letter(n));
    await deliverMany(server, user, letters);
    const state = await opened(server.port, user, server.password);
    const facts = letters.map((one, n) => factsOf(String(n + 1), one));
    let found = 0;
    const ask = async (some: Criteria): Promise<void> => {
      const wanted = facts.filter(matcherOf(some)).map(({ uid }) => uid);
      expect(await searchUids(state, { ...some, kind: undefined })).toEqual(wanted);
      if (wanted.length > 0) found += 1;
    };
    await fc.assert(fc.asyncProperty(criteria, ask), { numRuns: RUNS });
    // A search that finds nothing proves little.
    expect(found).toBeGreaterThan(100);
  });
});

describeWith('mail', 'words that mean something to IMAP, on a Dovecot', () => {
  it.each(['\\Seen', '\\', '\\\\', '\\*', '\\a b', 'NIL', 'ALL', '"', '{3}', '*', '(', '1:2'])(
    '%s is text',
    async (text) => {
      const server = mailServer();
      const user = freshUser();
      const field = (name: string): Buffer =>
        Buffer.from(`From: a@example.org\r\n${name}: x ${text} y\r\n\r\nbody\r\n`);
      await deliverMany(server, user, [field('Subject'), field('X-Odd'), field('X-Other')]);
      const state = await opened(server.port, user, server.password);
      expect(await searchUids(state, { subject: text })).toEqual(['1']);
      expect(await searchUids(state, { header: [['X-Odd', text]] })).toEqual(['2']);
      expect(await searchUids(state, { header: [['X-Odd', text]], subject: text })).toEqual([]);
    },
  );
});

async function scripted(options: Partial<ImapServerOptions> = {}): Promise<{ server: ImapServer; state: ImapState }> {
  const server = await startImapServer({ password: PASSWORD, ...options });
  onTestFinished(() => server.close());
  for (let n = 0; n < 3; n += 1) server.account(USER).deliver(Buffer.from(`Subject: ${n}\r\n\r\nbody\r\n`));
  return { server, state: await opened(server.port, USER, PASSWORD) };
}

const asked = (server: ImapServer): string[] =>
  server.events.filter(({ name }) => name === 'UID SEARCH').map(({ args }) => args);

/** What a search answers when it is refused by what it says. */
const refusing =
  (words: RegExp, reply: string) =>
  ({ name, args }: { name: string; args: string }): Fault | undefined =>
    name === 'UID SEARCH' && words.test(args) ? { reply } : undefined;

describe('a search on the wire', () => {
  const cases: readonly [string, CriteriaWords, string][] = [
    ['days, whatever the hour', { before: '2015-01-01', since: '1999-12-31' }, 'BEFORE 01-Jan-2015 SINCE 31-Dec-1999'],
    ['sizes, 0 too', { larger: 0 }, 'LARGER 0'],
    ['flags', { unseen: true, flagged: true, deleted: true }, 'UNSEEN FLAGGED DELETED'],
    ['text with its quotes', { subject: 'say "a\\b"' }, 'SUBJECT "say \\"a\\\\b\\""'],
    ['a word with a backslash as text', { subject: '\\Seen', from: '\\' }, 'FROM "\\\\" SUBJECT "\\\\Seen"'],
    [
      'that in a field by its name',
      { header: ['X-A=\\Seen', 'X-B=\\*'] },
      '(HEADER X-A "\\\\Seen" HEADER X-B "\\\\*")',
    ],
    ['text that is not ASCII as a literal', { from: 'Müller' }, 'CHARSET UTF-8 FROM {7}'],
    [
      'both of two fields of one name',
      { header: ['X-A=1', 'x-a=2', 'X-A='] },
      '(HEADER X-A 1 (HEADER X-A 2 HEADER X-A ""))',
    ],
    ['a field that has a key by that', { subject: 'a', header: ['subject=b', 'TO=c'] }, 'SUBJECT a (SUBJECT b TO c)'],
    ['an id with its brackets', { messageId: '1@a.org' }, 'HEADER MESSAGE-ID <1@a.org>'],
    ['n and above without a star', { uid: '7:*' }, 'UID 7:4294967295'],
    ['everything', { all: true }, 'ALL'],
  ];
  it.each(cases)('%s', async (_, words, wanted) => {
    const { server, state } = await scripted();
    // As Dovecot and others announce it.
    state.connection.client.capabilities.set('WITHIN', true);
    await searchUids(state, serverPart(parseCriteria(words, 'server')));
    expect(asked(server)).toEqual([wanted]);
  });

  it('asks for UIDs in commands of a bearable length', async () => {
    const { server, state } = await scripted();
    const uid = Array.from({ length: 4000 }, (_, n) => 2 * n + 1).join(',');
    expect(await searchUids(state, serverPart(parseCriteria({ uid, unseen: true }, 'server')))).toEqual(['1', '3']);
    expect(asked(server).length).toBeGreaterThan(2);
    expect(Math.max(...asked(server).map(({ length }) => length))).toBeLessThan(8000);
    expect(asked(server).every((args) => args.startsWith('UNSEEN UID '))).toBe(true);
  });

  it('leaves the kind to who reads', () => {
    expect(serverPart({ kind: 'bounce' })).toEqual({ all: true });
    expect(serverPart({ kind: 'bounce', seen: true })).toEqual({ seen: true });
  });

  it("says Gmail's own search on Gmail only", async () => {
    const { server, state } = await scripted({ gmail: {} });
    expect(await searchUids(state, { gmail: 'subject:1 is:unread' })).toEqual(['2']);
    expect(asked(server)).toEqual(['X-GM-RAW "subject:1 is:unread"']);
    const plain = await scripted();
    await expect(searchUids(plain.state, { gmail: 'x' })).rejects.toMatchObject({ code: 'CRITERIA_INVALID' });
    expect(asked(plain.server)).toEqual([]);
  });
});

describe('a search that the server refuses', () => {
  const cases: readonly [string, CriteriaWords, RegExp, string, string, string][] = [
    [
      'the charset',
      { from: 'Müller', seen: true },
      /CHARSET/,
      'NO [BADCHARSET (US-ASCII)] no',
      'SEARCH_REFUSED',
      'not ASCII (--from)',
    ],
    [
      'a key',
      { from: 'a', larger: 5 },
      /LARGER/,
      'BAD [CLIENTBUG] what',
      'SEARCH_REFUSED',
      'will not search by --larger: ',
    ],
    [
      'a field',
      { header: ['X-A=1'] },
      /HEADER/,
      'NO [CANNOT] never',
      'SEARCH_REFUSED',
      'by --header: leave it out, or use other criteria ("never")',
    ],
    ['all of them', { from: 'a', to: 'b' }, /FROM a TO b/, 'NO too much', 'SEARCH_REFUSED', 'these criteria together'],
    ['nothing, but the moment', { from: 'a' }, /FROM/, 'NO [UNAVAILABLE] later', 'SERVER_UNAVAILABLE', 'later'],
  ];
  it.each(cases)('%s', async (_, words, when, reply, code, said) => {
    const { server, state } = await scripted({ onCommand: refusing(when, reply) });
    const error = await searchUids(state, serverPart(parseCriteria(words, 'server'))).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code, message: expect.stringContaining(said) });
    // The connection is as good as before.
    expect(await searchUids(state, { all: true })).toEqual(['1', '2', '3']);
    expect(asked(server).length).toBeLessThan(6);
  });

  it('is no refusal when the line broke', async () => {
    const onCommand = ({ name }: { name: string }): Fault | undefined =>
      name === 'UID SEARCH' ? { drop: 'before-tagged' } : undefined;
    const { state } = await scripted({ onCommand });
    await expect(searchUids(state, { all: true })).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});
