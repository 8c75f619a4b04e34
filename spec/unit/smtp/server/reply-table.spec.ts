import { describe, expect, it } from 'vitest';
import {
  type ErrorName,
  errorNumber,
  errorReply,
  errorTable,
} from '../../../../src/smtp/server/reply-table.ts';

const names = Object.keys(errorTable) as ErrorName[];

describe('the table of errors', () => {
  it('has a number of its own for each error', () => {
    const numbers = names.map((name) => errorTable[name].number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => number > 0 && number < 1000)).toBe(true);
  });

  it('has an enhanced status of the class of its code for each error', () => {
    for (const name of names) {
      const { code, status } = errorTable[name];
      expect(status, name).toMatch(/^[45]\.\d{1,3}\.\d{1,3}$/);
      expect(Number(status[0]), name).toBe(Math.floor(code / 100));
    }
  });

  it('makes valid replies of at most 512 bytes from the longest input', () => {
    const params = Object.fromEntries(
      ['input', 'word', 'host', 'client', 'id', 'limit', 'count'].map((key) => [key, '\r\n\0'.repeat(5000)]),
    );
    for (const name of names) {
      const { text } = errorReply(name, '', params);
      expect(text, name).toMatch(/^[45]\d\d [45]\.\d\.\d{1,2} [^\r\n\0]+\r\n$/);
      expect(text.length, name).toBeLessThanOrEqual(512);
    }
  });
});

describe('errorReply', () => {
  it('says nothing of numbers without smtp-error-url', () => {
    expect(errorReply('unknown', '', { input: 'FOO' })).toEqual({
      code: 502,
      text: '502 5.5.1 FOO command unknown\r\n',
    });
  });

  it('puts URL and number before the text with it', () => {
    expect(errorReply('unknown', 'http://e.test/', { input: 'FOO' }).text).toBe(
      '502 5.5.1 http://e.test/E010 FOO command unknown\r\n',
    );
    expect(errorNumber('internal')).toBe('E001');
  });

  it('fills in every parameter, and leaves no hole for one that is missing', () => {
    expect(errorReply('clientRate', '', { name: '[1.2.3.4]', count: 3, limit: 2 }).text).toBe(
      '421 4.4.5 [1.2.3.4] connections 3 exceed 2/60s\r\n',
    );
    expect(errorReply('later', '').text).toBe('451 4.4.5 try again later \r\n');
  });
});
