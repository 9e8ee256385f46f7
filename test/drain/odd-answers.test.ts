// Answers to FETCH that are allowed, or nearly, and rare: NIL for the octets, no octets at all, values that no column can hold, silence.

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ImapServerOptions } from '../../src/demo/imap-server/server.ts';
import { describeWith } from '../support/fresh.ts';
import { expectSameMail, letter, scene } from './scene.ts';

const MIB = 1024 * 1024;

/** Answers `UID FETCH` whose arguments match with this line in place of what the mailbox holds. */
function answering(match: RegExp, line: string): Partial<ImapServerOptions> {
  return {
    onCommand: ({ name, args }) =>
      name === 'UID FETCH' && match.test(args) ? { untagged: [line], reply: 'OK done' } : undefined,
  };
}

describeWith('postgres', 'an odd answer to FETCH', () => {
  it('NIL for the octets of a message does not stop the others', async () => {
    const s = await scene(answering(/^(1:3|2) .*BODY\.PEEK/, '2 FETCH (UID 2 BODY[] NIL)'));
    const [first, , last] = s.deliver(3);
    expect(await s.drain()).toMatchObject({ outcome: 'partial', stored: 2, disposed: 2, missing: 1, error: null });
    expectSameMail(
      await s.stored(),
      [first, last].flatMap((raw) => raw ?? []),
    );
    expect(s.left()).toEqual([2]);
  });

  it('NIL for the octets of the only message of a batch is no message', async () => {
    const s = await scene(answering(/BODY\.PEEK/, '1 FETCH (UID 1 BODY[] NIL)'));
    s.deliver(1);
    expect(await s.drain()).toMatchObject({ outcome: 'partial', stored: 0, missing: 1, error: null });
    expect(await s.drain()).toMatchObject({ outcome: 'partial', stored: 0, held: 1, error: null });
    expect(s.left()).toEqual([1]);
  });

  const middles = [
    { why: 'NIL', line: '1 FETCH (UID 1 BODY[]<2097152> NIL)' },
    { why: 'a change of flags and no octets', line: '1 FETCH (UID 1 FLAGS (\\Seen))' },
  ];
  it.each(middles)('$why in the middle of a large message is not its end', async ({ line }) => {
    const s = await scene(answering(/BODY\.PEEK\[\]<2097152/, line));
    s.account.deliver(letter(9 * MIB));
    const [small] = s.deliver(1);
    expect(await s.drain()).toMatchObject({ stored: 1, missing: 1, disposed: 1, error: null });
    expectSameMail(await s.stored(), small === undefined ? [] : [small]);
    expect(s.left()).toEqual([1]);
  });

  it('NIL behind the end of a large message is its end', async () => {
    const raw = letter(9 * MIB);
    const s = await scene(answering(/BODY\.PEEK\[\]<9437184/, '1 FETCH (UID 1 BODY[]<9437184> NIL)'));
    s.account.deliver(raw);
    expect(await s.drain()).toMatchObject({ outcome: 'done', stored: 1, disposed: 1 });
    expectSameMail(await s.stored(), [raw]);
  });

  const facts = [
    { why: 'a date that no timestamptz holds', words: 'INTERNALDATE "-271000-04-20T00:00:00Z"' },
    { why: 'an EMAILID that no index holds', words: `EMAILID (M${randomBytes(3000).toString('hex')})` },
    { why: 'U+0000 in a keyword', words: 'FLAGS ({3}\r\na\0b)' },
  ];
  it.each(facts)('$why does not stop the mailbox', async ({ words }) => {
    const s = await scene({
      objectId: true,
      onCommand: ({ name, args }) =>
        name === 'UID FETCH' && !args.includes('BODY.PEEK') ? { untagged: [`1 FETCH (UID 1 ${words})`] } : undefined,
    });
    s.deliver(2);
    expect(await s.drain()).toMatchObject({ error: null });
    expect(await s.stored()).not.toEqual([]);
  });

  it('a message that is listed and never described is missing, and is counted once', async () => {
    const first = '1 FETCH (UID 1 FLAGS () RFC822.SIZE 300 INTERNALDATE "01-Jan-2026 00:00:00 +0000")';
    const s = await scene({
      onCommand: ({ name, args }) => {
        if (name !== 'UID FETCH' || args.includes('BODY.PEEK')) return undefined;
        return { untagged: args.startsWith('1') ? [first] : [], reply: 'OK done' };
      },
    });
    s.deliver(2);
    expect(await s.drain()).toMatchObject({ outcome: 'partial', stored: 1, disposed: 1, missing: 1, error: null });
    expect(s.left()).toEqual([2]);
  });
});
