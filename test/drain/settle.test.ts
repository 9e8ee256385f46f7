// Recognising what is stored already: tables of single questions, and the property that no row is ever given to two messages.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSame, isSameInstant, mayBeRewritten, OpenRows, type Sighting } from '../../src/drain/settle.ts';
import type { OpenRow } from '../../src/store/ledger.ts';

const here = { mailboxId: 1, uidValidity: '10' };
const day = (n: number): Date => new Date(Date.UTC(2026, 0, n));
const digest = (text: string): Buffer => Buffer.from(text.padEnd(32, '.'));

function row(changes: Partial<OpenRow> = {}): OpenRow {
  return {
    ...here,
    uid: '5',
    digest: digest('a'),
    messageId: '100',
    storedAt: day(1),
    emailId: null,
    internalDate: day(1),
    size: 1,
    state: 'pending',
    reason: null,
    released: false,
    messageIdHeader: 'a@x',
    ofFolder: changes.mailboxId !== 2,
    ...changes,
  };
}

function sighting(changes: Partial<Sighting> = {}): Sighting {
  return {
    uid: '5',
    digest: digest('a'),
    emailId: null,
    gmail: false,
    messageIdHeader: 'a@x',
    internalDate: day(1),
    flagged: false,
    ...changes,
  };
}

describe('one row, one message', () => {
  const cases: readonly {
    why: string;
    row?: Partial<OpenRow>;
    seen?: Partial<Sighting>;
    exact: boolean;
    any: boolean;
  }[] = [
    { why: 'the same octets at the same UID', exact: true, any: true },
    {
      why: 'other octets at the same UID: the UID is only a hint',
      seen: { digest: digest('b') },
      exact: false,
      any: false,
    },
    { why: 'the same octets at another UID, while UIDs hold', seen: { uid: '6' }, exact: false, any: false },
    { why: 'the same octets under another UIDVALIDITY', row: { uidValidity: '9' }, exact: false, any: true },
    { why: 'the same octets in another mailbox of the login', row: { mailboxId: 2 }, exact: false, any: true },
    {
      why: 'the same X-GM-MSGID, whatever the octets',
      row: { emailId: 'M', uid: '1' },
      seen: { emailId: 'M', gmail: true, digest: digest('b') },
      exact: false,
      any: true,
    },
    {
      why: 'the same EMAILID in another mailbox of the login, whatever the octets',
      row: { emailId: 'M', mailboxId: 2 },
      seen: { emailId: 'M', digest: digest('b') },
      exact: false,
      any: true,
    },
    {
      why: 'the same EMAILID at another UID, while UIDs hold: a copy has that of its original',
      row: { emailId: 'M', uid: '1' },
      seen: { emailId: 'M' },
      exact: false,
      any: false,
    },
    {
      why: 'another EMAILID at the same UID, the same octets',
      row: { emailId: 'M' },
      seen: { emailId: 'N' },
      exact: false,
      any: false,
    },
    {
      why: 'flagged by someone, the same octets, another INTERNALDATE',
      seen: { flagged: true, internalDate: day(2) },
      exact: false,
      any: false,
    },
    { why: 'flagged by someone, the same octets and INTERNALDATE', seen: { flagged: true }, exact: true, any: true },
    {
      why: 'flagged by someone, the same octets and INTERNALDATE, owed in another folder',
      row: { mailboxId: 2 },
      seen: { flagged: true },
      exact: false,
      any: false,
    },
    {
      why: 'flagged by us under an earlier name of this mailbox',
      row: { mailboxId: 2, ofFolder: true },
      seen: { flagged: true },
      exact: false,
      any: true,
    },
    {
      why: 'the same Message-ID alone is nobody',
      row: { uidValidity: '9' },
      seen: { digest: digest('b') },
      exact: false,
      any: false,
    },
  ];
  it.each(cases)('$why: exact $exact, any $any', ({ row: rowChanges, seen, exact, any }) => {
    const make = (): OpenRows => new OpenRows([row(rowChanges)], here);
    expect(make().takeExact(sighting(seen)) !== null).toBe(exact);
    expect(make().takeAny(sighting(seen)) !== null).toBe(any);
  });

  it('a stranger at a known UID shows that the server renumbers: then rows may be anywhere', () => {
    const open = new OpenRows([row({ uid: '5' }), row({ uid: '6', digest: digest('b') })], here);
    open.noticeStranger(sighting({ uid: '5', digest: digest('b'), messageIdHeader: 'b@x' }));
    expect(open.takeAny(sighting({ uid: '5', digest: digest('b') }))?.uid).toBe('6');
    expect(open.takeAny(sighting({ uid: '9' }))?.uid).toBe('5');
  });

  it('a rewritten message is taken only by the one that asks for it, and only with Message-ID and INTERNALDATE', () => {
    const seen = { digest: digest('z') };
    expect(new OpenRows([row()], here).takeRewritten(sighting(seen))).not.toBeNull();
    expect(new OpenRows([row()], here).takeRewritten(sighting({ ...seen, internalDate: day(2) }))).toBeNull();
    expect(new OpenRows([row()], here).takeRewritten(sighting({ ...seen, messageIdHeader: null }))).toBeNull();
    expect(new OpenRows([row({ messageIdHeader: null })], here).takeRewritten(sighting(seen))).toBeNull();
    expect(new OpenRows([row()], here).takeRewritten(sighting({ ...seen, uid: '6' }))).toBeNull();
  });

  it('two byte-identical messages take two rows, and a third is new', () => {
    const open = new OpenRows([row({ uidValidity: '9', uid: '1' }), row({ uidValidity: '9', uid: '2' })], here);
    const first = open.takeAny(sighting({ uid: '1' }));
    const second = open.takeAny(sighting({ uid: '2' }));
    expect(first).not.toBeNull();
    expect(second).not.toBeNull();
    expect(first).not.toBe(second);
    expect(open.takeAny(sighting({ uid: '3' }))).toBeNull();
  });

  it('a row of this mailbox goes before a copy in another one', () => {
    const open = new OpenRows([row({ mailboxId: 2, uid: '1' }), row({ uidValidity: '9', uid: '2' })], here);
    expect(open.takeAny(sighting({ uid: '7' }))?.mailboxId).toBe(1);
  });

  it('what remains is of this mailbox and was not taken', () => {
    const open = new OpenRows([row({ uid: '1' }), row({ uid: '2', digest: digest('b') }), row({ mailboxId: 2 })], here);
    open.takeExact(sighting({ uid: '1' }));
    expect(open.remaining().map(({ uid }) => uid)).toEqual(['2']);
  });
});

describe('small questions', () => {
  it('an unknown INTERNALDATE fits everything', () => {
    expect(isSameInstant(row({ internalDate: null }), sighting())).toBe(true);
    expect(isSameInstant(row(), sighting({ internalDate: null }))).toBe(true);
    expect(isSameInstant(row(), sighting({ internalDate: day(2) }))).toBe(false);
  });

  it('EMAILID decides where both have one, else the octets', () => {
    expect(isSame(row({ emailId: 'M' }), sighting({ emailId: 'M', digest: digest('b') }))).toBe(true);
    expect(isSame(row({ emailId: 'M' }), sighting({ emailId: 'N' }))).toBe(false);
    expect(isSame(row({ emailId: 'M' }), sighting())).toBe(true);
  });

  it('the same octets are not a rewritten message', () => {
    expect(mayBeRewritten(row(), sighting())).toBe(false);
    expect(mayBeRewritten(row(), sighting({ digest: digest('b') }))).toBe(true);
  });
});

describe('any rows, any sightings', () => {
  const letters = fc.constantFrom('a', 'b', 'c');
  const uids = fc.integer({ min: 1, max: 6 }).map(String);
  const ids = fc.constantFrom(null, 'M', 'N');
  const dates = fc.constantFrom(null, day(1), day(2));
  const anyRow = fc.record({
    mailboxId: fc.constantFrom(1, 2),
    uidValidity: fc.constantFrom('9', '10'),
    uid: uids,
    letter: letters,
    emailId: ids,
    internalDate: dates,
  });
  const anySighting = fc.record({
    uid: uids,
    letter: letters,
    emailId: ids,
    gmail: fc.boolean(),
    internalDate: dates,
    flagged: fc.boolean(),
    how: fc.constantFrom('exact', 'any', 'rewritten', 'stranger', 'distrust'),
  });

  it('no row is given twice, every row given is the message by octets or EMAILID or was asked for as rewritten, and the rest remains', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 12 }), fc.array(anySighting, { maxLength: 40 }), (given, seen) => {
        const rows = given.map(({ letter, ...fields }) => row({ ...fields, digest: digest(letter) }));
        const open = new OpenRows(rows, here);
        const taken: OpenRow[] = [];
        for (const { how, letter, ...fields } of seen) {
          const one = sighting({ ...fields, digest: digest(letter) });
          if (how === 'distrust') open.distrustUids();
          else if (how === 'stranger') open.noticeStranger(one);
          else {
            const got =
              how === 'exact' ? open.takeExact(one) : how === 'any' ? open.takeAny(one) : open.takeRewritten(one);
            if (got === null) continue;
            taken.push(got);
            if (how !== 'rewritten') {
              const sameId = got.emailId !== null && got.emailId === one.emailId;
              expect(sameId || got.digest.equals(one.digest)).toBe(true);
            }
            if (one.flagged) expect(isSameInstant(got, one)).toBe(true);
            if (how !== 'any') expect([got.mailboxId, got.uidValidity, got.uid]).toEqual([1, '10', one.uid]);
          }
        }
        expect(new Set(taken).size).toBe(taken.length);
        expect(open.size).toBe(rows.length - taken.length);
        expect(new Set(open.remaining())).toEqual(new Set(rows.filter((r) => r.mailboxId === 1 && !taken.includes(r))));
      }),
      { numRuns: 2000 },
    );
  });
});
