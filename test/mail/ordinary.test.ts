// Ordinary mail is ordinary: of hundreds of generated messages that speak of bounces, quote, forward and attach them, none may count against
// an address.
import { expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import { type Ordinary, ordinaryMail } from './ordinary-mail.ts';

/** Any will do; a failure names the message. */
const SEEDS = [1, 2, 3];

/** What the generator is asked for at the least, a seed. */
const AT_LEAST = 200;

function misread(messages: readonly Ordinary[]): string[] {
  return messages.flatMap(({ name, raw, kind }) => {
    const { verdict, ...reading } = read(raw);
    return reading.kind === kind ? [] : [`${name}: ${reading.kind} by ${verdict.rule}`];
  });
}

it.each(SEEDS)('of at least two hundred messages none is misread, seed %i', (seed) => {
  const messages = ordinaryMail(seed);
  expect(messages.length).toBeGreaterThanOrEqual(AT_LEAST);
  expect(misread(messages)).toEqual([]);
});

it('reports nothing of anybody', () => {
  const reported = ordinaryMail(4)
    .filter(({ kind }) => kind === 'other')
    .filter(({ raw }) => read(raw).verdict.recipients.length > 0);
  expect(reported.map(({ name }) => name)).toEqual([]);
});

it('is the same for the same seed', () => {
  expect(ordinaryMail(7)).toEqual(ordinaryMail(7));
});
