// Every report of test/corpus, which real mail servers wrote, is read as expected.json says. The expectations are from the script that made
// the servers fail (test/corpus/README.md), so a difference here is an error of the reader until the message proves otherwise.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { RecipientReport } from '../../src/model-reading.ts';
import type { Expected, ExpectedRecipient } from '../corpus/make/expect.ts';

const CORPUS = resolve(import.meta.dirname, '../corpus');
const entries: Expected[] = JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8'));

/** What is compared of one recipient, in the words of expected.json; what is not asserted is left out. */
function stated(want: ExpectedRecipient, got: RecipientReport | undefined): Record<string, unknown> {
  if (got === undefined) return { address: null };
  const address = same(got.address, want.address) ? want.address : got.address;
  const isOther = want.alternatives.some((other) => same(other, got.address));
  return {
    address: isOther ? want.address : address,
    // Where the alias itself is reported on, there is nothing to tell apart.
    originalAddress:
      isOther || same(got.originalAddress, want.originalAddress) ? want.originalAddress : got.originalAddress,
    action: got.action,
    status: (want.statusAlternatives ?? []).includes(got.status ?? '') ? want.status : got.status,
    ...(want.replyCode === undefined ? {} : { replyCode: got.replyCode === null ? null : String(got.replyCode) }),
    category: isAsserted(want) ? got.category : null,
    hard: got.hard,
  };
}

/** A failure without a category is one on which reasonable readers differ; what is no failure has none. */
function isAsserted({ action, category }: ExpectedRecipient): boolean {
  return category !== null || (action !== 'failed' && action !== 'delayed');
}

/** The same, as it is wanted. `dsnStatus` is a fact of the message; the reader gives one status. */
function wanted({
  dsnStatus: _,
  alternatives: __,
  statusAlternatives: ___,
  ...want
}: ExpectedRecipient): Record<string, unknown> {
  return want;
}

function same(one: string | null, other: string | null): boolean {
  return one?.toLowerCase() === other?.toLowerCase();
}

describe('reports by real servers', () => {
  it.each(entries.map((entry) => [entry.file, entry] as const))('%s', (file, want) => {
    const { kind, verdict } = read(readFileSync(join(CORPUS, file)));
    const found = want.recipients.map((recipient) => {
      const names = [recipient.address, ...recipient.alternatives];
      return verdict.recipients.find(({ address }) => names.some((name) => same(name, address)));
    });
    expect({
      kind,
      recipients: want.recipients.map((recipient, index) => stated(recipient, found[index])),
      others: verdict.recipients.filter((report) => !found.includes(report)).map(({ address }) => address),
      originalMessageId: verdict.originalMessageId,
      envelopeId: verdict.envelopeId,
    }).toEqual({
      kind: want.kind,
      recipients: want.recipients.map(wanted),
      others: [],
      originalMessageId: want.originalMessageId,
      envelopeId: want.envelopeId,
    });
  });

  it('has an expected reading for every message, and a message for every reading', () => {
    const files = readdirSync(CORPUS).filter((name) => name.endsWith('.eml'));
    expect(entries.map(({ file }) => file).sort()).toEqual(files.sort());
  });
});
