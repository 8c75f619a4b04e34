// Dates as careless programs write them, and dates that are written.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDate, parseDate } from '../../../src/text/date-time.ts';

const noon = Date.UTC(2026, 10, 12, 12) / 1000;

describe('a lenient reader', () => {
  // The whole text is read; the last column: the zone is known.
  it.each<readonly [string, number, boolean]>([
    ['Thu, 12 Nov 2026 12:00:00 +0000', noon, true],
    ['Thu, 12 Nov 2026 14:00:00 +0200', noon, true],
    ['12 Nov 2026 12:00:00 GMT', noon, true],
    ['12 Nov 2026 07:00:00 EST', noon, true],
    ['12 Nov 2026 12:00:00 -0000', noon, false],
    ['12 Nov 2026 12:00:00', noon, false],
    ['12 Nov 2026 12:00:00 XYZ', noon, false],
    ['12 Nov 2026 12:00:00 MSK-3', noon, false],
    ['12 Nov 2026 12:00:00 +0260', noon - 3 * 3600, true],
    ['12 Nov 2026 12:00:00 +02:60', noon, false],
    ['12 Nov 2026 12:00:00 +9999', noon, false],
    ['12 Nov 2026 12:00:00 +12345', noon, false],
    ['12 Nov 2026 12:00:00 -12000:00 (x)', noon, false],
    ['12 Nov 2026', noon - 12 * 3600, false],
    ['12 Nov 2026 (x) ', noon - 12 * 3600, false],
    ['Thursday, 12 November 2026 12:00:00 +0000', noon, true],
    ['THU, 12 nOVEMb 2026 12:00:00 UT', noon, true],
    ['Donnerstag, 12 Nov 2026 12:00:00 +0000', noon, true],
    ['Do., 12 Nov 2026 12:00:00 +0000', noon, true],
    ['12-Nov-2026 12:00:00 +0000', noon, true],
    ['12/Nov/2026 12:00 +0000', noon, true],
    ['12 Nov 2026 12:00', noon, false],
    ['12 Nov 2026 12:00 PM', noon, false],
    ['12 Nov 2026 01:00:00 pm +0100', noon, true],
    ['12 Nov 2026 13:00:00 PM +0100', noon, true],
    ['12 Nov 2026 12:00:00 A.M. +0000', noon - 12 * 3600, true],
    ['November 12 12:00:00 2026 CET', noon - 3600, true],
    ['2026-11-12T12:00:00Z', noon, true],
    ['2026-11-12T12:00:00', noon, false],
  ])('%s', (text, seconds, zoneKnown) => {
    expect(parseDate(text, true)).toMatchObject({ length: text.length, seconds, zoneKnown });
  });

  it.each([
    '',
    'yesterday',
    '12 No 2026',
    '30 Feb 2026',
    '29 Feb 2100',
    '0 Nov 2026',
    '-1 Nov 2026',
    '12 Nov 9999999 12:00',
    '12 Nov 99999999999999 12:00',
    '12 Nov 1969 23:00 -0500',
    '1 Jan 1970 00:00 +0100',
    '12 Nov 2026 24:00:00',
    '12 Nov 2026 23:59:61',
    '12 Nov 2026 23:60:00',
    '12/11/2026 12:00',
    '\u0661 Nov 2026',
    'Thu 12 Nov',
    '12 Nov 2026 25:00',
    '12 Nov 2026 13:00 AM',
  ])('what is none stays none: %j', (text) => {
    expect(parseDate(text, true)).toBeUndefined();
  });

  it('reads all that a strict one reads, to the same moment', () => {
    const unit = fc.constantFrom(
      ...'0123456789 :+-,',
      'Nov',
      'Thu',
      'GMT',
      '12',
      '2026',
      ' 12:00:00 ',
      'T',
      'Z',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const strict = parseDate(text);
        if (strict !== undefined) expect(parseDate(text, true)?.seconds).toBe(strict.seconds);
      }),
    );
  });
});

describe('a date that is written', () => {
  it.each<readonly [number, number, string | undefined]>([
    [0, 0, 'Thu, 01 Jan 1970 00:00:00 +0000'],
    [1064174667.9, 120, 'Sun, 21 Sep 2003 22:04:27 +0200'],
    [0, -330, 'Wed, 31 Dec 1969 18:30:00 -0530'],
    [253402300799, 0, 'Fri, 31 Dec 9999 23:59:59 +0000'],
    [253402300800, 0, undefined],
    [-1e20, 0, undefined],
    [Number.NaN, 0, undefined],
  ])('%d, %d', (seconds, east, text) => {
    expect(formatDate(seconds, east)).toBe(text);
  });

  it('is read again as what it was', () => {
    const seconds = fc.integer({ min: 86_400, max: 253_402_000_000 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: -1439, max: 1439 }), (time, east) => {
        const text = formatDate(time, east) ?? '';

        expect(parseDate(text)?.seconds).toBe(time);
      }),
    );
  });
});
