// What words become criteria, what is said of the others, and which messages meet them.

import { describe, expect, it } from 'vitest';
import { type CriteriaWords, describeCriteria, type Over, parseCriteria } from '../src/criteria.ts';
import { caseless, caseVariants, type MessageFacts, matches } from '../src/criteria-match.ts';
import { MaildrainError } from '../src/errors.ts';
import type { Criteria } from '../src/model-admin.ts';

const NOW = new Date('2026-10-15T13:14:15Z');
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);

function problem(words: CriteriaWords, over: Over = 'server'): string {
  try {
    parseCriteria(words, over, NOW);
  } catch (error) {
    if (error instanceof MaildrainError && error.code === 'CRITERIA_INVALID') return error.message;
    throw error;
  }
  return 'nothing wrong';
}

describe('words that become criteria', () => {
  const cases: readonly [CriteriaWords, Criteria, string][] = [
    [{ all: true }, { all: true }, 'all'],
    [{ before: '2015-01-01' }, { before: day('2015-01-01') }, 'before 2015-01-01'],
    [{ since: day('2016-02-29') }, { since: day('2016-02-29') }, 'since 2016-02-29'],
    // The whole days of UTC: 2026-09-15 itself is only partly so old.
    [{ olderThan: '30d' }, { before: day('2026-09-15') }, 'before 2026-09-15'],
    [{ from: 'Ann  Lee' }, { from: 'Ann Lee' }, 'from contains "Ann Lee"'],
    [{ subject: 'a\u202eb' }, { subject: 'a\u202eb' }, 'subject contains "a\ufffdb"'],
    [
      { header: ['X-Spam=YES', 'List-Id=', 'X-A=b=c'] },
      {
        header: [
          ['X-Spam', 'YES'],
          ['List-Id', ''],
          ['X-A', 'b=c'],
        ],
      },
      'X-Spam contains "YES", has a List-Id field, X-A contains "b=c"',
    ],
    [{ larger: '10MB' }, { larger: 10 * 1024 * 1024 }, 'larger than 10 MB'],
    [{ larger: 0, smaller: '512 KB' }, { larger: 0, smaller: 512 * 1024 }, 'larger than 0 octets, smaller than 512 KB'],
    [{ smaller: '1000' }, { smaller: 1000 }, 'smaller than 1000 octets'],
    [{ unseen: true, flagged: true }, { seen: false, flagged: true }, 'not seen, flagged'],
    // Said by a program only, and not left out silently.
    [{ unseen: false, deleted: true }, { seen: true, deleted: true }, 'seen, deleted'],
    [{ seen: true, unseen: false }, { seen: true }, 'seen'],
    [{ seen: false, unseen: true }, { seen: false }, 'not seen'],
    [{ kind: 'auto-reply' }, { kind: 'auto-reply' }, 'kind auto-reply'],
    [{ uid: '205,1:100,90:120,7:*' }, { uid: '1:4294967295' }, 'UID 1:4294967295'],
    [{ uid: '9:7, 5' }, { uid: '5,7:9' }, 'UID 5,7:9'],
    [{ messageId: '<1@a.org>' }, { messageId: '1@a.org' }, 'Message-ID <1@a.org>'],
    [{ gmail: 'larger:10M -in:chats' }, { gmail: 'larger:10M -in:chats' }, 'Gmail finds "larger:10M -in:chats"'],
    [{ all: false, seen: true, before: undefined }, { seen: true }, 'seen'],
  ];
  it.each(cases)('%j', (words, wanted, said) => {
    const criteria = parseCriteria(words, 'server', NOW);
    expect(criteria).toEqual(wanted);
    expect(describeCriteria(criteria)).toBe(said);
  });
});

describe('words that do not', () => {
  const cases: readonly [CriteriaWords | Record<string, unknown>, string][] = [
    [{}, 'say which messages'],
    [{ all: false }, 'say which messages'],
    [{ all: true, from: 'ann' }, '--all means every message'],
    [{ before: '2026-02-30' }, '--before "2026-02-30" there is no such day'],
    [{ before: '2026-13-01' }, 'there is no such day'],
    [{ before: '0015-01-01' }, 'a year from 1970'],
    [{ before: '2015' }, 'must be a day such as 2015-01-01'],
    [{ since: '2015-01-01T12:00Z' }, 'no times of day'],
    [{ since: new Date('2015-01-01T12:00Z') }, 'the beginning of a day'],
    [{ since: new Date(Number.NaN) }, 'the beginning of a day'],
    [{ since: '2016-01-01', before: '2015-01-01' }, 'both since and before'],
    [{ since: '2015-01-01', before: '2015-01-01' }, 'both since and before'],
    [{ since: '2026-10-01', olderThan: '30d' }, 'both since and before'],
    [{ before: '2015-01-01', olderThan: '30d' }, 'not both'],
    [{ olderThan: '30' }, 'an age in days'],
    [{ olderThan: '12h' }, 'an age in days'],
    [{ olderThan: '0d' }, 'an age in days'],
    [{ olderThan: '999999d' }, 'at most'],
    [{ larger: '10 apples' }, '--larger "10 apples" must be a size'],
    [{ larger: -1 }, 'must be a size'],
    [{ larger: 1.5 }, 'must be a size'],
    [{ larger: Number.NaN }, 'must be a size'],
    [{ smaller: 0 }, 'smaller than nothing'],
    [{ larger: '2MB', smaller: '1MB' }, 'larger and smaller'],
    [{ larger: 5, smaller: 6 }, 'larger and smaller'],
    [{ from: '' }, '--from "" must not be empty'],
    [{ from: 'a\r\nb' }, '--from "a\ufffd\ufffdb" must not hold control characters'],
    [{ subject: 'x'.repeat(501) }, 'at most 500'],
    [{ header: ['X-Spam'] }, 'NAME=TEXT'],
    [{ header: ['X Spam=1'] }, 'the name of a header field'],
    [{ header: ['=1'] }, 'the name of a header field'],
    [{ header: [] }, 'a list of NAME=TEXT'],
    [{ header: Array.from({ length: 21 }, () => 'A=b') }, 'at most 20'],
    [{ seen: true, unseen: true }, 'contradict'],
    [{ seen: false, unseen: false }, 'contradict'],
    [{ seen: 'yes' }, '--seen must be true or false'],
    [{ kind: 'bounces' }, 'did you mean "bounce"?'],
    [{ kind: 'letter' }, 'must be one of bounce, complaint'],
    [{ uid: '*' }, 'depends on the moment'],
    [{ uid: '1:2:3' }, 'UIDs such as'],
    [{ uid: '0' }, 'UIDs such as'],
    [{ uid: '4294967296' }, 'at most 4294967295'],
    [{ uid: '1 OR ALL' }, 'UIDs such as'],
    [{ messageId: '' }, 'one Message-ID'],
    [{ messageId: 'a b@c' }, 'one Message-ID'],
    [{ form: 'ann' }, 'there is no criterion "form"; did you mean "from"?'],
    [{ from: 7 }, '--from must be a string'],
    [{ before: '2026-02-30', larger: 'x' }, 'there is no such day; --larger "x" must be'],
  ];
  it.each(cases)('%j', (words, said) => {
    expect(problem(words)).toContain(said);
  });

  it('refuses --gmail over stored mail', () => {
    expect(problem({ gmail: 'x' }, 'stored')).toContain("Gmail's own search");
  });
});

describe('a message meets criteria', () => {
  const facts: MessageFacts = {
    uid: '100',
    internalDate: new Date('2014-12-31T23:59:59Z'),
    size: 1000,
    flags: ['\\seen', 'Work'],
    kind: 'bounce',
    headers: [
      ['From', 'Jürgen Müller <j@example.org>'],
      ['Message-ID', '<11@a.org.uk>'],
      ['X-A', ''],
      ['x-b', 'one'],
      ['X-B', 'ΕΛΛΆΣ'],
    ],
  };
  const cases: readonly [Criteria, boolean][] = [
    [{ all: true }, true],
    [{ before: day('2015-01-01') }, true],
    [{ before: day('2014-12-31') }, false],
    [{ since: day('2014-12-31') }, true],
    [{ larger: 999, smaller: 1001 }, true],
    [{ larger: 1000 }, false],
    [{ seen: true, flagged: false }, true],
    [{ seen: false }, false],
    [{ from: 'JÜRGEN M' }, true],
    [{ from: 'ju\u0308rgen' }, true],
    [{ from: 'jurgen' }, false],
    [{ to: 'j' }, false],
    // A piece of another id.
    [{ messageId: '1@a.org' }, false],
    [{ messageId: '11@A.org.uk' }, true],
    [{ header: [['x-a', '']] }, true],
    [{ header: [['x-c', '']] }, false],
    [
      {
        header: [
          ['X-B', 'ONE'],
          ['X-B', 'ελλάς'],
        ],
      },
      true,
    ],
    [{ kind: 'other' }, false],
    [{ uid: '1:50,99:101' }, true],
    [{ uid: '1:99,101:4294967295' }, false],
    // Only Gmail knows.
    [{ gmail: 'x' }, false],
  ];
  it.each(cases)('%j: %j', (criteria, wanted) => {
    expect(matches(criteria, facts)).toBe(wanted);
  });

  it('meets nothing by what is not known of it', () => {
    const unknown = { ...facts, uid: null, internalDate: null, kind: null };
    for (const criteria of [{ uid: '1:4294967295' }, { before: day('2030-01-01') }, { kind: 'other' }] as const)
      expect(matches(criteria, unknown)).toBe(false);
  });

  it('takes letters for the same that have one upper case', () => {
    expect(caseless('ß ς σ')).toBe('ß Σ Σ');
    expect(caseVariants('Σ').toSorted()).toEqual(['Σ', 'ς', 'σ'].toSorted());
    expect(caseVariants('.')).toEqual(['.']);
  });
});
