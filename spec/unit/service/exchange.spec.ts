import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces } from '../../../src/service/exchange.ts';

async function pieces(source: Iterable<Buffer>): Promise<Buffer[]> {
  const result: Buffer[] = [];
  for await (const piece of inPieces(source)) result.push(piece);
  return result;
}

describe('inPieces', () => {
  it('gives the same bytes in pieces of 1 byte to 64 KiB, whatever came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 8 }), async (sizes) => {
        const source = sizes.map((size, i) => Buffer.alloc(size, i + 1));
        const result = await pieces(source);
        expect(Buffer.concat(result).equals(Buffer.concat(source))).toBe(true);
        expect(result.every((piece) => piece.length > 0 && piece.length <= 65_536)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('puts single bytes together', async () => {
    const result = await pieces(Array.from({ length: 100_000 }, () => Buffer.from('x')));
    expect(result.map((piece) => piece.length)).toEqual([65_536, 34_464]);
  });
});
