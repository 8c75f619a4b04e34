import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotFraming } from '../../../../src/message/framing/dot.ts';
import { createScanner, PlainScanner } from '../../../../src/message/framing/newline-scan.ts';

interface Read {
  readonly content: string;
  readonly rest: string | undefined;
  readonly bare: number;
}

function readAll(wire: string, cuts: readonly number[]): Read {
  const reader = new DotFraming();
  const bytes = Buffer.from(wire, 'latin1');
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const chunk = bytes.subarray(from, cut);
    const progress = reader.feed(chunk, 0, (piece) => pieces.push(piece));
    if (progress.kind === 'end') {
      return {
        content: Buffer.concat(pieces).toString('latin1'),
        rest: bytes.toString('latin1', from + progress.next),
        bare: reader.bareNewlines,
      };
    }
    from = cut;
  }
  return { content: Buffer.concat(pieces).toString('latin1'), rest: undefined, bare: reader.bareNewlines };
}

/** The same rules, stated as simply as possible: whole text at once. */
function expected(wire: string): Read {
  const end = `\r\n${wire}`.indexOf('\r\n.\r\n');
  const raw = end < 0 ? wire : wire.slice(0, end);
  const unstuffed = `\r\n${raw}`.replace(/\r\n\./g, '\r\n').slice(2);
  const bare = (unstuffed.match(/\r(?!\n)|(?<!\r)\n/g) ?? []).length;
  const content = unstuffed.replace(/\r{1,16}\n|\r|\n/g, '\r\n');
  return { content, rest: end < 0 ? undefined : wire.slice(end + 3), bare };
}

describe('DotFraming', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['.\r\n', '', ''],
    ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['...\r\n.\r\n', '..\r\n', ''],
    ['.a\r\n.\r\n', 'a\r\n', ''],
    ['a\n.\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n', ''],
    ['a\n.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n', ''],
    ['a\r\n.\nb\r\n.\r\n', 'a\r\n\r\nb\r\n', ''],
    ['a\r.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n', ''],
    ['a\r\n.\rb\r\n.\r\n', 'a\r\n\r\nb\r\n', ''],
    ['a\r\r\n.\r\n', 'a\r\n', ''],
    ['a\r\r\r\n\r\r\nb\r\r\n.\r\n', 'a\r\n\r\nb\r\n', ''],
    ['a\r\r\n..b\r\n.\r\n', 'a\r\n.b\r\n', ''],
    ['a\r\n.\r\r\nb\r\n.\r\n', 'a\r\n\r\nb\r\n', ''],
    ['a\r\rb\r\n.\r\n', 'a\r\n\r\nb\r\n', ''],
    [`a${'\r'.repeat(16)}\n.\r\n`, 'a\r\n', ''],
    [`a${'\r'.repeat(18)}\n.\r\n`, 'a\r\n\r\n\r\n', ''],
    ['\0\xff\r\n.\r\n', '\0\xff\r\n', ''],
    ['no end\r\n', 'no end\r\n', undefined],
  ];
  for (const [wire, content, rest] of cases) {
    it(`reads ${JSON.stringify(wire)} in every split`, () => {
      for (let a = 0; a <= wire.length; a++) {
        for (let b = a; b <= wire.length; b++) {
          const read = readAll(wire, [a, b]);
          expect(read.content).toBe(content);
          expect(read.rest).toBe(rest);
        }
      }
    });
  }

  it('agrees with the rules stated on the whole text, for any bytes and any chunks', () => {
    const wire = fc
      .array(
        fc.constantFrom(
          '\r\n',
          '\r',
          '\r'.repeat(15),
          '\n',
          '.',
          '\r\n.',
          '\r\n.\r\n',
          '\n.\n',
          'a',
          '\0',
          '\xff',
        ),
        {
          maxLength: 40,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(wire, fc.array(fc.nat(2000), { maxLength: 10 }), (text, splits) => {
        const cuts = splits.map((n) => Math.min(n, text.length)).sort((a, b) => a - b);
        const read = readAll(text, cuts);
        const right = expected(text);
        expect(read.rest).toBe(right.rest);
        // Without an end a CR or a dot at the very end is still undecided.
        if (right.rest !== undefined) {
          expect(read.content).toBe(right.content);
          expect(read.bare).toBe(right.bare);
        }
      }),
      { numRuns: 4000 },
    );
  });
});

describe('the newline scanner', () => {
  it('finds the same places 16 bytes at a time and one by one', () => {
    const fast = createScanner();
    const plain = new PlainScanner();
    expect(fast).not.toBeInstanceOf(PlainScanner);
    const chunk = fc
      .array(fc.constantFrom('\r\n', '\r', '\n', '.', '\r\n.', 'abcdefg', 'x'.repeat(33)), { maxLength: 40 })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(chunk, fc.nat(20), (bytes, offset) => {
        const from = Math.min(offset, bytes.length);
        fast.load(bytes, from);
        plain.load(bytes, from);
        for (let at = from; at < bytes.length; at++) expect(fast.next(at)).toBe(plain.next(at));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a chunk larger than its memory', () => {
    const scanner = createScanner();
    const chunk = Buffer.concat([Buffer.alloc(300_000, 'a'), Buffer.from('\n')]);
    scanner.load(chunk, 0);
    expect(scanner.next(0)).toBe(300_000);
  });
});
