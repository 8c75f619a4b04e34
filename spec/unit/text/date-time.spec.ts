import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDate } from '../../../src/text/date-time.ts';
import { zoneMinutes } from '../../../src/text/zone-table.ts';

const seconds = (text: string) => parseDate(text)?.seconds;

describe('parseDate', () => {
  it.each([
    ['29 Feb 2000', Date.UTC(2000, 1, 29)],
    ['Feb 29 12:00:00 2024', Date.UTC(2024, 1, 29, 12)],
    ['1 Mar 2100', Date.UTC(2100, 2, 1)],
    ['2101-01-01', Date.UTC(2101, 0, 1)],
    ['31 Dec 9999 23:59:60 +0000', Date.UTC(10000, 0, 1)],
    ['2024-12-31T24:00:00Z', Date.UTC(2025, 0, 1)],
    ['20240229T120000-0130', Date.UTC(2024, 1, 29, 13, 30)],
    ['1 Jan 1970 01:00:00 +0100', 0],
    ['((a) \\) b) 1 (c) Jan 2020 ()10:20:30', Date.UTC(2020, 0, 1, 10, 20, 30)],
    ['1 Jan 2020 10:20:30 -05:30', Date.UTC(2020, 0, 1, 15, 50, 30)],
  ])('%s', (text, milliseconds) => {
    expect(seconds(text)).toBe(milliseconds / 1000);
  });

  it.each([
    '29 Feb 2100',
    '30 Feb 2024',
    '1 Jan 1970 00:00:00 +0100',
    '1 Jan 1000000000',
    '1 Jan 200001',
    '2024-02-30',
    '2024-0229',
    '2024-02-29T12:0000',
    '2024-02-29T12:00:00+24:00',
    '2024-02-29 ',
    '1 Jan 2020 10:20:30 +02:60',
    '1 Jan 2020 10:20:30 +123456',
    'Mon Mon 1 Jan 2020',
    '(((((1 Jan 2020',
  ])('refuses %j', (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it('reads every zone name in any case', () => {
    for (const [name, minutes] of zoneMinutes) {
      const noon = Date.UTC(2020, 5, 1, 12) / 1000;
      expect(seconds(`1 Jun 2020 12:00:00 ${name.toLowerCase()}`), name).toBe(noon - minutes * 60);
    }
  });

  it('says how much it read', () => {
    expect(parseDate('1 Jan 2020 00:00:00 GMT (x)  rest')?.length).toBe(29);
    expect(parseDate('1 Jan 2020 00:00:00 GMT (x')?.length).toBe(24);
    expect(parseDate('2020-01-01T00:00:00Z rest')?.length).toBe(20);
  });

  it('reads back what toUTCString and toISOString write', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (value) => {
        const expected = Math.floor(value.getTime() / 1000);
        expect(seconds(value.toUTCString())).toBe(expected);
        expect(seconds(value.toISOString())).toBe(expected);
      }),
    );
  });
});
