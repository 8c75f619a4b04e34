import { describe, expect, it } from 'vitest';
import { entryLine, readEntryLine, shownKey, typedOctets } from '../../../src/cli/store-text.ts';
import { readCommandLine } from '../../../src/cli/verb.ts';

const every = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));

describe('keys on a terminal', () => {
  it('are printable, and can be typed back', () => {
    expect(shownKey(every)).toMatch(/^[\x20-\x7e]*$/);
    expect(typedOctets(shownKey(every))).toEqual(every);
    const tricky = Buffer.from('a\\x41\\y', 'latin1');
    expect(typedOctets(shownKey(tricky))).toEqual(tricky);
    expect(shownKey(Buffer.from('greylist:192.0.2.1:a@b'))).toBe('greylist:192.0.2.1:a@b');
  });
});

describe('lines of an export', () => {
  it.each([
    { key: every, ttl: 5, value: every },
    { key: Buffer.from('a'), ttl: 5, value: Buffer.alloc(0) },
    { key: Buffer.from('set'), ttl: 60, items: [every, Buffer.from('b')] },
  ])('come back as they were', (entry) => {
    expect(readEntryLine(entryLine(entry))).toEqual(entry);
    expect(entryLine(entry)).toMatch(/^[\x20-\x7e]*$/);
  });

  it.each([
    '',
    '{',
    '7',
    'null',
    '{}',
    '{"key":"a","ttl":1}',
    '{"key":"a","value":"b"}',
    '{"key":"ä","ttl":1,"value":""}',
    '{"key":"a","ttl":1,"items":[7]}',
  ])('%s is none', (line) => {
    expect(readEntryLine(line)).toMatch(/^expected \{"key"/);
  });
});

describe('smtpe store', () => {
  it('takes everything behind its command as it is', () => {
    expect(readCommandLine(['store', 'file=/x.cf', 'get', 'store=x', '+y', 'check'])).toMatchObject({
      ...{ verb: 'store', words: ['file=/x.cf'], operands: ['get', 'store=x', '+y', 'check'] },
    });
    expect(readCommandLine(['file=/x.cf', 'store', 'list'])).toMatchObject({
      verb: 'store',
      operands: ['list'],
    });
  });
});
