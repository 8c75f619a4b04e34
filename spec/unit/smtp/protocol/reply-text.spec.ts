import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_REPLY, parseReply } from '../../../../src/smtp/protocol/reply-text.ts';

const text = (given: string): string => {
  const parsed = parseReply(given);
  return parsed.kind === 'reply' ? parsed.reply.text : parsed.kind;
};

describe('parseReply', () => {
  it.each([
    ['550 5.7.1 no', '550 5.7.1 no\r\n'],
    ['550 5.7.1 no\r\n', '550 5.7.1 no\r\n'],
    ['550 no\n', '550 no\r\n'],
    ['550 no\r', '550 no\r\n'],
    ['550', '550\r\n'],
    ['550 ', '550 \r\n'],
    ['  550 no', '550 no\r\n'],
    ['550-one\r\n550 two\r\n', '550-one\r\n550 two\r\n'],
    ['550-one\n550-two\n', '550-one\r\n550 two\r\n'],
    ['550 one\r\n550 two', '550-one\r\n550 two\r\n'],
    ['550-one\n    550 two', '550-one\r\n550 two\r\n'],
    ['\n    550-one\n      550-two\n    three\n', '550-one\r\n550-two\r\n550     three\r\n'],
    ['550\tno', '550 \tno\r\n'],
    ['550-unfinished', '550 unfinished\r\n'],
    ['550-one\r\ntwo', '550-one\r\n550 two\r\n'],
    ['550-one\r\n5501 two', '550-one\r\n550 5501 two\r\n'],
    ['550 \x1b[31m\x07', '550 ?[31m?\r\n'],
    ['250 \xe9\xff', '250 \xe9\xff\r\n'],
    ['299 x', '299 x\r\n'],
    ['599 x', '599 x\r\n'],
  ])('%j', (given, sent) => {
    expect(text(given)).toBe(sent);
  });

  it.each([
    '199 low',
    'hello',
    '',
    ' ',
    '\r\n',
    '600 high',
    '2500 long',
    '0250 odd',
    '25',
    '-550 x',
    '550.5.1 x',
    '550no',
    '550:no',
    '5.7.1 no',
    'no 550',
    '550 a\0b',
    '\0' + '550 a',
    '550-one\r\n250 two',
    '250-one\r\n550 two',
    '250-one\n    550 two',
    '250 one\n\t550',
    '250-one\r\n250-two\r\n550',
    '550 one\n\n450-two',
  ])('finds no reply in %j', (given) => {
    expect(parseReply(given).kind).toBe('wrong');
  });

  it('refuses what is too long', () => {
    expect(parseReply(`550 ${'x'.repeat(MAX_REPLY)}`).kind).toBe('too-long');
    expect(parseReply(`550 ${'x'.repeat(MAX_REPLY - 10)}`).kind).toBe('reply');
  });

  it('makes of any bytes a reply whose end a client finds, or none', () => {
    const any = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(fc.constantFrom('250 ', '550-', '354', '421\r\n', ''), any, (head, tail) => {
        const parsed = parseReply(head + tail);
        if (parsed.kind !== 'reply') return;
        const { code, text: sent } = parsed.reply;
        expect(sent).toMatch(/^(?:\d{3}-[^\r\n\0]*\r\n)*\d{3}(?: [^\r\n\0]*)?\r\n$/);
        expect([...sent.matchAll(/^\d{3}/gm)].every(([digits]) => Number(digits) === code)).toBe(true);
      }),
    );
  });

  it('takes linear time', () => {
    const started = performance.now();
    for (const given of [
      ' '.repeat(16_000),
      '5'.repeat(16_000),
      `550${'\r\n'.repeat(8000)}`,
      `550${'\n-'.repeat(8000)}`,
    ])
      parseReply(given);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
