import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Octets } from '../../../src/base/octets.ts';
import { Pieces } from '../../../src/base/pieces.ts';

const chunk = fc.tuple(fc.uint8Array({ maxLength: 5000 }), fc.boolean(), fc.nat(40));

/** The octets as one buffer of their own, as part of a large one, or from the pool. */
function placed(bytes: Uint8Array, inLarge: boolean, offset: number): Buffer {
  const whole = inLarge ? Buffer.allocUnsafeSlow(60_000) : Buffer.allocUnsafe(bytes.length + offset);
  whole.set(bytes, offset);
  return whole.subarray(offset, offset + bytes.length);
}

describe('Octets', () => {
  it.each([false, true])('gives what was added, whatever pieces it came in (copies: %s)', (copies) => {
    fc.assert(
      fc.property(fc.array(fc.array(chunk, { maxLength: 6 }), { maxLength: 4 }), (rounds) => {
        const octets = new Octets(copies);
        for (const round of rounds) {
          const added = round.map(([bytes, inLarge, offset]) => placed(bytes, inLarge, offset));
          const all = Buffer.concat(added);
          for (const piece of added) {
            octets.add(piece);
            if (copies) piece.fill(0);
          }
          expect(octets.length).toBe(all.length);
          expect(octets.view.equals(all)).toBe(true);
          const taken = octets.take();
          octets.add(Buffer.from('next'));
          expect(taken.equals(all)).toBe(true);
          octets.clear();
        }
      }),
    );
  });

  it('does not copy neighbours of one buffer, nor write into what was lent', () => {
    const whole = Buffer.from('first second third');
    const octets = new Octets();
    octets.add(whole, 0, 6);
    octets.add(whole.subarray(6, 13));
    expect(octets.view.buffer).toBe(whole.buffer);
    octets.add(Buffer.from('THIRD'));
    expect(octets.take().toString()).toBe('first second THIRD');
    expect(whole.toString()).toBe('first second third');
  });
});

describe('Pieces', () => {
  it('gives what was added in order, also between the additions', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 30 }), fc.nat(30), (chunks, look) => {
        const added = chunks.map(([bytes, inLarge, offset]) => placed(bytes, inLarge, offset));
        const pieces = new Pieces();
        added.forEach((piece, i) => {
          pieces.add(piece);
          if (i % (look + 1) === 0) {
            expect(Buffer.concat(pieces.list).equals(Buffer.concat(added.slice(0, i + 1)))).toBe(true);
          }
        });
        const all = Buffer.concat(added);
        expect(pieces.length).toBe(all.length);
        const taken = pieces.take();
        pieces.add(Buffer.from('x'));
        expect(Buffer.concat(taken).equals(all)).toBe(true);
        expect(pieces.length).toBe(1);
      }),
    );
  });

  it('keeps what is worth it as it is, and copies small ones together', () => {
    const pieces = new Pieces();
    const large = Buffer.allocUnsafeSlow(10_000);
    pieces.add(large);
    for (let i = 0; i < 3000; i++) pieces.add(Buffer.from('x'));
    expect(pieces.list[0]).toBe(large);
    expect(pieces.list).toHaveLength(2);
  });
});
