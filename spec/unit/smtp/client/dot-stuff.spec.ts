import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotFraming } from '../../../../src/message/framing/dot.ts';
import { DotStuffer } from '../../../../src/smtp/client/dot-stuff.ts';

/** Cuts bytes into pieces; `sizes` are used in turn. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function stuff(pieces: readonly Buffer[]): Buffer {
  const stuffer = new DotStuffer();
  const encoded = pieces.map((piece) => Buffer.from(stuffer.encode(piece)));
  return Buffer.concat([...encoded, stuffer.finish()]);
}

/** Written another way on purpose: line by line. */
function expected(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (text === '') return Buffer.from('.\r\n');
  const lines = text.split(/\r\n|\r|\n/);
  if (/[\r\n]$/.test(text)) lines.pop();
  return Buffer.from(
    `${lines.map((line) => `${line.startsWith('.') ? '.' : ''}${line}\r\n`).join('')}.\r\n`,
    'latin1',
  );
}

function unstuff(wire: Buffer): Buffer {
  const content: Buffer[] = [];
  const progress = new DotFraming().feed(wire, 0, (piece) => content.push(Buffer.from(piece)));
  expect(progress).toEqual({ kind: 'end', next: wire.length });
  return Buffer.concat(content);
}

/** Bytes in which the interesting ones are frequent. */
const bytes = fc
  .array(fc.oneof(fc.constantFrom(13, 10, 46, 0, 255, 65), fc.integer({ min: 0, max: 255 })), {
    maxLength: 200,
  })
  .map((list) => Buffer.from(list));
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });

describe('DotStuffer', () => {
  it.each([
    ['', '.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['.\r\n', '..\r\n.\r\n'],
    ['..\r\n.a\r\na.\r\n', '...\r\n..a\r\na.\r\n.\r\n'],
    ['a\n.b\r.c', 'a\r\n..b\r\n..c\r\n.\r\n'],
    ['a\r', 'a\r\n.\r\n'],
    ['a\r\r\n', 'a\r\n\r\n.\r\n'],
    ['\n.\n', '\r\n..\r\n.\r\n'],
    ['\r\n', '\r\n.\r\n'],
  ])('%j', (content, wire) => {
    expect(stuff([Buffer.from(content)]).toString()).toBe(wire);
  });

  it('gives a piece that needs no change back uncopied', () => {
    const piece = Buffer.from('Subject: x\r\n\r\na.b\r\n');
    expect(new DotStuffer().encode(piece)).toBe(piece);
  });

  it('stuffs and normalises any bytes in any chunking as the plain line-wise way does', () => {
    fc.assert(
      fc.property(bytes, sizes, (content, lengths) => {
        expect(stuff(cut(content, lengths)).equals(expected(content))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('comes back byte for byte at the receiver when the line ends are CRLF', () => {
    fc.assert(
      fc.property(bytes, sizes, (raw, lengths) => {
        const content = Buffer.from(
          raw
            .toString('latin1')
            .replace(/[\r\n]/g, '\r\n')
            .concat('\r\n'),
          'latin1',
        );
        expect(unstuff(stuff(cut(content, lengths))).equals(content)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('never sends a bare CR or LF, nor the end of data before the end', () => {
    fc.assert(
      fc.property(bytes, sizes, (content, lengths) => {
        const wire = `\r\n${stuff(cut(content, lengths)).toString('latin1')}`;
        expect(wire.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        expect(wire.indexOf('\r\n.\r\n')).toBe(wire.length - 5);
      }),
      { numRuns: 1000 },
    );
  });

  it('is linear on the worst input: dots and bare line ends only', () => {
    for (const unit of ['.\r\n', '\n', '\r', '.', '\r\n.']) {
      const content = Buffer.from(unit.repeat(300_000));
      expect(stuff(cut(content, [65_536])).equals(expected(content))).toBe(true);
    }
  });
});
