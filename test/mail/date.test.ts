// Date fields as they are written in the wild.
import { describe, expect, it } from 'vitest';
import { parseDate } from '../../src/mail/date.ts';

describe('parseDate', () => {
  it.each([
    ['Tue, 6 Oct 2026 10:00:05 +0200', '2026-10-06T08:00:05Z'],
    ['6 Oct 2026 10:00 -0530', '2026-10-06T15:30:00Z'],
    ['Tue, 06 Oct 2026 10:00:00 +0200 (CEST)', '2026-10-06T08:00:00Z'],
    ['Tuesday, 06-Oct-26 10:00:00 GMT', '2026-10-06T10:00:00Z'],
    ['Tue, 6 Oct 1998 10:00:00 EST', '1998-10-06T15:00:00Z'],
    ['Tue, 6 Oct 98 10:00:00 PDT', '1998-10-06T17:00:00Z'],
    ['Mon, 2 Apr 101 04:20:10 CST', '2001-04-02T10:20:10Z'],
    ['Tue,6 October 2026 10:00:00 GMT+0200', '2026-10-06T08:00:00Z'],
    ['Tue, 6 Oct 2026 10:00:60 +0000', '2026-10-06T10:00:59Z'],
    ['Tue, 6 Oct 2026 10:00:00', '2026-10-06T10:00:00Z'],
    ['Tue, 6 Oct 2026 10:00:00 X', '2026-10-06T10:00:00Z'],
    ['Tue Oct  6 10:00:00 2026', '2026-10-06T10:00:00Z'],
    ['Tue Oct 6 10:00:00 EDT 2026', '2026-10-06T14:00:00Z'],
    ['2026-10-06T10:00:00.123+02:00', '2026-10-06T08:00:00Z'],
    ['2026-10-06 10:00:00', '2026-10-06T10:00:00Z'],
  ])('reads %s', (text, instant) => {
    expect(parseDate(text)).toEqual(new Date(instant));
  });

  it.each([
    ['', 'nothing'],
    ['yesterday', 'no date'],
    ['Tue, 31 Feb 2026 10:00:00 +0000', 'a day that is not in the calendar'],
    ['Tue, 0 Oct 2026 10:00:00 +0000', 'day 0'],
    ['Tue, 6 Foo 2026 10:00:00 +0000', 'no month'],
    ['Tue, 6 Oct 2026 25:00:00 +0000', 'no hour'],
    ['Tue, 6 Oct 1904 10:00:00 +0000', 'before 1970'],
    ['Thu, 1 Jan 1970 00:00:00 +0200', 'before 1970 by its zone'],
    ['Fri, 31 Dec 9999 23:00:00 -0200', 'after 9999 by its zone'],
    ['2026-10-06', 'no time of day'],
  ])('answers null for %s (%s)', (text) => {
    expect(parseDate(text)).toBeNull();
  });
});
