// Which digits are codes and which only look like them.
import { describe, expect, it } from 'vitest';
import { categoryOfCode, findEnhancedCode } from '../../src/mail/enhanced-codes.ts';
import { findCodes, specificity, statusOfField } from '../../src/mail/status-codes.ts';

describe('codes in words', () => {
  it.each<[reason: string, text: string, statuses: string[], replies: number[]]>([
    ['a reply', '550 5.1.1 User unknown', ['5.1.1'], [550]],
    ['a reply of several lines', '550-5.1.1 The account 550-5.1.1 does not 550 5.1.1 exist', ['5.1.1'], [550]],
    ['qmail', 'Sorry, no mailbox here by that name. (#5.1.1)', ['5.1.1'], []],
    ['in brackets', 'refused [5.7.1]', ['5.7.1'], []],
    ['IronPort', '550 #5.1.0 Address rejected.', ['5.1.0'], [550]],
    ["Amazon's gateway", "5.1.0 - Unknown address error 550-'5.1.1 <x>: no'", ['5.1.0', '5.1.1'], [550]],
    ['Zoho', 'ERROR_CODE :550, ERROR_CODE :5.2.2', ['5.2.2'], [550]],
    ['three digits of detail', '550 5.7.606 Access denied', ['5.7.606'], [550]],
    ['a detail with a zero before it', '550 5.1.01 no', ['5.1.1'], [550]],
    ['at the end of a sentence', 'It said 5.1.1.', ['5.1.1'], []],
    ['said in the middle of a sentence', 'host mx said: 550 no', [], [550]],
    ['the word after the number is no amount', '552 Message size exceeds fixed limit', [], [552]],
    ['two replies', '554 4.4.7 expired: <421 4.4.2 timed out>', ['4.4.7', '4.4.2'], [554, 421]],
    ['a success', '250 2.1.5 Ok', ['2.1.5'], [250]],
    ['an IPv4 address', 'connect to 5.1.1.9 and 192.5.1.1', [], []],
    ['an address in brackets', '[5.1.1.9]', [], []],
    ['a version', 'sendmail 5.6.7 and Postfix 2.5.1, version 4.5.6', [], []],
    ['a version of whatever product', '554 Rejected by MailFence 5.1.1 (engine 4.7.0; rules 5.2.2)', [], [554]],
    ['a version with its word', 'filter version: 5.1.1', [], []],
    ['a date in a sentence', '554 refused on 5.1.26, again on 4.2.26', [], [554]],
    ['a section', '554 see RFC 5321 4.5.3, section 5.1.1, clause 5.1.2', [], [554]],
    ['the next sentence', '554 Rejected. 5.2.25 applies', [], [554]],
    ['announced in a sentence', 'It failed with status 5.1.1 and code 5.2.2', ['5.1.1', '5.2.2'], []],
    ['behind a reply code and a comma', 'said: 550, 5.1.1 no', ['5.1.1'], [550]],
    ['on a line of its own', 'not delivered,\n  5.1.1 unknown', ['5.1.1'], []],
    ['behind a quotation mark, a colon, a bracket', '"5.1.1 no" mx: 5.1.2 (5.1.3)', ['5.1.1', '5.1.2', '5.1.3'], []],
    ['part of a name', 'libfoo-5.1.1 and 5.1.1a', [], []],
    ['a subject beyond RFC 3463', '5.9.1', [], []],
    ['a class that is none', '1.1.1 3.1.1 6.1.1', [], []],
    ['an amount', 'exceeds the limit of: 500 MB, after 240 minutes', [], []],
    ['a time', 'at 12:30:550 and 550:12', [], []],
    ['a date', '2.5.2024 and 5.5.2011', [], []],
    ['part of a longer number', '15500 5501', [], []],
    ['part of an address', '550@example.org and user.550@example.org', [], []],
    ['nothing', '', [], []],
  ])('%s: %s', (_reason, text, statuses, replies) => {
    expect(findCodes(text)).toEqual({ statuses, replies });
  });

  it('are looked for in a bounded text, and taken in a bounded number', () => {
    const many = Array.from({ length: 900 }, (_none, index) => `5.1.${index}`).join(' ');
    expect(findCodes(many).statuses.length).toBeLessThanOrEqual(50);
    expect(findCodes(`${' '.repeat(10_000)}550 5.1.1 no`).statuses).toEqual([]);
  });
});

describe('the Status field', () => {
  it.each([
    ['plain', '5.1.1', '5.1.1'],
    ['with a comment', ' 5.0.0 (permanent failure)', '5.0.0'],
    ['with zeros', '5.01.01', '5.1.1'],
    ['too long a detail', '5.1.1234', null],
    ['an address', '5.1.1.1', null],
    ['words', 'failed', null],
    ['nothing', '', null],
  ])('%s', (_reason, field, status) => {
    expect(statusOfField(field)).toBe(status);
  });
});

describe('how much a code says', () => {
  it.each([
    ['nothing', '5.0.0', 0],
    ['whatever sendmail has no better code for', '5.5.0', 1],
    ['gave up', '4.4.7', 1],
    ['a subject', '5.7.0', 2],
    ['a detail', '5.1.1', 3],
  ])('%s', (_reason, status, level) => {
    expect(specificity(status)).toBe(level);
  });
});

describe('the table of codes', () => {
  it.each([
    ['the class does not matter', '4.1.1', 'address-unknown'],
    ['RFC 7505', '5.1.10', 'address-unknown'],
    ['RFC 7372', '5.7.25', 'sender-reputation'],
    ['RFC 7372', '5.7.26', 'auth-failure'],
    ['Microsoft', '5.7.515', 'auth-failure'],
    ["Microsoft's row of banned addresses", '5.7.649', 'sender-reputation'],
    ['and its end', '5.7.650', 'sender-reputation'],
    ['an unknown detail: its subject', '5.2.99', 'recipient-refused'],
    ['an unknown subject', '5.9.1', null],
    ['says nothing', '5.0.0', null],
    ['not a code', 'x', null],
  ])('%s: %s', (_reason, status, category) => {
    expect(categoryOfCode(status)).toBe(category);
  });

  it('names who defined a code', () => {
    expect(findEnhancedCode('5.1.10')?.source).toBe(7505);
    expect(findEnhancedCode('5.7.620')?.source).toBe('microsoft');
    expect(findEnhancedCode('5.9.9')).toBeNull();
  });
});
