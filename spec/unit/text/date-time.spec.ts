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

  // Seconds of noon UTC less the zone; undefined: no date. The whole text is read each time.
  it.each<[string, number | undefined]>([
    ['', 0],
    ['Z', 0],
    ['UT', 0],
    ['GMT', 0],
    ['gmt', 0],
    ['EST', -300],
    ['PDT', -420],
    ['CET', 60],
    ['-0000', 0],
    ['+0530', 330],
    ['-03', -3],
    ['+02:00', 120],
    ['-05:30', -330],
    ['(-03)', 0],
    ['+0300 (MSK)', 180],
    ['(GMT+02:00)', 0],
    ['MSK', 0],
    ['msk', 0],
    ['XYZ', 0],
    ['AEDT', 0],
    ['Hora oficial', 0],
    ['Pacific', 0],
    ['ABCDEFGHIJ', 0],
    ['MSK (Moscow)', 0],
    ['GMT+2', 120],
    ['GMT+0200', 120],
    ['GMT-03:30', -210],
    ['UTC+02:00', 120],
    ['UT-5', -300],
    ['GMT0', 0],
    ['EST5EDT', -300],
    ['est5edt', -300],
    ['PST8PDT', -480],
    ['MST7MDT', -420],
    ['CST6CDT', -360],
    ['EST5', -300],
    ['EST-0500', -300],
    ['CET-1CEST', 60],
    ['MSK-3MSD', 180],
    ['MSK3', -180],
    ['EST6EDT', undefined],
    ['GMT2', undefined],
    ['GMT+99', undefined],
    ['GMT+1BST', undefined],
    ['MSK-3', undefined],
    ['MSK+3', undefined],
    ['PM', undefined],
    ['am', undefined],
    ['+0260', 180],
    ['+02:60', undefined],
    ['+123456', undefined],
  ])('zone %j', (zone, minutes) => {
    const text = `Mon, 1 Jun 2020 12:00:00 ${zone}`;
    const date = parseDate(text);
    if (minutes === undefined) expect(date).toBeUndefined();
    else {
      expect(date?.seconds).toBe(Date.UTC(2020, 5, 1, 12) / 1000 - minutes * 60);
      expect(date?.length).toBe(zone === 'Hora oficial' ? text.indexOf('oficial') : text.length);
    }
  });

  it.each([
    ['Monday, 1 Jan 2024 00:00:00 +0000', Date.UTC(2024, 0, 1)],
    ['MONDAY, 1 Jan 2024 00:00:00 +0000', Date.UTC(2024, 0, 1)],
    ['wednesday 3 Jan 2024 00:00:00 +0000', Date.UTC(2024, 0, 3)],
    ['Thurs, 4 Jan 2024 00:00:00 +0000', Date.UTC(2024, 0, 4)],
    ['Monday Jan 1 00:00:00 2024', Date.UTC(2024, 0, 1)],
    ['Mon Jan  1 00:00:00 MSK 2024', Date.UTC(2024, 0, 1)],
    ['Mon Jan  1 00:00:00 EST 2024', Date.UTC(2024, 0, 1, 5)],
    ['Mon Jan  1 00:00:00 EST5EDT 2024', Date.UTC(2024, 0, 1, 5)],
    ['Mon Jan  1 00:00:00 +0300 2024', Date.UTC(2023, 11, 31, 21)],
    ['Mon, 1 Jan 2024 00:00:00.123 +0300', Date.UTC(2023, 11, 31, 21)],
    ['Mon Jan  1 00:00:00,5 2024 -0100', Date.UTC(2024, 0, 1, 1)],
    ['Mon , 1 Jan 2024 10 : 20 : 30 +0000', Date.UTC(2024, 0, 1, 10, 20, 30)],
    ['Mon,1 Jan 2024 10(h):(m) 20 :30 GMT', Date.UTC(2024, 0, 1, 10, 20, 30)],
    ['Mon, 1 Jan 2024 10 : 20 +0000', Date.UTC(2024, 0, 1, 10, 20)],
    ['1 Jan 00 00:00:00 GMT', Date.UTC(2000, 0, 1)],
    ['1 Jan 49 00:00:00 GMT', Date.UTC(2049, 0, 1)],
    ['1 Jan 70 00:00:00 GMT', 0],
    ['1 Jan 99 00:00:00 GMT', Date.UTC(1999, 0, 1)],
    ['1 Jan 124 00:00:00 GMT', Date.UTC(2024, 0, 1)],
    ['1 Jan 100 00:00:00 GMT', Date.UTC(2000, 0, 1)],
  ])('obsolete forms: %s', (text, milliseconds) => {
    expect(seconds(text)).toBe(milliseconds / 1000);
    expect(parseDate(text)?.length).toBe(text.length);
  });

  it.each([
    '1 Jan 50 00:00:00 GMT',
    '1 Jan 69 00:00:00 GMT',
    '1 Jan 0049 00:00:00 GMT',
    'Mo, 1 Jan 2024 00:00:00 GMT',
    'Mondays, 1 Jan 2024 00:00:00 GMT',
    'MoNday, 1 Jan 2024 00:00:00 GMT',
    '1 Jan 2024 10 : : 30 GMT',
    '1 Jan 2024 10 20 30 GMT',
  ])('no date: %j', (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it('takes linear time', () => {
    for (const text of [
      `1 Jan 2024 10${' '.repeat(500_000)}:${'()'.repeat(200_000)}20:30 GMT`,
      `1 Jan 2024 10:20:30 ${'A'.repeat(1_000_000)}`,
      `1 Jan 2024 10:20:30 ${'('.repeat(1_000_000)}`,
      `1 Jan 2024 10:20:30 GMT+${'1'.repeat(1_000_000)}`,
    ]) {
      const start = performance.now();
      parseDate(text);
      expect(performance.now() - start).toBeLessThan(10_000);
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
