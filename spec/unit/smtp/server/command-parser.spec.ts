import { describe, expect, it } from 'vitest';
import { words } from '../../../../src/smtp/protocol/blanks.ts';
import { parseCommand } from '../../../../src/smtp/server/command-parser.ts';

const parse = (input: string): string => {
  const parsed = parseCommand(input);
  return parsed.kind === 'command' ? `${parsed.line.verb}|${parsed.line.argument}` : parsed.kind;
};

describe('parseCommand', () => {
  it.each([
    ['NOOP', 'NOOP|'],
    ['noop', 'NOOP|'],
    ['NOOP ', 'NOOP|'],
    ['HELO  a b\t', 'HELO|a b'],
    ['HELO\tname', 'HELO|name'],
    ['NOOPX', 'NOOPX|'],
    ['MAIL:<a@b>', 'MAIL:<A@B>|'],
    [' NOOP', '|NOOP'],
    ['', '|'],
    [' ', '|'],
    ['NO\0OP', 'bad-character'],
    ['NOOP \r', 'bad-character'],
    ['HELO a\rMAIL', 'bad-character'],
    ['HELO \xe9\x85', 'HELO|\xe9\x85'],
  ])('%j is %j', (input, parsed) => {
    expect(parse(input)).toBe(parsed);
  });

  it('keeps the line as it came', () => {
    const parsed = parseCommand('mAiL  FROM:<a@b> ');
    expect(parsed.kind === 'command' && parsed.line.input).toBe('mAiL  FROM:<a@b> ');
  });

  it('takes linear time for blanks', () => {
    const started = performance.now();
    for (let i = 0; i < 100; i++) parseCommand(`HELO${' '.repeat(60_000)}x${'\t '.repeat(30_000)}`);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('words', () => {
  it('splits at blanks and tabs', () => {
    expect(words('  a\tb  c ')).toEqual(['a', 'b', 'c']);
    expect(words(' ')).toEqual([]);
  });
});
